package dedupe_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/dedupe"
)

// The curve tells what an engine with another merge threshold makes of the same records, without comparing them again.
func TestTheCurveIsWhatOtherThresholdsMake(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	records, _, _ := trueRecords(t, e, 3, 0.1)
	judgements := []dedupe.Judgement{{A: records[0].Key, B: records[1].Key, Same: true}}
	base, err := e.Resolve(context.Background(), records, judgements)
	require.NoError(t, err)
	merged, split := 0, 0
	for _, merge := range []float64{.5, .9, .99, .9999999} {
		at, err := e.At(context.Background(), merge, records, base, judgements)
		require.NoError(t, err)
		model := dedupe.DefaultModel()
		for _, tm := range model.Types {
			tm.Merge = merge
		}
		other, err := dedupe.New(model, dedupe.Options{CompanySource: "erp", Secret: []byte("k"), DuplicateFree: []string{"register"}})
		require.NoError(t, err)
		want, err := other.Resolve(context.Background(), records, judgements)
		require.NoError(t, err)
		require.Equal(t, want.Clusters, at.Clusters, "at %g", merge)
		require.Equal(t, want.Review, at.Review, "at %g", merge)
		m, s := dedupe.Regrouped(base.Clusters, at.Clusters)
		if merge == .99 {
			require.Zero(t, m+s, "the threshold in use changes nothing")
		}
		merged, split = merged+m, split+s
	}
	require.Positive(t, merged)
	require.Positive(t, split)
}

func TestRegroupedCountsCustomers(t *testing.T) {
	t.Parallel()
	clusters := func(groups ...[]int64) (out []dedupe.Cluster) {
		for _, g := range groups {
			out = append(out, dedupe.Cluster{Members: g})
		}
		return out
	}
	merged, split := dedupe.Regrouped(clusters([]int64{1, 2}, []int64{3}, []int64{4, 5, 6}, []int64{7}), clusters([]int64{1, 2, 3, 4}, []int64{5}, []int64{6}, []int64{7}))
	require.Equal(t, 2, merged, "3, and the part of 4 to 6 that joined")
	require.Equal(t, 1, split)
}

func TestDriftIsSeenWhenRecordsChange(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	records, _, customers := trueRecords(t, e, 2026, 0.3)
	model, learned, err := e.Learn(context.Background(), "ours", records, nil)
	require.NoError(t, err)
	model.Trained = &dedupe.Training{From: "store", Records: learned.Types}
	ours, err := dedupe.New(model, dedupe.Options{CompanySource: "erp", Secret: []byte("k"), DuplicateFree: []string{"register"}})
	require.NoError(t, err)
	now, err := ours.DriftOf(context.Background(), records)
	require.NoError(t, err)
	require.NotEmpty(t, now.Comparisons)
	for _, c := range now.Comparisons {
		require.Zero(t, c.PSI, "%s %s: the records trained on have not moved", c.Type, c.Comparison)
	}
	for _, n := range now.Names {
		require.InDelta(t, 0, n.Distance, .001)
	}

	// A source that writes another phone into every record, and calls everybody otherwise.
	var changed []*dedupe.Record
	for i, r := range records {
		c := customers[r.ID]
		c.Phones = []string{"139" + string([]byte{'0' + byte(i%10), '0' + byte(i/10%10), '0' + byte(i/100%10), '0' + byte(i/1000%10), '1', '1', '1', '1'})}
		if c.Kind == canonical.Patient {
			c.Name = "阿" + c.Name
		}
		changed = append(changed, ours.Prepare(dedupe.Input{ID: r.ID, Source: r.Key.Source, SourceID: r.Key.ID, Trust: r.Trust, Customer: c}))
	}
	then, err := ours.DriftOf(context.Background(), changed)
	require.NoError(t, err)
	moved := false
	for _, c := range then.Comparisons {
		if c.Type == dedupe.Person && c.Comparison == "phone" {
			moved = true
			require.Greater(t, c.PSI, .25)
			require.Equal(t, "same", c.Level)
			require.Greater(t, c.Then, c.Now)
		}
	}
	require.True(t, moved)
	none, err := e.DriftOf(context.Background(), records)
	require.NoError(t, err)
	require.Empty(t, none.Comparisons, "a model that was not trained has nothing to drift from")
}
