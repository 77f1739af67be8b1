package mapping

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
)

// The page about maps names every field and every normaliser, and the map in it is one.
func TestDocsOfMapsAreTrue(t *testing.T) {
	const page, mark = "../docs/mapping.md", "<!-- made by go test ./mapping -update -->\n"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	written, listed, found := strings.Cut(string(text), mark)
	require.True(t, found)
	if want := fieldTable(); listed != want {
		if flag.Lookup("update").Value.String() != "true" {
			t.Errorf("%s lists other fields than maps have: run with -update", page)
		} else {
			require.NoError(t, os.WriteFile(page, []byte(written+mark+want), 0o644))
		}
	}
	for _, name := range normaliserNames() {
		require.Contains(t, written, "`"+name+"`")
	}
	for _, key := range slices.Concat(topKeys, ruleKeys) {
		require.Contains(t, written, "`"+key+"`")
	}
	_, example, found := strings.Cut(written, "```yaml\n")
	require.True(t, found)
	example, _, _ = strings.Cut(example, "```")
	m, err := Parse(page, []byte(example))
	require.NoError(t, err)
	res := m.Apply(map[string]any{"code": "S1", "full_name": "", "name": "城东店", "kind": "store", "phone": "0571-87000000", "mobile": "13900000000",
		"place": map[string]any{"city": "杭州市"}, "province": "浙江省", "city": "杭州市", "street": "一号", "level": strings.Repeat("x", canonical.MaxText+1),
		"region_code": "E1", "state": "open", "updated_at": "2026-03-01T08:00:00+08:00"})
	require.Empty(t, res.Issues)
	c := res.Value.(*canonical.Customer)
	require.Equal(t, canonical.Pharmacy, c.Kind)
	require.Equal(t, "城东店", c.Name)
	require.Len(t, c.Phones, 2)
	require.Equal(t, "浙江省杭州市一号", c.Address.Text)
	require.Equal(t, "E1", c.Custom["region_code"])
	require.True(t, m.Apply(map[string]any{"name": "test 1"}).Filtered)
	require.True(t, m.Apply(map[string]any{"code": "S1", "name": "x", "kind": "store", "state": "closed", "updated_at": "2026-03-01T08:00:00+08:00"}).Deleted)
}

func fieldTable() string {
	var b strings.Builder
	b.WriteString("\n| entity | fields |\n| --- | --- |\n")
	for _, entity := range slices.Sorted(maps.Keys(schemas())) {
		var paths []string
		for _, f := range schemas()[entity].fields {
			path := "`" + f.path + "`"
			if f.many {
				path += "…"
			}
			paths = append(paths, path)
		}
		slices.Sort(paths)
		fmt.Fprintf(&b, "| `%s` | %s |\n", entity, strings.Join(paths, " "))
	}
	b.WriteString("\n`…` takes several values. Customers also take `custom.NAME`.\n")
	return b.String()
}
