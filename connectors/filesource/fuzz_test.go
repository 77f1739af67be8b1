package filesource_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// readFuzzed reads whatever the bytes are and checks what every table promises.
func readFuzzed(t *testing.T, name string, content []byte, o filesource.Options) {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	table, err := filesource.Open(t.Context(), path, o)
	if err != nil {
		require.NotEmpty(t, errs.CodeOf(err), "a refusal has a message: %v", err)
		return
	}
	defer table.Close()
	last := 0
	for {
		r, err := table.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			require.NotEmpty(t, errs.CodeOf(err), "%v", err)
			return
		}
		require.Greater(t, r.Number, last)
		last = r.Number
		if r.Bad == nil {
			require.Len(t, r.Cells, len(table.Headers()))
		}
		require.LessOrEqual(t, len(r.Raw), max(len(content), 16)*8)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{salesText, "\ufeff" + salesText, "a\tb\n1\t2\n", "a,\"b\nc", "批号\r1\r2", "=\"1\",2\n", "合计\n"} {
		f.Add([]byte(s), uint8(0))
		f.Add(gbk(f, s), uint8(1))
		f.Add(utf16(f, s, unicode.LittleEndian, unicode.UseBOM), uint8(2))
	}
	names := []string{"", "gb18030", "utf-16le", "utf-16be", "big5", "utf-8"}
	f.Fuzz(func(t *testing.T, content []byte, encoding uint8) {
		readFuzzed(t, "f.csv", content, filesource.Options{Known: known, Encoding: names[int(encoding)%len(names)]})
	})
}

func FuzzHeader(f *testing.F) {
	f.Add("月报\n\n销售日期,数量\n1,2\n", 0)
	f.Add("a;b;c\n1;2\n合计;3", 2)
	f.Fuzz(func(t *testing.T, text string, row int) {
		readFuzzed(t, "f.csv", []byte(text), filesource.Options{Known: func(h string) bool { return len(h)%2 == 1 }, HeaderRow: row % 100})
	})
}

func FuzzJSONLines(f *testing.F) {
	f.Add([]byte("{\"批号\":1}\n{\"b\":[{}]}\n"))
	f.Add([]byte("{\"a\":1e400,\"a\":\"\\ud800\"}\n{}{}"))
	f.Fuzz(func(t *testing.T, content []byte) {
		readFuzzed(t, "f.jsonl", content, filesource.Options{Format: filesource.JSONL})
	})
}

func FuzzWorkbook(f *testing.F) {
	f.Add(workbook(f, func(x *excelize.File) {
		setRow(f, x, "Sheet1", 1, "批号", "数量")
		setRow(f, x, "Sheet1", 2, "a", 1.5)
	}))
	f.Add(zipped(f, "a.csv", salesText))
	f.Add(zipped(f, "[Content_Types].xml", "<Types/>", "xl/workbook.xml", "<workbook/>"))
	f.Fuzz(func(t *testing.T, content []byte) { readFuzzed(t, "f.xlsx", content, filesource.Options{Known: known}) })
}

// FuzzSheet puts foreign XML where a spreadsheet program would write its own.
func FuzzSheet(f *testing.F) {
	f.Add(`<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>批号</t></is></c></row><row r="2"><c r="A2"><v>1</v></c></row></sheetData></worksheet>`)
	f.Add(`<worksheet><sheetData><row r="1048577"/><row r="-1"><c r="ZZZZ1"><v>1</v></c></row>`)
	f.Add(`<worksheet><sheetData><row><c t="s"><v>99</v></c><c s="7"><v>1E+400</v></c></row>`)
	f.Fuzz(func(t *testing.T, sheet string) {
		readFuzzed(t, "f.xlsx", sheetBook(t, sheet), filesource.Options{Known: known})
	})
}

// sheetBook is a workbook with the one sheet given as XML.
func sheetBook(t testing.TB, sheet string) []byte {
	const (
		types   = "http://schemas.openxmlformats.org/package/2006/content-types"
		links   = "http://schemas.openxmlformats.org/package/2006/relationships"
		main    = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
		docLink = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	)
	link := func(kind, target string) string {
		return `<Relationships xmlns="` + links + `"><Relationship Id="rId1" Type="` + docLink + "/" + kind + `" Target="` + target + `"/></Relationships>`
	}
	return zipped(t,
		"[Content_Types].xml", `<Types xmlns="`+types+`"/>`,
		"_rels/.rels", link("officeDocument", "xl/workbook.xml"),
		"xl/_rels/workbook.xml.rels", link("worksheet", "worksheets/sheet1.xml"),
		"xl/workbook.xml", `<workbook xmlns="`+main+`" xmlns:r="`+docLink+`"><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/worksheets/sheet1.xml", sheet)
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"SM_D001_某商业_20250331.xlsx", "im_1_2_20250228_补传2.csv", "PM___", "SM_a_b_20250230"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if n, ok := filesource.ParseName(name); ok {
			require.NotEmpty(t, n.Period())
			require.Len(t, n.Version(), len("2025-03-31#002"))
		}
	})
}
