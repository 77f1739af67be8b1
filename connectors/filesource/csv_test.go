package filesource_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"tributary/connectors/filesource"
)

const salesText = "销售日期,单据号,客户名称,批号,数量\n2025-03-01,XS001,青河市第一人民医院,0250301,20\n2025-03-02,XS002,\"南山\"\"大\"\"药房\n二店\",250302,-5\n"

func TestEncodingsGiveTheSameRows(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		bytes []byte
		want  string
	}{
		"utf-8":           {[]byte(salesText), "utf-8"},
		"utf-8 with BOM":  {[]byte("\ufeff" + salesText), "utf-8"},
		"CRLF":            {[]byte(strings.ReplaceAll(salesText, "\n", "\r\n")), "utf-8"},
		"gbk":             {gbk(t, salesText), "gb18030"},
		"utf-16le":        {utf16(t, salesText, unicode.LittleEndian, unicode.UseBOM), "utf-16le"},
		"utf-16be":        {utf16(t, salesText, unicode.BigEndian, unicode.UseBOM), "utf-16be"},
		"utf-16le no BOM": {utf16(t, salesText, unicode.LittleEndian, unicode.IgnoreBOM), "utf-16le"},
		"utf-16be no BOM": {utf16(t, salesText, unicode.BigEndian, unicode.IgnoreBOM), "utf-16be"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, rows := readAll(t, "s.csv", tc.bytes, filesource.Options{Known: known})
			require.Equal(t, tc.want, table.Facts().Encoding)
			require.Equal(t, []string{"销售日期", "单据号", "客户名称", "批号", "数量"}, table.Headers())
			require.Len(t, rows, 2)
			require.Equal(t, []string{"2025-03-01", "XS001", "青河市第一人民医院", "0250301", "20"}, rows[0].Cells)
			shop := strings.ReplaceAll(rows[1].Cells[2], "\r\n", "\n")
			require.Equal(t, "南山\"大\"药房\n二店", shop)
			require.Equal(t, []int{2, 3}, []int{rows[0].Number, rows[1].Number})
		})
	}
}

func TestRawIsTheOriginalBytes(t *testing.T) {
	t.Parallel()
	line := "2025-03-01,XS001,青河市第一人民医院,0250301,20"
	_, rows := readAll(t, "s.csv", gbk(t, salesText), filesource.Options{Known: known})
	require.Equal(t, string(gbk(t, line)), rows[0].Raw)
	_, rows = readAll(t, "s.csv", utf16(t, salesText, unicode.LittleEndian, unicode.UseBOM), filesource.Options{Known: known})
	require.Equal(t, string(utf16(t, line, unicode.LittleEndian, unicode.IgnoreBOM)), rows[0].Raw)
}

func TestASCIIHeadThenChinese(t *testing.T) {
	t.Parallel()
	head := "date,customer,quantity\n" + strings.Repeat("2025-03-01,plain ascii customer,1\n", 4000)
	_, rows := readAll(t, "s.csv", append([]byte(head), gbk(t, "2025-03-02,青河医院,2\n")...), filesource.Options{Known: known})
	require.Equal(t, "青河医院", rows[4000].Cells[1])
	_, rows = readAll(t, "s.csv", []byte(head+"2025-03-02,青河医院,2\n"), filesource.Options{Known: known})
	require.Equal(t, "青河医院", rows[4000].Cells[1])
}

func TestTraditionalAndForcedEncoding(t *testing.T) {
	t.Parallel()
	text := "銷售日期,客戶名稱,數量\n" + strings.Repeat("2025-03-01,香港養和醫院藥劑部門診樓,12\n2025-03-01,瑪麗醫院兒童病房藥房,7\n", 30)
	big5, err := traditionalchinese.Big5.NewEncoder().Bytes([]byte(text))
	require.NoError(t, err)
	table, rows := readAll(t, "s.csv", big5, filesource.Options{})
	require.Equal(t, "big5", table.Facts().Encoding)
	require.Equal(t, "香港養和醫院藥劑部門診樓", rows[0].Cells[1])
	_, rows = readAll(t, "s.csv", big5, filesource.Options{Encoding: "BIG5"})
	require.Equal(t, "瑪麗醫院兒童病房藥房", rows[1].Cells[1])
	_, err = open(t, "s.csv", big5, filesource.Options{Encoding: "ebcdic"})
	require.ErrorContains(t, err, "ebcdic")
}

func TestDelimiters(t *testing.T) {
	t.Parallel()
	for _, d := range []string{",", "\t", ";", "|"} {
		for _, enc := range []string{"utf-8", "gbk"} {
			t.Run(fmt.Sprintf("%q %s", d, enc), func(t *testing.T) {
				t.Parallel()
				text := strings.ReplaceAll("月报\n销售日期,客户名称,数量\n2025-03-01,\"晋、冀; 鲁| 豫\t区\",1\n", ",", d)
				b := []byte(text)
				if enc == "gbk" {
					b = gbk(t, text)
				}
				table, rows := readAll(t, "s.txt", b, filesource.Options{Known: known})
				require.Equal(t, d, string(table.Facts().Delimiter))
				require.Equal(t, []string{"2025-03-01", "晋、冀; 鲁| 豫\t区", "1"}, rows[0].Cells)
			})
		}
	}
	table, rows := readAll(t, "s.csv", []byte("sep=;\n销售日期;客户名称\n2025-03-01;甲,乙\n"), filesource.Options{})
	require.Equal(t, []string{"销售日期", "客户名称"}, table.Headers())
	require.Equal(t, []string{"2025-03-01", "甲,乙"}, rows[0].Cells)
}

func TestRowsThatAreNoData(t *testing.T) {
	t.Parallel()
	text := "百川医药有限公司销售流向,,,\n打印日期：2025-04-01,,,\n\n销售日期,客户名称,规格,数量\n2025-03-01,甲医院,10mg,1\n,,,\n  ,　,,\n" +
		"销售日期,客户名称,规格,数量\n2025-03-02,合计药房,10mg,2\n,小计,,3\n合计：,,,3\n总计（2笔）,,,3\nTotal,,,3\n"
	table, rows := readAll(t, "s.csv", []byte(text), filesource.Options{Known: known})
	require.Equal(t, 4, table.HeaderRow())
	require.Len(t, rows, 2)
	require.Equal(t, 5, rows[0].Number)
	require.Equal(t, 9, rows[1].Number)
	require.Equal(t, "合计药房", rows[1].Cells[1])
	require.Empty(t, table.Warnings())
}

func TestBadRowsDoNotTakeTheirNeighbours(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ bad, rule string }{
		"too many cells":     {"2025-03-01,甲,乙,1,x", "ragged"},
		"too few cells":      {"2025-03-01,甲", "ragged"},
		"mark never closed":  {"2025-03-01,\"甲,乙,1", "quote"},
		"mark in the middle": {"2025-03-01,甲\"乙,丙,1", "quote"},
		"text after a mark":  {"2025-03-01,\"甲\"乙,丙,1", "quote"},
		"broken UTF-8":       {"2025-03-01,\xe7\x94,乙,1", "encoding"},
		"NUL":                {"2025-03-01,甲\x00,乙,1", "nul"},
		"too long":           {"2025-03-01,甲," + strings.Repeat("x", 9<<20) + ",1", "too_long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			good := strings.Repeat("2025-03-02,甲医院,10mg,2\n", 5)
			text := "销售日期,客户名称,规格,数量\n" + good + tc.bad + "\n" + good + "2025-03-02,\"乙\"\"医院\",10mg,2"
			_, rows := readAll(t, "s.csv", []byte(text), filesource.Options{Known: known})
			require.Len(t, rows, 12)
			for i, r := range rows {
				require.Equal(t, i+2, r.Number)
				if i == 5 {
					require.Equal(t, tc.rule, r.Bad)
					require.True(t, strings.HasPrefix(tc.bad, r.Raw) && r.Raw != "", "original bytes: %.80q", r.Raw)
					continue
				}
				require.Empty(t, r.Bad)
			}
			require.Equal(t, "乙\"医院", rows[11].Cells[1])
		})
	}
}

func TestWideAndLongFields(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 350_000)
	header, row := []string{"客户名称"}, []string{long}
	for i := range 500 {
		header, row = append(header, fmt.Sprintf("c%d", i)), append(row, "v")
	}
	_, rows := readAll(t, "s.csv", []byte(strings.Join(header, ",")+"\n"+strings.Join(row, ",")), filesource.Options{})
	require.Equal(t, row, rows[0].Cells)
}

func TestSpreadsheetHabitsInCSV(t *testing.T) {
	t.Parallel()
	_, rows := readAll(t, "s.csv", []byte("批号,数量,客户名称\n=\"0250301\",1,𠮷野\n\"=\"\"0250302\"\"\",\"1,234.50\",b\n"), filesource.Options{Known: known})
	require.Equal(t, []string{"0250301", "1", "𠮷野"}, rows[0].Cells)
	require.Equal(t, []string{"0250302", "1,234.50", "b"}, rows[1].Cells)
	_, rows = readAll(t, "mac.csv", []byte("批号,数量\r1,2\r3,4"), filesource.Options{Known: known})
	require.Equal(t, []string{"3", "4"}, rows[1].Cells)
}

func TestHeaderOptionsAndFallback(t *testing.T) {
	t.Parallel()
	text := []byte("报表\na,b,c\n1,2,3\n")
	table, rows := readAll(t, "s.csv", text, filesource.Options{Known: known})
	require.Equal(t, []string{"a", "b", "c"}, table.Headers())
	require.Len(t, rows, 1)
	table, rows = readAll(t, "s.csv", text, filesource.Options{HeaderRow: 3})
	require.Equal(t, []string{"1", "2", "3"}, table.Headers())
	require.Empty(t, rows)
	require.Len(t, table.Warnings(), 1)
	require.Contains(t, table.Warnings()[0].Text("zh"), "没有数据行")
	done, total := table.Progress()
	require.Equal(t, int64(len(text)), total)
	require.Equal(t, total, done)
}

func TestFieldsLeavesOutBlanks(t *testing.T) {
	t.Parallel()
	table, err := open(t, "s.csv", []byte("批号,,数量,数量\n,x,1,2\n"), filesource.Options{Known: known})
	require.NoError(t, err)
	r, err := table.Next()
	require.NoError(t, err)
	require.Equal(t, map[string]any{"数量": "1"}, table.Fields(r))
}
