package world

import (
	"fmt"

	"tributary/canonical"
)

// Levels of packs, counted from the smallest.
const (
	BoxPack = iota + 1
	InnerPack
	CasePack
)

// Pack bears one trace code.
type Pack struct {
	Code  string
	Level int
	Boxes int // base units in it
}

// codedFrom is the day of the year from which lots that are released bear codes, at the latest: the lot of the complaint
// does.
const codedFrom = 120

// Coded tells whether the packs of a lot bear codes.
func (w *World) Coded(lot int) bool {
	from := w.From().AddDays(codedFrom)
	if w.Complaint.Lot >= 0 {
		from = min(from, w.Lots[w.Complaint.Lot].Released)
	}
	return w.Lots[lot].Released >= from
}

// packed is how many packs of each level of a lot had left before.
type packed [CasePack + 1]int

// pack numbers the packs of every delivery of the maker.
func (w *World) pack() {
	left := make([]packed, len(w.Lots))
	w.packs = make([]packed, len(w.Ledgers.MakerSales))
	for i, l := range w.Ledgers.MakerSales {
		w.packs[i] = left[l.Lot]
		for level, n := range w.cut(l.Product, l.Quantity) {
			left[l.Lot][level] += n
		}
	}
	w.stored = left
}

// cut is how many packs of each level a quantity is sent in: whole cases, inner packs of the rest, boxes of that rest.
func (w *World) cut(product, quantity int) (out packed) {
	for level := CasePack; level >= BoxPack; level-- {
		n := w.Boxes(product, level)
		if level == InnerPack && n == 1 {
			continue // nothing is between case and box
		}
		out[level] = quantity / n
		quantity %= n
	}
	return out
}

// Boxes is how many base units a pack of a level holds.
func (w *World) Boxes(product, level int) int {
	return [...]int{BoxPack: 1, InnerPack: w.Products[product].Inner, CasePack: w.Products[product].Case}[level]
}

// Packs are the packs of a line of the maker's sales; none of lots without codes.
func (w *World) Packs(line int) []Pack {
	l := w.Ledgers.MakerSales[line]
	return w.numbered(l.Lot, w.packs[line], l.Quantity)
}

// Made are all packs of a lot: those that were sent, then those that were not yet.
func (w *World) Made(lot int) (out []Pack) {
	rest := w.Lots[lot].Quantity
	for i, l := range w.Ledgers.MakerSales {
		if l.Lot == lot {
			out = append(out, w.Packs(i)...)
			rest -= l.Quantity
		}
	}
	return append(out, w.numbered(lot, w.stored[lot], rest)...)
}

func (w *World) numbered(lot int, first packed, quantity int) (out []Pack) {
	if !w.Coded(lot) {
		return nil
	}
	product := w.Lots[lot].Product
	for level, n := range w.cut(product, quantity) {
		for i := range n {
			out = append(out, Pack{Code: w.code(lot, level, first[level]+i), Level: level, Boxes: w.Boxes(product, level)})
		}
	}
	return out
}

// Prefix is the drug identification code that stands before the serial number of a product's packs of a level.
func Prefix(product, level int) string { return fmt.Sprintf("81%04d%d", product+1, level) }

func (w *World) code(lot, level, n int) string {
	return fmt.Sprintf("%s%05d%08d", Prefix(w.Lots[lot].Product, level), lot, n)
}

// inside is where the numbers of packs begin that are in others.
const inside = 50_000_000

// Contents are the inner packs of the n-th case of a lot that was sent in cases.
func (w *World) Contents(lot, n int) (out []Pack) {
	product := w.Lots[lot].Product
	inner := w.Boxes(product, InnerPack)
	each := w.Boxes(product, CasePack) / inner
	for i := range each {
		out = append(out, Pack{Code: w.code(lot, InnerPack, inside+n*each+i), Level: InnerPack, Boxes: inner})
	}
	return out
}

// Receipt is a purchase from the maker with the packs that came.
type Receipt struct {
	Line  Line
	Packs []Pack
}

// Receipts are what a reporting distributor booked in from the maker, of lots with codes.
func (w *World) Receipts(distributor int) (out []Receipt) {
	type goods struct{ lot, quantity int }
	sent := map[goods][]int{}
	for i, l := range w.Ledgers.MakerSales {
		if l.Partner == w.Reporting[distributor] {
			sent[goods{l.Lot, l.Quantity}] = append(sent[goods{l.Lot, l.Quantity}], i)
		}
	}
	for _, l := range w.Ledgers.DistributorPurchases[distributor] {
		g := goods{l.Lot, l.Quantity}
		if l.Partner != w.Maker || l.Kind != canonical.Sale || !w.Coded(l.Lot) || len(sent[g]) == 0 {
			continue
		}
		out = append(out, Receipt{l, w.Packs(sent[g][0])})
		sent[g] = sent[g][1:]
	}
	return out
}
