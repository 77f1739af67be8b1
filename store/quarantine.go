package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
)

// States of a quarantined row.
const (
	QuarantineOpen      = "open"
	QuarantineReplayed  = "replayed"
	QuarantineDiscarded = "discarded"
)

// Quarantined is a row that could not be taken in, with what a person needs to mend it and the hub to try it again.
type Quarantined struct {
	ID        canonical.ID
	Source    string
	Stream    string
	Run       canonical.ID // that met it last
	Party     string
	File      string
	Row       int
	Issues    []canonical.Issue   // at least one; the first is the one shown in lists
	Raw       []byte              // the row as received
	Owner     canonical.RecordKey // of a row that may be about a person: whose data key seals it
	Personal  bool
	Retry     Retry
	Status    string
	Attempts  int
	FirstSeen time.Time
	DecidedBy string
	Decided   time.Time
}

// Retry is what a replay needs besides the row.
type Retry struct {
	As      string         `json:"as,omitempty"`      // kind of an imported file
	Headers []string       `json:"headers,omitempty"` // of the file
	Kind    string         `json:"kind,omitempty"`    // customer kind of the import
	Map     string         `json:"map,omitempty"`     // text of the map that was used
	Codes   string         `json:"codes,omitempty"`   // --source of a ledger
	Version string         `json:"version,omitempty"` // version key of the file or pulled row
	FileID  int64          `json:"file_id,omitempty"`
	Fields  map[string]any `json:"fields,omitempty"` // the row by field; empty when it could not be read
	Key     string         `json:"key,omitempty"`    // of a pulled row
	Time    time.Time      `json:"time,omitzero"`    // the source's own time of a pulled row

	Document string `json:"document,omitempty"` // of which the pulled row is a part
}

// sealedRow is what is sealed of a row that may be about a person.
type sealedRow struct {
	Raw    []byte            `json:"raw"`
	Fields map[string]any    `json:"fields,omitempty"`
	Issues []canonical.Issue `json:"issues"`
}

var quarantineColumns = []string{"id", "source", "stream", "run_id", "party", "file", "row_no", "field", "rule", "reason", "issues", "raw",
	"source_id", "sealed", "context", "status", "attempt", "first_seen_at", "decided_by"}

// PutQuarantine keeps rows. The id follows from where the row stands and what it holds (see QuarantineID): a row that is
// met again is counted, not kept twice. It reports how many rows it left out because their person was erased.
func (tx *Tx) PutQuarantine(ctx context.Context, list []Quarantined) (erased int, err error) {
	if len(list) == 0 {
		return 0, nil
	}
	keys, err := tx.quarantineKeys(ctx, list)
	if err != nil {
		return 0, err
	}
	byID := map[canonical.ID]*Quarantined{}
	var rows [][]any
	for i := range list {
		q := &list[i]
		if _, twice := byID[q.ID]; twice {
			continue
		}
		row, err := q.row(keys, tx.Now)
		if err != nil {
			return 0, fmt.Errorf("seal a quarantined row: %w", err)
		}
		if row == nil {
			erased++
			continue
		}
		byID[q.ID] = q
		rows = append(rows, row)
	}
	var opened []events.Event
	err = tx.insertReturning(ctx, "quarantine", quarantineColumns, rows,
		"ON CONFLICT (id) DO UPDATE SET attempt = quarantine.attempt + 1, run_id = excluded.run_id RETURNING id, attempt", func(r *sqlx.Rows) error {
			var id canonical.ID
			var attempt int
			if err := r.Scan(&id, &attempt); err != nil || attempt > 1 {
				return err
			}
			opened = append(opened, events.Quarantine(events.Meta{Op: events.Opened, Version: 1, Time: tx.Now}, byID[id].event(QuarantineOpen)))
			return nil
		})
	if err != nil {
		return 0, fmt.Errorf("keep quarantined rows: %w", err)
	}
	return erased, tx.AppendEvents(ctx, opened)
}

// QuarantineID names a bad row by its place and content.
func QuarantineID(source, stream, party, place string, raw []byte) canonical.ID {
	return canonical.DeriveID("quarantine", source, stream, party, place, string(raw))
}

func (tx *Tx) quarantineKeys(ctx context.Context, list []Quarantined) (map[canonical.RecordKey]*DataKey, error) {
	var owners []canonical.RecordKey
	for i := range list {
		if list[i].Personal {
			owners = append(owners, list[i].Owner)
		}
	}
	if len(owners) == 0 {
		return nil, nil
	}
	return tx.DataKeys(ctx, unique(owners))
}

// row is the stored form; nil when the row's person was erased.
func (q *Quarantined) row(keys map[canonical.RecordKey]*DataKey, now time.Time) ([]any, error) {
	first := q.Issues[0]
	raw, issues, retry := q.Raw, q.Issues, q.Retry
	if q.Personal {
		key := keys[q.Owner]
		if key == nil {
			return nil, nil
		}
		plain, err := json.Marshal(sealedRow{q.Raw, retry.Fields, q.Issues})
		if err != nil {
			return nil, err
		}
		if raw, err = key.Seal(plain); err != nil {
			return nil, err
		}
		issues, retry.Fields = withoutValues(q.Issues), nil
	}
	reason := Notice{Code: issues[0].Code, Args: issueArgs(issues[0])}
	if raw == nil {
		raw = []byte{}
	}
	context, err := json.Marshal(retry)
	if err != nil {
		return nil, err
	}
	return []any{q.ID, q.Source, q.Stream, q.Run, q.Party, q.File, q.Row, first.Field, first.Rule, asJSON(reason), asJSON(issues), raw,
		q.Owner.ID, q.Personal, string(context), QuarantineOpen, 1, Micros(now), ""}, nil
}

func issueArgs(i canonical.Issue) errs.Args {
	return errs.Args{"field": i.Field, "value": i.Value, "why": i.Why}
}

// withoutValues is what may be shown of issues in a row about a person.
func withoutValues(in []canonical.Issue) []canonical.Issue {
	out := make([]canonical.Issue, len(in))
	for i, issue := range in {
		if out[i] = issue; issue.Value != "" {
			out[i].Value = "***"
		}
	}
	return out
}

func (q *Quarantined) event(status string) events.QuarantineValue {
	return events.QuarantineValue{QuarantineID: q.ID, Status: status, Source: q.Source, Stream: q.Stream, RunID: q.Run, File: q.File,
		Row: int64(q.Row), Field: q.Issues[0].Field, Rule: q.Issues[0].Rule, Reason: q.Issues[0].Code}
}

type quarantineRow struct {
	ID          canonical.ID `db:"id"`
	Source      string       `db:"source"`
	Stream      string       `db:"stream"`
	RunID       canonical.ID `db:"run_id"`
	Party       string       `db:"party"`
	File        string       `db:"file"`
	Row         int          `db:"row_no"`
	Field       string       `db:"field"`
	Rule        string       `db:"rule"`
	Reason      string       `db:"reason"`
	Issues      string       `db:"issues"`
	Raw         []byte       `db:"raw"`
	SourceID    string       `db:"source_id"`
	Sealed      bool         `db:"sealed"`
	Context     string       `db:"context"`
	Status      string       `db:"status"`
	Attempt     int          `db:"attempt"`
	FirstSeenAt int64        `db:"first_seen_at"`
	DecidedBy   string       `db:"decided_by"`
	DecidedAt   *int64       `db:"decided_at"`
}

func (r *quarantineRow) item() (Quarantined, error) {
	q := Quarantined{ID: r.ID, Source: r.Source, Stream: r.Stream, Run: r.RunID, Party: r.Party, File: r.File, Row: r.Row, Raw: r.Raw,
		Owner: canonical.RecordKey{Source: r.Source, ID: r.SourceID}, Personal: r.Sealed, Status: r.Status, Attempts: r.Attempt,
		FirstSeen: FromMicros(r.FirstSeenAt), DecidedBy: r.DecidedBy}
	if r.DecidedAt != nil {
		q.Decided = FromMicros(*r.DecidedAt)
	}
	err := errors.Join(json.Unmarshal([]byte(r.Issues), &q.Issues), decodeExact([]byte(r.Context), &q.Retry))
	if err == nil && len(q.Issues) == 0 {
		err = errors.New("no issues")
	}
	if err != nil {
		return Quarantined{}, fmt.Errorf("quarantined row %s: %w", r.ID, err)
	}
	if r.Sealed {
		q.Raw = nil
	}
	return q, nil
}

// decodeExact keeps numbers as they were written.
func decodeExact(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode(into)
}

// QuarantineFilter narrows a list; empty fields do not.
type QuarantineFilter struct {
	Source, Stream, Status string
	Limit                  int
}

// ListQuarantine lists rows, oldest first, and counts all that fit. Rows about persons come without their content.
func (q querier) ListQuarantine(ctx context.Context, f QuarantineFilter) (total int, items []Quarantined, err error) {
	cond, args := `status = ?`, []any{f.Status}
	for _, c := range []struct{ column, value string }{{"source", f.Source}, {"stream", f.Stream}} {
		if c.value != "" {
			cond += ` AND ` + c.column + ` = ?`
			args = append(args, c.value)
		}
	}
	if err := q.get(ctx, &total, `SELECT COUNT(*) FROM quarantine WHERE `+cond, args...); err != nil {
		return 0, nil, fmt.Errorf("count quarantined rows: %w", err)
	}
	var rows []quarantineRow
	if err := q.sel(ctx, &rows, `SELECT * FROM quarantine WHERE `+cond+` ORDER BY first_seen_at, file, row_no, id LIMIT ?`, append(args, f.Limit)...); err != nil {
		return 0, nil, fmt.Errorf("list quarantined rows: %w", err)
	}
	for i := range rows {
		item, err := rows[i].item()
		if err != nil {
			return 0, nil, err
		}
		items = append(items, item)
	}
	return total, items, nil
}

// QuarantinedRow reads one row with its content, opening what is sealed; sql.ErrNoRows when there is none, ErrErased
// when its person was erased.
func (db *DB) QuarantinedRow(ctx context.Context, id canonical.ID) (Quarantined, error) {
	var row quarantineRow
	if err := db.get(ctx, &row, `SELECT * FROM quarantine WHERE id = ?`, id); err != nil {
		return Quarantined{}, fmt.Errorf("read quarantined row %s: %w", id, err)
	}
	item, err := row.item()
	if err != nil || !row.Sealed {
		return item, err
	}
	plain, err := db.unseal(ctx, item.Owner, row.Raw)
	if err != nil {
		return Quarantined{}, fmt.Errorf("open quarantined row %s: %w", id, err)
	}
	var s sealedRow
	if err := decodeExact(plain, &s); err != nil {
		return Quarantined{}, fmt.Errorf("quarantined row %s: %w", id, err)
	}
	item.Raw, item.Issues, item.Retry.Fields = s.Raw, s.Issues, s.Fields
	return item, nil
}

// OpenRowsOf reads the open rows that the contents of a file of one name left behind, those nearest its end, by row
// number, with their content.
func (db *DB) OpenRowsOf(ctx context.Context, source, stream, party, file string) (map[int][]Quarantined, error) {
	const most = 100 // a file that is taken half-written leaves one row, its last
	var ids []canonical.ID
	err := db.sel(ctx, &ids, `SELECT id FROM quarantine WHERE status = ? AND source = ? AND stream = ? AND party = ? AND file = ? ORDER BY row_no DESC, id LIMIT ?`,
		QuarantineOpen, source, stream, party, file, most)
	if err != nil {
		return nil, fmt.Errorf("read the open rows of %s: %w", file, err)
	}
	out := map[int][]Quarantined{}
	for _, id := range ids {
		q, err := db.QuarantinedRow(ctx, id)
		if errors.Is(err, ErrErased) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[q.Row] = append(out[q.Row], q)
	}
	return out, nil
}

// SettleQuarantine closes rows as replayed or discarded; those that are not open any more stay as they are.
func (tx *Tx) SettleQuarantine(ctx context.Context, list []Quarantined, status, actor string) error {
	for _, q := range list {
		if err := tx.DecideQuarantine(ctx, q, status, actor); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

// DecideQuarantine closes an open row as replayed or discarded; sql.ErrNoRows when it is not open any more.
func (tx *Tx) DecideQuarantine(ctx context.Context, q Quarantined, status, actor string) error {
	res, err := tx.exec(ctx, `UPDATE quarantine SET status = ?, decided_by = ?, decided_at = ? WHERE id = ? AND status = ?`,
		status, actor, Micros(tx.Now), q.ID, QuarantineOpen)
	if err := oneRow(res, err, sql.ErrNoRows); err != nil {
		return fmt.Errorf("decide quarantined row %s: %w", q.ID, err)
	}
	if status == QuarantineReplayed && q.Retry.FileID != 0 {
		_, err := tx.exec(ctx, `UPDATE data_file SET rows_quarantined = rows_quarantined - 1 WHERE id = ? AND rows_quarantined > 0`, q.Retry.FileID)
		if err != nil {
			return err
		}
	}
	op := events.Discarded
	if status == QuarantineReplayed {
		op = events.Replayed
	}
	return tx.AppendEvents(ctx, []events.Event{events.Quarantine(events.Meta{Op: op, Version: 2, Time: tx.Now}, q.event(status))})
}
