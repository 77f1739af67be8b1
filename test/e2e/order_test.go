package e2e

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// A second import of every file changes nothing: no row, no event but those about the runs themselves.
func TestImportingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	o := harness.Options{Company: "M"}
	h := harness.Embedded(t, o)
	all := append(slices.Clone(masters), worked...)
	for _, f := range all {
		importWorked(h, f)
	}
	h.OK("relay", "--once")
	first := h.Log()
	for _, f := range all {
		c := importWorked(h, f)
		require.Equal(t, harness.Counts{Read: c.Read, Unchanged: c.Read}, c, f.name)
		require.NotZero(t, c.Read, f.name)
	}
	h.OK("relay", "--once")
	again := h.Log()
	again.State(t).Equal(t, first.State(t))
	require.Equal(t, withoutRuns(first), withoutRuns(again))
}

func withoutRuns(l harness.Log) int {
	return len(slices.DeleteFunc(slices.Clone(l), func(r harness.Record) bool { return r.Topic == "tributary.ops.run.v1" }))
}

// Files in any order, and rows in any order within their files, end in the same state, up to the names of ids.
func TestTheOrderOfFilesAndRowsDoesNotMatter(t *testing.T) {
	t.Parallel()
	const shuffles = 3
	all := append(slices.Clone(masters), worked...)
	var want harness.State
	calm := harness.Embedded(t, harness.Options{})
	for _, f := range all {
		importWorked(calm, f)
	}
	calm.OK("relay", "--once")
	want = calm.Log().State(t)
	require.NotZero(t, want.Count("channel.movement"))
	for i := range shuffles {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			seed := rand.Uint64()
			t.Logf("shuffle %d: seed %d", i, seed)
			r := rand.New(rand.NewPCG(seed, 0))
			h := harness.Embedded(t, harness.Options{})
			order := slices.Clone(all)
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			for _, f := range order {
				importFile(h, f, h.Write(f.name, shuffledRows(t, r, f.name)))
			}
			h.OK("relay", "--once")
			h.Log().State(t).Equal(t, want)
		})
	}
}

func shuffledRows(t *testing.T, r *rand.Rand, name string) string {
	text, err := os.ReadFile(workedFile(name))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	r.Shuffle(len(lines)-1, func(i, j int) { lines[i+1], lines[j+1] = lines[j+1], lines[i+1] })
	return strings.Join(lines, "\n") + "\n"
}
