package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/events"
)

// Kinds of what is written back into the system that a record came from.
const (
	WriteGoldenID  = "golden_id"
	WriteComplaint = "complaint"
)

// States of a WriteBack.
const (
	WriteWaits  = "waiting"
	WriteDone   = "written"
	WriteHalted = "halted" // the system said no; it is tried again after the next change, or when somebody asks
)

// WriteBack is a record that gets fields back. The fields are not kept: they are what holds when it has its turn.
type WriteBack struct {
	Connection, Kind, SourceID string
	Wanted                     int64 // rises with every change of what should stand there
	State                      string
	Written                    string // fingerprint of what was written last, "" = nothing
	Attempts                   int    // that failed since the last change
	NextAt                     time.Time
	Problem                    *Notice
	UpdatedAt                  time.Time
}

// ErrNoWrite says that nothing waits to be written back.
var ErrNoWrite = errors.New("nothing to write back")

// WriteTarget is a kind that a connection gets back.
type WriteTarget struct {
	Connection string `db:"connection"`
	Kind       string `db:"kind"`
}

// WriteTargets lists what is written back, by connection and kind.
func (q querier) WriteTargets(ctx context.Context) ([]WriteTarget, error) {
	var out []WriteTarget
	if err := q.sel(ctx, &out, `SELECT connection, kind FROM write_target WHERE connection <> '' ORDER BY connection, kind`); err != nil {
		return nil, fmt.Errorf("read what is written back: %w", err)
	}
	return out, nil
}

// SetWriteTarget begins or ends the writing of a kind. Every change of later transactions is marked; after the commit
// FillWriteBack marks what stands already. What is ended is forgotten.
func (tx *Tx) SetWriteTarget(ctx context.Context, t WriteTarget, on bool) error {
	// Transactions under way that saw the old targets end first: see markWriteBack.
	if _, err := tx.exec(ctx, `UPDATE write_target SET kind = kind WHERE connection = ''`); err != nil {
		return fmt.Errorf("lock what is written back: %w", err)
	}
	steps := []string{`INSERT INTO write_target (connection, kind) VALUES (?, ?) ON CONFLICT DO NOTHING`}
	if !on {
		steps = []string{`DELETE FROM write_target WHERE connection = ? AND kind = ?`, `DELETE FROM write_back WHERE connection = ? AND kind = ?`}
	}
	for _, step := range steps {
		if _, err := tx.exec(ctx, step, t.Connection, t.Kind); err != nil {
			return fmt.Errorf("change what is written back: %w", err)
		}
	}
	return nil
}

const writeMark = ` ON CONFLICT (connection, kind, source_id) DO UPDATE SET wanted = write_back.wanted + 1, state = 'waiting', attempts = 0, next_at = excluded.next_at, problem = '', updated_at = excluded.updated_at`

// FillWriteBack marks every record of a target as it stands: golden records linked, cases opened.
func (tx *Tx) FillWriteBack(ctx context.Context, t WriteTarget) error {
	from := `FROM crosswalk c JOIN source_record r ON r.id = c.record_id WHERE c.known_to IS NULL AND r.source = ?`
	if t.Kind == WriteComplaint {
		from = `FROM quality_case r WHERE r.source = ?`
	}
	now := Micros(tx.Now)
	_, err := tx.exec(ctx, `INSERT INTO write_back (connection, kind, source_id, wanted, state, written, attempts, next_at, problem, updated_at)
		SELECT r.source, CAST(? AS text), r.source_id, 1, 'waiting', '', 0, CAST(? AS bigint), '', CAST(? AS bigint) `+from+writeMark, t.Kind, now, now, t.Connection)
	if err != nil {
		return fmt.Errorf("mark what is written back: %w", err)
	}
	return nil
}

// markWriteBack marks the records whose golden id, or whose case, the events of this transaction change (invariant 1). It
// holds the targets it saw until the transaction ends, so that one that begins meanwhile misses nothing.
func (tx *Tx) markWriteBack(ctx context.Context) error {
	var keys []WriteBack
	for i := range tx.events {
		e := &tx.events[i]
		switch e.Topic {
		case events.TopicCrosswalk: // of a record that is gone too: what waits for it is forgotten in its turn
			source, id, _ := strings.Cut(e.Key, "|")
			keys = append(keys, WriteBack{Connection: source, Kind: WriteGoldenID, SourceID: id})
		case events.TopicComplaint:
			var v events.ComplaintValue
			if err := json.Unmarshal(e.Value, &v); err != nil {
				return fmt.Errorf("mark what is written back: %w", err)
			}
			keys = append(keys, WriteBack{Connection: v.Source, Kind: WriteComplaint, SourceID: v.SourceID})
		}
	}
	if len(keys) == 0 {
		return nil
	}
	query := `SELECT connection, kind FROM write_target ORDER BY connection, kind`
	if tx.db.Dialect() == "postgres" {
		query += ` FOR SHARE`
	}
	var targets []WriteTarget
	if err := tx.sel(ctx, &targets, query); err != nil {
		return fmt.Errorf("read what is written back: %w", err)
	}
	keys = slices.DeleteFunc(keys, func(k WriteBack) bool { return !slices.Contains(targets, WriteTarget{k.Connection, k.Kind}) })
	return tx.upsertWrites(ctx, keys)
}

func (tx *Tx) upsertWrites(ctx context.Context, keys []WriteBack) error {
	slices.SortFunc(keys, func(a, b WriteBack) int {
		return strings.Compare(a.Connection+"\x00"+a.Kind+"\x00"+a.SourceID, b.Connection+"\x00"+b.Kind+"\x00"+b.SourceID)
	})
	keys = slices.CompactFunc(keys, func(a, b WriteBack) bool { return a == b })
	const size = 500
	for len(keys) > 0 {
		part := keys[:min(size, len(keys))]
		keys = keys[len(part):]
		args := make([]any, 0, 5*len(part))
		for _, k := range part {
			args = append(args, k.Connection, k.Kind, k.SourceID, Micros(tx.Now), Micros(tx.Now))
		}
		rows := strings.TrimSuffix(strings.Repeat(`(?, ?, ?, 1, 'waiting', '', 0, ?, '', ?), `, len(part)), ", ")
		if _, err := tx.exec(ctx, `INSERT INTO write_back (connection, kind, source_id, wanted, state, written, attempts, next_at, problem, updated_at) VALUES `+rows+writeMark, args...); err != nil {
			return fmt.Errorf("mark what is written back: %w", err)
		}
	}
	return nil
}

type writeRow struct {
	Connection string `db:"connection"`
	Kind       string `db:"kind"`
	SourceID   string `db:"source_id"`
	Wanted     int64  `db:"wanted"`
	State      string `db:"state"`
	Written    string `db:"written"`
	Attempts   int    `db:"attempts"`
	NextAt     int64  `db:"next_at"`
	Problem    string `db:"problem"`
	UpdatedAt  int64  `db:"updated_at"`
}

func (q querier) someWrites(ctx context.Context, where string, args ...any) ([]WriteBack, error) {
	var rows []writeRow
	err := q.sel(ctx, &rows, `SELECT connection, kind, source_id, wanted, state, written, attempts, next_at, problem, updated_at FROM write_back WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read what is written back: %w", err)
	}
	out := make([]WriteBack, len(rows))
	for i, r := range rows {
		out[i] = WriteBack{r.Connection, r.Kind, r.SourceID, r.Wanted, r.State, r.Written, r.Attempts, FromMicros(r.NextAt), nil, FromMicros(r.UpdatedAt)}
		if r.Problem != "" {
			if err := json.Unmarshal([]byte(r.Problem), &out[i].Problem); err != nil {
				return nil, fmt.Errorf("read what is written back: %w", err)
			}
		}
	}
	return out, nil
}

// NextWrite is what a connection gets back next; ErrNoWrite when nothing waits. Its turn may lie in the future.
func (q querier) NextWrite(ctx context.Context, connection string) (WriteBack, error) {
	list, err := q.someWrites(ctx, `connection = ? AND state = 'waiting' ORDER BY next_at, kind, source_id LIMIT 1`, connection)
	if err == nil && len(list) == 0 {
		err = ErrNoWrite
	}
	if err != nil {
		return WriteBack{}, err
	}
	return list[0], nil
}

// Writes lists what a connection gets back in a state, those whose turn is next first.
func (q querier) Writes(ctx context.Context, connection, state string, limit int) ([]WriteBack, error) {
	return q.someWrites(ctx, `connection = ? AND state = ? ORDER BY next_at, kind, source_id LIMIT ?`, connection, state, limit)
}

// WriteCount is how many records of a kind are in a state.
type WriteCount struct {
	Connection string `db:"connection"`
	Kind       string `db:"kind"`
	State      string `db:"state"`
	Count      int64  `db:"n"`
}

// CountWrites counts what is written back.
func (q querier) CountWrites(ctx context.Context) ([]WriteCount, error) {
	var out []WriteCount
	if err := q.sel(ctx, &out, `SELECT connection, kind, state, count(*) AS n FROM write_back GROUP BY connection, kind, state ORDER BY connection, kind, state`); err != nil {
		return nil, fmt.Errorf("count what is written back: %w", err)
	}
	return out, nil
}

// SaveWrite stores what became of a WriteBack. One that was marked again meanwhile keeps its turn and learns only what was
// written.
func (tx *Tx) SaveWrite(ctx context.Context, w *WriteBack) error {
	w.UpdatedAt = tx.Now
	res, err := tx.exec(ctx, `UPDATE write_back SET state = ?, written = ?, attempts = ?, next_at = ?, problem = ?, updated_at = ? WHERE connection = ? AND kind = ? AND source_id = ? AND wanted = ?`,
		w.State, w.Written, w.Attempts, Micros(w.NextAt), noticeText(w.Problem), Micros(tx.Now), w.Connection, w.Kind, w.SourceID, w.Wanted)
	if err != nil {
		return fmt.Errorf("store what was written back: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	if _, err := tx.exec(ctx, `UPDATE write_back SET written = ? WHERE connection = ? AND kind = ? AND source_id = ?`, w.Written, w.Connection, w.Kind, w.SourceID); err != nil {
		return fmt.Errorf("store what was written back: %w", err)
	}
	return nil
}

// DropWrite forgets a record that gets nothing back, unless it was marked again meanwhile.
func (tx *Tx) DropWrite(ctx context.Context, w *WriteBack) error {
	if _, err := tx.exec(ctx, `DELETE FROM write_back WHERE connection = ? AND kind = ? AND source_id = ? AND wanted = ?`, w.Connection, w.Kind, w.SourceID, w.Wanted); err != nil {
		return fmt.Errorf("forget what is written back: %w", err)
	}
	return nil
}

// RetryWrites gives everything halted of a connection its turn again and returns how many that are.
func (tx *Tx) RetryWrites(ctx context.Context, connection string) (int64, error) {
	res, err := tx.exec(ctx, `UPDATE write_back SET state = 'waiting', attempts = 0, next_at = ?, problem = '', updated_at = ? WHERE connection = ? AND state = 'halted'`, Micros(tx.Now), Micros(tx.Now), connection)
	if err != nil {
		return 0, fmt.Errorf("try again what is written back: %w", err)
	}
	return res.RowsAffected()
}

// LinkOf is the stream of a living source record of a customer and the golden record it belongs to.
func (q querier) LinkOf(ctx context.Context, source, id string) (stream string, golden canonical.ID, found bool, err error) {
	var row struct {
		Stream string       `db:"stream"`
		Golden canonical.ID `db:"golden_id"`
	}
	err = q.get(ctx, &row, `SELECT r.stream, c.golden_id FROM source_record r JOIN crosswalk c ON c.record_id = r.id AND c.known_to IS NULL WHERE r.entity = ? AND r.source = ? AND r.source_id = ?`,
		string(canonical.EntityCustomer), source, id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", canonical.ID{}, false, nil
	}
	return row.Stream, row.Golden, err == nil, err
}

// StreamOf is the stream of a living source record; "" when there is none.
func (q querier) StreamOf(ctx context.Context, entity canonical.Entity, source, id string) (string, error) {
	var stream string
	err := q.get(ctx, &stream, `SELECT stream FROM source_record WHERE entity = ? AND source = ? AND source_id = ? AND deleted = FALSE`, string(entity), source, id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return stream, err
}
