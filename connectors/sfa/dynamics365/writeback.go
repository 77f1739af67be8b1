package dynamics365

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

// Writable reads which text columns of a table may be changed. Whether this user may, a definition does not tell.
func (c *connection) Writable(ctx context.Context, st objectsource.Stream) (map[string]bool, error) {
	d, err := c.define(ctx, st)
	out := map[string]bool{}
	for _, a := range d.Attributes {
		out[a.LogicalName] = a.Updatable && (a.AttributeType == "String" || a.AttributeType == "Memo")
	}
	return out, err
}

// Absent is the empty id.
func (c *connection) Absent() string { return "00000000-0000-0000-0000-000000000000" }

// record makes a call about one row.
func (c *connection) record(ctx context.Context, op string, st objectsource.Stream, id string, req httpsource.Request) error {
	req.Op, req.Path, req.JudgeStatus = op+" "+st.ObjectName()+" "+id, "/"+st.Info.Name+"("+url.PathEscape(id)+")", failure
	_, err := c.api.Do(ctx, req)
	return objectsource.GoneIf(err, "Dynamics 365", st, id, notThere)
}

// ReadFields reads columns of one row.
func (c *connection) ReadFields(ctx context.Context, st objectsource.Stream, id string, names []string) (map[string]string, error) {
	out := map[string]string{}
	return out, c.record(ctx, "read", st, id, httpsource.Request{
		Method: http.MethodGet, Query: url.Values{"$select": {st.ID + "," + strings.Join(names, ",")}}, Header: header(),
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			out, e = objectsource.ReadRecord(r.Body, st.ID, names)
			return e
		},
	})
}

// WriteFields sets columns of one row. Without If-Match the platform would create a row that is not there.
func (c *connection) WriteFields(ctx context.Context, st objectsource.Stream, id string, values map[string]string) error {
	body, err := json.Marshal(values)
	if err != nil {
		return err
	}
	h := header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("If-Match", "*")
	return c.record(ctx, "change", st, id, httpsource.Request{Method: http.MethodPatch, Body: body, Header: h, Once: true, Judge: objectsource.NoContent})
}
