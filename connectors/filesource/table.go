package filesource

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"tributary/canonical"
	"tributary/internal/errs"
)

// Record is one data row.
type Record struct {
	Number int      // the row as a spreadsheet shows it: from 1, header and blank rows counted
	Cells  []string // one per header, blanks at the ends cut off. The slice is reused by Next, the texts are not
	Raw    []byte   // as in the file: the line without its end, or the cells of a sheet as JSON. Reused by Next

	// Bad says why the row could not be read. Cells is nil then, and Raw goes to quarantine.
	Bad *canonical.Issue
}

// Table reads the rows under one header. It is for one goroutine; only Progress may be called from another.
type Table struct {
	file      File
	rows      rows
	facts     Facts
	headers   []string
	headerRow int
	early     []row // rows read while the header was looked for
	count     int
	ended     bool
	plain     bool // every row that is not blank is data
	warnings  []*errs.Error
	size      int64
	done      *atomic.Int64
}

// Open finds the header and stands before the first data row. Close must be called.
func (f File) Open(ctx context.Context, o Options) (*Table, error) {
	t := &Table{file: f, size: f.Size, done: new(atomic.Int64), plain: o.Plain}
	if err := t.open(ctx, o); err != nil {
		return nil, f.readError(err)
	}
	if err := t.findHeader(o); err != nil {
		t.Close()
		return nil, f.readError(err)
	}
	return t, nil
}

// open chooses the format by the first bytes.
func (t *Table) open(ctx context.Context, o Options) error {
	src, err := t.file.reader(ctx)
	if err != nil {
		return err
	}
	counted := &countReader{ReadCloser: src, n: t.done}
	prefix := make([]byte, prefixSize)
	n, err := io.ReadFull(counted, prefix)
	prefix = prefix[:n]
	whole := err == io.EOF || err == io.ErrUnexpectedEOF
	if err != nil && !whole {
		src.Close()
		return err
	}
	t.rows, t.facts, err = t.choose(ctx, prefix, counted, whole, o)
	if err != nil {
		src.Close()
	}
	return err
}

func (t *Table) choose(ctx context.Context, prefix []byte, rest io.ReadCloser, whole bool, o Options) (rows, Facts, error) {
	f := t.file
	object, array := looksLikeJSON(prefix, f.Name())
	switch {
	case len(prefix) == 0:
		return nil, Facts{}, f.invalid("files.empty", nil)
	case bytes.HasPrefix(prefix, oleMagic):
		return t.openXLS(io.MultiReader(bytes.NewReader(prefix), rest), rest, o)
	case bytes.HasPrefix(prefix, zipMagic):
		return t.openSheet(ctx, io.MultiReader(bytes.NewReader(prefix), rest), rest, o)
	case o.RowPath != "" && foreignKind(prefix) == "" && looksLikeXML(prefix), o.RowPath != "" && foreignKind(prefix) == "XML":
		return newXML(ctx, f, prefix, rest, o.RowPath)
	case foreignKind(prefix) != "":
		return nil, Facts{}, f.invalid("files.not_table", errs.Args{"kind": foreignKind(prefix)})
	case len(o.Columns) > 0:
		return newFixed(prefix, rest, whole, o, f)
	case array:
		return nil, Facts{}, f.invalid("files.json_array", nil)
	case o.Format == XLSX:
		return nil, Facts{}, f.invalid("files.xlsx_broken", nil)
	case o.Format == JSONL, o.Format == "" && object:
		return newJSONL(ctx, f, prefix, rest)
	}
	return newCSV(prefix, rest, whole, o, f)
}

// Name is how messages name the file.
func (t *Table) Name() string { return t.file.Name() }

// Headers are the header cells as written; a column without a name is "".
func (t *Table) Headers() []string { return t.headers }

// HeaderRow is the row number of the header, 0 for formats that have none.
func (t *Table) HeaderRow() int { return t.headerRow }

// Facts is what was found about the file.
func (t *Table) Facts() Facts { return t.facts }

// Warnings are what a person should know besides the rows. They are complete once Next has returned io.EOF.
func (t *Table) Warnings() []*errs.Error { return t.warnings }

// Progress is how many bytes of the file were read, of how many.
func (t *Table) Progress() (done, total int64) { return min(t.done.Load(), t.size), t.size }

// Close frees the file.
func (t *Table) Close() error { return t.rows.close() }

// Next returns the next data row, or io.EOF. Blank rows, rows of totals and repeated headers are passed over.
func (t *Table) Next() (Record, error) {
	for {
		r, err := t.nextRow()
		if err == io.EOF {
			if !t.ended && t.count == 0 {
				t.warn("files.header_only", nil)
			}
			t.ended = true
			return Record{}, io.EOF
		}
		if err != nil {
			return Record{}, t.file.readError(fmt.Errorf("after row %d: %w", t.headerRow+t.count, err))
		}
		if r.bad == nil && (isBlankRow(r.cells) || !t.plain && (isTotal(r.cells) || t.isHeader(r.cells))) {
			continue
		}
		t.count++
		if r.bad == nil {
			r = t.fit(r)
		}
		if r.bad != nil {
			return Record{Number: r.number, Raw: r.raw, Bad: r.bad}, nil
		}
		return Record{Number: r.number, Cells: r.cells, Raw: r.raw}, nil
	}
}

// Fields is the row by header, for maps. Empty cells and columns without a name are left out; of columns with one name
// the first that is filled counts.
func (t *Table) Fields(r Record) map[string]any {
	out := make(map[string]any, len(r.Cells))
	for i, c := range r.Cells {
		if _, filled := out[t.headers[i]]; c != "" && t.headers[i] != "" && !filled {
			out[t.headers[i]] = c
		}
	}
	return out
}

func (t *Table) nextRow() (row, error) {
	if len(t.early) > 0 {
		r := t.early[0]
		t.early = t.early[1:]
		return r, nil
	}
	return t.rows.next()
}

// fit makes the row as wide as the header. Text with more or fewer cells is bad: a value was cut or holds the
// delimiter, and every column after it may be another one. Sheets leave out blank cells at the end.
func (t *Table) fit(r row) row {
	width := len(t.headers)
	for len(r.cells) > width && (r.cells[len(r.cells)-1] == "" || t.facts.Format != CSV) {
		r.cells = r.cells[:len(r.cells)-1]
	}
	if len(r.cells) == width {
		return r
	}
	if missing := t.headers[min(len(r.cells), width):]; len(r.cells) > width || t.facts.Format == CSV && !isBlankRow(missing) {
		bad := rowIssue("ragged", fmt.Sprintf("%d ≠ %d", len(r.cells), width))
		if r.lines > 1 { // more likely a quote that was not closed than a value of several lines
			return t.rows.split(bad)
		}
		r.bad = bad
		return r
	}
	for len(r.cells) < width {
		r.cells = append(r.cells, "")
	}
	return r
}

func (t *Table) isHeader(cells []string) bool {
	return len(t.headers) > 1 && len(cells) >= len(t.headers) && cells[0] == t.headers[0] && slices.Equal(cells[:len(t.headers)], t.headers)
}

func (t *Table) warn(code string, args errs.Args) {
	t.warnings = append(t.warnings, t.file.invalid(code, args))
}

func isBlankRow(cells []string) bool {
	for _, c := range cells {
		if c != "" {
			return false
		}
	}
	return true
}

// totals begin the rows that printed reports end with.
var totals = []string{"合计", "总计", "小计", "本页合计", "本页小计", "累计", "总合计", "共计", "GRANDTOTAL", "TOTAL", "SUBTOTAL", "合計", "總計", "小計"}

// isTotal reports whether the row sums up others: a cell says just that, or the first text begins so.
func isTotal(cells []string) bool {
	first := true
	for _, c := range cells {
		if c == "" {
			continue
		}
		if len(c) > 64 {
			first = false
			continue
		}
		if first && isTotalText(c) {
			return true
		}
		if first = false; c == "合计" || c == "总计" || c == "小计" {
			return true
		}
	}
	return false
}

func isTotalText(c string) bool {
	switch c[0] {
	case 0xE5, 0xE6, 0xE7, 'g', 'G', 't', 'T', 's', 'S': // 合 总 小 本 累 共 總
	default:
		return false
	}
	text := strings.ToUpper(strings.Map(func(r rune) rune {
		if isBlank(r) {
			return -1
		}
		return r
	}, c))
	for _, word := range totals {
		if rest, ok := strings.CutPrefix(text, word); ok && (rest == "" || strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "：") || strings.HasPrefix(rest, "(") || strings.HasPrefix(rest, "（")) {
			return true
		}
	}
	return false
}

type countReader struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}
