package flow_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/trace/flow"
)

func index() *flow.ProductIndex {
	return flow.NewProductIndex([]flow.SKU{
		{ID: 1, Product: canonical.Product{Code: "P001", Name: "阿司匹林肠溶片", Spec: "100mg×30片/盒", ApprovalNo: "国药准字Z20250001", Unit: "盒", CaseFactor: canonical.Units(40), InnerFactor: canonical.Units(10)}},
		{ID: 2, Product: canonical.Product{Code: "P002", Name: "阿司匹林肠溶片", Spec: "25mg*100片", ApprovalNo: "国药准字Z20250002", Unit: "瓶"}},
		{ID: 3, Product: canonical.Product{Code: "P003", Name: "维生素C注射液", Spec: "2ml:0.5g", Unit: "支", CaseFactor: canonical.Units(200)}},
		{ID: 4, Product: canonical.Product{Code: "P004", Name: "止咳糖浆", Unit: "瓶"}},
	}, []flow.Alias{
		{Party: 9, RawName: "拜阿", RawSpec: "100mg*30", Target: "P001"},
		{Party: 9, RawCode: "77", Target: "P003", Op: "×", Factor: canonical.Units(5)},
		{Party: 9, RawName: "拆零", Target: "P001", Op: "÷", Factor: canonical.Units(30)},
		{Party: 9, RawName: "未来产品", Target: "P999"},
	})
}

func TestProductLookUp(t *testing.T) {
	for _, c := range []struct {
		name    string
		party   int64
		m       canonical.ProductMention
		product int64
		rule    string
		base    string // base units of a quantity of 60
	}{
		{"company's code", 5, canonical.ProductMention{Code: "p001", Name: "随便"}, 1, flow.ByCode, "60"},
		{"code in the name column", 5, canonical.ProductMention{Name: "P003"}, 3, flow.ByCode, "60"},
		{"a code of the party's own that happens to be one of ours", 5, canonical.ProductMention{Code: "P002", Name: "阿司匹林肠溶片", Spec: "100mg*30片"}, 1, flow.ByName, "60"},
		{"approval number and spec", 5, canonical.ProductMention{Name: "阿斯匹林", Spec: "100MG×30片", ApprovalNo: "Z20250001"}, 1, flow.ByApproval, "60"},
		{"name and spec", 5, canonical.ProductMention{Name: "阿司匹林肠溶片", Spec: "25mg×100片/瓶"}, 2, flow.ByName, "60"},
		{"name alone when only one SKU has it", 5, canonical.ProductMention{Name: "维生素C注射液"}, 3, flow.ByName, "60"},
		{"name alone of two SKUs", 5, canonical.ProductMention{Name: "阿司匹林肠溶片"}, 0, flow.AmbiguousProduct, ""},
		{"a master record without spec takes any", 5, canonical.ProductMention{Name: "止咳糖浆", Spec: "100ml"}, 4, flow.ByName, "60"},
		{"another spec is another product", 5, canonical.ProductMention{Name: "维生素C注射液", Spec: "5ml:1g"}, 0, flow.UnknownProduct, ""},
		{"cases", 5, canonical.ProductMention{Code: "P001", Unit: "件"}, 1, flow.ByCode, "2400"},
		{"inner packs", 5, canonical.ProductMention{Code: "P001", Unit: "中包"}, 1, flow.ByCode, "600"},
		{"the base unit's own name", 5, canonical.ProductMention{Code: "P003", Unit: "支"}, 3, flow.ByCode, "60"},
		{"cases without a factor", 5, canonical.ProductMention{Code: "P002", Unit: "件"}, 0, flow.NoCaseFactor, ""},
		{"inner packs without a factor", 5, canonical.ProductMention{Code: "P003", Unit: "中包"}, 0, flow.NoInnerFactor, ""},
		{"an unknown unit", 5, canonical.ProductMention{Code: "P001", Unit: "托盘车"}, 0, flow.UnknownUnit, ""},
		{"alias by name and spec", 9, canonical.ProductMention{Name: "拜阿", Spec: "100mg*30", Unit: "件"}, 1, flow.ByAlias, "2400"},
		{"alias by code with a factor", 9, canonical.ProductMention{Code: "77", Name: "P001", Unit: "件"}, 3, flow.ByAlias, "300"},
		{"alias with a divisor, whatever the spec", 9, canonical.ProductMention{Name: "拆零", Spec: "片"}, 1, flow.ByAlias, "2"},
		{"another party's alias", 5, canonical.ProductMention{Code: "77", Name: "拜阿", Spec: "100mg*30"}, 0, flow.UnknownProduct, ""},
		{"alias of a product that is not there yet", 9, canonical.ProductMention{Name: "未来产品"}, 0, flow.UnknownProduct, ""},
		{"nothing said", 5, canonical.ProductMention{}, 0, flow.UnknownProduct, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := index().Find(c.party, c.m)
			require.Equal(t, c.product, f.Product)
			require.Equal(t, c.rule, f.Rule)
			if c.product != 0 {
				q, err := f.BaseUnits(canonical.Units(60))
				require.NoError(t, err)
				require.Equal(t, c.base, q.String())
			}
		})
	}
}

func TestSpecKeyIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("10mgML毫克克×*xX片盒/ ：:袋."))).Draw(t, "spec")
		once := flow.SpecKey(s)
		require.Equal(t, once, flow.SpecKey(once))
	})
}

func TestApportion(t *testing.T) {
	got := flow.Apportion(canonical.Units(3000), []canonical.Quantity{canonical.Units(3600), canonical.Units(500)}, canonical.Units(1))
	require.Equal(t, []canonical.Quantity{canonical.Units(2634), canonical.Units(366)}, got)
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) canonical.Quantity {
			return canonical.Quantity(rapid.Int64Range(0, 1<<50).Draw(t, "weight"))
		}), 1, 8).Draw(t, "weights")
		sum := canonical.Quantity(0)
		for _, w := range weights {
			sum += w
		}
		total := canonical.Quantity(rapid.Int64Range(0, int64(sum)).Draw(t, "total"))
		rest := total
		for i, q := range flow.Apportion(total, weights, flow.Grain(append(weights, total)...)) {
			require.GreaterOrEqual(t, q, canonical.Quantity(0))
			require.LessOrEqual(t, q, weights[i])
			rest -= q
		}
		require.Zero(t, rest)
	})
}
