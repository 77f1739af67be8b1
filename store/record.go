package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// Record is one version of what a source calls one thing (rule 6.1).
type Record struct {
	Entity     canonical.Entity
	Source, ID string
	Stream     string                 // that brings it; of a mention: the source whose ids its codes may be
	Kind       canonical.CustomerKind // "" for entities other than customer
	Trust      int                    // rank of the source; 0 = mention
	Payload    []byte                 // canonical JSON; ignored when Deleted
	Value      any                    // pointer to what Payload says, where the caller has it: it is not decoded again; may be nil
	Personal   bool                   // seal the payload
	Deleted    bool                   //
	MergedInto string                 // of a deleted customer: what its source calls the record that took it in; "" = none
	SourceTime time.Time              // the source's own time of the version; zero when it has none
	SourceSeq  string                 // the source's own order within equal times, compared as text
	ReadOrder  string                 // run start, page, row as sortable text
	Run        canonical.ID           //
	Row        int                    //
}

// Key names the source record.
func (r *Record) Key() canonical.RecordKey { return canonical.RecordKey{Source: r.Source, ID: r.ID} }

// Outcome says what became of a row.
type Outcome uint8

// Outcomes.
const (
	Stored     Outcome = iota + 1 // it is the current version now
	Unchanged                     // equal to the current version
	Stale                         // older than the current version: kept as history only
	Suppressed                    // its person was erased: nothing is kept
	Clash                         // other content has its id already: nothing is kept
	Declared                      // it was stored before, and is declared wrong now
)

// PutResult is the outcome for one record and its number; 0 when nothing is stored.
type PutResult struct {
	Outcome Outcome
	Record  int64
	From    string // the stream that had brought it, where it was there and is of another stream from now on
}

// ErrRaced says that another transaction wrote the same key meanwhile: run the unit of work again.
var ErrRaced = errors.New("another transaction wrote the same record")

// PutRecords brings versions of source records in, in their order, and keeps what follows from them in the same
// transaction: product, lot and alias tables, their events, dirty marks. Several versions of one key may come in one call.
func (tx *Tx) PutRecords(ctx context.Context, records []Record) ([]PutResult, error) {
	b := recordBatch{tx: tx, states: make(map[recordID]*recordState, len(records))}
	if err := b.load(ctx, records); err != nil {
		return nil, fmt.Errorf("read current records: %w", err)
	}
	out := make([]PutResult, len(records))
	for i := range records {
		out[i] = b.put(&records[i])
	}
	if err := b.write(ctx); err != nil {
		return nil, fmt.Errorf("write records: %w", err)
	}
	for i := range records {
		if s := b.states[idOf(&records[i])]; s != nil && out[i].Outcome != Suppressed {
			out[i].Record = s.id
		}
	}
	return out, nil
}

type recordID struct {
	entity canonical.Entity
	canonical.RecordKey
}

func idOf(r *Record) recordID { return recordID{r.Entity, r.Key()} }

// recordState is a source record while a batch passes over it.
type recordState struct {
	id         int64
	version    int64 // of the current version; 0 = none yet
	hash       []byte
	order      versionOrder
	fromDB     bool
	next       *Record // the version to write; nil = the stored one stays current
	living     bool    // and was not deleted
	stream     string  // that brought it last
	moved      bool    // from one stream to another
	renumbered bool    // a stale version took the current number
	stored     int64   // number of the stored version
	kept       int64   // number under which the stored version is kept when another takes its place
	reordered  bool    // the current content was confirmed at a later time
	retimed    bool    // by the source's own time, which survivorship goes by; never a mention
	past       []pastVersion
}

type pastVersion struct {
	record  *Record
	hash    []byte
	version int64
	stale   bool
}

// versionOrder decides which of two versions is newer: by the source's time, then its sequence, then by read order.
type versionOrder struct {
	time int64
	seq  string
	read string
}

func orderOf(r *Record) versionOrder {
	return versionOrder{Micros(r.SourceTime), r.SourceSeq, r.ReadOrder}
}

func (o versionOrder) compare(p versionOrder) int {
	if o.time != 0 && p.time != 0 && o.time != p.time {
		return cmp.Compare(o.time, p.time)
	}
	if o.seq != "" && p.seq != "" && o.seq != p.seq {
		return cmp.Compare(o.seq, p.seq)
	}
	return cmp.Compare(o.read, p.read)
}

// own reports whether the source itself orders its versions.
func (o versionOrder) own() bool { return o.time != 0 || o.seq != "" }

type recordBatch struct {
	tx         *Tx
	states     map[recordID]*recordState
	suppressed map[canonical.RecordKey]bool
	order      []recordID // first seen first, so that what is written does not depend on map order
}

func (b *recordBatch) load(ctx context.Context, records []Record) (err error) {
	keys := make([]canonical.RecordKey, 0, len(records))
	groups := map[[2]string][]string{}
	for i := range records {
		id := idOf(&records[i])
		if _, seen := b.states[id]; seen {
			continue
		}
		b.states[id] = &recordState{}
		b.order = append(b.order, id)
		keys = append(keys, id.RecordKey)
		g := [2]string{string(id.entity), id.Source}
		groups[g] = append(groups[g], id.ID)
	}
	if b.suppressed, err = b.tx.suppressedKeys(ctx, keys); err != nil {
		return err
	}
	for g, ids := range groups {
		err := inChunks(ids, func(part []string) error {
			cond, args := anyOf(b.tx.querier, "source_id", part)
			query := `SELECT id, source_id, stream, NOT deleted, version, hash, source_time, source_seq, read_order FROM source_record
				WHERE entity = ? AND source = ? AND ` + cond + b.tx.forUpdate("id")
			return b.tx.each(ctx, query, append([]any{g[0], g[1]}, args...), func(rows *sqlx.Rows) error {
				s := recordState{fromDB: true}
				var id string
				if err := rows.Scan(&s.id, &id, &s.stream, &s.living, &s.version, &s.hash, &s.order.time, &s.order.seq, &s.order.read); err != nil {
					return err
				}
				s.stored = s.version
				*b.states[recordID{canonical.Entity(g[0]), canonical.RecordKey{Source: g[1], ID: id}}] = s
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forUpdate locks the rows read, in one order for all transactions. SQLite has one writer, which holds the lock already.
func (tx *Tx) forUpdate(order string) string {
	if tx.db.Dialect() == "postgres" {
		return " ORDER BY " + order + " FOR UPDATE"
	}
	return ""
}

// put takes a version, and makes the record one of the stream that brings it.
func (b *recordBatch) put(r *Record) (out PutResult) {
	s := b.states[idOf(r)]
	there := s.living
	out.Outcome = b.take(r)
	if out.Outcome != Stored && out.Outcome != Unchanged {
		return out
	}
	if s.living = !r.Deleted; !s.living || r.Trust == 0 || r.Stream == s.stream { // mentions have no streams
		return out
	}
	if s.moved = s.fromDB; there {
		out.From = s.stream
	}
	s.stream = r.Stream
	return out
}

// take decides what a version is against the current one. Rule 6.1.
func (b *recordBatch) take(r *Record) Outcome {
	if b.suppressed[r.Key()] {
		return Suppressed
	}
	s, hash, order := b.states[idOf(r)], b.tx.hashRecord(r), orderOf(r)
	if s.version == 0 {
		s.version, s.hash, s.order, s.next, s.stream = 1, hash, order, r, r.Stream
		return Stored
	}
	newer := order.compare(s.order) > 0
	switch {
	case bytes.Equal(hash, s.hash):
		if newer && order.own() {
			if r.Entity == canonical.EntityCustomer && order.time != s.order.time && !r.Deleted && !r.Key().Mention() {
				s.version++ // a resolver that has read the record with its former time must not take it for done
				s.retimed = true
			}
			s.order, s.reordered = order, true
		}
		return Unchanged
	case !newer:
		s.past = append(s.past, pastVersion{r, hash, s.version, true})
		s.version++
		s.renumbered = true
		return Stale
	}
	if s.next == nil {
		s.kept = s.version
	} else {
		s.past = append(s.past, pastVersion{s.next, s.hash, s.version, false})
	}
	s.version, s.hash, s.order, s.next = s.version+1, hash, order, r
	return Stored
}

// hashRecord tells contents apart. Of a person it is a keyed hash, so that nobody can test guesses against it.
func (tx *Tx) hashRecord(r *Record) []byte {
	switch {
	case r.Deleted && r.MergedInto != "":
		h := sha256.Sum256([]byte(r.MergedInto))
		return append([]byte("merged "), h[:9]...)
	case r.Deleted:
		return []byte("deleted")
	case r.Personal:
		return tx.db.ring.Hash(string(r.Payload))[:16]
	}
	h := sha256.Sum256(r.Payload)
	return h[:16]
}
