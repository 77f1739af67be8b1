package flow

import (
	"slices"

	"tributary/canonical"
)

// pairing is the state of the passes over one run. Sellers and buyers are sorted by row id, so the smallest index is
// the smallest row id.
type pairing struct {
	sellers, buyers []Line
	window          canonical.Date
	sellerTaken     []bool
	buyerTaken      []bool
	evidence        [][]int // seller → its buyers, by row id
	differs         []bool  // buyer: paired in spite of another quantity
}

func newPairing(lines []Line, window canonical.Date) *pairing {
	p := &pairing{window: window}
	for _, l := range lines {
		l.DocNo = docRef(l.DocNo)
		if l.Ledger == canonical.Sales {
			p.sellers = append(p.sellers, l)
		} else {
			p.buyers = append(p.buyers, l)
		}
	}
	byID := func(a, b Line) int { return compareID(a.ID, b.ID) }
	slices.SortFunc(p.sellers, byID)
	slices.SortFunc(p.buyers, byID)
	p.sellerTaken = make([]bool, len(p.sellers))
	p.buyerTaken = make([]bool, len(p.buyers))
	p.evidence = make([][]int, len(p.sellers))
	p.differs = make([]bool, len(p.buyers))
	return p
}

type lotRule int

const (
	equal        lotRule = iota // two blanks are equal
	oneBlank                    // exactly one side names a lot
	equalOrBlank                // either
)

// rule is what one pass asks of a pair besides a date distance within the window.
type rule struct {
	doc      bool // equal document references
	quantity bool // equal quantities
	lots     lotRule
}

// slot groups the buyers' lines that are alike for a rule. any holds the lines of a slot whatever their lot.
type slot struct {
	doc      string
	quantity canonical.Quantity
	date     canonical.Date
	lot      string
	any      bool
}

func (r rule) slotOf(l Line) slot {
	s := slot{date: l.Date, lot: l.Lot}
	if r.doc {
		s.doc = l.DocNo
	}
	if r.quantity {
		s.quantity = l.Quantity
	}
	return s
}

// pairs runs one pass: of all pairs that the rule allows the one with the smallest (|Δdate|, seller row id, buyer row id)
// is taken, again and again. Walking the distances upwards and the sellers by row id visits the pairs in that order
// without listing them, so that thousands of equal lines cost no more than their number.
func (p *pairing) pairs(r rule) {
	index := p.index(r)
	if len(index) == 0 {
		return
	}
	for distance := canonical.Date(0); distance <= p.window; distance++ {
		for i, s := range p.sellers {
			if p.sellerTaken[i] || r.doc && s.DocNo == "" {
				continue
			}
			best := p.nearest(index, r.slotOf(s), r.lots, distance)
			if best < 0 {
				continue
			}
			p.sellerTaken[i], p.buyerTaken[best] = true, true
			p.evidence[i] = []int{best}
			p.differs[best] = s.Quantity != p.buyers[best].Quantity
		}
	}
}

func (p *pairing) index(r rule) map[slot][]int {
	index := map[slot][]int{}
	for j, b := range p.buyers {
		if p.buyerTaken[j] || r.doc && b.DocNo == "" {
			continue
		}
		s := r.slotOf(b)
		index[s] = append(index[s], j)
		if r.lots != equal && (b.Lot != "" || r.lots == equalOrBlank) {
			s.lot, s.any = "", true
			index[s] = append(index[s], j)
		}
	}
	return index
}

// nearest is the free buyer with the smallest row id that fits the seller's slot at a distance, or -1.
func (p *pairing) nearest(index map[slot][]int, s slot, lots lotRule, distance canonical.Date) int {
	best, day, named := -1, s.date, s.lot != ""
	for _, date := range [2]canonical.Date{day - distance, day + distance} {
		s.date = date
		if lots == equal || lots == equalOrBlank && named {
			best = p.smaller(index, s, best)
		}
		if lots != equal {
			other := s
			other.lot, other.any = "", !named
			best = p.smaller(index, other, best)
		}
		if distance == 0 {
			break
		}
	}
	return best
}

func (p *pairing) smaller(index map[slot][]int, s slot, best int) int {
	list := index[s]
	for len(list) > 0 && p.buyerTaken[list[0]] {
		list = list[1:]
		index[s] = list
	}
	if len(list) > 0 && (best < 0 || list[0] < best) {
		return list[0]
	}
	return best
}
