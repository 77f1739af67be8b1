package filesource_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

func columns(t testing.TB, texts ...string) (out []filesource.Column) {
	t.Helper()
	for _, text := range texts {
		c, ok := filesource.ParseColumn(text)
		require.True(t, ok, text)
		out = append(out, c)
	}
	return out
}

func TestFixedWidth(t *testing.T) {
	t.Parallel()
	lines := "流向月报\n" +
		"20250331市立医院      0250301      12.50备注\n" +
		"20250401中心卫生院    250302      -3\n" +
		"\n" +
		"合计                              9.50\n" +
		"2025040市立医院院     250303      1\n"
	o := filesource.Options{Columns: columns(t, "销售日期:1-8", "客户名称:9-22", "批号:23-30", "数量:31-40"), HeaderRow: 1}
	for name, content := range map[string][]byte{"GBK": gbk(t, lines), "UTF-8": []byte(lines), "UTF-8 of Windows": []byte("\ufeff" + strings.ReplaceAll(lines, "\n", "\r\n"))} {
		table, rows := readAll(t, name+".txt", content, o)
		require.Equal(t, filesource.Fixed, table.Facts().Format)
		require.Equal(t, []string{"销售日期", "客户名称", "批号", "数量"}, table.Headers())
		require.Len(t, rows, 3, name)
		require.Equal(t, []string{"20250331", "市立医院", "0250301", "12.50"}, rows[0].Cells, name)
		require.Equal(t, []string{"20250401", "中心卫生院", "250302", "-3"}, rows[1].Cells, "a short line is padded")
		require.Equal(t, 3, rows[1].Number)
		require.Equal(t, "places", rows[2].Bad, "a border inside a character")
	}
	for _, text := range []string{"", "a", "a:", "a:1", "a:0-3", "a:4-3", ":1-2", "a:x-3", "a:1-99999999999"} {
		_, ok := filesource.ParseColumn(text)
		require.False(t, ok, text)
	}
}

const reportXML = `<?xml version="1.0" encoding="%s"?>
<!-- made by the ERP -->
<报表><head><count>2</count></head><行集>
  <行 单据号="D1"><销售日期>2025-03-31</销售日期><客户><名称>市立 &amp; 医院</名称><编码>0012</编码></客户><数量>12.50</数量><note><![CDATA[a<b]]></note></行>
  <行><销售日期>2025-04-01</销售日期>
    <数量>-3</数量><批号>0250301</批号></行>
  <行/>
</行集></报表>`

func TestXML(t *testing.T) {
	t.Parallel()
	o := filesource.Options{RowPath: "/报表/行集/行"}
	for name, content := range map[string][]byte{
		"utf-8": []byte(fmt.Sprintf(reportXML, "utf-8")), "gb2312": gbk(t, fmt.Sprintf(reportXML, "gb2312")), "without prolog": []byte(strings.SplitN(fmt.Sprintf(reportXML, ""), "\n", 2)[1]),
	} {
		table, rows := readAll(t, "report.xml", content, o)
		require.Equal(t, []string{"单据号", "销售日期", "客户/名称", "客户/编码", "数量", "note", "批号"}, table.Headers(), name)
		require.Equal(t, filesource.XML, table.Facts().Format)
		require.Len(t, rows, 2)
		require.Equal(t, []string{"D1", "2025-03-31", "市立 & 医院", "0012", "12.50", "a<b", ""}, rows[0].Cells, name)
		require.Equal(t, []string{"", "2025-04-01", "", "", "-3", "", "0250301"}, rows[1].Cells)
	}
}

func TestXMLThatIsRefused(t *testing.T) {
	t.Parallel()
	o := filesource.Options{RowPath: "/r/row"}
	secret := write(t, "secret", []byte("top secret"))
	for name, tc := range map[string]struct{ content, code string }{
		"external entity": {`<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://` + secret + `">]><r><row><a>&x;</a></row></r>`, "files.xml_doctype"},
		"billion laughs":  {`<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><r><row><a>&b;</a></row></r>`, "files.xml_doctype"},
		"unknown entity":  {`<r><row><a>&x;</a></row></r>`, "files.xml_broken"},
		"too deep":        {"<r><row>" + strings.Repeat("<a>", 5000) + strings.Repeat("</a>", 5000) + "</row></r>", "files.xml_deep"},
		"cut off":         {`<r><row><a>1</a></row><row><a>2`, "files.xml_broken"},
		"crossed":         {`<r><row><a>1</b></row></r>`, "files.xml_broken"},
		"no rows":         {`<r><line><a>1</a></line></r>`, "files.xml_no_rows"},
		"huge piece":      {"<r><row><a>" + strings.Repeat("x", 9<<20) + "</a></row></r>", "files.xml_huge"},
		"other encoding":  {`<?xml version="1.0" encoding="ebcdic"?><r><row><a>1</a></row></r>`, "files.xml_broken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, "a.xml", []byte(tc.content), o)
			require.Equal(t, tc.code, errs.CodeOf(err), "%v", err)
			require.NotContains(t, errs.Render(err, "zh"), "{")
			require.NotContains(t, err.Error(), "top secret")
		})
	}
	_, err := open(t, "a.xml", []byte(`<r><row><a>1</a></row></r>`), filesource.Options{RowPath: "row"})
	require.Equal(t, "files.xml_path", errs.CodeOf(err))
	_, err = open(t, "a.xml", []byte(`<?xml version="1.0"?><r><row><a>1</a></row></r>`), filesource.Options{})
	require.Equal(t, "files.not_table", errs.CodeOf(err), "without a path XML is no table")
	_, rows := readAll(t, "a.xml", []byte("<r><row>"+strings.Repeat("<a>"+strings.Repeat("x", 1<<20)+"</a>", 10)+"</row><row><a>1</a></row></r>"), o)
	require.Equal(t, "too_long", rows[0].Bad, "one row is bad, the others are read")
	require.Equal(t, []string{"1"}, rows[1].Cells)
}

// Memory does not grow with the file: the heap after many rows is what it was after a few thousand.
func TestMemoryIsFlat(t *testing.T) {
	line := map[string]string{
		"a.csv":   "2025-03-31,D%07d,市立医院,0250301,12.50\n",
		"a.jsonl": `{"date":"2025-03-31","doc":"D%07d","customer":"市立医院","quantity":12.50}` + "\n",
		"a.txt":   "20250331D%07d    12.50\n",
		"a.xml":   "<row><date>2025-03-31</date><doc>D%07d</doc><quantity>12.50</quantity></row>\n",
	}
	for name, format := range line {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), name)
			f, err := os.Create(path)
			require.NoError(t, err)
			o := filesource.Options{Known: known}
			switch name {
			case "a.csv":
				_, err = f.WriteString("date,doc,customer,lot,quantity\n")
			case "a.txt":
				o.Columns = columns(t, "date:1-8", "doc:9-16", "quantity:17-25")
			case "a.xml":
				o.RowPath = "/r/row"
				_, err = f.WriteString("<r>\n")
			}
			require.NoError(t, err)
			const total = 60_000
			for i := range total {
				_, err := fmt.Fprintf(f, format, i)
				require.NoError(t, err)
			}
			if name == "a.xml" {
				_, err = f.WriteString("</r>\n")
			}
			require.NoError(t, err)
			require.NoError(t, f.Close())
			table, err := filesource.Open(t.Context(), path, o)
			require.NoError(t, err)
			defer table.Close()
			heap := func() uint64 {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			var early uint64
			n := 0
			for ; ; n++ {
				if n == 5000 {
					early = heap()
				}
				rec, err := table.Next()
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				require.Nil(t, rec.Bad)
			}
			require.Equal(t, total, n)
			require.Less(t, heap(), early+2<<20, "the heap grew with the file")
		})
	}
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<r><row a="1"><b>2</b></row></r>`))
	f.Add([]byte(fmt.Sprintf(reportXML, "utf-8")))
	f.Add([]byte(`<!DOCTYPE r><r/>`))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzTable(t, "a.xml", content, filesource.Options{RowPath: "/r/row"})
	})
}

func FuzzFixed(f *testing.F) {
	f.Add([]byte("20250331市立医院      0250301     12.50\n"))
	f.Add([]byte("\xff\xfe1\x002\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		fuzzTable(t, "a.txt", content, filesource.Options{Columns: columns(t, "a:1-8", "b:9-22", "c:23-30")})
	})
}

// fuzzTable reads a file to its end: each row has a cell for each header, or says why not.
func fuzzTable(t *testing.T, name string, content []byte, o filesource.Options) {
	path := write(t, name, content)
	table, err := filesource.Open(t.Context(), path, o)
	if err != nil {
		require.NotEmpty(t, errs.CodeOf(err), "%v", err)
		return
	}
	defer table.Close()
	for {
		rec, err := table.Next()
		if err != nil {
			if err != io.EOF {
				require.NotEmpty(t, errs.CodeOf(err), "%v", err)
			}
			return
		}
		if rec.Bad == nil {
			require.Len(t, rec.Cells, len(table.Headers()))
		}
	}
}
