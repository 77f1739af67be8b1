package mapping

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"tributary/canonical"
	"tributary/internal/errs"
)

// Case is a golden case kept beside a map: source rows, how to map them, and what must come of it. It is a txtar
// archive of
//
//	map.yaml or kind    the map, or the kind of file whose headers make one; not needed beside a map of its own
//	rows.jsonl or .csv  the source rows
//	want.json           the result
type Case struct {
	archive *txtar.Archive
	Got     []byte // what came of the rows
	Want    []byte // what the case says
}

// RunCase maps the rows of a case, with the text of the map that the case stands beside; nil: the case brings its own. A
// map that is refused is a result too; the error is for archives that are no case.
func RunCase(name string, archive, beside []byte) (*Case, error) {
	c := &Case{archive: txtar.Parse(archive)}
	c.Want = c.file("want.json")
	headers, rows, err := c.rows()
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, "mapping.case", err, errs.Args{"file": name})
	}
	var out struct {
		Report *Report      `json:"report,omitempty"`
		Error  string       `json:"error,omitempty"`
		Rows   []caseResult `json:"rows"`
	}
	m, report, err := c.compile(beside, headers)
	out.Report = report
	if err != nil {
		out.Error = err.Error()
	} else {
		for _, row := range rows {
			out.Rows = append(out.Rows, caseResultOf(m.Apply(row)))
		}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("case %s: %w", name, err)
	}
	c.Got = buf.Bytes()
	return c, nil
}

// OK reports whether the result is the one the case says.
func (c *Case) OK() bool { return bytes.Equal(c.Got, c.Want) }

// Updated is the archive with the result as what is wanted.
func (c *Case) Updated() []byte {
	for i := range c.archive.Files {
		if c.archive.Files[i].Name == "want.json" {
			c.archive.Files[i].Data = c.Got
			return txtar.Format(c.archive)
		}
	}
	c.archive.Files = append(c.archive.Files, txtar.File{Name: "want.json", Data: c.Got})
	return txtar.Format(c.archive)
}

type caseResult struct {
	Key        string            `json:"key,omitempty"`
	Filtered   bool              `json:"filtered,omitempty"`
	Deleted    bool              `json:"deleted,omitempty"`
	SourceTime string            `json:"source_time,omitempty"`
	Value      any               `json:"value,omitempty"`
	Issues     []canonical.Issue `json:"issues,omitempty"`
}

func caseResultOf(r Result) caseResult {
	out := caseResult{Key: r.Key, Filtered: r.Filtered, Deleted: r.Deleted, Value: r.Value, Issues: r.Issues}
	if !r.SourceTime.IsZero() {
		out.SourceTime = r.SourceTime.Format(time.RFC3339Nano)
	}
	return out
}

func (c *Case) compile(beside []byte, headers []string) (*Map, *Report, error) {
	if src := cmp.Or(string(beside), string(c.file("map.yaml"))); src != "" {
		m, err := Parse("map.yaml", []byte(src))
		return m, nil, err
	}
	kind, err := ParseKind(strings.TrimSpace(string(c.file("kind"))))
	if err != nil {
		return nil, nil, err
	}
	m, report, err := FromHeaders(kind, headers, Defaults{})
	return m, &report, err
}

func (c *Case) rows() (headers []string, rows []map[string]any, err error) {
	if text := c.file("rows.csv"); text != nil {
		records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil || len(records) == 0 {
			return nil, nil, fmt.Errorf("rows.csv: %w", orEmpty(err))
		}
		for _, r := range records[1:] {
			row := map[string]any{}
			for i, h := range records[0] {
				row[h] = r[i]
			}
			rows = append(rows, row)
		}
		return records[0], rows, nil
	}
	d := json.NewDecoder(bytes.NewReader(c.file("rows.jsonl")))
	d.UseNumber()
	for {
		var row map[string]any
		if err := d.Decode(&row); err == io.EOF {
			break
		} else if err != nil {
			return nil, nil, fmt.Errorf("rows.jsonl: %w", err)
		}
		rows = append(rows, row)
	}
	if rows == nil {
		return nil, nil, fmt.Errorf("rows.csv or rows.jsonl: %w", orEmpty(nil))
	}
	return nil, rows, nil
}

func orEmpty(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (c *Case) file(name string) []byte {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}
