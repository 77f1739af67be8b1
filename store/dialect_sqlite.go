package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tributary/internal/errs"
)

type sqliteDialect struct{}

func (*sqliteDialect) name() string               { return "sqlite" }
func (*sqliteDialect) rebind(query string) string { return query }
func (*sqliteDialect) versionQuery() string       { return `SELECT 'SQLite ' || sqlite_version()` }
func (*sqliteDialect) goose() goose.Dialect       { return goose.DialectSQLite3 }
func (*sqliteDialect) migrateOptions() ([]goose.ProviderOption, error) {
	return nil, nil
}

func sqlitePath(cfg Config) string {
	path := strings.TrimPrefix(cfg.URL, "sqlite:")
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(cfg.DataDir, path)
}

// open makes one writer connection, which takes the write lock when a transaction begins, and a pool of readers.
// busy_timeout comes first, so that the switch to WAL waits for a neighbour too.
func (*sqliteDialect) open(_ context.Context, cfg Config) (*sqlx.DB, *sqlx.DB, error) {
	path := sqlitePath(cfg)
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return nil, nil, errs.New(errs.Unavailable, "store.not_a_file", errs.Args{"path": path})
	}
	dsn := func(extra ...string) string {
		v := url.Values{"_pragma": append([]string{"busy_timeout(30000)", "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-65536)", "temp_store(MEMORY)"}, extra...)}
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}).String()
	}
	w, err := sqlx.Open("sqlite", dsn()+"&_txlock=immediate")
	if err != nil {
		return nil, nil, err
	}
	w.SetMaxOpenConns(1)
	r, err := sqlx.Open("sqlite", dsn("query_only(1)"))
	if err != nil {
		return nil, nil, err
	}
	r.SetMaxOpenConns(4)
	return w, r, nil
}

// bulk prepares the statement for many rows once when it is used again; parsing placeholders costs as much as a small
// insert itself.
func (*sqliteDialect) bulk(ctx context.Context, tx *Tx, table string, columns []string, rows [][]any) error {
	const perStatement = 100
	step := min(perStatement, maxArgs/len(columns))
	exec := func(n int, args []any) error {
		_, err := tx.exec(ctx, insertSQL(table, columns, n), args...)
		return err
	}
	if len(rows) >= 2*step {
		full, err := tx.tx.PreparexContext(ctx, insertSQL(table, columns, step))
		if err != nil {
			return err
		}
		defer full.Close()
		one := exec
		exec = func(n int, args []any) error {
			if n != step {
				return one(n, args)
			}
			_, err := full.ExecContext(ctx, args...)
			return err
		}
	}
	args := make([]any, 0, min(step, len(rows))*len(columns))
	for len(rows) > 0 {
		n := min(step, len(rows))
		args = args[:0]
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		rows = rows[n:]
		if err := exec(n, args); err != nil {
			return err
		}
	}
	return nil
}

// newIDs counts on from the largest number, as SQLite itself does; nobody else writes meanwhile.
func (*sqliteDialect) newIDs(ctx context.Context, tx *Tx, table string, n int) ([]int64, error) {
	if n == 0 {
		return nil, nil
	}
	var last int64
	if err := tx.get(ctx, &last, `SELECT COALESCE(MAX(id), 0) FROM `+table); err != nil {
		return nil, err
	}
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = last + int64(i) + 1
	}
	return ids, nil
}

func (*sqliteDialect) anyOf(column string, _ any, values []any) (string, []any) {
	if len(values) == 0 {
		return "1 = 0", nil
	}
	return column + " IN (" + strings.TrimSuffix(strings.Repeat("?,", len(values)), ",") + ")", values
}

func (*sqliteDialect) table(values []int64) (string, []any) {
	text, _ := json.Marshal(values) // numbers
	return "(SELECT value AS column1 FROM json_each(?))", []any{string(text)}
}

func (*sqliteDialect) holds(column string) string { return "instr(" + column + ", ?) > 0" }

func (*sqliteDialect) conflict(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

func (*sqliteDialect) explain(err error, cfg Config) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || errs.CodeOf(err) != "" {
		return err
	}
	args := errs.Args{"path": sqlitePath(cfg), "why": fmt.Sprint(err)}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return errs.Wrap(errs.Unavailable, "store.locked", err, args)
	case sqlite3.SQLITE_FULL:
		return errs.Wrap(errs.Unavailable, "store.disk_full", err, args)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return errs.Wrap(errs.Unavailable, "store.not_writable", err, args)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return errs.Wrap(errs.Unavailable, "store.not_a_database", err, args)
	case sqlite3.SQLITE_IOERR:
		return errs.Wrap(errs.Unavailable, "store.disk_error", err, args)
	}
	return err
}
