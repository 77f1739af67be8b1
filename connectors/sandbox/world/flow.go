package world

import (
	"fmt"

	"tributary/canonical"
)

// Movement is a true transfer of goods of one lot, or their use (To −1), seen by somebody or not.
type Movement struct {
	From, To int // customer index; in a return the goods flow From the buyer To the seller
	Product  int
	Lot      int
	Quantity int
	Day      int // of the year that is simulated
	Kind     canonical.FlowKind
}

// Complaint is the lot the demonstration follows: it went to hundreds of end customers, came back in part, and some boxes
// of it are missing in one distributor's stock.
type Complaint struct {
	Lot     int
	Party   int // where boxes are missing
	Missing int
	Day     int // when they went missing, unseen
}

// order is a sale that will happen on a day: the buyers' wishes are drawn first, so that suppliers can stock up.
type order struct {
	buyer, product, quantity int
}

type piece struct{ lot, quantity int }

// book is the stock of one party: per product its lots in order of arrival.
type book [][]piece

func (w *World) newBook() book { return make(book, len(w.Products)) }

func (b book) total(product int) int {
	n := 0
	for _, p := range b[product] {
		n += p.quantity
	}
	return n
}

// lot is how much there is of a lot.
func (b book) lot(product, lot int) int {
	for _, p := range b[product] {
		if p.lot == lot {
			return p.quantity
		}
	}
	return 0
}

func (b book) put(product, lot, quantity int) {
	for i := range b[product] {
		if b[product][i].lot == lot {
			b[product][i].quantity += quantity
			return
		}
	}
	b[product] = append(b[product], piece{lot, quantity})
}

// take removes goods first in, first out. It gives less when there is less.
func (b book) take(product, quantity int) []piece {
	var out []piece
	for quantity > 0 && len(b[product]) > 0 {
		head := &b[product][0]
		n := min(quantity, head.quantity)
		out = append(out, piece{head.lot, n})
		head.quantity -= n
		quantity -= n
		if head.quantity == 0 {
			b[product] = b[product][1:]
		}
	}
	return out
}

// takeLot removes goods of one lot, as much as there is.
func (b book) takeLot(product, lot, quantity int) int {
	for i := range b[product] {
		if p := &b[product][i]; p.lot == lot {
			n := min(quantity, p.quantity)
			p.quantity -= n
			if p.quantity == 0 {
				b[product] = append(b[product][:i:i], b[product][i+1:]...)
			}
			return n
		}
	}
	return 0
}

// simulation runs the year day by day. Goods arrive before they leave, nobody gives what he has not.
type simulation struct {
	w        *World
	r        random
	maker    book
	returned map[int]int // lot → quarantined at the maker
	dist     [2]book
	hq       book
	stores   []book
	plan     [2]map[int][]order // per reporting distributor: day → orders
	arrivals map[int][]func()   // day → receipts that become stock
	backs    map[int][]func()   // day → returns on their way
	makerLot []int              // lots made per product
	docs     int
}

func (w *World) simulate() {
	s := &simulation{
		w: w, r: w.random(forFlow), maker: w.newBook(), returned: map[int]int{}, dist: [2]book{w.newBook(), w.newBook()}, hq: w.newBook(),
		arrivals: map[int][]func(){}, backs: map[int][]func(){}, makerLot: make([]int, len(w.Products)),
	}
	w.Complaint.Lot = -1
	for range w.Stores {
		s.stores = append(s.stores, w.newBook())
	}
	s.draw()
	s.supply(0, 0)
	for month := range 12 {
		from, to := monthDays(month)
		for day := from; day < to; day++ {
			if day == to-lead && month < 11 {
				s.supply(month+1, day)
			}
			s.day(day)
		}
		s.count(to - 1)
	}
	w.finish(s)
}

// monthDays is the half-open range of days of a month of the simulated year, the last one ending with the year.
func monthDays(month int) (from, to int) { return month * days / 12, (month + 1) * days / 12 }

// draw decides who buys from whom and what he will want.
func (s *simulation) draw() {
	w := s.w
	s.plan = [2]map[int][]order{{}, {}}
	isReporting := func(i int) bool { return i == w.Reporting[0] || i == w.Reporting[1] }
	var others []int
	for i, c := range w.Customers {
		if c.Kind == canonical.Distributor && !isReporting(i) {
			others = append(others, i)
		}
	}
	for i := range w.Customers {
		c := &w.Customers[i]
		buyer := c.Kind.EndCustomer() && c.Parent < 0 || c.Kind == canonical.Chain && i != w.ChainHQ || c.Kind == canonical.Distributor && !isReporting(i) && s.r.chance(0.3)
		if !buyer {
			continue
		}
		c.Supplier = others[s.r.IntN(len(others))]
		if s.r.chance(0.62) {
			c.Supplier = w.Reporting[s.r.IntN(2)]
		}
		if c.Kind == canonical.Distributor && !isReporting(c.Supplier) {
			c.Supplier = -1
		}
		for d, at := range w.Reporting {
			if c.Supplier == at {
				s.drawOrders(d, i)
			}
		}
	}
	w.Customers[w.ChainHQ].Supplier = w.Reporting[0]
}

func (s *simulation) drawOrders(d, buyer int) {
	kind := s.w.Customers[buyer].Kind
	a, b := s.w.draw(s.r), s.w.draw(s.r)
	for month := range 12 {
		for range s.r.between(1, 3) {
			product := pick(s.r, []int{a, a, b, s.w.draw(s.r)})
			from, to := monthDays(month)
			day := s.r.between(from, to-1)
			s.plan[d][day] = append(s.plan[d][day], order{buyer: buyer, product: product, quantity: s.amount(kind, product)})
		}
	}
}

// amount is what a customer of a kind buys at once, in base units.
func (s *simulation) amount(kind canonical.CustomerKind, product int) int {
	inner := s.w.Products[product].Inner
	switch kind {
	case canonical.Hospital:
		return inner * s.r.between(1, 6)
	case canonical.Clinic, canonical.Pharmacy:
		return s.r.between(1, 15)
	}
	return s.w.Products[product].Case * s.r.between(1, 2)
}

// lead is how many days before a month begins its goods are ordered.
const lead = 7

// supply fills the distributors until the end of a month, and the chain's warehouse for the month after.
func (s *simulation) supply(month, today int) {
	from, to := monthDays(month)
	wants := s.chainWants()
	for d := range 2 {
		need := make([]int, len(s.w.Products))
		for day := today; day < to; day++ {
			for _, o := range s.plan[d][day] {
				need[o.product] += o.quantity
			}
		}
		if d == 0 && month < 11 {
			for p, n := range wants {
				need[p] += n
				s.plan[0][to-6] = append(s.plan[0][to-6], order{buyer: s.w.ChainHQ, product: p, quantity: n})
			}
		}
		for p, n := range need {
			cs := s.w.Products[p].Case
			short := n + n/6 - s.dist[d].total(p)
			if d == 0 {
				short += n / 20 // what it passes on to the other distributor
			}
			if short <= 0 {
				continue
			}
			s.ship(from-s.r.between(4, 6), s.w.Reporting[d], p, (short+cs-1)/cs*cs, s.r.between(1, 3), s.dist[d])
		}
	}
	for i := range s.w.Customers {
		if c := s.w.Customers[i]; c.Kind == canonical.Distributor && i != s.w.Reporting[0] && i != s.w.Reporting[1] {
			for range s.r.between(2, 4) {
				p := s.w.draw(s.r)
				s.ship(s.r.between(from, to-1), i, p, s.w.Products[p].Case*s.r.between(1, 6), 0, nil)
			}
		}
	}
}

// chainWants is what the stores of the reporting chain will need in a month.
func (s *simulation) chainWants() []int {
	out := make([]int, len(s.w.Products))
	for p := range out {
		cs := s.w.Products[p].Case
		n := int(float64(len(s.w.Stores))*9*s.w.Products[p].share) + 1
		out[p] = (n + cs - 1) / cs * cs
	}
	return out
}

// ship sends goods from the maker; they become stock of the buyer after some days.
func (s *simulation) ship(day, buyer, product, quantity, transit int, into book) {
	day = max(day, -6)
	for have := s.maker.total(product); have < quantity; have = s.maker.total(product) {
		s.produce(product, day)
	}
	doc := s.doc()
	for row, p := range s.maker.take(product, quantity) {
		s.move(Movement{From: s.w.Maker, To: buyer, Product: product, Lot: p.lot, Quantity: p.quantity, Day: day, Kind: canonical.Sale})
		s.w.Ledgers.MakerSales = append(s.w.Ledgers.MakerSales, Line{Day: day, Doc: doc, Row: row, Partner: buyer, Product: product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Sale})
		if into == nil {
			continue
		}
		arrival := day + transit
		s.later(arrival, func() { into.put(product, p.lot, p.quantity) })
		s.bought(buyer, Line{Day: arrival, Doc: s.doc(), Partner: s.w.Maker, Product: product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Sale})
	}
}

// bought notes a purchase in the ledger of whoever keeps one.
func (s *simulation) bought(buyer int, l Line) {
	for d, at := range s.w.Reporting {
		if at == buyer {
			s.w.Ledgers.DistributorPurchases[d] = append(s.w.Ledgers.DistributorPurchases[d], l)
		}
	}
}

func (s *simulation) produce(product, day int) {
	s.makerLot[product]++
	made := s.w.From().AddDays(day - s.r.between(25, 60))
	p := s.w.Products[product]
	l := Lot{Product: product, Quantity: p.lotSize, Made: made, Released: made.AddDays(s.r.between(10, 20)), Expires: made.AddDays(730 - 1)}
	l.Number = fmt.Sprintf("%s%02d", made.Time().Format("0601"), s.makerLot[product]%100)
	if s.makerLot[product] >= 100 {
		l.Number = fmt.Sprintf("%s%03d", made.Time().Format("0601"), s.makerLot[product])
	}
	s.w.Lots = append(s.w.Lots, l)
	s.maker.put(product, len(s.w.Lots)-1, p.lotSize)
}

func (s *simulation) doc() int { s.docs++; return s.docs }

func (s *simulation) move(m Movement) { s.w.Movements = append(s.w.Movements, m) }

// later puts goods into a stock when they arrive; what arrived before the year began is there at once.
func (s *simulation) later(day int, arrive func()) {
	if day < 0 {
		arrive()
		return
	}
	s.arrivals[day] = append(s.arrivals[day], arrive)
}
