package pipeline_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
)

// book is what the ledgers of a party hold, without anything that depends on arrival.
func (b *ingestBench) book(party string) []string {
	b.t.Helper()
	lines, err := b.db.Book(b.t.Context(), party)
	require.NoError(b.t, err)
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = fmt.Sprintf("%s %s %s %s %s %s %v", l.ID, l.Ledger, l.Date, l.DocNo, l.Lot, l.Quantity, l.Suspect)
	}
	slices.Sort(out)
	return out
}

// salesDraw draws a few files of one party's sales: documents with rows, rows without document, replacements, versions.
type drawnFile struct {
	name  string
	lines []string
	opts  []option
}

func drawFiles(t *rapid.T) []drawnFile {
	var files []drawnFile
	for n := range rapid.IntRange(1, 4).Draw(t, "files") {
		f := drawnFile{name: fmt.Sprintf("f%d.csv", n)}
		if rapid.Bool().Draw(t, "versioned") {
			f.opts = append(f.opts, version(fmt.Sprintf("2025-03-%02d", 10+n)))
		} else {
			f.name = fmt.Sprintf("SM_D1_青河_202503%02d.csv", 10+n)
		}
		if rapid.IntRange(0, 3).Draw(t, "replaces") == 0 {
			f.opts = append(f.opts, replacing("2025-03"))
		}
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			doc := rapid.SampledFrom([]string{"", "S1", "S2", "S3"}).Draw(t, "doc")
			row := ""
			if doc != "" && rapid.Bool().Draw(t, "row id") {
				row = rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "row")
			}
			f.lines = append(f.lines, fmt.Sprintf("2025-03-%02d,%s,%s,%s,市一院,SKU1,百川片,10片,,%d,盒", rapid.IntRange(1, 3).Draw(t, "day"), doc, row,
				rapid.SampledFrom([]string{"C1", "C2"}).Draw(t, "partner"), rapid.IntRange(-2, 3).Draw(t, "quantity")))
		}
		files = append(files, f)
	}
	return files
}

// TestTheOrderOfFilesDoesNotMatter: guarantee 8.
func TestTheOrderOfFilesDoesNotMatter(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		parties := 0
		rapid.Check(t, func(t *rapid.T) {
			files := drawFiles(t)
			take := func(order []drawnFile) (string, []store.Counts) {
				parties++
				party := fmt.Sprintf("D%d", parties)
				var all []store.Counts
				for _, f := range order {
					path := b.write(f.name, append([]string{salesHeader}, f.lines...)...)
					all = append(all, b.take(path, mapping.Sales, party, f.opts...).Counts)
				}
				return party, all
			}
			plain := func(party string) []string { // ids differ by party
				var out []string
				for _, l := range b.book(party) {
					_, rest, _ := strings.Cut(l, " ")
					out = append(out, rest)
				}
				slices.Sort(out)
				return out
			}
			first, _ := take(files)
			want := plain(first)
			shuffled, _ := take(rapid.Permutation(files).Draw(t, "order"))
			require.Equal(t, want, plain(shuffled))

			before := b.book(first)
			for _, f := range rapid.Permutation(files).Draw(t, "again") {
				path := b.write(f.name, append([]string{salesHeader}, f.lines...)...)
				run := b.take(path, mapping.Sales, first, f.opts...)
				require.Zero(t, run.Counts.Canonical, "a file sent again changes nothing")
				require.EqualValues(t, len(f.lines), run.Counts.Read, "and is counted whole")
			}
			require.Equal(t, before, b.book(first))
		})
	})
}

// TestOverlappingFilesWithoutDocuments: the maximum count per identity, never the sum (CLI §3).
func TestOverlappingFilesWithoutDocuments(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		row := "2025-03-01,,,C1,市一院,SKU1,百川片,10片,,5,盒"
		other := "2025-03-02,,,C1,市一院,SKU1,百川片,10片,,5,盒"
		b.take(b.write("a.csv", salesHeader, row, row, other), mapping.Sales, "D1")
		require.Equal(t, counts(1, 2, 0, 0), b.take(b.write("b.csv", salesHeader, row, row, row), mapping.Sales, "D1").Counts)
		require.Len(t, b.book("D1"), 4)
	})
}

// TestEveryFormatIsAccountedFor: the same table in every format and encoding gives the same account and the same lines.
func TestEveryFormatIsAccountedFor(t *testing.T) {
	header := strings.Split(salesHeader, ",")
	rows := [][]string{
		{"2025-03-01", "S1", "1", "C1", "青河市第一人民医院", "SKU1", "百川片", "10片", "0250301", "20", "盒"},
		{"2025/3/2", "S1", "2", "C2", "百姓大药房“东店”", "SKU1", "百川片", "10片", "", "1,200.5", "盒"},
		{"2025-03-32", "S2", "1", "C2", "百姓大药房", "SKU1", "百川片", "10片", "", "5", "盒"},
		{"20250303", "S3", "1", "C3", "青河中医院", "SKU1", "百川片", "10片", "", "-2", "盒"},
	}
	quoted := func(sep string) string {
		var b strings.Builder
		for _, r := range append([][]string{header}, rows...) {
			for i, c := range r {
				if i > 0 {
					b.WriteString(sep)
				}
				fmt.Fprintf(&b, "%q", c)
			}
			b.WriteString("\r\n")
		}
		return b.String()
	}
	encoded := func(e encoding.Encoding, text string) []byte {
		out, err := e.NewEncoder().Bytes([]byte(text))
		require.NoError(t, err)
		return out
	}
	sheet := func() []byte {
		x := excelize.NewFile()
		for n, r := range append([][]string{header}, rows...) {
			for i, c := range r {
				cell, err := excelize.CoordinatesToCellName(i+1, n+1)
				require.NoError(t, err)
				require.NoError(t, x.SetCellStr("Sheet1", cell, c))
			}
		}
		buf, err := x.WriteToBuffer()
		require.NoError(t, err)
		return buf.Bytes()
	}
	jsonl := func() []byte {
		var b strings.Builder
		for _, r := range rows {
			m := map[string]string{}
			for i, c := range r {
				m[header[i]] = c
			}
			line, err := json.Marshal(m)
			require.NoError(t, err)
			b.Write(line)
			b.WriteString("\n")
		}
		return []byte(b.String())
	}
	files := map[string][]byte{
		"utf8.csv":    []byte(quoted(",")),
		"bom.csv":     []byte("\ufeff" + quoted(",")),
		"gbk.csv":     encoded(simplifiedchinese.GB18030, quoted(",")),
		"utf16le.csv": encoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), quoted("\t")),
		"utf16be.csv": encoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), quoted("\t")),
		"tab.tsv":     []byte(quoted("\t")),
		"semi.csv":    []byte(quoted(";")),
		"book.xlsx":   sheet(),
		"rows.jsonl":  jsonl(),
	}
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		var want []string
		for name, content := range files {
			path := b.dir + "/" + name
			require.NoError(t, os.WriteFile(path, content, 0o600))
			party := "P-" + name
			run := b.take(path, mapping.Sales, party, version("1"))
			require.Equal(t, counts(3, 0, 1, 0), run.Counts, name)
			lines, err := b.db.Book(t.Context(), party)
			require.NoError(t, err)
			got := []string{}
			for _, l := range lines {
				got = append(got, fmt.Sprintf("%s %s %s %s %s", l.Date, l.DocNo, l.Kind, l.Lot, l.Quantity))
				raw, err := b.db.RawBatchRows(t.Context(), l.Batch)
				require.NoError(t, err)
				at := slices.IndexFunc(raw, func(r store.RawRow) bool { return r.Number == l.Row })
				require.GreaterOrEqual(t, at, 0, "%s: every line leads back to its row", name)
				require.NotEmpty(t, raw[at].Data)
			}
			slices.Sort(got)
			if want == nil {
				want = got
			}
			require.Equal(t, want, got, name)
		}
	})
}

func TestDryRunStoresNothing(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		path := b.write("s.csv", salesHeader, "2025-03-01,S1,1,C1,市一院,SKU1,百川片,10片,,5,盒", "2025-03-01,S1,2,C1,市一院,SKU1,百川片,10片,,x,盒")
		run := b.take(path, mapping.Sales, "D1", dry)
		require.Equal(t, counts(1, 0, 1, 0), run.Counts)
		require.True(t, run.ID.IsZero())
		require.Empty(t, b.book("D1"))
		runs, err := b.db.Runs(t.Context(), 10)
		require.NoError(t, err)
		require.Empty(t, runs)
		require.Equal(t, counts(1, 0, 1, 0), b.take(path, mapping.Sales, "D1").Counts)
		require.Equal(t, counts(0, 1, 1, 0), b.take(path, mapping.Sales, "D1", dry).Counts)
	})
}

func TestRefusedFiles(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		for _, c := range []struct{ name, content, code string }{
			{"empty-header.csv", "日期,客户名称,产品名称,规格\n2025-03-01,市一院,百川片,10片\n", "mapping.missing_column"},
			{"pdf.csv", "%PDF-1.7\n%âãÏÓ\n1 0 obj\n", "files.not_table"},
		} {
			path := b.write(c.name, strings.TrimSuffix(c.content, "\n"))
			run, err := b.ingest.File(t.Context(), b.request(path, mapping.Sales, "D1"))
			require.Error(t, err)
			require.Equal(t, store.RunFailed, run.Status)
			require.NotNil(t, run.Error)
			require.Equal(t, c.code, run.Error.Code)
			require.NotContains(t, run.Error.Text("zh"), "{")
			saved, err := b.db.Run(t.Context(), run.ID)
			require.NoError(t, err)
			require.Equal(t, store.RunFailed, saved.Status, "the attempt stands in the list of runs")
		}
		for range 2 { // a file that is known has the same flaw
			run, err := b.ingest.File(t.Context(), b.request(b.write("h.csv", salesHeader), mapping.Sales, "D1"))
			require.NoError(t, err)
			require.Equal(t, counts(0, 0, 0, 0), run.Counts)
			require.Equal(t, "files.header_only", run.Warnings[0].Code)
		}
	})
}

func TestTwoImportsOfOnePartyWaitForEachOther(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		var lines []string
		for n := range 500 {
			lines = append(lines, fmt.Sprintf("2025-03-01,S%d,1,C%d,客户%d,SKU1,百川片,10片,,5,盒", n, n, n))
		}
		sales := b.request(b.write("s.csv", append([]string{salesHeader}, lines...)...), mapping.Sales, "D1")
		more := b.request(b.write("t.csv", append([]string{salesHeader}, lines[100:]...)...), mapping.Sales, "D1")
		done := make(chan error, 2)
		for _, req := range []pipeline.FileImport{sales, more} {
			go func() {
				_, err := b.ingest.File(t.Context(), req)
				done <- err
			}()
		}
		require.NoError(t, <-done)
		require.NoError(t, <-done)
		require.Len(t, b.book("D1"), 500)
	})
}
