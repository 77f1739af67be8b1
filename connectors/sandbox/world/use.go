package world

import (
	"slices"

	"tributary/canonical"
)

// useUp picks the hospital whose information system answers, the one that bought most, and lets it hand out goods.
func (w *World) useUp() {
	bought := map[int]int{}
	for _, m := range w.Movements {
		if m.Kind == canonical.Sale {
			bought[m.To] += m.Quantity
		}
	}
	w.Hospital = -1
	for i, c := range w.Customers {
		if c.Kind == canonical.Hospital && (w.Hospital < 0 || bought[i] > bought[w.Hospital]) {
			w.Hospital = i
		}
	}
	w.Ledgers.HospitalUse = w.usedAt(w.Hospital, 0.08)
}

// usedAt hands out up to half of each lot that a customer bought and kept, some of it without naming the lot.
func (w *World) usedAt(party int, lotless float64) (out []Line) {
	kept, last := map[int]int{}, map[int]Movement{}
	for _, m := range w.Movements {
		switch party {
		case m.To:
			kept[m.Lot] += m.Quantity
			if was, met := last[m.Lot]; !met || m.Day > was.Day {
				last[m.Lot] = m
			}
		case m.From:
			kept[m.Lot] -= m.Quantity
		}
	}
	r := w.random(forUse, party)
	for lot, m := range ordered(last) {
		for left := kept[lot] / 2; left > 0; {
			day := m.Day + r.between(1, 60)
			n := min(left, r.between(1, 4))
			left -= n
			if day >= days {
				continue
			}
			w.Movements = append(w.Movements, Movement{From: party, To: -1, Product: m.Product, Lot: lot, Quantity: n, Day: day, Kind: canonical.Used})
			out = append(out, Line{Day: day, Party: party, Partner: -1, Product: m.Product, Lot: lot, Quantity: n, Kind: canonical.Used, NoLot: r.chance(lotless)})
		}
	}
	slices.SortStableFunc(out, func(a, b Line) int { return a.Day - b.Day })
	for i := range out {
		out[i].Doc = i + 1
	}
	return out
}

// nearHospital tells whom the hospital's system holds: itself, its doctors, and the clinics and hospitals of its city.
func (w *World) nearHospital(customer int) bool {
	c, h := &w.Customers[customer], &w.Customers[w.Hospital]
	if c.Kind.Person() {
		return c.Parent == w.Hospital
	}
	return c.place.city == h.place.city
}

// Case is a complaint as a customer told it to the sales force that visits him.
type Case struct {
	Customer     int // customer index of the organisation
	Product, Lot int
	Day          int
}

// complain lets now and then a customer complain about what he received some days before.
func (w *World) complain() {
	r := w.random(forCases)
	for _, m := range w.Movements {
		if m.Kind != canonical.Sale || !w.Customers[m.To].Kind.EndCustomer() || !r.chance(0.02) {
			continue
		}
		if day := m.Day + r.between(3, 40); day < days {
			w.Cases = append(w.Cases, Case{Customer: m.To, Product: m.Product, Lot: m.Lot, Day: day})
		}
	}
}
