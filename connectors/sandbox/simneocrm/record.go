package simneocrm

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"tributary/connectors/sandbox/fault"
)

var recordPath = regexp.MustCompile(`/rest/data/v2\.0/xobjects/(\w+)/(\d+)$`)

// Writes counts the records that were changed.
func (s *Server) Writes() int { s.mu.Lock(); defer s.mu.Unlock(); return s.writes }

// ForbidWrites takes the right to change records from the user, or gives it back.
func (s *Server) ForbidWrites(no bool) { s.mu.Lock(); defer s.mu.Unlock(); s.readOnly = no }

// Row is a record as it is now; nil when there is none.
func (s *Server) Row(object string, id int64) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.list(object)
	if i := rows.at(id); i >= 0 {
		return maps.Clone(rows[i])
	}
	return nil
}

// DeleteRow puts a record into the recycle bin, where no query finds it.
func (s *Server) DeleteRow(object string, id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.list(object)
	if i := rows.at(id); i >= 0 {
		s.keep(object, slices.Delete(slices.Clone(rows), i, i+1))
	}
}

func (l List) at(id int64) int {
	return slices.IndexFunc(l, func(r map[string]any) bool { return r["id"] == id })
}

// list holds an object's rows in memory from now on.
func (s *Server) list(object string) List {
	o := s.objects[object]
	rows, held := o.Rows.(List)
	if !held && o.Rows != nil {
		for i := range o.Rows.Len() {
			rows = append(rows, o.Rows.Row(i))
		}
		s.keep(object, rows)
	}
	return rows
}

func (s *Server) keep(object string, rows List) {
	o := s.objects[object]
	o.Rows = rows
	s.objects[object] = o
}

// change changes fields of one record. A change of fields to what they hold is a change too.
func (s *Server) change(w http.ResponseWriter, r *http.Request, object, id string) {
	var in struct {
		Data map[string]any `json:"data"`
	}
	if r.Method != http.MethodPatch || json.NewDecoder(r.Body).Decode(&in) != nil || len(in.Data) == 0 {
		s.refuse(w, 1001, "参数错误")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known := s.objects[object]
	rows := s.list(object)
	key, err := strconv.ParseInt(id, 10, 64)
	i := rows.at(key)
	switch {
	case !known:
		s.refuse(w, 1002, "对象不存在: "+object)
		return
	case s.readOnly:
		s.refuse(w, 1003, "没有编辑权限")
		return
	case err != nil, i < 0:
		s.refuse(w, 1006, "数据不存在或已删除: "+id)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(in.Data)) {
		at := slices.IndexFunc(o.Fields, func(f Field) bool { return f.Name == name })
		text, _ := in.Data[name].(string)
		switch {
		case at < 0:
			s.refuse(w, 1007, "字段不存在: "+name)
			return
		case o.Fields[at].ReadOnly:
			s.refuse(w, 1009, "字段不可编辑: "+name)
			return
		case o.Fields[at].Length > 0 && len([]rune(text)) > o.Fields[at].Length:
			s.refuse(w, 1008, fmt.Sprintf("字段 %s 超过最大长度 %d", name, o.Fields[at].Length))
			return
		}
	}
	row := maps.Clone(rows[i])
	maps.Copy(row, in.Data)
	row["updatedAt"] = s.opts.Now().UnixMilli()
	rows = slices.Clone(rows)
	rows[i] = row
	s.keep(object, rows)
	s.writes++
	if s.opts.Faults.Hit(fault.WriteLost) {
		panic(http.ErrAbortHandler)
	}
	writeJSON(w, map[string]any{"code": 200, "msg": "OK", "data": map[string]any{"id": key}})
}
