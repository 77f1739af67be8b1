package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/store"
	"tributary/trace/flow"
)

// pairKey is two customers, in the order of their ids, and a product: both directions of their trade. Second is zero for
// stock and usage.
type pairKey struct {
	first, second canonical.ID
	product       int64
}

func pairOf(a, b canonical.ID, product int64) pairKey {
	if !b.IsZero() && bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return pairKey{a, b, product}
}

// sideKey is one direction: the commercial seller and the buyer (zero: usage).
type sideKey struct {
	seller, buyer canonical.ID
	product       int64
}

// stockKey is a reporting party's book of a product.
type stockKey struct{ party, product int64 }

// joining is the work on one batch of marks.
type joining struct {
	*joinRun
	exclude   *int64 // a product mention whose rows do not count
	pairs     map[pairKey]bool
	void      []store.LineGroup                   // groups without a product: their movements end
	parties   map[int64]*store.FlowParty          // mentions by record
	members   map[canonical.ID][]*store.FlowParty // customer → its mentions
	reporters map[canonical.ID][]*store.FlowParty // customer → its own records as a reporting party
	products  map[stockKey][]store.ProductMention // mentions of a product in a party's ledgers
	found     map[int64]flow.Found                // by product mention
	lines     map[sideKey][]flow.Line             //
	stock     map[stockKey]map[stockSlot]canonical.Quantity
	ids       []canonical.ID // of all lines read: the movements that may change
}

// join computes all movements and stock positions of the groups that marks belong to, and stores what changed. done runs
// in the last transaction.
func (r *joinRun) join(ctx context.Context, marks []store.FlowMark, exclude *int64, done func(context.Context, *store.Tx) error) error {
	j := &joining{
		joinRun: r, exclude: exclude, pairs: map[pairKey]bool{}, parties: map[int64]*store.FlowParty{}, members: map[canonical.ID][]*store.FlowParty{},
		reporters: map[canonical.ID][]*store.FlowParty{}, products: map[stockKey][]store.ProductMention{}, found: map[int64]flow.Found{},
		lines: map[sideKey][]flow.Line{}, stock: map[stockKey]map[stockSlot]canonical.Quantity{},
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return j.findPairs(ctx, marks) }, j.findMentions, j.readLines,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	units, err := j.changes(ctx)
	if err != nil {
		return err
	}
	shares, err := j.shareMarks(ctx)
	if err != nil {
		return err
	}
	return r.commit(ctx, units, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.MarkSharesDirty(ctx, shares); err != nil {
			return err
		}
		if err := tx.MarkProductFindings(ctx, j.productsJoined()); err != nil {
			return err
		}
		return done(ctx, tx)
	})
}

// productsJoined are the products of the batch.
func (j *joining) productsJoined() []int64 {
	products := map[int64]bool{}
	for k := range j.pairs {
		products[k.product] = true
	}
	return slices.Collect(maps.Keys(products))
}

// findPairs turns marks into pairs of customers. A mention that moved between golden records concerns the pairs of its
// earlier ones too: rows of theirs may have been joined with its rows.
func (j *joining) findPairs(ctx context.Context, marks []store.FlowMark) error {
	records := map[int64]bool{}
	for _, m := range marks {
		records[m.Party] = true
		if m.Partner != 0 {
			records[m.Partner] = true
		}
	}
	parties, err := j.db.FlowParties(ctx, slices.Sorted(maps.Keys(records)))
	if err != nil {
		return err
	}
	customers := map[canonical.ID]bool{}
	for _, p := range parties {
		j.know(p)
		for _, id := range p.Past {
			customers[id] = true
		}
		if !p.Golden.IsZero() {
			customers[p.Golden] = true
		}
	}
	members, err := j.db.FlowMembers(ctx, slices.SortedFunc(maps.Keys(customers), compareIDs))
	if err != nil {
		return err
	}
	for i := range members {
		j.know(&members[i])
	}
	for _, m := range marks {
		if m.Product == 0 {
			j.void = append(j.void, store.LineGroup{Party: m.Party, Partner: m.Partner, Mention: m.Mention})
			continue
		}
		for _, a := range everIdentities(parties[m.Party]) {
			if m.Partner == 0 {
				j.pairs[pairOf(a, canonical.ID{}, m.Product)] = true
				continue
			}
			for _, b := range everIdentities(parties[m.Partner]) {
				j.pairs[pairOf(a, b, m.Product)] = true
			}
		}
	}
	return nil
}

func compareIDs(a, b canonical.ID) int { return bytes.Compare(a[:], b[:]) }

func everIdentities(p *store.FlowParty) []canonical.ID {
	if p == nil {
		return nil
	}
	return append([]canonical.ID{p.Identity()}, p.Past...)
}

func (j *joining) know(p *store.FlowParty) {
	if j.parties[p.Record] != nil {
		return
	}
	j.parties[p.Record] = p
	id := p.Identity()
	j.members[id] = append(j.members[id], p)
	if p.Key.ID == canonical.ReporterID {
		j.reporters[id] = append(j.reporters[id], p)
	}
}

// findMentions reads the mentions of the products in the ledgers of the pairs' reporting parties.
func (j *joining) findMentions(ctx context.Context) error {
	products, parties := map[int64]bool{}, map[int64]bool{}
	for k := range j.pairs {
		products[k.product] = true
		for _, id := range [2]canonical.ID{k.first, k.second} {
			for _, p := range j.reporters[id] {
				parties[p.Record] = true
			}
		}
	}
	list, err := j.db.MentionsOfProducts(ctx, slices.Sorted(maps.Keys(products)), slices.Sorted(maps.Keys(parties)))
	if err != nil {
		return err
	}
	for _, m := range list {
		if j.exclude != nil && m.ID == *j.exclude {
			continue
		}
		k := stockKey{m.Party, m.Found.Product}
		j.products[k] = append(j.products[k], m)
		j.found[m.ID] = m.Found
	}
	return nil
}

// readLines reads the rows of all pairs in both ledgers.
func (j *joining) readLines(ctx context.Context) error {
	groups := map[store.LineGroup]bool{}
	for k := range j.pairs {
		j.addGroups(groups, k.first, k.second, k.product)
		if k.first != k.second && !k.second.IsZero() {
			j.addGroups(groups, k.second, k.first, k.product)
		}
	}
	for _, g := range j.void {
		groups[g] = true
	}
	list := slices.SortedFunc(maps.Keys(groups), func(a, b store.LineGroup) int {
		return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Partner, b.Partner), cmp.Compare(a.Mention, b.Mention))
	})
	return j.db.EachFlowLine(ctx, list, j.take)
}

// addGroups adds what one customer's ledgers say of another. A partner's mentions in a ledger share its source.
func (j *joining) addGroups(groups map[store.LineGroup]bool, reporter, partner canonical.ID, product int64) {
	for _, p := range j.reporters[reporter] {
		k := stockKey{p.Record, product}
		if partner.IsZero() && j.stock[k] == nil {
			j.stock[k] = map[stockSlot]canonical.Quantity{}
		}
		for _, mention := range j.products[k] {
			if partner.IsZero() {
				groups[store.LineGroup{Party: p.Record, Mention: mention.ID}] = true
				continue
			}
			for _, m := range j.members[partner] {
				if m.Key.Source == p.Key.Source {
					groups[store.LineGroup{Party: p.Record, Partner: m.Record, Mention: mention.ID}] = true
				}
			}
		}
	}
}

// take puts a row into its group, in base units.
func (j *joining) take(l *store.StoredLine) {
	j.report.Lines++
	if l.Ledger != canonical.Stock {
		j.ids = append(j.ids, l.ID)
	}
	found, ok := j.found[l.Mention]
	if !l.Active || !ok {
		return
	}
	q, err := found.BaseUnits(l.Quantity)
	if err != nil {
		return // no quantity of goods is that large: the row is no movement, as if it were unmatched
	}
	if l.Ledger == canonical.Stock {
		if of := j.stock[stockKey{l.Party, found.Product}]; of != nil {
			of[stockSlot{l.Lot, l.Date, l.Kind}] += q
		}
		return
	}
	line := flow.Line{
		ID: l.ID, Ledger: l.Ledger, Party: l.Party, Partner: l.Partner, Product: found.Product, Date: l.Date, DocNo: l.DocNo, Lot: l.Lot,
		Quantity: q, Kind: l.Kind,
	}
	side := sideKey{seller: j.parties[l.Party].Identity(), product: found.Product}
	if l.Partner != 0 {
		side.buyer = j.parties[l.Partner].Identity()
	}
	if l.Ledger == canonical.Purchases {
		side.seller, side.buyer = side.buyer, side.seller
	}
	j.lines[side] = append(j.lines[side], line)
}

// shareMarks names the parties whose shares of lot-less rows may have changed: all of the batch, for products that have
// lot-less rows at all. It does not look at what the batch changed, so that a batch that was cut off after its movements
// were written marks them when it is done again.
func (j *joining) shareMarks(ctx context.Context) ([]store.ShareMark, error) {
	products := map[int64]bool{}
	for k := range j.pairs {
		products[k.product] = false
	}
	for _, lines := range j.lines {
		for _, l := range lines {
			if l.Lot == "" {
				products[l.Product] = true
			}
		}
	}
	for product, lotless := range products {
		if lotless {
			continue
		}
		var err error
		if products[product], err = j.db.HasLotless(ctx, product); err != nil {
			return nil, err
		}
	}
	marks := map[store.ShareMark]bool{}
	for k := range j.pairs {
		if !products[k.product] {
			continue
		}
		for _, id := range [2]canonical.ID{k.first, k.second} {
			if list := j.members[id]; len(list) > 0 {
				first := slices.MinFunc(list, func(a, b *store.FlowParty) int { return cmp.Compare(a.Record, b.Record) })
				marks[store.ShareMark{Product: k.product, Party: first.Record}] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(marks), func(a, b store.ShareMark) int {
		return cmp.Or(cmp.Compare(a.Product, b.Product), cmp.Compare(a.Party, b.Party))
	}), nil
}
