package nearest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/internal/nearest"
)

func TestOf(t *testing.T) {
	words := []string{"name", "connections", "kafka", "市第一人民医院"}
	for word, want := range map[string]string{
		"nmae": "name", "conections": "connections", "kafka": "kafka", "市第一人民医": "市第一人民医院", "Kafka": "kafka", "CONNECTIONS": "connections",
		"zzzz": "", "": "", "x": "",
	} {
		require.Equal(t, want, nearest.Of(word, words), word)
	}
	require.Equal(t, "nothing", nearest.Or("zzzz", words, "nothing"))
	require.Equal(t, "name", nearest.Or("nam", words, "nothing"))
	require.Empty(t, nearest.Of("x", nil))
}

func TestLawsOfNearness(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.String(), 1, 6).Draw(t, "words")
		known := rapid.SampledFrom(words).Draw(t, "known")
		got := nearest.Of(known, words)
		if known != "" && got != known {
			t.Fatalf("a word that is there is the nearest: %q, got %q", known, got)
		}
		if got := nearest.Of(rapid.String().Draw(t, "any"), words); got != "" {
			for _, w := range words {
				if w == got {
					return
				}
			}
			t.Fatalf("%q is none of the candidates", got)
		}
	})
}
