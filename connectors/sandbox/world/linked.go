package world

import (
	"slices"

	"tributary/canonical"
)

// Sellers are the distributors that tell the maker of their sales, in the order by which Mention, PartnerCode and
// ProductMention know them: the two that send files, and the one whose database is read.
func (w *World) Sellers() [3]int { return [3]int{w.Reporting[0], w.Reporting[1], w.Linked} }

// linked is the place of the distributor whose database is read among the sellers.
const linked = 2

// resell lets one more distributor keep books, the one that most customers buy from: what it received it sells on, first
// in, first out.
func (w *World) resell() {
	at, customers := w.busiest()
	w.Linked = at
	s := &reseller{simulation: simulation{w: w, r: w.random(forResale)}, stock: w.newBook(), apart: w.newBook()}
	orders, moves := s.wishes(customers), s.moves()
	for day := range days {
		for _, m := range moves[day] {
			s.receive(day, m)
		}
		for _, o := range orders[day] {
			s.sell(day, o)
		}
		if _, end := monthDays(day * 12 / days); day == end-1 {
			for _, b := range []book{s.stock, s.apart} {
				w.Ledgers.LinkedStock = s.simulation.stock(w.Ledgers.LinkedStock, day, at, b)
			}
		}
	}
}

// reseller is the distributor at work.
type reseller struct {
	simulation
	stock book
	apart book // will be given back
}

// wishes are what customers order, by day.
func (s *reseller) wishes(customers []int) [][]order {
	out := make([][]order, days)
	for _, buyer := range customers {
		a, b := s.w.draw(s.r), s.w.draw(s.r)
		for month := range 12 {
			for range s.r.between(1, 2) {
				product := pick(s.r, []int{a, a, b})
				from, to := monthDays(month)
				day := s.r.between(from, to-1)
				out[day] = append(out[day], order{buyer, product, s.amount(s.w.Customers[buyer].Kind, product)})
			}
		}
	}
	return out
}

// moves are the goods that come to it and those that it gives back, by the day on which it books them. What is on its way
// on the last day is booked in.
func (s *reseller) moves() [][]Movement {
	out := make([][]Movement, days)
	for _, m := range s.w.Movements {
		switch s.w.Linked {
		case m.To:
			day := min(max(0, m.Day+s.r.between(1, 3)), days-1)
			out[day] = append(out[day], m)
		case m.From:
			out[m.Day] = append(out[m.Day], m)
		}
	}
	return out
}

func (s *reseller) receive(day int, m Movement) {
	l := Line{Day: day, Doc: s.doc(), Party: s.w.Linked, Partner: m.From, Product: m.Product, Lot: m.Lot, Quantity: m.Quantity, Kind: m.Kind}
	if m.Kind == canonical.Return {
		l.Partner = m.To
		s.apart.takeLot(m.Product, m.Lot, m.Quantity)
	} else {
		back := min(m.Quantity, s.givenBack(m)-s.apart.lot(m.Product, m.Lot))
		if back > 0 {
			s.apart.put(m.Product, m.Lot, back)
		}
		if back < m.Quantity {
			s.stock.put(m.Product, m.Lot, m.Quantity-max(0, back))
		}
	}
	s.w.Ledgers.LinkedPurchases = append(s.w.Ledgers.LinkedPurchases, l)
}

// givenBack is how much of a lot it will give back after a receipt.
func (s *reseller) givenBack(receipt Movement) (n int) {
	for _, m := range s.w.Movements {
		if m.From == s.w.Linked && m.Kind == canonical.Return && m.Lot == receipt.Lot && m.Day > receipt.Day {
			n += m.Quantity
		}
	}
	return n
}

func (s *reseller) sell(day int, o order) {
	doc := s.doc()
	for row, p := range s.stock.take(o.product, o.quantity) {
		s.move(Movement{From: s.w.Linked, To: o.buyer, Product: o.product, Lot: p.lot, Quantity: p.quantity, Day: day, Kind: canonical.Sale})
		s.w.Ledgers.LinkedSales = append(s.w.Ledgers.LinkedSales, Line{Day: day, Doc: doc, Row: row, Party: s.w.Linked, Partner: o.buyer, Product: o.product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Sale})
	}
}

// busiest finds the distributor without books that most customers buy from, and these.
func (w *World) busiest() (int, []int) {
	at, customers := -1, map[int][]int{}
	for i, c := range w.Customers {
		if c.Supplier >= 0 {
			customers[c.Supplier] = append(customers[c.Supplier], i)
		}
	}
	for i, c := range w.Customers {
		if c.Kind == canonical.Distributor && !slices.Contains(w.Reporting[:], i) && (at < 0 || len(customers[i]) > len(customers[at])) {
			at = i
		}
	}
	return at, customers[at]
}
