package hub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
)

func fileOf(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const storesMap = `entity: customer
key: [code]
fields:
  code: code
  name: name
  kind: {from: kind, codes: {store: pharmacy, head_office: chain}}
  phones: phone
`

func TestLintOfMapsNamesPlaces(t *testing.T) {
	h := &hub.Hub{}
	problems, err := h.LintMap(t.Context(), fileOf(t, "good.yaml", storesMap), "")
	require.NoError(t, err)
	require.Empty(t, problems)
	require.NotNil(t, problems, "an empty list in JSON")

	problems, err = h.LintMap(t.Context(), fileOf(t, "bad.yaml", strings.Replace(storesMap, "  name: name", "  nmae: name", 1)), "")
	require.NoError(t, err)
	require.Len(t, problems, 1)
	require.Equal(t, 5, problems[0].Line)
	require.Equal(t, 3, problems[0].Column)
	require.NotEmpty(t, problems[0].Code)

	sample := fileOf(t, "sample.csv", "code,name,kind\nA1,大药房,store\n")
	problems, err = h.LintMap(t.Context(), fileOf(t, "good.yaml", storesMap), sample)
	require.NoError(t, err)
	require.Len(t, problems, 1, "the sample has no column phone")
	require.Contains(t, problems[0].Err.Error(), "phone")

	for file, code := range map[string]string{filepath.Join(t.TempDir(), "none.yaml"): "hub.map_missing", t.TempDir(): "hub.map_unreadable"} {
		_, err = h.LintMap(t.Context(), file, "")
		require.Equal(t, code, errs.CodeOf(err))
		require.Equal(t, errs.Invalid, errs.KindOf(err))
	}
}

func TestPreviewShowsWhatRowsBecome(t *testing.T) {
	h := &hub.Hub{}
	file := fileOf(t, "stores.csv", "code,name,kind,phone\nA1,康民大药房,store,\nA2,,store,\nA3,康民总部,head_office,\n")
	report, err := h.PreviewMap(t.Context(), hub.PreviewRequest{Of: file, Map: fileOf(t, "map.yaml", storesMap)})
	require.NoError(t, err)
	require.Len(t, report.Rows, 3)
	require.Equal(t, "康民大药房", report.Rows[0].Source["name"])
	require.Empty(t, report.Rows[0].Issues)
	require.NotNil(t, report.Rows[0].Canonical)
	require.NotEmpty(t, report.Rows[1].Issues, "a customer has a name")
	require.Contains(t, report.Rows[1].Issues[0].Text("zh"), "name")
}

func TestPreviewByHeaders(t *testing.T) {
	h := &hub.Hub{}
	var b strings.Builder
	b.WriteString("客户编码,客户名称,类型,备注栏\n")
	for range 30 {
		b.WriteString("C1,市一院,医院,x\n")
	}
	file := fileOf(t, "customers.csv", b.String())
	for rows, want := range map[int]int{0: 10, -1: 10, 3: 3, 1000: 30} {
		report, err := h.PreviewMap(t.Context(), hub.PreviewRequest{Of: file, As: "customers", Rows: rows})
		require.NoError(t, err)
		require.Len(t, report.Rows, want, "%d rows asked for", rows)
		require.Equal(t, []string{"客户编码", "客户名称", "类型", "备注栏"}, report.Headers)
	}
	report, err := h.PreviewMap(t.Context(), hub.PreviewRequest{Of: file, As: "customers", Rows: 1})
	require.NoError(t, err)
	c, ok := report.Rows[0].Canonical.(*canonical.Customer)
	require.True(t, ok, "%T", report.Rows[0].Canonical)
	require.Equal(t, "市一院", c.Name)

	for _, req := range []hub.PreviewRequest{{Of: file}, {Of: file, As: "nonsense"}, {Of: "none.csv", As: "customers"}, {Of: file, Map: "none.yaml"}} {
		_, err := h.PreviewMap(t.Context(), req)
		require.Contains(t, []errs.Kind{errs.Invalid, errs.NotFound}, errs.KindOf(err), "%+v: %v", req, err)
		require.NotEmpty(t, errs.CodeOf(err))
	}
}

func TestSuggestedMapFitsItsFile(t *testing.T) {
	h := &hub.Hub{}
	file := fileOf(t, "customers.csv", "客户编码,客户名称,类型,片区\nC1,市一院,医院,东\n")
	s, err := h.SuggestMap(t.Context(), file, "customers")
	require.NoError(t, err)
	require.Equal(t, []string{"片区"}, s.Unknown)
	report, err := h.PreviewMap(t.Context(), hub.PreviewRequest{Of: file, Map: fileOf(t, "suggested.yaml", s.Map)})
	require.NoError(t, err)
	require.Empty(t, report.Rows[0].Issues)
	require.Equal(t, "市一院", report.Rows[0].Canonical.(*canonical.Customer).Name)

	_, err = h.SuggestMap(t.Context(), file, "nonsense")
	require.Equal(t, "mapping.kind", errs.CodeOf(err))
	_, err = h.SuggestMap(t.Context(), "none.csv", "customers")
	require.NotEmpty(t, errs.CodeOf(err))
}

func TestCasesBesideAMap(t *testing.T) {
	h := &hub.Hub{}
	file := fileOf(t, "stores.yaml", storesMap)
	_, err := h.TestMap(file, false)
	require.Equal(t, "hub.no_cases", errs.CodeOf(err))

	dir := filepath.Dir(file)
	rows := "-- rows.csv --\ncode,name,kind,phone\nA1,康民大药房,store,\n"
	for _, name := range []string{"stores.txtar", "stores.branches.txtar", "storeside.txtar", "other.txtar"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(rows), 0o600))
	}
	reports, err := h.TestMap(file, false)
	require.NoError(t, err)
	require.Len(t, reports, 2, "the cases of this map only")
	for _, r := range reports {
		require.False(t, r.OK)
		require.Empty(t, r.Want)
		require.Contains(t, r.Got, "康民大药房")
	}
	_, err = h.TestMap(file, true)
	require.NoError(t, err)
	reports, err = h.TestMap(file, false)
	require.NoError(t, err)
	require.True(t, reports[0].OK && reports[1].OK)

	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(storesMap, "store: pharmacy", "store: clinic", 1)), 0o600))
	reports, err = h.TestMap(file, false)
	require.NoError(t, err)
	require.False(t, reports[0].OK, "another map, another result")
	_, err = h.TestMap(filepath.Join(dir, "absent.txtar"), false)
	require.Equal(t, "hub.map_missing", errs.CodeOf(err))
}
