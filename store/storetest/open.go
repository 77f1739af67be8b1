package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tributary/store"
)

// Open is store.Open for tests that want a migrated database and not the migrations: a SQLite file that does not exist yet
// is a copy of one that this process migrated before. Migrating each anew was half the work of many tests.
func Open(ctx context.Context, cfg store.Config) (*store.DB, error) {
	if name, ok := strings.CutPrefix(cfg.URL, "sqlite:"); ok {
		path := filepath.Join(cfg.DataDir, name)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			file, err := migrated()
			if err != nil {
				return nil, err
			}
			if err := os.WriteFile(path, file, 0o600); err != nil {
				return nil, fmt.Errorf("place a migrated database: %w", err)
			}
		}
	}
	return store.Open(ctx, cfg)
}

// migrated is the bytes of an empty SQLite database with all migrations.
var migrated = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "tributary-migrated-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := store.Open(context.Background(), store.Config{URL: "sqlite:hub.db", DataDir: dir, Now: time.Now, Rand: rand.Reader, Verb: "test"})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(db.Ready(context.Background()), db.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "hub.db"))
})
