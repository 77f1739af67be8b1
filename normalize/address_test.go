package normalize_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/normalize"
)

func TestParseAddress(t *testing.T) {
	t.Parallel()
	type A = normalize.Address
	for _, c := range []struct {
		in, division, code string
		want               A
	}{
		{in: "广东省广州市天河区体育西路１２号３栋2单元501室", code: "440106", want: A{Road: "体育西路", Number: "12", Building: "3", Unit: "2", Room: "501"}},
		{in: "广东广州天河区体育西路12", code: "440106", want: A{Road: "体育西路", Number: "12"}},
		{in: "上海市上海市浦东新区张江镇张衡路012弄3号A座5层", code: "310115", want: A{Town: "张江镇", Road: "张衡路", Lane: "12", Number: "3", Building: "A", Floor: "5"}},
		{in: "北京市市辖区海淀区中关村大街十二号", code: "110108", want: A{Road: "中关村大街", Number: "12"}},
		{in: "510000广东省广州市越秀区东风街道办事处中山六路33号之一", code: "440104", want: A{Postcode: "510000", Town: "东风街道", Road: "中山六路", Number: "33-1"}},
		{in: "青河县阿热勒镇中心村", code: "654325", want: A{Town: "阿热勒镇", Village: "中心村"}},
		{in: "中山路12号", want: A{Road: "中山路", Number: "12"}},
		{in: "鼓楼区中山路12号", want: A{Road: "中山路", Number: "12"}},
		{in: "鼓楼区中山路12号", division: "320100", code: "320106", want: A{Road: "中山路", Number: "12"}},
		{in: "中山路12号", division: "320106", code: "320106", want: A{Given: true, Road: "中山路", Number: "12"}},
		{in: "四川省成都市武侯区人民南路四段11号锦绣大厦", code: "510107", want: A{Road: "人民南路四段", Number: "11", Rest: "锦绣大厦"}},
		{in: "成都市武侯区科华路2号(邮编:610041)", code: "510107", want: A{Postcode: "610041", Road: "科华路", Number: "2"}},
		{in: "8号楼201房", want: A{Building: "8", Room: "201"}},
		{in: "", want: A{}},
		{in: "不详", want: A{}},
	} {
		got := normalize.ParseAddress(c.in, c.division)
		require.Equal(t, c.code, got.Place.Code, c.in)
		got.Full, got.Place = "", normalize.Place{}
		require.Equal(t, c.want, got, c.in)
	}
}

func TestAddressCanonical(t *testing.T) {
	t.Parallel()
	require.Equal(t, canonical.Address{Division: "440106", Province: "广东省", City: "广州市", County: "天河区", Text: "体育西路12号", Postcode: "510000"},
		normalize.ParseAddress("510000广东省广州市天河区体育西路12号", "").Canonical())
	require.Equal(t, canonical.Address{Division: "110105", Province: "北京市", County: "朝阳区", Text: "建国路1号"},
		normalize.ParseAddress("建国路1号", "110105").Canonical())
}

func addressLaws(t failer, s, division string) {
	a := normalize.ParseAddress(s, division)
	require.Equal(t, a, normalize.ParseAddress(a.Full, division), "ParseAddress is idempotent on %q", s)
}

func TestAddressLaws(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"广东省", "广州市", "天河区", "鼓楼区", "中国", "街道", "镇", "村", "路", "大街", "12", "号", "弄", "栋", "A座", "单元", "十", "之", "5室", "邮编", "510000", "-", "北京", "市辖区", "王"})
	rapid.Check(t, func(t *rapid.T) {
		s := ""
		for _, p := range rapid.SliceOfN(rapid.OneOf(piece, mixed()), 0, 10).Draw(t, "pieces") {
			s += p
		}
		addressLaws(t, s, rapid.SampledFrom([]string{"", "440106", "320100", "x"}).Draw(t, "division"))
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"广东省广州市天河区体育西路12号3栋2单元501室", "510000路1-2-3号之", "邮编:610041", "北京市北京市市辖区", "A座B", "十百号"} {
		f.Add(s, "440106")
	}
	f.Fuzz(func(t *testing.T, s, division string) { addressLaws(t, s, division) })
}
