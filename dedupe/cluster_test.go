package dedupe_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
)

// fakeScorer scores by a table; pairs that are not in it weigh a little against.
type fakeScorer map[[2]int64]dedupe.Pair

func (f fakeScorer) Score(a, b *dedupe.Record) dedupe.Pair {
	if p, ok := f[[2]int64{min(a.ID, b.ID), max(a.ID, b.ID)}]; ok {
		return p
	}
	return fakePair(min(a.ID, b.ID), max(a.ID, b.ID), -1, 0)
}

func fakePair(a, b int64, weight float64, vetoes dedupe.Veto) dedupe.Pair {
	return dedupe.RestorePair(dedupe.Organisation, a, b, weight, 1/(1+math.Exp2(-weight)), dedupe.NoRule, vetoes)
}

func real(n int64) *dedupe.Record {
	return &dedupe.Record{ID: n, Key: key(n), Type: dedupe.Organisation, Kind: canonical.Hospital, Trust: 5}
}

func mention(n int64) *dedupe.Record {
	r := real(n)
	r.Trust = 0
	return r
}

func key(n int64) canonical.RecordKey {
	return canonical.RecordKey{Source: "s", ID: fmt.Sprintf("%03d", n)}
}

func divide(t require.TestingT, records []*dedupe.Record, pairs []dedupe.Pair, judgements ...dedupe.Judgement) dedupe.Partition {
	table := fakeScorer{}
	for _, p := range pairs {
		table[[2]int64{p.A, p.B}] = p
	}
	return dedupe.Divide(dedupe.Component{Records: records, Pairs: pairs, Judgements: judgements}, table, dedupe.DefaultModel().Types[dedupe.Organisation])
}

func groups(p dedupe.Partition) [][]int64 {
	var out [][]int64
	for _, c := range p.Clusters {
		out = append(out, c.Members)
	}
	return out
}

func reasons(p dedupe.Partition) map[[2]int64]dedupe.Reason {
	out := map[[2]int64]dedupe.Reason{}
	for _, q := range p.Review {
		out[[2]int64{q.A, q.B}] = q.Why
	}
	return out
}

func judged(a, b int64, same bool) dedupe.Judgement {
	return dedupe.Judgement{A: key(a), B: key(b), Same: same, At: time.Unix(1, 0)}
}

func TestDivide(t *testing.T) {
	t.Parallel()
	rule := func(p dedupe.Pair, r dedupe.Rule) dedupe.Pair {
		return dedupe.RestorePair(dedupe.Organisation, p.A, p.B, p.Weight, p.P, r, p.Vetoes)
	}
	for name, c := range map[string]struct {
		records    []*dedupe.Record
		pairs      []dedupe.Pair
		judgements []dedupe.Judgement
		want       [][]int64
		review     map[[2]int64]dedupe.Reason
	}{
		"strong pairs join": {
			records: []*dedupe.Record{real(1), real(2), real(3)},
			pairs:   []dedupe.Pair{fakePair(1, 2, 9, 0), fakePair(2, 3, 9, 0), fakePair(1, 3, 8, 0)},
			want:    [][]int64{{1, 2, 3}},
		},
		"a doubtful pair is a question": {
			records: []*dedupe.Record{real(1), real(2)},
			pairs:   []dedupe.Pair{fakePair(1, 2, 3, 0)},
			want:    [][]int64{{1}, {2}}, review: map[[2]int64]dedupe.Reason{{1, 2}: dedupe.BelowMerge},
		},
		"one false edge does not chain two groups": {
			records: []*dedupe.Record{real(1), real(2), real(3), real(4)},
			pairs: []dedupe.Pair{fakePair(1, 2, 11, 0), fakePair(3, 4, 11, 0), fakePair(2, 3, 7, 0),
				fakePair(1, 3, -8, 0), fakePair(1, 4, -8, 0), fakePair(2, 4, -8, 0)},
			want: [][]int64{{1, 2}, {3, 4}}, review: map[[2]int64]dedupe.Reason{{2, 3}: dedupe.WeakCluster},
		},
		"a veto between other members keeps clusters apart": {
			records: []*dedupe.Record{real(1), real(2), real(3)},
			pairs:   []dedupe.Pair{fakePair(1, 2, 11, 0), fakePair(2, 3, 10, 0), fakePair(1, 3, 9, dedupe.VetoBranch)},
			want:    [][]int64{{1, 2}, {3}}, review: map[[2]int64]dedupe.Reason{{2, 3}: dedupe.ClusterVeto},
		},
		"a must-link joins against the weights": {
			records: []*dedupe.Record{real(1), real(2)}, judgements: []dedupe.Judgement{judged(1, 2, true)},
			want: [][]int64{{1, 2}},
		},
		"a cannot-link parts the strongest pair and asks nothing": {
			records: []*dedupe.Record{real(1), real(2)}, pairs: []dedupe.Pair{fakePair(1, 2, 12, 0)},
			judgements: []dedupe.Judgement{judged(1, 2, false)},
			want:       [][]int64{{1}, {2}},
		},
		"a cannot-link holds through third records": {
			records:    []*dedupe.Record{real(1), real(2), real(3)},
			pairs:      []dedupe.Pair{fakePair(1, 2, 12, 0), fakePair(2, 3, 11, 0)},
			judgements: []dedupe.Judgement{judged(1, 3, false)},
			want:       [][]int64{{1, 2}, {3}},
		},
		"judgements that contradict each other are asked about": {
			records:    []*dedupe.Record{real(1), real(2), real(3)},
			judgements: []dedupe.Judgement{judged(1, 2, true), judged(2, 3, true), judged(1, 3, false)},
			want:       [][]int64{{1, 2}, {3}}, review: map[[2]int64]dedupe.Reason{{2, 3}: dedupe.Contradicted},
		},
		"a later judgement replaces the earlier one": {
			records: []*dedupe.Record{real(1), real(2)},
			judgements: []dedupe.Judgement{judged(1, 2, false),
				{A: key(2), B: key(1), Same: true, At: time.Unix(2, 0)}},
			want: [][]int64{{1, 2}},
		},
		"a mention joins the one customer it fits": {
			records: []*dedupe.Record{real(1), real(2), mention(3)},
			pairs:   []dedupe.Pair{fakePair(1, 3, 10, 0), fakePair(2, 3, 2, 0)},
			want:    [][]int64{{1, 3}, {2}}, review: map[[2]int64]dedupe.Reason{{2, 3}: dedupe.BelowMerge},
		},
		"a mention that fits two customers stays alone": {
			records: []*dedupe.Record{real(1), real(2), mention(3)},
			pairs:   []dedupe.Pair{rule(fakePair(1, 3, 10, 0), dedupe.RuleName), rule(fakePair(2, 3, 11, 0), dedupe.RuleName)},
			want:    [][]int64{{1}, {2}, {3}},
			review:  map[[2]int64]dedupe.Reason{{1, 3}: dedupe.Ambiguous, {2, 3}: dedupe.Ambiguous},
		},
		"a mention that fits two records of one customer fits one": {
			records: []*dedupe.Record{real(1), real(2), mention(3)},
			pairs:   []dedupe.Pair{fakePair(1, 2, 10, 0), rule(fakePair(1, 3, 10, 0), dedupe.RuleName), rule(fakePair(2, 3, 11, 0), dedupe.RuleName)},
			want:    [][]int64{{1, 2, 3}},
		},
		"a stronger rule decides for a mention": {
			records: []*dedupe.Record{real(1), real(2), mention(3)},
			pairs:   []dedupe.Pair{rule(fakePair(1, 3, 10, 0), dedupe.RuleSourceID), rule(fakePair(2, 3, 11, 0), dedupe.RuleName)},
			want:    [][]int64{{1, 3}, {2}},
		},
		"mentions no record fits join each other": {
			records: []*dedupe.Record{mention(1), mention(2)},
			pairs:   []dedupe.Pair{fakePair(1, 2, 10, 0)},
			want:    [][]int64{{1, 2}},
		},
		"an ambiguous mention is not drawn in by another mention": {
			records: []*dedupe.Record{real(1), real(2), mention(3), mention(4)},
			pairs: []dedupe.Pair{rule(fakePair(1, 3, 10, 0), dedupe.RuleName), rule(fakePair(2, 3, 10, 0), dedupe.RuleName),
				fakePair(3, 4, 12, 0), fakePair(1, 4, 12, 0)},
			want: [][]int64{{1, 4}, {2}, {3}},
		},
		"a mention that was judged not to be one customer fits the other": {
			records:    []*dedupe.Record{real(1), real(2), mention(3)},
			pairs:      []dedupe.Pair{rule(fakePair(1, 3, 10, 0), dedupe.RuleName), rule(fakePair(2, 3, 10, 0), dedupe.RuleName)},
			judgements: []dedupe.Judgement{judged(1, 3, false)},
			want:       [][]int64{{1}, {2, 3}},
		},
		"who fits one of two that were joined against a veto fits both": {
			records: []*dedupe.Record{real(1), real(2), real(3), mention(4)},
			pairs: []dedupe.Pair{fakePair(1, 2, 3, dedupe.VetoOrdinal), fakePair(1, 3, 10, 0), fakePair(2, 3, -20, dedupe.VetoOrdinal),
				fakePair(2, 4, 10, 0), fakePair(1, 4, -20, dedupe.VetoOrdinal), fakePair(3, 4, 1, 0)},
			judgements: []dedupe.Judgement{judged(1, 2, true)},
			want:       [][]int64{{1, 2, 3, 4}},
		},
		"a decision on one mention serves the others that are written alike": {
			records:    []*dedupe.Record{real(1), mention(2), mention(3)},
			pairs:      []dedupe.Pair{fakePair(1, 2, 1, 0), fakePair(1, 3, 1, 0), fakePair(2, 3, 10, 0)},
			judgements: []dedupe.Judgement{judged(1, 2, true)},
			want:       [][]int64{{1, 2, 3}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := divide(t, c.records, c.pairs, c.judgements...)
			require.Equal(t, c.want, groups(got))
			for pair, why := range c.review {
				require.Equal(t, why, reasons(got)[pair], "question %v in %v", pair, got.Review)
			}
			if c.review == nil && len(c.judgements) > 0 {
				require.Empty(t, got.Review)
			}
		})
	}
}

func TestStepsTellHowACustomerCameTogether(t *testing.T) {
	t.Parallel()
	got := divide(t, []*dedupe.Record{real(1), real(2), real(3)},
		[]dedupe.Pair{fakePair(1, 2, 11, 0), fakePair(2, 3, 9, 0), fakePair(1, 3, 3, 0)})
	require.Len(t, got.Clusters, 1)
	require.Equal(t, []dedupe.Step{{A: 1, B: 2, Weight: 11, Mean: 11}, {A: 2, B: 3, Weight: 9, Mean: 6}}, got.Clusters[0].Steps)
	weakest, ok := got.Clusters[0].Weakest()
	require.True(t, ok)
	require.Equal(t, 6.0, weakest.Mean)
}

func TestAComponentAboveTheCapIsCutAtItsWeakestEdges(t *testing.T) {
	t.Parallel()
	model := dedupe.DefaultModel().Types[dedupe.Organisation]
	model.Clustering.MaxComponent = 3
	var records []*dedupe.Record
	for n := int64(1); n <= 5; n++ {
		records = append(records, real(n))
	}
	pairs := []dedupe.Pair{fakePair(1, 2, 12, 0), fakePair(2, 3, 11, 0), fakePair(3, 4, 8, 0), fakePair(4, 5, 10, 0)}
	table := fakeScorer{{1, 3}: fakePair(1, 3, 5, 0)}
	for _, p := range pairs {
		table[[2]int64{p.A, p.B}] = p
	}
	got := dedupe.Divide(dedupe.Component{Records: records, Pairs: pairs}, table, model)
	require.Equal(t, [][]int64{{1, 2, 3}, {4, 5}}, groups(got))
	require.Equal(t, []dedupe.Pair{pairs[2]}, got.Cut)
	require.Equal(t, dedupe.TooLarge, reasons(got)[[2]int64{3, 4}])
}

func TestACustomerHasABound(t *testing.T) {
	t.Parallel()
	model := dedupe.DefaultModel().Types[dedupe.Organisation]
	model.Clustering.MaxRecords = 2
	pairs := []dedupe.Pair{fakePair(1, 2, 12, 0), fakePair(2, 3, 11, 0)}
	got := dedupe.Divide(dedupe.Component{Records: []*dedupe.Record{real(1), real(2), real(3)}, Pairs: pairs}, fakeScorer{}, model)
	require.Equal(t, [][]int64{{1, 2}, {3}}, groups(got))
	require.Equal(t, dedupe.TooLarge, reasons(got)[[2]int64{2, 3}])
}

// drawComponent makes any component: weights are multiples of 1/1024 as those of the engine.
func drawComponent(t *rapid.T) dedupe.Component {
	var c dedupe.Component
	n := rapid.Int64Range(1, 9).Draw(t, "records")
	for i := int64(1); i <= n; i++ {
		r := real(i)
		if rapid.Bool().Draw(t, "mention") {
			r.Trust = 0
		}
		c.Records = append(c.Records, r)
	}
	for a := int64(1); a <= n; a++ {
		for b := a + 1; b <= n; b++ {
			switch rapid.IntRange(0, 7).Draw(t, "pair") {
			case 0, 1, 2:
				w := float64(rapid.IntRange(0, 14*4).Draw(t, "weight")) / 4
				veto := dedupe.Veto(0)
				if rapid.IntRange(0, 5).Draw(t, "veto") == 0 {
					veto = dedupe.VetoOrdinal
				}
				c.Pairs = append(c.Pairs, dedupe.RestorePair(dedupe.Organisation, a, b, w, 1/(1+math.Exp2(-w)),
					dedupe.Rule(rapid.IntRange(0, 3).Draw(t, "rule")), veto))
			case 3:
				c.Judgements = append(c.Judgements, judged(a, b, rapid.Bool().Draw(t, "same")))
			}
		}
	}
	return c
}

func TestDivideLaws(t *testing.T) {
	t.Parallel()
	model := dedupe.DefaultModel().Types[dedupe.Organisation]
	rapid.Check(t, func(t *rapid.T) {
		c := drawComponent(t)
		model := *model
		model.Clustering.MaxComponent = rapid.IntRange(2, 10).Draw(t, "cap")
		table := fakeScorer{}
		for _, p := range c.Pairs {
			table[[2]int64{p.A, p.B}] = p
		}
		got := dedupe.Divide(c, table, &model)

		cluster := map[int64]int{}
		for i, cl := range got.Clusters {
			for _, m := range cl.Members {
				_, twice := cluster[m]
				require.False(t, twice, "a record is in one cluster")
				cluster[m] = i
			}
		}
		require.Len(t, cluster, len(c.Records), "every record is in a cluster")

		contradictory := false
		for _, q := range got.Review {
			contradictory = contradictory || q.Why == dedupe.Contradicted
		}
		number := func(k canonical.RecordKey) int64 {
			i := slices.IndexFunc(c.Records, func(r *dedupe.Record) bool { return r.Key == k })
			return c.Records[i].ID
		}
		for _, j := range c.Judgements {
			together := cluster[number(j.A)] == cluster[number(j.B)]
			if !j.Same {
				require.False(t, together, "cannot-links always hold")
			} else {
				require.True(t, together || contradictory, "must-links hold unless judgements contradict")
			}
		}
		if len(c.Judgements) == 0 {
			for _, p := range c.Pairs {
				require.False(t, p.Vetoes != 0 && cluster[p.A] == cluster[p.B] && c.Records[p.A-1].Real() && c.Records[p.B-1].Real(), "no veto inside a customer")
			}
		}

		seed := rapid.Uint64().Draw(t, "seed")
		shuffle := rand.New(rand.NewPCG(seed, 7))
		other := dedupe.Component{Records: slices.Clone(c.Records), Pairs: slices.Clone(c.Pairs), Judgements: slices.Clone(c.Judgements)}
		shuffle.Shuffle(len(other.Records), func(i, j int) { other.Records[i], other.Records[j] = other.Records[j], other.Records[i] })
		shuffle.Shuffle(len(other.Pairs), func(i, j int) { other.Pairs[i], other.Pairs[j] = other.Pairs[j], other.Pairs[i] })
		shuffle.Shuffle(len(other.Judgements), func(i, j int) {
			other.Judgements[i], other.Judgements[j] = other.Judgements[j], other.Judgements[i]
		})
		require.Equal(t, got, dedupe.Divide(other, table, &model), "the order of the input does not matter")
	})
}

func TestComponentsPartTheKeepGraph(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawComponent(t)
		parts := dedupe.Components(c.Records, c.Pairs, c.Judgements)
		where := map[int64]int{}
		records, pairs := 0, 0
		for i, p := range parts {
			records += len(p.Records)
			pairs += len(p.Pairs)
			for _, r := range p.Records {
				where[r.ID] = i
			}
			require.True(t, slices.IsSortedFunc(p.Records, func(a, b *dedupe.Record) int { return cmp.Compare(a.Key.ID, b.Key.ID) }))
		}
		require.Equal(t, len(c.Records), records)
		require.Equal(t, len(c.Pairs), pairs)
		for _, p := range c.Pairs {
			require.Equal(t, where[p.A], where[p.B])
		}
	})
}
