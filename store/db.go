package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
)

// Config says where the database is and what the store may use of the outside world.
type Config struct {
	URL     string           // sqlite:FILE (relative to DataDir) or postgres://…
	DataDir string           // holds the SQLite file and the key ring
	Now     func() time.Time // required
	Rand    io.Reader        // required: randomness of ids and keys
	Verb    string           // what this process does, for people who look at leases
}

// DB is an open database.
type DB struct {
	querier          // reads outside a transaction
	w       *sqlx.DB // SQLite: the one writer connection
	cfg     Config   //
	owner   string   // names this process in leases
	ring    *KeyRing //
	mu      sync.Mutex
	others  neighbours
	audited atomic.Bool // audit lines were written
}

// Open connects, checks that the database answers, and loads the key ring. It does not migrate: see Migrate.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Now == nil || cfg.Rand == nil {
		return nil, errors.New("store: Config.Now and Config.Rand are required")
	}
	if err := os.MkdirAll(cfg.DataDir, 0o750); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "store.data_dir", err, errs.Args{"dir": cfg.DataDir})
	}
	ring, err := OpenKeyRing(filepath.Join(cfg.DataDir, "keyring.json"), cfg.Rand)
	if err != nil {
		return nil, err
	}
	d, err := dialectOf(cfg.URL)
	if err != nil {
		return nil, err
	}
	w, r, err := d.open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	db := &DB{querier: querier{ext: r, d: d}, w: w, cfg: cfg, owner: ownerName(), ring: ring}
	if err := w.PingContext(ctx); err != nil {
		db.closePools()
		return nil, d.explain(err, cfg)
	}
	return db, nil
}

func dialectOf(url string) (dialect, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return &sqliteDialect{}, nil
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return &postgresDialect{}, nil
	}
	return nil, errs.New(errs.Invalid, "store.url", errs.Args{"url": redactURL(url)})
}

// Exists reports whether there is a store to open; of a server it is not known before it is asked.
func Exists(cfg Config) bool {
	if !strings.HasPrefix(cfg.URL, "sqlite:") {
		return true
	}
	_, err := os.Stat(sqlitePath(cfg))
	return err == nil
}

// Close frees the connections.
func (db *DB) Close() error {
	db.signOff()
	return db.closePools()
}

func (db *DB) closePools() error {
	err := db.w.Close()
	if r := db.ext.(*sqlx.DB); r != db.w {
		err = errors.Join(err, r.Close())
	}
	return err
}

// Dialect is "sqlite" or "postgres".
func (db *DB) Dialect() string { return db.d.name() }

// Now is the store's clock.
func (db *DB) Now() time.Time { return db.cfg.Now() }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.w.PingContext(ctx); err != nil {
		return db.d.explain(err, db.cfg)
	}
	return nil
}

// Version is the database server's own version text.
func (db *DB) Version(ctx context.Context) (string, error) {
	var v string
	err := db.get(ctx, &v, db.d.versionQuery())
	return v, err
}

// NewID makes a UUIDv7 from the store's clock and randomness.
func (db *DB) NewID() (canonical.ID, error) { return canonical.NewID(db.cfg.Now(), db.cfg.Rand) }

// Tx is one unit of work.
type Tx struct {
	querier
	Now    time.Time // the one time of all rows of the transaction
	db     *DB
	tx     *sqlx.Tx
	conn   *sqlx.Conn
	events []events.Event // written to the outbox at commit
	audits []AuditRow     // written at commit, last
}

// InTx runs fn in one transaction and commits when fn returns nil. On SQLite the transaction holds the write lock from
// its begin, so keep it short (rule 6.9).
func (db *DB) InTx(ctx context.Context, fn func(*Tx) error) (err error) {
	if err := db.signOn(ctx); err != nil {
		return err
	}
	conn, err := db.w.Connx(ctx)
	if err != nil {
		return db.d.explain(err, db.cfg)
	}
	defer func() { err = errors.Join(err, closeConn(conn)) }()
	raw, err := conn.BeginTxx(ctx, nil)
	if err != nil {
		return db.d.explain(err, db.cfg)
	}
	tx := &Tx{querier: querier{ext: raw, d: db.d}, Now: db.cfg.Now().UTC().Truncate(time.Microsecond), db: db, tx: raw, conn: conn}
	returned := false
	defer func() {
		if !returned { // a panic passes through; the connection could not be given back with the transaction on it
			_ = raw.Rollback()
		}
	}()
	err = fn(tx)
	returned = true
	if err == nil {
		err = tx.markWriteBack(ctx)
	}
	if err == nil {
		err = tx.writeEvents(ctx)
	}
	if err == nil {
		err = tx.writeAudits(ctx)
	}
	if err != nil {
		if rb := raw.Rollback(); rb != nil && !errors.Is(rb, sql.ErrTxDone) && ctx.Err() == nil {
			err = errors.Join(err, fmt.Errorf("roll back: %w", rb))
		}
		return db.d.explain(err, db.cfg)
	}
	if err := raw.Commit(); err != nil {
		return db.d.explain(fmt.Errorf("commit: %w", err), db.cfg)
	}
	return db.giveWay(ctx)
}

// readTx runs fn on one snapshot of the database.
func (db *DB) readTx(ctx context.Context, fn func(querier) error) error {
	options := &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}
	if db.Dialect() == "sqlite" {
		options = nil // a transaction of the reading pool is a snapshot
	}
	raw, err := db.ext.(*sqlx.DB).BeginTxx(ctx, options)
	if err != nil {
		return db.d.explain(err, db.cfg)
	}
	defer func() { _ = raw.Rollback() }() // nothing was written
	return db.d.explain(fn(querier{ext: raw, d: db.d}), db.cfg)
}

// Away reports whether an error says that the database cannot be used now. What else needs it waits in vain: on SQLite
// half a minute each time.
func Away(err error) bool {
	return errs.Is(err, errs.Unavailable) && strings.HasPrefix(errs.CodeOf(err), "store.")
}

func closeConn(conn *sqlx.Conn) error {
	if err := conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return fmt.Errorf("return connection: %w", err)
	}
	return nil
}

// NewID makes a UUIDv7 for a row of this transaction.
func (tx *Tx) NewID() (canonical.ID, error) { return canonical.NewID(tx.Now, tx.db.cfg.Rand) }

// Micros is a time as it is stored; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the time that Micros stored.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// Setting reads a setting; "" when it was never set.
func (q querier) Setting(ctx context.Context, name string) (string, error) {
	var v string
	err := q.get(ctx, &v, `SELECT value FROM setting WHERE name = ?`, name)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// Settings are those whose name begins with a prefix, by name.
func (q querier) Settings(ctx context.Context, prefix string) (map[string]string, error) {
	var rows []struct {
		Name  string `db:"name"`
		Value string `db:"value"`
	}
	if err := q.sel(ctx, &rows, `SELECT name, value FROM setting WHERE substr(name, 1, ?) = ?`, len(prefix), prefix); err != nil {
		return nil, err
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.Name] = r.Value
	}
	return out, nil
}

// SetSetting writes a setting.
func (tx *Tx) SetSetting(ctx context.Context, name, value string) error {
	_, err := tx.exec(ctx, `INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}
