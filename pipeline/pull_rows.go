package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"io"
	"strconv"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/epcis"
	"tributary/internal/errs"
	"tributary/mapping"
	"tributary/store"
)

// pulledRows turns the batches of a source into units. One goroutine makes all calls of the source (fetch), which are
// serial, another one maps what it brought (next).
type pulledRows struct {
	p        *pullIngest
	drift    *driftWatch
	fetched  chan fetched
	queue    []*unit
	page     int
	seed     maphash.Seed
	seen     map[uint64]struct{} // hashes of the keys of this run; two keys that share one hide a delete, never make one
	complete bool                // the run has shown every key the source has
	shown    *connectors.Days    // the run shows every row of these days, as its last batch said
	blind    bool                // a row could not be read as far as its key
	acked    *json.RawMessage
	parties  map[string]store.Party
	read     int64
	bad      int64
	rules    map[string]int64 // bad rows by what is wrong
}

// fetched is what a call of the source brought.
type fetched struct {
	batch connectors.Batch
	err   error
}

func newPulledRows(p *pullIngest, drift *driftWatch) *pulledRows {
	return &pulledRows{p: p, drift: drift, fetched: make(chan fetched), seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}, parties: map[string]store.Party{}, rules: map[string]int64{}}
}

func (r *pulledRows) saw(key string) bool {
	_, ok := r.seen[maphash.String(r.seed, key)]
	return ok
}

// fetch reads one batch ahead of next, until an error or the end of the run. Invariant 2: the source hears Ack only for
// positions that are committed.
func (r *pulledRows) fetch(ctx context.Context) error {
	for {
		var f fetched
		if f.err = r.ack(ctx); f.err == nil {
			f.batch, f.err = r.p.src.Read(ctx)
		}
		select {
		case r.fetched <- f:
		case <-ctx.Done():
			return ctx.Err()
		}
		if f.err != nil {
			return nil // next tells it, behind the rows that came before
		}
	}
}

// next returns the next unit.
func (r *pulledRows) next(ctx context.Context) (*unit, error) {
	for len(r.queue) == 0 {
		if err := r.tooManyBad(); err != nil {
			return nil, err
		}
		var batch connectors.Batch
		select {
		case f := <-r.fetched:
			if f.err == nil || f.err == io.EOF {
				if err := r.answered(ctx); err != nil {
					return nil, err
				}
			}
			if f.err != nil {
				return nil, f.err
			}
			batch = f.batch
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if len(batch.Position) > connectors.MaxPosition {
			return nil, errPosition
		}
		if err := r.drift.page(batch.Rows); err != nil {
			return nil, err
		}
		r.shown = batch.Shown
		if err := r.cut(ctx, batch); err != nil {
			return nil, err
		}
		r.complete = r.complete || batch.SnapshotEnd
		r.blind = r.blind || len(batch.Bad) > 0
		r.page++
	}
	u := r.queue[0]
	r.queue = r.queue[1:]
	return u, nil
}

// answered tells, once, that the source answers.
func (r *pulledRows) answered(ctx context.Context) error {
	tell := r.p.req.Answered
	if r.p.req.Answered = nil; tell == nil {
		return nil
	}
	return tell(ctx)
}

// tooManyBad stops a run whose map or source has gone wrong as a whole, before it fills the quarantine. What was read is
// stored or in quarantine, so the next run goes on behind it.
func (r *pulledRows) tooManyBad() error {
	share, most := r.p.req.MaxBad, r.p.req.MaxBadRows
	limit := strconv.FormatFloat(100*share, 'f', -1, 64) + " %"
	switch {
	case most > 0 && r.bad > int64(most):
		limit = strconv.Itoa(most)
	case share <= 0 || share >= 1 || r.read < badFloor || float64(r.bad) <= share*float64(r.read):
		return nil
	}
	var common string
	for rule, n := range r.rules {
		if n > r.rules[common] || n == r.rules[common] && rule < common {
			common = rule
		}
	}
	return errs.New(errs.Invalid, "ingest.too_many_bad", errs.Args{"bad": r.bad, "read": r.read, "limit": limit,
		"rule": common, "connection": r.p.req.Connection, "stream": r.p.req.Stream.Name})
}

func (r *pulledRows) ack(ctx context.Context) error {
	position := r.p.committed.Load()
	if position == nil || position == r.acked || r.p.req.Window != nil {
		return nil
	}
	if err := r.p.src.Ack(ctx, *position); err != nil {
		return fmt.Errorf("acknowledge at the source: %w", err)
	}
	r.acked = position
	return nil
}

// cut makes units of a batch; its position is committed with the last of them.
func (r *pulledRows) cut(ctx context.Context, b connectors.Batch) error {
	u := &unit{}
	r.read += int64(len(b.Bad) + len(b.Rows))
	for _, bad := range b.Bad {
		u.read++
		r.quarantine(u, &connectors.Row{Number: bad.Number}, "", bad.Raw, []canonical.Issue{bad.Issue}, r.p.req.Stream.Personal)
	}
	for i := range b.Rows {
		if doc := b.Rows[i].Document; u.read >= r.p.size.Load() && (doc == "" || doc != b.Rows[i-1].Document) {
			r.queue = append(r.queue, u)
			u = &unit{}
		}
		u.read++
		if err := r.add(ctx, u, &b.Rows[i], rawOf(&b, &b.Rows[i])); err != nil {
			return err
		}
	}
	if r.p.req.Window == nil {
		u.position = b.Position
	}
	r.queue = append(r.queue, u)
	return nil
}

// rawOf is the row as received; a row without a place of its own in the page is kept by its fields.
func rawOf(b *connectors.Batch, row *connectors.Row) []byte {
	if row.RawLen > 0 && row.RawOff >= 0 && row.RawOff+row.RawLen <= len(b.Raw) {
		return b.Raw[row.RawOff : row.RawOff+row.RawLen]
	}
	raw, err := json.Marshal(row.Fields)
	if err != nil { // fields come from a decoder; what cannot be rendered again is kept as the page
		return b.Raw
	}
	return raw
}

func (r *pulledRows) add(ctx context.Context, u *unit, row *connectors.Row, raw []byte) error {
	info := &r.p.req.Stream
	if row.Key != "" {
		r.seen[maphash.String(r.seed, row.Key)] = struct{}{}
	}
	doc := r.document(u, row)
	if takesBack(row) {
		doc.deletes++
		return nil
	}
	var res mapping.Result
	if row.Op == connectors.Delete && len(row.Fields) == 0 {
		res = mapping.Result{Key: row.Key, Deleted: true}
	} else {
		res = r.p.req.Map.Apply(row.Fields)
	}
	if row.Op == connectors.Delete {
		res.Deleted = true
	}
	switch {
	case res.Filtered:
		u.filtered++
		return nil
	case info.Ledger != "":
		return r.addFlow(ctx, u, row, raw, res, doc)
	case info.Entity == canonical.EntityEvent:
		r.addEvent(u, row, raw, res, doc)
		return nil
	}
	if res.Key == "" {
		res.Key = row.Key
	}
	if res.Deleted && res.Key != "" {
		res.Issues = nil // only the key counts
	}
	record, personal, err := recordOf(res, info.Entity, r.p.req.Connection)
	personal = personal || info.Personal && !res.Deleted
	if len(res.Issues) > 0 || err != nil {
		r.quarantine(u, row, res.Key, raw, orInternal(res.Issues, err), personal)
		return nil
	}
	if record.SourceTime.IsZero() {
		record.SourceTime = row.SourceTime
	}
	record.SourceSeq, record.Stream, record.Trust, record.Row = row.SourceSeq, info.Name, r.p.req.Trust, row.Number
	record.ReadOrder = readOrder(r.p.run.StartedAt, r.page, row.Number)
	if record.Personal {
		u.personal = append(u.personal, personalRow{len(u.records), raw})
	} else if !personal {
		u.raw = append(u.raw, store.RawRow{Number: row.Number, Data: raw})
	}
	u.records = append(u.records, record)
	return nil
}

// document is the document of a row in its unit; nil when it has none.
func (r *pulledRows) document(u *unit, row *connectors.Row) *document {
	if row.Document == "" {
		return nil
	}
	return u.document(row.Document, r.p.req.Stream.Ledger)
}

// addEvent takes an event. A row of a document stands as long as the document has it.
func (r *pulledRows) addEvent(u *unit, row *connectors.Row, raw []byte, res mapping.Result, doc *document) {
	at := row.SourceTime
	if !res.SourceTime.IsZero() {
		at = res.SourceTime
	}
	event, own, issues := (*epcis.Event)(nil), false, res.Issues
	if len(issues) == 0 {
		event, own, issues = r.p.takeEvent(res.Value, res.Deleted, at)
	}
	switch {
	case len(issues) > 0:
		r.quarantine(u, row, row.Key, raw, issues, false)
		if doc != nil {
			doc.part = true
		}
		return
	case own:
		u.own++
		return
	}
	u.raw = append(u.raw, store.RawRow{Number: row.Number, Data: raw})
	u.events = append(u.events, eventRow{store.EventRow{Event: event, Stands: doc != nil}, r.quarantined(row, row.Key, raw, nil, false)})
	if doc != nil {
		doc.refs = append(doc.refs, event.ID)
	}
}

func (r *pulledRows) addFlow(ctx context.Context, u *unit, row *connectors.Row, raw []byte, res mapping.Result, doc *document) error {
	u.raw = append(u.raw, store.RawRow{Number: row.Number, Data: raw})
	party, err := r.party(ctx, row)
	if err != nil {
		return err
	}
	line, ok := res.Value.(*canonical.FlowLine)
	if len(res.Issues) > 0 || !ok || line == nil {
		issues := res.Issues
		if len(issues) == 0 {
			issues = []canonical.Issue{canonical.Required("doc_no")} // a deleted row that does not say which line it was
		}
		r.quarantineOnly(u, row, row.Key, raw, issues, false)
		u.bad[len(u.bad)-1].Party = party.Key
		if doc != nil {
			doc.part = true
		}
		return nil
	}
	out := store.FlowRow{Line: *line, Number: row.Number, Deleted: res.Deleted, Version: r.version(row, res)}
	out.ID = pulledIdentity(party.Key, r.p.req.Stream.Ledger, line, row.Key)
	out.Hash = store.HashLine(line)
	if (r.p.req.Stream.DeletesByKey() || r.shown != nil) && row.Document == "" {
		out.Key = row.Key
	}
	u.addFlow(party, &out)
	if doc != nil && !res.Deleted {
		doc.refs = append(doc.refs, out.ID.String())
	}
	return nil
}

// pulledIdentity is the identity of a row that has a key of its own: where the row has no document number or no row id,
// the key stands in, so that equal rows stay apart and the same row is known again.
func pulledIdentity(party string, ledger canonical.Ledger, line *canonical.FlowLine, key string) canonical.ID {
	own := *line
	if own.SourceRow == "" {
		own.SourceRow = key
	}
	if own.DocNo == "" {
		own.DocNo = "key:" + key
	}
	id, _, _ := mapping.NewIdentity(party, ledger).Of(&own)
	return id
}

// version orders versions of a pulled line as those of records: the source's time and sequence, then read order.
func (r *pulledRows) version(row *connectors.Row, res mapping.Result) string {
	at := row.SourceTime
	if !res.SourceTime.IsZero() {
		at = res.SourceTime
	}
	return fmt.Sprintf("%016x|%s|%s", store.Micros(at), row.SourceSeq, readOrder(r.p.run.StartedAt, r.page, row.Number))
}

// party is who reports the row.
func (r *pulledRows) party(ctx context.Context, row *connectors.Row) (store.Party, error) {
	field := r.p.req.Stream.Party
	if field == "" {
		return r.p.req.Party, nil
	}
	text, ok := row.Fields[field].(string)
	if n, isNumber := row.Fields[field].(json.Number); isNumber {
		text, ok = n.String(), true
	}
	if !ok || text == "" {
		return r.p.req.Party, nil
	}
	if p, known := r.parties[text]; known {
		return p, nil
	}
	p, err := r.p.db.PartyByID(ctx, r.p.req.Connection, text)
	r.parties[text] = p
	return p, err
}

func (r *pulledRows) quarantine(u *unit, row *connectors.Row, key string, raw []byte, issues []canonical.Issue, personal bool) {
	if !personal {
		u.raw = append(u.raw, store.RawRow{Number: row.Number, Data: raw})
	}
	r.quarantineOnly(u, row, key, raw, issues, personal)
}

// quarantineOnly names a bad row by its key and content: a source that sends it again and again has it in quarantine
// once.
func (r *pulledRows) quarantineOnly(u *unit, row *connectors.Row, key string, raw []byte, issues []canonical.Issue, personal bool) {
	r.bad++
	r.rules[issues[0].Field+": "+issues[0].Rule]++
	u.bad = append(u.bad, r.quarantined(row, key, raw, issues, personal))
}

func (r *pulledRows) quarantined(row *connectors.Row, key string, raw []byte, issues []canonical.Issue, personal bool) store.Quarantined {
	req := &r.p.req
	place := "key:" + key
	if key == "" {
		place = "row:" + strconv.Itoa(row.Number)
	}
	q := store.Quarantined{
		ID:     store.QuarantineID(req.Connection, req.Stream.Name, r.p.run.Party, place, raw),
		Source: req.Connection, Stream: req.Stream.Name, Party: r.p.run.Party, Row: row.Number, Issues: issues, Raw: raw, Personal: personal,
		Owner: canonical.RecordKey{Source: req.Connection, ID: key},
		Retry: store.Retry{Map: req.MapText, Codes: req.Connection, Fields: row.Fields, Key: key, Time: row.SourceTime,
			Version: r.version(row, mapping.Result{}), Document: row.Document},
	}
	if key == "" {
		q.Owner.ID = "quarantine:" + q.ID.String()
	}
	return q
}
