package train_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/dedupe/train"
)

// counts are the expected patterns of a world of yes-or-no comparisons: classes with their share and their chances of
// agreement.
func counts(pairs float64, agree map[string][]float64, share map[string]float64) []train.Count {
	n := len(agree["match"])
	var out []train.Count
	for bits := range 1 << n {
		var p train.Pattern
		sum := 0.0
		for class, chances := range agree {
			chance := share[class]
			for c, a := range chances {
				if bits>>c&1 == 1 {
					chance *= a
				} else {
					chance *= 1 - a
				}
			}
			sum += chance
		}
		for c := range n {
			p = p.With(c, 1+bits>>c&1)
		}
		out = append(out, train.Count{Pattern: p, Pairs: sum * pairs})
	}
	return out
}

func problem(c []train.Count, u []float64, shared ...uint64) train.Problem {
	p := train.Problem{Counts: c, Pairs: 1e7, Matches: 1000, Shared: shared}
	for _, x := range u {
		p.U = append(p.U, []float64{0, 1 - x, x})
		p.Start = append(p.Start, []float64{0, .1, .9})
		p.Strength = append(p.Strength, 20)
	}
	return p
}

func TestTrainFindsTheWorldItsPairsCameFrom(t *testing.T) {
	t.Parallel()
	u := []float64{.01, .02, .005, .01}
	m := []float64{.95, .8, .9, .7}
	c := counts(1e7, map[string][]float64{"match": m, "other": u}, map[string]float64{"match": .0004, "other": .9996})
	f := train.Train(problem(c, u))
	require.Empty(t, f.Failed)
	require.InDelta(t, .0004, f.Lambda, .00002)
	for k := range m {
		require.InDelta(t, m[k], f.M[k][2], .02, "comparison %d", k)
	}
}

// Three of five columns agree in a household as they do in matches. Without the class its pairs would be matches.
func TestHouseholdsAreNoMatches(t *testing.T) {
	t.Parallel()
	u := []float64{.01, .01, .01, .01, .01}
	m := []float64{.9, .9, .9, .9, .9}
	home := []float64{.9, .9, .9, .01, .01}
	c := counts(1e7, map[string][]float64{"match": m, "home": home, "other": u}, map[string]float64{"match": .0002, "home": .001, "other": .9988})
	f := train.Train(problem(c, u, 0b00111))
	require.InDelta(t, .0002, f.Lambda, .00002)
	require.InDelta(t, .001, f.Shared[0], .0001)
}

func TestFitsThatFailSaySo(t *testing.T) {
	t.Parallel()
	u := []float64{.01, .02}
	require.Equal(t, train.NoPairs, train.Train(problem(nil, u)).Failed)
	none := []train.Count{{Pattern: train.Pattern(0).With(0, 1).With(1, 1), Pairs: 1e5}}
	require.Equal(t, train.NoMatches, train.Train(problem(none, u)).Failed)
	all := []train.Count{{Pattern: train.Pattern(0).With(0, 2).With(1, 2), Pairs: 1e7}}
	require.Equal(t, train.AllMatches, train.Train(problem(all, u)).Failed)
}
