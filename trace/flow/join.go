package flow

import (
	"cmp"
	"slices"

	"tributary/canonical"
)

// Outcomes of the two-ledger join (Movement.Match).
const (
	Match      = "match"       // both ledgers agree
	QtyDiff    = "qty_diff"    // both ledgers, different quantities: the seller's counts
	SellerOnly = "seller_only" // the buyer's ledger does not have it
	BuyerOnly  = "buyer_only"  // the seller's ledger does not have it
	Own        = "own"         // a row of the usage ledger, which has no other side
)

// Join makes the movements of one group: the lines of both ledgers between one seller and one buyer, of one SKU, or the
// usage lines of one party. Returns pair with returns only. The lines split into runs, maximal sets whose dates follow
// each other within the window; a row outside a run cannot change it, so a caller may recompute a group run by run or
// whole with the same result.
//
// Each line of the seller becomes one movement, each line of the buyer that pairs with none another one; lines without
// goods (quantity 0) become none. The result is sorted by (date, id).
func Join(lines []Line, opt Options) []canonical.Movement {
	lines = slices.Clone(lines)
	slices.SortFunc(lines, compareLines)
	var forward, back []Line
	var out []canonical.Movement
	for _, l := range lines {
		switch {
		case l.Quantity <= 0:
		case l.Ledger == canonical.Usage:
			out = append(out, use(l))
		case l.Kind == canonical.Return:
			back = append(back, l)
		default:
			forward = append(forward, l)
		}
	}
	for _, direction := range [][]Line{forward, back} {
		for run := range runs(direction, opt.window()) {
			out = append(out, joinRun(run, opt.window())...)
		}
	}
	slices.SortFunc(out, func(a, b canonical.Movement) int { return cmp.Or(cmp.Compare(a.Date, b.Date), compareID(a.ID, b.ID)) })
	return out
}

// runs yields the maximal stretches of sorted lines without a gap of more than window days.
func runs(lines []Line, window canonical.Date) func(yield func([]Line) bool) {
	return func(yield func([]Line) bool) {
		start := 0
		for i := range lines {
			if i+1 < len(lines) && lines[i+1].Date-lines[i].Date <= window {
				continue
			}
			if !yield(lines[start : i+1]) {
				return
			}
			start = i + 1
		}
	}
}

func use(l Line) canonical.Movement {
	return canonical.Movement{
		ID: l.ID, Seller: l.Party, Product: l.Product, Lot: l.Lot, Quantity: l.Quantity, Date: l.Date, Kind: l.Kind,
		Grade: canonical.GradeB, SellerLine: l.ID, Match: Own, DocNo: l.DocNo,
	}
}

func joinRun(lines []Line, window canonical.Date) []canonical.Movement {
	p := newPairing(lines, window)
	if len(p.sellers) > 0 && len(p.buyers) > 0 {
		p.pairs(rule{doc: true, quantity: true, lots: equalOrBlank})
		p.pairs(rule{quantity: true, lots: equal})
		p.pairs(rule{quantity: true, lots: oneBlank})
		p.sums()
		p.pairs(rule{lots: equal})
	}
	out := make([]canonical.Movement, 0, len(p.sellers))
	for i, s := range p.sellers {
		out = append(out, p.sold(s, p.evidence[i]))
	}
	for j, b := range p.buyers {
		if !p.buyerTaken[j] {
			out = append(out, canonical.Movement{
				ID: b.ID, Seller: b.Partner, Buyer: b.Party, Product: b.Product, Lot: b.Lot, Quantity: b.Quantity,
				Date: b.Date, Kind: b.Kind, Grade: canonical.GradeB, BuyerLine: b.ID, Match: BuyerOnly, DocNo: b.DocNo,
			})
		}
	}
	return out
}

// sold is the movement of a seller's line with the buyer's lines that were found for it.
func (p *pairing) sold(s Line, buyers []int) canonical.Movement {
	m := canonical.Movement{
		ID: s.ID, Seller: s.Party, Buyer: s.Partner, Product: s.Product, Lot: s.Lot, Quantity: s.Quantity,
		Date: s.Date, Kind: s.Kind, Grade: canonical.GradeB, SellerLine: s.ID, Match: SellerOnly, DocNo: s.DocNo,
	}
	if len(buyers) == 0 {
		return m
	}
	first := p.buyers[buyers[0]]
	m.BuyerLine, m.Match, m.Grade = first.ID, Match, canonical.GradeA
	for _, j := range buyers[1:] {
		m.MoreLines = append(m.MoreLines, p.buyers[j].ID)
	}
	if m.Lot == "" && first.Lot != "" {
		m.Lot, m.LotAdopted = first.Lot, true
	}
	if p.differs[buyers[0]] {
		m.Match, m.Grade, m.Difference = QtyDiff, canonical.GradeB, first.Quantity-s.Quantity
	}
	return m
}
