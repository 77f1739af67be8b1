package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
)

// Run states.
const (
	RunRunning     = "running"
	RunDone        = "done"
	RunFailed      = "failed"
	RunInterrupted = "interrupted"
)

// Counts is the account of rows: Read = Canonical + Unchanged + Quarantined + Filtered (invariant 3).
type Counts struct {
	Read        int64 `json:"read" db:"rows_read"`
	Canonical   int64 `json:"canonical" db:"rows_canonical"`
	Unchanged   int64 `json:"unchanged" db:"rows_unchanged"`
	Quarantined int64 `json:"quarantined" db:"rows_quarantined"`
	Filtered    int64 `json:"filtered" db:"rows_filtered"`
}

// Add sums two accounts.
func (c Counts) Add(o Counts) Counts {
	return Counts{c.Read + o.Read, c.Canonical + o.Canonical, c.Unchanged + o.Unchanged, c.Quarantined + o.Quarantined, c.Filtered + o.Filtered}
}

// Balanced reports whether every row is accounted for.
func (c Counts) Balanced() bool {
	return c.Read == c.Canonical+c.Unchanged+c.Quarantined+c.Filtered
}

// Notice is a message of the catalogue with what fills it; rendered when it is shown.
type Notice struct {
	Code string    `json:"code"`
	Args errs.Args `json:"args,omitempty"`
	Why  string    `json:"why,omitempty"` // text of a cause without a code
}

// NoticeOf keeps an error; one without a code keeps its text.
func NoticeOf(err error) *Notice {
	if err == nil {
		return nil
	}
	var e *errs.Error
	if !errors.As(err, &e) {
		return &Notice{Code: "ingest.failed", Args: errs.Args{"why": err.Error()}}
	}
	n := &Notice{Code: e.Code, Args: e.Args}
	if e.Err != nil {
		n.Why = errs.Render(e.Err, "en")
	}
	return n
}

// Text renders the notice in a language.
func (n Notice) Text(lang string) string {
	e := errs.New(errs.Internal, n.Code, n.Args)
	if n.Why != "" {
		e.Err = errors.New(n.Why)
	}
	return e.Text(lang)
}

// Run is one import of a file or pull of a stream.
type Run struct {
	ID             canonical.ID
	Connection     string
	Source         string
	Stream         string
	Party          string // key of the reporting party; "" for masters
	File           string
	Status         string
	Counts         Counts
	UnknownColumns []string
	Warnings       []Notice
	Error          *Notice
	Position       json.RawMessage
	Actor          string
	StartedAt      time.Time
	FinishedAt     time.Time // zero while running
}

// StartRun records that a run begins and gives it its id. Earlier runs of the stream that still look running were
// killed: the caller holds the stream's lease, so nobody else can be at work on it.
func (tx *Tx) StartRun(ctx context.Context, r *Run) (err error) {
	if r.ID, err = tx.NewID(); err != nil {
		return err
	}
	r.Status, r.StartedAt = RunRunning, tx.Now
	_, err = tx.exec(ctx, `UPDATE run SET status = ?, finished_at = ? WHERE status = ? AND source = ? AND stream = ? AND party = ?`,
		RunInterrupted, Micros(tx.Now), RunRunning, r.Source, r.Stream, r.Party)
	if err != nil {
		return fmt.Errorf("close runs that were killed: %w", err)
	}
	_, err = tx.exec(ctx, `INSERT INTO run (id, connection, source, stream, party, file, status, rows_read, rows_canonical, rows_unchanged,
		rows_quarantined, rows_filtered, unknown_columns, warnings, error, position, actor, started_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, ?, '[]', '', ?, ?, ?)`,
		r.ID, r.Connection, r.Source, r.Stream, r.Party, r.File, r.Status, asJSON(r.UnknownColumns), string(r.Position), r.Actor, Micros(r.StartedAt))
	if err != nil {
		return fmt.Errorf("record the run: %w", err)
	}
	return nil
}

// AddToRun counts the rows of one unit of work.
func (tx *Tx) AddToRun(ctx context.Context, run canonical.ID, c Counts) error {
	err := tx.execOne(ctx, `UPDATE run SET rows_read = rows_read + ?, rows_canonical = rows_canonical + ?, rows_unchanged = rows_unchanged + ?,
		rows_quarantined = rows_quarantined + ?, rows_filtered = rows_filtered + ? WHERE id = ?`,
		c.Read, c.Canonical, c.Unchanged, c.Quarantined, c.Filtered, run)
	if err != nil {
		return fmt.Errorf("count the rows of the run: %w", err)
	}
	return nil
}

// FinishRun closes the run and tells it on ops.run. The account is read back: it is what was committed.
func (tx *Tx) FinishRun(ctx context.Context, r *Run) error {
	r.FinishedAt = tx.Now
	failure := ""
	if r.Error != nil {
		failure = asJSON(r.Error)
	}
	err := tx.execOne(ctx, `UPDATE run SET status = ?, warnings = ?, error = ?, position = ?, finished_at = ?, unknown_columns = ? WHERE id = ?`,
		r.Status, asJSON(r.Warnings), failure, string(r.Position), Micros(r.FinishedAt), asJSON(r.UnknownColumns), r.ID)
	if err != nil {
		return fmt.Errorf("close the run: %w", err)
	}
	if err := tx.get(ctx, &r.Counts, `SELECT rows_read, rows_canonical, rows_unchanged, rows_quarantined, rows_filtered FROM run WHERE id = ?`, r.ID); err != nil {
		return fmt.Errorf("read the run's account: %w", err)
	}
	code := ""
	if r.Error != nil {
		code = r.Error.Code
	}
	var warnings []events.RunWarning
	for _, w := range r.Warnings {
		args := map[string]string{}
		for name, value := range w.Args {
			args[name] = fmt.Sprint(value)
		}
		warnings = append(warnings, events.RunWarning{Code: w.Code, Args: args})
	}
	return tx.AppendEvents(ctx, []events.Event{events.Run(events.Meta{Op: events.Finished, Version: 1, Time: tx.Now}, events.RunValue{
		RunID: r.ID, Connection: r.Connection, Source: r.Source, Stream: r.Stream, File: r.File, Status: r.Status,
		Read: r.Counts.Read, Canonical: r.Counts.Canonical, Unchanged: r.Counts.Unchanged, Quarantined: r.Counts.Quarantined,
		Filtered: r.Counts.Filtered, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Error: code,
		Warnings: warnings,
	})})
}

type runRow struct {
	ID         canonical.ID `db:"id"`
	Connection string       `db:"connection"`
	Source     string       `db:"source"`
	Stream     string       `db:"stream"`
	Party      string       `db:"party"`
	File       string       `db:"file"`
	Status     string       `db:"status"`
	Counts
	UnknownColumns string `db:"unknown_columns"`
	Warnings       string `db:"warnings"`
	Error          string `db:"error"`
	Position       string `db:"position"`
	Actor          string `db:"actor"`
	StartedAt      int64  `db:"started_at"`
	FinishedAt     *int64 `db:"finished_at"`
}

func (row *runRow) run() (Run, error) {
	r := Run{ID: row.ID, Connection: row.Connection, Source: row.Source, Stream: row.Stream, Party: row.Party, File: row.File, Status: row.Status,
		Counts: row.Counts, Position: positionJSON(row.Position), Actor: row.Actor, StartedAt: FromMicros(row.StartedAt)}
	if row.FinishedAt != nil {
		r.FinishedAt = FromMicros(*row.FinishedAt)
	}
	err := errors.Join(json.Unmarshal([]byte(row.UnknownColumns), &r.UnknownColumns), json.Unmarshal([]byte(row.Warnings), &r.Warnings))
	if row.Error != "" {
		err = errors.Join(err, json.Unmarshal([]byte(row.Error), &r.Error))
	}
	if err != nil {
		return Run{}, fmt.Errorf("run %s: %w", row.ID, err)
	}
	return r, nil
}

// Runs lists runs, newest first.
func (q querier) Runs(ctx context.Context, limit int) ([]Run, error) {
	var rows []runRow
	if err := q.sel(ctx, &rows, `SELECT * FROM run ORDER BY started_at DESC, id DESC LIMIT ?`, limit); err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	out := make([]Run, len(rows))
	for i := range rows {
		var err error
		if out[i], err = rows[i].run(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Covered is, by source and stream, when the last pull began that read the stream to its end: everything that the source
// had by then is stored.
func (q querier) Covered(ctx context.Context) (map[[2]string]time.Time, error) {
	var rows []struct {
		Source string `db:"source"`
		Stream string `db:"stream"`
		At     int64  `db:"at"`
	}
	err := q.sel(ctx, &rows, `SELECT source, stream, MAX(started_at) AS at FROM run WHERE status = ? AND connection <> '' GROUP BY source, stream`, RunDone)
	if err != nil {
		return nil, fmt.Errorf("look when streams were read to their end: %w", err)
	}
	out := make(map[[2]string]time.Time, len(rows))
	for _, r := range rows {
		out[[2]string{r.Source, r.Stream}] = FromMicros(r.At)
	}
	return out, nil
}

// Run reads one run; sql.ErrNoRows when there is none.
func (q querier) Run(ctx context.Context, id canonical.ID) (Run, error) {
	var row runRow
	if err := q.get(ctx, &row, `SELECT * FROM run WHERE id = ?`, id); err != nil {
		return Run{}, fmt.Errorf("read run %s: %w", id, err)
	}
	return row.run()
}

// ChangedSince reports whether another run of the source changed something after the run began.
func (q querier) ChangedSince(ctx context.Context, source string, run canonical.ID) (bool, error) {
	first, err := q.Run(ctx, run)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	var n int
	err = q.get(ctx, &n, `SELECT COUNT(*) FROM run WHERE started_at >= ? AND source = ? AND id <> ? AND (rows_canonical > 0 OR status = ?)`,
		Micros(first.StartedAt), source, run, RunRunning)
	return n > 0, err
}

// asJSON renders what cannot fail to render: lists and maps of texts and numbers.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil || string(b) == "null" {
		return "[]"
	}
	return string(b)
}

// LastVolume is how many rows the last whole run of a stream before this one read; 0 when there was none.
func (q querier) LastVolume(ctx context.Context, source, stream string, but canonical.ID) (int64, error) {
	var read []int64
	err := q.sel(ctx, &read, `SELECT rows_read FROM run WHERE source = ? AND stream = ? AND status = ? AND id <> ? ORDER BY started_at DESC, id DESC LIMIT 1`,
		source, stream, RunDone, but)
	if err != nil {
		return 0, fmt.Errorf("read the last run of %s/%s: %w", source, stream, err)
	}
	if len(read) == 0 {
		return 0, nil
	}
	return read[0], nil
}

// LastRows is when a run of the stream last brought rows, or when its first run began.
func (q querier) LastRows(ctx context.Context, source, stream string) (time.Time, error) {
	var at int64
	err := q.get(ctx, &at, `SELECT COALESCE(MAX(CASE WHEN rows_read > 0 THEN started_at END), MIN(started_at), 0) FROM run WHERE source = ? AND stream = ?`, source, stream)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the runs of %s/%s: %w", source, stream, err)
	}
	return time.UnixMicro(at).UTC(), nil
}
