package filesource_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"tributary/connectors/filesource"
)

var headerWords = map[string]bool{"销售日期": true, "单据号": true, "客户名称": true, "产品名称": true, "规格": true, "批号": true, "数量": true, "单位": true, "date": true, "customer": true, "quantity": true}

func known(h string) bool { return headerWords[h] }

func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, content, 0o600))
	return path
}

func open(t testing.TB, name string, content []byte, o filesource.Options) (*filesource.Table, error) {
	t.Helper()
	table, err := filesource.Open(t.Context(), write(t, name, content), o)
	if err == nil {
		t.Cleanup(func() { require.NoError(t, table.Close()) })
	}
	return table, err
}

// got is a record that outlives the next call.
type got struct {
	Number int
	Cells  []string
	Raw    string
	Bad    string
}

func read(t testing.TB, table *filesource.Table) []got {
	t.Helper()
	var out []got
	for {
		r, err := table.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		require.NoError(t, err)
		g := got{Number: r.Number, Raw: string(r.Raw)}
		if r.Bad != nil {
			g.Bad = r.Bad.Rule
		} else {
			g.Cells = append([]string{}, r.Cells...)
		}
		out = append(out, g)
	}
}

func readAll(t testing.TB, name string, content []byte, o filesource.Options) (*filesource.Table, []got) {
	t.Helper()
	table, err := open(t, name, content, o)
	require.NoError(t, err)
	return table, read(t, table)
}

func gbk(t testing.TB, s string) []byte {
	t.Helper()
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	require.NoError(t, err)
	return b
}

func utf16(t testing.TB, s string, e unicode.Endianness, bom unicode.BOMPolicy) []byte {
	t.Helper()
	b, err := unicode.UTF16(e, bom).NewEncoder().Bytes([]byte(s))
	require.NoError(t, err)
	return b
}

func zipped(t testing.TB, entries ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.Create(entries[i])
		require.NoError(t, err)
		_, err = w.Write([]byte(entries[i+1]))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return buf.Bytes()
}
