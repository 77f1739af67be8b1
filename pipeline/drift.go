package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tributary/connectors"
	"tributary/internal/errs"
	"tributary/store"
)

// DriftPolicy says what happens when a field of a stream comes, goes or changes its type.
type DriftPolicy string

// The policies.
const (
	DriftReport DriftPolicy = "report" // a warning of the run and in its event
	DriftStop   DriftPolicy = "stop"   // the run stops before the page is stored, so the position stays before it
	DriftIgnore DriftPolicy = "ignore"
)

// Drift is how a pull takes changes of its stream's fields.
type Drift struct {
	Default DriftPolicy            // "" = report, and stop when a field is gone that the map reads
	Fields  map[string]DriftPolicy // by field, before Default
	Accept  bool                   // what comes now is right; it is compared with nothing
}

const (
	maxShape     = 1000 // fields of a stream that are watched; a source that invents names must not fill the store
	shapeProof   = 100  // rows that show that a source always sends a field
	maxShapeRows = 1000 // counting ends there
)

// shape is what the rows of a stream have looked like.
type shape map[string]*fieldShape

type fieldShape struct {
	Rows   int      `json:"rows"`   // rows that had it, counted up to maxShapeRows
	Always bool     `json:"always"` // every row had it since it was first seen
	Types  []string `json:"types"`  // of values that were not null, sorted
}

// driftWatch compares the pages of one run with what the stream looked like before. Fields inside objects are watched
// by their dotted paths. Not safe for concurrent use.
type driftWatch struct {
	rules                Drift
	deletes              func(map[string]any) bool // what the map takes for a delete
	mapped               map[string]bool           // fields that the map reads
	known                shape                     // nil = nothing to compare with
	seen                 shape
	rows                 int
	added, gone, retyped []string
	told                 map[string]bool // a field is told once a run
}

func shapeName(connection, stream string) string { return "shape." + connection + "." + stream }

// watchDrift loads what is known of the stream.
func (p *pullIngest) watchDrift(ctx context.Context) (*driftWatch, error) {
	w := &driftWatch{rules: p.req.Drift, deletes: p.req.Map.Deletes, mapped: map[string]bool{}, seen: shape{}, told: map[string]bool{}}
	for _, field := range p.req.Map.Sources() {
		w.mapped[field] = true
	}
	text, err := p.db.Setting(ctx, shapeName(p.req.Connection, p.req.Stream.Name))
	if err != nil || text == "" || p.req.Drift.Accept {
		return w, err
	}
	if err := json.Unmarshal([]byte(text), &w.known); err != nil {
		return nil, fmt.Errorf("read the known fields of %s/%s: %w", p.req.Connection, p.req.Stream.Name, err)
	}
	return w, nil
}

// page looks at the rows of one page. The error says that a policy stops the run.
func (w *driftWatch) page(rows []connectors.Row) error {
	page, n := shape{}, 0
	for i := range rows {
		if w.shows(&rows[i]) {
			n++
			page.add("", rows[i].Fields)
		}
	}
	if n == 0 {
		return nil
	}
	var added, gone, retyped, stops []string
	judge := func(list *[]string, field, text string, lost bool) {
		policy := w.rules.of(field, lost && w.mapped[field])
		if policy == DriftStop {
			stops = append(stops, text)
		}
		if policy == DriftReport && !w.told[field] {
			w.told[field] = true
			*list = append(*list, text)
		}
	}
	if w.known != nil {
		for _, field := range slices.Sorted(maps.Keys(page)) {
			before, now := w.known[field], page[field]
			switch {
			case before == nil && len(w.known) < maxShape:
				judge(&added, field, field, false)
			case before != nil && len(before.Types) > 0 && len(now.Types) > 0 && !subset(now.Types, before.Types):
				judge(&retyped, field, fmt.Sprintf("%s (%s → %s)", field, strings.Join(before.Types, "/"), strings.Join(now.Types, "/")), false)
			}
		}
		for _, field := range slices.Sorted(maps.Keys(w.known)) {
			if before := w.known[field]; page[field] == nil && before.Always && before.Rows >= shapeProof {
				judge(&gone, field, field, true)
			}
		}
	}
	w.added, w.gone, w.retyped = append(w.added, added...), append(w.gone, gone...), append(w.retyped, retyped...)
	if len(stops) > 0 {
		return errs.New(errs.Invalid, "ingest.drift_stop", errs.Args{"fields": strings.Join(stops, ", ")})
	}
	w.seen.merge(page, w.rows, n)
	w.rows += n
	return nil
}

// shows reports whether a row shows the fields of the stream. One that says that something is gone does not: it has what a
// log of deletes keeps, or a row of the past.
func (w *driftWatch) shows(row *connectors.Row) bool {
	return row.Op != connectors.Delete && len(row.Fields) > 0 && !w.deletes(row.Fields)
}

func (d Drift) of(field string, needed bool) DriftPolicy {
	if p := d.Fields[field]; p != "" {
		return p
	}
	switch {
	case d.Default != "":
		return d.Default
	case needed:
		return DriftStop
	}
	return DriftReport
}

// notice is the warning about what a policy reports.
func (w *driftWatch) notice() []store.Notice {
	if len(w.added)+len(w.gone)+len(w.retyped) == 0 {
		return nil
	}
	list := func(fields []string) string {
		if len(fields) == 0 {
			return "–"
		}
		return strings.Join(fields, ", ")
	}
	return []store.Notice{{Code: "ingest.drift", Args: errs.Args{"added": list(w.added), "gone": list(w.gone), "retyped": list(w.retyped)}}}
}

// keepShape stores what the stream looks like now: what was told is told once. Fields that did not come and need not come
// stay known.
func (p *pullIngest) keepShape(ctx context.Context, w *driftWatch) error {
	if w.rows == 0 || p.req.Window != nil { // a window of the past says nothing about what comes now
		return nil
	}
	for field, before := range w.known {
		now, gone := w.seen[field], slices.Contains(w.gone, field)
		switch {
		case now == nil && !gone:
			before.Always = false
			w.seen[field] = before
		case now != nil:
			now.Always = now.Always && before.Always
			now.Rows = min(maxShapeRows, now.Rows+before.Rows)
			now.Types = eitherType(now.Types, before.Types)
		}
	}
	text, err := json.Marshal(w.seen)
	if err != nil {
		return fmt.Errorf("render the fields of the stream: %w", err)
	}
	return p.inTx(ctx, func(tx *store.Tx) error {
		return tx.SetSetting(ctx, shapeName(p.req.Connection, p.req.Stream.Name), string(text))
	})
}

// add counts the fields of one row.
func (s shape) add(path string, fields map[string]any) {
	for name, v := range fields {
		if path != "" {
			name = path + "." + name
		}
		f := s[name]
		if f == nil {
			if len(s) >= maxShape {
				continue
			}
			f = &fieldShape{}
			s[name] = f
		}
		f.Rows++
		kind := typeOf(v)
		if kind != "" && !slices.Contains(f.Types, kind) {
			f.Types = append(f.Types, kind)
			slices.Sort(f.Types)
		}
		if inner, ok := v.(map[string]any); ok {
			s.add(name, inner)
		}
	}
}

// merge adds a page of n rows to the shape of the rows before it.
func (s shape) merge(page shape, before, n int) {
	for field, f := range page {
		old := s[field]
		switch {
		case old != nil:
			old.Always = old.Always && f.Rows == n
			old.Rows = min(maxShapeRows, old.Rows+f.Rows)
			old.Types = eitherType(old.Types, f.Types)
		case len(s) < maxShape:
			s[field] = &fieldShape{Rows: min(maxShapeRows, f.Rows), Always: before == 0 && f.Rows == n, Types: f.Types}
		}
	}
	for field, f := range s {
		if page[field] == nil {
			f.Always = false
		}
	}
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return ""
	case bool:
		return "bool"
	case json.Number:
		return "number"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "text"
}

func eitherType(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

func subset(a, of []string) bool {
	return !slices.ContainsFunc(a, func(s string) bool { return !slices.Contains(of, s) })
}
