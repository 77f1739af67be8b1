package simfxiaoke

import (
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/fault"
)

// question is the part of search_query_info that the simulator knows: comparisons joined by and, one field to order by.
type question struct {
	Limit      int
	Offset     int
	Filters    []filter
	Orders     []struct{ FieldName string }
	Projection []string `json:"fieldProjection"`
}

type filter struct {
	Field    string   `json:"field_name"`
	Values   []string `json:"field_values"`
	Operator string   `json:"operator"`
}

func (s *Server) query(w http.ResponseWriter, data map[string]any, custom bool) {
	object := text(data["dataObjectApiName"])
	s.mu.Lock()
	ob, ok := s.objects[object]
	s.mu.Unlock()
	var q question
	raw, err := json.Marshal(data["search_query_info"])
	if err == nil {
		err = json.Unmarshal(raw, &q)
	}
	switch {
	case !ok, custom != strings.HasSuffix(object, "__c"):
		s.refuse(w, 11001, "对象不存在: "+object)
		return
	case err != nil, len(q.Orders) != 1, q.Orders[0].FieldName != "_id":
		s.refuse(w, 15002, "查询参数错误")
		return
	case q.Limit < 1, q.Offset%q.Limit != 0, q.Offset > deepest:
		s.refuse(w, 10013, "offset 超出范围")
		return
	}
	limit := min(q.Limit, pageCap)
	if s.opts.Faults.Hit(fault.ShortPage) && limit > 1 {
		limit /= 2
	}
	rows, ok := ob.page(q, limit)
	if !ok {
		s.refuse(w, 15002, "过滤条件错误")
		return
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		rows = []map[string]any{}
	}
	out := map[string]any{"dataList": rows, "offset": q.Offset, "limit": limit, "total": 0}
	if s.opts.LoneAsMap && len(rows) == 1 {
		out["dataList"] = rows[0]
	}
	s.succeed(w, out)
}

// page is the rows that fit; false: a filter that cannot be read.
func (o Object) page(q question, limit int) ([]map[string]any, bool) {
	first, rows, skip := 0, []map[string]any{}, q.Offset
	for _, f := range q.Filters {
		if f.Field == "_id" && f.Operator == "GT" && len(f.Values) == 1 {
			first = max(first, sort.Search(o.Rows.Len(), func(i int) bool { return o.Rows.ID(i) > f.Values[0] }))
		}
	}
	for i := first; i < o.Rows.Len() && len(rows) < limit; i++ {
		row := o.Rows.Row(i)
		fits := true
		for _, f := range q.Filters {
			holds, good := f.holds(row[f.Field])
			if !good {
				return nil, false
			}
			fits = fits && holds
		}
		switch {
		case !fits:
		case skip > 0:
			skip--
		default:
			rows = append(rows, project(row, q.Projection))
		}
	}
	return rows, true
}

// holds compares times as numbers and ids as text.
func (f filter) holds(have any) (holds, good bool) {
	if len(f.Values) != 1 {
		return false, false
	}
	order := 0
	switch have := have.(type) {
	case string:
		order = strings.Compare(have, f.Values[0])
	case int64:
		want, err := strconv.ParseInt(f.Values[0], 10, 64)
		if err != nil {
			return false, false
		}
		order = map[bool]int{true: 1}[have > want] - map[bool]int{true: 1}[have < want]
	case nil:
		return false, true
	}
	switch f.Operator {
	case "EQ":
		return order == 0, true
	case "GT":
		return order > 0, true
	case "GTE":
		return order >= 0, true
	case "LT":
		return order < 0, true
	case "LTE":
		return order <= 0, true
	}
	return false, false
}

// project picks fields and the names beside look-ups. What is empty is left out, and numbers other than times are text.
func project(row map[string]any, fields []string) map[string]any {
	out := map[string]any{}
	for name, v := range row {
		if wanted := slices.Contains(fields, strings.TrimSuffix(name, "__r")); wanted && v != nil {
			out[name] = v
		}
	}
	return out
}
