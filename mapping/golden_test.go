package mapping_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/mapping"
)

var update = flag.Bool("update", false, "rewrite the expected results in testdata")

// A golden case holds source rows (rows.jsonl, or rows.csv with headers), how to map them (map.yaml, or kind with the
// kind of file) and what comes of it (want.json).
func TestGolden(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/*/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, path := range cases {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(path), "testdata/"), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			require.NoError(t, err)
			got := runGolden(t, archive)
			if *update {
				setFile(archive, "want.json", got)
				require.NoError(t, os.WriteFile(path, txtar.Format(archive), 0o600))
				return
			}
			require.Equal(t, string(getFile(archive, "want.json")), string(got))
		})
	}
}

type goldenResult struct {
	Key        string `json:"key,omitempty"`
	Filtered   bool   `json:"filtered,omitempty"`
	Deleted    bool   `json:"deleted,omitempty"`
	SourceTime string `json:"source_time,omitempty"`
	Value      any    `json:"value,omitempty"`
	Issues     any    `json:"issues,omitempty"`
}

func runGolden(t *testing.T, a *txtar.Archive) []byte {
	t.Helper()
	headers, rows := goldenRows(t, a)
	var m *mapping.Map
	var out struct {
		Report *mapping.Report `json:"report,omitempty"`
		Error  string          `json:"error,omitempty"`
		Rows   []goldenResult  `json:"rows"`
	}
	var err error
	if src := getFile(a, "map.yaml"); src != nil {
		m, err = mapping.Parse("map.yaml", src)
	} else {
		var kind mapping.Kind
		kind, err = mapping.ParseKind(strings.TrimSpace(string(getFile(a, "kind"))))
		require.NoError(t, err)
		var report mapping.Report
		m, report, err = mapping.FromHeaders(kind, headers, mapping.Defaults{})
		out.Report = &report
	}
	if err != nil {
		out.Error = err.Error()
	}
	for _, row := range rows {
		if m == nil {
			break
		}
		r := m.Apply(row)
		g := goldenResult{Key: r.Key, Filtered: r.Filtered, Deleted: r.Deleted, Value: r.Value}
		if !r.SourceTime.IsZero() {
			g.SourceTime = r.SourceTime.Format("2006-01-02T15:04:05.000Z07:00")
		}
		if len(r.Issues) > 0 {
			g.Issues = r.Issues
		}
		out.Rows = append(out.Rows, g)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(out))
	return buf.Bytes()
}

func goldenRows(t *testing.T, a *txtar.Archive) ([]string, []map[string]any) {
	t.Helper()
	var rows []map[string]any
	if text := getFile(a, "rows.csv"); text != nil {
		records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		require.NoError(t, err)
		for _, r := range records[1:] {
			row := map[string]any{}
			for i, h := range records[0] {
				row[h] = r[i]
			}
			rows = append(rows, row)
		}
		return records[0], rows
	}
	d := json.NewDecoder(bytes.NewReader(getFile(a, "rows.jsonl")))
	d.UseNumber()
	for d.More() {
		var row map[string]any
		require.NoError(t, d.Decode(&row))
		rows = append(rows, row)
	}
	return nil, rows
}

func getFile(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func setFile(a *txtar.Archive, name string, data []byte) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = data
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: data})
}
