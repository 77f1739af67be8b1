package trace_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/trace"
)

func balanceOf(w *world, period trace.Period) []trace.Bucket {
	var in trace.Lots
	for _, l := range w.lots {
		before := *w
		if !period.From.IsZero() {
			before.options.AsOf = period.From - 1
		}
		w.options.AsOf = period.To
		openings := map[int32]trace.Holding{}
		if !period.From.IsZero() {
			for _, h := range before.data(l.Lot).Holdings {
				openings[h.Party] = h
			}
		}
		in.Lots = append(in.Lots, w.data(l.Lot))
		in.Openings = append(in.Openings, openings)
	}
	return trace.Balance(in, period, trace.Options{Lang: "en"})
}

func TestBalanceFindsAMistypedLot(t *testing.T) {
	w := world{}
	w.read(t, "parties", "M manufacturer\nD1 distributor\nH1 hospital")
	w.read(t, "lots", "250301 1000\n250310 1000")
	w.read(t, "lines", "sales M D1 2025-03-01 1 250301 100\nsales D1 H1 2025-03-05 2 250310 30\nsales D1 H1 2025-03-06 3 250301 20")
	w.read(t, "stock", "D1 2025-03-31 250301 50\nH1 2025-03-31 250310 30")
	rows := balanceOf(&w, trace.Period{})
	require.Equal(t, "D1", rows[0].Customer.Code)
	require.Equal(t, "250301", rows[0].Lot)
	require.Equal(t, canonical.Units(30), rows[0].Gap)
	require.Equal(t, "trace.gap.lot_typo", rows[0].Code)
	require.Contains(t, rows[0].Explanation, "250310")
	require.Equal(t, canonical.Units(-30), rows[1].Gap)
	require.Equal(t, "trace.gap.lot_typo", rows[1].Code)
}

func TestBalanceOfAPeriodStartsFromTheReportBefore(t *testing.T) {
	w := world{}
	w.read(t, "parties", "M manufacturer\nD1 distributor\nH1 hospital")
	w.read(t, "lots", "A 1000")
	w.read(t, "lines", "sales M D1 2025-03-01 1 A 100\nsales D1 H1 2025-03-29 2 A 10\nsales D1 H1 2025-04-05 3 A 20\nsales D1 H1 2025-05-02 4 A 1")
	w.read(t, "stock", "D1 2025-03-25 A 95\nD1 2025-04-30 A 64")
	rows := balanceOf(&w, trace.Period{From: date(t, "2025-04-01"), To: date(t, "2025-04-30")})
	require.Equal(t, "D1", rows[0].Customer.Code)
	row := rows[0]
	require.Equal(t, []canonical.Quantity{canonical.Units(85), 0, canonical.Units(20), 0, canonical.Units(65), canonical.Units(64), canonical.Units(1)},
		[]canonical.Quantity{row.Opening, row.In, row.Out, row.Used, row.Computed, row.Closing, row.Gap})
}

func TestBalanceAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(t)
		period := trace.Period{}
		if rapid.Bool().Draw(t, "period") {
			period = trace.Period{From: canonical.Date(1000 + rapid.IntRange(0, 20).Draw(t, "start")), To: 1018}
		}
		for _, k := range balanceOf(&w, period) {
			require.Equal(t, k.Computed, k.Opening+k.In-k.Out-k.Used)
			require.Equal(t, k.Gap, k.Computed-k.Closing)
			require.Equal(t, k.Gap != 0, k.Explanation != "")
		}
	})
}

// periods are balances of days that follow each other.
func daysOf(w *world, from, to canonical.Date) [][]trace.Bucket {
	var out [][]trace.Bucket
	for d := from; d <= to; d++ {
		out = append(out, balanceOf(w, trace.Period{From: d, To: d}))
	}
	return out
}

// TestDaysMakeTheMonth: each day opens where the one before closed, and what days leave open is what the month leaves open,
// to the last unit.
func TestDaysMakeTheMonth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := genWorld(t)
		first := canonical.Date(1000 + rapid.IntRange(1, 10).Draw(t, "start"))
		last := first + canonical.Date(rapid.IntRange(0, 15).Draw(t, "days"))
		type key struct{ party, lot string }
		closing := map[key]canonical.Quantity{}
		started := map[key]bool{}
		opened, moved := map[key]canonical.Quantity{}, map[key]canonical.Quantity{}
		for _, day := range daysOf(&w, first, last) {
			for _, b := range day {
				k := key{b.Customer.Code, b.Lot}
				if started[k] {
					require.Equal(t, closing[k], b.Opening, "%v on %s", k, b.From)
				} else {
					opened[k] = b.Opening
				}
				started[k], closing[k] = true, b.Closing
				moved[k] += b.In - b.Out - b.Used - b.Gap
			}
		}
		for _, b := range balanceOf(&w, trace.Period{From: first, To: last}) {
			k := key{b.Customer.Code, b.Lot}
			require.True(t, started[k])
			require.Equal(t, b.Opening, opened[k])
			require.Equal(t, b.Closing, closing[k])
			require.Equal(t, b.In-b.Out-b.Used-b.Gap, moved[k], "%v", k)
		}
	})
}

func TestAGapIsExplainedByRowsOfItsDays(t *testing.T) {
	w := world{}
	w.read(t, "parties", "M manufacturer\nD1 distributor\nH1 hospital")
	w.read(t, "lots", "A 1000")
	// Two equal receipts in January are no reason for a gap in April; a sale posted two days after the report is.
	w.read(t, "lines", "sales M D1 2025-01-02 1 A 20\nsales M D1 2025-01-02 2 A 20\nsales D1 H1 2025-04-05 3 A 5\nsales D1 H1 2025-05-02 4 A 7")
	w.read(t, "stock", "D1 2025-03-31 A 40\nD1 2025-04-30 A 15")
	april := trace.Period{From: date(t, "2025-04-01"), To: date(t, "2025-04-30")}
	row := func() trace.Bucket {
		for _, b := range balanceOf(&w, april) {
			if b.Customer.Code == "D1" {
				return b
			}
		}
		t.Fatal("no book")
		return trace.Bucket{}
	}
	require.Equal(t, canonical.Units(20), row().Gap)
	require.Equal(t, "trace.gap.unexplained", row().Code)
	require.False(t, row().RowsExplain)
	w.stock[1].Quantity = canonical.Units(28)
	require.Equal(t, canonical.Units(7), row().Gap)
	require.Equal(t, "trace.gap.posted_late", row().Code)
	require.True(t, row().RowsExplain)
}

func TestLedgersOfBothSides(t *testing.T) {
	w := world{}
	w.read(t, "parties", "M manufacturer\nD1 distributor\nD2 distributor\nH1 hospital")
	w.read(t, "lots", "A 1000")
	w.read(t, "lines", "sales M D1 2025-03-01 1 A 100\npurchases D1 M 2025-03-02 1 A 100\nsales D1 D2 2025-03-05 2 A 30\npurchases D2 D1 2025-03-06 2 A 28\n"+
		"sales D1 D2 2025-03-20 3 A 9\nsales D2 H1 2025-03-08 4 A 5\npurchases D2 D1 2025-02-01 5 A 3")
	pairs := trace.TwoLedgers([]trace.Data{w.data("A")}, trace.Period{From: date(t, "2025-03-01")})
	var got []string
	for _, p := range pairs {
		got = append(got, p.Seller.Code+" "+p.Buyer.Code+" "+p.Quantity.String()+" "+p.Match+" "+p.Difference.String())
	}
	require.Equal(t, []string{"D1 D2 30 qty_diff -2", "D1 D2 9 seller_only 0", "D2 H1 5 seller_only 0", "M D1 100 match 0"}, got)
	require.False(t, pairs[1].Expected)
	require.True(t, pairs[2].Expected, "the hospital reports nothing")
	totals := trace.LedgerTotals(pairs)
	require.Equal(t, trace.LedgerTotal{Rows: 2, Quantity: canonical.Units(14), Expected: 1}, totals["seller_only"])
	require.Zero(t, totals["buyer_only"])
}
