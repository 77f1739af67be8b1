package simsalesforce

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tributary/connectors/sandbox/fault"
)

// Writes counts the records that were changed.
func (s *Server) Writes() int { s.mu.Lock(); defer s.mu.Unlock(); return s.writes }

// Row is a record as it is now; nil when there is none.
func (s *Server) Row(object, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.list(object)
	if at := indexOf(rows, id); at >= 0 {
		return maps.Clone(rows[at])
	}
	return nil
}

// ChangeRow changes a record, as people do by hand.
func (s *Server) ChangeRow(object, id string, change func(row map[string]any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(object, id, change)
}

// list holds an object's rows in memory from now on.
func (s *Server) list(object string) List {
	o := s.objects[object]
	rows, held := o.Rows.(List)
	if !held && o.Rows != nil {
		for i := range o.Rows.Len() {
			rows = append(rows, o.Rows.Row(i))
		}
		o.Rows = rows
		s.objects[object] = o
	}
	return rows
}

func indexOf(rows List, id string) int {
	return slices.IndexFunc(rows, func(r map[string]any) bool { return r["Id"] == id })
}

func (s *Server) change(object, id string, change func(row map[string]any)) {
	rows := slices.Clone(s.list(object))
	if at := indexOf(rows, id); at >= 0 {
		row := maps.Clone(rows[at])
		row["SystemModstamp"] = s.opts.Now().UTC().Format("2006-01-02T15:04:05.000") + "+0000"
		change(row)
		rows[at] = row
		o := s.objects[object]
		o.Rows = rows
		s.objects[object] = o
	}
}

// record reads or changes one record. A change of fields to what they hold is a change too.
func (s *Server) record(w http.ResponseWriter, r *http.Request, path string) {
	object, id, _ := strings.Cut(path, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known := s.objects[object]
	if !known {
		refuse(w, http.StatusNotFound, "NOT_FOUND", "The requested resource does not exist")
		return
	}
	rows := s.list(object)
	at := indexOf(rows, id)
	switch {
	case at < 0:
		refuse(w, http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: "+id)
		return
	case rows[at]["IsDeleted"] == true:
		refuse(w, http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
		return
	}
	field := func(name string) *Field {
		i := slices.IndexFunc(o.Fields, func(f Field) bool { return f.Name == name })
		if i < 0 {
			refuse(w, http.StatusBadRequest, "INVALID_FIELD", "No such column '"+name+"' on sobject of type "+object)
			return nil
		}
		return &o.Fields[i]
	}
	if r.Method == http.MethodGet {
		out := map[string]any{"attributes": map[string]any{"type": object}, "Id": id}
		for _, name := range strings.Split(r.URL.Query().Get("fields"), ",") {
			if field(name) == nil {
				return
			}
			out[name] = rows[at][name]
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
		return
	}
	var in map[string]any
	if r.Method != http.MethodPatch || json.NewDecoder(r.Body).Decode(&in) != nil {
		refuse(w, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP Method not allowed")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		f := field(name)
		if f == nil {
			return
		}
		text, _ := in[name].(string)
		switch {
		case f.ReadOnly:
			refuse(w, http.StatusBadRequest, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: "+name+". Please check the security settings of this field and verify that it is read/write for your profile or permission set.")
			return
		case f.Length > 0 && len([]rune(text)) > f.Length:
			refuse(w, http.StatusBadRequest, "STRING_TOO_LONG", name+": data value too large")
			return
		}
	}
	s.writes++
	s.change(object, id, func(row map[string]any) { maps.Copy(row, in) })
	if s.opts.Faults.Hit(fault.WriteLost) {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusNoContent)
}
