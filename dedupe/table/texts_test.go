package table_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/dedupe/table"
)

// goods invents articles as two shops list them: first and second say how often each shop lists one. Articles of one maker
// differ in a colour and a size; the second shop writes in another order and leaves words out.
func goods(seed uint64, articles int, first, second func(r *rand.Rand) int) []*table.Source {
	r := rand.New(rand.NewPCG(seed, 5))
	pick := func(words string) string { w := strings.Fields(words); return w[r.IntN(len(w))] }
	var rows [2][][]string
	for range articles {
		maker := pick("bor kel lum mar nor pel ros sil tan vel wex zor") + pick("da fix gor lin mo nex ra so ta vo") + pick("x n l s t")
		noun, colour, size := pick("lamp chair kettle bucket ladder basket"), pick("black white red green blue"), 5+r.IntN(90)
		for range first(r) {
			rows[0] = append(rows[0], []string{fmt.Sprint("a", len(rows[0])), fmt.Sprintf("%s %s %dcm %s", maker, noun, size, colour)})
		}
		for range second(r) {
			words := []string{fmt.Sprintf("%d cm", size), colour, noun, maker, pick("new offer boxed")}
			r.Shuffle(4, func(i, j int) { words[i], words[j] = words[j], words[i] })
			rows[1] = append(rows[1], []string{fmt.Sprint("b", len(rows[1])), strings.Join(words[:4+r.IntN(2)], " ")})
		}
	}
	return []*table.Source{list("a", []string{"title"}, rows[0]), list("b", []string{"title"}, rows[1])}
}

func once(*rand.Rand) int    { return 1 }
func often(r *rand.Rand) int { return 1 + r.IntN(4) }
func half(r *rand.Rand) int  { return r.IntN(2) }

// How many rows may match is taken from the rows, and what it was taken from is told.
func TestTheCardinalityOfALinkIsWhatTheRowsSuggest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		first, second func(*rand.Rand) int
		want          table.Cardinality
	}{
		{"lists without duplicates", half, once, table.OneToOne},
		{"the first repeats things", often, once, table.ManyToOne},
		{"both repeat things", often, often, table.Any},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := table.Match(t.Context(), goods(3, 300, c.first, c.second), table.Options{Link: true, Seed: 1})
			require.NoError(t, err)
			require.Empty(t, r.Failed)
			require.Equal(t, c.want, r.Cardinality, "%+v", r.Suitors)
			require.Positive(t, r.Suitors.First.Matched+r.Suitors.Second.Matched)
		})
	}
}

// A model holds all that was learned of texts: words too, and how many rows may match.
func TestAModelOfTextsGivesTheSameMatchesAgain(t *testing.T) {
	t.Parallel()
	lists := goods(4, 250, half, once)
	learned, err := table.Match(t.Context(), lists, table.Options{Link: true, Seed: 1})
	require.NoError(t, err)
	text, err := learned.Model.YAML()
	require.NoError(t, err)
	require.Contains(t, string(text), "words:")
	model, err := table.ParseModel(text)
	require.NoError(t, err)
	again, err := table.Match(t.Context(), lists, table.Options{Link: true, Seed: 1, Model: model})
	require.NoError(t, err)
	require.Equal(t, names(lists, learned), names(lists, again))
	require.Equal(t, learned.Cardinality, again.Cardinality)

	good := 0
	for _, p := range learned.Pairs {
		if p.Probability >= learned.Threshold {
			good++
		}
	}
	require.Greater(t, good, 90, "sizes and colours in any order are found")

	for _, bad := range []string{strings.Replace(string(text), "bits: ", "bits: 9", 1), strings.Replace(string(text), "cardinality: one-to-one", "cardinality: two", 1)} {
		_, err := table.ParseModel([]byte(bad))
		require.Error(t, err)
	}
}
