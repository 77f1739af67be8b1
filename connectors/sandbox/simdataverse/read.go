package simdataverse

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/sandbox/fault"
)

// cookie is what an opaque token hides.
type cookie struct {
	Select string
	Filter string
	Since  int    // version that the reader knows; of a link into the log
	Until  int    // version that the reader will know at the end
	Last   string // key of the row given last, as in the platform's own cookies: rows that are deleted meanwhile move no other
	Gone   bool   // it was one of the deleted
	Log    bool   // the reader tracks changes
}

func (c cookie) text() string {
	b, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(b)
}

var pageSize = regexp.MustCompile(`odata\.maxpagesize=(\d+)`)

func (s *Server) read(w http.ResponseWriter, r *http.Request, set string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tables[set]
	if !ok {
		refuse(w, http.StatusNotFound, "0x8006088a", "Resource not found for the segment '"+set+"'.")
		return
	}
	s.load(t)
	q, prefer := r.URL.Query(), r.Header.Get("Prefer")
	c := cookie{Select: q.Get("$select"), Filter: q.Get("$filter"), Until: s.version, Log: strings.Contains(prefer, "odata.track-changes")}
	token := q.Get("$skiptoken") + q.Get("$deltatoken")
	if token != "" {
		raw, err := base64.RawURLEncoding.DecodeString(token)
		c = cookie{}
		if err != nil || json.Unmarshal(raw, &c) != nil || s.opts.Faults.Hit(fault.DeadLocator) {
			refuse(w, http.StatusGone, "0x80044352", "The delta token or paging cookie has expired; read the table again.")
			return
		}
		if q.Has("$deltatoken") {
			c.Until = s.version
		}
	}
	if c.Log && (c.Filter != "" || q.Has("$orderby")) || s.opts.Faults.Hit(fault.ErrorIn200) {
		refuse(w, http.StatusBadRequest, "0x80060888", "Change tracking does not work with $filter or $orderby.")
		return
	}
	for _, column := range strings.Split(c.Select, ",") {
		if !slices.ContainsFunc(t.Attributes, func(a Attribute) bool { return column == a.Name || column == "_"+a.Name+"_value" }) {
			refuse(w, http.StatusBadRequest, "0x80060888", "Could not find a property named '"+column+"'.")
			return
		}
	}
	size := 5000
	if m := pageSize.FindStringSubmatch(prefer); m != nil {
		size, _ = strconv.Atoi(m[1])
	}
	if top, err := strconv.Atoi(q.Get("$top")); err == nil {
		size = top
	}
	s.page(w, r, t, c, size)
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, t *state, c cookie, size int) {
	rows := []map[string]any{}
	if s.opts.Faults.Hit(fault.ShortPage) && size > 1 {
		size /= 2
	}
	next, more := c, false
	take := func(id string, gone bool, row func() map[string]any) {
		if more = more || len(rows) == size; !more {
			rows, next.Last, next.Gone = append(rows, row()), id, gone
		}
	}
	for _, row := range t.rows {
		id := fmt.Sprint(row[t.ID])
		if c.Gone || id <= c.Last || t.versions[id] <= c.Since || !fits(row, c.Filter) {
			continue
		}
		take(id, false, func() map[string]any {
			out := project(t.Table, row, c.Select)
			out["@odata.etag"] = t.etag(id)
			return out
		})
	}
	if c.Log && c.Since > 0 {
		var gone []string
		for id, version := range t.deleted {
			if version > c.Since {
				gone = append(gone, id)
			}
		}
		slices.Sort(gone)
		for _, id := range gone {
			if c.Gone && id <= c.Last {
				continue
			}
			take(id, true, func() map[string]any {
				return map[string]any{"@odata.context": "https://sim/api/data/v9.2/$metadata#" + t.Set + "/$deletedEntity", "id": id, "reason": "deleted"}
			})
		}
	}
	if s.opts.Faults.Hit(fault.HiddenRows) {
		rows = []map[string]any{}
	}
	out := map[string]any{"@odata.context": "https://sim/api/data/v9.2/$metadata#" + t.Set, "value": rows}
	link := func(param string, c cookie) string {
		return "http://" + r.Host + strings.TrimSuffix(r.URL.Path, "/") + "?" + url.Values{param: {c.text()}}.Encode()
	}
	same := s.opts.Faults.Hit(fault.SamePage)
	switch {
	case (more || same) && !r.URL.Query().Has("$top"):
		if same {
			next = c
		}
		out["@odata.nextLink"] = link("$skiptoken", next)
	case c.Log:
		out["@odata.deltaLink"] = link("$deltatoken", cookie{Select: c.Select, Since: c.Until, Log: true})
	}
	answer(w, http.StatusOK, out)
}

var term = regexp.MustCompile(`^(\w+) (lt|ge) (\S+)$`)

func fits(row map[string]any, filter string) bool {
	if filter == "" {
		return true
	}
	for _, text := range strings.Split(filter, " and ") {
		m := term.FindStringSubmatch(text)
		if m == nil {
			return false
		}
		c := strings.Compare(fmt.Sprint(row[m[1]]), m[3])
		if m[2] == "lt" && c >= 0 || m[2] == "ge" && c < 0 {
			return false
		}
	}
	return true
}

func project(t Table, row map[string]any, selected string) map[string]any {
	out := map[string]any{}
	for _, column := range strings.Split(selected, ",") {
		out[column] = row[column]
		for _, a := range t.Attributes {
			if code, ok := row[column].(int); ok && a.Name == column && a.Labels[code] != "" {
				out[column+"@OData.Community.Display.V1.FormattedValue"] = a.Labels[code]
			}
		}
	}
	return out
}
