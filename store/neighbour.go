package store

import (
	"context"
	"os"
	"time"

	"tributary/canonical"
)

// neighbours remembers whether other processes write to the same SQLite file. SQLite's lock is not fair: without a
// pause a busy writer starves the others (rule 6.9).
type neighbours struct {
	signedOn bool
	id       canonical.ID
	present  bool
	lookedAt time.Time
}

const (
	neighbourLook  = time.Second
	neighbourPause = 5 * time.Millisecond
)

// signOn registers this process before its first transaction.
func (db *DB) signOn(ctx context.Context) error {
	if db.Dialect() != "sqlite" {
		return nil
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.others.signedOn {
		return nil
	}
	var tables int
	if err := db.get(ctx, &tables, `SELECT count(*) FROM sqlite_master WHERE name = 'process'`); err != nil || tables == 0 {
		return db.d.explain(err, db.cfg)
	}
	id, err := db.NewID()
	if err != nil {
		return err
	}
	_, err = db.w.ExecContext(ctx, `INSERT INTO process (id, pid, owner, seen_at) VALUES (?, ?, ?, ?)`, id, os.Getpid(), db.owner, Micros(db.Now()))
	if err != nil {
		return db.d.explain(err, db.cfg)
	}
	db.others.signedOn, db.others.id = true, id
	return nil
}

func (db *DB) signOff() {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.others.signedOn {
		// A row that stays behind does no harm: its process is seen to be dead.
		_, _ = db.w.ExecContext(context.Background(), `DELETE FROM process WHERE id = ?`, db.others.id)
		db.others.signedOn = false
	}
}

// giveWay pauses after a transaction when another process is registered.
func (db *DB) giveWay(ctx context.Context) error {
	if db.Dialect() != "sqlite" {
		return nil
	}
	db.mu.Lock()
	if now := time.Now(); now.Sub(db.others.lookedAt) > neighbourLook {
		db.others.lookedAt = now
		var owners []string
		if err := db.sel(ctx, &owners, `SELECT owner FROM process WHERE id <> ?`, db.others.id); err == nil {
			db.others.present = false
			for _, o := range owners {
				db.others.present = db.others.present || ownerAlive(o)
			}
		}
	}
	pause := db.others.present
	db.mu.Unlock()
	if pause {
		select {
		case <-ctx.Done():
		case <-time.After(neighbourPause):
		}
	}
	return nil
}
