package database

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/internal/errs"
)

//go:embed maps/*.yaml setup.*.md
var mapFiles embed.FS

// Driver is the connector under its configuration name.
func Driver() (connectors.Driver, error) {
	return connectors.Define(connectors.Driver{
		Name:    "database",
		Title:   map[string]string{"en": "Distributor's database (direct link)", "zh": "商业公司数据库直连（DDI）"},
		Streams: streams,
	}, mapFiles, New)
}

var streams = []connectors.StreamInfo{
	{Name: "sales", Title: "销售 Sales", Entity: canonical.EntityFlow, Ledger: canonical.Sales, Key: []string{"id"}, Cursor: "changed_at", Deletes: "flag"},
	{Name: "purchases", Title: "购进 Purchases", Entity: canonical.EntityFlow, Ledger: canonical.Purchases, Key: []string{"id"}, Cursor: "changed_at", Deletes: "flag"},
	{Name: "stock", Title: "库存 Stock", Entity: canonical.EntityFlow, Ledger: canonical.Stock, Key: []string{"id"}, Cursor: "changed_at", Deletes: "flag"},
	{Name: "usage", Title: "使用与零售 Usage", Entity: canonical.EntityFlow, Ledger: canonical.Usage, Key: []string{"id"}, Cursor: "changed_at", Deletes: "flag"},
}

// Source reads one connection, one stream at a time.
type Source struct {
	settings Settings
	env      connectors.Env
	dialect  dialect
	db       *sql.DB

	stream   string
	query    string
	position position
	pages    int
	rows     int
	ended    bool
	whole    bool // the run began at the start of its window
}

var (
	_ connectors.Source     = (*Source)(nil)
	_ connectors.Backfiller = (*Source)(nil)
)

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*Source, error) {
	db, err := s.open()
	if err != nil {
		return nil, err
	}
	return &Source{settings: s, env: env, dialect: dialects[s.Kind], db: db, ended: true}, nil
}

// Open looks which columns the query has and fixes the run's window on the database's own clock.
func (s *Source) Open(ctx context.Context, stream string, raw json.RawMessage) error {
	query, err := s.queryOf(stream)
	if err != nil {
		return err
	}
	p, err := decodePosition(raw)
	if err != nil {
		return err
	}
	columns, err := s.columns(ctx, stream, query)
	if err != nil {
		return err
	}
	cursor, err := cursorOf(stream, columns)
	if err != nil {
		return err
	}
	if p.Cursor != "" && p.Cursor != cursor {
		return errs.New(errs.Invalid, "database.cursor_changed", errs.Args{"stream": stream, "was": p.Cursor, "is": cursor})
	}
	p.Cursor = cursor
	if p.To == "" {
		now, err := s.now(ctx)
		if err != nil {
			return err
		}
		p.From, p.To = s.bounds(p.Done, cursor, now)
	}
	if p.Window && cursor == "doc_date" { // whole days
		p.From, p.To = p.From[:len(time.DateOnly)]+" 00:00:00", p.To[:len(time.DateOnly)]+" 00:00:00"
	}
	s.stream, s.query, s.position, s.pages, s.rows, s.ended, s.whole = stream, query, p, 0, 0, false, p.ID == ""
	return nil
}

// bounds is the window of a new run: [from, to). With a time of change it ends a lag behind the clock and begins an
// overlap before the last end; with business dates it ends after today and begins some days before the last end.
func (s *Source) bounds(done, cursor string, now time.Time) (from, to string) {
	last, _ := parseClock(done)
	back, end := s.settings.Overlap, now.Add(-s.settings.Lag)
	if cursor == "doc_date" {
		back, end = time.Duration(s.settings.Reread)*24*time.Hour, now.Truncate(24*time.Hour).Add(24*time.Hour)
	}
	switch {
	case !last.IsZero():
		from = last.Add(-back).Format(clockLayout)
	case s.settings.Since != "":
		from = s.settings.Since + " 00:00:00"
	}
	return from, end.Format(clockLayout)
}

// cursorOf is the column that orders versions.
func cursorOf(stream string, columns []string) (string, error) {
	for _, need := range []string{"id", "doc_date"} {
		if !slices.Contains(columns, need) {
			return "", errs.New(errs.Invalid, "database.column", errs.Args{"stream": stream, "column": need, "found": strings.Join(columns, ", ")})
		}
	}
	if slices.Contains(columns, "changed_at") {
		return "changed_at", nil
	}
	return "doc_date", nil
}

// Read returns the next page.
func (s *Source) Read(ctx context.Context) (connectors.Batch, error) {
	if s.ended {
		return connectors.Batch{}, io.EOF
	}
	if s.pages > 0 {
		if err := connectors.Wait(ctx, s.settings.Pause); err != nil {
			return connectors.Batch{}, err
		}
	}
	statement, args := s.dialect.page(s.query, s.position.Cursor, s.position.page(), s.settings.PageSize)
	batch, last, err := s.page(ctx, statement, args)
	if err != nil {
		return connectors.Batch{}, err
	}
	s.pages++
	batch.Shown = s.shown()
	n := len(batch.Rows) + len(batch.Bad)
	s.rows += n
	switch {
	case n < s.settings.PageSize:
		s.ended = true
		done := s.position.To
		if s.position.Window {
			batch.Position, err = s.position.encode()
			return batch, err
		}
		s.position = position{V: positionVersion, Cursor: s.position.Cursor, Done: done}
	case last.same(s.position):
		return connectors.Batch{}, errs.New(errs.Invalid, "database.id_repeats", errs.Args{"stream": s.stream})
	default:
		s.position.At, s.position.ID, s.position.Numbered = last.at, last.id, last.numbered
		if s.rows >= s.settings.MaxRows { // the next run goes on in this window
			s.ended, s.whole = true, false
			batch.Shown = s.shown()
		}
	}
	batch.Position, err = s.position.encode()
	return batch, err
}

// shown are the days of a window that is read whole: none when the run began in the middle of it or is cut off. With a
// time of change a window says nothing about days.
func (s *Source) shown() *connectors.Days {
	if s.position.Cursor != "doc_date" {
		return nil
	}
	if !s.whole {
		return &connectors.Days{}
	}
	day := func(clock string) canonical.Date {
		t, err := parseClock(clock)
		if err != nil || t.IsZero() { // decodePosition has seen it
			return canonical.NoDate
		}
		return canonical.DateOf(t)
	}
	return &connectors.Days{From: day(s.position.From), To: day(s.position.To), Behind: s.settings.Replicas}
}

// page runs one statement in a transaction of its own, which changes nothing and is always rolled back.
func (s *Source) page(ctx context.Context, statement string, args []any) (batch connectors.Batch, last place, err error) {
	err = s.look(ctx, s.stream, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		r, err := newReader(rows, s.stream, s.position.Cursor, s.zone())
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := r.add(&batch, s.rows+len(batch.Rows)+len(batch.Bad)+1); err != nil {
				return err
			}
		}
		last = r.last
		return rows.Err()
	})
	return batch, last, err
}

// look runs statements in a read-only transaction under all limits.
func (s *Source) look(ctx context.Context, stream string, do func(ctx context.Context, tx *sql.Tx) error) error {
	limited, cancel := context.WithTimeout(ctx, 2*s.settings.Timeout) // the server's own limit comes first
	defer cancel()
	tx, err := s.db.BeginTx(limited, &sql.TxOptions{ReadOnly: s.dialect.readOnly})
	if err != nil {
		return s.failed(ctx, err, "")
	}
	if err = s.settings.guard(limited, tx, s.dialect); err != nil {
		stream = ""
	} else {
		err = do(limited, tx)
	}
	rollback := tx.Rollback()
	if err == nil && !errors.Is(rollback, sql.ErrTxDone) {
		err = rollback
	}
	return s.failed(ctx, err, stream)
}

// columns are the query's columns in lower case.
func (s *Source) columns(ctx context.Context, stream, query string) (out []string, err error) {
	err = s.look(ctx, stream, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, s.dialect.columns(query))
		if err != nil {
			return err
		}
		defer rows.Close()
		names, err := rows.Columns()
		for _, n := range names {
			out = append(out, strings.ToLower(n))
		}
		return errors.Join(err, rows.Err())
	})
	return out, err
}

// some reports whether a statement brings a row.
func (s *Source) some(ctx context.Context, stream, statement string) (found bool, err error) {
	err = s.look(ctx, stream, func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, statement)
		if err != nil {
			return err
		}
		defer rows.Close()
		found = rows.Next()
		return rows.Err()
	})
	return found, err
}

// now is the database's clock, as a time without a zone.
func (s *Source) now(ctx context.Context) (now time.Time, err error) {
	err = s.look(ctx, "", func(ctx context.Context, tx *sql.Tx) error {
		var text string
		if err := tx.QueryRowContext(ctx, s.dialect.now).Scan(&text); err != nil {
			return err
		}
		now, err = time.Parse(clockLayout, text)
		return err
	})
	return now, err
}

func (s *Source) zone() *time.Location {
	zone, err := time.LoadLocation(s.settings.Zone)
	if err != nil { // CheckSettings has seen it
		return time.UTC
	}
	return zone
}

func (s *Source) configured() (out []string) {
	for _, l := range ledgers {
		if s.settings.query(l) != "" {
			out = append(out, string(l))
		}
	}
	return out
}

// queryOf is the query of a stream of the configuration.
func (s *Source) queryOf(stream string) (string, error) {
	query := s.settings.query(canonical.Ledger(stream))
	if query == "" {
		return "", errs.New(errs.Invalid, "connectors.stream_unknown", errs.Args{"stream": stream, "known": strings.Join(s.configured(), ", ")})
	}
	return query, nil
}

// Backfill reads a window of the cursor again.
func (s *Source) Backfill(stream string, from, to time.Time) (json.RawMessage, error) {
	if _, err := s.queryOf(stream); err != nil {
		return nil, err
	}
	if !from.Before(to) {
		return nil, errs.New(errs.Invalid, "connectors.window", errs.Args{"from": from.Format(time.DateOnly), "to": to.Format(time.DateOnly)})
	}
	zone := s.zone()
	return position{V: positionVersion, From: from.In(zone).Format(clockLayout), To: to.In(zone).Format(clockLayout), Window: true}.encode()
}

// Ack does nothing: the database is never written to.
func (s *Source) Ack(context.Context, json.RawMessage) error { return nil }

// Close ends the connection.
func (s *Source) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close the connection: %w", err)
	}
	return nil
}
