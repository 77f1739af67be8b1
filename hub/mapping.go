package hub

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/internal/errs"
	"tributary/mapping"
)

// MappingProblem is one thing wrong in a map file.
type MappingProblem struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Code   string `json:"code"`
	Err    error  `json:"-"`
}

// LintMap checks a map file. With a sample file it also names source fields that the sample does not have.
func (h *Hub) LintMap(ctx context.Context, mapFile, sample string) ([]MappingProblem, error) {
	src, err := readMap(mapFile)
	if err != nil {
		return nil, err
	}
	var fields []string
	if sample != "" {
		table, err := filesource.Open(ctx, sample, filesource.Options{})
		if err != nil {
			return nil, err
		}
		fields = table.Headers()
		if err := table.Close(); err != nil {
			return nil, err
		}
	}
	out := []MappingProblem{}
	for _, p := range mapping.Lint(mapFile, src, fields) {
		out = append(out, MappingProblem{Line: p.Line, Column: p.Column, Code: p.Err.Code, Err: p.Err})
	}
	return out, nil
}

// previewRows is how many rows a preview shows unless told otherwise.
const previewRows = 10

// PreviewRequest names a file and how its rows are to be read: by a map, or as a kind of table by its headers.
type PreviewRequest struct {
	File string
	Map  string // map file; "" = by headers
	As   string // kind of table, with headers
	Rows int    // how many rows; 0 = 10
}

// PreviewRow is one source row, what it becomes, and what is wrong with it.
type PreviewRow struct {
	Row       int               `json:"row"`
	Source    map[string]any    `json:"source"`
	Canonical any               `json:"canonical"`
	Filtered  bool              `json:"filtered,omitempty"`
	Issues    []canonical.Issue `json:"issues"`
}

// PreviewReport is what a preview shows.
type PreviewReport struct {
	Rows    []PreviewRow `json:"rows"`
	Unknown []string     `json:"unknown_columns"`
	Headers []string     `json:"headers"`
}

// PreviewMap reads the first rows of a file and shows what a map makes of them. Nothing is stored.
func (h *Hub) PreviewMap(ctx context.Context, req PreviewRequest) (report PreviewReport, err error) {
	var m *mapping.Map
	var kind mapping.Kind
	if req.Map != "" {
		src, err := readMap(req.Map)
		if err != nil {
			return report, err
		}
		if m, err = mapping.Parse(req.Map, src); err != nil {
			return report, err
		}
	} else if kind, err = mapping.ParseKind(req.As); err != nil {
		return report, err
	}
	opts := filesource.Options{}
	if m == nil {
		opts.Known = mapping.Known(kind)
	}
	table, err := filesource.Open(ctx, req.File, opts)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, table.Close()) }()
	report = PreviewReport{Headers: table.Headers(), Rows: []PreviewRow{}, Unknown: []string{}}
	if m == nil {
		var columns mapping.Report
		if m, columns, err = mapping.FromHeaders(kind, table.Headers(), mapping.Defaults{}); err != nil {
			return report, err
		}
		report.Unknown = append(report.Unknown, columns.Unknown...)
	}
	limit := req.Rows
	if limit <= 0 {
		limit = previewRows
	}
	for len(report.Rows) < limit {
		rec, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return report, err
		}
		row := PreviewRow{Row: rec.Number, Issues: []canonical.Issue{}}
		if rec.Bad != nil {
			row.Issues = append(row.Issues, *rec.Bad)
		} else {
			row.Source = table.Fields(rec)
			res := m.Apply(row.Source)
			row.Canonical, row.Filtered, row.Issues = res.Value, res.Filtered, append(row.Issues, res.Issues...)
		}
		report.Rows = append(report.Rows, row)
	}
	return report, nil
}

func readMap(file string) ([]byte, error) {
	src, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errs.New(errs.Invalid, "hub.map_missing", errs.Args{"file": file})
	}
	if err != nil {
		return nil, errs.New(errs.Invalid, "hub.map_unreadable", errs.Args{"file": file, "why": err})
	}
	return src, nil
}
