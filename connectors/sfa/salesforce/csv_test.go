package salesforce

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/connectors/httpsource"
)

// What is written as the platform writes it comes back as it was.
func TestCellsComeThrough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 4).Draw(t, "width")
		want := rapid.SliceOfN(rapid.SliceOfN(rapid.String(), width, width), 1, 5).Draw(t, "records")
		var b strings.Builder
		for _, record := range want {
			for i, cell := range record {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(`"` + strings.ReplaceAll(cell, `"`, `""`) + `"`)
			}
			b.WriteByte('\n')
		}
		got, err := readCSV(b.String())
		require.NoError(t, err)
		require.Equal(t, want, got)
		if cut := rapid.IntRange(1, b.Len()-1).Draw(t, "cut"); cut < b.Len() {
			if got, err := readCSV(b.String()[:cut]); err == nil {
				require.Less(t, len(got), len(want), "what is cut is an error or has fewer rows")
			}
		}
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add("Id,Name\n1,\"a\"\"b\"\n")
	f.Add("\"Id\"\n\"a\r\nb\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := readCSV(text)
		if err != nil || strings.ContainsAny(text, "\r") {
			return
		}
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		want, err := r.ReadAll()
		if err != nil || strings.HasPrefix(text, "\n") || strings.Contains(text, "\n\n") {
			return // the library skips empty lines
		}
		require.Equal(t, len(want), len(got))
		for i := range want {
			require.Equal(t, want[i], got[i])
		}
	})
}

func FuzzReadResults(f *testing.F) {
	f.Add([]byte("Id,Account.Name\n1,x\n"), "1", "null")
	f.Add([]byte("Id,Account.Name\n"), "0", "MTox")
	f.Fuzz(func(t *testing.T, body []byte, count, next string) {
		h := http.Header{}
		h.Set("Sforce-NumberOfRecords", count)
		h.Set("Sforce-Locator", next)
		p, e := readResults(&httpsource.Response{Status: 200, Header: h, Body: body}, []string{"Id", "Account.Name"}, map[string]string{"Id": "double"})
		if e != nil {
			return
		}
		require.Equal(t, next == "null", p.End)
		for _, r := range p.Rows {
			require.True(t, json.Valid(p.Raw[r.Off:r.Off+r.Len]))
		}
	})
}

func TestResultsThatAreNone(t *testing.T) {
	for body, want := range map[string]struct {
		kind  httpsource.FailureKind
		class httpsource.Class
	}{
		"<html>":                       {httpsource.NotJSON, httpsource.Retry},
		"Id,Name\n1,a\n2,b":            {httpsource.NotJSON, httpsource.Retry}, // the last cell may be cut
		"Id,Name\n1,a\n":               {httpsource.NotJSON, httpsource.Retry}, // a row is missing
		"Id,Name\n1,a\n2,\"b":          {httpsource.NotJSON, httpsource.Retry},
		"Id,Other\n1,a\n2,b\n":         {httpsource.Shape, httpsource.Permanent},
		"Id,Name\n1,a\nx,b\n":          {httpsource.Shape, httpsource.Permanent},
		"Id,Name\n1,a\nnull,b\n":       {httpsource.Shape, httpsource.Permanent},
		"Id,Name,More\n1,a,x\n2,b,x\n": {httpsource.Shape, httpsource.Permanent},
		"Id,Name\n1,a\n2,b,c\n":        {httpsource.Shape, httpsource.Permanent},
	} {
		h := http.Header{"Sforce-Numberofrecords": {"2"}, "Sforce-Locator": {"null"}}
		_, e := readResults(&httpsource.Response{Status: 200, Header: h, Body: []byte(body)}, []string{"Id", "Name"}, map[string]string{"Id": "double"})
		require.NotNil(t, e, body)
		require.Equal(t, want.kind, e.Kind, body)
		require.Equal(t, want.class, e.Class, body)
		h.Del("Sforce-Locator")
		_, e = readResults(&httpsource.Response{Status: 200, Header: h, Body: []byte("Id,Name\n1,a\n2,b\n")}, []string{"Id", "Name"}, nil)
		require.Equal(t, httpsource.Shape, e.Kind, "an answer that does not say how it goes on")
	}
}
