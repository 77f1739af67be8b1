package filesource

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"tributary/canonical"
)

// jsonRows reads one JSON object a line. The columns are the keys of all lines, in the order of their first use; they
// are collected by a reading of their own, so that a key that comes late is not lost.
type jsonRows struct {
	columns
	scan   lineScanner
	char   charset
	number int
	closer io.Closer
}

func newJSONL(ctx context.Context, f File, prefix []byte, rest io.ReadCloser) (*jsonRows, Facts, error) {
	first, err := f.reader(ctx)
	if err != nil {
		return nil, Facts{}, err
	}
	defer first.Close()
	j := openJSON(first)
	for {
		r, err := j.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, Facts{}, err
		}
		if r.bad == nil && len(j.headers) > maxColumns {
			return nil, Facts{}, f.invalid("files.columns", map[string]any{"limit": maxColumns})
		}
	}
	if len(j.headers) == 0 {
		return nil, Facts{}, f.invalid("files.no_header", nil)
	}
	again := openJSON(io.MultiReader(bytes.NewReader(prefix), rest))
	again.headers, again.index, again.closer = j.headers, j.index, rest
	return again, Facts{Format: JSONL, Encoding: "utf-8"}, nil
}

func openJSON(r io.Reader) *jsonRows {
	utf8, _ := charsetByName("utf-8")
	return &jsonRows{scan: lineScanner{r: r, unit: 1, eol: '\n'}, char: utf8, columns: columns{index: map[string]int{}}}
}

func (j *jsonRows) next() (row, error) {
	raw, err := j.scan.line()
	if errors.Is(err, errTooLong) {
		j.number++
		return row{number: j.number, raw: j.scan.head, bad: rowIssue("too_long", "")}, nil
	}
	if err != nil {
		return row{}, err
	}
	j.number++
	r := row{number: j.number, raw: bytes.TrimPrefix(raw, utf8BOM), lines: 1}
	if len(bytes.TrimSpace(r.raw)) == 0 {
		return r, nil
	}
	if _, ok := j.char.text(r.raw); !ok {
		r.bad = rowIssue("encoding", j.char.name)
	} else if err := j.parse(r.raw); err != nil {
		r.bad = rowIssue("json", "")
	} else {
		r.cells = j.cells
	}
	return r, nil
}

func (j *jsonRows) split(bad *canonical.Issue) row {
	return row{number: j.number, raw: j.scan.again(), bad: bad}
}

func (j *jsonRows) close() error { return j.closer.Close() }

// parse fills the cells from one object. Numbers keep their digits, nested values stay JSON text.
func (j *jsonRows) parse(line []byte) error {
	clear(j.cells)
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errNotObject
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		text, err := jsonText(value)
		if err != nil {
			return err
		}
		j.set(trimCell(key.(string)), text)
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errNotObject
	}
	return nil
}

func jsonText(v json.RawMessage) (string, error) {
	switch v[0] {
	case '"':
		var s string
		err := json.Unmarshal(v, &s)
		return trimCell(s), err
	case 'n':
		return "", nil
	case '{', '[':
		var b bytes.Buffer
		err := json.Compact(&b, v)
		return b.String(), err
	}
	return string(v), nil // number, true, false
}

var errNotObject = errors.New("not one JSON object")
