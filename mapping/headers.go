package mapping

import (
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
)

// Column says which canonical field a header fills. Field is "-" for a known column that is not used.
type Column struct {
	Header string `json:"header"`
	Field  string `json:"field"`
}

// Report is how the headers of a file were understood.
type Report struct {
	Columns  []Column `json:"columns"`
	Unknown  []string `json:"unknown,omitempty"`  // ignored; kept as custom attributes for customers
	Shadowed []string `json:"shadowed,omitempty"` // known, but a better header fills the same field
	Missing  []string `json:"missing,omitempty"`  // required fields without a column
}

// Header is the header that fills the field, "" when none does.
func (r Report) Header(field string) string {
	for _, c := range r.Columns {
		if c.Field == field {
			return c.Header
		}
	}
	return ""
}

// Defaults fill what a file may leave out.
type Defaults struct {
	CustomerKind canonical.CustomerKind // for files of customers without a column of kinds
	Party        string                 // for files of aliases without a column of parties
}

// assignment is one column that fills one field.
type assignment struct {
	index int    // of the header
	path  string // canonical path
	field *aliasField
}

// assign gives headers to fields: each field takes the header whose name stands first in its list; lists take all.
func assign(k Kind, headers []string) ([]assignment, Report) {
	fields := aliases().kinds[k]
	keys := make([]string, len(headers))
	for i, h := range headers {
		keys[i] = headerKey(h)
	}
	taken := make([]bool, len(headers))
	var out []assignment
	s, _ := schemaOf(k.Entity())
	for i := range fields {
		f := &fields[i]
		path := freePath(f.Path, out)
		if path == "" {
			continue
		}
		target, _ := s.field(path)
		for _, key := range f.keys {
			at := indexFree(keys, taken, key)
			if at < 0 {
				continue
			}
			taken[at] = true
			out = append(out, assignment{index: at, path: path, field: f})
			if path != "-" && !target.many {
				break
			}
		}
	}
	report := Report{}
	for _, a := range out {
		report.Columns = append(report.Columns, Column{Header: headers[a.index], Field: a.path})
	}
	slices.SortStableFunc(report.Columns, func(a, b Column) int { return slices.Index(headers, a.Header) - slices.Index(headers, b.Header) })
	for i, h := range headers {
		switch {
		case h == "" || taken[i]:
		case aliases().known[k][keys[i]]:
			report.Shadowed = append(report.Shadowed, h)
		default:
			report.Unknown = append(report.Unknown, h)
		}
	}
	report.Missing = missing(k, fields, out)
	return out, report
}

// freePath is the path that a column may still fill, "" for none. A column that is only called 产品 fills whichever of
// name and code has no column of its own, and both when neither has.
func freePath(path string, out []assignment) string {
	if path == "product" && hasLedgerProduct(out) {
		switch {
		case !has(out, "product.name"):
			path = "product.name"
		case !has(out, "product.code"):
			path = "product.code"
		default:
			return ""
		}
	}
	if path != "-" && has(out, path) {
		return ""
	}
	return path
}

func hasLedgerProduct(out []assignment) bool {
	return has(out, "product.name") || has(out, "product.code")
}

func indexFree(keys []string, taken []bool, key string) int {
	for i, k := range keys {
		if k == key && !taken[i] {
			return i
		}
	}
	return -1
}

func has(out []assignment, path string) bool {
	return slices.ContainsFunc(out, func(a assignment) bool { return a.path == path })
}

// missing names the required fields without a column. The specification is required in a ledger only where neither a
// code nor a joint column (品规) can say which product of that name it is.
func missing(k Kind, fields []aliasField, out []assignment) []string {
	var names []string
	ways := map[string]bool{}
	for _, a := range out {
		ways[a.field.Or] = true
	}
	for _, f := range fields {
		switch {
		case f.Need == "one" && !has(out, f.Path), f.Or != "" && !ways[f.Or]:
			if f.Or != "" {
				ways[f.Or] = true
			}
			names = append(names, label(fields, f))
		}
	}
	if l := k.Ledger(); l != "" && l != canonical.Usage && !has(out, "product.spec") && !has(out, "product.code") &&
		!slices.ContainsFunc(out, func(a assignment) bool { return a.field.Spec }) {
		for _, f := range fields {
			if f.Path == "product.spec" {
				names = append(names, label(fields, f))
			}
		}
	}
	return names
}

// label names a field as a person would write its header: quantity（数量）. Of a group the member named like it counts.
func label(fields []aliasField, f aliasField) string {
	if f.Or != "" {
		for _, g := range fields {
			if g.Or == f.Or && (strings.HasSuffix(g.Path, ".name") || g.Path == f.Or) {
				f = g
				break
			}
		}
	}
	english, chinese := "", ""
	for _, n := range f.Names {
		if isHan(n) {
			if chinese == "" {
				chinese = n
			}
		} else if english == "" {
			english = n
		}
	}
	if chinese == "" {
		return english
	}
	return english + "（" + chinese + "）"
}

func isHan(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r >= 0x2E80 }) >= 0 }

// FromHeaders makes the map of a file from its headers. A required column that is missing is an error naming it and the
// headers found; the report is filled all the same.
func FromHeaders(k Kind, headers []string, d Defaults) (*Map, Report, error) {
	s, ok := schemaOf(k.Entity())
	if !ok || aliases().kinds[k] == nil {
		return nil, Report{}, errs.New(errs.Invalid, "mapping.kind", errs.Args{"kind": k, "kinds": ""})
	}
	if _, known := codeWord("customer_kind", string(d.CustomerKind)); d.CustomerKind != "" && !known {
		return nil, Report{}, errs.New(errs.Invalid, "mapping.kind", errs.Args{"kind": d.CustomerKind, "kinds": strings.Join(codes("customer_kind"), ", ")})
	}
	assigned, report := assign(k, headers)
	m := &Map{name: string(k), schema: s, ledger: k.Ledger(), zone: shanghai, version: "headers"}
	if k == Customers && d.CustomerKind != "" && !has(assigned, "kind") {
		report.Missing = slices.DeleteFunc(report.Missing, func(n string) bool { return strings.HasPrefix(n, "kind") })
		m.rules = append(m.rules, constRule(s, "kind", string(d.CustomerKind)))
	}
	if k == Aliases && d.Party != "" && !has(assigned, "party") {
		m.rules = append(m.rules, constRule(s, "party", d.Party))
	}
	if len(report.Missing) > 0 {
		return nil, report, missingColumns(k, report, headers)
	}
	for _, a := range assigned {
		m.take(s, a.path, headers[a.index])
	}
	m.keyFields = fileKey(k, report)
	if k == Customers {
		m.custom = report.Unknown
		m.tune(d)
	}
	return m, report, nil
}

func missingColumns(k Kind, r Report, headers []string) error {
	found := strings.Join(slices.DeleteFunc(slices.Clone(headers), func(h string) bool { return h == "" }), ", ")
	if runes := []rune(found); len(runes) > 500 {
		found = string(runes[:500]) + "…"
	}
	return errs.New(errs.Invalid, "mapping.missing_column", errs.Args{"kind": k, "column": strings.Join(r.Missing, ", "), "found": found})
}

// take makes the rule that fills path from the header. Lists collect several headers in one rule.
func (m *Map) take(s *schema, path, header string) {
	m.sources = append(m.sources, header)
	if path == "id" || path == "line_no" || path == "-" { // keys, not fields
		if path != "id" || s.entity != canonical.EntityCustomer {
			return
		}
		path = "code"
	}
	for i := range m.rules {
		if m.rules[i].field.path == path && len(m.rules[i].from) > 0 {
			if !slices.Contains(m.rules[i].from, header) {
				m.rules[i].from = append(m.rules[i].from, header)
			}
			return
		}
	}
	f, ok := s.field(path)
	if !ok {
		return
	}
	m.rules = append(m.rules, rule{field: f, from: []string{header}})
}

// tune adds what headers alone do not say: identifiers and numbers in their usual form, the kind of rows that state none.
func (m *Map) tune(d Defaults) {
	named := map[string]string{"phones": "phone", "uscc": "uscc", "national_id": "resident"}
	for i := range m.rules {
		r := &m.rules[i]
		r.normalise = normalisers[named[r.field.path]]
		if r.field.path == "kind" && r.constant == "" && d.CustomerKind != "" {
			r.fallback, r.hasDef = string(d.CustomerKind), true
		}
	}
}

// fileKey is what tells the rows of a file of this kind apart.
func fileKey(k Kind, r Report) []string {
	paths := map[Kind][]string{
		Customers: {"id"}, Products: {"code"}, Lots: {"product", "lot"},
		Aliases:      {"type", "party", "raw_name", "raw_spec", "raw_code"},
		Affiliations: {"from", "to", "role", "department"},
		Activities:   {"id"}, Orders: {"number", "line_no"}, Consents: {"customer", "purpose"}, Complaints: {"number"},
		Territories: {"seller", "product", "region", "valid_from"}, Channels: {"buyer", "supplier", "product", "valid_from"},
	}[k]
	if k == Activities && r.Header("id") == "" {
		paths = []string{"customer", "kind", "date", "subject"}
	}
	if k == Orders && r.Header("line_no") == "" {
		paths = []string{"number", "lines.product"}
	}
	var out []string
	for _, p := range paths {
		if h := r.Header(p); h != "" {
			out = append(out, h)
		}
	}
	return out
}
