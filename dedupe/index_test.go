package dedupe_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/dedupe"
)

func candidates(x *dedupe.Index, i int) []int {
	var out []int
	x.Finder().All(i, func(j int) { out = append(out, j) })
	slices.Sort(out)
	return out
}

func TestALargeKeyIsRefinedAndThenKeepsRealRecords(t *testing.T) {
	t.Parallel()
	bounds := dedupe.Blocking{Cap: 3, Limit: 2}
	key := func(second uint64) dedupe.Key { return dedupe.Key{Hash: 7, Second: second} }
	real := []bool{true, true, true, true, true, false, false, false, false}
	small := dedupe.NewIndex([]dedupe.Posting{{Key: key(1), Record: 0}, {Key: key(2), Record: 1}, {Key: key(0), Record: 2}}, real, bounds)
	require.Equal(t, []int{1, 2}, candidates(small, 0), "up to the cap the second key does not matter")

	refined := dedupe.NewIndex([]dedupe.Posting{{Key: key(1), Record: 0}, {Key: key(2), Record: 1}, {Key: key(1), Record: 2}, {Key: key(0), Record: 3}}, real, bounds)
	require.Equal(t, []int{2}, candidates(refined, 0))
	require.Empty(t, candidates(refined, 1))

	var popular []dedupe.Posting
	for _, r := range []int{0, 5, 6, 7, 8} {
		popular = append(popular, dedupe.Posting{Key: key(1), Record: r})
	}
	x := dedupe.NewIndex(slices.Clone(popular), real, bounds)
	require.Equal(t, []int{5, 6, 7, 8}, candidates(x, 0), "a real record meets all who mention it")
	require.Equal(t, []int{0}, candidates(x, 5), "mentions of a crowd do not meet each other")

	for _, r := range []int{1, 2} {
		popular = append(popular, dedupe.Posting{Key: key(1), Record: r})
	}
	x = dedupe.NewIndex(popular, real, bounds)
	require.Empty(t, candidates(x, 0))
	require.Equal(t, []dedupe.Oversize{{Key: key(1), Records: 7}}, x.Oversize())
}

// The candidates of a record follow from the postings of its own keys: what makes incremental runs equal batch runs.
func TestAPartialIndexGivesTheSameCandidates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 14).Draw(t, "records")
		bounds := dedupe.Blocking{Cap: rapid.IntRange(2, 5).Draw(t, "cap"), Limit: 5}
		real := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "real")
		var postings []dedupe.Posting
		keys := map[int]map[uint64]bool{}
		for i := range n {
			keys[i] = map[uint64]bool{}
			for h := range uint64(3) {
				if rapid.Bool().Draw(t, "has") {
					postings = append(postings, dedupe.Posting{Key: dedupe.Key{Hash: h + 1, Second: uint64(rapid.IntRange(0, 2).Draw(t, "second"))}, Record: i})
					keys[i][h+1] = true
				}
			}
		}
		whole := dedupe.NewIndex(slices.Clone(postings), real, bounds)
		for i := range n {
			part := slices.DeleteFunc(slices.Clone(postings), func(p dedupe.Posting) bool { return !keys[i][p.Hash] })
			got := candidates(dedupe.NewIndex(part, real, bounds), i)
			require.Equal(t, candidates(whole, i), got)
			for _, j := range got {
				require.Contains(t, candidates(whole, j), i, "being a candidate is mutual")
			}
		}
	})
}
