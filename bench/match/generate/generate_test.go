package generate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/bench/match/generate"
)

func TestEveryKindKeepsItsPromises(t *testing.T) {
	t.Parallel()
	two := map[string]bool{"persons-link": true, "bibliography": true, "products": true, "product-lines": true, "hardware": true, "hospitals": true}
	for kind, invent := range generate.Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			size := generate.Size{Rows: 600, Seed: 42}
			set := invent(size)

			require.Equal(t, set, invent(size), "the same seed gives the same data")
			require.NotEqual(t, set, invent(generate.Size{Rows: 600, Seed: 43}), "another seed gives other data")

			rows, shared := map[string]bool{}, map[int]int{}
			for _, f := range set.Files {
				require.Equal(t, "id", f.Header[0])
				for _, row := range f.Rows {
					require.Len(t, row, len(f.Header))
					rows[f.Name+"|"+row[0]] = true
				}
			}
			require.InDelta(t, 600, len(rows), 90)
			require.Len(t, set.Truth, len(rows), "every row is in the truth once")
			bySource := map[string]int{}
			for _, fact := range set.Truth {
				key := fact.Source + "|" + fact.ID
				require.True(t, rows[key], "%s is no row, or is in the truth twice", key)
				delete(rows, key)
				shared[fact.Entity]++
				bySource[fmt.Sprint(fact.Source, fact.Entity)]++
			}
			pairs := 0
			for _, n := range shared {
				pairs += n * (n - 1) / 2
			}
			require.Greater(t, pairs, 30, "there is something to find")
			if two[kind] {
				require.Len(t, set.Files, 2)
				for key, n := range bySource {
					require.True(t, n == 1 || kind == "hospitals" && key[0] == 'a', "%s: the lists hold no duplicates", key)
				}
			} else {
				require.Len(t, set.Files, 1)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	set := generate.Set{
		Files: []generate.File{{Name: "a", Header: []string{"id", "name"}, Rows: [][]string{{"a1", `Smith, "Jo"`}}}},
		Truth: []generate.Fact{{Source: "a", ID: "a1", Entity: 7}},
	}
	dir := filepath.Join(t.TempDir(), "new")
	require.NoError(t, set.Write(dir))
	list, err := os.ReadFile(filepath.Join(dir, "a.csv"))
	require.NoError(t, err)
	require.Equal(t, "id,name\na1,\"Smith, \"\"Jo\"\"\"\n", string(list))
	truth, err := os.ReadFile(filepath.Join(dir, "truth.csv"))
	require.NoError(t, err)
	require.Equal(t, "source,id,entity\na,a1,7\n", string(truth))
}
