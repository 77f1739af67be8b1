package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/store"
)

func (k *kit) reporter(p *ledgerKit) int64 {
	k.Helper()
	n, found, err := k.CustomerByKey(k.Context(), canonical.RecordKey{Source: canonical.FlowSource(p.key), ID: canonical.ReporterID})
	require.NoError(k, err)
	require.True(k, found)
	return n
}

func monthOf(party int64, month string) store.MonthKey {
	return store.MonthKey{Party: party, Ledger: canonical.Sales, Month: month}
}

func (k *kit) closeMonth(m store.MonthKey, state canonical.MonthState) {
	k.Helper()
	k.tx(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.LockBook(ctx, m.Party); err != nil {
			return err
		}
		if state == canonical.MonthClosed {
			if _, err := tx.FixFigures(ctx, m); err != nil {
				return err
			}
		}
		return tx.PutMonth(ctx, store.Month{MonthKey: m, State: state, ClosedAt: tx.Now, ChangedAt: tx.Now, ChangedBy: "qp"})
	})
}

// reopen returns the closed months that stand in the way.
func (k *kit) reopen(m store.MonthKey) (inTheWay []string) {
	k.Helper()
	k.tx(func(ctx context.Context, tx *store.Tx) (err error) {
		if err := tx.LockBook(ctx, m.Party); err != nil {
			return err
		}
		if inTheWay, err = tx.ReopenBook(ctx, m); err != nil || len(inTheWay) > 0 {
			return err
		}
		return tx.PutMonth(ctx, store.Month{MonthKey: m, State: canonical.MonthAppealing, ChangedAt: tx.Now, ChangedBy: "qp", Reason: "recount"})
	})
	return inTheWay
}

func (k *kit) figures(m store.MonthKey) []string {
	k.Helper()
	list, err := k.Figures(k.Context(), m)
	require.NoError(k, err)
	out := []string{}
	for _, f := range list {
		word := ""
		if f.Correction {
			word = "correction "
		}
		out = append(out, fmt.Sprintf("%s%s ×%d %s", word, f.Lot, f.Rows, f.Quantity))
	}
	return out
}

func lotLine(date, doc, lot string, quantity int64) canonical.FlowLine {
	l := line(date, doc, "1", "K1", "市一院", quantity)
	l.Lot = lot
	return l
}

func months(_ *testing.T, k *kit) {
	p := k.party("D1")
	party := k.reporter(p)
	march, april, may := monthOf(party, "2025-03"), monthOf(party, "2025-04"), monthOf(party, "2025-05")
	state := func(m store.MonthKey) canonical.MonthState {
		got, err := k.MonthOf(k.Context(), m)
		require.NoError(k, err)
		return got.State
	}
	require.Equal(k, canonical.MonthOpen, state(march))
	k.sell(p, "v1", lotLine("2025-03-05", "S1", "A", 20), lotLine("2025-03-06", "S2", "A", 5), lotLine("2025-04-02", "S3", "A", 7))
	require.Equal(k, canonical.MonthUploading, state(march))
	k.closeMonth(march, canonical.MonthClosed)
	require.Equal(k, []string{"A ×2 25"}, k.figures(march))

	// A changed row, a late one, one that moves to the next month: the closed month stays, the next says the rest.
	k.sell(p, "v2", lotLine("2025-03-05", "S1", "A", 21), lotLine("2025-03-09", "S4", "B", 3), lotLine("2025-04-01", "S2", "A", 5))
	require.Equal(k, []string{"A ×2 25"}, k.figures(march))
	require.Equal(k, []string{"A ×2 12", "correction A ×3 -4", "correction B ×1 3"}, k.figures(april))
	list, err := k.Corrections(k.Context(), store.CorrectionQuery{Party: party, Real: "2025-03"})
	require.NoError(k, err)
	var told []string
	for _, c := range list {
		told = append(told, fmt.Sprintf("%s %s in %s %s", c.DocNo, c.Signed(), c.BookedMonth, c.Class))
		require.Empty(k, c.ExplainedBy)
	}
	slices.Sort(told)
	require.Equal(k, []string{"S1 -20 in 2025-04 normal", "S1 21 in 2025-04 normal", "S2 -5 in 2025-04 normal", "S4 3 in 2025-04 late"}, told)

	// With April closed the next change is booked in May.
	k.closeMonth(april, canonical.MonthClosed)
	k.closeMonth(april, canonical.MonthSealed)
	k.sell(p, "v3", lotLine("2025-03-05", "S1", "A", 22))
	require.Equal(k, []string{"A ×2 12", "correction A ×3 -4", "correction B ×1 3"}, k.figures(april))
	require.Equal(k, []string{"correction A ×2 1"}, k.figures(may))

	// March was corrected in April, which is sealed: it stays closed until April is opened.
	require.Equal(k, []string{"2025-04"}, k.reopen(march))
	require.Equal(k, []string{"A ×2 25"}, k.figures(march))
	require.Empty(k, k.reopen(april))
	require.Empty(k, k.reopen(march))
	require.Equal(k, []string{"A ×1 22", "B ×1 3"}, k.figures(march), "its rows speak for themselves")
	require.Equal(k, []string{"A ×2 12"}, k.figures(april), "and are not said twice")
	require.Empty(k, k.figures(may))
	all, err := k.Corrections(k.Context(), store.CorrectionQuery{Party: party, Undone: true})
	require.NoError(k, err)
	require.Len(k, all, 6, "what was booked is kept")
}

// monthLaws: guarantees 7 and 8 over closed months, for every order of files, closes, seals and re-openings.
func monthLaws(_ *testing.T, k *kit) {
	type file struct {
		version  string
		replaces bool
		lines    []canonical.FlowLine
	}
	all := []string{"2025-02", "2025-03", "2025-04", "2025-05", "2025-06", "2025-07"}
	n := 0
	rapid.Check(k, func(t *rapid.T) {
		var files []file
		for v := range rapid.IntRange(1, 4).Draw(t, "files") {
			f := file{version: fmt.Sprintf("v%d", v), replaces: rapid.Bool().Draw(t, "replaces")}
			for _, d := range rapid.SliceOfNDistinct(rapid.IntRange(1, 4), 0, 4, rapid.ID[int]).Draw(t, "docs") {
				day := rapid.SampledFrom([]string{"2025-02-27", "2025-03-01", "2025-03-15", "2025-04-02"}).Draw(t, "day")
				f.lines = append(f.lines, lotLine(day, fmt.Sprintf("S%d", d), rapid.SampledFrom([]string{"A", "B"}).Draw(t, "lot"), int64(rapid.IntRange(1, 3).Draw(t, "quantity"))))
			}
			files = append(files, f)
		}
		send := func(p *ledgerKit, f file) {
			k.sell(p, f.version, f.lines...)
			if f.replaces {
				k.replace(p, f.version)
			}
		}
		n++
		plain := k.party(fmt.Sprintf("R%d", n))
		for _, f := range files {
			send(plain, f)
		}

		p := k.party(fmt.Sprintf("D%d", n))
		party := k.reporter(p)
		fixed := map[string][]string{} // month → its figures
		check := func() {
			total := map[string]canonical.Quantity{}
			for _, month := range all {
				m := monthOf(party, month)
				if want, isFixed := fixed[month]; isFixed {
					require.Equal(t, want, k.figures(m), "%s stands", month)
				}
				list, err := k.Figures(k.Context(), m)
				require.NoError(t, err)
				own := map[string]canonical.Quantity{}
				for _, f := range list {
					total[f.Lot] += f.Quantity
					if !f.Correction {
						own[f.Lot] += f.Quantity
					}
				}
				corrections, err := k.Corrections(k.Context(), store.CorrectionQuery{Party: party, Real: month})
				require.NoError(t, err)
				for i := range corrections {
					own[corrections[i].Lot] += corrections[i].Signed()
					require.Greater(t, corrections[i].BookedMonth, month)
				}
				now, err := k.FiguresNow(k.Context(), m)
				require.NoError(t, err)
				for _, f := range now {
					if !f.Correction {
						own[f.Lot] -= f.Quantity
					}
				}
				for lot, q := range own {
					require.Zero(t, q, "%s lot %s: closed figures and corrections are what its rows say", month, lot)
				}
			}
			lines, err := k.Book(k.Context(), p.key)
			require.NoError(t, err)
			for _, l := range lines {
				total[l.Lot] -= l.Quantity
			}
			for lot, q := range total {
				require.Zero(t, q, "lot %s: over all months nothing appears or vanishes", lot)
			}
		}
		for _, f := range rapid.Permutation(files).Draw(t, "order") {
			send(p, f)
			check()
			for range rapid.IntRange(0, 2).Draw(t, "steps") {
				month := rapid.SampledFrom(all[:4]).Draw(t, "month")
				m := monthOf(party, month)
				_, isFixed := fixed[month]
				switch rapid.SampledFrom([]string{"close", "seal", "reopen"}).Draw(t, "step") {
				case "close":
					if !isFixed {
						before := k.figures(m)
						k.closeMonth(m, canonical.MonthClosed)
						fixed[month] = before
					}
				case "seal":
					if isFixed {
						k.closeMonth(m, canonical.MonthSealed)
					}
				default:
					if isFixed && len(k.reopen(m)) == 0 {
						delete(fixed, month)
					}
				}
				check()
			}
		}
		require.Equal(t, k.book(plain), k.book(p), "whatever was closed in between, the rows are those of the right order")
		for _, month := range slices.Backward(slices.Sorted(maps.Keys(fixed))) {
			require.Empty(t, k.reopen(monthOf(party, month)), "the latest first, every month can be opened")
			delete(fixed, month)
			check()
		}
	})
}

// monthRace: a month that is closed while rows come in misses none of them.
func monthRace(_ *testing.T, k *kit) {
	p := k.party("D1")
	party := k.reporter(p)
	k.sell(p, "v00", lotLine("2025-01-05", "S", "A", 1))
	for round := range 8 {
		m := monthOf(party, fmt.Sprintf("2025-%02d", round+2))
		var g errgroup.Group
		g.Go(func() error {
			for i := range 4 {
				l := lotLine(m.Month+"-05", fmt.Sprintf("S%d", i), "A", int64(10+i))
				row := store.FlowRow{ID: canonical.DeriveID(p.key, m.Month, l.DocNo), Line: l, Hash: store.HashLine(&l), Number: 1, Version: "v01"}
				batch := store.FlowBatch{Rows: []store.FlowRow{row}, Origin: store.Origin{Run: k.run, ReadOrder: "z"}}
				if err := k.InTx(k.Context(), func(tx *store.Tx) error { _, err := p.sink.Put(k.Context(), tx, batch); return err }); err != nil {
					return err
				}
			}
			return nil
		})
		g.Go(func() error {
			return k.InTx(k.Context(), func(tx *store.Tx) error {
				if err := tx.LockBook(k.Context(), party); err != nil {
					return err
				}
				if _, err := tx.FixFigures(k.Context(), m); err != nil {
					return err
				}
				return tx.PutMonth(k.Context(), store.Month{MonthKey: m, State: canonical.MonthClosed, ClosedAt: tx.Now, ChangedAt: tx.Now, ChangedBy: "qp"})
			})
		})
		require.NoError(k, g.Wait())
		total := canonical.Quantity(0)
		list, err := k.Figures(k.Context(), m)
		require.NoError(k, err)
		for _, f := range list {
			if !f.Correction {
				total += f.Quantity
			}
		}
		corrections, err := k.Corrections(k.Context(), store.CorrectionQuery{Party: party, Real: m.Month})
		require.NoError(k, err)
		for i := range corrections {
			total += corrections[i].Signed()
		}
		require.Equal(k, canonical.Units(10+11+12+13), total)
	}
}
