package neocrm

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

var _ objectsource.Keeper = (*connection)(nil)

// Writable reads which fields an object has, without those that it calls fixed. Whether this user may change them, a
// description does not tell.
func (c *connection) Writable(ctx context.Context, st objectsource.Stream) (map[string]bool, error) {
	described, err := c.describe(ctx, st)
	out := map[string]bool{}
	for _, f := range described {
		out[f.APIKey] = f.Updatable == nil || *f.Updatable
	}
	return out, err
}

// Absent is shorter than any id.
func (c *connection) Absent() string { return "1" }

// ReadFields reads fields of one record by a query, which brings only these. One that was deleted is not found.
func (c *connection) ReadFields(ctx context.Context, st objectsource.Stream, id string, names []string) (map[string]string, error) {
	if !isID(id) {
		return nil, objectsource.Gone("Neocrm", st, id, nil)
	}
	object := st.ObjectName()
	p, err := c.query(ctx, object, "select id, "+strings.Join(names, ", ")+" from "+object+" where id = "+id+" order by id limit 1 offset 0", false, "")
	if err != nil {
		return nil, err
	}
	if len(p.Rows) == 0 {
		return nil, objectsource.Gone("Neocrm", st, id, nil)
	}
	out := map[string]string{}
	for _, name := range names { // an empty one may be missing
		out[name] = objectsource.Text(p.Rows[0].Fields[name])
	}
	return out, nil
}

// WriteFields sets fields of one record.
func (c *connection) WriteFields(ctx context.Context, st objectsource.Stream, id string, values map[string]string) error {
	if !isID(id) {
		return objectsource.Gone("Neocrm", st, id, nil)
	}
	body, err := json.Marshal(map[string]any{"data": values})
	if err != nil {
		return err
	}
	_, err = c.api.Do(ctx, httpsource.Request{
		Op: "change " + st.ObjectName() + " " + id, Method: http.MethodPatch, Path: "/rest/data/v2.0/xobjects/" + url.PathEscape(st.ObjectName()) + "/" + url.PathEscape(id),
		Body: body, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Once: true,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			_, e := c.open(r.Body)
			return e
		},
	})
	return err
}
