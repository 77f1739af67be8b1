package simsalesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/fault"
)

var statement = regexp.MustCompile(`^SELECT (.+) FROM (\w+)(?: WHERE (.+?))? ORDER BY Id(?: LIMIT (\d+))?$`)
var condition = regexp.MustCompile(`^(\w+) (<|>=|>|=) ('[^']*'|[\w:.+-]+)$`)

func (s *Server) query(w http.ResponseWriter, r *http.Request, all bool) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	found, columns, o, why := s.find(r.URL.Query().Get("q"), all)
	if why != nil {
		refuse(w, http.StatusBadRequest, why[0], why[1])
		return
	}
	children := map[string]map[string]any{}
	for _, column := range columns {
		if m := nested.FindStringSubmatch(column); m != nil {
			c, _ := o.child(m[1])
			children[column] = s.firstChildren(c)
		}
	}
	var rows []map[string]any
	for _, row := range found {
		picked := project(o.Name, row, columns)
		for column, of := range children {
			delete(picked, column)
			picked[nested.FindStringSubmatch(column)[1]] = of[row["Id"].(string)]
		}
		rows = append(rows, picked)
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		rows = nil
	}
	size := s.opts.Batch
	if size == 0 {
		size = 2000
	}
	s.serial++
	name := fmt.Sprintf("01gcursor%d", s.serial)
	s.cursors[name] = cursor{rows, size}
	s.page(w, name, 0)
}

// find is the rows and columns that a statement asks for, or code and text of what is wrong with it.
func (s *Server) find(q string, all bool) (rows []map[string]any, columns []string, o Object, why []string) {
	m := statement.FindStringSubmatch(q)
	if m == nil || s.opts.Faults.Hit(fault.ErrorIn200) {
		return nil, nil, o, []string{"MALFORMED_QUERY", "unexpected token"}
	}
	o, ok := s.objects[m[2]]
	if !ok {
		return nil, nil, o, []string{"INVALID_TYPE", "sObject type '" + m[2] + "' is not supported"}
	}
	columns = strings.Split(m[1], ", ")
	for _, c := range columns {
		if m := nested.FindStringSubmatch(c); m != nil {
			if _, known := o.child(m[1]); !known {
				return nil, nil, o, []string{"INVALID_TYPE", "Didn't understand relationship '" + m[1] + "' in FROM part of query call."}
			}
			continue
		}
		head, _, _ := strings.Cut(c, ".")
		if !slices.ContainsFunc(o.Fields, func(f Field) bool { return f.Name == head || f.Relationship == head }) {
			return nil, nil, o, []string{"INVALID_FIELD", "No such column '" + c + "' on entity '" + o.Name + "'"}
		}
	}
	for i := range o.Rows.Len() {
		row := o.Rows.Row(i)
		fits, good := matches(row, m[3])
		if !good {
			return nil, nil, o, []string{"MALFORMED_QUERY", "unexpected token: " + m[3]}
		}
		if fits && (all || row["IsDeleted"] != true) {
			rows = append(rows, row)
		}
	}
	if limit, err := strconv.Atoi(m[4]); err == nil && len(rows) > limit {
		rows = rows[:limit]
	}
	return rows, columns, o, nil
}

// more answers a cursor's next page; the number behind the dash is the place in it.
func (s *Server) more(w http.ResponseWriter, _ *http.Request, locator string) {
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	before()
	s.mu.Lock()
	defer s.mu.Unlock()
	name, place, _ := strings.Cut(locator, "-")
	at, err := strconv.Atoi(place)
	if _, ok := s.cursors[name]; !ok || err != nil || s.opts.Faults.Hit(fault.DeadLocator) {
		refuse(w, http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator")
		return
	}
	s.page(w, name, at)
}

func (s *Server) page(w http.ResponseWriter, name string, at int) {
	c := s.cursors[name]
	size := c.size
	if s.opts.Faults.Hit(fault.ShortPage) && size > 1 {
		size /= 2
	}
	end := min(at+size, len(c.rows))
	answer := map[string]any{"totalSize": len(c.rows), "done": end == len(c.rows), "records": append([]map[string]any{}, c.rows[at:end]...)}
	if s.opts.Faults.Hit(fault.SamePage) {
		end = at
	}
	if end < len(c.rows) {
		answer["done"] = false
		answer["nextRecordsUrl"] = fmt.Sprintf("/services/data/v62.0/query/%s-%d", name, end)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(answer)
}

// matches reports whether a row fits all conditions, and whether the conditions could be read.
func matches(row map[string]any, where string) (fits, good bool) {
	if where == "" {
		return true, true
	}
	fits = true
	for _, text := range strings.Split(where, " AND ") {
		m := condition.FindStringSubmatch(text)
		if m == nil {
			return false, false
		}
		have, want := fmt.Sprint(row[m[1]]), strings.Trim(m[3], "'")
		if m[1] == "SystemModstamp" { // compared as times: +0000 and Z are the same
			have, want = strings.TrimSuffix(have, "+0000"), strings.TrimSuffix(want, "Z")
		}
		c := strings.Compare(have, want)
		fits = fits && map[string]bool{"<": c < 0, ">": c > 0, ">=": c >= 0, "=": c == 0}[m[2]]
	}
	return fits, true
}

// project nests relations and adds what the platform adds.
func project(object string, row map[string]any, columns []string) map[string]any {
	out := map[string]any{"attributes": map[string]any{"type": object, "url": fmt.Sprint("/services/data/v62.0/sobjects/", object, "/", row["Id"])}}
	for _, c := range columns {
		head, rest, dotted := strings.Cut(c, ".")
		switch v := row[c]; {
		case !dotted:
			out[c] = v
		case v == nil:
			if _, other := out[head]; !other {
				out[head] = nil // an empty lookup
			}
		default:
			inner, _ := out[head].(map[string]any)
			if inner == nil {
				inner = map[string]any{"attributes": map[string]any{"type": head}}
			}
			inner[rest] = v
			out[head] = inner
		}
	}
	return out
}
