package flow

import (
	"cmp"
	"slices"

	"tributary/canonical"
)

// Report is what one party reported to hold of one product at the end of a day, all kinds (available, quarantined, in
// transit) together.
type Report struct {
	Party int64
	Date  canonical.Date
	Lots  map[string]canonical.Quantity
	// Whole says that every quantity stands under its lot, so that a lot not named is a lot not held.
	Whole bool
}

// Reports gathers the stock positions of one product into reports, by party and date.
func Reports(positions []canonical.StockPosition) []Report {
	type key struct {
		party int64
		date  canonical.Date
	}
	at := map[key]int{}
	var out []Report
	for _, s := range positions {
		k := key{s.Party, s.Date}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, Report{Party: s.Party, Date: s.Date, Lots: map[string]canonical.Quantity{}, Whole: true})
		}
		if s.Lot == "" {
			out[i].Whole = out[i].Whole && s.Quantity == 0
			continue
		}
		out[i].Lots[s.Lot] += s.Quantity
	}
	slices.SortFunc(out, func(a, b Report) int { return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Date, b.Date)) })
	return out
}

// Holds is the reported quantity of a lot, and whether the report says anything about it.
func (r Report) Holds(lot string) (canonical.Quantity, bool) {
	q, named := r.Lots[lot]
	return q, named || r.Whole
}
