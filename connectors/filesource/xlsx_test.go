package filesource_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

func workbook(t testing.TB, fill func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	var buf bytes.Buffer
	require.NoError(t, f.Write(&buf))
	require.NoError(t, f.Close())
	return buf.Bytes()
}

func setRow(t testing.TB, f *excelize.File, sheet string, n int, cells ...any) {
	t.Helper()
	require.NoError(t, f.SetSheetRow(sheet, fmt.Sprintf("A%d", n), &cells))
}

func TestWorkbook(t *testing.T) {
	t.Parallel()
	book := workbook(t, func(f *excelize.File) {
		setRow(t, f, "Sheet1", 1, "百川医药 2025年3月 销售流向")
		require.NoError(t, f.MergeCell("Sheet1", "A1", "E1"))
		setRow(t, f, "Sheet1", 3, "销售日期", "客户名称", "批号", "数量", "单位", "", "")
		setRow(t, f, "Sheet1", 4, 45717, "青河医院", "0250301", 20, "盒", "", "制单人备注")
		setRow(t, f, "Sheet1", 6, 45718.5, "南山<药房>", 250302, 19.989999999999998, "盒")
		setRow(t, f, "Sheet1", 7, "2025-03-03", "甲", "2E5", -1234567.5)
		setRow(t, f, "Sheet1", 8, "合计", "", "", 38.99)
		zeros := "0000000"
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &zeros})
		require.NoError(t, err)
		require.NoError(t, f.SetCellStyle("Sheet1", "C6", "C6", style))
		money, err := f.NewStyle(&excelize.Style{NumFmt: 3})
		require.NoError(t, err)
		require.NoError(t, f.SetCellStyle("Sheet1", "D7", "D7", money))
		day, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		require.NoError(t, err)
		require.NoError(t, f.SetCellStyle("Sheet1", "A4", "A6", day))
	})
	table, rows := readAll(t, "s.xlsx", book, filesource.Options{Known: known})
	require.Equal(t, 3, table.HeaderRow())
	require.Equal(t, []string{"销售日期", "客户名称", "批号", "数量", "单位"}, table.Headers())
	require.Equal(t, filesource.XLSX, table.Facts().Format)
	require.Len(t, rows, 3)
	require.Equal(t, []string{"45717", "青河医院", "0250301", "20", "盒"}, rows[0].Cells)
	require.Equal(t, []string{"45718.5", "南山<药房>", "0250302", "19.99", "盒"}, rows[1].Cells)
	require.Equal(t, []string{"2025-03-03", "甲", "2E5", "-1234567.5", ""}, rows[2].Cells)
	require.Equal(t, []int{4, 6, 7}, []int{rows[0].Number, rows[1].Number, rows[2].Number})
	var raw []string
	require.NoError(t, json.Unmarshal([]byte(rows[1].Raw), &raw))
	require.Equal(t, "南山<药房>", raw[1])
	require.Contains(t, rows[1].Raw, "<药房>")
}

func TestWorkbookSheets(t *testing.T) {
	t.Parallel()
	book := workbook(t, func(f *excelize.File) {
		setRow(t, f, "Sheet1", 1, "说明")
		for _, name := range []string{"三月", "四月"} {
			_, err := f.NewSheet(name)
			require.NoError(t, err)
			setRow(t, f, name, 1, "批号", "数量")
			setRow(t, f, name, 2, name, 1)
		}
	})
	table, rows := readAll(t, "s.xlsx", book, filesource.Options{Known: known})
	require.Equal(t, "三月", table.Facts().Sheet)
	require.Equal(t, "三月", rows[0].Cells[0])
	require.Len(t, table.Warnings(), 1)
	require.Contains(t, table.Warnings()[0].Error(), "四月")
	table, rows = readAll(t, "s.xlsx", book, filesource.Options{Sheet: "四月"})
	require.Equal(t, "四月", rows[0].Cells[0])
	require.Empty(t, table.Warnings())
	_, err := open(t, "s.xlsx", book, filesource.Options{Sheet: "五月"})
	require.Equal(t, "files.sheet_missing", errs.CodeOf(err))
	require.ErrorContains(t, err, "三月")
	_, err = open(t, "s.xlsx", book[:len(book)/2], filesource.Options{})
	require.Equal(t, "files.zip_broken", errs.CodeOf(err))
	_, err = open(t, "s.xlsx", workbook(t, func(*excelize.File) {}), filesource.Options{})
	require.Equal(t, "files.empty", errs.CodeOf(err))
}

func TestWorkbookInZipAndOldDates(t *testing.T) {
	t.Parallel()
	book := workbook(t, func(f *excelize.File) {
		setRow(t, f, "Sheet1", 1, "批号", "数量")
		setRow(t, f, "Sheet1", 2, "a", 1)
	})
	_, rows := readAll(t, "s.zip", zipped(t, "三月/s.xlsx", string(book)), filesource.Options{Known: known})
	require.Len(t, rows, 1)
	old := workbook(t, func(f *excelize.File) {
		on := true
		require.NoError(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &on}))
	})
	_, err := open(t, "s.xlsx", old, filesource.Options{})
	require.Equal(t, "files.date1904", errs.CodeOf(err))
}

// The library's reader ends a sheet where its XML breaks; rows after that must not be lost in silence.
func TestWorkbookWithBrokenSheet(t *testing.T) {
	t.Parallel()
	row := func(n int, text string) string {
		return fmt.Sprintf(`<row r="%d"><c r="A%d" t="inlineStr"><is><t>%s</t></is></c></row>`, n, n, text)
	}
	whole := `<worksheet><sheetData>` + row(1, "批号") + row(2, "a") + row(3, "b") + `</sheetData></worksheet>`
	_, rows := readAll(t, "s.xlsx", sheetBook(t, whole), filesource.Options{Known: known})
	require.Len(t, rows, 2)
	for name, sheet := range map[string]string{
		"cut off":           whole[:len(whole)-40],
		"control character": strings.Replace(whole, ">a<", ">\x0b<", 1),
		"bare ampersand":    strings.Replace(whole, ">a<", ">A & B<", 1),
	} {
		_, err := open(t, "s.xlsx", sheetBook(t, sheet), filesource.Options{Known: known})
		require.Equal(t, "files.xlsx_broken", errs.CodeOf(err), name)
	}
}

func BenchmarkXLSX(b *testing.B) {
	book := workbook(b, func(f *excelize.File) {
		w, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			b.Fatal(err)
		}
		for i := range 20_000 {
			row := []any{"2025-03-01", fmt.Sprintf("XS%06d", i), "青河市第一人民医院", "阿莫西林胶囊", "250301", i % 90, "盒"}
			if i == 0 {
				row = []any{"销售日期", "单据号", "客户名称", "产品名称", "批号", "数量", "单位"}
			}
			if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	})
	path := write(b, "s.xlsx", book)
	b.ReportAllocs()
	for b.Loop() {
		table, err := filesource.Open(b.Context(), path, filesource.Options{Known: known})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = table.Next()
		}
		table.Close()
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
