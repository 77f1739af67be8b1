package mapping_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/mapping"
)

const goodMap = "entity: product\nkey: [code]\nfields:\n  code: code\n  name: name\n"

func TestMapProblemsHavePlaces(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		src          string
		line, column int
		text         string
	}{
		"empty":               {"", 1, 1, "empty"},
		"not YAML":            {"entity: [\n", 1, 0, ""},
		"a list":              {"- a\n", 1, 1, "key: value"},
		"two documents":       {goodMap + "---\nentity: lot\n", 7, 0, "one YAML document"},
		"no entity":           {"key: [a]\nfields: {}\n", 1, 0, "entity"},
		"unknown entity":      {"entity: shop\nkey: [a]\nfields: {}\n", 1, 9, "customer"},
		"unknown key":         {goodMap + "skipp: 'true'\n", 6, 1, "skip"},
		"key twice":           {goodMap + "key: [b]\n", 6, 1, "already defined"},
		"no key":              {"entity: product\nfields:\n  code: code\n", 1, 0, "key"},
		"no fields":           {"entity: product\nkey: [a]\n", 1, 0, "fields"},
		"unknown field":       {goodMap + "  speck: s\n", 6, 3, "spec"},
		"unknown rule key":    {goodMap + "  spec: {form: s, from: t}\n", 6, 10, "form"},
		"two origins":         {goodMap + "  spec: {from: s, const: t}\n", 6, 3, "exactly one"},
		"no origin":           {goodMap + "  spec: {default: t}\n", 6, 3, "exactly one"},
		"empty field":         {goodMap + "  spec:\n", 6, 3, "exactly one"},
		"bad expression":      {goodMap + "  spec: {expr: 'a +'}\n", 6, 16, "a +"},
		"range":               {goodMap + "  spec: {expr: 'all(1..1000000, # > 0)'}\n", 6, 16, "ranges"},
		"the clock":           {goodMap + "  spec: {expr: 'now()'}\n", 6, 16, "now"},
		"bad skip":            {goodMap + "skip: '))'\n", 6, 7, "))"},
		"unknown normaliser":  {goodMap + "  spec: {from: s, normalise: magic}\n", 6, 30, "phone"},
		"unknown on_error":    {goodMap + "  spec: {from: s, on_error: explode}\n", 6, 29, "quarantine"},
		"default without one": {goodMap + "  spec: {from: s, on_error: default}\n", 6, 3, "default"},
		"bad constant":        {goodMap + "  case_factor: {const: many}\n", 6, 3, "many"},
		"bad default":         {goodMap + "  case_factor: {from: f, default: many}\n", 6, 3, "many"},
		"nested scalar":       {goodMap + "  spec: [[a]]\n", 6, 10, "plain value"},
		"ledger of a product": {goodMap + "ledger: sales\n", 6, 1, "ledger"},
		"flow without ledger": {"entity: flow\nfields: {date: d}\n", 1, 0, "ledger"},
		"unknown ledger":      {"entity: flow\nledger: sold\nfields: {date: d}\n", 2, 9, "sales"},
		"custom of a product": {goodMap + "custom: [a]\n", 6, 1, "customers"},
		"bad zone":            {goodMap + "zone: Asia/Shanghai\n", 6, 7, "+08:00"},
		"too large":           {strings.Repeat("# x\n", 300_000), 1, 1, "1 MB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := mapping.Lint("m.yaml", []byte(tc.src), nil)
			require.NotEmpty(t, problems)
			p := problems[0]
			require.Equal(t, tc.line, p.Line, p.Err)
			if tc.column > 0 {
				require.Equal(t, tc.column, p.Column, p.Err)
			}
			require.Contains(t, p.Err.Error(), tc.text)
			require.NotContains(t, p.Err.Text("zh"), "{line}")
			_, err := mapping.Parse("m.yaml", []byte(tc.src))
			require.Equal(t, "mapping.map", errs.CodeOf(err))
			require.ErrorContains(t, err, "m.yaml")
		})
	}
}

func TestLintSeesEverythingAtOnce(t *testing.T) {
	t.Parallel()
	src := "entity: product\nkey: [code]\nbad: 1\nfields:\n  nope: x\n  code: code\n  name: {expr: '('}\n"
	require.Len(t, mapping.Lint("m.yaml", []byte(src), nil), 3)
	require.Empty(t, mapping.Lint("m.yaml", []byte(goodMap), []string{"code", "name"}))
	problems := mapping.Lint("m.yaml", []byte(goodMap), []string{"code", "title"})
	require.Len(t, problems, 1)
	require.Contains(t, problems[0].Err.Error(), "title")
}

func TestSuggestionIsAMap(t *testing.T) {
	t.Parallel()
	src, report := mapping.Suggest(mapping.Customers, []string{"客户编码", "客户名称", "电话", "手机", "类型", "片区 \"x\""})
	require.Equal(t, []string{"片区 \"x\""}, report.Unknown)
	m, err := mapping.Parse("suggested", src)
	require.NoError(t, err, string(src))
	res := m.Apply(map[string]any{"客户编码": "C1", "客户名称": "甲", "电话": "1", "手机": "2", "类型": "医院", "片区 \"x\"": "东"})
	require.Empty(t, res.Issues)
	require.Equal(t, "C1", res.Key)
	require.Equal(t, []string{"1", "2"}, res.Value.(*canonical.Customer).Phones)
	src, _ = mapping.Suggest(mapping.Sales, []string{"日期", "客户", "货号", "数量", "行号"})
	m, err = mapping.Parse("suggested", src)
	require.NoError(t, err, string(src))
	require.Equal(t, canonical.Sales, m.Ledger())
}

func TestApplyDetails(t *testing.T) {
	t.Parallel()
	m, err := mapping.Parse("m", []byte(`
entity: customer
key: [a, b]
fields:
  name: [x.y.1.z, "x.y", n]
  kind: {const: hcp}
  phones: list
  title: {expr: 'row["职称 名"] ?? ""'}
custom: "*"
source_time: t
zone: "-05:00"
`))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "list", "n", "t", "x.y", "x.y.1.z"}, m.Sources())
	require.NotEmpty(t, m.Version())
	row := map[string]any{
		"a": json.Number("1"), "b": "x|y", "x": map[string]any{"y": []any{"s", map[string]any{"z": "深"}}}, "n": "浅",
		"list": []any{"1", nil, json.Number("2")}, "职称 名": "主任", "t": "2025-03-01 00:00:00", "extra": true, "nothing": nil,
	}
	res := m.Apply(row)
	require.Empty(t, res.Issues)
	require.Equal(t, `1|x\|y`, res.Key)
	c := res.Value.(*canonical.Customer)
	require.Equal(t, "深", c.Name)
	require.Equal(t, []string{"1", "2"}, c.Phones)
	require.Equal(t, "主任", c.Title)
	require.Equal(t, "true", c.Custom["extra"])
	require.NotContains(t, c.Custom, "nothing")
	require.Equal(t, time.Date(2025, 3, 1, 5, 0, 0, 0, time.UTC), res.SourceTime)
}

func TestExpressionsAreExactAndBounded(t *testing.T) {
	t.Parallel()
	value := func(expression string, row map[string]any) (string, []canonical.Issue) {
		m, err := mapping.Parse("m", []byte("entity: product\nkey: [k]\nfields:\n  code: k\n  name: {expr: '"+expression+"'}\n"))
		require.NoError(t, err)
		row["k"] = "1"
		res := m.Apply(row)
		return res.Value.(*canonical.Product).Name, res.Issues
	}
	for expression, want := range map[string]string{
		`add(a, "0.2")`: "0.3", `sub(a, b)`: "-2.9", `mul(a, b)`: "0.3", `div("1", b)`: "0.333333", `b > 2 ? "big" : "small"`: "big", `string(b) + a`: "30.1", `mul(missing, 2) + "x"`: "x",
	} {
		got, issues := value(expression, map[string]any{"a": json.Number("0.1"), "b": json.Number("3")})
		require.Empty(t, issues, expression)
		require.Equal(t, want, got, expression)
	}
	for _, expression := range []string{`div(a, 0)`, `mul("9000000000000", "9000000000000")`, `add("x", 1)`, `a.b.c.d + 1`} {
		_, issues := value(expression, map[string]any{"a": "1"})
		require.NotEmpty(t, issues, expression)
		require.Equal(t, "expression", issues[0].Rule, expression)
	}
}
