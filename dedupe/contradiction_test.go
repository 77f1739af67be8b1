package dedupe_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/dedupe"
)

func word(a, b string, same bool, at int) dedupe.Judgement {
	return dedupe.Judgement{A: canonical.RecordKey{Source: "s", ID: a}, B: canonical.RecordKey{Source: "s", ID: b}, Same: same, At: time.Unix(int64(at), 0)}
}

func TestContradictionsNameTheirChain(t *testing.T) {
	ab, bc, ac := word("a", "b", true, 1), word("b", "c", true, 2), word("a", "c", false, 3)
	for _, order := range [][3]dedupe.Judgement{{ab, bc, ac}, {ac, ab, bc}, {bc, ac, ab}} {
		_, found := dedupe.Contradict(order[:1], order[1:2])
		require.False(t, found, "two of the three agree")
		c, found := dedupe.Contradict(order[:2], order[2:])
		require.True(t, found)
		require.Equal(t, dedupe.Contradiction{Apart: ac, Chain: []dedupe.Judgement{ab, bc}}, c)
		c, found = dedupe.Contradict(nil, order[:])
		require.True(t, found, "within one list too")
		require.Len(t, c.Chain, 2)
	}
	_, found := dedupe.Contradict([]dedupe.Judgement{ab}, []dedupe.Judgement{word("b", "a", false, 2)})
	require.False(t, found, "a later word on the very pair")
	_, found = dedupe.Contradict([]dedupe.Judgement{ab, bc, ac}, []dedupe.Judgement{word("x", "y", true, 9)})
	require.False(t, found, "an old contradiction stands in nobody's way")
}

// Judgements without a contradiction can all hold at once; a contradiction that is named is one.
func TestContradictionsAreExactlyWhatCannotHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "e"}
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) dedupe.Judgement {
			return word(rapid.SampledFrom(names).Draw(t, "a"), rapid.SampledFrom(names).Draw(t, "b"), rapid.Bool().Draw(t, "same"), rapid.IntRange(0, 9).Draw(t, "at"))
		}), 0, 12).Draw(t, "judgements")
		var words []dedupe.Judgement
		last := map[[2]canonical.RecordKey]dedupe.Judgement{}
		for _, j := range list {
			if j.A == j.B {
				continue
			}
			words = append(words, j)
			k := [2]canonical.RecordKey{j.A, j.B}
			if j.A.ID > j.B.ID {
				k = [2]canonical.RecordKey{j.B, j.A}
			}
			if have, known := last[k]; !known || j.At.After(have.At) || j.At.Equal(have.At) && !j.Same {
				last[k] = j
			}
		}
		house := map[canonical.RecordKey]canonical.RecordKey{}
		var find func(k canonical.RecordKey) canonical.RecordKey
		find = func(k canonical.RecordKey) canonical.RecordKey {
			if up, ok := house[k]; ok && up != k {
				return find(up)
			}
			return k
		}
		for k, j := range last {
			if j.Same {
				house[find(k[0])] = find(k[1])
			}
		}
		torn := false
		for k, j := range last {
			torn = torn || !j.Same && find(k[0]) == find(k[1])
		}
		cut := rapid.IntRange(0, len(words)).Draw(t, "standing")
		if _, before := dedupe.Contradict(nil, words[:cut]); before {
			return
		}
		c, found := dedupe.Contradict(words[:cut], words[cut:])
		require.Equal(t, torn, found)
		if !found {
			return
		}
		at := c.Apart.A
		for _, j := range c.Chain {
			require.True(t, j.Same)
			require.Contains(t, []canonical.RecordKey{j.A, j.B}, at)
			if at == j.A {
				at = j.B
			} else {
				at = j.A
			}
		}
		require.Equal(t, c.Apart.B, at)
	})
}
