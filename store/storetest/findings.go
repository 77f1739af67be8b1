package storetest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/store"
	"tributary/trace/finding"
)

func findings(_ *testing.T, k *kit) {
	ctx := k.Context()
	due := func() []store.FindingMark {
		list, err := k.FindingsDue(ctx, 10)
		require.NoError(k, err)
		return list
	}
	done := func(m store.FindingMark) {
		k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.DoneFindings(ctx, m) })
	}
	require.Empty(k, due(), "a mark on every pack of none is worked off")

	// A mark that is set again while its scope is checked stays.
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.MarkProductFindings(ctx, []int64{7, 7}) })
	mark := due()[0]
	require.Equal(k, []any{int64(7), ""}, []any{mark.Product(), mark.Event()})
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.MarkProductFindings(ctx, []int64{7}) })
	done(mark)
	require.Len(k, due(), 1)
	done(due()[0])
	require.Empty(k, due())

	// A master or an entry of a register makes its product wait.
	k.put(k.record(canonical.EntityProduct, "erp", "P1", canonical.Product{Code: "P1", Name: "阿莫西林"}))
	k.tx(func(ctx context.Context, tx *store.Tx) error { return tx.MarkAllFindings(ctx) })
	for _, m := range due() {
		done(m)
	}
	k.put(k.record(canonical.EntityLot, "erp", "P1|L1", canonical.Lot{Product: "P1", Lot: "L1", Quantity: canonical.Units(5)}))
	require.Len(k, due(), 1)
	done(due()[0])
	k.put(k.record(canonical.EntityTerritory, "crm", "1", canonical.Territory{Seller: "D1", Region: "浙江省", Division: "330000"}))
	require.NotEmpty(k, due(), "an entry about every product")
	entries, err := k.Territories(ctx)
	require.NoError(k, err)
	require.Equal(k, "330000", entries[0].Value.Division)

	of := func(name, evidence string, severity finding.Severity) finding.Finding {
		return finding.Finding{ID: canonical.DeriveID(name), Rule: finding.LotTypo, Severity: severity, Product: "P1", Lot: "L_" + name, Party: finding.Who{GoldenID: "g_" + name}, Evidence: evidence, Rows: []canonical.ID{canonical.DeriveID(name)}}
	}
	put := func(list ...finding.Finding) {
		k.tx(func(ctx context.Context, tx *store.Tx) error {
			return tx.PutFindings(ctx, store.ProductFindings(1), list)
		})
	}
	list := func(q store.FindingQuery) (names []string) {
		q.Limit = 10
		found, total, err := k.Findings(ctx, q)
		require.NoError(k, err)
		require.Equal(k, int(total), len(found))
		for _, f := range found {
			names = append(names, f.Lot)
		}
		return names
	}
	open, settled := false, true
	put(of("a", "1", finding.Minor), of("b", "1", finding.Critical))
	require.Equal(k, []string{"L_b", "L_a"}, list(store.FindingQuery{Settled: &open}), "the gravest first")
	require.Equal(k, []string{"L_b"}, list(store.FindingQuery{Severity: finding.Major}))
	require.Equal(k, []string{"L_a"}, list(store.FindingQuery{Lot: "L_a", Rule: finding.LotTypo, Product: "P1"}))
	require.Equal(k, []string{"L_a"}, list(store.FindingQuery{Party: "g_a"}))
	require.Empty(k, list(store.FindingQuery{Party: "gxa"}), "an underscore is no wild card")

	say := func(name, evidence, verdict string) error {
		return k.InTx(ctx, func(tx *store.Tx) error {
			return tx.SettleFinding(ctx, canonical.DeriveID(name), store.Settlement{Evidence: evidence, Verdict: verdict, Reason: "r", Actor: "os:qa"})
		})
	}
	require.ErrorIs(k, say("a", "0", "explained"), store.ErrRaced, "on evidence that is not there")
	require.NoError(k, say("a", "1", "explained"))
	require.Equal(k, []string{"L_a"}, list(store.FindingQuery{Settled: &settled}))
	before, err := k.Finding(ctx, canonical.DeriveID("a"))
	require.NoError(k, err)
	put(of("a", "1", finding.Minor))
	require.Equal(k, []string{"L_a"}, list(store.FindingQuery{}), "what is found no more is gone")
	require.Equal(k, []string{"L_a"}, list(store.FindingQuery{Settled: &settled}))
	put(of("a", "2", finding.Minor))
	require.Empty(k, list(store.FindingQuery{Settled: &settled}), "other evidence")
	after, err := k.Finding(ctx, canonical.DeriveID("a"))
	require.NoError(k, err)
	require.Equal(k, before.FirstSeen, after.FirstSeen)
	put()
	_, err = k.Finding(ctx, canonical.DeriveID("a"))
	require.ErrorIs(k, err, sql.ErrNoRows)
	put(of("a", "1", finding.Minor))
	require.Equal(k, []string{"L_a"}, list(store.FindingQuery{Settled: &settled}), "the evidence that was settled is back")
	require.NoError(k, say("a", "1", store.Reopened))
	put(of("a", "1", finding.Minor))
	require.Empty(k, list(store.FindingQuery{Settled: &settled}))
	said, err := k.SettlementsOf(ctx, canonical.DeriveID("a"))
	require.NoError(k, err)
	require.Len(k, said, 2)
	counts, err := k.FindingCounts(ctx)
	require.NoError(k, err)
	require.Equal(k, map[finding.Rule]int64{finding.LotTypo: 1}, counts)
}
