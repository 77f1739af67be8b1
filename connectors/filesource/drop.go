package filesource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cenkalti/backoff/v4"

	"tributary/connectors"
	"tributary/internal/errs"
)

// DropConfig configures a Drop. Transport and Now are required.
type DropConfig struct {
	Transport Transport
	Archive   string        // folder of the place to move stored files to; "" leaves them where they are
	Settle    time.Duration // how long a file must have been left alone before it counts as complete
	Marker    string        // suffix of the file beside it that says a file is complete; "" = by Settle
	MaxBytes  int64         // largest file that is fetched; default 2 GiB
	Spool     string        // folder for the file in work; "" = the system's folder for temporary files
	Now       func() time.Time
}

// Drop is a FileSource on another machine. Files are fetched one at a time into a spool that Close removes; a fetch that
// breaks off goes on where it stopped, a few times, and starts anew in the next run. It is for one goroutine.
type Drop struct {
	cfg      DropConfig
	complete completeness
	spool    string // folder of this drop, "" before the first fetch
	held     string // folder of the file in work
}

const (
	clockDoubt   = 15 * time.Minute // files younger than this by another machine's clock are looked at twice
	defaultBytes = 2 << 30
	tries        = 4 // of one call before the run fails and waits for its next turn
	firstPause   = 200 * time.Millisecond
)

var _ FileSource = (*Drop)(nil)

// NewDrop makes the file source of a transport; it does no calls. Close closes the transport.
func NewDrop(cfg DropConfig) *Drop {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = defaultBytes
	}
	return &Drop{cfg: cfg, complete: completeness{settle: cfg.Settle, marker: cfg.Marker}}
}

// List returns the complete files. When young files are there it looks a second time after the settle time, so that a
// file in the middle of its upload is not taken whatever the other machine's clock says.
func (d *Drop) List(ctx context.Context) ([]RemoteFile, error) {
	listed, err := d.look(ctx)
	if err != nil {
		return nil, err
	}
	out, waiting := d.complete.sort(listed, d.cfg.Now(), clockDoubt)
	if waiting == 0 {
		return out, nil
	}
	if err := connectors.Wait(ctx, d.cfg.Settle); err != nil {
		return nil, err
	}
	if listed, err = d.look(ctx); err != nil {
		return nil, err
	}
	out, _ = d.complete.sort(listed, d.cfg.Now(), clockDoubt)
	return out, nil
}

// Look lists the files as they are now: once, and without waiting for those that are being written.
func (d *Drop) Look(ctx context.Context) ([]RemoteFile, error) {
	listed, err := d.cfg.Transport.List(ctx)
	out := listed[:0]
	for _, f := range listed {
		if !Temporary(f.Name) && (d.cfg.Archive == "" || !d.cfg.Transport.Keeps(f.Name, d.cfg.Archive)) {
			out = append(out, f)
		}
	}
	return out, err
}

func (d *Drop) look(ctx context.Context) (listed []RemoteFile, err error) {
	err = Retry(ctx, func() error {
		listed, err = d.Look(ctx)
		return err
	})
	return listed, err
}

// Fetch downloads the file and makes sure that it is whole and still the one that was listed.
func (d *Drop) Fetch(ctx context.Context, f RemoteFile) (string, error) {
	if err := SafeName(f.Name); err != nil {
		return "", err
	}
	if f.Size > d.cfg.MaxBytes {
		return "", d.tooLarge(f)
	}
	local, err := d.room(f)
	if err != nil {
		return "", err
	}
	err = Retry(ctx, func() error { return d.download(ctx, f, local) })
	if err != nil {
		d.release()
		return "", err
	}
	return local, nil
}

// room makes the local path of a file. Its last part is the file's own name, which messages show.
func (d *Drop) room(f RemoteFile) (string, error) {
	d.release()
	fail := func(err error) (string, error) {
		return "", errs.Wrap(errs.Unavailable, "files.spool", err, errs.Args{"file": f.Name, "folder": os.TempDir()})
	}
	var err error
	if d.spool == "" {
		if d.spool, err = os.MkdirTemp(d.cfg.Spool, "tributary-files-"); err != nil {
			return fail(err)
		}
	}
	sum := sha256.Sum256([]byte(f.Name))
	held := filepath.Join(d.spool, hex.EncodeToString(sum[:8]))
	if err := os.Mkdir(held, 0o700); err != nil {
		return fail(err)
	}
	d.held = held
	name := path.Base(f.Name)
	if len(name) > 200 { // no file system takes it
		name = strings.ToValidUTF8(name[:150], "") + path.Ext(name[150:])
	}
	return filepath.Join(held, name), nil
}

// download goes on behind what is there already.
func (d *Drop) download(ctx context.Context, f RemoteFile, local string) (err error) {
	out, err := os.OpenFile(local, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return errs.Wrap(errs.Unavailable, "files.spool", err, errs.Args{"file": f.Name, "folder": filepath.Dir(d.spool)})
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	info, err := out.Stat()
	if err != nil {
		return errs.Wrap(errs.Unavailable, "files.spool", err, errs.Args{"file": f.Name, "folder": filepath.Dir(d.spool)})
	}
	have := info.Size()
	if f.Size < 0 || have < f.Size || have == 0 {
		n, err := d.copy(ctx, f, out, have)
		if have += n; err != nil {
			return err
		}
	}
	now, err := d.cfg.Transport.Stat(ctx, f)
	switch {
	case errs.Is(err, errs.NotFound), err == nil && !now.Same(f), f.Size >= 0 && have > f.Size:
		return errs.New(errs.Conflict, "files.changed", errs.Args{"file": f.Name})
	case err != nil:
		return err
	case f.Size >= 0 && have < f.Size: // the server said "done" too early
		return errs.New(errs.Unavailable, "files.remote_cut", errs.Args{"file": f.Name, "have": have, "size": f.Size})
	}
	return nil
}

func (d *Drop) copy(ctx context.Context, f RemoteFile, out io.Writer, from int64) (int64, error) {
	in, err := d.cfg.Transport.Open(ctx, f, from)
	if err != nil {
		return 0, err
	}
	w := &spoolWriter{w: out}
	n, err := io.Copy(w, io.LimitReader(in, d.cfg.MaxBytes-from+1))
	cerr := in.Close()
	switch {
	case w.err != nil:
		return n, backoff.Permanent(errs.Wrap(errs.Unavailable, "files.spool", w.err, errs.Args{"file": f.Name, "folder": filepath.Dir(d.spool)}))
	case from+n > d.cfg.MaxBytes:
		return n, d.tooLarge(f)
	case err != nil:
		return n, err
	}
	return n, cerr
}

// spoolWriter tells a full disk here from a broken connection there.
type spoolWriter struct {
	w   io.Writer
	err error
}

func (s *spoolWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.err = errors.Join(s.err, err)
	return n, err
}

func (d *Drop) tooLarge(f RemoteFile) error {
	return errs.New(errs.Invalid, "files.remote_too_large", errs.Args{"file": f.Name, "limit": fmt.Sprintf("%d MB", d.cfg.MaxBytes>>20)})
}

// Done archives the file. Without an archive, or when the file is gone or is another one by now, it does nothing.
func (d *Drop) Done(ctx context.Context, f RemoteFile) error {
	if SafeName(f.Name) != nil {
		return nil
	}
	return Retry(ctx, func() error {
		now, err := d.cfg.Transport.Stat(ctx, f)
		if errs.Is(err, errs.NotFound) || err == nil && !now.Same(f) {
			return nil
		}
		if err != nil {
			return err
		}
		return d.cfg.Transport.Archive(ctx, f, d.cfg.Archive)
	})
}

// Probe proves, once and leaving nothing behind, that files may be archived.
func (d *Drop) Probe(ctx context.Context) error {
	if d.cfg.Archive == "" {
		return nil
	}
	return d.cfg.Transport.Probe(ctx, d.cfg.Archive)
}

// Close removes the spool and ends the connection.
func (d *Drop) Close() error {
	var err error
	if d.spool != "" {
		err = os.RemoveAll(d.spool)
		d.spool, d.held = "", ""
	}
	return errors.Join(err, d.cfg.Transport.Close())
}

func (d *Drop) release() {
	if d.held != "" {
		_ = os.RemoveAll(d.held) // Close removes it at the latest
		d.held = ""
	}
}

// Retry repeats a call, a few times, while the place cannot be reached. Every other failure would be the same again.
func Retry(ctx context.Context, call func() error) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = firstPause
	err := backoff.Retry(func() error {
		err := call()
		if err != nil && (ctx.Err() != nil || !errs.Is(err, errs.Unavailable)) {
			return backoff.Permanent(err)
		}
		return err
	}, backoff.WithContext(backoff.WithMaxRetries(pause, tries-1), ctx))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// SafeName refuses names that lead out of the place or cannot be names at all. Servers, and whoever writes to them, choose
// the names.
func SafeName(name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) || name == "." || path.Clean(name) != name || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == '\\' || r == utf8.RuneError }) {
		return errs.New(errs.Invalid, "files.unsafe_name", errs.Args{"file": fmt.Sprintf("%q", name)})
	}
	return nil
}
