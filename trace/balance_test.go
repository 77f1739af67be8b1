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
