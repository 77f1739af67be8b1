package world

import (
	"slices"

	"tributary/canonical"
)

// useAtHospital picks the hospital whose information system answers, the one known to the maker's ERP that bought most,
// and lets it hand out up to half of each lot that it bought and kept.
func (w *World) useAtHospital() {
	bought := map[int]int{}
	for _, m := range w.Movements {
		if m.Kind == canonical.Sale && w.Customers[m.To].Kind == canonical.Hospital {
			bought[m.To] += m.Quantity
		}
	}
	w.Hospital = w.views[ERP][0].truth
	for _, v := range w.views[ERP] {
		if n, most := bought[v.truth], bought[w.Hospital]; n > most || n == most && v.truth < w.Hospital {
			w.Hospital = v.truth
		}
	}
	kept, last := map[int]int{}, map[int]Movement{}
	for _, m := range w.Movements {
		switch w.Hospital {
		case m.To:
			kept[m.Lot] += m.Quantity
			if was, met := last[m.Lot]; !met || m.Day > was.Day {
				last[m.Lot] = m
			}
		case m.From:
			kept[m.Lot] -= m.Quantity
		}
	}
	r := w.random(forUse)
	for lot, m := range ordered(last) {
		for left := kept[lot] / 2; left > 0; {
			day := m.Day + r.between(1, 60)
			n := min(left, r.between(1, 4))
			left -= n
			if day >= days {
				continue
			}
			w.Movements = append(w.Movements, Movement{From: w.Hospital, To: -1, Product: m.Product, Lot: lot, Quantity: n, Day: day, Kind: canonical.Used})
			w.Ledgers.HospitalUse = append(w.Ledgers.HospitalUse, Line{Day: day, Party: w.Hospital, Partner: -1, Product: m.Product, Lot: lot, Quantity: n, Kind: canonical.Used, NoLot: r.chance(0.08)})
		}
	}
	slices.SortStableFunc(w.Ledgers.HospitalUse, func(a, b Line) int { return a.Day - b.Day })
	for i := range w.Ledgers.HospitalUse {
		w.Ledgers.HospitalUse[i].Doc = i + 1
	}
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
