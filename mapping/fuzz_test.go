package mapping_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/canonical"
	"tributary/mapping"
)

// Whatever stands in a map, it is refused with a place, or it maps any row without failing.
func FuzzMap(f *testing.F) {
	cases, err := filepath.Glob("testdata/*/*.txtar")
	require.NoError(f, err)
	for _, c := range cases {
		a, err := txtar.ParseFile(c)
		require.NoError(f, err)
		if a.Files[0].Name == "map.yaml" {
			f.Add(a.Files[0].Data, string(a.Files[1].Data))
		}
	}
	f.Add([]byte(goodMap+"skip: 'code == name'\n"), `{"code":[],"name":{"a":1e999}}`)
	f.Add([]byte("a: &x [*x]\n"), `{}`)
	f.Fuzz(func(t *testing.T, src []byte, rows string) {
		m, err := mapping.Parse("f.yaml", src)
		if err != nil {
			for _, p := range mapping.Lint("f.yaml", src, nil) {
				require.Positive(t, p.Line)
				require.NotEmpty(t, p.Err.Text("zh"))
			}
			return
		}
		d := json.NewDecoder(strings.NewReader(rows))
		d.UseNumber()
		for d.More() {
			var row map[string]any
			if d.Decode(&row) != nil {
				return
			}
			res := m.Apply(row)
			require.True(t, res.Filtered || res.Value != nil || res.Deleted || len(res.Issues) > 0)
		}
	})
}

// Whatever the headers and cells are, a ledger row comes out valid or with issues.
func FuzzFlow(f *testing.F) {
	f.Add("日期,客户,货号,数量", "2025-03-01,甲,P1,20")
	f.Add("date,customer,product,qty,lot,kind,exp_date,price", "45720,a,b,(1),2E5,退,24个月,x")
	f.Fuzz(func(t *testing.T, headers, cells string) {
		for _, k := range []mapping.Kind{mapping.Sales, mapping.Purchases, mapping.Stock, mapping.Usage} {
			flow, report, err := mapping.CompileFlow(k, strings.Split(headers, ","))
			if err != nil {
				require.NotEmpty(t, report.Missing)
				continue
			}
			var l canonical.FlowLine
			if issues := flow(strings.Split(cells, ","), &l); len(issues) == 0 {
				require.Empty(t, l.Validate())
			}
		}
	})
}
