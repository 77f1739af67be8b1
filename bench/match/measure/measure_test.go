package measure_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/bench/match/measure"
	"tributary/internal/clusterscore"
)

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
			require.Equal(t, 1.0, clusterscore.Of(got, true).F1())
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
