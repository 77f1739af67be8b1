package normalize_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/normalize"
)

func TestStandardDivisionsIsLoaded(t *testing.T) {
	t.Parallel()
	d := normalize.StandardDivisions()
	for code, name := range map[string]string{
		"11": "北京市", "440100": "广州市", "350605": "长泰区", "3501": "福州市", "810001": "中西区", "654325": "青河县",
	} {
		u, ok := d.ByCode(code)
		require.True(t, ok, code)
		require.Equal(t, name, u.Name)
		require.True(t, u.Current())
	}
	for _, code := range []string{"", "1", "990000", "44010", "abcdef", "４４", "-10101"} {
		_, ok := d.ByCode(code)
		require.False(t, ok, code)
	}
}

func TestRetiredCodesStayKnown(t *testing.T) {
	t.Parallel()
	d := normalize.StandardDivisions()
	for code, want := range map[string]string{
		"350427": "350405 沙县区", "350625": "350605 长泰区", "513425": "513402 会理市", "431121": "431181 祁阳市",
		"450127": "450181 横州市", "440524": "440513 潮阳区",
	} {
		old, ok := d.ByCode(code)
		require.True(t, ok, code)
		require.False(t, old.Current())
		now, ok := d.Successor(old)
		require.True(t, ok, code)
		require.Equal(t, want, now.Code+" "+now.Name)
	}
	dissolved, ok := d.ByCode("110103")
	require.True(t, ok)
	require.Equal(t, "崇文区", dissolved.Name)
	_, ok = d.Successor(dissolved)
	require.False(t, ok, "崇文区 was merged into 东城区 and lives on under no name of its own")
}

func TestLeadReadsTheDivisionAtTheBeginning(t *testing.T) {
	t.Parallel()
	d := normalize.StandardDivisions()
	for _, c := range []struct {
		text, inside string
		bare         bool
		code, read   string
		others       int
	}{
		{text: "广东省广州市天河区体育西路1号", code: "440106", read: "广东省广州市天河区"},
		{text: "广东广州天河区体育西路", code: "440106", read: "广东广州天河区"},
		{text: "天河区体育西路", code: "440106", read: "天河区"},
		{text: "北京市北京市朝阳区", code: "110105", read: "北京市北京市朝阳区"},
		{text: "北京市市辖区朝阳区建国路", code: "110105", read: "北京市市辖区朝阳区"},
		{text: "新疆青河县中医院", code: "654325", read: "新疆青河县"},
		{text: "青河中医院", code: "", read: ""},
		{text: "青河中医院", bare: true, code: "654325", read: "青河"},
		{text: "恩施州中心医院", code: "422800", read: "恩施州"},
		{text: "内蒙古自治区呼和浩特市", code: "150100", read: "内蒙古自治区呼和浩特市"},
		{text: "长泰县医院", code: "350625", read: "长泰县"},
		{text: "福建省漳州市长泰县武安镇", code: "350625", read: "福建省漳州市长泰县"},
		{text: "福建省三明市沙县", code: "350427", read: "福建省三明市沙县"},
		{text: "鼓楼区中山路", read: "鼓楼区", others: 3},
		{text: "鼓楼区中山路", inside: "320100", code: "320106", read: "鼓楼区"},
		{text: "河北省新华区", read: "河北省新华区", others: 1},
		{text: "中山路12号", bare: true},
		{text: "南京大学医院", bare: true},
		{text: "大理州", code: "532900", read: "大理州"},
		{text: "大理市", code: "532901", read: "大理市"},
		{text: "承德市", code: "130800", read: "承德市"},
		{text: "承德县", code: "130821", read: "承德县"},
		{text: "河南人民医院", bare: true, code: "410000", read: "河南"},
		{text: "海南省三亚市", code: "460200", read: "海南省三亚市"},
		{text: "广州市朝阳区", code: "440100", read: "广州市"},
		{text: "襄樊市中心医院", code: "420600", read: "襄樊市"},
		{text: ""},
		{text: "市"},
		{text: "\xff\xfe"},
	} {
		p := d.Lead(c.text, c.inside, c.bare)
		require.Equal(t, c.code, p.Code, "%s in %q", c.text, c.inside)
		require.Equal(t, c.read, p.Text, c.text)
		require.Equal(t, c.others, p.Others, c.text)
	}
}

func TestAreaCodeComesFromTheNearestUnitThatHasOne(t *testing.T) {
	t.Parallel()
	d := normalize.StandardDivisions()
	for code, want := range map[string]string{
		"110105": "010", "440106": "020", "330106": "0571", "460400": "0898", "420600": "0710", "000000": "", "": "",
	} {
		require.Equal(t, want, d.AreaCode(code), code)
	}
}

func TestLoadDivisionsNamesTheBadLine(t *testing.T) {
	t.Parallel()
	good := "110000\t北京市\t010\n"
	for name, c := range map[string]struct{ current, history, want string }{
		"columns":   {"110000\t北京市\n", "", "line 1"},
		"code":      {"# head\n11000\t北京市\t\n", "", "line 2"},
		"twice":     {good + good, "", "listed twice"},
		"successor": {good, "110201\t昌平县\t\t1981\t110114\n", "110114"},
	} {
		_, err := normalize.LoadDivisions(strings.NewReader(c.current), strings.NewReader(c.history))
		require.ErrorContains(t, err, c.want, name)
	}
}
