package world

import (
	"slices"

	"tributary/canonical"
)

// Line is a row of somebody's ledger, before it is spelled: quantities in base units, never negative.
type Line struct {
	Day      int
	Doc, Row int
	Party    int // customer index of who reports; set in the ledgers of the chain, the hospital and the linked distributor
	Partner  int // customer index; −1
	Product  int
	Lot      int
	Quantity int
	Kind     canonical.FlowKind
	NoLot    bool // the row does not name its lot
}

// Ledgers are the books of everybody who reports, in order of day and document.
type Ledgers struct {
	MakerSales, MakerReturns, MakerStock []Line
	DistributorSales                     [2][]Line
	DistributorPurchases                 [2][]Line
	DistributorStock                     [2][]Line // at every month's end
	ChainPurchases, ChainSales           []Line
	ChainStock                           []Line // at the end
	HospitalUse                          []Line // what the hospital's pharmacy handed out
	LinkedSales, LinkedPurchases         []Line // of the distributor whose database is read
	LinkedStock                          []Line // at every month's end
}

// Rows is how many rows the ledgers have.
func (l *Ledgers) Rows() int {
	n := len(l.MakerSales) + len(l.MakerReturns) + len(l.MakerStock) + len(l.ChainPurchases) + len(l.ChainSales) + len(l.ChainStock) + len(l.HospitalUse) +
		len(l.LinkedSales) + len(l.LinkedPurchases) + len(l.LinkedStock)
	for d := range 2 {
		n += len(l.DistributorSales[d]) + len(l.DistributorPurchases[d]) + len(l.DistributorStock[d])
	}
	return n
}

// count takes stock at the distributors at the end of a day.
func (s *simulation) count(day int) {
	for d := range 2 {
		s.w.Ledgers.DistributorStock[d] = s.stock(s.w.Ledgers.DistributorStock[d], day, s.w.Reporting[d], s.dist[d])
	}
}

func (s *simulation) stock(into []Line, day, party int, b book) []Line {
	doc := s.doc()
	for product, pieces := range b {
		for row, p := range pieces {
			into = append(into, Line{Day: day, Doc: doc, Row: row, Party: party, Partner: -1, Product: product, Lot: p.lot, Quantity: p.quantity, Kind: canonical.Available})
		}
	}
	return into
}

// finish takes the last stock and brings the books into order; some rows lose their lot, some never arrive.
func (w *World) finish(s *simulation) {
	l := &w.Ledgers
	last := days - 1
	l.MakerStock = s.stock(nil, last, w.Maker, s.maker)
	for lot := range w.Lots {
		if n := s.returned[lot]; n > 0 {
			l.MakerStock = append(l.MakerStock, Line{Day: last, Party: w.Maker, Partner: -1, Product: w.Lots[lot].Product, Lot: lot, Quantity: n, Kind: canonical.Quarantined})
		}
	}
	l.ChainStock = s.stock(nil, last, w.ChainHQ, s.hq)
	for i, at := range w.Stores {
		l.ChainStock = s.stock(l.ChainStock, last, at, s.stores[i])
	}
	r := w.random(forLedger)
	for d := range 2 {
		for i := range l.DistributorSales[d] {
			l.DistributorSales[d][i].NoLot = r.chance([2]float64{0.003, 0.045}[d])
		}
		l.DistributorPurchases[d] = slices.DeleteFunc(l.DistributorPurchases[d], func(x Line) bool { return x.Day > last || r.chance(0.01) })
	}
	l.ChainPurchases = slices.DeleteFunc(l.ChainPurchases, func(x Line) bool { return x.Day > last })
	for _, rows := range [][]Line{l.MakerSales, l.MakerReturns, l.DistributorSales[0], l.DistributorSales[1], l.DistributorPurchases[0], l.DistributorPurchases[1], l.ChainPurchases, l.ChainSales} {
		slices.SortStableFunc(rows, func(a, b Line) int {
			if a.Day != b.Day {
				return a.Day - b.Day
			}
			if a.Doc != b.Doc {
				return a.Doc - b.Doc
			}
			return a.Row - b.Row
		})
	}
}
