package normalize_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/normalize"
)

func TestDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2025-03-01": "2025-03-01", "2025/3/1": "2025-03-01", "20250301": "2025-03-01", "2025年3月1日": "2025-03-01", "2025.03.01": "2025-03-01",
		"2025年03月01号": "2025-03-01", "２０２５－０３－０１": "2025-03-01", " 2025-3-1 ": "2025-03-01", "2025-03-01 10:30:00": "2025-03-01",
		"2025-03-01T10:30:00.000Z": "2025-03-01", "2025-03-01T23:30:00+08:00": "2025-03-01", "2025/3/1 上午10:30": "2025-03-01",
		"2025年3月1日 10时30分": "2025-03-01", "20250301103000": "2025-03-01", "20250301 1030": "2025-03-01", "20250301.0": "2025-03-01",
		"45717": "2025-03-01", "45717.0": "2025-03-01", "45717.4375": "2025-03-01", "20000": "1954-10-03", "80000": "2119-01-11", "36526": "2000-01-01",
		"2024-02-29": "2024-02-29", "": "", "无": "", "-": "", "0": "", "0000-00-00": "",
	} {
		d, err := normalize.Date(in)
		require.NoError(t, err, in)
		require.Equal(t, want, d.String(), in)
	}
	for in, why := range map[string]string{
		"2025-02-30": "does not exist", "20251301": "does not exist", "2023-02-29": "does not exist", "2025/3-1": "not a date", "03/04/2025": "not a date",
		"abc": "not a date", "2025-03": "not a date", "12": "not a date", "19999": "not a date", "90000": "not a date", "1025-03-01": "out of range",
		"2025-03-01abc": "no time of day", "2025年3-1": "not a date", "2025-03-011": "not a date", "20250301999999": "no time of day",
		strings.Repeat("9", 5000): "…",
	} {
		_, err := normalize.Date(in)
		require.ErrorContains(t, err, why, in)
	}
}

func TestDateReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := canonical.Date(rapid.IntRange(693_596, 803_000).Draw(t, "day"))
		y, m, d := want.Time().Date()
		for _, form := range []string{"%04d-%02d-%02d", "%d/%d/%d", "%04d%02d%02d", "%d年%d月%d日", "%d.%d.%d 8:05"} {
			got, err := normalize.Date(fmt.Sprintf(form, y, int(m), d))
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2025-03-01", "20250301103000", "2025年3月1日 10时", "45717.5", "２０２５/3/1T", "2025-1-1+", "0000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := normalize.Date(s)
		if err != nil {
			require.Equal(t, canonical.NoDate, d)
			return
		}
		again, err := normalize.Date(d.String())
		require.NoError(t, err)
		require.Equal(t, d, again)
	})
}

func TestQuantity(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"20": "20", "０２０": "20", "1,200.50": "1200.5", "1，200": "1200", "－２０": "-20", "−20": "-20", "20-": "-20", "+20": "20", "(20)": "-20", "（1,200.5）": "-1200.5",
		"1e3": "1000", "1.25E+2": "125", "5E-1": "0.5", "125E-5": "0.00125", "0": "0", "0.00": "0", "000": "0", "-0": "0", ".5": "0.5", "5.": "5", "¥12.30": "12.3",
		" 1 200 ": "1200", "9223372036854.775807": "9223372036854.775807", "-9223372036854.775808": "-9223372036854.775808", "1,234,567": "1234567",
		"0.10000000": "0.1",
	} {
		q, err := normalize.Quantity(in)
		require.NoError(t, err, in)
		require.Equal(t, want, q.String(), in)
	}
	for in, why := range map[string]string{
		"20盒": "belongs in the column of the unit", "abc": "does not begin", "1,20": "three digits apart", "12,00.5": "three digits apart", ",200": "three digits apart",
		"1234,567": "three digits apart", "(20": "bracket", "(-20)": "both", "1e": "follows", "1e99": "exponent", "1e30": "out of range", "9223372036854.775808": "out of range",
		"1.2.3": "", "0.0000001": "six decimals", "--1": "", "1-2": "", "E5": "", "1e+-3": "",
	} {
		_, err := normalize.Quantity(in)
		require.Error(t, err, in)
		require.ErrorContains(t, err, why, in)
	}
	for _, in := range []string{"", " ", "-", "/", "无", "null", "N/A"} {
		_, err := normalize.Quantity(in)
		require.ErrorIs(t, err, normalize.ErrNoQuantity, in)
	}
	_, err := normalize.Quantity("99999999999999")
	require.True(t, errors.Is(err, canonical.ErrOverflow))
}

func TestQuantityReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := canonical.Quantity(rapid.Int64().Draw(t, "q"))
		got, err := normalize.Quantity(q.String())
		require.NoError(t, err)
		require.Equal(t, q, got)
	})
}

func FuzzQuantity(f *testing.F) {
	for _, s := range []string{"1,200.50", "(20)", "1e3", "－２０", "12-", "1E-30", "0.0000001", "'1'2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := normalize.Quantity(s)
		if err != nil {
			require.Zero(t, q)
			return
		}
		again, err := normalize.Quantity(q.String())
		require.NoError(t, err)
		require.Equal(t, q, again)
	})
}

func TestLot(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"250301", "250301", ""}, {" ａ２５０３０１ ", "A250301", ""}, {"0250301", "0250301", ""}, {"2e5", "2E5", ""}, {"2.5E+05", "2.5E+05", normalize.LotExponent},
		{"2E+05", "2E+05", normalize.LotExponent}, {"2.50301e5", "2.50301E5", normalize.LotExponent}, {"250301.0", "250301", normalize.LotDecimal},
		{"250301.00", "250301", normalize.LotDecimal}, {"25.0301", "25.0301", ""}, {"A.0", "A.0", ""}, {"250301—1", "250301-1", ""},
		{"无", "", ""}, {"/", "", ""}, {"-", "", ""}, {"0", "", ""}, {"空", "", ""}, {"0.0", "", ""}, {"", "", ""}, {"无批号", "", ""},
	} {
		lot, suspect := normalize.Lot(c[0])
		require.Equal(t, c[1], lot, c[0])
		require.Equal(t, c[2], suspect, c[0])
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"数量（盒）": "数量", " * 销售 日期 ": "销售日期", "金额(元)": "金额", "日期（必填）": "日期", "有效期(yyyy-MM-dd)": "有效期", "數量": "数量", "客户名称：": "客户名称",
		"Customer Name": "CUSTOMERNAME", "客户(收货单位)": "客户(收货单位)", "数量(件/盒)": "数量", "(盒)": "(盒)", "数量()": "数量", "": "", "*": "", "单价[元]": "单价",
		"金额(含税)(元)": "金额(含税)", "金额(含税)": "金额(含税)",
	} {
		require.Equal(t, want, normalize.Header(in), in)
	}
}

func TestUnit(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]normalize.UnitClass{
		"盒": normalize.BaseUnit, "瓶": normalize.BaseUnit, "支": normalize.BaseUnit, "（盒）": normalize.BaseUnit, "1盒": normalize.BaseUnit, "box": normalize.BaseUnit,
		"中包": normalize.InnerUnit, "中盒": normalize.InnerUnit, "件": normalize.CaseUnit, "箱": normalize.CaseUnit, "大件": normalize.CaseUnit, "": "", "公斤": "", "无": "",
	} {
		_, class := normalize.Unit(in)
		require.Equal(t, want, class, in)
	}
	word, _ := normalize.Unit("合")
	require.Equal(t, "盒", word)
	word, _ = normalize.Unit("公斤")
	require.Equal(t, "公斤", word, "an unknown word is handed back")
}

func valueLaws(t failer, s string) {
	lot, suspect := normalize.Lot(s)
	again, damage := normalize.Lot(lot)
	require.Equal(t, lot, again, "Lot is idempotent on %q", s)
	require.True(t, damage == "" || damage == suspect, "Lot sees no new damage on %q", s)
	h := normalize.Header(s)
	require.Equal(t, h, normalize.Header(h), "Header is idempotent on %q", s)
	word, class := normalize.Unit(s)
	word2, class2 := normalize.Unit(word)
	require.Equal(t, word, word2, "Unit is idempotent on %q", s)
	require.Equal(t, class, class2, "Unit is idempotent on %q", s)
}

func TestValueLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		valueLaws(t, rapid.OneOf(mixed(), rapid.StringMatching(`[0-9A-E.+*() 盒件/:1-]{0,12}`)).Draw(t, "value"))
	})
}

func FuzzValues(f *testing.F) {
	for _, s := range []string{"2.5E+05", "250301.0", "数量（盒）", "*日期(必填):", "(1盒)", "((盒))", "1/1 1", "合"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { valueLaws(t, s) })
}
