package normalize_test

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/normalize"
)

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":               "",
		" 广州 市 第一 人民医院 ": "广州市第一人民医院",
		"ＡＢＣ　医药（广东）":     "ABC医药(广东)",
		"①Ⅱ":             "1II",
		"羅湖醫藥":           "罗湖医药",
		"臺灣":             "台湾",
		"张·三•李‧四・王":      "张·三·李·四·王",
		"A—B－C‐D–E":      "A-B-C-D-E",
		"甲〓乙／丙；丁、戊":      "甲/乙/丙;丁、戊",
		"【注】〔二〕":         "(注)(二)",
		"smith   john":   "SMITH JOHN",
		"0.25g × 24 粒":   "0.25G × 24粒",
		"二〇〇八":           "二零零八",
		"\ufeff零\u200b宽": "零宽",
		"喆堃":             "喆堃",
		"\u2f00":         "一", // Kangxi radical
		"\xff":           "\ufffd",
		"ß":              "ß",
		"无":              "",
		"不详":             "",
		"null":           "",
		"-":              "",
		"——":             "",
		"0000":           "",
		"00000000":       "",
		"测试":             "",
		"#n/a":           "",
		"0":              "0",
		"无锡市":            "无锡市",
		"10":             "10",
	} {
		require.Equal(t, want, normalize.Text(in), "%q", in)
	}
	require.Equal(t, "0000", normalize.Fold("００００"), "Fold keeps placeholders")
}

func TestNumerals(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"第五〇八医院": "第508医院", "第五0八医院": "第508医院", "第五零八医院": "第508医院", "第508医院": "第508医院", "第五○八医院": "第508医院",
		"第五Ｏ八医院": "第508医院", "五一八医院": "518医院", "第十二人民医院": "第12人民医院", "第二十医院": "第20医院", "第一百零三医院": "第103医院",
		"市一院": "市1院", "三院": "3院", "第一人民医院": "第1人民医院", "三亚市人民医院": "三亚市人民医院", "一汽总医院": "一汽总医院",
		"第三百货": "第3百货", "统一医院": "统一医院", "四川": "四川", "十堰市": "十堰市", "九江": "九江", "交大一附院": "交大1附院",
		"十百": "十百", "二十三": "23", "十二局": "12局", "五街坊": "5街坊", "": "",
	} {
		require.Equal(t, want, normalize.Numerals(normalize.Text(in)), in)
	}
}

func TestVariantsIsALooserLevel(t *testing.T) {
	t.Parallel()
	require.Equal(t, "王峰", normalize.Variants(normalize.Text("王峯")))
	require.Equal(t, "王峯", normalize.Text("王峯"), "the exact level keeps the character")
	require.Equal(t, "张三", normalize.Variants("张三"))
}

func TestRareGlyphIsFlaggedAndKept(t *testing.T) {
	t.Parallel()
	s := normalize.Text("王\ue863")
	require.Equal(t, "王\ue863", s)
	require.True(t, normalize.HasRareGlyph(s))
	require.False(t, normalize.HasRareGlyph("王喆"))
}

// mixed generates the kinds of text met in customer files, and any other.
func mixed() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			"广州市", "青河县", "北京", "第一", "第五〇八", "人民医院", "中医院", "医药有限公司", "大药房", "（东院区）", "(原:", ")", "〓", "／", "、",
			"附属", "大学", "解放军", "分公司", "门诊部", " ", "　", "十二", "百", "Ｏ", "無", "醫院", "ABC", "·", "—", "0", "1", "12号",
		}),
		rapid.StringN(0, 3, -1),
		rapid.StringOfN(rapid.RuneFrom(nil, unicode.Han), 0, 4, -1),
	)
	return rapid.Custom(func(t *rapid.T) string {
		s := ""
		for _, p := range rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces") {
			s += p
		}
		return s
	})
}

func TestTextLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { textLaws(t, mixed().Draw(t, "text")) })
}

type failer interface {
	Errorf(string, ...any)
	FailNow()
}

func textLaws(t failer, s string) {
	once := normalize.Text(s)
	require.True(t, utf8.ValidString(once))
	require.Equal(t, once, normalize.Text(once), "Text is idempotent on %q", s)
	fold := normalize.Fold(s)
	require.Equal(t, fold, normalize.Fold(fold), "Fold is idempotent on %q", s)
	num := normalize.Numerals(once)
	require.Equal(t, num, normalize.Numerals(num), "Numerals is idempotent on %q", once)
	loose := normalize.Variants(once)
	require.Equal(t, loose, normalize.Variants(loose), "Variants is idempotent on %q", once)
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"", "広州市 第一醫院", "ﬁ ǆ ŉ ᾳ ΐ", "A - B", "( a )", "\u0345\u1e9e", "第五〇八", "\xff", "․‥", "㈱", "①②"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { textLaws(t, s) })
}
