package trace

import (
	"bytes"
	"cmp"
	"slices"

	"tributary/canonical"
	"tributary/trace/flow"
)

// Options of a trace. The zero value is the whole flow, reasons in English, seven days of tolerance.
type Options struct {
	AsOf canonical.Date // rows with a later date do not count
	Lang string         // of reasons: zh or en
	Flow flow.Options
}

// Forward says where the goods of a lot are.
func Forward(d Data, opt Options) Result {
	d.Moves = upTo(d.Moves, opt.AsOf)
	d.Holdings = slices.DeleteFunc(slices.Clone(d.Holdings), func(h Holding) bool { return !opt.AsOf.IsZero() && h.Date > opt.AsOf })
	s := newSweep(&d, opt.Flow)
	s.run()
	b := newBooks(&d)
	r := Result{
		Product: ProductRef{d.Product.Code, d.Product.Name, d.Product.Spec}, Lot: d.Lot.Lot, Unit: d.Product.Unit,
		Released: d.Lot.Quantity, AsOf: opt.AsOf, Gaps: []Gap{}, Parties: []PartyResult{}, Truncated: d.Truncated || s.truncated,
	}
	tier := tiers(&d)
	r.Totals.Released = d.Lot.Quantity
	for p := range d.Parties {
		a := b.account[p]
		if !a.listed {
			continue
		}
		row := a.PartyResult
		row.Customer, row.Tier = d.Parties[p].Customer, tier[p]
		row.Paths, row.OrderUncertain = s.tree.show(s.arrived[p], d.Parties), s.uncertain[p]
		r.Parties = append(r.Parties, row)
		r.Totals.add(a, int32(p) == d.Maker)
	}
	slices.SortFunc(r.Parties, func(a, b PartyResult) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), compareCustomers(a.Customer, b.Customer))
	})
	r.Gaps = b.gaps(opt)
	return r
}

func compareCustomers(a, b Customer) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Name, b.Name), cmp.Compare(a.GoldenID, b.GoldenID))
}

// upTo is the moves that count, by date and id, so that what is said of "the first row that…" does not depend on the
// order in which they were read.
func upTo(moves []Move, asOf canonical.Date) []Move {
	moves = slices.Clone(moves)
	if !asOf.IsZero() {
		moves = slices.DeleteFunc(moves, func(m Move) bool { return m.Date > asOf })
	}
	slices.SortFunc(moves, func(a, b Move) int { return cmp.Or(cmp.Compare(a.Date, b.Date), bytes.Compare(a.ID[:], b.ID[:])) })
	return moves
}

func (t *Totals) add(a account, maker bool) {
	t.Sampled += a.Sampled
	t.Used += a.Used
	t.Destroyed += a.Destroyed
	t.Gap += a.Gap
	if maker {
		t.Quarantined += a.quarantined
		t.OwnStock += a.Stock - a.quarantined
		t.NetShipped += a.Forwarded + a.Returned - (a.Received - t.Released)
		return
	}
	t.ChannelStock += a.Stock
	t.InTransit += a.inTransit
}

// tiers is the number of sales between the maker and each party, on the shortest way. A party whose goods have no
// recorded receipt, and no way from the maker, counts as if it had bought from the maker.
func tiers(d *Data) []int {
	next := make([][]int32, len(d.Parties))
	supplied := make([]bool, len(d.Parties))
	for _, m := range d.Moves {
		if m.To != flow.Nobody && m.Kind != canonical.Return && m.High > 0 {
			next[m.From] = append(next[m.From], m.To)
			supplied[m.To] = true
		}
	}
	tier := make([]int, len(d.Parties))
	for p := range tier {
		tier[p] = -1
	}
	spread := func(level []int32, n int) {
		for len(level) > 0 {
			var more []int32
			for _, p := range level {
				if tier[p] >= 0 {
					continue
				}
				tier[p] = n
				more = append(more, next[p]...)
			}
			level, n = more, n+1
		}
	}
	spread([]int32{d.Maker}, 0)
	var origins []int32
	for p := range tier {
		if tier[p] < 0 && !supplied[p] {
			origins = append(origins, int32(p))
		}
	}
	spread(origins, 1)
	// What is left are circles that nothing leads into.
	rest := make([]int32, len(tier))
	for p := range rest {
		rest[p] = int32(p)
	}
	slices.SortFunc(rest, func(a, b int32) int { return compareCustomers(d.Parties[a].Customer, d.Parties[b].Customer) })
	for _, p := range rest {
		spread([]int32{p}, 1)
	}
	return tier
}
