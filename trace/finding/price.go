package finding

import (
	"bytes"
	"cmp"
	"slices"

	"tributary/canonical"
)

// What counts as far below a norm (R5): at least minPrices prices in the tier and year; more than a third below their
// median; and farther from it than five robust standard deviations (7.413 × the median of the distances), so that a tier
// whose prices vary widely is not reported for doing so.
const (
	minPrices     = 8
	belowMedian   = 3     // a third
	deviations    = 7_413 // thousandths
	perThousand   = 1_000
	lowestReports = 3 // prices that a finding names
)

// tier is where prices compare: from the maker or from a partner, to which kind of customer, in which year.
type tier struct {
	maker bool
	buyer string
	year  int
}

type priced struct {
	price         canonical.Quantity
	row           canonical.ID
	seller, buyer int32
	date          canonical.Date
}

// norm is the median of prices and the distance from it that is still usual.
func norm(list []priced) (median, usual canonical.Quantity) {
	of := make([]canonical.Quantity, len(list))
	for i := range list {
		of[i] = list[i].price
	}
	slices.Sort(of)
	median = of[len(of)/2]
	for i := range of {
		of[i] = (of[i] - median).Abs()
	}
	slices.Sort(of)
	usual, err := of[len(of)/2].MulDiv(canonical.Quantity(deviations), canonical.Quantity(perThousand))
	if err != nil {
		return median, median // beyond all prices: nothing is unusual
	}
	return median, max(usual, median/belowMedian)
}

func (w *Watch) lowPrices() []Finding {
	type low struct {
		facts   []fact
		prices  []canonical.Quantity
		medians []canonical.Quantity
	}
	found := map[pair]*low{}
	for _, list := range w.prices {
		if len(list) < minPrices {
			continue
		}
		median, usual := norm(list)
		for _, p := range list {
			if median-p.price <= usual {
				continue
			}
			k := pair{p.seller, p.buyer}
			l := found[k]
			if l == nil {
				l = &low{}
				found[k] = l
			}
			l.facts = append(l.facts, fact{row: p.row, date: p.date, quantity: p.price})
			l.prices, l.medians = append(l.prices, p.price), append(l.medians, median)
		}
	}
	var out []Finding
	for k, l := range found {
		slices.Sort(l.prices)
		slices.Sort(l.medians)
		prices, medians := texts(l.prices), texts(l.medians)
		slices.SortFunc(l.facts, func(a, b fact) int { return cmp.Or(bytes.Compare(a.row[:], b.row[:]), cmp.Compare(a.date, b.date)) })
		out = append(out, w.finding(LowPrice, k, l.facts, map[string]string{"price": listed(prices), "norm": listed(medians)}))
	}
	return out
}

// texts are the lowest different values.
func texts(sorted []canonical.Quantity) []string {
	var out []string
	for _, q := range slices.Compact(sorted) {
		if len(out) == lowestReports {
			return append(out, "…")
		}
		out = append(out, q.String())
	}
	return out
}
