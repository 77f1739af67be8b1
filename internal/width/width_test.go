package width_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/internal/width"
)

func TestOf(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "市一院": 6, "ＡＢ": 4, "ab市": 4, "é": 1, "e\u0301": 1, "ﾊ": 1, "—": 1, "\u200b": 0} {
		require.Equal(t, want, width.Of(text), "%q", text)
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"市一院", 6, "市一院"}, {"市一院", 5, "市一…"}, {"市一院", 4, "市…"}, {"市", 1, "…"}, {"ab", 0, ""}, {"ab", -1, ""}} {
		require.Equal(t, c.want, width.Cut(c.text, c.n), "%q %d", c.text, c.n)
	}
}

func TestCutNeverExceedsAndKeepsThePrefix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, n := rapid.String().Draw(t, "text"), rapid.IntRange(0, 20).Draw(t, "n")
		cut := width.Cut(text, n)
		if width.Of(cut) > n {
			t.Fatalf("%q takes %d cells, more than %d", cut, width.Of(cut), n)
		}
		if kept := strings.TrimSuffix(cut, "…"); cut != text && !strings.HasPrefix(text, kept) {
			t.Fatalf("%q is no beginning of %q", kept, text)
		}
	})
}
