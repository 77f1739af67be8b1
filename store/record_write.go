package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"tributary/canonical"
)

var recordColumns = []string{"id", "entity", "source", "source_id", "stream", "kind", "trust", "version", "hash", "source_time",
	"source_seq", "read_order", "run_id", "row_no", "deleted", "personal", "payload", "dirty", "link_version", "created_at", "updated_at"}

// recordChange lists what a new version changes of a stored record.
var recordChange = []column{{"kind", "text"}, {"trust", "bigint"}, {"version", "bigint"}, {"hash", "bytea"}, {"source_time", "bigint"},
	{"source_seq", "text"}, {"read_order", "text"}, {"run_id", "uuid"}, {"row_no", "bigint"}, {"deleted", "boolean"}, {"personal", "boolean"},
	{"payload", "bytea"}, {"dirty", "boolean"}, {"updated_at", "bigint"}}

// recordDelete leaves alone what a deletion does not say.
var recordDelete = []column{{"version", "bigint"}, {"hash", "bytea"}, {"source_time", "bigint"}, {"source_seq", "text"}, {"read_order", "text"},
	{"run_id", "uuid"}, {"row_no", "bigint"}, {"deleted", "boolean"}, {"payload", "bytea"}, {"dirty", "boolean"}, {"updated_at", "bigint"}}

// recordTouch confirms the stored content at a later time; recordRetime lets the resolver look again as well.
var recordTouch = []column{{"version", "bigint"}, {"source_time", "bigint"}, {"source_seq", "text"}, {"read_order", "text"}}

var recordRetime = append(recordTouch[:len(recordTouch):len(recordTouch)], column{"dirty", "boolean"})

// recordMove makes a record one of another stream.
var recordMove = []column{{"stream", "text"}}

var versionColumns = []string{"record_id", "version", "hash", "source_time", "source_seq", "read_order", "run_id", "row_no", "deleted", "stale", "payload", "recorded_at"}

func (b *recordBatch) write(ctx context.Context) error {
	seal, err := b.sealer(ctx)
	if err != nil {
		return err
	}
	var fresh, changed, deleted, touched, retimed, moved [][]any
	replaced := map[int64][]int64{} // by how far stale versions moved the stored one's number
	now := Micros(b.tx.Now)
	for _, id := range b.order {
		s := b.states[id]
		if s.moved {
			moved = append(moved, []any{s.id, s.stream})
		}
		switch {
		case s.next == nil && s.retimed:
			retimed = append(retimed, []any{s.id, s.version, s.order.time, s.order.seq, s.order.read, true})
		case s.next == nil && (s.renumbered || s.reordered):
			touched = append(touched, []any{s.id, s.version, s.order.time, s.order.seq, s.order.read})
		case s.next == nil:
		case !s.fromDB:
			r := s.next
			payload, err := seal(r)
			if err != nil {
				return err
			}
			fresh = append(fresh, []any{int64(0), string(r.Entity), r.Source, r.ID, s.stream, string(r.Kind), r.Trust, s.version, s.hash, s.order.time,
				s.order.seq, s.order.read, r.Run, r.Row, r.Deleted, r.Personal, payload, dirtyWhenNew(r), 0, now, now})
		case s.next.Deleted:
			r := s.next
			replaced[s.kept-s.stored] = append(replaced[s.kept-s.stored], s.id)
			deleted = append(deleted, []any{s.id, s.version, s.hash, s.order.time, s.order.seq, s.order.read, r.Run, r.Row, true, r.gone(), resolved(r.Entity), now})
		default:
			r := s.next
			payload, err := seal(r)
			if err != nil {
				return err
			}
			replaced[s.kept-s.stored] = append(replaced[s.kept-s.stored], s.id)
			changed = append(changed, []any{s.id, string(r.Kind), r.Trust, s.version, s.hash, s.order.time, s.order.seq, s.order.read,
				r.Run, r.Row, r.Deleted, r.Personal, payload, resolved(r.Entity), now})
		}
	}
	for _, shift := range slices.Sorted(maps.Keys(replaced)) {
		if err := b.keepReplaced(ctx, replaced[shift], shift); err != nil {
			return err
		}
	}
	if err := b.insert(ctx, fresh); err != nil {
		return err
	}
	if err := b.tx.updateMany(ctx, "source_record", column{"id", "bigint"}, recordChange, changed); err != nil {
		return err
	}
	if err := b.tx.updateMany(ctx, "source_record", column{"id", "bigint"}, recordDelete, deleted); err != nil {
		return err
	}
	if err := b.tx.updateMany(ctx, "source_record", column{"id", "bigint"}, recordTouch, touched); err != nil {
		return err
	}
	if err := b.tx.updateMany(ctx, "source_record", column{"id", "bigint"}, recordRetime, retimed); err != nil {
		return err
	}
	if err := b.tx.updateMany(ctx, "source_record", column{"id", "bigint"}, recordMove, moved); err != nil {
		return err
	}
	if err := b.keepPast(ctx, seal); err != nil {
		return err
	}
	return b.project(ctx)
}

// resolved reports whether the entity waits for the resolver, or as a complaint to become a case, after each change.
func resolved(e canonical.Entity) bool {
	return e == canonical.EntityCustomer || e == canonical.EntityAffiliation || e == canonical.EntityActivity || e == canonical.EntityComplaint
}

func dirtyWhenNew(r *Record) bool { return resolved(r.Entity) && !r.Deleted }

// sealer returns the function that makes the stored form of a payload. Data keys are taken once for the batch.
func (b *recordBatch) sealer(ctx context.Context) (func(*Record) ([]byte, error), error) {
	var keys []canonical.RecordKey
	need := func(r *Record) {
		if r != nil && r.Personal && !r.Deleted {
			keys = append(keys, r.Key())
		}
	}
	for _, id := range b.order {
		s := b.states[id]
		need(s.next)
		for _, p := range s.past {
			need(p.record)
		}
	}
	var found map[canonical.RecordKey]*DataKey
	if len(keys) > 0 {
		var err error
		if found, err = b.tx.DataKeys(ctx, unique(keys)); err != nil {
			return nil, err
		}
	}
	return func(r *Record) ([]byte, error) {
		if r.Deleted || !r.Personal {
			if r.Deleted {
				return r.gone(), nil
			}
			return r.Payload, nil
		}
		key := found[r.Key()]
		if key == nil {
			return nil, ErrErased // the suppression list was asked before: only a race with an erasure comes here
		}
		return key.Seal(r.Payload)
	}, nil
}

// goneRecord is what a deleted record is kept as.
type goneRecord struct {
	MergedInto string `json:"merged_into,omitempty"`
}

// gone is the payload of a deleted record.
func (r *Record) gone() []byte {
	text, err := json.Marshal(goneRecord{r.MergedInto})
	if err != nil { // a text is always JSON
		return []byte("{}")
	}
	return text
}

// keepReplaced copies the versions that are about to be overwritten, under numbers so much higher.
func (b *recordBatch) keepReplaced(ctx context.Context, ids []int64, shift int64) error {
	return inChunks(ids, func(part []int64) error {
		cond, args := anyOf(b.tx.querier, "id", part)
		_, err := b.tx.exec(ctx, `INSERT INTO record_version (record_id, version, hash, source_time, source_seq, read_order, run_id, row_no, deleted, stale, payload, recorded_at)
			SELECT id, version + CAST(? AS bigint), hash, source_time, source_seq, read_order, run_id, row_no, deleted, FALSE, payload, CAST(? AS bigint) FROM source_record WHERE `+cond,
			append([]any{shift, Micros(b.tx.Now)}, args...)...)
		return err
	})
}

// insert numbers new records and writes them, in one order for all transactions.
func (b *recordBatch) insert(ctx context.Context, rows [][]any) error {
	slices.SortFunc(rows, func(x, y []any) int {
		return cmp.Or(cmp.Compare(x[1].(string), y[1].(string)), cmp.Compare(x[2].(string), y[2].(string)), cmp.Compare(x[3].(string), y[3].(string)))
	})
	ids, err := b.tx.d.newIDs(ctx, b.tx, "source_record", len(rows))
	if err != nil {
		return fmt.Errorf("number new records: %w", err)
	}
	for i, r := range rows {
		r[0] = ids[i]
		b.states[recordID{canonical.Entity(r[1].(string)), canonical.RecordKey{Source: r[2].(string), ID: r[3].(string)}}].id = ids[i]
	}
	return b.tx.raced(b.tx.bulk(ctx, "source_record", recordColumns, rows))
}

// keepPast writes the versions that never were, or within this batch no longer are, the current one. A stale version
// that was kept before, under the same order, is not kept twice.
func (b *recordBatch) keepPast(ctx context.Context, seal func(*Record) ([]byte, error)) error {
	var rows [][]any
	for _, id := range b.order {
		s := b.states[id]
		for _, p := range s.past {
			payload, err := seal(p.record)
			if err != nil {
				return err
			}
			o := orderOf(p.record)
			if p.stale && s.fromDB {
				var known int
				err := b.tx.get(ctx, &known, `SELECT COUNT(*) FROM record_version WHERE record_id = ? AND hash = ? AND source_time = ? AND source_seq = ?`,
					s.id, p.hash, o.time, o.seq)
				if err != nil {
					return err
				}
				if known > 0 && o.own() {
					continue
				}
			}
			rows = append(rows, []any{s.id, p.version, p.hash, o.time, o.seq, o.read, p.record.Run, p.record.Row, p.record.Deleted, p.stale, payload, Micros(b.tx.Now)})
		}
	}
	return b.tx.bulk(ctx, "record_version", versionColumns, rows)
}

func unique[T comparable](in []T) []T {
	seen := make(map[T]bool, len(in))
	out := in[:0]
	for _, v := range in {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}
