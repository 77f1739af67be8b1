package filesource

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"tributary/canonical"
)

// row is one row of a file before the table decides what it is.
type row struct {
	number int
	cells  []string
	raw    []byte
	lines  int // text lines it spans: 1, or 2 for more
	bad    *canonical.Issue
}

// rows is a format: it yields the rows of a file from the top. What a row holds is valid until the next call.
type rows interface {
	next() (row, error) // io.EOF at the end
	// split gives up on the last row: it is bad for the reason given, and reading goes on after its first line.
	split(bad *canonical.Issue) row
	close() error
}

// csvRows reads delimited text. Quotes follow RFC 4180: a field is quoted as a whole or not at all. Anything else
// makes the line bad, since no one can tell where its fields end.
type csvRows struct {
	scan   lineScanner
	char   charset
	delim  byte
	number int
	cells  []string
	closer io.Closer
}

func (c *csvRows) next() (row, error) {
	raw, quoted, err := c.scan.next()
	if errors.Is(err, errTooLong) {
		c.number++
		return row{number: c.number, raw: c.scan.head, lines: 1, bad: rowIssue("too_long", "")}, nil
	}
	if err != nil {
		return row{}, err
	}
	c.number++
	r := row{number: c.number, raw: raw, lines: 1}
	if bytes.IndexByte(raw, 0) >= 0 && c.char.unit == 1 {
		return c.split(rowIssue("nul", "")), nil
	}
	text, ok := c.char.text(raw)
	if !ok {
		return c.split(rowIssue("encoding", c.char.name)), nil
	}
	if !quoted {
		c.cells = splitPlain(c.cells[:0], text, c.delim)
	} else if c.cells, ok = splitQuoted(c.cells[:0], text, c.delim); !ok {
		return c.split(rowIssue("quote", "")), nil
	}
	if c.scan.lastFirst < c.scan.start-c.scan.last {
		r.lines = 2
	}
	r.cells = c.cells
	return r, nil
}

func (c *csvRows) split(bad *canonical.Issue) row {
	return row{number: c.number, raw: c.scan.again(), lines: 1, bad: bad}
}

func (c *csvRows) close() error { return c.closer.Close() }

func splitPlain(cells []string, text string, delim byte) []string {
	for {
		i := strings.IndexByte(text, delim)
		if i < 0 {
			return append(cells, trimCell(text))
		}
		cells = append(cells, trimCell(text[:i]))
		text = text[i+1:]
	}
}

// splitQuoted cuts a record with quotes. A field written ="0250301" (a spreadsheet's way to keep zeros) is its text.
func splitQuoted(cells []string, text string, delim byte) ([]string, bool) {
	for {
		body := strings.TrimLeft(text, " ")
		if strings.HasPrefix(body, `="`) {
			body = body[1:]
		}
		if !strings.HasPrefix(body, `"`) {
			i := strings.IndexByte(text, delim)
			field := text
			if i >= 0 {
				field = text[:i]
			}
			if strings.IndexByte(field, '"') >= 0 {
				return cells, false
			}
			cells = append(cells, trimCell(field))
			if i < 0 {
				return cells, true
			}
			text = text[i+1:]
			continue
		}
		field, rest, ok := unquote(body)
		if !ok {
			return cells, false
		}
		if inner, isFormula := strings.CutPrefix(field, `="`); isFormula && strings.HasSuffix(inner, `"`) {
			field = inner[:len(inner)-1]
		}
		cells = append(cells, trimCell(field))
		rest = strings.TrimLeft(rest, " \r")
		if rest == "" {
			return cells, true
		}
		if rest[0] != delim {
			return cells, false
		}
		text = rest[1:]
	}
}

// unquote reads the quoted field at the start of s and returns what follows its closing quote.
func unquote(s string) (field, rest string, ok bool) {
	s = s[1:]
	doubled := false
	for i := 0; ; {
		j := strings.IndexByte(s[i:], '"')
		if j < 0 {
			return "", "", false
		}
		i += j
		if i+1 < len(s) && s[i+1] == '"' {
			doubled = true
			i += 2
			continue
		}
		field = s[:i]
		if doubled {
			field = strings.ReplaceAll(field, `""`, `"`)
		}
		return field, s[i+1:], true
	}
}

// trimCell drops spaces of every width, and marks that have none, from both ends.
func trimCell(s string) string {
	if s == "" {
		return s
	}
	if a, z := s[0], s[len(s)-1]; a > ' ' && a != 0xE3 && a != 0xC2 && a != 0xE2 && a != 0xEF && z > ' ' && (z < 0x80 || z > 0xAF) {
		return s
	}
	return strings.TrimFunc(s, isBlank)
}

func isBlank(r rune) bool {
	switch r {
	case ' ', '\t', '\r', '\n', '\v', '\f', 0x85, 0xA0, 0x3000, 0xFEFF, 0x200B:
		return true
	}
	return r >= 0x2000 && r <= 0x200A || r == 0x202F || r == 0x205F
}

// rowIssue is what is wrong with a whole row. value is short and the same in every language.
func rowIssue(rule, value string) *canonical.Issue {
	return &canonical.Issue{Field: "row", Rule: rule, Code: "files.row_" + rule, Value: value}
}
