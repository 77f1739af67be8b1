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

const (
	seller = int64(1)
	buyer  = int64(2)
)

// line reads "s|b ID DATE DOC LOT QTY [KIND]"; - is empty. The id's text orders like the row id.
func line(t require.TestingT, text string) flow.Line {
	f := strings.Fields(text)
	l := flow.Line{Ledger: canonical.Sales, Party: seller, Partner: buyer, Product: 7, Kind: canonical.Sale}
	if f[0] == "b" {
		l.Ledger, l.Party, l.Partner = canonical.Purchases, buyer, seller
	}
	copy(l.ID[:], f[1])
	var err error
	l.Date, err = canonical.ParseDate("2025-" + f[2])
	require.NoError(t, err)
	l.DocNo, l.Lot = strings.Trim(f[3], "-"), strings.Trim(f[4], "-")
	l.Quantity, err = canonical.ParseQuantity(f[5])
	require.NoError(t, err)
	if len(f) > 6 {
		l.Kind = canonical.FlowKind(f[6])
	}
	return l
}

func show(m canonical.Movement) string {
	name := func(id canonical.ID) string { return strings.TrimRight(string(id[:]), "\x00") }
	s := fmt.Sprintf("%s %s %s lot=%s %s", name(m.ID), m.Date, m.Quantity, m.Lot, m.Match)
	if m.LotAdopted {
		s += " adopted"
	}
	if m.Difference != 0 {
		s += " diff=" + m.Difference.String()
	}
	s += " " + string(m.Grade) + " [" + name(m.SellerLine) + "|" + name(m.BuyerLine)
	for _, id := range m.MoreLines {
		s += "," + name(id)
	}
	return s + "]"
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"one transfer in both ledgers", []string{"s a 03-01 X L1 10", "b z 03-03 Y L1 10"},
			[]string{"a 2025-03-01 10 lot=L1 match A [a|z]"}},
		{"no buyer's ledger", []string{"s a 03-01 X L1 10"}, []string{"a 2025-03-01 10 lot=L1 seller_only B [a|]"}},
		{"no seller's ledger", []string{"b z 03-01 X L1 10"}, []string{"z 2025-03-01 10 lot=L1 buyer_only B [|z]"}},
		{"a document reference goes before a closer date", []string{"s a 03-01 X L1 10", "b y 03-01 - L1 10", "b z 03-05 x L1 10"},
			[]string{"a 2025-03-01 10 lot=L1 match A [a|z]", "y 2025-03-01 10 lot=L1 buyer_only B [|y]"}},
		{"the closest date wins, then the row id", []string{"s a 03-04 - L1 10", "b x 03-01 - L1 10", "b z 03-05 - L1 10", "b y 03-03 - L1 10"},
			[]string{"x 2025-03-01 10 lot=L1 buyer_only B [|x]", "a 2025-03-04 10 lot=L1 match A [a|y]", "z 2025-03-05 10 lot=L1 buyer_only B [|z]"}},
		{"equal lots go before a blank one", []string{"s a 03-01 - L1 10", "b y 03-01 - - 10", "b z 03-02 - L1 10"},
			[]string{"a 2025-03-01 10 lot=L1 match A [a|z]", "y 2025-03-01 10 lot= buyer_only B [|y]"}},
		{"the seller's missing lot is adopted", []string{"s a 03-01 - - 10", "b z 03-02 - L1 10"},
			[]string{"a 2025-03-01 10 lot=L1 match adopted A [a|z]"}},
		{"the buyer's missing lot does not matter", []string{"s a 03-01 - L1 10", "b z 03-02 - - 10"},
			[]string{"a 2025-03-01 10 lot=L1 match A [a|z]"}},
		{"other lots never pair", []string{"s a 03-01 X L1 10", "b z 03-01 X L2 10"},
			[]string{"a 2025-03-01 10 lot=L1 seller_only B [a|]", "z 2025-03-01 10 lot=L2 buyer_only B [|z]"}},
		{"outside the window never pairs", []string{"s a 03-01 X L1 10", "b y 03-05 X L2 1", "b z 03-09 X L1 10"},
			[]string{"a 2025-03-01 10 lot=L1 seller_only B [a|]", "y 2025-03-05 1 lot=L2 buyer_only B [|y]", "z 2025-03-09 10 lot=L1 buyer_only B [|z]"}},
		{"one sale booked as three receipts", []string{"s a 03-01 - L1 10", "b x 03-01 - L1 2", "b y 03-02 - L1 3", "b z 03-03 - L1 5", "b w 03-04 - L1 4"},
			[]string{"a 2025-03-01 10 lot=L1 match A [a|x,y,z]", "w 2025-03-04 4 lot=L1 buyer_only B [|w]"}},
		{"three sales booked as one receipt", []string{"s a 03-01 - L1 2", "s b 03-02 - L1 3", "s c 03-03 - L1 5", "b z 03-03 - L1 10"},
			[]string{"a 2025-03-01 2 lot=L1 match A [a|z]", "b 2025-03-02 3 lot=L1 match A [b|z]", "c 2025-03-03 5 lot=L1 match A [c|z]"}},
		{"five parts are too many", []string{"s a 03-01 - L1 5", "b v 03-01 - L1 1", "b w 03-01 - L1 1", "b x 03-01 - L1 1", "b y 03-01 - L1 1", "b z 03-01 - L1 1"},
			[]string{"a 2025-03-01 5 lot=L1 qty_diff diff=-4 B [a|v]", "w 2025-03-01 1 lot=L1 buyer_only B [|w]", "x 2025-03-01 1 lot=L1 buyer_only B [|x]",
				"y 2025-03-01 1 lot=L1 buyer_only B [|y]", "z 2025-03-01 1 lot=L1 buyer_only B [|z]"}},
		{"a difference is shown, the seller counts", []string{"s a 03-01 - L1 10", "b z 03-02 - L1 9"},
			[]string{"a 2025-03-01 10 lot=L1 qty_diff diff=-1 B [a|z]"}},
		{"returns pair with returns", []string{"s a 03-01 - L1 10 return", "b y 03-01 - L1 10", "b z 03-02 - L1 10 return"},
			[]string{"a 2025-03-01 10 lot=L1 match A [a|z]", "y 2025-03-01 10 lot=L1 buyer_only B [|y]"}},
		{"rows without goods move nothing", []string{"s a 03-01 - L1 0"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var lines []flow.Line
			for _, text := range c.lines {
				lines = append(lines, line(t, text))
			}
			var got []string
			for _, m := range flow.Join(lines, flow.Options{}) {
				got = append(got, show(m))
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestReturnKeepsTheCommercialSeller(t *testing.T) {
	m := flow.Join([]flow.Line{line(t, "s a 03-01 - L1 10 return")}, flow.Options{})[0]
	require.Equal(t, seller, m.Seller)
	require.Equal(t, buyer, m.From())
	require.Equal(t, seller, m.To())
}

func TestUsageHasNoOtherSide(t *testing.T) {
	l := line(t, "s a 03-01 - L1 10 sampled")
	l.Ledger, l.Partner = canonical.Usage, 0
	m := flow.Join([]flow.Line{l}, flow.Options{})[0]
	require.Equal(t, flow.Own, m.Match)
	require.Zero(t, m.To())
}

func genLines(t *rapid.T) []flow.Line {
	n := rapid.IntRange(0, 24).Draw(t, "lines")
	lines := make([]flow.Line, n)
	for i := range lines {
		lines[i] = flow.Line{
			ID: canonical.DeriveID(fmt.Sprint(i)), Ledger: canonical.Sales, Party: seller, Partner: buyer, Product: 7,
			Date:     canonical.Date(739000 + rapid.IntRange(0, 30).Draw(t, "day")),
			DocNo:    rapid.SampledFrom([]string{"", "", "X", "Y"}).Draw(t, "doc"),
			Lot:      rapid.SampledFrom([]string{"", "L1", "L2"}).Draw(t, "lot"),
			Quantity: canonical.Units(int64(rapid.IntRange(1, 8).Draw(t, "quantity"))),
			Kind:     rapid.SampledFrom([]canonical.FlowKind{canonical.Sale, canonical.Sale, canonical.Transfer, canonical.Return}).Draw(t, "kind"),
		}
		if rapid.Bool().Draw(t, "buyer's") {
			lines[i].Ledger, lines[i].Party, lines[i].Partner = canonical.Purchases, buyer, seller
		}
	}
	return lines
}

func TestJoinLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := genLines(t)
		moves := flow.Join(lines, flow.Options{})

		shuffled := slices.Clone(lines)
		rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		require.Equal(t, moves, flow.Join(shuffled, flow.Options{}), "the order of lines matters")

		byID := map[canonical.ID]flow.Line{}
		for _, l := range lines {
			byID[l.ID] = l
		}
		heard := map[canonical.ID]int{}
		for _, m := range moves {
			first := byID[m.ID]
			require.Equal(t, first.Quantity, m.Quantity)
			require.Equal(t, first.Date, m.Date)
			heard[m.SellerLine]++
			for _, id := range append([]canonical.ID{m.BuyerLine}, m.MoreLines...) {
				if id.IsZero() || m.SellerLine.IsZero() {
					continue
				}
				s, b := byID[m.SellerLine], byID[id]
				require.LessOrEqual(t, max(s.Date-b.Date, b.Date-s.Date), canonical.Date(7))
				require.True(t, s.Lot == b.Lot || s.Lot == "" || b.Lot == "")
				require.Equal(t, s.Kind == canonical.Return, b.Kind == canonical.Return)
			}
		}
		for _, l := range lines {
			if l.Ledger == canonical.Sales {
				require.Equal(t, 1, heard[l.ID], "a seller's line is one movement")
			}
		}
		for _, l := range lines {
			if l.Ledger == canonical.Purchases {
				alone := slices.ContainsFunc(moves, func(m canonical.Movement) bool { return m.ID == l.ID })
				paired := slices.ContainsFunc(moves, func(m canonical.Movement) bool {
					return !m.SellerLine.IsZero() && (m.BuyerLine == l.ID || slices.Contains(m.MoreLines, l.ID))
				})
				require.NotEqual(t, alone, paired, "a buyer's line is evidence or a movement of its own")
			}
		}
	})
}

// A row more than the window away from all others changes nothing but itself.
func TestRunsAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := genLines(t)
		far := line(t, "s ~ 12-31 X L1 5")
		far.Date = 740000
		with := flow.Join(append(slices.Clone(lines), far), flow.Options{})
		require.ElementsMatch(t, flow.Join(lines, flow.Options{}), slices.DeleteFunc(with, func(m canonical.Movement) bool { return m.ID == far.ID }))
	})
}

func TestThousandsOfEqualLinesJoinQuickly(t *testing.T) {
	var lines []flow.Line
	for i := range 20_000 {
		l := line(t, "s a 03-01 - L1 10")
		l.ID = canonical.DeriveID("s", fmt.Sprint(i))
		lines = append(lines, l)
		l = line(t, "b z 03-02 - L1 10")
		l.ID = canonical.DeriveID("b", fmt.Sprint(i))
		lines = append(lines, l)
	}
	for _, m := range flow.Join(lines, flow.Options{}) {
		require.Equal(t, flow.Match, m.Match)
	}
}
