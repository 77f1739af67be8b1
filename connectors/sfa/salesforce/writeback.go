package salesforce

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

// Writable reads which fields the user may change.
func (c *connection) Writable(ctx context.Context, st objectsource.Stream) (map[string]bool, error) {
	described, err := c.describe(ctx, st.ObjectName())
	out := map[string]bool{}
	for _, f := range described {
		out[f.Name] = f.Updateable
	}
	return out, err
}

// Absent is none: the description tells the rights.
func (c *connection) Absent() string { return "" }

// record makes a call about one record, unless the day's share of calls is used up.
func (c *connection) record(ctx context.Context, op string, st objectsource.Stream, id string, req httpsource.Request) error {
	if e := c.usedUp(); e != nil {
		e.Op, e.Source, e.Host = op, "Salesforce", c.api.Host()
		return e
	}
	req.Path = c.data("/sobjects/" + url.PathEscape(st.ObjectName()) + "/" + url.PathEscape(id))
	err := c.do(ctx, op+" "+st.ObjectName()+" "+id, req)
	return objectsource.GoneIf(err, "Salesforce", st, id, "NOT_FOUND", "ENTITY_IS_DELETED")
}

// ReadFields reads fields of one record.
func (c *connection) ReadFields(ctx context.Context, st objectsource.Stream, id string, names []string) (map[string]string, error) {
	out := map[string]string{}
	return out, c.record(ctx, "read", st, id, httpsource.Request{
		Method: http.MethodGet, Query: url.Values{"fields": {strings.Join(names, ",")}},
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			out, e = objectsource.ReadRecord(r.Body, "Id", names)
			return e
		},
	})
}

// WriteFields sets fields of one record, which is named by its id, so that none is ever created.
func (c *connection) WriteFields(ctx context.Context, st objectsource.Stream, id string, values map[string]string) error {
	body, err := json.Marshal(values)
	if err != nil {
		return err
	}
	return c.record(ctx, "change", st, id, httpsource.Request{
		Method: http.MethodPatch, Body: body, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}}, Once: true, Judge: objectsource.NoContent,
	})
}
