package simkingdee

import (
	"fmt"
	"sort"
	"strings"
)

// Table is one form's data.
type Table struct {
	Form    string
	Key     string   // column of the unique id
	Columns []string // every column there is
	Rows    Rows
}

// Rows are the rows of a table in ascending order of the key.
type Rows interface {
	Len() int
	Key(i int) any // int64 or string
	Row(i int) map[string]any
}

// List is a table held in memory, sorted by the column of the first value.
type List struct {
	KeyColumn string
	Items     []map[string]any
}

// Len is the number of rows.
func (l List) Len() int { return len(l.Items) }

// Key is the id of a row.
func (l List) Key(i int) any { return l.Items[i][l.KeyColumn] }

// Row is one row.
func (l List) Row(i int) map[string]any { return l.Items[i] }

// has reports whether the form knows a column; any property of a known reference counts, and is empty.
func (t Table) has(column string) bool {
	head, _, reference := strings.Cut(column, ".")
	for _, c := range t.Columns {
		h, _, _ := strings.Cut(c, ".")
		if strings.EqualFold(c, column) || reference && strings.EqualFold(h, head) {
			return true
		}
	}
	return false
}

// run answers a query. Orders other than by the key ascending are refused: the simulator has no other index.
func (t Table) run(q request, limit int) ([]map[string]any, error) {
	order := strings.Fields(q.OrderString)
	if len(order) > 0 && (!strings.EqualFold(order[0], t.Key) || len(order) > 1 && !strings.EqualFold(order[1], "asc") || len(order) > 2) {
		return nil, fmt.Errorf("order by %s", q.OrderString)
	}
	filter, err := parseFilter(q.FilterString, t.Columns)
	if err != nil {
		return nil, err
	}
	first := 0
	if after, ok := filter.keyAfter(t.Key); ok {
		first = sort.Search(t.Rows.Len(), func(i int) bool { return compare(t.Rows.Key(i), after) > 0 })
	}
	skip := q.StartRow
	var out []map[string]any
	for i := first; i < t.Rows.Len() && len(out) < limit; i++ {
		row := t.Rows.Row(i)
		if !filter.match(row) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		out = append(out, row)
	}
	return out, nil
}
