package filesource

import (
	"bytes"
	"io"
	"slices"
	"unicode"
)

// headered formats know their headers without a row for them.
type headered interface{ headerCells() []string }

// findHeader takes the header row and keeps the rows after it that were read on the way. Rows before it are titles.
func (t *Table) findHeader(o Options) error {
	if h, ok := t.rows.(headered); ok {
		t.headers = h.headerCells()
		return nil
	}
	var seen []row
	at := -1
	for len(seen) < headerWindow || o.HeaderRow > 0 && at < 0 {
		r, err := t.rows.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if o.HeaderRow > 0 {
			if r.number < o.HeaderRow {
				continue
			}
			seen, at = append(seen, r.clone()), 0
			break
		}
		if r.bad != nil || !isBlankRow(r.cells) {
			seen = append(seen, r.clone())
			if o.Plain {
				at = 0
				break
			}
		}
	}
	if at < 0 {
		at = bestHeader(seen, o.Known)
	}
	if at < 0 || seen[at].bad != nil {
		return t.noHeader(seen)
	}
	t.headers, t.headerRow, t.early = seen[at].cells, seen[at].number, seen[at+1:]
	if t.facts.Format != CSV {
		for len(t.headers) > 0 && t.headers[len(t.headers)-1] == "" {
			t.headers = t.headers[:len(t.headers)-1]
		}
	}
	return nil
}

// noHeader explains why there is no table: nothing there, or nothing readable.
func (t *Table) noHeader(seen []row) error {
	if len(seen) == 0 {
		return t.file.invalid("files.empty", nil)
	}
	for _, r := range seen {
		if r.bad != nil && r.bad.Rule == "encoding" {
			return t.file.invalid("files.encoding_unknown", nil)
		}
	}
	return t.file.invalid("files.no_header", nil)
}

// bestHeader picks the row with the most known headers. Where none is known it is the first row that is as wide as the
// widest and holds no number: the caller's alias table then names what is missing.
func bestHeader(seen []row, known func(string) bool) int {
	best, score := -1, 0
	if known != nil {
		for i, r := range seen {
			if n := countKnown(r.cells, known); n > score {
				best, score = i, n
			}
		}
	}
	if best >= 0 {
		return best
	}
	widest := 0
	for _, r := range seen {
		widest = max(widest, filled(r.cells))
	}
	fallback := -1
	for i, r := range seen {
		if widest == 0 || filled(r.cells) < widest {
			continue
		}
		if !slices.ContainsFunc(r.cells, isNumber) {
			return i
		}
		if fallback < 0 {
			fallback = i
		}
	}
	return fallback
}

// countKnown counts different known headers, so that a column of one repeated word does not win.
func countKnown(cells []string, known func(string) bool) int {
	n := 0
	for i, c := range cells {
		if c != "" && len(c) <= 200 && known(c) && !slices.Contains(cells[:i], c) {
			n++
		}
	}
	return n
}

func filled(cells []string) (n int) {
	for _, c := range cells {
		if c != "" {
			n++
		}
	}
	return n
}

// isNumber reports whether the cell holds digits and no letter.
func isNumber(c string) bool {
	digit := false
	for _, r := range c {
		if unicode.IsLetter(r) {
			return false
		}
		digit = digit || unicode.IsDigit(r)
	}
	return digit
}

func (r row) clone() row {
	r.cells, r.raw = slices.Clone(r.cells), bytes.Clone(r.raw)
	r.lines = 1 // what followed was read already
	return r
}
