package filesource_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

func TestFilesThatAreNoTables(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file    string
		content string
		code    string
	}{
		"nothing in it":    {"a.csv", "", "files.empty"},
		"only blanks":      {"a.csv", "\n \n\n", "files.empty"},
		"only a BOM":       {"a.csv", "\ufeff", "files.empty"},
		"PDF":              {"sales.csv", "%PDF-1.7\n1 0 obj", "files.not_table"},
		"PDF as workbook":  {"sales.xlsx", "%PDF-1.7\n1 0 obj", "files.not_table"},
		"picture":          {"sales.xlsx", "\x89PNG\r\n\x1a\n\x00\x00", "files.not_table"},
		"web page as xls":  {"sales.xls", "<html><table><tr><td>1</td></tr></table></html>", "files.not_table"},
		"cut-off workbook": {"sales.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 600), "files.xlsx_broken"},
		"random bytes":     {"sales.csv", "\x01\x02\x03\x04\x05\xff\xfe\xfd\x10\x11\x12\x07", "files.binary"},
		"JSON array":       {"a.json", `[{"a":1}]`, "files.json_array"},
		"cut-off archive":  {"a.zip", "PK\x03\x04 and no more", "files.zip_broken"},
		"UTF-32":           {"a.csv", "\xff\xfe\x00\x00a\x00\x00\x00", "files.binary"},
		"no objects":       {"a.jsonl", "{]\n{]\n", "files.no_header"},
		"unreadable bytes": {"a.csv", strings.Repeat("\xff\xff,\xff\n", 40), "files.encoding_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, tc.file, []byte(tc.content), filesource.Options{Known: known})
			require.Error(t, err)
			require.Equal(t, tc.code, errs.CodeOf(err), err)
			require.True(t, errs.Is(err, errs.Invalid))
			require.Contains(t, errs.Render(err, "zh"), tc.file)
			require.Contains(t, errs.Render(err, "en"), tc.file)
			require.NotContains(t, errs.Render(err, "en"), "{")
		})
	}
}

func TestPathsThatAreNoFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := filesource.Files(t.Context(), filepath.Join(dir, "no.csv"))
	require.Equal(t, "files.missing", errs.CodeOf(err))
	require.True(t, errs.Is(err, errs.NotFound))
	_, err = filesource.Files(t.Context(), dir)
	require.Equal(t, "files.directory", errs.CodeOf(err))
	_, err = filesource.Hash(t.Context(), filepath.Join(dir, "no.csv"))
	require.Equal(t, "files.missing", errs.CodeOf(err))
}

func TestCancelStopsReading(t *testing.T) {
	t.Parallel()
	path := write(t, "s.csv", []byte("批号,数量\n"+strings.Repeat("1,2\n", 100_000)))
	ctx, cancel := context.WithCancel(t.Context())
	table, err := filesource.Open(ctx, path, filesource.Options{Known: known})
	require.NoError(t, err)
	defer table.Close()
	cancel()
	for err == nil {
		_, err = table.Next()
	}
	require.ErrorIs(t, err, context.Canceled)
}

func TestHashIsOfTheBytes(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte(salesText))
	want := hex.EncodeToString(sum[:])
	h, err := filesource.Hash(t.Context(), write(t, "a.csv", []byte(salesText)))
	require.NoError(t, err)
	require.Equal(t, want, h)
	files, err := filesource.Files(t.Context(), write(t, "a.zip", zipped(t, "in/a.csv", salesText)))
	require.NoError(t, err)
	h, err = files[0].Hash(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, h, "an entry has the hash of its content, however it is packed")
}

func TestZipOfTables(t *testing.T) {
	t.Parallel()
	path := write(t, "月报.zip", zipped(t, "b.csv", salesText, "dir/", "", "a.jsonl", `{"批号":"1","数量":2}`, "__MACOSX/._b.csv", "x", ".DS_Store", "x"))
	files, err := filesource.Files(t.Context(), path)
	require.NoError(t, err)
	require.Len(t, files, 2)
	require.Equal(t, []string{"月报.zip/a.jsonl", "月报.zip/b.csv"}, []string{files[0].Name(), files[1].Name()})
	table, err := files[1].Open(t.Context(), filesource.Options{Known: known})
	require.NoError(t, err)
	require.Len(t, read(t, table), 2)
	require.NoError(t, table.Close())
	_, err = filesource.Open(t.Context(), path, filesource.Options{})
	require.Equal(t, "files.zip_several", errs.CodeOf(err))
}

func TestZipNamesInGBK(t *testing.T) {
	t.Parallel()
	name, err := simplifiedchinese.GBK.NewEncoder().String("销售流向.csv")
	require.NoError(t, err)
	files, err := filesource.Files(t.Context(), write(t, "a.zip", zipped(t, name, salesText)))
	require.NoError(t, err)
	require.Equal(t, "销售流向.csv", files[0].Entry)
	table, err := files[0].Open(t.Context(), filesource.Options{})
	require.NoError(t, err)
	require.NoError(t, table.Close())
}

func TestDangerousArchivesAreRefused(t *testing.T) {
	t.Parallel()
	many := make([]string, 0, 2*1001)
	for i := range 1001 {
		many = append(many, "f"+string(rune('a'+i%26))+strings.Repeat("x", i/26)+".csv", "")
	}
	for name, tc := range map[string]struct {
		content []byte
		code    string
	}{
		"path above":      {zipped(t, "../../etc/passwd.csv", "a,b"), "files.zip_path"},
		"absolute path":   {zipped(t, "/etc/a.csv", "a,b"), "files.zip_path"},
		"windows path":    {zipped(t, "..\\..\\a.csv", "a,b"), "files.zip_path"},
		"archive inside":  {zipped(t, "in.zip", "PK"), "files.zip_nested"},
		"too many":        {zipped(t, many...), "files.zip_entries"},
		"nothing in it":   {zipped(t, "dir/", ""), "files.zip_empty"},
		"bomb":            {zipped(t, "a.csv", strings.Repeat("0,0\n", 20<<20)), "files.zip_bomb"},
		"bomb as a sheet": {zipped(t, "[Content_Types].xml", "<x/>", "xl/worksheets/sheet1.xml", strings.Repeat(" ", 80<<20)), "files.zip_bomb"},
		"word document":   {zipped(t, "[Content_Types].xml", "<x/>", "word/document.xml", "<x/>"), "files.not_table"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := open(t, "a.zip", tc.content, filesource.Options{})
			require.Error(t, err)
			require.Equal(t, tc.code, errs.CodeOf(err), err)
		})
	}
}

func TestEntryThatLiesAboutItsSize(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	w, err := z.Create("a.csv")
	require.NoError(t, err)
	_, err = w.Write([]byte("批号,数量\n" + strings.Repeat("1,2\n", 200_000)))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	b := buf.Bytes()
	dir := bytes.LastIndex(b, []byte("PK\x01\x02"))
	copy(b[dir+24:], []byte{100, 0, 0, 0}) // central directory: unpacked size
	table, err := filesource.Open(t.Context(), write(t, "a.zip", b), filesource.Options{Known: known})
	if err == nil {
		defer table.Close()
		for err == nil {
			_, err = table.Next()
		}
	}
	require.ErrorContains(t, err, "a.csv")
	require.Equal(t, "files.read", errs.CodeOf(err))
}

func TestJSONLines(t *testing.T) {
	t.Parallel()
	text := "{\"批号\":\"0250301\",\"数量\":12345678901234567.890}\n\n{\"数量\":-2,\"late\":{\"a\":[1,2]},\"none\":null,\"yes\":true}\nnot json\n[1]\n{\"数量\":1} {\"数量\":2}\n{\"批号\":\"合计\"}\n"
	table, rows := readAll(t, "s.jsonl", []byte(text), filesource.Options{})
	require.Equal(t, []string{"批号", "数量", "late", "none", "yes"}, table.Headers())
	require.Equal(t, []string{"0250301", "12345678901234567.890", "", "", ""}, rows[0].Cells)
	require.Equal(t, []string{"", "-2", `{"a":[1,2]}`, "", "true"}, rows[1].Cells)
	require.Equal(t, 3, rows[1].Number)
	require.Equal(t, []string{"json", "json", "json"}, []string{rows[2].Bad, rows[3].Bad, rows[4].Bad})
	require.Equal(t, "not json", rows[2].Raw)
	require.Len(t, rows, 5)
}

func TestDeletedWhileWaiting(t *testing.T) {
	t.Parallel()
	path := write(t, "a.csv", []byte(salesText))
	files, err := filesource.Files(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	_, err = files[0].Open(t.Context(), filesource.Options{})
	require.Equal(t, "files.missing", errs.CodeOf(err))
}
