package filesource_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"tributary/connectors/filesource"
)

var lawHeaders = []string{"销售日期", "客户名称", "规格", "批号", "数量"}

// cell draws a value that the file keeps as it is: no blanks at its ends, no word that makes the row a total.
func cell() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		middle := rapid.StringOfN(rapid.SampledFrom([]rune("青河医院𠮷０１2.3-a\"',;|\t\n 　=")), 0, 12, -1).Draw(t, "cell")
		return "前" + middle + "后"
	})
}

func TestAnyDelimiterAndEncodingRoundTrips(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		delim := rapid.SampledFrom([]rune{',', '\t', ';', '|'}).Draw(t, "delimiter")
		encoding := rapid.SampledFrom([]string{"utf-8", "bom", "gb18030", "utf-16le", "utf-16be"}).Draw(t, "encoding")
		crlf := rapid.Bool().Draw(t, "crlf")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell(), len(lawHeaders), len(lawHeaders)), 1, 12).Draw(t, "rows")

		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.Comma, w.UseCRLF = delim, crlf
		require.NoError(t, w.Write(lawHeaders))
		require.NoError(t, w.WriteAll(rows))
		content := encodeAs(t, text.Bytes(), encoding)
		path := filepath.Join(dir, "law.csv")
		require.NoError(t, os.WriteFile(path, content, 0o600))

		table, err := filesource.Open(t.Context(), path, filesource.Options{Known: known})
		require.NoError(t, err)
		defer table.Close()
		require.Equal(t, string(delim), string(table.Facts().Delimiter))
		for i, want := range rows {
			r, err := table.Next()
			require.NoError(t, err)
			require.Nil(t, r.Bad)
			require.Equal(t, i+2, r.Number)
			cells := slices.Clone(r.Cells)
			for j := range cells {
				cells[j] = strings.ReplaceAll(cells[j], "\r\n", "\n")
			}
			require.Equal(t, want, cells)
		}
		_, err = table.Next()
		require.Error(t, err)
	})
}

func encodeAs(t *rapid.T, text []byte, name string) []byte {
	switch name {
	case "bom":
		return append([]byte("\ufeff"), text...)
	case "gb18030":
		b, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
		require.NoError(t, err)
		return b
	case "utf-16le", "utf-16be":
		end := unicode.LittleEndian
		if name == "utf-16be" {
			end = unicode.BigEndian
		}
		b, err := unicode.UTF16(end, unicode.UseBOM).NewEncoder().Bytes(text)
		require.NoError(t, err)
		return b
	}
	return text
}

// Whatever is broken in some lines, every line of the file is accounted for exactly once, as a row or as a bad row.
func TestEveryLineIsAccountedFor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		good := "a1,b1,c1"
		lines := rapid.SliceOfN(rapid.SampledFrom([]string{good, `a1,"b1,c1`, "a1,b1", "a1,b1,c1,d1", `a1,b"1,c1`, "a1,\xff\xfe,c1"}), 1, 30).Draw(t, "lines")
		path := filepath.Join(dir, "law.csv")
		text := "销售日期,客户名称,数量\n" + strings.Join(lines, "\n") + "\n"
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		table, err := filesource.Open(t.Context(), path, filesource.Options{Known: known, Encoding: "utf-8"})
		require.NoError(t, err)
		defer table.Close()
		for i, line := range lines {
			r, err := table.Next()
			require.NoError(t, err, "line %d", i)
			require.Equal(t, line, string(r.Raw))
			require.Equal(t, line == good, r.Bad == nil)
		}
		_, err = table.Next()
		require.Error(t, err)
	})
}
