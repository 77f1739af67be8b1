package objectsource

import (
	"slices"

	"tributary/connectors"
	"tributary/connectors/httpsource"
)

// Sampled is the metadata of an object for which the system gives none: the fields that the connector knows, those of a
// sample of rows, and those that the settings name, for a sample may lack them.
func Sampled(st Stream, rows []httpsource.Element, tenant map[string]string) Metadata {
	var fields []connectors.Field
	for _, name := range slices.Concat(st.Required, st.Optional) {
		fields = append(fields, connectors.Field{Name: name})
	}
	for _, row := range rows {
		for name := range row.Fields {
			fields = append(fields, connectors.Field{Name: name})
		}
	}
	for _, column := range tenant {
		fields = append(fields, connectors.Field{Name: column})
	}
	return NewMetadata(fields, false)
}

// BillLines completes rows that are lines of bills with what only a bill's own answer says of them.
type BillLines struct {
	Bill   func(row map[string]any) string // the bill of a line; "": its lines are left alone
	Line   string                          // field with the line's id
	Fields []string                        // to complete where the row has nothing
	// Ask gets a bill: its answer as received, and its lines by id.
	Ask func(bill string) ([]byte, map[string]map[string]any, error)
}

// Complete asks once for every bill of a page. The answers are kept behind the page as received.
func (b BillLines) Complete(p *Page) error {
	bills := map[string]map[string]map[string]any{}
	raw := slices.Clone(p.Raw)
	for _, row := range p.Rows {
		id := b.Bill(row.Fields)
		if id == "" {
			continue
		}
		if _, asked := bills[id]; !asked {
			body, lines, err := b.Ask(id)
			if err != nil {
				return err
			}
			bills[id], raw = lines, append(append(raw, '\n'), body...)
		}
		line := bills[id][Text(row.Fields[b.Line])]
		for _, name := range b.Fields {
			if row.Fields[name] == nil {
				row.Fields[name] = line[name]
			}
		}
	}
	p.Raw = raw
	return nil
}
