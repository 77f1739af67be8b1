package simneocrm

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/fault"
)

// statement is the part of XOQL the simulator knows: fields, one object, comparisons of numbers joined by and, order by
// id, limit and offset.
type statement struct {
	fields     []string
	object     string
	conditions []condition
	limit      int
	offset     int
}

type condition struct {
	field, op string
	value     int64
}

func parse(text string) (statement, error) {
	var q statement
	words := strings.Fields(strings.ReplaceAll(text, ",", " , "))
	at := 0
	next := func() string {
		if at >= len(words) {
			return ""
		}
		at++
		return words[at-1]
	}
	if next() != "select" {
		return q, fmt.Errorf("expected select")
	}
	for w := next(); w != "from"; w = next() {
		if w == "" || w == "*" {
			return q, fmt.Errorf("expected a list of fields and from")
		}
		if w != "," {
			q.fields = append(q.fields, w)
		}
	}
	q.object = next()
	q.limit = pageCap
	for w := next(); w != ""; w = next() {
		switch w {
		case "where", "and":
			c := condition{field: next(), op: next()}
			v, err := strconv.ParseInt(next(), 10, 64)
			if err != nil || !strings.Contains(" < <= > >= = ", " "+c.op+" ") {
				return q, fmt.Errorf("condition on %s", c.field)
			}
			c.value = v
			q.conditions = append(q.conditions, c)
		case "order":
			if next() != "by" || next() != "id" {
				return q, fmt.Errorf("only order by id is allowed")
			}
		case "limit", "offset":
			n, err := strconv.Atoi(next())
			if err != nil {
				return q, fmt.Errorf("%s is not a number", w)
			}
			if w == "limit" {
				q.limit = min(n, pageCap)
			} else {
				q.offset = n
			}
		default:
			return q, fmt.Errorf("unexpected %s", w)
		}
	}
	return q, nil
}

func (s *Server) run(q statement) ([]map[string]any, error) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before != nil {
		before()
	}
	s.mu.Lock()
	ob, ok := s.objects[q.object]
	s.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("对象不存在: %s", q.object)
	}
	known := map[string]bool{}
	for _, f := range ob.Fields {
		known[f.Name] = true
	}
	for _, f := range q.fields {
		if head, _, _ := strings.Cut(f, "."); !known[head] {
			return nil, fmt.Errorf("字段不存在: %s", f)
		}
	}
	limit := q.limit
	if s.opts.Faults.Hit(fault.ShortPage) && limit > 1 {
		limit /= 2
	}
	first := 0
	for _, c := range q.conditions {
		if c.field == "id" && c.op == ">" {
			first = max(first, sort.Search(ob.Rows.Len(), func(i int) bool { return ob.Rows.ID(i) > c.value }))
		}
	}
	out := []map[string]any{}
	for i := first; i < ob.Rows.Len() && len(out) < limit; i++ {
		row := ob.Rows.Row(i)
		if !q.match(row) {
			continue
		}
		if q.offset > 0 {
			q.offset--
			continue
		}
		picked := map[string]any{}
		for _, f := range q.fields {
			if v, ok := row[f]; ok { // some keys are simply missing
				picked[f] = v
			}
		}
		out = append(out, picked)
	}
	return out, nil
}

func (q statement) match(row map[string]any) bool {
	for _, c := range q.conditions {
		have, ok := row[c.field].(int64)
		if !ok || !c.holds(have) {
			return false
		}
	}
	return true
}

func (c condition) holds(have int64) bool {
	switch c.op {
	case "<":
		return have < c.value
	case "<=":
		return have <= c.value
	case ">":
		return have > c.value
	case ">=":
		return have >= c.value
	}
	return have == c.value
}
