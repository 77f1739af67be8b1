package flow_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/trace/flow"
)

// bookOf reads moves "ID FROM>TO DAY LOT QTY [KIND]" and stock "PARTY DAY LOT QTY"; parties are letters, TO * is use.
func bookOf(t *testing.T, text string) flow.Book {
	var b flow.Book
	party := func(s string) int64 {
		if s == "*" {
			return 0
		}
		return int64(s[0])
	}
	for _, l := range strings.Split(strings.TrimSpace(text), "\n") {
		f := strings.Fields(l)
		num := func(s string) (n int) { _, err := fmt.Sscan(s, &n); require.NoError(t, err); return n }
		if from, to, ok := strings.Cut(f[1], ">"); ok {
			m := canonical.Movement{Seller: party(from), Buyer: party(to), Product: 7, Date: canonical.Date(1000 + num(f[2])), Lot: strings.Trim(f[3], "-"),
				Quantity: canonical.Units(int64(num(f[4]))), Kind: canonical.Sale, Grade: canonical.GradeB}
			copy(m.ID[:], f[0])
			if len(f) > 5 {
				m.Kind = canonical.FlowKind(f[5])
			}
			if m.Kind == canonical.Return {
				m.Seller, m.Buyer = m.Buyer, m.Seller
			}
			b.Moves = append(b.Moves, m)
			continue
		}
		b.Stock = append(b.Stock, canonical.StockPosition{Party: party(f[0]), Product: 7, Date: canonical.Date(1000 + num(f[1])), Lot: strings.Trim(f[2], "-"), Quantity: canonical.Units(int64(num(f[3]))), Kind: canonical.Available})
	}
	return b
}

func TestAttribute(t *testing.T) {
	for _, c := range []struct {
		name, book string
		want       []string // ID LOT low/point/high GRADE; or ID short Q
	}{
		{"the stock report closes it", "a M>D 1 A 500\nb M>D 1 B 700\nx D>C 5 - 600\nD 9 A 150\nD 9 B 450",
			[]string{"x A 0/350/500 C", "x B 100/250/600 C"}},
		{"a report that does not close still says what is left", "a M>D 1 A 500\nb M>D 2 B 700\nx D>C 5 - 600\nD 9 A 150\nD 9 B 430",
			[]string{"x A 0/350/500 E", "x B 100/250/600 E"}},
		{"several issues before one report share what it leaves", "a M>D 1 A 50\nb M>D 2 B 50\nx D>C 5 - 20\ny D>C 6 - 20\nD 9 A 20\nD 9 B 40",
			[]string{"x A 0/20/20 E", "x B 0/0/20 E", "y A 0/10/20 E", "y B 0/10/20 E"}},
		{"first in, first out", "a M>D 1 A 500\nb M>D 2 B 700\nx D>C 5 - 600", []string{"x A 0/500/500 E", "x B 100/100/600 E"}},
		{"received on one day: in proportion", "a M>D 1 A 500\nb M>D 1 B 700\nx D>C 5 - 600", []string{"x A 0/250/500 F", "x B 100/350/600 F"}},
		{"only one lot", "a M>D 1 A 500\nx D>C 5 - 100", []string{"x A 100/100/100 D"}},
		{"one lot is gone by other rows", "a M>D 1 A 500\nb M>D 1 B 50\ne D>C 3 B 50\nx D>C 20 - 100", []string{"x A 100/100/100 D"}},
		{"more than there was", "a M>D 1 A 50\nx D>C 5 - 80", []string{"x A 50/50/50 D", "x short 30"}},
		{"nothing was ever there", "x D>C 5 - 80", []string{"x short 80"}},
		{"a receipt posted within the tolerance counts", "a M>D 10 A 50\nx D>C 5 - 30", []string{"x A 30/30/30 D"}},
		{"a later one does not", "a M>D 13 A 50\nx D>C 5 - 30", []string{"x short 30"}},
		{"a later row that names the lot limits it", "a M>D 1 A 500\nb M>D 1 B 500\ne D>C 30 A 450\nx D>C 5 - 100", []string{"x A 0/9/50 F", "x B 50/91/100 F"}},
		{"opening stock of a new feed", "D 0 A 40\nx D>C 5 - 30", []string{"x A 30/30/30 D"}},
		{"what comes on carries its bounds", "a M>D 1 A 500\nb M>D 2 B 700\nx D>E 5 - 600\ny E>C 9 - 100",
			[]string{"x A 0/500/500 E", "x B 100/100/600 E", "y A 0/83/100 F", "y B 0/17/100 F"}},
		{"usage and returns upstream are issues", "a M>D 1 A 5\nb M>D 1 B 5\nu D>* 5 - 4 used\nr D>M 6 - 6 return",
			[]string{"r A 1/3/5 E", "r B 1/3/5 E", "u A 0/2/4 F", "u B 0/2/4 F"}},
		{"a circle: rows inside count whole, what entered limits them", "a M>D 1 A 10\nx D>E 5 - 10\ny E>D 9 - 10\nz D>C 12 - 10",
			[]string{"x A 10/10/10 D", "y A 10/10/10 D", "z A 10/10/10 D"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := flow.Attribute(bookOf(t, c.book), flow.Options{})
			var got []string
			name := func(id canonical.ID) string { return strings.TrimRight(string(id[:]), "\x00") }
			for _, a := range s.Attributions {
				got = append(got, fmt.Sprintf("%s %s %s/%s/%s %s", name(a.Movement), a.Lot, a.Low, a.Point, a.High, a.Grade))
			}
			for _, x := range s.Shortages {
				got = append(got, fmt.Sprintf("%s short %s", name(x.Movement), x.Quantity))
			}
			require.Equal(t, c.want, got)
		})
	}
}

// truth is a generated channel: what really moved, and the rows that tell of it.
type truth struct {
	book flow.Book
	of   map[canonical.ID]map[string]canonical.Quantity // lot-less movement → lots it really carried
}

// genTruth lets goods move day by day between a maker (1), distributors (2–4) and end customers (5–7); rows are posted up
// to the tolerance late and lose their lots at random.
func genTruth(t *rapid.T) truth {
	tr := truth{of: map[canonical.ID]map[string]canonical.Quantity{}}
	lots := []string{"A", "B", "C"}[:rapid.IntRange(1, 3).Draw(t, "lots")]
	hold := map[int64]map[string]int64{}
	for p := int64(1); p <= 7; p++ {
		hold[p] = map[string]int64{}
	}
	for _, l := range lots {
		hold[1][l] = int64(rapid.IntRange(1, 200).Draw(t, "released"))
		tr.book.Origins = append(tr.book.Origins, flow.Origin{Party: 1, Lot: l, Quantity: canonical.Units(hold[1][l])})
	}
	if rapid.Bool().Draw(t, "opening") { // a feed that begins with a stock report
		p := int64(rapid.IntRange(2, 4).Draw(t, "party"))
		for _, l := range lots {
			hold[p][l] = int64(rapid.IntRange(0, 30).Draw(t, "stock"))
			tr.report(p, 980, l, hold[p][l])
		}
	}
	day := canonical.Date(1000)
	for i := range rapid.IntRange(1, 30).Draw(t, "events") {
		day += canonical.Date(rapid.IntRange(0, 4).Draw(t, "days"))
		from := int64(rapid.IntRange(1, 7).Draw(t, "from"))
		to := int64(rapid.IntRange(1, 7).Draw(t, "to"))
		kind := canonical.Sale
		switch {
		case from >= 5 && rapid.Bool().Draw(t, "use"):
			to, kind = 0, canonical.Used
		case from >= 5 || to == 1:
			kind = canonical.Return
		}
		if from == to {
			continue
		}
		carried := map[string]canonical.Quantity{}
		total := canonical.Quantity(0)
		blank := rapid.Bool().Draw(t, "blank")
		for _, l := range lots {
			if hold[from][l] == 0 || !blank && len(carried) > 0 || rapid.Bool().Draw(t, "skip") {
				continue
			}
			n := rapid.Int64Range(1, hold[from][l]).Draw(t, "carried")
			hold[from][l] -= n
			if to != 0 {
				hold[to][l] += n
			}
			carried[l] = canonical.Units(n)
			total += canonical.Units(n)
		}
		if total == 0 {
			continue
		}
		m := canonical.Movement{ID: canonical.DeriveID("m", fmt.Sprint(i)), Seller: from, Buyer: to, Product: 7, Quantity: total, Kind: kind,
			Date: day + canonical.Date(rapid.IntRange(0, 7).Draw(t, "late")), Grade: canonical.GradeB}
		if kind == canonical.Return {
			m.Seller, m.Buyer = to, from
		}
		if blank {
			tr.of[m.ID] = carried
		} else {
			for l := range carried {
				m.Lot = l
			}
		}
		tr.book.Moves = append(tr.book.Moves, m)
		if rapid.IntRange(0, 5).Draw(t, "stock-taking") == 0 {
			for _, l := range lots {
				tr.report(from, day, l, hold[from][l])
			}
		}
	}
	return tr
}

func (tr *truth) report(p int64, d canonical.Date, lot string, n int64) {
	tr.book.Stock = slices.DeleteFunc(tr.book.Stock, func(s canonical.StockPosition) bool { return s.Party == p && s.Date == d && s.Lot == lot })
	tr.book.Stock = append(tr.book.Stock, canonical.StockPosition{Party: p, Product: 7, Lot: lot, Date: d, Quantity: canonical.Units(n), Kind: canonical.Available})
}

func TestAttributeLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := genTruth(t)
		got := flow.Attribute(tr.book, flow.Options{})

		// T7: the order of rows does not matter.
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		b := tr.book
		b.Moves, b.Stock, b.Origins = slices.Clone(b.Moves), slices.Clone(b.Stock), slices.Clone(b.Origins)
		r.Shuffle(len(b.Moves), func(i, j int) { b.Moves[i], b.Moves[j] = b.Moves[j], b.Moves[i] })
		r.Shuffle(len(b.Stock), func(i, j int) { b.Stock[i], b.Stock[j] = b.Stock[j], b.Stock[i] })
		r.Shuffle(len(b.Origins), func(i, j int) { b.Origins[i], b.Origins[j] = b.Origins[j], b.Origins[i] })
		require.Equal(t, got, flow.Attribute(b, flow.Options{}))

		sum := map[canonical.ID]canonical.Quantity{}
		high := map[canonical.ID]map[string]canonical.Attribution{}
		for _, a := range got.Attributions {
			require.LessOrEqual(t, canonical.Quantity(0), a.Low)
			require.LessOrEqual(t, a.Low, a.Point, "%+v", a)
			require.LessOrEqual(t, a.Point, a.High, "%+v", a)
			sum[a.Movement] += a.Point
			if high[a.Movement] == nil {
				high[a.Movement] = map[string]canonical.Attribution{}
			}
			high[a.Movement][a.Lot] = a
		}
		for _, s := range got.Shortages {
			require.Positive(t, s.Quantity)
			sum[s.Movement] += s.Quantity
		}
		for _, m := range tr.book.Moves {
			if m.Lot != "" {
				require.NotContains(t, sum, m.ID)
				continue
			}
			require.Equal(t, m.Quantity, sum[m.ID], "points and shortage add up to the row")
			for lot, q := range tr.of[m.ID] { // T6
				a := high[m.ID][lot]
				require.GreaterOrEqual(t, a.High, q, "lot %s of %s day %d", lot, m.ID, m.Date)
			}
			for lot, a := range high[m.ID] {
				require.LessOrEqual(t, a.Low, tr.of[m.ID][lot], "low of lot %s", lot)
			}
		}
	})
}

// Computing some parties from the others' known shares gives what computing all gives.
func TestPartsOfTheBookAgreeWithTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tr := genTruth(t)
		whole := flow.Attribute(tr.book, flow.Options{})
		start := int64(rapid.IntRange(1, 7).Draw(t, "dirty"))
		wanted := downstream(tr.book, start)
		b := tr.book
		b.Parties = wanted
		touch := func(p int64) bool { return slices.Contains(wanted, p) }
		b.Moves = slices.DeleteFunc(slices.Clone(b.Moves), func(m canonical.Movement) bool { return !touch(m.From()) && !touch(m.To()) })
		b.Stock = slices.DeleteFunc(slices.Clone(b.Stock), func(s canonical.StockPosition) bool { return !touch(s.Party) })
		issuer := map[canonical.ID]int64{}
		for _, m := range tr.book.Moves {
			issuer[m.ID] = m.From()
		}
		var want []canonical.Attribution
		for _, a := range whole.Attributions {
			if touch(issuer[a.Movement]) {
				want = append(want, a)
			} else {
				b.Known = append(b.Known, a)
			}
		}
		require.Equal(t, want, flow.Attribute(b, flow.Options{}).Attributions)
	})
}

// downstream is a party and all that get lot-less rows from it, directly or not.
func downstream(b flow.Book, start int64) []int64 {
	out := []int64{start}
	for i := 0; i < len(out); i++ {
		for _, m := range b.Moves {
			if m.Lot == "" && m.From() == out[i] && m.To() != 0 && !slices.Contains(out, m.To()) {
				out = append(out, m.To())
			}
		}
	}
	return out
}
