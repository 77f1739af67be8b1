package filesource

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tributary/canonical"
)

// Column is one column of a text of fixed width. Places are counted as old programs for Chinese text count them: a
// character outside ASCII takes two, whatever the file's encoding.
type Column struct {
	Name  string
	Start int // from 0
	End   int // behind the last place
}

// ParseColumn reads "name:first-last", places from 1, both included.
func ParseColumn(text string) (Column, bool) {
	name, places, ok := strings.Cut(text, ":")
	first, last, ranged := strings.Cut(places, "-")
	from, ferr := strconv.Atoi(strings.TrimSpace(first))
	to, terr := strconv.Atoi(strings.TrimSpace(last))
	name = trimCell(name)
	if !ok || !ranged || ferr != nil || terr != nil || name == "" || from < 1 || to < from || to > maxRecord {
		return Column{}, false
	}
	return Column{Name: name, Start: from - 1, End: to}, true
}

// fixedRows cuts each line at the places of the columns. A line may be short: exporters cut blanks off.
type fixedRows struct {
	scan    lineScanner
	char    charset
	columns []Column
	skip    int // lines above the data
	number  int
	cells   []string
	closer  io.Closer
}

func newFixed(prefix []byte, rest io.ReadCloser, whole bool, o Options, f File) (rows, Facts, error) {
	text, facts, err := newCSV(prefix, rest, whole, Options{Encoding: o.Encoding, Delimiter: ','}, f) // finds encoding and line ends
	if err != nil {
		return nil, Facts{}, err
	}
	facts.Format, facts.Delimiter = Fixed, 0
	return &fixedRows{scan: text.scan, char: text.char, columns: slices.Clone(o.Columns), skip: o.HeaderRow, closer: rest}, facts, nil
}

func (r *fixedRows) headerCells() []string {
	out := make([]string, len(r.columns))
	for i, c := range r.columns {
		out[i] = c.Name
	}
	return out
}

func (r *fixedRows) next() (row, error) {
	for {
		raw, err := r.scan.line()
		if errors.Is(err, errTooLong) {
			r.number++
			return row{number: r.number, raw: r.scan.head, lines: 1, bad: rowIssue("too_long", "")}, nil
		}
		if err != nil {
			return row{}, err
		}
		if r.number++; r.number <= r.skip {
			continue
		}
		out := row{number: r.number, raw: raw, lines: 1}
		text, ok := r.char.text(raw)
		switch {
		case bytes.IndexByte(raw, 0) >= 0 && r.char.unit == 1:
			out.bad = rowIssue("nul", "")
		case !ok:
			out.bad = rowIssue("encoding", r.char.name)
		case !r.cut(text):
			out.bad = rowIssue("places", "")
		default:
			out.cells = r.cells
		}
		return out, nil
	}
}

// cut fills the cells; false when a border falls into the middle of a character.
func (r *fixedRows) cut(text string) bool {
	r.cells = r.cells[:0]
	for _, c := range r.columns {
		from, ok := offset(text, c.Start)
		to, fits := offset(text, c.End)
		if !ok || !fits {
			return false
		}
		r.cells = append(r.cells, trimCell(text[from:to]))
	}
	return true
}

// offset is the byte at a place, or the end of a text that is shorter; false inside a character.
func offset(text string, place int) (int, bool) {
	at := 0
	for i := 0; i < len(text); {
		if at >= place {
			return i, at == place
		}
		_, n := utf8.DecodeRuneInString(text[i:])
		if n == 1 {
			at++
		} else {
			at += 2
		}
		i += n
	}
	return len(text), at <= place
}

func (r *fixedRows) split(bad *canonical.Issue) row {
	return row{number: r.number, raw: r.scan.again(), lines: 1, bad: bad}
}

func (r *fixedRows) close() error { return r.closer.Close() }
