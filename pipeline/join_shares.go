package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/store"
	"tributary/trace/flow"
)

// shares divides the lot-less issues of parties that are marked, and of all that got lot-less rows from them, product by
// product.
func (r *joinRun) shares(ctx context.Context) (bool, error) {
	worked := false
	for {
		marks, err := r.db.DirtyShares(ctx)
		if err != nil || len(marks) == 0 {
			return worked, err
		}
		worked = true
		if err := r.share(ctx, marks); err != nil {
			return worked, err
		}
	}
}

// sharing is the work on one product.
type sharing struct {
	*joinRun
	product  int64
	parties  map[int64]*store.FlowParty
	affected map[canonical.ID]bool // the customers whose issues are computed again
	issuers  map[canonical.ID]bool // those that issue without lots
	mentions []int64               // of the affected
	numbers  map[canonical.ID]int64
	issuedBy map[canonical.ID]int64 // movement → the mention that issued it
}

func (r *joinRun) share(ctx context.Context, marks []store.ShareMark) error {
	s := &sharing{
		joinRun: r, product: marks[0].Product, parties: map[int64]*store.FlowParty{}, affected: map[canonical.ID]bool{},
		issuers: map[canonical.ID]bool{}, numbers: map[canonical.ID]int64{}, issuedBy: map[canonical.ID]int64{},
	}
	if err := s.spread(ctx, marks); err != nil {
		return err
	}
	book, err := s.book(ctx)
	if err != nil {
		return err
	}
	want := s.stored(flow.Attribute(book, r.options))
	have, err := r.db.SharesOfParties(ctx, s.product, s.mentions)
	if err != nil {
		return err
	}
	return r.commit(ctx, shareUnits(r, have, want), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.MarkProductFindings(ctx, []int64{s.product}); err != nil {
			return err
		}
		return tx.DoneShares(ctx, marks)
	})
}

// spread finds the customers whose shares may change: the marked ones and those downstream by lot-less rows.
func (s *sharing) spread(ctx context.Context, marks []store.ShareMark) error {
	type edge struct{ from, to int64 }
	edges, records := map[edge]bool{}, map[int64]bool{}
	for _, m := range marks {
		records[m.Party] = true
	}
	err := s.db.LotlessEdges(ctx, s.product, func(m canonical.Movement) {
		edges[edge{m.From(), m.To()}] = true
		records[m.From()] = true
		if m.To() != 0 {
			records[m.To()] = true
		}
	})
	if err != nil {
		return err
	}
	if err := s.learn(ctx, records); err != nil {
		return err
	}
	next := map[canonical.ID][]canonical.ID{}
	for e := range edges {
		from := s.identity(e.from)
		s.issuers[from] = true
		if e.to != 0 {
			next[from] = append(next[from], s.identity(e.to))
		}
	}
	var queue []canonical.ID
	for _, m := range marks {
		queue = append(queue, everIdentities(s.parties[m.Party])...)
	}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		if !s.affected[id] {
			s.affected[id] = true
			queue = append(queue, next[id]...)
		}
	}
	return s.findMentions(ctx)
}

func (s *sharing) findMentions(ctx context.Context) error {
	members, err := s.db.FlowMembers(ctx, slices.SortedFunc(maps.Keys(s.affected), compareIDs))
	if err != nil {
		return err
	}
	records := map[int64]bool{}
	for i := range members {
		s.parties[members[i].Record] = &members[i]
		records[members[i].Record] = true
	}
	for record, p := range s.parties {
		if s.affected[p.Identity()] {
			records[record] = true
		}
	}
	s.mentions = slices.Sorted(maps.Keys(records))
	return nil
}

// learn reads the parties behind record numbers that are not known yet.
func (s *sharing) learn(ctx context.Context, records map[int64]bool) error {
	var list []int64
	for record := range records {
		if s.parties[record] == nil {
			list = append(list, record)
		}
	}
	slices.Sort(list)
	more, err := s.db.FlowParties(ctx, list)
	maps.Copy(s.parties, more)
	return err
}

func (s *sharing) identity(record int64) canonical.ID {
	if p := s.parties[record]; p != nil {
		return p.Identity()
	}
	return canonical.ID{}
}

// number is the party's number in the book.
func (s *sharing) number(record int64) int64 {
	if record == 0 {
		return 0
	}
	id := s.identity(record)
	if s.numbers[id] == 0 {
		s.numbers[id] = int64(len(s.numbers) + 1)
	}
	return s.numbers[id]
}

// book gathers the flow of the affected customers that issue without lots.
func (s *sharing) book(ctx context.Context) (flow.Book, error) {
	var b flow.Book
	wanted := func(record int64) bool { id := s.identity(record); return s.affected[id] && s.issuers[id] }
	var mentions []int64
	for _, record := range s.mentions {
		if wanted(record) {
			mentions = append(mentions, record)
			b.Parties = append(b.Parties, s.number(record))
		}
	}
	if len(mentions) == 0 {
		b.Parties = []int64{-1} // nobody
		return b, nil
	}
	records := map[int64]bool{}
	err := s.db.MovementsOfParties(ctx, s.product, mentions, func(m canonical.Movement) {
		b.Moves = append(b.Moves, m)
		records[m.Seller] = true
		if m.Buyer != 0 {
			records[m.Buyer] = true
		}
	})
	if err != nil {
		return b, err
	}
	if err := s.learn(ctx, records); err != nil {
		return b, err
	}
	var foreign []canonical.ID
	for i := range b.Moves {
		m := &b.Moves[i]
		if m.Lot == "" {
			s.issuedBy[m.ID] = m.From()
			if !wanted(m.From()) {
				foreign = append(foreign, m.ID)
			}
		}
		m.Seller, m.Buyer = s.number(m.Seller), s.number(m.Buyer)
	}
	known, err := s.db.SharesOfMovements(ctx, foreign)
	if err != nil {
		return b, err
	}
	for _, k := range known {
		b.Known = append(b.Known, k.Attribution)
	}
	err = s.db.CurrentStock(ctx, s.product, mentions, func(p canonical.StockPosition) {
		p.Party = s.number(p.Party)
		b.Stock = append(b.Stock, p)
	})
	if err != nil {
		return b, err
	}
	return b, s.releases(ctx, &b)
}

// releases adds the released lots when the maker itself issues without lots.
func (s *sharing) releases(ctx context.Context, b *flow.Book) error {
	company, err := s.db.CompanyRecord(ctx)
	if err != nil || company == 0 {
		return err
	}
	if err := s.learn(ctx, map[int64]bool{company: true}); err != nil {
		return err
	}
	if n := s.number(company); slices.Contains(b.Parties, n) {
		b.Origins, err = s.db.ReleasedLots(ctx, s.product, n)
	}
	return err
}

// stored gives shares, and the shortages under an empty lot, their stored form.
func (s *sharing) stored(shares flow.Shares) []store.StoredShare {
	out := make([]store.StoredShare, 0, len(shares.Attributions)+len(shares.Shortages))
	for _, a := range shares.Attributions {
		a.Product = s.product
		out = append(out, store.StoredShare{Attribution: a, Party: s.issuedBy[a.Movement]})
	}
	for _, x := range shares.Shortages {
		out = append(out, store.StoredShare{
			Attribution: canonical.Attribution{Movement: x.Movement, Product: s.product, Point: x.Quantity, High: x.Quantity}, Party: s.issuedBy[x.Movement],
		})
	}
	return out
}

func shareUnits(r *joinRun, have, want []store.StoredShare) []unitOfWork {
	type key struct {
		movement canonical.ID
		lot      string
	}
	stored := make(map[key]store.StoredShare, len(have))
	for _, s := range have {
		stored[key{s.Movement, s.Lot}] = s
	}
	var closed, opened []store.StoredShare
	for _, s := range want {
		k := key{s.Movement, s.Lot}
		old, exists := stored[k]
		delete(stored, k)
		if exists {
			s.KnownFrom = old.KnownFrom
			if s == old {
				continue
			}
			closed = append(closed, old)
		}
		opened = append(opened, s)
	}
	closed = slices.AppendSeq(closed, maps.Values(stored))
	// What is closed and opened again stands in one transaction: all shares of a movement go together.
	byMovement := map[canonical.ID]*[2][]store.StoredShare{}
	for side, list := range [2][]store.StoredShare{closed, opened} {
		for _, s := range list {
			if byMovement[s.Movement] == nil {
				byMovement[s.Movement] = &[2][]store.StoredShare{}
			}
			byMovement[s.Movement][side] = append(byMovement[s.Movement][side], s)
		}
	}
	var units []unitOfWork
	for part := range slices.Chunk(slices.SortedFunc(maps.Keys(byMovement), compareIDs), 100) {
		var closed, opened []store.StoredShare
		for _, id := range part {
			closed = append(closed, byMovement[id][0]...)
			opened = append(opened, byMovement[id][1]...)
		}
		byLot := func(a, b store.StoredShare) int {
			return cmp.Or(compareIDs(a.Movement, b.Movement), strings.Compare(a.Lot, b.Lot))
		}
		slices.SortFunc(closed, byLot)
		units = append(units, unitOfWork{rows: len(closed) + len(opened), write: func(ctx context.Context, tx *store.Tx) error {
			r.report.Shares += int64(len(closed) + len(opened))
			return tx.PutShares(ctx, closed, opened)
		}})
	}
	return units
}
