package flow

import (
	"slices"

	"tributary/canonical"
)

// circle is a set of parties whose lot-less issues are computed together: one party, or several that supply each other
// by lot-less rows.
type circle struct {
	*attributor
	members []int32
	id      int
	books   map[int32]*partyBook
	entered ledgers // lot → what came into the circle from outside, at most
	caps    map[int32][]bound
}

// partyBook holds a member's receipts at their upper bounds and its issues that name a lot.
type partyBook struct {
	first    canonical.Date // of its first row
	receipts ledgers
	inside   ledger // lot-less receipts from the circle: any lot of the circle, up to the row's quantity
	issues   ledgers
	opening  map[string]canonical.Quantity // stock beyond what flows explain
}

// bound is what a lot-less issue may have carried of a lot.
type bound struct {
	lot       string
	upper     canonical.Quantity // U: what the issuer can have had of the lot
	low, high canonical.Quantity
}

func (a *attributor) newCircle(members []int32) *circle {
	c := &circle{
		attributor: a, members: members, id: a.home[members[0]],
		books: map[int32]*partyBook{}, entered: ledgers{}, caps: map[int32][]bound{},
	}
	for _, p := range members {
		c.books[p] = c.book(p)
	}
	c.entered.seal()
	for _, p := range members {
		c.books[p].opening = c.unexplained(p)
	}
	for _, p := range members {
		b := c.books[p]
		for lot, q := range b.opening {
			b.receipts.insert(lot, b.first, q)
			c.entered.insert(lot, b.first, q)
		}
	}
	return c
}

// insider reports whether a move is a lot-less row within the circle.
func (c *circle) insider(m *move) bool {
	return m.Lot == "" && m.to != Nobody && c.home[m.from] == c.id && c.home[m.to] == c.id
}

func (c *circle) book(p int32) *partyBook {
	b := &partyBook{receipts: ledgers{}, issues: ledgers{}}
	seen := func(d canonical.Date) {
		if b.first.IsZero() || d < b.first {
			b.first = d
		}
	}
	for _, i := range c.in[p] {
		m := &c.moves[i]
		seen(m.Date)
		outside := c.home[m.from] != c.id
		switch {
		case c.insider(m):
			b.inside.add(m.Date, m.Quantity)
		case m.Lot != "":
			b.receipts.add(m.Lot, m.Date, m.Quantity)
			if outside {
				c.entered.add(m.Lot, m.Date, m.Quantity)
			}
		default:
			for _, s := range c.shares[i] {
				b.receipts.add(s.lot, m.Date, s.high)
				c.entered.add(s.lot, m.Date, s.high)
			}
		}
	}
	for _, i := range c.out[p] {
		m := &c.moves[i]
		seen(m.Date)
		if m.Lot != "" {
			b.issues.add(m.Lot, m.Date, m.Quantity)
		}
	}
	for _, r := range c.reports[p] {
		seen(r.Date)
	}
	for _, o := range c.origins[p] {
		b.receipts.add(o.Lot, o.Date, o.Quantity)
		c.entered.add(o.Lot, o.Date, o.Quantity)
	}
	b.receipts.seal()
	b.inside.seal()
	b.issues.seal()
	return b
}

// unexplained is per lot the largest reported stock beyond what the flows can explain: the opening stock of a new feed.
// It takes dates at their word: with the tolerance every report shortly before a sale would look like opening stock.
func (c *circle) unexplained(p int32) map[string]canonical.Quantity {
	b, out := c.books[p], map[string]canonical.Quantity{}
	for _, r := range c.reports[p] {
		d := r.Date
		for lot, q := range r.Lots {
			explained := min(b.receipts[lot].upTo(d)+b.inside.upTo(d), c.entered[lot].upTo(d)) - b.issues[lot].upTo(d)
			if more := q - explained; more > out[lot] {
				out[lot] = more
			}
		}
	}
	return out
}

// bounds fills caps for every lot-less issue of the members (rule 6.6): a lot counts at most with what the issuer can
// have had by the date, and with what it has left over all its rows; in a circle also with what entered the circle.
func (c *circle) bounds() {
	for _, p := range c.members {
		b := c.books[p]
		lots := c.lotsAt(b)
		for _, i := range c.out[p] {
			if m := &c.moves[i]; m.Lot == "" {
				c.caps[i] = c.capsOf(m, b, lots)
			}
		}
	}
}

func (c *circle) lotsAt(b *partyBook) []string {
	from := b.receipts
	if b.inside.all() > 0 {
		from = c.entered
	}
	lots := make([]string, 0, len(from))
	for lot := range from {
		lots = append(lots, lot)
	}
	slices.Sort(lots)
	return lots
}

func (c *circle) capsOf(m *move, b *partyBook, lots []string) []bound {
	late, early := m.Date+c.tolerance, m.Date-c.tolerance-1
	insideLate, insideAll := b.inside.upTo(late), b.inside.all()
	var out []bound
	total := canonical.Quantity(0)
	for _, lot := range lots {
		byThen := b.receipts[lot].upTo(late) + insideLate - b.issues[lot].upTo(early)
		inAll := b.receipts[lot].all() + insideAll - b.issues[lot].all()
		if upper := min(byThen, inAll, c.entered[lot].upTo(late)); upper > 0 {
			out = append(out, bound{lot: lot, upper: upper})
			total += upper
		}
	}
	q := min(m.Quantity, total)
	for i := range out {
		out[i].high = min(q, out[i].upper)
		out[i].low = max(0, q-(total-out[i].upper))
	}
	return out
}
