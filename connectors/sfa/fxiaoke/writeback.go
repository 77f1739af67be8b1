package fxiaoke

import (
	"context"
	"encoding/json"
	"strings"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

var _ objectsource.Keeper = (*connection)(nil)

// Writable reads which fields an object has. Whether this user may change them, a description does not tell.
func (c *connection) Writable(ctx context.Context, st objectsource.Stream) (map[string]bool, error) {
	described, err := c.describe(ctx, st)
	out := map[string]bool{}
	for name := range described {
		out[name] = true
	}
	return out, err
}

// Absent is an id of the platform's length.
func (c *connection) Absent() string { return strings.Repeat("0", 24) }

// ReadFields reads fields of one record by a query, which brings only these. One that was invalidated counts as gone.
func (c *connection) ReadFields(ctx context.Context, st objectsource.Stream, id string, names []string) (map[string]string, error) {
	filter := map[string]any{"field_name": "_id", "operator": "EQ", "field_values": []string{id}}
	p, err := c.query(ctx, st.ObjectName(), []any{filter}, append([]string{"_id", "life_status", "is_deleted"}, names...), 1)
	if err != nil {
		return nil, err
	}
	if len(p.Rows) == 0 || deleted(p.Rows[0].Fields) {
		return nil, objectsource.Gone("Fxiaoke", st, id, nil)
	}
	out := map[string]string{}
	for _, name := range names { // an empty one is left out
		out[name] = objectsource.Text(p.Rows[0].Fields[name])
	}
	return out, nil
}

// WriteFields sets fields of one record. It starts no approval: that would change the record's state too, and stop further
// writes until somebody approved.
func (c *connection) WriteFields(ctx context.Context, st objectsource.Stream, id string, values map[string]string) error {
	object := map[string]any{"dataObjectApiName": st.ObjectName(), "_id": id}
	for name, value := range values {
		object[name] = value
	}
	request := map[string]any{"triggerWorkFlow": false, "data": map[string]any{"object_data": object, "triggerWorkFlow": false}}
	return c.post(ctx, httpsource.Request{Op: "change " + st.ObjectName() + " " + id, Path: dataPath(st.ObjectName(), "update"), Once: true}, request,
		func([]byte, json.RawMessage) *httpsource.Error { return nil })
}
