package simsalesforce

import "regexp"

// Child is a relation from an object's rows to others that name them in a lookup.
type Child struct {
	Relationship  string
	Object, Field string
}

// nested is a question for the first child of each row.
var nested = regexp.MustCompile(`^\(SELECT Id FROM (\w+) LIMIT 1\)$`)

func (o Object) childRelationships() []map[string]any {
	out := []map[string]any{}
	for _, c := range o.Children {
		out = append(out, map[string]any{"relationshipName": c.Relationship, "childSObject": c.Object, "field": c.Field})
	}
	return append(out, map[string]any{"relationshipName": nil, "childSObject": "ProcessInstance", "field": "TargetObjectId"}) // many have no name
}

func (o Object) child(relationship string) (Child, bool) {
	for _, c := range o.Children {
		if c.Relationship == relationship {
			return c, true
		}
	}
	return Child{}, false
}

// firstChildren is the first living child of each row that has one, as answers nest it.
func (s *Server) firstChildren(c Child) map[string]any {
	out := map[string]any{}
	rows := s.objects[c.Object].Rows
	for i := range rows.Len() {
		row := rows.Row(i)
		parent, _ := row[c.Field].(string)
		if _, known := out[parent]; parent != "" && !known && row["IsDeleted"] != true {
			out[parent] = map[string]any{"totalSize": 1, "done": true, "records": []any{map[string]any{"attributes": map[string]any{"type": c.Object}, "Id": row["Id"]}}}
		}
	}
	return out
}
