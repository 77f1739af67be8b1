package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"tributary/internal/errs"
)

// The operating system frees a flock when its process ends in whatever way, so a lock never outlives its owner. What
// the file says is trusted only while it is locked.
const lockName = "owner.lock"

// Owner is the process that runs the broker of a folder.
type Owner struct {
	PID     int    `json:"pid"`
	Address string `json:"address"` // empty: it is starting, or runs in Memory mode
}

// OwnedError says that another process has the folder.
type OwnedError struct {
	Dir   string
	Owner Owner
	err   error
}

// Error names the owner and says what to do.
func (e *OwnedError) Error() string { return e.err.Error() }

// Unwrap returns the catalogue error.
func (e *OwnedError) Unwrap() error { return e.err }

func newOwnedError(dir string, o Owner) *OwnedError {
	code := "embedded.owned"
	if o.Address == "" {
		code = "embedded.owned_silent"
	}
	return &OwnedError{Dir: dir, Owner: o, err: errs.New(errs.Conflict, code,
		errs.Args{"dir": dir, "pid": o.PID, "address": o.Address})}
}

// FindOwner tells who runs the broker of a folder now; false when nobody does.
func FindOwner(dir string) (Owner, bool, error) {
	f, err := os.Open(filepath.Join(dir, lockName))
	if errors.Is(err, os.ErrNotExist) {
		return Owner{}, false, nil
	}
	if err != nil {
		return Owner{}, false, errs.Wrap(errs.Unavailable, "embedded.dir", err, errs.Args{"dir": dir})
	}
	defer func() { _ = f.Close() }()
	held, err := tryLock(f, syscall.LOCK_SH)
	if err != nil {
		return Owner{}, false, errs.Wrap(errs.Unavailable, "embedded.dir", err, errs.Args{"dir": dir})
	}
	if held {
		return Owner{}, false, nil // closing f gives it back
	}
	return readOwner(f), true, nil
}

type lock struct{ file *os.File }

// takeLock makes this process the owner. Someone asking FindOwner holds the file for a moment, so a first refusal is
// looked into: it stands when the file names an owner.
func takeLock(ctx context.Context, dir string) (*lock, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "embedded.dir", err, errs.Args{"dir": dir})
	}
	for attempt := 0; ; attempt++ {
		held, err := tryLock(f, syscall.LOCK_EX)
		if err != nil {
			_ = f.Close()
			return nil, errs.Wrap(errs.Unavailable, "embedded.lock", err, errs.Args{"dir": dir})
		}
		if held {
			break
		}
		owner := readOwner(f)
		if owner.Address != "" || attempt == 20 {
			_ = f.Close()
			return nil, newOwnedError(dir, owner)
		}
		t := time.NewTimer(25 * time.Millisecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			_ = f.Close()
			return nil, fmt.Errorf("take the folder %s: %w", dir, ctx.Err())
		}
	}
	l := &lock{file: f}
	if err := l.write(Owner{PID: os.Getpid()}); err != nil {
		l.release()
		return nil, errs.Wrap(errs.Unavailable, "embedded.dir", err, errs.Args{"dir": dir})
	}
	return l, nil
}

func tryLock(f *os.File, how int) (bool, error) {
	for {
		switch err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, err
		}
	}
}

func (l *lock) write(o Owner) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(append(b, '\n'), 0)
	return err
}

// release empties the file, so that it names nobody, and gives the lock back. The file stays: removing it would let two
// processes lock two files of one name.
func (l *lock) release() {
	_ = l.file.Truncate(0)
	_ = l.file.Close()
}

// readOwner reads what the owner wrote; the zero Owner while it is writing.
func readOwner(f *os.File) Owner {
	var o Owner
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 4096))
	if err != nil || json.Unmarshal(b, &o) != nil {
		return Owner{}
	}
	return o
}
