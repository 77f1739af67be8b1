package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// KeepFlowKeys notes which line each row of a pulled ledger became, by the key the source knows the row by. It returns
// the lines that no row is any more: those of rows that came before with another identity.
func (tx *Tx) KeepFlowKeys(ctx context.Context, source, stream string, lines map[string]canonical.ID) (left []canonical.ID, err error) {
	before := map[string]canonical.ID{}
	keys := slices.Sorted(maps.Keys(lines))
	err = inChunks(keys, func(part []string) error {
		cond, args := anyOf(tx.querier, "source_key", part)
		return tx.each(ctx, `SELECT source_key, row_id FROM flow_key WHERE source = ? AND stream = ? AND `+cond, append([]any{source, stream}, args...), func(rows *sqlx.Rows) error {
			var key string
			var id canonical.ID
			if err := rows.Scan(&key, &id); err != nil {
				return err
			}
			before[key] = id
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read which lines rows became: %w", err)
	}
	var fresh [][]any
	for _, key := range keys {
		if before[key] != lines[key] {
			fresh = append(fresh, []any{source, stream, key, lines[key]})
		}
		if was, known := before[key]; known && was != lines[key] {
			left = append(left, was)
		}
	}
	if err := tx.insertMany(ctx, "flow_key", []string{"source", "stream", "source_key", "row_id"}, fresh,
		"ON CONFLICT (source, stream, source_key) DO UPDATE SET row_id = excluded.row_id"); err != nil {
		return nil, err
	}
	return tx.keyless(ctx, source, stream, left)
}

// keyless leaves those lines that no row of the stream is.
func (tx *Tx) keyless(ctx context.Context, source, stream string, ids []canonical.ID) ([]canonical.ID, error) {
	held := map[canonical.ID]bool{}
	err := inChunks(ids, func(part []canonical.ID) error {
		var some []canonical.ID
		cond, args := anyOf(tx.querier, "row_id", part)
		if err := tx.sel(ctx, &some, `SELECT row_id FROM flow_key WHERE source = ? AND stream = ? AND `+cond, append([]any{source, stream}, args...)...); err != nil {
			return fmt.Errorf("read which lines rows are: %w", err)
		}
		for _, id := range some {
			held[id] = true
		}
		return nil
	})
	return slices.DeleteFunc(ids, func(id canonical.ID) bool { return held[id] }), err
}

// LiveFlowKeys lists, in order, the keys of a stream's rows whose lines are in force, for the detection of deletes: those
// of business dates from one on and before another, and of lines that stand as they are since before a time, where these
// are given.
func (q querier) LiveFlowKeys(ctx context.Context, source, stream string, from, to canonical.Date, since time.Time) ([]string, error) {
	var keys []string
	bounds, args := "", []any{source, stream}
	if !from.IsZero() {
		bounds, args = " AND l.biz_date >= ?", append(args, from)
	}
	if !to.IsZero() {
		bounds, args = bounds+" AND l.biz_date < ?", append(args, to)
	}
	if !since.IsZero() {
		bounds, args = bounds+" AND l.recorded_at < ?", append(args, Micros(since))
	}
	err := q.sel(ctx, &keys, `SELECT k.source_key FROM flow_key k JOIN flow_line l ON l.row_id = k.row_id
		WHERE k.source = ? AND k.stream = ? AND l.active = TRUE`+bounds+` ORDER BY k.source_key`, args...)
	if err != nil {
		return nil, fmt.Errorf("list the keys of %s: %w", source, err)
	}
	return keys, nil
}

// DropFlowKeys forgets rows that the source has no more, and returns the lines that no row is any more.
func (tx *Tx) DropFlowKeys(ctx context.Context, source, stream string, keys []string) ([]canonical.ID, error) {
	var ids []canonical.ID
	cond, args := anyOf(tx.querier, "source_key", keys)
	args = append([]any{source, stream}, args...)
	if err := tx.sel(ctx, &ids, `SELECT DISTINCT row_id FROM flow_key WHERE source = ? AND stream = ? AND `+cond, args...); err != nil {
		return nil, fmt.Errorf("read which lines rows became: %w", err)
	}
	if _, err := tx.exec(ctx, `DELETE FROM flow_key WHERE source = ? AND stream = ? AND `+cond, args...); err != nil {
		return nil, fmt.Errorf("forget rows: %w", err)
	}
	return tx.keyless(ctx, source, stream, ids)
}

// VoidLines takes lines of a ledger out of force, as a deleted row does. A row that comes again brings its line back: the
// version of a voided line is the least above its own. It returns how many lines went, and what it booked in closed
// months.
func (tx *Tx) VoidLines(ctx context.Context, ledger canonical.Ledger, ids []canonical.ID, from Origin) (int, Booked, error) {
	u := flowUnit{tx: tx, owner: map[canonical.ID]*flowWriter{}}
	byParty := map[int64]*flowWriter{}
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(tx.querier, "row_id", part)
		return tx.each(ctx, `SELECT row_id, party, version_key FROM flow_line WHERE active = TRUE AND `+cond, args, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var party int64
			var version string
			if err := rows.Scan(&id, &party, &version); err != nil {
				return err
			}
			w := byParty[party]
			if w == nil {
				w = newFlowWriter(&FlowSink{party: party, first: firstFill{state: fillLater}}, FlowBatch{Origin: from})
				byParty[party] = w
				u.writers = append(u.writers, w)
			}
			w.batch.Rows = append(w.batch.Rows, FlowRow{ID: id, Version: version + voided, Deleted: true})
			return nil
		})
	})
	if err != nil {
		return 0, nil, fmt.Errorf("read lines that are gone: %w", err)
	}
	out, err := u.put(ctx)
	if err != nil {
		return 0, nil, err
	}
	booked := Booked{}
	for _, w := range u.writers {
		if _, err := w.f.MarkSuspects(ctx, tx, ledger); err != nil {
			return 0, nil, err
		}
		for k, n := range w.f.TakeBooked() {
			booked[k] += n
		}
	}
	return len(out), booked, nil
}

// voided makes the version of a line the least above it: a later read of the same row has a greater one still.
const voided = "~"
