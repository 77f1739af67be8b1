package hub

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"tributary/connectors/filesource"
	"tributary/internal/errs"
)

// askedMerge is one merge that a file asks for.
type askedMerge struct {
	rows      []int // of the file
	group     string
	customers []string
	survivor  string
	reason    string
	bad       error // the rows cannot be used
}

// mergeColumns are the headers of a file of merges, by what they mean.
var mergeColumns = map[string][]string{
	"a":        {"customer_a", "id_a", "a", "客户a", "客户1", "主数据a"},
	"b":        {"customer_b", "id_b", "b", "客户b", "客户2", "主数据b"},
	"group":    {"group", "组", "组号", "分组"},
	"customer": {"customer", "golden_id", "id", "客户", "主数据id"},
	"survivor": {"survivor", "保留", "存续客户"},
	"reason":   {"reason", "理由", "原因"},
}

// readMerges reads a file of merges: pairs (customer_a, customer_b), or groups (group, customer), each with a reason and a
// survivor if need be. Rows of a group may stand anywhere.
func readMerges(ctx context.Context, path string) ([]*askedMerge, error) {
	t, err := filesource.Open(ctx, path, filesource.Options{Plain: true})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	at := map[string]int{}
	for i, header := range t.Headers() {
		for column, names := range mergeColumns {
			if _, taken := at[column]; !taken && slices.Contains(names, strings.ToLower(strings.TrimSpace(header))) {
				at[column] = i
			}
		}
	}
	_, a := at["a"]
	_, b := at["b"]
	_, group := at["group"]
	_, customer := at["customer"]
	if pairs, groups := a && b, group && customer; pairs == groups {
		return nil, errs.New(errs.Invalid, "steward.file_columns", errs.Args{"file": filepath.Base(path), "headers": strings.Join(t.Headers(), ", ")})
	}
	m := merges{byGroup: map[string]*askedMerge{}}
	for {
		rec, err := t.Next()
		if err == io.EOF {
			return m.list, nil
		}
		if err != nil {
			return nil, err
		}
		if rec.Bad != nil {
			m.list = append(m.list, &askedMerge{rows: []int{rec.Number}, bad: errs.New(errs.Invalid, rec.Bad.Code, errs.Args{"value": rec.Bad.Value})})
			continue
		}
		cell := func(column string) string {
			if i, ok := at[column]; ok {
				return strings.TrimSpace(rec.Cells[i])
			}
			return ""
		}
		m.take(rec.Number, cell, a)
	}
}

// merges are the merges of a file in the order of their first rows.
type merges struct {
	list    []*askedMerge
	byGroup map[string]*askedMerge
}

func (m *merges) take(row int, cell func(string) string, pairs bool) {
	customers := []string{cell("a"), cell("b")}
	group := cell("group")
	if !pairs {
		customers = []string{cell("customer")}
	}
	one := m.byGroup[group]
	if one == nil || group == "" {
		one = &askedMerge{group: group}
		m.list = append(m.list, one)
		m.byGroup[group] = one
	}
	one.rows = append(one.rows, row)
	if slices.Contains(customers, "") || !pairs && group == "" {
		one.bad = errs.New(errs.Invalid, "steward.file_blank", errs.Args{"row": row})
	}
	one.customers = append(one.customers, customers...)
	if one.survivor == "" {
		one.survivor = cell("survivor")
	}
	if one.reason == "" {
		one.reason = cell("reason")
	}
}
