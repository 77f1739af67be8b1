package world

import "tributary/canonical"

// day runs one day: receipts first, then returns, then issues.
func (s *simulation) day(day int) {
	for _, arrive := range s.arrivals[day] {
		arrive()
	}
	delete(s.arrivals, day)
	for _, back := range s.backs[day] {
		back()
	}
	delete(s.backs, day)
	for d := range 2 {
		for _, o := range s.plan[d][day] {
			s.sell(d, day, o)
		}
	}
	if day%45 == 20 {
		s.exchange(day)
	}
	if day%60 == 40 {
		s.backToMaker(day)
	}
	s.chain(day)
	s.lose(day)
}

// sell is a distributor's delivery; a lot that runs out within it makes a second line.
func (s *simulation) sell(d, day int, o order) {
	w := s.w
	doc := s.doc()
	for row, p := range s.dist[d].take(o.product, o.quantity) {
		s.move(Movement{From: w.Reporting[d], To: o.buyer, Product: o.product, Lot: p.lot, Quantity: p.quantity, Day: day, Kind: canonical.Sale})
		w.Ledgers.DistributorSales[d] = append(w.Ledgers.DistributorSales[d], Line{Day: day, Doc: doc, Row: row, Partner: o.buyer, Product: o.product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Sale})
		if o.buyer == w.ChainHQ {
			arrival := day + s.r.between(1, 2)
			s.later(arrival, func() { s.hq.put(o.product, p.lot, p.quantity) })
			w.Ledgers.ChainPurchases = append(w.Ledgers.ChainPurchases, Line{Day: arrival, Doc: s.doc(), Party: w.ChainHQ, Partner: w.Reporting[d], Product: o.product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Sale})
			continue
		}
		if s.r.chance(0.018) {
			s.giveBack(d, day+s.r.between(4, 20), o, p)
		}
	}
}

// giveBack is a return from an end customer, whole or in part, of the same lot.
func (s *simulation) giveBack(d, day int, o order, p piece) {
	if day >= days {
		return
	}
	n := s.r.between(1, p.quantity)
	s.backs[day] = append(s.backs[day], func() {
		s.dist[d].put(o.product, p.lot, n)
		s.move(Movement{From: o.buyer, To: s.w.Reporting[d], Product: o.product, Lot: p.lot, Quantity: n, Day: day, Kind: canonical.Return})
		s.w.Ledgers.DistributorSales[d] = append(s.w.Ledgers.DistributorSales[d], Line{Day: day, Doc: s.doc(), Partner: o.buyer, Product: o.product, Lot: p.lot, Quantity: n, Kind: canonical.Return})
	})
}

// exchange is a transfer between the two distributors, there and some of it back, so that goods run in a circle.
func (s *simulation) exchange(day int) {
	product := s.w.draw(s.r)
	for _, leg := range [][3]int{{0, 1, 30}, {1, 0, 8}} {
		from, to := leg[0], leg[1]
		n := min(s.w.Products[product].Inner*leg[2]/2, s.dist[from].total(product)/8)
		if n == 0 {
			continue
		}
		doc := s.doc()
		for row, p := range s.dist[from].take(product, n) {
			s.dist[to].put(product, p.lot, p.quantity)
			s.move(Movement{From: s.w.Reporting[from], To: s.w.Reporting[to], Product: product, Lot: p.lot, Quantity: p.quantity, Day: day, Kind: canonical.Transfer})
			l := Line{Day: day, Doc: doc, Row: row, Partner: s.w.Reporting[to], Product: product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Transfer}
			s.w.Ledgers.DistributorSales[from] = append(s.w.Ledgers.DistributorSales[from], l)
			l.Partner, l.Doc = s.w.Reporting[from], s.doc()
			s.w.Ledgers.DistributorPurchases[to] = append(s.w.Ledgers.DistributorPurchases[to], l)
		}
	}
}

// backToMaker sends damaged goods back; the maker quarantines them.
func (s *simulation) backToMaker(day int) {
	d := s.r.IntN(2)
	product := s.w.draw(s.r)
	if len(s.dist[d][product]) == 0 {
		return
	}
	lot := s.dist[d][product][0].lot
	n := s.dist[d].takeLot(product, lot, s.r.between(5, 60))
	s.returned[lot] += n
	s.move(Movement{From: s.w.Reporting[d], To: s.w.Maker, Product: product, Lot: lot, Quantity: n, Day: day, Kind: canonical.Return})
	s.w.Ledgers.MakerReturns = append(s.w.Ledgers.MakerReturns, Line{Day: day, Doc: s.doc(), Partner: s.w.Reporting[d], Product: product, Lot: lot, Quantity: n, Kind: canonical.Return})
	s.w.Ledgers.DistributorPurchases[d] = append(s.w.Ledgers.DistributorPurchases[d], Line{Day: day, Doc: s.doc(), Partner: s.w.Maker, Product: product, Lot: lot, Quantity: n, Kind: canonical.Return})
}

// chain fills the stores at the beginning of a month and sells to persons every day.
func (s *simulation) chain(day int) {
	w := s.w
	month := 0
	for from, _ := monthDays(month); month < 11 && from != day-2; from, _ = monthDays(month) {
		month++
	}
	if from, _ := monthDays(month); from == day-2 {
		for i := range w.Stores {
			for range s.r.between(2, 3) {
				product := w.draw(s.r)
				for _, p := range s.hq.take(product, s.r.between(2, 6)) {
					s.stores[i].put(product, p.lot, p.quantity)
					s.move(Movement{From: w.ChainHQ, To: w.Stores[i], Product: product, Lot: p.lot, Quantity: p.quantity, Day: day, Kind: canonical.Transfer})
					w.Ledgers.ChainPurchases = append(w.Ledgers.ChainPurchases, Line{Day: day, Doc: s.doc(), Party: w.Stores[i], Partner: w.ChainHQ, Product: product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Transfer})
				}
			}
		}
	}
	for i := range w.Stores {
		if !s.r.chance(0.14) {
			continue
		}
		product := w.draw(s.r)
		for _, p := range s.stores[i].take(product, s.r.between(1, 2)) {
			s.move(Movement{From: w.Stores[i], To: -1, Product: product, Lot: p.lot, Quantity: p.quantity, Day: day, Kind: canonical.Used})
			w.Ledgers.ChainSales = append(w.Ledgers.ChainSales, Line{Day: day, Doc: s.doc(), Party: w.Stores[i], Partner: -1, Product: product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Used})
		}
	}
}

// missingBoxes is how many boxes of the complaint lot vanish, seen in no ledger but the stock.
const missingBoxes = 20

// lose picks the complaint lot, at the second distributor in the last third of the year, and loses boxes of it.
func (s *simulation) lose(day int) {
	if s.w.Complaint.Lot >= 0 || day < days*6/10 {
		return
	}
	for product := range s.w.Products {
		for _, p := range s.dist[1][product] {
			if p.quantity < 4*missingBoxes {
				continue
			}
			s.dist[1].takeLot(product, p.lot, missingBoxes)
			s.w.Complaint = Complaint{Lot: p.lot, Party: s.w.Reporting[1], Missing: missingBoxes, Day: day}
			return
		}
	}
}
