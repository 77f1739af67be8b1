package flow

import (
	"slices"

	"tributary/canonical"
)

// holding is what a party holds at one moment of a sweep: per lot the receipts that are not used up, oldest first. What
// was issued beyond them is a debt that later receipts of the lot pay first.
type holding struct {
	lots map[string]*shelf
}

type shelf struct {
	layers []layer
	total  canonical.Quantity // of the layers
	debt   canonical.Quantity
}

type layer struct {
	date canonical.Date
	left canonical.Quantity
}

func newHolding() *holding { return &holding{lots: map[string]*shelf{}} }

func (h *holding) shelf(lot string) *shelf {
	s := h.lots[lot]
	if s == nil {
		s = &shelf{}
		h.lots[lot] = s
	}
	return s
}

// of is the quantity held, negative when more was issued than came in.
func (h *holding) of(lot string) canonical.Quantity {
	if s := h.lots[lot]; s != nil {
		return s.total - s.debt
	}
	return 0
}

func (h *holding) add(lot string, date canonical.Date, q canonical.Quantity) {
	s := h.shelf(lot)
	paid := min(s.debt, q)
	s.debt -= paid
	if q -= paid; q == 0 {
		return
	}
	s.total += q
	i := len(s.layers)
	for i > 0 && s.layers[i-1].date > date {
		i--
	}
	s.layers = slices.Insert(s.layers, i, layer{date, q})
}

func (h *holding) take(lot string, q canonical.Quantity) {
	s := h.shelf(lot)
	for q > 0 && len(s.layers) > 0 {
		n := min(q, s.layers[0].left)
		q -= n
		s.total -= n
		if s.layers[0].left -= n; s.layers[0].left == 0 {
			s.layers = s.layers[1:]
		}
	}
	s.debt += q
}

// set makes the holding of a lot what a report says: the oldest layers are gone, an excess is as old as first.
func (h *holding) set(lot string, q canonical.Quantity, first canonical.Date) {
	s := h.shelf(lot)
	s.debt = 0
	if s.total > q {
		h.take(lot, s.total-max(q, 0))
	} else if s.total < q {
		h.add(lot, first, q-s.total)
	}
}
