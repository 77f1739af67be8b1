package mapping

import (
	"strconv"
	"strings"

	"tributary/canonical"
)

// Previewed is one source row beside what a map makes of it.
type Previewed struct {
	Source map[string]any `json:"source"`
	Result Result         `json:"result"`
}

// Preview maps rows for people to look at. Nothing is stored.
func Preview(m *Map, rows []map[string]any) []Previewed {
	out := make([]Previewed, len(rows))
	for i, r := range rows {
		out[i] = Previewed{Source: r, Result: m.Apply(r)}
	}
	return out
}

// Suggest proposes a map for a stream by the alias table: a start for a person to check, with the fields that found no
// place in the report. Entities without an alias table give an empty proposal.
func Suggest(e canonical.Entity, l canonical.Ledger, headers []string) ([]byte, Report) {
	var b strings.Builder
	b.WriteString("entity: " + string(e) + "\n")
	if l != "" {
		b.WriteString("ledger: " + string(l) + "\n")
	}
	kind, ok := kindOf(e, l)
	if !ok {
		return []byte(b.String() + "fields: {}\n"), Report{Unknown: headers}
	}
	assigned, report := assign(kind, headers)
	if keys := fileKey(kind, report); len(keys) > 0 {
		b.WriteString("key: [" + strings.Join(quoteAll(keys), ", ") + "]\n")
	}
	s, _ := schemaOf(e)
	b.WriteString("fields:\n")
	from := map[string][]string{}
	var order []string
	for _, a := range assigned {
		path := a.path
		if path == "id" && e == canonical.EntityCustomer {
			path = "code"
		}
		if _, canFill := s.field(path); !canFill {
			continue
		}
		if from[path] == nil {
			order = append(order, path)
		}
		from[path] = append(from[path], headers[a.index])
	}
	for _, path := range order {
		value := strconv.Quote(from[path][0])
		if len(from[path]) > 1 {
			value = "[" + strings.Join(quoteAll(from[path]), ", ") + "]"
		}
		b.WriteString("  " + path + ": " + value + "\n")
	}
	if e == canonical.EntityCustomer && len(report.Unknown) > 0 {
		b.WriteString("custom: [" + strings.Join(quoteAll(report.Unknown), ", ") + "]\n")
	}
	return []byte(b.String()), report
}

func quoteAll(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = strconv.Quote(s)
	}
	return out
}
