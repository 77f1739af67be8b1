package simfxiaoke

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tributary/connectors/sandbox/fault"
)

// Writes counts the records that were changed.
func (s *Server) Writes() int { s.mu.Lock(); defer s.mu.Unlock(); return s.writes }

// ForbidWrites takes the interface for changes from the application, or gives it back.
func (s *Server) ForbidWrites(no bool) { s.mu.Lock(); defer s.mu.Unlock(); s.readOnly = no }

// Row is a record as it is now; nil when there is none.
func (s *Server) Row(object, id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.list(object)
	if i := rows.at(id); i >= 0 {
		return maps.Clone(rows[i])
	}
	return nil
}

// ChangeRow changes a record, as people do by hand.
func (s *Server) ChangeRow(object, id string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.change(object, id, fields)
}

func (l List) at(id string) int {
	return slices.IndexFunc(l, func(r map[string]any) bool { return r["_id"] == id })
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

func (s *Server) change(object, id string, fields map[string]any) {
	rows := slices.Clone(s.list(object))
	if i := rows.at(id); i >= 0 {
		row := maps.Clone(rows[i])
		row["last_modified_time"] = s.opts.Now().UnixMilli()
		maps.Copy(row, fields)
		rows[i] = row
		o := s.objects[object]
		o.Rows = rows
		s.objects[object] = o
	}
}

// update changes fields of one record, and starts an approval unless it is told not to. A change of fields to what they hold
// is a change too.
func (s *Server) update(w http.ResponseWriter, body map[string]any, custom bool) {
	data, _ := body["data"].(map[string]any)
	in, _ := data["object_data"].(map[string]any)
	object, id := text(in["dataObjectApiName"]), text(in["_id"])
	s.mu.Lock()
	defer s.mu.Unlock()
	o, known := s.objects[object]
	rows := s.list(object)
	i := rows.at(id)
	switch {
	case s.readOnly:
		s.refuse(w, 15003, "没有接口权限")
		return
	case !known, custom != strings.HasSuffix(object, "__c"):
		s.refuse(w, 11001, "对象不存在: "+object)
		return
	case i < 0, rows[i]["life_status"] == "invalid", rows[i]["is_deleted"] == true:
		s.refuse(w, 32000, "数据已作废或已删除")
		return
	case rows[i]["life_status"] == "under_review":
		s.refuse(w, 32000, "数据审核中，不能编辑")
		return
	}
	fields := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if name == "dataObjectApiName" || name == "_id" {
			continue
		}
		at := slices.IndexFunc(o.Fields, func(f Field) bool { return f.Name == name })
		switch v := text(in[name]); {
		case at < 0:
			s.refuse(w, 11002, "字段不存在: "+name)
			return
		case o.Fields[at].Length > 0 && len([]rune(v)) > o.Fields[at].Length:
			s.refuse(w, 32000, fmt.Sprintf("字段 %s 超过最大长度 %d", name, o.Fields[at].Length))
			return
		default:
			if fields[name] = in[name]; v == "" {
				fields[name] = nil // what is empty is left out of answers
			}
		}
	}
	if body["triggerWorkFlow"] != false && data["triggerWorkFlow"] != false {
		fields["life_status"] = "under_review"
	}
	s.change(object, id, fields)
	s.writes++
	if s.opts.Faults.Hit(fault.WriteLost) {
		panic(http.ErrAbortHandler)
	}
	s.succeed(w, map[string]any{"objectData": map[string]any{"_id": id}})
}
