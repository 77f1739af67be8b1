package mapping

import (
	"strconv"
	"strings"

	"tributary/canonical"
)

// Suggest proposes the text of a map for rows with these fields, by the alias table of the kind: a start for a person to
// check, with the fields that found no place in the report.
func Suggest(kind Kind, headers []string) ([]byte, Report) {
	e, l := kind.Entity(), kind.Ledger()
	var b strings.Builder
	b.WriteString("entity: " + string(e) + "\n")
	if l != "" {
		b.WriteString("ledger: " + string(l) + "\n")
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
