package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// FlowSink takes in the ledgers of one reporting party. It remembers the mentions it met, so that a million rows cost
// few look-ups; the memory is bounded. One goroutine uses it, under the lease of the party's ledgers. When a transaction
// it wrote to fails, call Reset before the next.
type FlowSink struct {
	party    int64
	source   string // of the mentions
	codes    string // the source whose ids the partners' codes may be
	mentions map[canonical.PartyMention]*mention
	products map[canonical.ProductMention]*productRef
	replaced map[ledgerMonth]string
	from, to canonical.Date // business dates of the lines that changed
	first    firstFill
	booked   Booked // of the transaction under way
}

type ledgerMonth struct {
	ledger int
	month  string
}

// NewFlowSink makes a sink for a party by its key; codes is the source whose ids the partners' codes may be. It must be
// bound before use.
func NewFlowSink(key, codes string) *FlowSink {
	f := &FlowSink{source: canonical.FlowSource(key), codes: codes}
	f.Forget()
	return f
}

// Bind tells the sink the record number of its party (EnsureParty).
func (f *FlowSink) Bind(record int64) { f.party = record }

// Bound reports whether the sink knows its party's record.
func (f *FlowSink) Bound() bool { return f.party != 0 }

// Reset forgets every number it learned, as a transaction that failed may have made some of them; it is to be bound
// again. What the rows of this run said stays.
func (f *FlowSink) Reset() {
	f.first.give()
	f.party, f.products, f.replaced, f.booked = 0, map[canonical.ProductMention]*productRef{}, nil, nil
	for _, m := range f.mentions {
		m.id, m.kept, m.keptVer = 0, canonical.NoDate, ""
	}
}

// Forget empties the memory of mentions. Flush them before.
func (f *FlowSink) Forget() {
	f.mentions, f.products, f.replaced = map[canonical.PartyMention]*mention{}, map[canonical.ProductMention]*productRef{}, nil
}

// Full reports whether it is time to flush the mentions and Reset, to bound memory.
func (f *FlowSink) Full() bool { return len(f.mentions)+len(f.products) > 200_000 }

// FlowBatch is what one unit of work brings in.
type FlowBatch struct {
	Rows []FlowRow
	Raw  int64 // raw_batch that holds their bytes
	Origin
}

// FlowPart is what one party brings in with a unit of work.
type FlowPart struct {
	Sink *FlowSink
	Rows []FlowRow
}

// Put is PutFlow for one party.
func (f *FlowSink) Put(ctx context.Context, tx *Tx, b FlowBatch) ([]Outcome, error) {
	return tx.PutFlow(ctx, []FlowPart{{f, b.Rows}}, b.Raw, b.Origin)
}

// PutFlow takes rows in, in their order, by rules 6.2 and CLI §3, and marks what the join must look at again. It returns
// the outcome of each row, part by part: Stored, Unchanged or Stale. The lines of all parts are read and written
// together: a chain's page has rows of a thousand stores.
func (tx *Tx) PutFlow(ctx context.Context, parts []FlowPart, raw int64, from Origin) ([]Outcome, error) {
	u := flowUnit{tx: tx, owner: map[canonical.ID]*flowWriter{}}
	for _, p := range parts {
		f := p.Sink
		b := FlowBatch{Rows: p.Rows, Raw: raw, Origin: from}
		if err := f.meet(ctx, tx, b); err != nil {
			return nil, err
		}
		if err := f.loadReplacements(ctx, tx); err != nil {
			return nil, err
		}
		if err := f.first.look(ctx, tx, f.party); err != nil {
			return nil, err
		}
		u.writers = append(u.writers, newFlowWriter(f, b))
	}
	return u.put(ctx)
}

func newFlowWriter(f *FlowSink, b FlowBatch) *flowWriter {
	return &flowWriter{f: f, batch: b, states: make(map[canonical.ID]*lineState, len(b.Rows)), dirty: map[flowGroup]bool{}}
}

// put reads the lines of the unit, decides about each row, and writes.
func (u *flowUnit) put(ctx context.Context) ([]Outcome, error) {
	numbers := make([]int64, len(u.writers))
	for i, w := range u.writers {
		numbers[i] = w.f.party
	}
	var err error
	if u.closed, err = u.tx.fixed(ctx, numbers); err != nil {
		return nil, err
	}
	if err := u.load(ctx); err != nil {
		return nil, fmt.Errorf("read current flow lines: %w", err)
	}
	var out []Outcome
	for _, w := range u.writers {
		for i := range w.batch.Rows {
			out = append(out, w.take(&w.batch.Rows[i]))
		}
	}
	if err := u.write(ctx); err != nil {
		return nil, fmt.Errorf("write flow lines: %w", err)
	}
	return out, u.hear(ctx)
}

// Meet makes rows known without taking them in: for rows that a run that was cut off has stored already.
func (f *FlowSink) Meet(ctx context.Context, tx *Tx, b FlowBatch) error {
	for i := range b.Rows {
		f.changedOn(b.Rows[i].Line.Date)
	}
	return f.meet(ctx, tx, b)
}

func (f *FlowSink) meet(ctx context.Context, tx *Tx, b FlowBatch) error {
	if err := f.mentionsOf(ctx, tx, b.Rows, b.Origin); err != nil {
		return err
	}
	if err := f.productsOf(ctx, tx, b.Rows); err != nil {
		return fmt.Errorf("store product mentions: %w", err)
	}
	return nil
}

// LineRow is the row number under which a line is stored; found is false when the line does not exist.
func (q querier) LineRow(ctx context.Context, id canonical.ID) (row int, found bool, err error) {
	err = q.get(ctx, &row, `SELECT row_no FROM flow_line WHERE row_id = ?`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return row, err == nil, err
}

func (f *FlowSink) changedOn(d canonical.Date) {
	if d.IsZero() {
		return
	}
	if f.from.IsZero() || d < f.from {
		f.from = d
	}
	f.to = max(f.to, d)
}

type flowGroup struct{ partner, product int64 }

// lineState is the current version of a line while a batch passes over it.
type lineState struct {
	hash    [16]byte
	version string
	active  bool
	date    canonical.Date
	group   flowGroup
	ledger  int
	was     lineWas  // before the batch
	stored  bool     // there is a row in the table
	next    *FlowRow // the version to write; nil = the stored content stays
	bumped  bool     // the content was confirmed by a higher version, or came back or went
}

// lineWas is what the table says of a line; the zero value when it has none.
type lineWas struct {
	active bool
	hash   [16]byte
	date   canonical.Date
}

// flowUnit reads and writes the lines of all parties of a unit of work.
type flowUnit struct {
	tx      *Tx
	writers []*flowWriter
	owner   map[canonical.ID]*flowWriter
	closed  map[int64]fixedMonths // by party
}

// flowWriter decides about the lines of one party.
type flowWriter struct {
	f      *FlowSink
	batch  FlowBatch
	states map[canonical.ID]*lineState
	order  []canonical.ID
	past   []pastLine
	dirty  map[flowGroup]bool
}

type pastLine struct {
	row   *FlowRow
	stale bool
}

func (u *flowUnit) load(ctx context.Context) error {
	var look []canonical.ID
	for _, w := range u.writers {
		for i := range w.batch.Rows {
			id := w.batch.Rows[i].ID
			if _, seen := w.states[id]; !seen {
				w.states[id] = nil
				w.order = append(w.order, id)
			}
		}
		if !w.f.first.on() {
			for _, id := range w.order {
				u.owner[id] = w
			}
			look = append(look, w.order...)
		}
	}
	return inChunks(look, func(part []canonical.ID) error {
		cond, args := anyOf(u.tx.querier, "row_id", part)
		return u.tx.each(ctx, `SELECT row_id, hash, version_key, active, biz_date, partner, product_mention, ledger FROM flow_line WHERE `+cond, args, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var hash []byte
			s := &lineState{stored: true}
			if err := rows.Scan(&id, &hash, &s.version, &s.active, &s.date, &s.group.partner, &s.group.product, &s.ledger); err != nil {
				return err
			}
			copy(s.hash[:], hash)
			s.was = lineWas{s.active, s.hash, s.date}
			u.owner[id].states[id] = s
			return nil
		})
	})
}

// take decides what a row is against the current version of its line. A line is active when its version is not below
// the version that replaced its month.
func (w *flowWriter) take(r *FlowRow) Outcome {
	s := w.states[r.ID]
	active := !r.Deleted && r.Version >= w.f.replacement(r)
	if s == nil && r.Deleted && r.Line.Date.IsZero() {
		return Unchanged // gone before it ever came, and nothing is known of it
	}
	if s == nil {
		s = &lineState{hash: r.Hash, version: r.Version, active: active, date: r.Line.Date, group: w.groupOf(r), ledger: LedgerNumber(r.Line.Ledger), next: r}
		w.states[r.ID] = s
		if !active {
			return Stale
		}
		w.mark(s)
		return Stored
	}
	same := s.hash == r.Hash
	switch {
	case r.Version <= s.version && same:
		return Unchanged
	case r.Version <= s.version:
		w.past = append(w.past, pastLine{r, true})
		return Stale
	case same && active == s.active:
		s.version, s.bumped = r.Version, true
		return Unchanged
	}
	seen := s.active || active
	if seen {
		w.mark(s)
	}
	if s.next != nil && !same && !r.Deleted {
		w.past = append(w.past, pastLine{s.next, false})
	}
	s.version, s.active = r.Version, active
	if same || r.Deleted {
		s.bumped = true // the stored content stays; a deletion need not repeat it
	} else {
		s.hash, s.date, s.group, s.next = r.Hash, r.Line.Date, w.groupOf(r), r
	}
	if !seen {
		return Stale
	}
	w.mark(s)
	return Stored
}

func (w *flowWriter) groupOf(r *FlowRow) flowGroup {
	return flowGroup{r.partner.id, r.product.id}
}

func (w *flowWriter) mark(s *lineState) {
	w.dirty[s.group] = true
	w.f.changedOn(s.date)
	if s.next != nil {
		w.f.first.twins(s)
	}
}

func (u *flowUnit) write(ctx context.Context) error {
	var insert, bump, past, fresh, again [][]any
	var replaced []canonical.ID
	for _, w := range u.writers {
		for _, id := range w.order {
			s := w.states[id]
			switch {
			case s == nil:
			case s.next != nil:
				insert = append(insert, w.lineRow(s, u.tx.Now))
				if s.stored {
					replaced = append(replaced, id)
				}
			case s.bumped:
				bump = append(bump, []any{id, s.version, s.active})
			}
		}
		rows, err := w.pastRows(u.tx.Now)
		if err != nil {
			return err
		}
		past = append(past, rows...)
		first, more := w.f.first.split(w.dirty)
		fresh = append(fresh, dirtyRows(w.f.party, first)...)
		again = append(again, dirtyRows(w.f.party, more)...)
	}
	if err := u.correct(ctx); err != nil {
		return err
	}
	if err := u.tx.keepReplaced(ctx, replaced); err != nil {
		return err
	}
	if err := u.tx.raced(u.tx.bulk(ctx, "flow_line", lineColumns, insert)); err != nil {
		return err
	}
	if err := u.tx.updateMany(ctx, "flow_line", column{"row_id", "uuid"}, []column{{"version_key", "text"}, {"active", "boolean"}}, bump); err != nil {
		return err
	}
	if err := u.tx.insertMany(ctx, "flow_line_version", pastColumns, past, "ON CONFLICT (row_id, hash, version_key) DO NOTHING"); err != nil {
		return err
	}
	if err := u.tx.raced(u.tx.bulk(ctx, "dirty_flow", dirtyColumns, fresh)); err != nil {
		return err
	}
	return u.tx.raiseMarks(ctx, again)
}

// correct books what the unit changes in closed months.
func (u *flowUnit) correct(ctx context.Context) error {
	var all []Correction
	for _, w := range u.writers {
		if closed := u.closed[w.f.party]; len(closed) > 0 {
			list, err := w.correctPut(ctx, u.tx, closed)
			if err != nil {
				return err
			}
			all = append(all, list...)
		}
	}
	return u.tx.putCorrections(ctx, all)
}

// raced turns a violated key into ErrRaced: something was stored that the unit of work took for new.
func (tx *Tx) raced(err error) error {
	if err != nil && tx.d.conflict(err) {
		return ErrRaced
	}
	return err
}

// markGroups raises the generation of dirty groups, in one order for all transactions.
func (tx *Tx) markGroups(ctx context.Context, party int64, groups map[flowGroup]bool) error {
	return tx.raiseMarks(ctx, dirtyRows(party, groups))
}

func (tx *Tx) raiseMarks(ctx context.Context, rows [][]any) error {
	slices.SortFunc(rows, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[0].(int64), b[0].(int64)), cmp.Compare(a[1].(int64), b[1].(int64)), cmp.Compare(a[2].(int64), b[2].(int64)))
	})
	return tx.insertMany(ctx, "dirty_flow", dirtyColumns, rows,
		"ON CONFLICT (party, partner, product_mention) DO UPDATE SET generation = dirty_flow.generation + 1")
}

var dirtyColumns = []string{"party", "partner", "product_mention", "generation"}

func dirtyRows(party int64, groups map[flowGroup]bool) [][]any {
	list := make([]flowGroup, 0, len(groups))
	for g := range groups {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b flowGroup) int {
		return cmp.Or(cmp.Compare(a.partner, b.partner), cmp.Compare(a.product, b.product))
	})
	rows := make([][]any, len(list))
	for i, g := range list {
		rows[i] = []any{party, g.partner, g.product, 1}
	}
	return rows
}
