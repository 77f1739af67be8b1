package similarity_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/dedupe/similarity"
)

func TestKnownVectors(t *testing.T) {
	t.Parallel()
	const none = -1
	for _, c := range []struct {
		a, b                  string
		jaro, winkler         float64
		levenshtein, swapping int
	}{
		{"MARTHA", "MARHTA", .9444, .9611, 2, 1},
		{"DIXON", "DICKSONX", .7667, .8133, 4, 4},
		{"DWAYNE", "DUANE", .8222, .8400, 2, 2},
		{"kitten", "sitting", none, none, 3, 3},
		{"ca", "abc", none, none, 3, 3},
		{"19870412", "19870421", none, none, 2, 1},
		{"同仁医院", "同济医院", .8333, .8500, 1, 1},
		{"广州市第一人民医院", "广州市第二人民医院", .9259, .9556, 1, 1},
		{"青河中医院", "青河县中医院", .9444, .9556, 1, 1},
		{"", "", 1, 1, 0, 0},
		{"", "医院", 0, 0, 2, 2},
		{"药", "药", 1, 1, 0, 0},
	} {
		a, b := similarity.Prepare(c.a), similarity.Prepare(c.b)
		if c.jaro != none {
			require.InDelta(t, c.jaro, similarity.Jaro(&a, &b), .00005, "%s %s", c.a, c.b)
			require.InDelta(t, c.winkler, similarity.JaroWinkler(&a, &b), .00005, "%s %s", c.a, c.b)
		}
		require.Equal(t, c.levenshtein, similarity.Levenshtein(&a, &b), "%s %s", c.a, c.b)
		require.Equal(t, c.swapping, similarity.OSA(&a, &b), "%s %s", c.a, c.b)
	}
}

// Short and long texts run different code: padding both sides alike must not change an edit distance.
func TestWordAndTableAgree(t *testing.T) {
	t.Parallel()
	word := rapid.StringOfN(rapid.SampledFrom([]rune("甲乙丙丁ab")), 0, 20, -1)
	rapid.Check(t, func(t *rapid.T) {
		x, y := word.Draw(t, "x"), word.Draw(t, "y")
		pad := strings.Repeat("#", 70)
		a, b, la, lb := similarity.Prepare(x), similarity.Prepare(y), similarity.Prepare(pad+x), similarity.Prepare(pad+y)
		require.Equal(t, similarity.Levenshtein(&la, &lb), similarity.Levenshtein(&a, &b))
		require.Equal(t, similarity.OSA(&la, &lb), similarity.OSA(&a, &b))
		for _, limit := range []int{0, 1, 2, 5} {
			require.Equal(t, similarity.OSA(&a, &b) <= limit, similarity.Within(&a, &b, limit))
		}
	})
}

func TestLaws(t *testing.T) {
	t.Parallel()
	word := rapid.StringOfN(rapid.SampledFrom([]rune("一二三四五六七八ABC")), 0, 90, -1)
	rapid.Check(t, func(t *rapid.T) {
		x, y := word.Draw(t, "x"), word.Draw(t, "y")
		a, b := similarity.Prepare(x), similarity.Prepare(y)
		require.Equal(t, similarity.Jaro(&a, &b), similarity.Jaro(&b, &a))
		require.Equal(t, similarity.JaroWinkler(&a, &b), similarity.JaroWinkler(&b, &a))
		require.Equal(t, similarity.Levenshtein(&a, &b), similarity.Levenshtein(&b, &a))
		require.Equal(t, similarity.OSA(&a, &b), similarity.OSA(&b, &a))
		require.LessOrEqual(t, similarity.OSA(&a, &b), similarity.Levenshtein(&a, &b))
		require.GreaterOrEqual(t, similarity.JaroWinkler(&a, &b), similarity.Jaro(&a, &b))
		require.LessOrEqual(t, similarity.JaroWinkler(&a, &b), 1.0)
		require.Equal(t, x == y, similarity.Levenshtein(&a, &b) == 0)
		require.Equal(t, x == y, similarity.Equal(&a, &b))
		require.Equal(t, 1.0, similarity.Jaro(&a, &a))
	})
}

// Jaro in a word against the definition, written out plainly.
func TestJaroFollowsItsDefinition(t *testing.T) {
	t.Parallel()
	word := rapid.StringOfN(rapid.SampledFrom([]rune("甲乙丙ab")), 1, 64, -1)
	rapid.Check(t, func(t *rapid.T) {
		x, y := word.Draw(t, "x"), word.Draw(t, "y")
		a, b := similarity.Prepare(x), similarity.Prepare(y)
		require.InDelta(t, plainJaro([]rune(x), []rune(y)), similarity.Jaro(&a, &b), 1e-12)
	})
}

func plainJaro(a, b []rune) float64 {
	if len(a) < len(b) || len(a) == len(b) && string(a) < string(b) {
		a, b = b, a
	}
	window := max(len(a)/2-1, 0)
	used := make([]int, len(a))
	order := 0
	for j := range b {
		for i := range a {
			if used[i] == 0 && a[i] == b[j] && i-j <= window && j-i <= window {
				order++
				used[i] = order
				break
			}
		}
	}
	if order == 0 {
		return 0
	}
	var fromA []rune
	fromB := make([]rune, order)
	for i, n := range used {
		if n > 0 {
			fromA = append(fromA, a[i])
			fromB[n-1] = a[i]
		}
	}
	half := 0
	for i := range fromA {
		if fromA[i] != fromB[i] {
			half++
		}
	}
	m := float64(order)
	return (m/float64(len(a)) + m/float64(len(b)) + (m-float64(half/2))/m) / 3
}

func BenchmarkJaroWinkler(b *testing.B) {
	x, y := similarity.Prepare("广州市第一人民医院"), similarity.Prepare("广州市第二人民医院")
	b.ReportAllocs()
	for b.Loop() {
		similarity.JaroWinkler(&x, &y)
	}
}

func BenchmarkOSA(b *testing.B) {
	x, y := similarity.Prepare("广州市第一人民医院"), similarity.Prepare("广州市第二人民医院")
	b.ReportAllocs()
	for b.Loop() {
		similarity.OSA(&x, &y)
	}
}
