package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrLeased says that another live owner holds the lease.
var ErrLeased = errors.New("lease is held by another worker")

// ErrLeaseLost says that the lease passed to another owner: whatever was computed under it must be dropped.
var ErrLeaseLost = errors.New("lease was lost to another worker")

// Lease is the right to do one piece of work. Its epoch rises with every owner.
type Lease struct {
	Name  string
	Epoch int64
	ttl   time.Duration
}

// Acquire takes a lease for ttl. It fails with ErrLeased while another owner's time has not run out, unless that owner
// was a process of this machine that has died.
func (db *DB) Acquire(ctx context.Context, name string, ttl time.Duration) (*Lease, error) {
	l := &Lease{Name: name, ttl: ttl}
	err := db.InTx(ctx, func(tx *Tx) error {
		var cur struct {
			Epoch     int64  `db:"epoch"`
			Owner     string `db:"owner"`
			ExpiresAt int64  `db:"expires_at"`
		}
		now, until := Micros(tx.Now), Micros(tx.Now.Add(ttl))
		err := tx.get(ctx, &cur, `SELECT epoch, owner, expires_at FROM lease WHERE name = ?`, name)
		if errors.Is(err, sql.ErrNoRows) {
			l.Epoch = 1
			_, err = tx.exec(ctx, `INSERT INTO lease (name, epoch, owner, expires_at) VALUES (?, 1, ?, ?)`, name, db.owner, until)
			if db.d.conflict(err) {
				return ErrLeased
			}
			return err
		}
		if err != nil {
			return err
		}
		if cur.ExpiresAt > now && ownerAlive(cur.Owner) {
			return fmt.Errorf("%w: %s", ErrLeased, cur.Owner)
		}
		l.Epoch = cur.Epoch + 1
		res, err := tx.exec(ctx, `UPDATE lease SET epoch = ?, owner = ?, expires_at = ? WHERE name = ? AND epoch = ?`,
			l.Epoch, db.owner, until, name, cur.Epoch)
		return oneRow(res, err, ErrLeased)
	})
	if err != nil {
		return nil, err
	}
	return l, nil
}

// AcquireWait is Acquire that waits, looking again every poll, until the lease is free or ctx ends.
func (db *DB) AcquireWait(ctx context.Context, name string, ttl, poll time.Duration) (*Lease, error) {
	for {
		l, err := db.Acquire(ctx, name, ttl)
		if !errors.Is(err, ErrLeased) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(poll):
		}
	}
}

// Release gives the lease back at once. It works on a context that was cancelled; a lost lease is no error.
func (db *DB) Release(ctx context.Context, l *Lease) error {
	return db.InTx(context.WithoutCancel(ctx), func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE lease SET expires_at = 0 WHERE name = ? AND epoch = ?`, l.Name, l.Epoch)
		return err
	})
}

// Hold checks in the writing transaction that the lease is still ours, and extends it. Invariant 1: call it in every
// transaction that commits work done under the lease.
func (tx *Tx) Hold(ctx context.Context, l *Lease) error {
	res, err := tx.exec(ctx, `UPDATE lease SET expires_at = ? WHERE name = ? AND epoch = ?`, Micros(tx.Now.Add(l.ttl)), l.Name, l.Epoch)
	return oneRow(res, err, ErrLeaseLost)
}

func oneRow(res sql.Result, err, none error) error {
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	if err == nil && n == 0 {
		return none
	}
	return err
}

// ownerName names this process: host, boot and pid, so that a neighbour can tell whether it still lives.
func ownerName() string {
	return hostName() + "/" + strconv.Itoa(os.Getpid()) + "/" + startTicks(os.Getpid())
}

func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return host
}

// ownerAlive is false only for a process of this host that is certainly gone.
func ownerAlive(owner string) bool {
	parts := strings.Split(owner, "/")
	if len(parts) != 3 || parts[0] != hostName() {
		return true
	}
	pid, err := strconv.Atoi(parts[1])
	if err != nil {
		return true
	}
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	ticks := startTicks(pid)
	return ticks == "" || ticks == parts[2]
}

// startTicks tells a process from a later one with the same pid; "" where the system does not say.
func startTicks(pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	_, rest, found := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if !found || len(fields) < 20 {
		return ""
	}
	return fields[19]
}
