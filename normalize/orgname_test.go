package normalize_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/normalize"
)

func division(t testing.TB, code string) *normalize.Division {
	if code == "" {
		return nil
	}
	d, ok := normalize.StandardDivisions().ByCode(code)
	require.True(t, ok, code)
	return &d
}

func TestParseOrgByParts(t *testing.T) {
	t.Parallel()
	type O = normalize.OrgName
	for _, c := range []struct {
		in, inside string
		want       O
	}{
		// hospitals
		{in: "青河县中医院", want: O{Full: "青河县中医医院", Division: "青河县", DivisionCode: "654325", Kind: "中医医院"}},
		{in: "青河中医院", want: O{Full: "青河中医医院", Division: "青河", Kind: "中医医院"}},
		{in: "青河中医院", inside: "654325", want: O{Full: "青河中医医院", Division: "青河", DivisionCode: "654325", Kind: "中医医院"}},
		{in: "广州市第一人民医院", want: O{Full: "广州市第1人民医院", Division: "广州市", DivisionCode: "440100", Ordinal: "1", Kind: "人民医院"}},
		{in: "廣州市第二人民醫院", want: O{Full: "广州市第2人民医院", Division: "广州市", DivisionCode: "440100", Ordinal: "2", Kind: "人民医院"}},
		{in: "广东省广州市越秀区妇幼保健院", want: O{Full: "广东省广州市越秀区妇幼保健院", Division: "广东省广州市越秀区", DivisionCode: "440104", Kind: "妇幼保健院"}},
		{in: "武汉康宁医院", want: O{Full: "武汉康宁医院", Division: "武汉", Core: "康宁", Kind: "医院"}},
		{in: "武汉康宁医院", inside: "420100", want: O{Full: "武汉康宁医院", Division: "武汉", DivisionCode: "420100", Core: "康宁", Kind: "医院"}},
		{in: "哈尔滨道外区人民医院", want: O{Full: "哈尔滨道外区人民医院", Division: "哈尔滨道外区", DivisionCode: "230104", Kind: "人民医院"}},
		{in: "张家口桥东区医院", want: O{Full: "张家口桥东区医院", Division: "张家口桥东区", DivisionCode: "130702", Kind: "医院"}},
		{in: "台州路桥区中医院", want: O{Full: "台州路桥区中医医院", Division: "台州路桥区", DivisionCode: "331004", Kind: "中医医院"}},
		{in: "青河县人医", want: O{Full: "青河县人民医院", Division: "青河县", DivisionCode: "654325", Kind: "人民医院"}},
		{in: "北京协和医院", want: O{Full: "北京协和医院", Division: "北京", DivisionCode: "110000", Core: "协和", Kind: "医院"}},
		{in: "成都铁路中心医院", want: O{Full: "成都铁路中心医院", Division: "成都", Affiliation: "铁路", Kind: "中心医院"}},
		{in: "新疆生产建设兵团第一师医院", want: O{Full: "新疆生产建设兵团第1师医院", Division: "新疆", DivisionCode: "650000", Affiliation: "兵团", Core: "师", Ordinal: "1", Kind: "医院"}},
		{in: "中山大学附属第一医院", want: O{Full: "中山大学附属第1医院", Affiliation: "中山大学", Ordinal: "1", Kind: "医院"}},
		{in: "南京医科大学第二附属医院", want: O{Full: "南京医科大学第2附属医院", Affiliation: "南京医科大学", Ordinal: "2", Kind: "医院"}},
		{in: "首都医科大学附属北京友谊医院", want: O{Full: "首都医科大学附属北京友谊医院", Affiliation: "首都医科大学", Division: "北京", DivisionCode: "110000", Core: "友谊", Kind: "医院"}},
		{in: "四川大学华西医院", want: O{Full: "四川大学华西医院", Affiliation: "四川大学", Core: "华西", Kind: "医院"}},
		{in: "解放军五一八医院", want: O{Full: "解放军第518医院", Affiliation: "解放军", Ordinal: "518", Kind: "医院"}},
		{in: "鞍钢集团总医院", want: O{Full: "鞍钢集团总医院", Affiliation: "鞍钢集团", Kind: "总医院"}},
		{in: "汉中医院", want: O{Full: "汉中医院", Core: "汉中", Kind: "医院"}},
		{in: "汉中市中医院", want: O{Full: "汉中市中医医院", Division: "汉中市", DivisionCode: "610700", Kind: "中医医院"}},
		{in: "青河县阿热勒乡卫生院", want: O{Full: "青河县阿热勒乡卫生院", Division: "青河县", DivisionCode: "654325", Core: "阿热勒乡", Kind: "卫生院"}},
		{in: "五一八医院", want: O{Full: "518医院", Ordinal: "518", Kind: "医院"}},

		// the division that is no division
		{in: "滨海友谊医院", want: O{Full: "滨海友谊医院", Core: "滨海友谊", Kind: "医院"}},
		{in: "青河平安医院", want: O{Full: "青河平安医院", Core: "青河平安", Kind: "医院"}},
		{in: "青河平安医院", inside: "654325", want: O{Full: "青河平安医院", Division: "青河", DivisionCode: "654325", Core: "平安", Kind: "医院"}},
		{in: "北京朝阳医院", want: O{Full: "北京朝阳医院", Division: "北京", DivisionCode: "110000", Core: "朝阳", Kind: "医院"}},
		{in: "北京朝阳医院", inside: "110105", want: O{Full: "北京朝阳医院", Division: "北京", DivisionCode: "110000", Core: "朝阳", Kind: "医院"}},
		{in: "广州白云山医药集团股份有限公司", want: O{Full: "广州白云山医药集团股份有限公司", Division: "广州", Core: "白云山", Kind: "医药集团", Legal: "股份有限公司"}},
		{in: "康宁二医院", want: O{Full: "康宁2医院", Core: "康宁", Ordinal: "2", Kind: "医院"}},
		{in: "张村卫生室", want: O{Full: "张村卫生室", Core: "张村", Kind: "卫生室"}},
		{in: "平安医院", want: O{Full: "平安医院", Core: "平安", Kind: "医院"}},
		{in: "平安医院", inside: "440106", want: O{Full: "平安医院", DivisionCode: "440106", DivisionFrom: normalize.FromRecord, Core: "平安", Kind: "医院"}},
		{in: "中山医院", want: O{Full: "中山医院", Core: "中山", Kind: "医院"}},
		{in: "鼓楼区医院", want: O{Full: "鼓楼区医院", Division: "鼓楼区", Kind: "医院"}},
		{in: "鼓楼区医院", inside: "350100", want: O{Full: "鼓楼区医院", Division: "鼓楼区", DivisionCode: "350102", Kind: "医院"}},
		{in: "友谊县人民医院", inside: "440106", want: O{Full: "友谊县人民医院", Division: "友谊县", DivisionCode: "230522", Conflict: true, Kind: "人民医院"}},

		// the division that is dropped
		{in: "市一院", want: O{Full: "市1医院", Level: "市", Ordinal: "1", Kind: "医院"}},
		{in: "市一院", inside: "440106", want: O{Full: "市1医院", Division: "广州市", DivisionCode: "440100", DivisionFrom: normalize.FromRecord, Level: "市", Ordinal: "1", Kind: "医院"}},
		{in: "市一院", inside: "320581", want: O{Full: "市1医院", DivisionCode: "320581", DivisionFrom: normalize.FromRecord, Level: "市", Ordinal: "1", Kind: "医院"}},
		{in: "省人民医院", inside: "440106", want: O{Full: "省人民医院", Division: "广东省", DivisionCode: "440000", DivisionFrom: normalize.FromRecord, Level: "省", Kind: "人民医院"}},
		{in: "市妇幼", want: O{Full: "市妇幼保健院", Level: "市", Kind: "妇幼保健院"}},
		{in: "协和", want: O{Full: "协和", Core: "协和"}},
		{in: "人民医院", want: O{Full: "人民医院", Kind: "人民医院"}},
		{in: "市中区人民医院", inside: "370800", want: O{Full: "市中区人民医院", Division: "市中区", Conflict: true, Kind: "人民医院"}},

		// campus, branch, notes
		{in: "青河县人民医院（东院区）", want: O{Full: "青河县人民医院东院区", Division: "青河县", DivisionCode: "654325", Kind: "人民医院", Campus: "东院区"}},
		{in: "青河县人民医院东院区", want: O{Full: "青河县人民医院东院区", Division: "青河县", DivisionCode: "654325", Kind: "人民医院", Campus: "东院区"}},
		{in: "青河县人民医院门诊部", want: O{Full: "青河县人民医院门诊部", Division: "青河县", DivisionCode: "654325", Kind: "人民医院", Campus: "门诊部"}},
		{in: "青河县人民医院药剂科", want: O{Full: "青河县人民医院药剂科", Division: "青河县", DivisionCode: "654325", Kind: "人民医院", Branch: "药剂科"}},
		{in: "青河县人民医院（本部）", want: O{Full: "青河县人民医院", Division: "青河县", DivisionCode: "654325", Kind: "人民医院", Notes: []string{"本部"}}},
		{in: "康宁门诊部", want: O{Full: "康宁门诊部", Core: "康宁", Kind: "门诊部"}},
		{in: "康宁医院（民营）（筹）", want: O{Full: "康宁医院", Core: "康宁", Kind: "医院", Notes: []string{"民营", "筹"}}},
		{in: "人民医院（青河县）", want: O{Full: "青河县人民医院", Division: "青河县", DivisionCode: "654325", Kind: "人民医院"}},
		{in: "康宁医院（", want: O{Full: "康宁医院", Core: "康宁", Kind: "医院"}},

		// companies and pharmacies
		{in: "康宁医药有限责任公司", want: O{Full: "康宁医药有限公司", Core: "康宁", Kind: "医药", Legal: "有限公司"}},
		{in: "康宁（广东）医药有限公司", want: O{Full: "康宁广东医药有限公司", Core: "康宁广东", Kind: "医药", Legal: "有限公司"}},
		{in: "康宁医药集团股份有限公司", want: O{Full: "康宁医药集团股份有限公司", Core: "康宁", Kind: "医药集团", Legal: "股份有限公司"}},
		{in: "康宁医药（集团）有限公司", want: O{Full: "康宁医药集团有限公司", Core: "康宁", Kind: "医药集团", Legal: "有限公司"}},
		{in: "康宁医药有限公司广州分公司", want: O{Full: "康宁医药有限公司广州分公司", Core: "康宁", Kind: "医药", Legal: "有限公司", Branch: "广州分公司"}},
		{in: "广东康宁大药房连锁有限公司第二十三门店", want: O{Full: "广东康宁大药房连锁有限公司第23门店", Division: "广东", DivisionCode: "440000", Core: "康宁", Kind: "大药房连锁", Legal: "有限公司", Branch: "第23门店"}},
		{in: "康宁大药房人民路店", want: O{Full: "康宁大药房人民路店", Core: "康宁", Kind: "大药房", Branch: "人民路店"}},
		{in: "康宁大药房（人民路店）", want: O{Full: "康宁大药房人民路店", Core: "康宁", Kind: "大药房", Branch: "人民路店"}},
		{in: "康宁药店", want: O{Full: "康宁药店", Core: "康宁", Kind: "药店"}},
		{in: "康宁大药房（有限合伙）", want: O{Full: "康宁大药房有限合伙", Core: "康宁", Kind: "大药房", Legal: "有限合伙"}},
		{in: "不详"},
		{in: ""},
	} {
		if c.want.Division != "" && c.want.DivisionFrom == "" {
			c.want.DivisionFrom = normalize.FromName
		}
		require.Equal(t, c.want, normalize.ParseOrg(c.in, division(t, c.inside)), "%s in %q", c.in, c.inside)
	}
}

func TestParseOrgFindsEveryNameInTheString(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][]string{
		"甲城医院〓乙城中医院":            {"甲城医院", "second 乙城中医医院"},
		"甲城医院／乙城中医院；丙城卫生院":      {"甲城医院", "second 乙城中医医院", "second 丙城卫生院"},
		"青河县人民医院（青河县第一医院）":      {"青河县人民医院", "second 青河县第1医院"},
		"青河县人民医院(原:青河县红星医院)":    {"青河县人民医院", "former 青河县红星医院"},
		"青河县人民医院（曾用名红星医院（东院区））": {"青河县人民医院", "former 红星医院东院区"},
		"青河市中西医结合医院青河市南山医院":     {"青河市中西医结合医院", "second 青河市南山医院"},
		"青河县中医院青河县第二人民医院":       {"青河县中医医院", "second 青河县第2人民医院"},
		"武汉大学人民医院湖北省人民医院":       {"武汉大学人民医院", "second 湖北省人民医院"},
		"康宁医药有限公司康宁药业有限公司":      {"康宁医药有限公司", "second 康宁药业有限公司"},
		"中国医学科学院肿瘤医院":           {"中国医学科学院肿瘤医院"},
		"甲/乙":                   {"甲/乙"},

		// short and former names that the tables know
		"浙一":           {"浙一", "second 浙江大学医学院附属第1医院"},
		"中山一院":         {"中山1医院", "second 中山大学附属第1医院"},
		"浙大附一":         {"浙大附属第1医院", "second 浙江大学医学院附属第1医院"},
		"重医附一院":        {"重医附属第1医院", "second 重庆医科大学附属第1医院"},
		"西安交大一附院":      {"西安交大1附属医院", "second 西安交通大学附属第1医院"},
		"湘雅二医院":        {"湘雅2医院", "second 中南大学湘雅2医院"},
		"北医三院":         {"北医3医院", "second 北京大学附属第3医院"},
		"第三军医大学西南医院":   {"第3军医大学西南医院", "second 陆军军医大学西南医院"},
		"第三军医大学第一附属医院": {"第3军医大学第1附属医院", "second 陆军军医大学附属第1医院"},
		"中南医院":         {"中南医院"},
		"浙江医院":         {"浙江医院"},
	} {
		o := normalize.ParseOrg(in, nil)
		got := []string{o.Full}
		for _, a := range o.Aliases {
			got = append(got, string(a.Role)+" "+a.Name.Full)
		}
		require.Equal(t, want, got, in)
		require.Len(t, o.Names(), len(want))
	}
}

// The pairs that string distance cannot tell apart.
func TestOrgKeys(t *testing.T) {
	t.Parallel()
	key := func(s string) string { return normalize.ParseOrg(s, nil).Key() }
	for _, same := range [][]string{
		{"青河中医院", "青河县中医院", "青河县中医医院", "新疆青河县中医院", "青河縣中醫院"},
		{"广州市第一人民医院", "广东省广州市第一人民医院", "广州市第1人民医院", "广州第一人民医院"},
		{"中国人民解放军联勤保障部队第五一八医院", "中国人民解放军第518医院", "解放军第五一八医院", "解放军518医院"},
		{"南京医科大学第二附属医院", "南京医科大学附属第二医院"},
		{"江南医科大学附属第一医院", "江南医大附一院", "江南医大附一", "江南医大一附院", "江南医科大学第一附属医院", "江南医大附属第1医院"},
		{"江南中医药大学附属医院", "江南中医大附院"}, {"江南大学附属第二医院", "江南大附二院"}, {"江南医学院附属第三医院", "江南医附三院"},
		{"江南医科大学附属口腔医院", "江南医大口腔医院"},
		{"青河县中西医结合医院", "青河县中西医医院"}, {"青河县人民医院", "青河县人医", "青河县人民医院本部"},
		{"第五〇八医院", "第508医院", "五零八医院"},
		{"康宁医药有限公司", "康宁医药有限责任公司", "康宁医药股份有限公司"},
		{"长泰县医院", "长泰区医院"}, {"会理县中医院", "会理市中医院"}, {"祁阳县人民医院", "祁阳市人民医院"}, {"横县人民医院", "横州市人民医院"},
		{"恩施州中心医院", "恩施土家族苗族自治州中心医院"},
	} {
		for _, s := range same[1:] {
			require.Equal(t, key(same[0]), key(s), s)
		}
	}
	for _, pair := range [][2]string{
		{"广州市第一人民医院", "广州市第二人民医院"}, {"青河县中医院", "青河县人民医院"}, {"康宁医药有限公司", "康宁医药有限公司广州分公司"},
		{"青河县人民医院", "青河县人民医院东院区"}, {"滨海友谊医院", "友谊县人民医院"}, {"青河平安医院", "平安区人民医院"},
	} {
		require.NotEqual(t, key(pair[0]), key(pair[1]), "%v", pair)
	}
	code := func(s string) string { return normalize.ParseOrg(s, nil).DivisionCode }
	require.NotEqual(t, code("承德市中医院"), code("承德县中医院"), "level words must agree")
	require.NotEqual(t, code("大理州人民医院"), code("大理市人民医院"))
}

func TestLacksDivisionIsACaseForAPerson(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"市一院", "人民医院", "省人民医院", "协和医院", "中医院"} {
		require.True(t, normalize.ParseOrg(s, nil).LacksDivision(), s)
	}
	for _, s := range []string{"青河县中医院", "中山大学附属第一医院", "康宁医药有限公司", "康宁大药房人民路店"} {
		require.False(t, normalize.ParseOrg(s, nil).LacksDivision(), s)
	}
	require.False(t, normalize.ParseOrg("市一院", division(t, "440106")).LacksDivision())
}

func TestKindsConflict(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"中医医院", "人民医院"}, {"医院", "卫生院"}, {"大药房", "医药"}, {"医药集团", "医药"}} {
		require.True(t, normalize.KindsConflict(pair[0], pair[1]), "%v", pair)
		require.True(t, normalize.KindsConflict(pair[1], pair[0]), "%v", pair)
	}
	for _, pair := range [][2]string{{"医院", "人民医院"}, {"药房", "大药房"}, {"药房连锁", "大药房连锁"}, {"", "人民医院"}, {"人民医院", "人民医院"}} {
		require.False(t, normalize.KindsConflict(pair[0], pair[1]), "%v", pair)
	}
	require.Equal(t, normalize.Hospitals, normalize.KindFamilyOf("中医医院"))
}

func orgLaws(t failer, s string, own *normalize.Division) {
	for _, o := range normalize.ParseOrg(s, own).Names() {
		again := normalize.ParseOrg(o.Full, own)
		require.Equal(t, o.Full, again.Full, "ParseOrg is idempotent on %q", s)
		require.Equal(t, o, o.Names()[0])
	}
}

func TestOrgLaws(t *testing.T) {
	t.Parallel()
	own := division(t, "440106")
	rapid.Check(t, func(t *rapid.T) {
		d := own
		if rapid.Bool().Draw(t, "alone") {
			d = nil
		}
		orgLaws(t, mixed().Draw(t, "name"), d)
	})
}

func FuzzOrgName(f *testing.F) {
	for _, s := range []string{"青河县中医院（东院区）", "A〓B（原:C）", "广州市第一人民医院/市一院", "康宁大药房连锁有限公司第23门店", "(()", "市一院", "解放军518医院", "西安交大一附院", "中医院中医院"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { orgLaws(t, s, nil) })
}

// FuzzOrgNameInPlace is of names whose record says where it lies.
func FuzzOrgNameInPlace(f *testing.F) {
	for _, s := range []string{"天河区中医院", "广州市第一人民医院", "人民医院", "市一院", "天河天河医院", "广东省天河区"} {
		f.Add(s, "440106")
	}
	f.Fuzz(func(t *testing.T, s, code string) {
		own, found := normalize.StandardDivisions().ByCode(code)
		if !found {
			own = *division(t, "440106")
		}
		orgLaws(t, s, &own)
	})
}

func BenchmarkText(b *testing.B) {
	for _, s := range []string{"广州市第一人民医院", "廣東省（廣州）醫藥有限公司　ＡＢＣ"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				normalize.Text(s)
			}
		})
	}
}

func BenchmarkParseOrg(b *testing.B) {
	for _, s := range []string{"广东省广州市第一人民医院", "首都医科大学附属北京友谊医院", "广东康宁大药房连锁有限公司第二十三门店", "青河县人民医院（东院区）"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				normalize.ParseOrg(s, nil)
			}
		})
	}
}
