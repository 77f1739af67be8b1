package mapping_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/mapping"
)

var salesHeaders = []string{"日期", "单据号", "行号", "客户编码", "客户名称", "收货单位", "开票单位", "商品编码", "产品名称", "规格", "批号", "数量", "单位", "单价", "有效期至", "业务类型", "退货标志", "备注"}

func drawCells(t *rapid.T) []string {
	from := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
	return []string{
		from("date", "2025-03-01", "2025/3/2", "20250303", "45720", "2025-02-30", ""), from("doc", "X1", "-", "", "X2"), from("row", "1", "", "0"),
		from("code", "C1", "0", ""), from("name", "甲医院", "乙 药房", ""), from("ship", "", "丙医院", "甲医院"), from("bill", "", "甲医院", "丁公司"),
		from("pcode", "P1", ""), from("pname", "阿莫西林", ""), from("spec", "0.25g", ""), from("lot", "0250301", "无", "2.5E+05", "250301.0", "ａ１", ""),
		from("qty", "20", "-20", "1,200.5", "20盒", "", "(3)", "0"), from("unit", "盒", "件", ""), from("price", "1.5", "面议", ""), from("exp", "2027-01-01", "24个月", ""),
		from("kind", "", "销售", "退货", "调拨", "直调"), from("flag", "", "是", "否"), from("remark", "", "冷链"),
	}
}

// The fast way over ledgers and the general one must not differ in anything, whatever the order of the columns.
func TestFlowFuncEqualsApply(t *testing.T) {
	t.Parallel()
	for _, kind := range []mapping.Kind{mapping.Sales, mapping.Usage, mapping.Stock} {
		headers := slices.Clone(salesHeaders)
		m, _, err := mapping.FromHeaders(kind, headers, mapping.Defaults{})
		require.NoError(t, err)
		order := rand.New(rand.NewPCG(1, 2)).Perm(len(headers))
		shuffled := make([]string, len(headers))
		for i, j := range order {
			shuffled[i] = headers[j]
		}
		flow, _, err := mapping.CompileFlow(kind, shuffled)
		require.NoError(t, err)
		rapid.Check(t, func(t *rapid.T) {
			cells := drawCells(t)
			row, moved := map[string]any{}, make([]string, len(cells))
			for i, c := range cells {
				row[headers[i]] = c
			}
			for i, j := range order {
				moved[i] = cells[j]
			}
			want := m.Apply(row)
			got := canonical.FlowLine{Remark: "left over"}
			issues := flow(moved, &got)
			require.Empty(t, cmp.Diff(*want.Value.(*canonical.FlowLine), got))
			require.Empty(t, cmp.Diff(want.Issues, issues))
			if len(issues) == 0 {
				require.Empty(t, got.Validate())
				require.True(t, kind != mapping.Sales || got.Quantity >= 0)
			}
		})
	}
}

// −20, (20) with the word and 20 with the word are one and the same return.
func TestReturnsAreWrittenInManyWays(t *testing.T) {
	t.Parallel()
	flow, _, err := mapping.CompileFlow(mapping.Sales, []string{"date", "cust_name", "prod_code", "qty", "业务类型"})
	require.NoError(t, err)
	for _, cells := range [][]string{{"-20", ""}, {"20", "退货"}, {"-20", "退货"}, {"(20)", "销售退回"}, {"20-", "Return"}, {"－２０", "调拨"}} {
		var line canonical.FlowLine
		require.Empty(t, flow(append([]string{"2025-03-01", "甲", "P"}, cells...), &line))
		require.Equal(t, canonical.Return, line.Kind, cells)
		require.Equal(t, canonical.Units(20), line.Quantity, cells)
	}
}

func TestHeadersOfEveryAlias(t *testing.T) {
	t.Parallel()
	known := mapping.Known(mapping.Sales)
	for _, h := range []string{"销售日期", "制单日期", "发票号", "明细ID", "购货单位编码", "收货单位", "执业许可证号", "货号", "品规", "国药准字", "上市许可持有人", "生产批号", "有效期时间", "批号出库数量", "数量（盒）", " 数 量 ", "*数量", "价税合计", "退货标志", "Doc No", "doc_no", "DOC-NO", "Qty"} {
		require.True(t, known(h), h)
	}
	for _, h := range []string{"金额数量", "数量金额", "", "客户", "总数量"} {
		require.Equal(t, h == "客户", known(h), h)
	}
	require.True(t, mapping.Known(mapping.Purchases)("上游客户"))
	require.True(t, mapping.Known(mapping.Stock)("库存提取日期"))
}

func TestColumnsThatAreMissing(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		kind    mapping.Kind
		headers []string
		missing []string
	}{
		"quantity":            {mapping.Sales, []string{"日期", "客户", "品名", "规格"}, []string{"qty（数量）"}},
		"amount is no number": {mapping.Sales, []string{"日期", "客户", "货号", "金额"}, []string{"qty（数量）"}},
		"everything":          {mapping.Purchases, []string{"a", "b"}, []string{"doc_date（购进日期）", "qty（数量）", "supp_name（供应商名称）", "prod_name（产品名称）", "spec（规格）"}},
		"one cell":            {mapping.Usage, []string{"日期^品名^数量"}, []string{"date（日期）", "qty（数量）", "prod_name（产品名称）"}},
		"kind of customers":   {mapping.Customers, []string{"id", "name"}, []string{"kind（类型）"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, report, err := mapping.FromHeaders(tc.kind, tc.headers, mapping.Defaults{})
			require.Error(t, err)
			require.Equal(t, "mapping.missing_column", errs.CodeOf(err))
			require.True(t, errs.Is(err, errs.Invalid))
			require.ElementsMatch(t, tc.missing, report.Missing)
			for _, h := range tc.headers {
				require.Contains(t, errs.Render(err, "zh"), h)
			}
			if tc.kind.Ledger() != "" {
				_, _, err := mapping.CompileFlow(tc.kind, tc.headers)
				require.Equal(t, "mapping.missing_column", errs.CodeOf(err))
			}
		})
	}
	_, report, err := mapping.FromHeaders(mapping.Customers, []string{"id", "name", "片区", "电话", ""}, mapping.Defaults{CustomerKind: canonical.Pharmacy})
	require.NoError(t, err)
	require.Equal(t, []string{"片区"}, report.Unknown)
	_, _, err = mapping.FromHeaders(mapping.Customers, []string{"id", "name"}, mapping.Defaults{CustomerKind: "shop"})
	require.Equal(t, "mapping.kind", errs.CodeOf(err))
}

func TestSeveralHeadersForOneField(t *testing.T) {
	t.Parallel()
	_, report, err := mapping.CompileFlow(mapping.Sales, []string{"开票日期", "销售日期", "客户", "货号", "数量", "金额", "含税金额"})
	require.NoError(t, err)
	require.Equal(t, "销售日期", report.Header("date"))
	require.Equal(t, "金额", report.Header("amount"))
	require.Equal(t, []string{"开票日期", "含税金额"}, report.Shadowed)
	_, report, err = mapping.CompileFlow(mapping.Sales, []string{"date", "customer", "product", "product_code", "spec", "qty", "qty"})
	require.NoError(t, err)
	require.Equal(t, "product", report.Header("product.name"))
	require.Equal(t, []string{"qty"}, report.Shadowed)
}

func TestOneHeaderTwice(t *testing.T) {
	t.Parallel()
	m, _, err := mapping.FromHeaders(mapping.Customers, []string{"id", "name", "类型", "电话", "电话"}, mapping.Defaults{})
	require.NoError(t, err)
	res := m.Apply(map[string]any{"id": "1", "name": "a", "类型": "医院", "电话": "13800000000"})
	require.Equal(t, []string{"13800000000"}, res.Value.(*canonical.Customer).Phones)
}

func TestDefaultsFillOnlyWhatIsEmpty(t *testing.T) {
	t.Parallel()
	m, _, err := mapping.FromHeaders(mapping.Customers, []string{"id", "name", "类型"}, mapping.Defaults{CustomerKind: canonical.Pharmacy})
	require.NoError(t, err)
	require.Equal(t, canonical.Pharmacy, m.Apply(map[string]any{"id": "1", "name": "a"}).Value.(*canonical.Customer).Kind)
	require.Equal(t, canonical.Hospital, m.Apply(map[string]any{"id": "1", "name": "a", "类型": "医院"}).Value.(*canonical.Customer).Kind)
	m, _, err = mapping.FromHeaders(mapping.Customers, []string{"id", "name", "类型"}, mapping.Defaults{})
	require.NoError(t, err)
	res := m.Apply(map[string]any{"id": "1", "name": "人民医院"})
	require.Equal(t, []canonical.Issue{canonical.Required("kind")}, res.Issues, "a kind is never guessed")
	m, _, err = mapping.FromHeaders(mapping.Aliases, []string{"type", "raw_name", "target_code"}, mapping.Defaults{Party: "D1"})
	require.NoError(t, err)
	require.Equal(t, "D1", m.Apply(map[string]any{"type": "party", "raw_name": "x", "target_code": "C"}).Value.(*canonical.Alias).Party)
}

func BenchmarkFlow(b *testing.B) {
	flow, _, err := mapping.CompileFlow(mapping.Sales, salesHeaders)
	if err != nil {
		b.Fatal(err)
	}
	rows := make([][]string, 1000)
	for i := range rows {
		rows[i] = []string{fmt.Sprintf("2025-03-%02d", i%28+1), fmt.Sprintf("XS%06d", i), fmt.Sprint(i % 9), fmt.Sprintf("C%04d", i%300), "青河市第一人民医院", "", "", "P01", "阿莫西林胶囊", "0.25g*24粒", fmt.Sprintf("250%03d", i%50), fmt.Sprint(i%90 + 1), "盒", "12.50", "2027-02-28", "销售", "", ""}
	}
	var line canonical.FlowLine
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if issues := flow(rows[n%1000], &line); len(issues) > 0 {
			b.Fatal(issues)
		}
		n++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkIdentity(b *testing.B) {
	x := mapping.NewIdentity("D001", canonical.Sales)
	line := canonical.FlowLine{Ledger: canonical.Sales, DocNo: "XS1", Partner: canonical.PartyMention{Code: "C1", Name: "青河"}, Product: canonical.ProductMention{Code: "P1", Spec: "0.25g", Unit: "盒"}, Lot: "250301", Quantity: 5}
	b.ReportAllocs()
	for b.Loop() {
		line.Quantity++
		x.Of(&line)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
