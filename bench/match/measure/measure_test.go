package measure_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/bench/match/measure"
)

func items(source, entity, cluster []int) []measure.Item {
	out := make([]measure.Item, len(entity))
	for i := range out {
		out[i] = measure.Item{Entity: entity[i], Cluster: cluster[i]}
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
			s := measure.Of(items(c.source, c.entity, c.cluster), c.across)
			require.Equal(t, []int{c.found, c.predicted, c.actual}, []int{s.Found, s.Predicted, s.Actual})
			require.InDeltaSlice(t, []float64{c.precision, c.recall, c.f1, c.cubedP, c.cubedR}, []float64{s.Precision(), s.Recall(), s.F1(), s.CubedPrecision, s.CubedRecall}, 1e-12)
		})
	}
}

func TestCountingGroupsEqualsCountingPairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) measure.Item {
			few := rapid.IntRange(0, 4)
			return measure.Item{Source: rapid.IntRange(0, 1).Draw(t, "source"), Entity: few.Draw(t, "entity"), Cluster: few.Draw(t, "cluster")}
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
		s := measure.Of(list, across)
		require.Equal(t, []int{found, predicted, actual}, []int{s.Found, s.Predicted, s.Actual})
	})
}

func TestRead(t *testing.T) {
	t.Parallel()
	const truth = "source,id,entity\na,1,7\nb,1,7\nb,2,8\n"
	for name, c := range map[string]struct{ clusters, fault string }{
		"in another order": {clusters: "source,id,cluster_id\nb,2,y\nb,1,x\na,1,x\n"},
		"missing":          {"source,id,cluster_id\na,1,x\nb,1,x\n", "record 2 of b is missing"},
		"twice":            {"source,id,cluster_id\na,1,x\na,1,x\n", "record 1 of a stands twice"},
		"unknown":          {"source,id,cluster_id\nc,1,x\n", "record 1 of c is not in the lists"},
		"two columns":      {"source,id\na,1\n", "want 3 columns, found 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			truthFile, clusters := filepath.Join(dir, "truth.csv"), filepath.Join(dir, "clusters.csv")
			require.NoError(t, os.WriteFile(truthFile, []byte(truth), 0o600))
			require.NoError(t, os.WriteFile(clusters, []byte(c.clusters), 0o600))
			got, err := measure.Read(truthFile, clusters)
			if c.fault != "" {
				require.ErrorContains(t, err, c.fault)
				return
			}
			require.NoError(t, err)
			require.Equal(t, 1.0, measure.Of(got, true).F1())
		})
	}
}

func TestPairRecall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	truth, pairs := filepath.Join(dir, "truth.csv"), filepath.Join(dir, "pairs.csv")
	require.NoError(t, os.WriteFile(truth, []byte("source,id,entity\na,1,7\nb,1,7\nb,2,7\nb,3,8\n"), 0o600))
	require.NoError(t, os.WriteFile(pairs, []byte("left_source,left_id,right_source,right_id,w,p\na,1,b,1,3,.9\na,1,b,3,1,.5\n"), 0o600))
	got, err := measure.PairRecall(truth, pairs, true)
	require.NoError(t, err)
	require.InDelta(t, 0.5, got, 1e-12, "two true pairs across, one listed")
	got, err = measure.PairRecall(truth, pairs, false)
	require.NoError(t, err)
	require.InDelta(t, 1./3, got, 1e-12)
}
