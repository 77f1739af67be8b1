package normalize_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/normalize"
)

// Not parallel: it counts allocations.
// Nothing a file can hold may make the parsers explode: work and results stay in proportion to the text.
func TestHostileTextStaysCheap(t *testing.T) {
	for _, piece := range []string{"(", ")", "(原康宁医院", "康宁医院/", "康宁医院", "北京市", "北京市市辖区", "一", "第一", "公司分公司", "13800001111", "1-", "12号", "中医", "附属", "A.", ", "} {
		s := strings.Repeat(piece, canonical.MaxText/len(piece))
		allocs := testing.AllocsPerRun(1, func() {
			normalize.ParseOrg(s, nil)
			normalize.Phones(s, "0571")
			normalize.ParseAddress(s, "440106")
			normalize.PersonName(s)
			normalize.Header(s)
			normalize.Unit(s)
			normalize.Lot(s)
			_, _ = normalize.Date(s)
			_, _ = normalize.Quantity(s)
			normalize.USCC(s)
		})
		require.Less(t, allocs, 60_000.0, "%q repeated", piece)
	}
}

func leadLaws(t failer, s, inside string) {
	d := normalize.StandardDivisions()
	for _, bare := range []bool{false, true} {
		p := d.Lead(s, inside, bare)
		require.True(t, strings.HasPrefix(s, p.Text))
		require.Equal(t, p.Text == "", p.Code == "" && p.Others == 0, "a place is named, or several are, or none on %q", s)
		require.False(t, p.Bare && !bare)
		if p.Code == "" {
			continue
		}
		require.Equal(t, p, d.Lead(p.Text, inside, bare), "what was read of %q reads as itself", s)
		for _, u := range p.Units[1:] {
			require.Greater(t, u.Level, p.Units[0].Level)
		}
	}
}

func TestLeadLaws(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"北京", "北京市", "市辖区", "朝阳", "朝阳区", "广东省", "广州", "天河区", "鼓楼", "区", "市", "县", "路", "恩施州", "沙县", "襄樊市", "吉林", "海南"})
	rapid.Check(t, func(t *rapid.T) {
		leadLaws(t, strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), ""), rapid.SampledFrom([]string{"", "110105", "440000", "x"}).Draw(t, "inside"))
	})
}

func FuzzLead(f *testing.F) {
	for _, s := range []string{"广东省广州市天河区", "北京市市辖区", "鼓楼区", "中山路", "\xff市"} {
		f.Add(s, "440106")
	}
	f.Fuzz(func(t *testing.T, s, inside string) { leadLaws(t, s, inside) })
}

func FuzzLoadDivisions(f *testing.F) {
	f.Add("110000\t北京市\t010\n", "110201\t昌平县\t\t1981\t110000\n")
	f.Add("# x\n\n", "")
	f.Add("110000\t\xff\t\n130000\t市\t", "999999\t族自治县\t9\t\t")
	f.Fuzz(func(t *testing.T, current, history string) {
		d, err := normalize.LoadDivisions(strings.NewReader(current), strings.NewReader(history))
		if err != nil {
			return
		}
		for line := range strings.Lines(current) {
			if code, _, ok := strings.Cut(line, "\t"); ok && line[0] != '#' {
				u, found := d.ByCode(code)
				require.True(t, found)
				require.Equal(t, code, u.Code)
				d.Lead(u.Name, code, true)
			}
		}
	})
}
