package hub

import (
	"context"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/mapping"
)

// PreviewRequest names rows and how they are to be read: by a map, or as a kind of table by their headers.
type PreviewRequest struct {
	Of   string // a file, or CONNECTION/STREAM of the configuration
	Map  string // map file; "" = the stream's own map, or by headers
	As   string // kind of table, with headers
	Rows int    // how many rows; 0 = 10
}

// PreviewRow is one source row, what it becomes, and what is wrong with it.
type PreviewRow struct {
	Row       int               `json:"row"`
	Source    map[string]any    `json:"source"`
	Canonical any               `json:"canonical"`
	Filtered  bool              `json:"filtered,omitempty"`
	Deleted   bool              `json:"deleted,omitempty"`
	Issues    []canonical.Issue `json:"issues"`
}

// PreviewReport is what a preview shows.
type PreviewReport struct {
	Rows    []PreviewRow `json:"rows"`
	Unknown []string     `json:"unknown_columns"`
	Headers []string     `json:"headers"`
}

// PreviewMap reads the first rows of a file, or of a stream as its system has them now, and shows what a map makes of
// them. Nothing is stored, and the system hears no acknowledgement.
func (h *Hub) PreviewMap(ctx context.Context, req PreviewRequest) (PreviewReport, error) {
	report := PreviewReport{Rows: []PreviewRow{}, Unknown: []string{}}
	m, kind, err := h.previewMap(req)
	if err != nil {
		return report, err
	}
	var known func(header string) bool
	if m == nil {
		known = mapping.Known(kind)
	}
	rows, err := h.sample(ctx, req.Of, known, req.Rows)
	if err != nil {
		return report, err
	}
	report.Headers = rows.fields
	if m == nil {
		var columns mapping.Report
		if m, columns, err = mapping.FromHeaders(kind, rows.fields, mapping.Defaults{}); err != nil {
			return report, err
		}
		report.Unknown = append(report.Unknown, columns.Unknown...)
	}
	for _, r := range rows.rows {
		row := PreviewRow{Row: r.number, Source: r.fields, Deleted: r.deleted, Issues: []canonical.Issue{}}
		switch {
		case r.bad != nil:
			row.Issues = append(row.Issues, *r.bad)
		case !r.deleted || len(r.fields) > 0:
			res := m.Apply(r.fields)
			row.Canonical, row.Filtered, row.Issues = res.Value, res.Filtered, append(row.Issues, res.Issues...)
			row.Deleted = row.Deleted || res.Deleted
		}
		report.Rows = append(report.Rows, row)
	}
	return report, nil
}

// previewMap is the map a preview uses; nil: made of the headers, for a table of that kind.
func (h *Hub) previewMap(req PreviewRequest) (*mapping.Map, mapping.Kind, error) {
	if req.Map != "" {
		src, err := readMap(req.Map)
		if err != nil {
			return nil, "", err
		}
		m, err := mapping.Parse(req.Map, src)
		return m, "", err
	}
	if t, ok, err := h.streamNamed(req.Of); ok && req.As == "" {
		if err != nil {
			return nil, "", err
		}
		_, m, _, err := h.streamMap(t.connection, t.stream)
		return m, "", err
	}
	if req.As == "" {
		return nil, "", errs.New(errs.Invalid, "hub.preview_how", nil)
	}
	kind, err := mapping.ParseKind(req.As)
	return nil, kind, err
}
