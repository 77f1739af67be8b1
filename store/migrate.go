package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/pressly/goose/v3"

	"tributary/internal/errs"
)

// MigrationState says where the schema stands.
type MigrationState struct {
	Current int64 `json:"current"` // 0 = empty database
	Latest  int64 `json:"latest"`  // what this program needs
}

// Migrations reads the state of the schema.
func (db *DB) Migrations(ctx context.Context) (MigrationState, error) {
	p, err := db.provider()
	if err != nil {
		return MigrationState{}, err
	}
	sources := p.ListSources()
	state := MigrationState{Latest: sources[len(sources)-1].Version}
	if empty, err := db.empty(ctx); err != nil || empty {
		return state, err
	}
	err = db.get(ctx, &state.Current, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied = TRUE`)
	return state, db.d.explain(err, db.cfg)
}

func (db *DB) empty(ctx context.Context) (bool, error) {
	query := `SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`
	if db.Dialect() == "postgres" {
		query = `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'goose_db_version'`
	}
	var n int
	err := db.get(ctx, &n, query)
	return n == 0, db.d.explain(err, db.cfg)
}

// unused says whether nothing was ever stored under the schema that is there. Every command that stores something leaves
// a setting, a run or a source record behind.
func (db *DB) unused(ctx context.Context) (bool, error) {
	var used bool
	err := db.get(ctx, &used, `SELECT EXISTS (SELECT 1 FROM setting) OR EXISTS (SELECT 1 FROM run) OR EXISTS (SELECT 1 FROM source_record)`)
	return !used, db.d.explain(err, db.cfg)
}

// Current is nil when the schema is that of this program. It changes nothing and waits for no writer.
func (db *DB) Current(ctx context.Context) error {
	s, err := db.Migrations(ctx)
	if err != nil || s.Current == s.Latest {
		return err
	}
	code := "store.schema_older"
	if s.Current > s.Latest {
		code = "store.schema_newer"
	}
	return errs.New(errs.Unavailable, code, errs.Args{"current": s.Current, "latest": s.Latest})
}

// Ready makes the schema fit this program or says why it cannot: an empty database is migrated, an older SQLite file is
// copied beside itself and migrated, an older PostgreSQL one and a newer one of either kind are refused. A database in
// which nothing is stored yet counts as empty whatever its schema: a process killed between two migrations, or another
// one that is migrating right now, leaves such a one.
func (db *DB) Ready(ctx context.Context) error {
	state, err := db.Migrations(ctx)
	if err != nil || state.Current == state.Latest {
		return err
	}
	args := errs.Args{"current": state.Current, "latest": state.Latest}
	if state.Current > state.Latest {
		return errs.New(errs.Unavailable, "store.schema_newer", args)
	}
	empty := state.Current == 0
	if !empty {
		if empty, err = db.unused(ctx); err != nil {
			return err
		}
	}
	switch {
	case empty:
	case db.Dialect() == "postgres":
		return errs.New(errs.Unavailable, "store.schema_older", args)
	default:
		if err := db.backupFile(ctx, state.Current); err != nil {
			return err
		}
	}
	_, err = db.MigrateUp(ctx)
	return err
}

// MigrateUp applies what is missing and reports the versions applied.
func (db *DB) MigrateUp(ctx context.Context) ([]int64, error) {
	unlock, err := db.lockMigration()
	if err != nil {
		return nil, err
	}
	defer unlock()
	p, err := db.provider()
	if err != nil {
		return nil, err
	}
	results, err := p.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate the database: %w", db.d.explain(err, db.cfg))
	}
	var versions []int64
	for _, r := range results {
		versions = append(versions, r.Source.Version)
	}
	return versions, nil
}

// MigrateDown undoes the newest migration. For development.
func (db *DB) MigrateDown(ctx context.Context) (int64, error) {
	p, err := db.provider()
	if err != nil {
		return 0, err
	}
	res, err := p.Down(ctx)
	if err != nil {
		return 0, fmt.Errorf("undo the newest migration: %w", db.d.explain(err, db.cfg))
	}
	return res.Source.Version, nil
}

func (db *DB) provider() (*goose.Provider, error) {
	files, err := migrationFiles(db.d)
	if err != nil {
		return nil, err
	}
	opts, err := db.d.migrateOptions()
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(db.d.goose(), db.w.DB, files, append(opts, goose.WithDisableGlobalRegistry(true))...)
}

// lockMigration keeps two processes from migrating one SQLite file; PostgreSQL has a session lock of its own.
func (db *DB) lockMigration() (func(), error) {
	if db.Dialect() != "sqlite" {
		return func() {}, nil
	}
	f, err := os.OpenFile(sqlitePath(db.cfg)+".migrate", os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, "store.not_writable", err, errs.Args{"path": sqlitePath(db.cfg), "why": err})
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", f.Name(), err), f.Close())
	}
	return func() { _ = f.Close() }, nil
}

// backupFile writes a consistent copy of the SQLite file before its schema changes.
func (db *DB) backupFile(ctx context.Context, version int64) error {
	path := sqlitePath(db.cfg)
	name := strings.TrimSuffix(path, filepath.Ext(path))
	copyPath := fmt.Sprintf("%s.v%d.%s.backup", name, version, db.Now().UTC().Format("20060102T150405"))
	if _, err := db.w.ExecContext(ctx, `VACUUM INTO ?`, copyPath); err != nil {
		return fmt.Errorf("back up the database to %s: %w", copyPath, db.d.explain(err, db.cfg))
	}
	return nil
}
