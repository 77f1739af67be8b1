package clusterscore_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/internal/clusterscore"
)

func items(source, entity, cluster []int) []clusterscore.Item {
	out := make([]clusterscore.Item, len(entity))
	for i := range out {
		out[i] = clusterscore.Item{Entity: entity[i], Cluster: cluster[i]}
		if source != nil {
			out[i].Source = source[i]
		}
	}
	return out
}

// The values are computed by hand.
func TestOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source, entity, cluster  []int
		across                   bool
		found, predicted, actual int
		precision, recall, f1    float64
		cubedP, cubedR           float64
	}{
		"all right":       {entity: []int{1, 1, 2}, cluster: []int{7, 7, 8}, found: 1, predicted: 1, actual: 1, precision: 1, recall: 1, f1: 1, cubedP: 1, cubedR: 1},
		"nothing joined":  {entity: []int{1, 1, 1, 2}, cluster: []int{1, 2, 3, 4}, actual: 3, precision: 1, cubedP: 1, cubedR: 0.5},
		"all joined":      {entity: []int{1, 1, 2}, cluster: []int{1, 1, 1}, found: 1, predicted: 3, actual: 1, precision: 1. / 3, recall: 1, f1: 0.5, cubedP: 5. / 9, cubedR: 1},
		"one moved":       {entity: []int{1, 1, 1, 2, 2}, cluster: []int{1, 1, 2, 2, 2}, found: 2, predicted: 4, actual: 4, precision: 0.5, recall: 0.5, f1: 0.5, cubedP: (1 + 1 + 1./3 + 2./3 + 2./3) / 5, cubedR: (2./3 + 2./3 + 1./3 + 1 + 1) / 5},
		"across only":     {source: []int{0, 0, 1, 1}, entity: []int{1, 1, 1, 2}, cluster: []int{1, 1, 1, 1}, across: true, found: 2, predicted: 4, actual: 2, precision: 0.5, recall: 1, f1: 2. / 3, cubedP: (0.75*3 + 0.25) / 4, cubedR: 1},
		"within is blind": {source: []int{0, 0}, entity: []int{1, 2}, cluster: []int{1, 1}, across: true, precision: 1, recall: 1, f1: 1, cubedP: 0.5, cubedR: 1},
		"no records":      {precision: 1, recall: 1, f1: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clusterscore.Of(items(c.source, c.entity, c.cluster), c.across)
			require.Equal(t, []int{c.found, c.predicted, c.actual}, []int{s.Found, s.Predicted, s.Actual})
			require.InDeltaSlice(t, []float64{c.precision, c.recall, c.f1, c.cubedP, c.cubedR}, []float64{s.Precision(), s.Recall(), s.F1(), s.CubedPrecision, s.CubedRecall}, 1e-12)
		})
	}
}

func TestCountingGroupsEqualsCountingPairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) clusterscore.Item {
			few := rapid.IntRange(0, 4)
			return clusterscore.Item{Source: rapid.IntRange(0, 1).Draw(t, "source"), Entity: few.Draw(t, "entity"), Cluster: few.Draw(t, "cluster")}
		}), 0, 30).Draw(t, "items")
		across := rapid.Bool().Draw(t, "across")
		var found, predicted, actual int
		for i, a := range list {
			for _, b := range list[i+1:] {
				if across && a.Source == b.Source {
					continue
				}
				if a.Cluster == b.Cluster {
					predicted++
				}
				if a.Entity == b.Entity {
					actual++
				}
				if a.Cluster == b.Cluster && a.Entity == b.Entity {
					found++
				}
			}
		}
		s := clusterscore.Of(list, across)
		require.Equal(t, []int{found, predicted, actual}, []int{s.Found, s.Predicted, s.Actual})
	})
}
