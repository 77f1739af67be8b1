package objectsource

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"tributary/connectors"
	"tributary/internal/nearest"
)

// Metadata is what a system says about the fields of an object. Metadata without fields rules nothing out.
type Metadata struct {
	Labels map[string]map[string]string // of code lists: field → code → label

	byName map[string]connectors.Field
	fold   bool
}

// NewMetadata lists the fields; fold: their names match without regard to case.
func NewMetadata(fields []connectors.Field, fold bool) Metadata {
	m := Metadata{byName: make(map[string]connectors.Field, len(fields)), fold: fold, Labels: map[string]map[string]string{}}
	for _, f := range fields {
		m.byName[m.name(f.Name)] = f
	}
	return m
}

func (m Metadata) name(column string) string {
	head, _, _ := strings.Cut(column, ".")
	if m.fold {
		return strings.ToLower(head)
	}
	return head
}

// Field is the field that a column, perhaps a dotted path, starts from.
func (m Metadata) Field(column string) (connectors.Field, bool) {
	f, ok := m.byName[m.name(column)]
	return f, ok
}

// Has reports whether a column can be asked for.
func (m Metadata) Has(column string) bool {
	if len(m.byName) == 0 {
		return true
	}
	_, ok := m.Field(column)
	return ok
}

// near names the columns that there are, of many only those closest to the missing ones.
func (m Metadata) near(missing []string) string {
	var all, close []string
	for _, name := range slices.Sorted(maps.Keys(m.byName)) {
		all = append(all, m.byName[name].Name)
	}
	if len(all) <= 30 {
		return strings.Join(all, ", ")
	}
	for _, name := range missing {
		if c := nearest.Of(name, all); c != "" && !slices.Contains(close, c) {
			close = append(close, c)
		}
	}
	return strings.Join(append(close, "…"), ", ")
}

// Label is the text of a code or of a list of codes, nil when the field has no code list. A code without a label, as
// systems that answer in labels send it, is its own.
func (m Metadata) Label(column string, v any) any {
	labels := m.Labels[column]
	if labels == nil || v == nil {
		return nil
	}
	values, many := v.([]any)
	if !many {
		values = []any{v}
	}
	var out []string
	for _, one := range values {
		code := Text(one)
		if label, ok := labels[code]; ok {
			code = label
		}
		if code != "" {
			out = append(out, code)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return strings.Join(out, " / ")
}

// Run is what one run of a stream has fixed. A column may be a dotted path into related rows; a condition behind a colon,
// which chooses among them, is no part of the name that rows give it.
type Run struct {
	Stream   Stream
	Meta     Metadata
	Columns  []string          // to ask for, in this order
	Names    map[string]string // the field name that rows give a column
	Snapshot string            // date of a list without a time of change
}

// Object is the system's word for the stream.
func (r *Run) Object() string { return r.Stream.ObjectName() }

func newRun(st Stream, meta Metadata, tenant map[string]string) *Run {
	r := &Run{Stream: st, Meta: meta, Columns: slices.Clone(st.Required), Names: map[string]string{}}
	for _, c := range st.Optional {
		if meta.Has(c) {
			r.Columns = append(r.Columns, c)
		}
	}
	if st.Whole {
		for _, name := range slices.Sorted(maps.Keys(meta.byName)) {
			if f := meta.byName[name]; !slices.Contains(r.Columns, f.Name) {
				r.Columns = append(r.Columns, f.Name)
			}
		}
	}
	for _, c := range r.Columns {
		path, _, _ := strings.Cut(c, ":")
		r.Names[c] = strings.ReplaceAll(path, ".", "_")
	}
	own := st.tenantColumns(tenant)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if !slices.Contains(r.Columns, own[name]) {
			r.Columns = append(r.Columns, own[name])
		}
		r.Names[own[name]] = name
	}
	return r
}

// Fields gives the columns of a row their names and code lists their label beside them as NAME_label. Blank text and a
// missing key mean the same as null. convert, which may be nil, changes single values.
func (r *Run) Fields(in map[string]any, convert func(column string, v any) any) map[string]any {
	out := make(map[string]any, len(r.Columns)+4)
	for _, column := range r.Columns {
		v := in[column]
		if t, ok := v.(string); ok && strings.TrimSpace(t) == "" {
			v = nil
		}
		if convert != nil && v != nil {
			v = convert(column, v)
		}
		out[r.Names[column]] = v
		if label := r.Meta.Label(column, v); label != nil {
			out[r.Names[column]+"_label"] = label
		}
	}
	return out
}

func (r *Run) info() connectors.StreamInfo {
	info := r.Stream.Info
	for _, c := range r.Columns {
		f, _ := r.Meta.Field(c)
		info.Fields = append(info.Fields, connectors.Field{Name: r.Names[c], Type: f.Type, Title: f.Title})
		if r.Meta.Labels[c] != nil {
			info.Fields = append(info.Fields, connectors.Field{Name: r.Names[c] + "_label", Type: "text", Title: f.Title})
		}
	}
	if slices.Contains(info.Key, snapshotDate) {
		info.Fields = append(info.Fields, connectors.Field{Name: snapshotDate, Type: "date"})
	}
	return info
}

// At is the value of a column that may be a dotted path. A list on the way gives the first value found in it; a condition
// behind a colon, NAME=VALUE, holds for the object that has the last name of the path: identifier.value:system=urn:x.
func At(in map[string]any, column string) any {
	path, condition, chosen := strings.Cut(column, ":")
	name, want, _ := strings.Cut(condition, "=")
	return at(in, path, func(object map[string]any) bool { return !chosen || Text(object[name]) == want })
}

func at(in any, path string, fits func(map[string]any) bool) any {
	switch in := in.(type) {
	case map[string]any:
		head, rest, dotted := strings.Cut(path, ".")
		if dotted {
			return at(in[head], rest, fits)
		}
		if fits(in) {
			return in[head]
		}
	case []any:
		for _, one := range in {
			if v := at(one, path, fits); v != nil {
				return v
			}
		}
	}
	return nil
}

// Text is an id or code as text, whatever JSON type it came in; "" for anything else.
func Text(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case string:
		return strings.TrimSpace(v)
	}
	return ""
}

// LessNumber orders whole numbers of any length, written without leading zeros.
func LessNumber(a, b string) bool {
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}
