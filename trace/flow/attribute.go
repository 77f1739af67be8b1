package flow

import (
	"cmp"
	"slices"
	"strings"

	"tributary/canonical"
)

// Book is what is known of one product's flow at some parties. Seller, Buyer and Party are numbers of parties: mentions
// of one golden customer must carry one number. For every party whose issues are wanted the book holds all movements
// into and out of it and all its stock positions.
type Book struct {
	Moves   []canonical.Movement
	Origins []Origin
	Stock   []canonical.StockPosition
	// Known are the shares in lot-less movements issued by parties that are not wanted.
	Known []canonical.Attribution
	// Parties are those whose lot-less issues are wanted, all when empty. Parties that supply each other in a circle by
	// lot-less rows must be wanted together.
	Parties []int64
}

// Origin is a lot that comes into being at a party: its release by the maker.
type Origin struct {
	Party    int64
	Lot      string
	Date     canonical.Date
	Quantity canonical.Quantity
}

// Shares is the outcome of Attribute. For every lot-less issue the points and the shortage add up to its quantity.
type Shares struct {
	Attributions []canonical.Attribution // sorted by (movement, lot); every lot whose High is above 0
	Shortages    []Shortage              // sorted by movement
}

// Shortage is the part of a lot-less issue for which the issuer had no goods. It is never attributed to a lot.
type Shortage struct {
	Movement canonical.ID
	Party    int64
	Date     canonical.Date
	Quantity canonical.Quantity
}

// Attribute computes which lots the lot-less issues of the wanted parties may have carried: sales, returns upstream and
// usage alike. Parties come after those that supply them by lot-less rows, so that what they received carries its bounds
// on; parties in a circle of lot-less rows are computed together.
func Attribute(b Book, opt Options) Shares {
	a := newAttributor(b, opt)
	for _, circle := range a.circles() {
		c := a.newCircle(circle)
		c.bounds()
		c.points()
	}
	return a.result()
}

// share is what one lot has in a movement.
type share struct {
	lot              string
	low, point, high canonical.Quantity
	grade            canonical.Grade
}

type move struct {
	canonical.Movement
	from, to int32
}

type attributor struct {
	tolerance canonical.Date
	number    []int64         // party → its number
	place     map[int64]int32 // number → party
	wanted    []bool
	moves     []move
	in, out   [][]int32 // party → moves
	shares    [][]share // move → shares when it names no lot, by lot
	short     []canonical.Quantity
	reports   [][]Report // party → by date
	origins   [][]Origin
	home      []int // party → position in its circle
}

func newAttributor(b Book, opt Options) *attributor {
	a := &attributor{tolerance: opt.tolerance(), place: map[int64]int32{}}
	for _, m := range b.Moves {
		if m.From() == m.To() {
			continue // goods that do not leave the customer
		}
		mv := move{Movement: m, from: a.party(m.From()), to: Nobody}
		if m.To() != 0 {
			mv.to = a.party(m.To())
		}
		a.moves = append(a.moves, mv)
	}
	slices.SortFunc(a.moves, func(x, y move) int { return compareID(x.ID, y.ID) })
	for _, o := range b.Origins {
		a.party(o.Party)
	}
	for _, s := range b.Stock {
		a.party(s.Party)
	}
	n := len(a.number)
	a.wanted, a.in, a.out, a.home = make([]bool, n), make([][]int32, n), make([][]int32, n), make([]int, n)
	a.reports, a.origins = make([][]Report, n), make([][]Origin, n)
	a.shares, a.short = make([][]share, len(a.moves)), make([]canonical.Quantity, len(a.moves))
	for p := range a.wanted {
		a.wanted[p] = len(b.Parties) == 0
	}
	for _, number := range b.Parties {
		if p, ok := a.place[number]; ok {
			a.wanted[p] = true
		}
	}
	for i, m := range a.moves {
		a.out[m.from] = append(a.out[m.from], int32(i))
		if m.to != Nobody {
			a.in[m.to] = append(a.in[m.to], int32(i))
		}
	}
	for _, o := range b.Origins {
		p := a.place[o.Party]
		a.origins[p] = append(a.origins[p], o)
	}
	for _, r := range Reports(b.Stock) {
		p := a.place[r.Party]
		a.reports[p] = append(a.reports[p], r)
	}
	a.learn(b.Known)
	return a
}

func (a *attributor) party(number int64) int32 {
	p, ok := a.place[number]
	if !ok {
		p = int32(len(a.number))
		a.place[number] = p
		a.number = append(a.number, number)
	}
	return p
}

func (a *attributor) learn(known []canonical.Attribution) {
	at := make(map[canonical.ID]int, len(known))
	for i := range a.moves {
		if a.moves[i].Lot == "" && !a.wanted[a.moves[i].from] {
			at[a.moves[i].ID] = i
		}
	}
	for _, k := range known {
		if i, ok := at[k.Movement]; ok {
			a.shares[i] = append(a.shares[i], share{k.Lot, k.Low, k.Point, k.High, k.Grade})
		}
	}
	for _, i := range at {
		slices.SortFunc(a.shares[i], func(x, y share) int { return strings.Compare(x.lot, y.lot) })
	}
}

// circles are the wanted parties that issue without lots, grouped by circles of such rows, suppliers first.
func (a *attributor) circles() [][]int32 {
	g := newGraph(len(a.number))
	issues := make([]bool, len(a.number))
	for _, m := range a.moves {
		if m.Lot != "" || !a.wanted[m.from] {
			continue
		}
		issues[m.from] = true
		if m.to != Nobody && a.wanted[m.to] {
			g.link(m.from, m.to)
		}
	}
	of, count := g.components()
	out := make([][]int32, count)
	for p, c := range of {
		if issues[p] {
			out[count-1-c] = append(out[count-1-c], int32(p))
		}
	}
	out = slices.DeleteFunc(out, func(c []int32) bool { return len(c) == 0 })
	for i, members := range out {
		for _, p := range members {
			a.home[p] = i + 1
		}
	}
	return out
}

func (a *attributor) result() Shares {
	var out Shares
	for i, m := range a.moves {
		if m.Lot != "" || !a.wanted[m.from] {
			continue
		}
		for _, s := range a.shares[i] {
			out.Attributions = append(out.Attributions, canonical.Attribution{
				Movement: m.ID, Product: m.Product, Lot: s.lot, Point: s.point, Low: s.low, High: s.high, Grade: s.grade,
			})
		}
		if a.short[i] > 0 {
			out.Shortages = append(out.Shortages, Shortage{m.ID, a.number[m.from], m.Date, a.short[i]})
		}
	}
	slices.SortFunc(out.Attributions, func(x, y canonical.Attribution) int {
		return cmp.Or(compareID(x.Movement, y.Movement), strings.Compare(x.Lot, y.Lot))
	})
	return out
}
