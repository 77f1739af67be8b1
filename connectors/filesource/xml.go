package filesource

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
)

// maxNesting bounds how deep elements lie in each other.
const maxNesting = 100

// xmlRows reads the elements at one path. The columns are what lies in them: attributes, elements with text, and those of
// elements inside as outer/inner; they are collected by a reading of their own, which also proves the file whole before
// a row of it is stored. Documents that declare types or entities are refused: they can name other files, and unfold to
// any size.
type xmlRows struct {
	columns
	file   File
	d      *xml.Decoder
	in     *tokenLimit
	path   []string
	at     []string // open elements
	number int
	text   bytes.Buffer
	closer io.Closer
}

func looksLikeXML(prefix []byte) bool {
	text := bytes.TrimSpace(bytes.TrimPrefix(prefix, utf8BOM))
	return bytes.HasPrefix(text, []byte("<"))
}

// ParseRowPath reads /report/rows/row.
func ParseRowPath(text string) ([]string, bool) {
	if !strings.HasPrefix(text, "/") {
		return nil, false
	}
	parts := strings.Split(text[1:], "/")
	for _, p := range parts {
		if p == "" || strings.ContainsAny(p, " <>&[]@*") {
			return nil, false
		}
	}
	return parts, len(parts) <= maxNesting
}

func newXML(ctx context.Context, f File, prefix []byte, rest io.ReadCloser, rowPath string) (rows, Facts, error) {
	path, ok := ParseRowPath(rowPath)
	if !ok {
		return nil, Facts{}, f.invalid("files.xml_path", errs.Args{"row_path": rowPath})
	}
	first, err := f.reader(ctx)
	if err != nil {
		return nil, Facts{}, err
	}
	defer first.Close()
	x := openXML(f, first, path)
	for {
		if _, err := x.next(); err == io.EOF {
			break
		} else if err != nil {
			return nil, Facts{}, err
		}
		if len(x.headers) > maxColumns {
			return nil, Facts{}, f.invalid("files.columns", errs.Args{"limit": maxColumns})
		}
	}
	if len(x.headers) == 0 {
		return nil, Facts{}, f.invalid("files.xml_no_rows", errs.Args{"row_path": rowPath})
	}
	again := openXML(f, io.MultiReader(bytes.NewReader(prefix), rest), path)
	again.headers, again.index, again.closer = x.headers, x.index, rest
	return again, Facts{Format: XML}, nil
}

func openXML(f File, r io.Reader, path []string) *xmlRows {
	in := &tokenLimit{r: r}
	d := xml.NewDecoder(in)
	d.CharsetReader = func(name string, in io.Reader) (io.Reader, error) {
		c, ok := charsetByName(name)
		if !ok || c.enc == nil {
			return nil, fmt.Errorf("encoding %q", name)
		}
		return c.enc.NewDecoder().Reader(in), nil
	}
	return &xmlRows{file: f, d: d, in: in, path: path, columns: columns{index: map[string]int{}}}
}

func (x *xmlRows) next() (row, error) {
	clear(x.cells)
	x.cells = x.cells[:0]
	size := 0
	for {
		x.in.left = maxRecord
		t, err := x.d.Token()
		if err == io.EOF && len(x.at) == 0 {
			return row{}, io.EOF
		}
		if err != nil {
			return row{}, x.broken(err)
		}
		inside := x.inside()
		switch t := t.(type) {
		case xml.Directive:
			return row{}, x.file.invalid("files.xml_doctype", nil)
		case xml.StartElement:
			if x.at = append(x.at, t.Name.Local); len(x.at) > maxNesting {
				return row{}, x.file.invalid("files.xml_deep", errs.Args{"limit": maxNesting})
			}
			if x.inside() {
				for _, a := range t.Attr {
					x.set(x.name(a.Name.Local), a.Value)
					size += len(a.Value)
				}
			}
		case xml.CharData:
			if inside && len(x.at) >= len(x.path) {
				size += len(t)
				x.add(x.name(""), string(t))
			}
		case xml.EndElement:
			x.at = x.at[:len(x.at)-1]
			if inside && !x.inside() {
				x.number++
				if size > maxRecord {
					return row{number: x.number, raw: []byte("{}"), bad: rowIssue("too_long", "")}, nil
				}
				return sheetRow(x.number, x.filled(), &x.text)
			}
		}
		if size > maxRecord {
			x.cells = x.cells[:0] // what is in excess is not kept
		}
	}
}

// inside reports whether the reader stands in a row.
func (x *xmlRows) inside() bool {
	if len(x.at) < len(x.path) {
		return false
	}
	for i, p := range x.path {
		if x.at[i] != p {
			return false
		}
	}
	return true
}

// name is the column at the present element, or of an attribute of it.
func (x *xmlRows) name(attribute string) string {
	parts := x.at[len(x.path):]
	if attribute != "" {
		return strings.Join(append(append([]string{}, parts...), attribute), "/")
	}
	return strings.Join(parts, "/")
}

// add appends: a text may come in pieces, and blanks between elements are no text.
func (x *xmlRows) add(name, text string) {
	i, ok := x.index[name]
	if strings.TrimSpace(text) == "" && (!ok || i >= len(x.cells) || x.cells[i] == "") {
		return
	}
	if ok && i < len(x.cells) {
		text = x.cells[i] + text
	}
	x.set(name, text)
}

// filled is the row as wide as the header.
func (x *xmlRows) filled() []string {
	for len(x.cells) < len(x.headers) {
		x.cells = append(x.cells, "")
	}
	return x.cells
}

func (x *xmlRows) broken(err error) error {
	var own *errs.Error
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, errTooLong):
		return x.file.invalid("files.xml_huge", nil)
	case errors.As(err, &own), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &syntax), err == io.EOF:
		line, _ := x.d.InputPos()
		return x.file.invalid("files.xml_broken", errs.Args{"line": line})
	}
	return x.file.invalid("files.xml_broken", errs.Args{"line": 1})
}

func (x *xmlRows) split(bad *canonical.Issue) row { return row{number: x.number, bad: bad} }

func (x *xmlRows) close() error { return x.closer.Close() }

// tokenLimit bounds what the decoder reads for one token, which it holds in memory.
type tokenLimit struct {
	r    io.Reader
	left int
}

func (t *tokenLimit) Read(p []byte) (int, error) {
	if t.left <= 0 {
		return 0, errTooLong
	}
	n, err := t.r.Read(p)
	t.left -= n
	return n, err
}
