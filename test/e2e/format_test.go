package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"tributary/test/e2e/harness"
)

// ledger is one month of sales: 24 rows, of which two cannot be taken in (rows 5 and 9 of the data).
func ledger() (header []string, rows [][]string) {
	header = []string{"销售日期", "销售单号", "行号", "客户编码", "客户名称", "产品名称", "规格", "批号", "数量", "单位", "业务类型"}
	for i := range 24 {
		rows = append(rows, []string{fmt.Sprintf("2025-03-%02d", i+1), fmt.Sprintf("XS-%03d", i), "1", fmt.Sprintf("K%02d", i%7), fmt.Sprintf("青河市第%d人民医院", i%7+1),
			"阿莫西林胶囊", "0.25g×24粒", "250301", strconv.Itoa(10 + i), "盒", "销售"})
	}
	rows[4][8] = "十盒左右"
	rows[8][0] = "2025-13-45"
	return header, rows
}

// formats are the ways in which a ledger arrives.
var formats = []struct {
	file  string
	write func(t *testing.T, header []string, rows [][]string) []byte
}{
	{"utf8.csv", text(',', encoding.Nop, "")},
	{"utf8_bom.csv", text(',', encoding.Nop, "\ufeff")},
	{"semicolon.csv", text(';', encoding.Nop, "")},
	{"gb18030.csv", text(',', simplifiedchinese.GB18030, "")},
	{"utf16le.csv", text(',', unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "")},
	{"utf16be.csv", text(',', unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "")},
	{"tabs.tsv", text('\t', encoding.Nop, "")},
	{"utf16le.txt", text('\t', unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "")},
	{"lines.jsonl", jsonLines},
	{"plain.xlsx", workbook(false)},
	{"titled.xlsx", workbook(true)},
	{"packed.zip", packed},
}

// A ledger has the same content in every format and encoding: what came first is known to all that follow, and every
// row of each is accounted for.
func TestEveryFormatAndEncoding(t *testing.T) {
	t.Parallel()
	h := harness.Embedded(t, harness.Options{})
	importWorked(h, file{"products.csv", "products", ""})
	header, rows := ledger()
	want := harness.Counts{Read: 24, Canonical: 22, Quarantined: 2}
	for _, f := range formats {
		path := h.Write(f.file, string(f.write(t, header, rows)))
		report := importFile(h, file{f.file, "sales", "D1"}, path)
		require.Equal(t, want, report.Totals, f.file)
		want = harness.Counts{Read: 24, Unchanged: 22, Quarantined: 2}
		require.Equal(t, want, importFile(h, file{f.file, "sales", "D1"}, path).Totals, "%s again", f.file)
	}
	var waiting struct {
		Total int
		Items []struct {
			File, Field, Rule, Reason, Raw string
			Row                            int
		}
	}
	h.Into(&waiting, "quarantine", "list")
	require.NotEmpty(t, waiting.Items)
	for _, i := range waiting.Items {
		require.NotEmpty(t, i.Rule)
		switch i.Field {
		case "quantity":
			require.Contains(t, i.Reason, "十盒左右", i.File)
		case "date":
			require.Contains(t, i.Reason, "2025-13-45", i.File)
		default:
			require.Fail(t, "quarantined for another field", "%+v", i)
		}
		require.NotEmpty(t, i.Raw, i.File)
	}
	h.OK("relay", "--once")
	require.Equal(t, 22, h.Log("channel.movement").State(t).Count("channel.movement"))
}

func text(comma rune, enc encoding.Encoding, bom string) func(*testing.T, []string, [][]string) []byte {
	return func(t *testing.T, header []string, rows [][]string) []byte {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma = comma
		require.NoError(t, w.WriteAll(append([][]string{header}, rows...)))
		out, err := enc.NewEncoder().Bytes(b.Bytes())
		require.NoError(t, err)
		return append([]byte(bom), out...)
	}
}

func jsonLines(t *testing.T, header []string, rows [][]string) []byte {
	var b bytes.Buffer
	for _, r := range rows {
		object := map[string]string{}
		for i, name := range header {
			object[name] = r[i]
		}
		line, err := json.Marshal(object)
		require.NoError(t, err)
		b.Write(append(line, '\n'))
	}
	return b.Bytes()
}

// workbook writes numbers as numbers; a titled one has a merged title above the header and a 合计 below the rows.
func workbook(titled bool) func(*testing.T, []string, [][]string) []byte {
	return func(t *testing.T, header []string, rows [][]string) []byte {
		f := excelize.NewFile()
		at := 1
		put := func(cells []any) {
			require.NoError(t, f.SetSheetRow("Sheet1", "A"+strconv.Itoa(at), &cells))
			at++
		}
		if titled {
			put([]any{"青河市康泽医药有限公司 2025年3月 销售流向"})
			require.NoError(t, f.MergeCell("Sheet1", "A1", "K1"))
		}
		cells := make([]any, len(header))
		for i, name := range header {
			cells[i] = name
		}
		put(cells)
		for _, r := range rows {
			cells := make([]any, len(r))
			for i, v := range r {
				cells[i] = v
				if n, err := strconv.Atoi(v); err == nil && header[i] == "数量" {
					cells[i] = n
				}
			}
			put(cells)
		}
		if titled {
			put([]any{"合计", "", "", "", "", "", "", "", 500})
		}
		var b bytes.Buffer
		require.NoError(t, f.Write(&b))
		require.NoError(t, f.Close())
		return b.Bytes()
	}
}

func packed(t *testing.T, header []string, rows [][]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, half := range [][][]string{rows[:12], rows[12:]} {
		entry, err := w.Create(fmt.Sprintf("流向/part%d.csv", i+1))
		require.NoError(t, err)
		_, err = entry.Write(text(',', simplifiedchinese.GB18030, "")(t, header, half))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// Both languages of a report name what was left out.
func TestUnknownColumnsAreNamedInTheReport(t *testing.T) {
	t.Parallel()
	h := harness.Embedded(t, harness.Options{})
	header, rows := ledger()
	for i := range rows {
		rows[i] = append(rows[i], "备用")
	}
	path := h.Write("more.csv", string(text(',', encoding.Nop, "")(t, append(header, "神秘列"), rows)))
	report := importFile(h, file{"more.csv", "sales", "D1"}, path)
	require.Equal(t, []string{"神秘列"}, report.Runs[0].UnknownColumns)
	r := h.Run("import", path, "--as", "sales", "--source", "erp", "--party", "D1", "--lang", "zh")
	require.Contains(t, r.Stdout, "神秘列")
	require.True(t, strings.Contains(r.Stdout, "未使用的列"), r.Stdout)
}

func zipWith(t *testing.T, name, content string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	entry, err := w.Create(name)
	require.NoError(t, err)
	_, err = entry.Write([]byte(content))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func cutWorkbook(t *testing.T) string {
	header, rows := ledger()
	whole := workbook(false)(t, header, rows)
	return string(whole[:len(whole)/2])
}
