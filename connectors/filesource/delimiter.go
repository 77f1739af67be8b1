package filesource

import (
	"bytes"
	"io"
	"strings"
)

var delimiters = []byte{',', '\t', ';', '|'}

// sniffDelimiter finds the delimiter from the first rows: the one under which a row shows the most known headers, else
// the one that cuts the most rows into equal numbers of cells. Excel's own "sep=;" line decides at once.
func sniffDelimiter(prefix []byte, c charset, eol byte, known func(string) bool) byte {
	first, _, _ := bytes.Cut(prefix, []byte{eol})
	if d, ok := excelSep(string(first)); ok {
		return d
	}
	best, bestHeaders, bestRows := byte(','), 0, 0
	for _, d := range delimiters {
		headers, rows := tryDelimiter(prefix, c, eol, d, known)
		if headers > bestHeaders || headers == bestHeaders && rows > bestRows {
			best, bestHeaders, bestRows = d, headers, rows
		}
	}
	return best
}

// tryDelimiter counts the known headers of the best row, and how many rows have the width that most rows have.
func tryDelimiter(prefix []byte, c charset, eol, delim byte, known func(string) bool) (headers, rows int) {
	r := csvRows{scan: lineScanner{r: bytes.NewReader(prefix), unit: c.unit, big: c.big, eol: eol}, char: c, delim: delim}
	widths := map[int]int{}
	for range headerWindow {
		row, err := r.next()
		if err != nil {
			break
		}
		if row.bad != nil || len(row.cells) < 2 {
			continue
		}
		widths[len(row.cells)]++
		if known != nil {
			headers = max(headers, countKnown(row.cells, known))
		}
	}
	for width, n := range widths {
		rows = max(rows, n*min(width, 8)) // a wide table beats a stray character in every row
	}
	return headers, rows
}

// excelSep reads the line "sep=;" by which Excel is told the delimiter.
func excelSep(line string) (byte, bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(strings.Trim(line, "\"\r\n \ufeff")), "sep=")
	if !ok || len(rest) != 1 {
		return 0, false
	}
	return rest[0], true
}

// lineEndOf is '\r' in a text that knows no other line end.
func lineEndOf(prefix []byte, c charset) byte {
	s := lineScanner{unit: c.unit, big: c.big}
	if s.index(prefix, '\n') < 0 && s.index(prefix, '\r') >= 0 {
		return '\r'
	}
	return '\n'
}

// newCSV opens delimited text whose first bytes are prefix.
func newCSV(prefix []byte, rest io.ReadCloser, whole bool, o Options, f File) (*csvRows, Facts, error) {
	char, bom, ok := sniffCharset(prefix, whole)
	if o.Encoding != "" {
		forced, known := charsetByName(o.Encoding)
		if !known {
			return nil, Facts{}, f.invalid("files.encoding_name", map[string]any{"encoding": o.Encoding})
		}
		if forced.name != char.name {
			bom = 0
		}
		char, ok = forced, true
	}
	if !ok {
		if looksBinary(prefix) {
			return nil, Facts{}, f.invalid("files.binary", nil)
		}
		return nil, Facts{}, f.invalid("files.encoding_unknown", nil)
	}
	if char.unit == 1 && looksBinary(prefix) {
		return nil, Facts{}, f.invalid("files.binary", nil)
	}
	prefix = prefix[bom:]
	eol := lineEndOf(prefix, char)
	c := &csvRows{
		scan: lineScanner{r: io.MultiReader(bytes.NewReader(prefix), rest), unit: char.unit, big: char.big, eol: eol},
		char: char, delim: ',', closer: rest,
	}
	switch {
	case o.Delimiter > 0 && o.Delimiter < 0x80:
		c.delim = byte(o.Delimiter)
	case o.Delimiter != 0:
		return nil, Facts{}, f.invalid("files.delimiter", map[string]any{"delimiter": string(o.Delimiter)})
	default:
		c.delim = sniffDelimiter(prefix, char, eol, o.Known)
	}
	return c, Facts{Format: CSV, Encoding: char.name, Delimiter: rune(c.delim)}, nil
}
