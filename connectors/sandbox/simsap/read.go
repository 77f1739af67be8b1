package simsap

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"tributary/connectors/sandbox/fault"
)

// cursor is the answer to a question as the rows are now: a token of the next page only counts, so that what is removed
// meanwhile moves the page.
type cursor struct {
	set   *state
	rows  []map[string]any
	pick  selection
	query url.Values
}

// selection is the properties and navigations to answer with.
type selection struct{ plain, expand []string }

func (s *Server) read(w http.ResponseWriter, r *http.Request, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.sets[path]
	if number, one := strings.CutPrefix(path, orderSet.Service+"/"+orderSet.Name+"('"); one {
		s.readOrder(w, strings.TrimSuffix(number, "')"))
		return
	}
	if set == nil {
		refuse(w, strings.Contains(path, "/odata4/"), http.StatusNotFound, "/IWFND/MED/170", "No service found")
		return
	}
	if set.Rows != nil {
		set.rows, set.Rows = set.Rows(), nil
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		refuse(w, set.V4, http.StatusBadRequest, "005056A509B11EE1B9A8FEC11C21D78E", err.Error())
		return
	}
	at := 0
	if token := q.Get("$skiptoken"); token != "" {
		if at, err = strconv.Atoi(token); err != nil || s.opts.Faults.Hit(fault.DeadLocator) {
			refuse(w, set.V4, http.StatusBadRequest, "/IWBEP/CM_MGW_RT/111", "The skiptoken is not valid any more")
			return
		}
	}
	c, err := set.ask(q)
	if err != nil {
		refuse(w, set.V4, http.StatusBadRequest, "/IWBEP/CM_MGW_RT/004", err.Error())
		return
	}
	s.page(w, c, at)
}

// ask finds the rows of a question.
func (s *state) ask(q url.Values) (*cursor, error) {
	c := &cursor{set: s, query: q, pick: selection{plain: list(q.Get("$select")), expand: list(q.Get("$expand"))}}
	for _, name := range append(slices.Clone(c.pick.plain), c.pick.expand...) {
		if _, known := s.field(name); !known {
			return nil, fmt.Errorf("property %s not found in type %sType", name, s.Name)
		}
	}
	if q.Get("$orderby") != strings.Join(s.Keys, ",") {
		return nil, fmt.Errorf("the simulator orders by the key only")
	}
	where, err := parse(q.Get("$filter"), s.Set)
	if err != nil {
		return nil, err
	}
	top, err := strconv.Atoi(cmp.Or(q.Get("$top"), "1000000"))
	if err != nil {
		return nil, fmt.Errorf("$top is no number")
	}
	first := 0
	if v, ok := where.after(s.Keys[0]); ok { // found at once, not row by row
		first = sort.Search(len(s.rows), func(i int) bool { have, _ := plain(s.rows[i][s.Keys[0]]); return have >= v })
	}
	for i := first; i < len(s.rows) && len(c.rows) < top; i++ {
		if where.fits(s.rows[i]) {
			c.rows = append(c.rows, s.rows[i])
		}
	}
	return c, nil
}

// after is a lower bound of the field that all rows obey.
func (c *condition) after(field string) (string, bool) {
	switch c.op {
	case "gt", "ge", "eq":
		return c.value, c.field == field
	case "and":
		if v, ok := c.left.after(field); ok {
			return v, true
		}
		return c.right.after(field)
	case "or":
		l, lok := c.left.after(field)
		r, rok := c.right.after(field)
		return min(l, r), lok && rok
	}
	return "", false
}

func (s *Server) page(w http.ResponseWriter, c *cursor, at int) {
	at = min(at, len(c.rows))
	size := len(c.rows)
	if s.opts.Paging {
		size = serverPage
	}
	if s.opts.Faults.Hit(fault.ShortPage) && size > 1 {
		size /= 2
	}
	end := min(at+size, len(c.rows))
	rows, hidden := []map[string]any{}, s.opts.Faults.Hit(fault.HiddenRows)
	for _, row := range c.rows[at:end] {
		if !hidden {
			rows = append(rows, c.set.write(row, c.set.Fields, c.pick))
		}
	}
	next := ""
	if s.opts.Faults.Hit(fault.SamePage) {
		end = at
	}
	if end < len(c.rows) {
		c.query.Set("$skiptoken", strconv.Itoa(end))
		next = c.query.Encode()
	}
	w.Header().Set("Content-Type", "application/json")
	if c.set.V4 {
		out := map[string]any{"@odata.context": "$metadata#" + c.set.Name, "value": rows}
		if next != "" {
			out["@odata.nextLink"] = c.set.Name + "?" + next // relative to the service
		}
		_ = json.NewEncoder(w).Encode(out)
		return
	}
	d := map[string]any{"results": rows}
	if next != "" {
		d["__next"] = "https://sapapp01.internal:44300" + c.set.Service + "/" + c.set.Name + "?sap-client=100&" + next
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"d": d})
}

// write gives a row the protocol's own form.
func (s *state) write(row map[string]any, fields []Field, pick selection) map[string]any {
	out := map[string]any{}
	if !s.V4 {
		out["__metadata"] = map[string]any{"type": "SIM." + s.Name + "Type"}
	}
	for _, f := range fields {
		wanted := len(pick.plain) == 0 || slices.Contains(pick.plain, f.Name)
		switch {
		case f.Related != nil && slices.Contains(pick.expand, f.Name):
			related := []map[string]any{}
			inner, _ := row[f.Name].([]map[string]any)
			for _, one := range inner {
				related = append(related, s.write(one, f.Related, selection{}))
			}
			out[f.Name] = related
			if !s.V4 {
				out[f.Name] = map[string]any{"results": related}
			}
		case f.Related != nil && !s.V4 && wanted:
			out[f.Name] = map[string]any{"__deferred": map[string]any{"uri": "https://sapapp01.internal:44300/" + f.Name}}
		case f.Related == nil && wanted:
			out[f.Name] = s.value(row[f.Name], f.Type)
		}
	}
	return out
}

func (s *state) value(v any, typ string) any {
	switch v := v.(type) {
	case nil:
		if typ == "Edm.String" {
			return "" // an empty text is never null
		}
		return nil
	case Date:
		if s.V4 {
			return string(v)
		}
		t, err := time.Parse(time.DateOnly, string(v))
		if err != nil {
			return nil
		}
		return fmt.Sprintf("/Date(%d)/", t.UnixMilli())
	case time.Time:
		if s.V4 {
			return v.UTC().Format(time.RFC3339)
		}
		return fmt.Sprintf("/Date(%d+0000)/", v.UnixMilli())
	case Clock:
		if s.V4 {
			return string(v)
		}
		return "PT" + string(v[0:2]) + "H" + string(v[3:5]) + "M" + string(v[6:8]) + "S"
	case Decimal:
		if s.V4 {
			return json.Number(v)
		}
		return string(v)
	}
	return v
}

// plain is a value as conditions compare it; false: there is none.
func plain(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case Date:
		return string(v), true
	case time.Time:
		return v.UTC().Format(time.RFC3339), true
	}
	return "", false
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
