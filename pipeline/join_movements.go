package pipeline

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"time"

	"tributary/canonical"
	"tributary/events"
	"tributary/store"
	"tributary/trace/flow"
)

// movementChange ends the stored version of a movement, begins another, or both.
type movementChange struct {
	old *store.StoredMovement // nil: there was none, or it had ended
	now *store.StoredMovement // nil: it ends
	by  canonical.ID          // the movement that took its row
	op  events.Op
	at  int64 // entityversion
}

// changes compares what the rows say with what is stored.
func (j *joining) changes(ctx context.Context) ([]unitOfWork, error) {
	now := map[canonical.ID]canonical.Movement{}
	evidence := map[canonical.ID]canonical.ID{} // row → the movement that it is further evidence of
	for _, lines := range j.lines {
		for _, m := range flow.Join(lines, j.options) {
			now[m.ID] = m
			if m.SellerLine == m.ID && !m.BuyerLine.IsZero() {
				for _, id := range append([]canonical.ID{m.BuyerLine}, m.MoreLines...) {
					if by, ok := evidence[id]; !ok || compareIDs(m.ID, by) < 0 {
						evidence[id] = m.ID
					}
				}
			}
		}
	}
	slices.SortFunc(j.ids, compareIDs)
	stored, err := j.db.MovementsByID(ctx, j.ids)
	if err != nil {
		return nil, err
	}
	var list []movementChange
	for _, id := range j.ids {
		if c, ok := j.changeOf(id, stored[id], now, evidence); ok {
			list = append(list, c)
		}
	}
	names, err := j.names(ctx, list)
	if err != nil {
		return nil, err
	}
	var units []unitOfWork
	for part := range slices.Chunk(list, 500) {
		units = append(units, unitOfWork{rows: 3 * len(part), write: func(ctx context.Context, tx *store.Tx) error { return j.putMovements(ctx, tx, part, names) }})
	}
	stock, err := j.stockChanges(ctx, names)
	return append(units, stock...), err
}

// told reports whether what was said at a time named the record's present golden id: an event names golden ids, so what
// concerns a mention that moved since is told again.
func (j *joining) told(record, at int64) bool {
	p := j.parties[record]
	return p == nil || p.Since <= at
}

func (j *joining) changeOf(id canonical.ID, stored *store.StoredMovement, now map[canonical.ID]canonical.Movement, evidence map[canonical.ID]canonical.ID) (movementChange, bool) {
	m, exists := now[id]
	c := movementChange{op: events.Created, at: 1}
	if stored != nil {
		c.op, c.at = events.Updated, stored.Version+1
		if stored.Open {
			c.old = stored
		}
	}
	switch {
	case exists && c.old != nil && reflect.DeepEqual(c.old.Movement, m) && j.told(m.Seller, c.old.KnownFrom) && j.told(m.Buyer, c.old.KnownFrom):
		return c, false
	case exists:
		c.now = &store.StoredMovement{Movement: m, Version: c.at}
		if stored != nil {
			c.now.KnownFrom = stored.KnownFrom
		}
	case c.old == nil:
		return c, false
	default:
		c.op = events.Voided
		if by, taken := evidence[id]; taken {
			c.op, c.by = events.Superseded, by
		}
	}
	return c, true
}

func (j *joining) putMovements(ctx context.Context, tx *store.Tx, list []movementChange, names *flowNames) error {
	var closed []store.ClosedMovement
	var opened []store.StoredMovement
	evs := make([]events.Event, 0, len(list))
	for _, c := range list {
		value := c.old
		if c.old != nil {
			end := store.ClosedMovement{ID: c.old.ID, By: c.by, KnownFrom: c.old.KnownFrom, Version: c.old.Version}
			if c.now == nil {
				end.Version = c.at
			}
			closed = append(closed, end)
		}
		if c.now != nil {
			opened = append(opened, *c.now)
			value = c.now
		}
		v := names.movement(&value.Movement)
		v.SupersededBy = c.by
		evs = append(evs, events.Movement(events.Meta{Op: c.op, Version: c.at, Time: tx.Now}, v))
	}
	if err := tx.PutMovements(ctx, closed, opened); err != nil {
		return err
	}
	j.report.Closed += int64(len(closed))
	j.report.Opened += int64(len(opened))
	return tx.AppendEvents(ctx, evs)
}

// flowNames is what events call parties and products.
type flowNames struct {
	parties  map[int64]*store.FlowParty
	codes    map[canonical.ID]string
	products map[int64]flow.SKU
}

func (j *joining) names(ctx context.Context, list []movementChange) (*flowNames, error) {
	products, missing := map[int64]bool{}, map[int64]bool{}
	for k := range j.pairs {
		products[k.product] = true
	}
	for _, c := range list {
		for _, m := range []*store.StoredMovement{c.old, c.now} {
			if m == nil {
				continue
			}
			products[m.Product] = true
			for _, record := range []int64{m.Seller, m.Buyer} {
				if record != 0 && j.parties[record] == nil {
					missing[record] = true
				}
			}
		}
	}
	n := &flowNames{parties: maps.Clone(j.parties)}
	more, err := j.db.FlowParties(ctx, slices.Sorted(maps.Keys(missing)))
	if err != nil {
		return nil, err
	}
	maps.Copy(n.parties, more)
	goldens := map[canonical.ID]bool{}
	for _, p := range n.parties {
		if !p.Golden.IsZero() {
			goldens[p.Golden] = true
		}
	}
	if n.codes, err = j.db.GoldenCodes(ctx, slices.SortedFunc(maps.Keys(goldens), compareIDs)); err != nil {
		return nil, err
	}
	n.products, err = j.db.Products(ctx, slices.Sorted(maps.Keys(products)))
	return n, err
}

func (n *flowNames) party(record int64) events.Party {
	p := n.parties[record]
	if p == nil {
		return events.Party{}
	}
	out := events.Party{Source: p.Key.Source, SourceID: p.Key.ID}
	if !p.Golden.IsZero() {
		out.GoldenID, out.Code = &p.Golden, n.codes[p.Golden]
	}
	return out
}

func (n *flowNames) movement(m *canonical.Movement) events.MovementValue {
	sku := n.products[m.Product]
	v := events.MovementValue{
		MovementID: m.ID, Seller: n.party(m.Seller), Product: sku.Code, Lot: m.Lot, LotAdopted: m.LotAdopted, Quantity: m.Quantity, Unit: sku.Unit,
		Date: m.Date, Kind: m.Kind, Grade: m.Grade, Match: m.Match, Difference: m.Difference, DocNo: m.DocNo,
	}
	if m.Buyer != 0 {
		buyer := n.party(m.Buyer)
		v.Buyer = &buyer
	}
	for _, id := range append([]canonical.ID{m.SellerLine, m.BuyerLine}, m.MoreLines...) {
		if !id.IsZero() {
			v.Evidence = append(v.Evidence, id)
		}
	}
	return v
}

// stockSlot is one figure of a stock report.
type stockSlot struct {
	lot  string
	date canonical.Date
	kind canonical.FlowKind
}

// stockBook is what is stored of one party, product and lot.
type stockBook struct {
	open    map[stockSlot]store.StoredStock
	known   map[stockSlot]int64 // when the last version of a slot began
	version int64
}

type bookKey struct {
	stockKey
	lot string
}

// stockChanges compares stock positions, lot by lot, with what the reports say.
func (j *joining) stockChanges(ctx context.Context, names *flowNames) ([]unitOfWork, error) {
	books := map[bookKey]*stockBook{}
	book := func(k bookKey) *stockBook {
		if books[k] == nil {
			books[k] = &stockBook{open: map[stockSlot]store.StoredStock{}, known: map[stockSlot]int64{}}
		}
		return books[k]
	}
	var of [][2]int64
	for k, slots := range j.stock {
		of = append(of, [2]int64{k.party, k.product})
		for slot := range slots {
			book(bookKey{k, slot.lot})
		}
	}
	slices.SortFunc(of, func(a, b [2]int64) int { return slices.Compare(a[:], b[:]) })
	err := j.db.StockOf(ctx, of, func(s store.StoredStock) {
		b, slot := book(bookKey{stockKey{s.Party, s.Product}, s.Lot}), stockSlot{s.Lot, s.Date, s.Kind}
		b.version, b.known[slot] = max(b.version, s.Version), s.KnownFrom
		if s.Open {
			b.open[slot] = s
		}
	})
	if err != nil {
		return nil, err
	}
	var units []unitOfWork
	for k, b := range books {
		if u, changed := j.stockUnit(k, b, names); changed {
			units = append(units, u)
		}
	}
	return units, nil
}

func (j *joining) stockUnit(k bookKey, b *stockBook, names *flowNames) (unitOfWork, bool) {
	var closed, opened []store.StoredStock
	wanted := map[stockSlot]canonical.Quantity{}
	for slot, q := range j.stock[k.stockKey] {
		if slot.lot != k.lot {
			continue
		}
		wanted[slot] = q
		if have, ok := b.open[slot]; ok && have.Quantity == q && j.told(k.party, have.KnownFrom) {
			continue
		}
		opened = append(opened, store.StoredStock{
			StockPosition: canonical.StockPosition{Party: k.party, Product: k.product, Lot: k.lot, Date: slot.date, Kind: slot.kind, Quantity: q},
			KnownFrom:     b.known[slot], Version: b.version + 1,
		})
	}
	for slot, have := range b.open {
		if q, ok := wanted[slot]; !ok || q != have.Quantity || !j.told(k.party, have.KnownFrom) {
			have.Version = b.version + 1
			closed = append(closed, have)
		}
	}
	if len(closed)+len(opened) == 0 {
		return unitOfWork{}, false
	}
	return unitOfWork{rows: len(closed) + len(opened) + 1, write: func(ctx context.Context, tx *store.Tx) error {
		if err := tx.PutStock(ctx, closed, opened); err != nil {
			return err
		}
		j.report.Stock += int64(len(closed) + len(opened))
		return tx.AppendEvents(ctx, []events.Event{stockEvent(k, b.version+1, wanted, names, tx.Now)})
	}}, true
}

// stockEvent tells the last report of a lot, or that none is left.
func stockEvent(k bookKey, version int64, slots map[stockSlot]canonical.Quantity, names *flowNames, now time.Time) events.Event {
	meta := events.Meta{Op: events.Updated, Version: version, Time: now}
	if version == 1 {
		meta.Op = events.Created
	}
	sku := names.products[k.product]
	v := events.StockValue{Party: names.party(k.party), Product: sku.Code, Lot: k.lot, Unit: sku.Unit}
	for slot := range slots {
		v.Date = max(v.Date, slot.date)
	}
	for slot, q := range slots {
		if slot.date != v.Date {
			continue
		}
		switch slot.kind {
		case canonical.Quarantined:
			v.Quarantined = q
		case canonical.InTransit:
			v.InTransit = q
		default:
			v.Available = q
		}
	}
	if len(slots) == 0 {
		return events.StockGone(meta, canonical.RecordKey{Source: v.Party.Source, ID: v.Party.SourceID}, v.Product, v.Lot)
	}
	return events.Stock(meta, v)
}
