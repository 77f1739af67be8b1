package simdataverse

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"tributary/connectors/sandbox/fault"
)

var recordPath = regexp.MustCompile(`^(\w+)\(([0-9a-fA-F-]+)\)$`)

// Writes counts the rows that were changed.
func (s *Server) Writes() int { s.mu.Lock(); defer s.mu.Unlock(); return s.writes }

// ForbidWrites takes the right to change rows from the user, or gives it back.
func (s *Server) ForbidWrites(no bool) { s.mu.Lock(); defer s.mu.Unlock(); s.readOnly = no }

// Row is a row as it is now; nil when there is none.
func (s *Server) Row(set, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[set]
	s.load(t)
	return maps.Clone(t.row(id))
}

// DeleteRow deletes a row, as people do by hand.
func (s *Server) DeleteRow(set, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[set]
	s.load(t)
	s.version++
	t.rows = slices.DeleteFunc(slices.Clone(t.rows), func(r map[string]any) bool { return r[t.ID] == id })
	t.deleted[id] = s.version
	delete(t.versions, id)
}

func (t *state) row(id string) map[string]any {
	for _, r := range t.rows {
		if r[t.ID] == id {
			return r
		}
	}
	return nil
}

func (t *state) etag(id string) string { return fmt.Sprintf(`W/"%d"`, t.versions[id]) }

func (t *state) attribute(name string) *Attribute {
	i := slices.IndexFunc(t.Attributes, func(a Attribute) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &t.Attributes[i]
}

// record reads or changes one row. A change of a row that is not there creates it, unless If-Match forbids that.
func (s *Server) record(w http.ResponseWriter, r *http.Request, set, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[set]
	if t == nil {
		refuse(w, http.StatusNotFound, "0x8006088a", "Resource not found for the segment '"+set+"'.")
		return
	}
	s.load(t)
	switch {
	case r.Method == http.MethodGet:
		s.readRecord(w, t, id, r.URL.Query())
	case r.Method != http.MethodPatch:
		refuse(w, http.StatusMethodNotAllowed, "0x80060888", "The method is not allowed.")
	case s.readOnly:
		refuse(w, http.StatusForbidden, "0x80040220", "Principal user is missing prvWrite"+t.Logical+" privilege.")
	default:
		s.changeRecord(w, r, t, id)
	}
}

func missing(w http.ResponseWriter, t *state, id string) {
	refuse(w, http.StatusNotFound, "0x80040217", t.Logical+" With Id = "+id+" Does Not Exist")
}

func (s *Server) readRecord(w http.ResponseWriter, t *state, id string, q url.Values) {
	row := t.row(id)
	if row == nil {
		missing(w, t, id)
		return
	}
	for _, column := range strings.Split(q.Get("$select"), ",") {
		if t.attribute(column) == nil {
			refuse(w, http.StatusBadRequest, "0x80060888", "Could not find a property named '"+column+"'.")
			return
		}
	}
	out := project(t.Table, row, q.Get("$select"))
	out["@odata.etag"] = t.etag(id)
	answer(w, http.StatusOK, out)
}

func (s *Server) changeRecord(w http.ResponseWriter, r *http.Request, t *state, id string) {
	var in map[string]any
	if json.NewDecoder(r.Body).Decode(&in) != nil {
		refuse(w, http.StatusBadRequest, "0x80048d19", "Error identified in Payload provided by the user.")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		a := t.attribute(name)
		text, _ := in[name].(string)
		switch {
		case a == nil:
			refuse(w, http.StatusBadRequest, "0x80048d19", "Invalid property '"+name+"' was found in entity.")
			return
		case a.ReadOnly:
			refuse(w, http.StatusBadRequest, "0x80060888", "Attribute '"+name+"' cannot be set.")
			return
		case a.Length > 0 && len([]rune(text)) > a.Length:
			refuse(w, http.StatusBadRequest, "0x80044331", fmt.Sprintf("A validation error occurred. The length of the '%s' attribute exceeded the maximum allowed length of '%d'.", name, a.Length))
			return
		}
	}
	row, match := t.row(id), r.Header.Get("If-Match")
	switch {
	case row == nil && match != "":
		missing(w, t, id)
		return
	case row == nil:
		row = map[string]any{t.ID: id, "statecode": 0}
		t.set(append(slices.Clone(t.rows), row))
	case match != "" && match != "*" && match != t.etag(id):
		refuse(w, http.StatusPreconditionFailed, "0x80060882", "The version of the existing record doesn't match the RowVersion property provided.")
		return
	}
	changed := maps.Clone(row)
	for name, v := range in {
		if changed[name] = v; v == "" { // the platform keeps no empty text
			changed[name] = nil
		}
	}
	changed["modifiedon"] = s.opts.Now().UTC().Format(time.RFC3339)
	t.rows = slices.Clone(t.rows)
	t.rows[slices.IndexFunc(t.rows, func(r map[string]any) bool { return r[t.ID] == id })] = changed
	s.version++
	t.versions[id] = s.version
	s.writes++
	if s.opts.Faults.Hit(fault.WriteLost) {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusNoContent)
}
