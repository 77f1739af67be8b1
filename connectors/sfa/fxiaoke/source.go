package fxiaoke

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// zone is where the platform's days begin.
var zone = time.FixedZone("+08:00", 8*3600)

// connection is one tenant.
type connection struct{ client *httpsource.Client }

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	client, err := httpsource.New(s.Options("Fxiaoke", s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	client.SetAuth(newCredentials(client, s, env.Now))
	table := slices.Clone(streams)
	for i := range table {
		switch table[i].Info.Name {
		case "visit":
			table[i].Object = s.Visit
		case "case":
			table[i].Object = s.Case
		}
	}
	return objectsource.New(&connection{client: client}, objectsource.Config{
		Name: "Fxiaoke", Streams: table, User: s.User, Tenant: s.Tenant, Overlap: s.Overlap, Unit: time.Millisecond, PageSize: s.PageSize, Zone: zone,
		WriteBack: s.WriteBack, Within: s.Within(),
	}), nil
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() { c.client.Close() }

// post makes a call and gives the data of its answer to read.
func (c *connection) post(ctx context.Context, req httpsource.Request, body any, read func(body []byte, data json.RawMessage) *httpsource.Error) (err error) {
	if req.Body, err = json.Marshal(body); err != nil {
		return err
	}
	req.Method, req.Header = http.MethodPost, jsonHeader()
	req.Judge = func(r *httpsource.Response) *httpsource.Error {
		data, e := open(r.Body, c.client.SourceNow())
		if e != nil {
			return e
		}
		return read(r.Body, data)
	}
	_, err = c.client.Do(ctx, req)
	return err
}

// dataPath is where the platform does something with rows of an object.
func dataPath(object, verb string) string {
	if strings.HasSuffix(object, "__c") {
		return "/cgi/crm/custom/v2/data/" + verb
	}
	return "/cgi/crm/v2/data/" + verb
}

// Describe reads what the tenant's metadata says about an object.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	described, err := c.describe(ctx, st)
	if err != nil {
		return objectsource.Metadata{}, err
	}
	return metadataOf(described), nil
}

// describe asks for the fields of an object, by name. The name of the object goes where the older and where the present
// transport look for it.
func (c *connection) describe(ctx context.Context, st objectsource.Stream) (out map[string]describedField, err error) {
	object := st.ObjectName()
	err = c.post(ctx, httpsource.Request{Op: "describe " + object, Path: "/cgi/crm/v2/object/describe"},
		map[string]any{"apiName": object, "includeDetail": false, "data": map[string]any{"apiName": object, "includeDetail": false}},
		func(_ []byte, data json.RawMessage) (e *httpsource.Error) {
			out, e = readDescription(data)
			return e
		})
	return out, err
}

// Query reads rows of an object in the order of their ids. Only an empty page ends a window: pages may be cut below the
// limit asked for.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	return c.query(ctx, run.Object(), filters(q.Window), projection(run.Columns), q.Limit)
}

func (c *connection) query(ctx context.Context, object string, filters []any, fields []string, limit int) (out objectsource.Page, err error) {
	request := map[string]any{"data": map[string]any{
		"dataObjectApiName": object, "find_explicit_total_num": false,
		"search_query_info": map[string]any{
			"limit": limit, "offset": 0, "filters": filters, "fieldProjection": fields, "orders": []any{map[string]any{"fieldName": "_id", "isAsc": true}},
		},
	}}
	err = c.post(ctx, httpsource.Request{Op: "query " + object, Path: dataPath(object, "query")}, request, func(body []byte, data json.RawMessage) (e *httpsource.Error) {
		out, e = readPage(body, data)
		return e
	})
	return out, err
}

func filters(w httpsource.Window) []any {
	out := []any{}
	add := func(field, operator, value string) {
		out = append(out, map[string]any{"field_name": field, "operator": operator, "field_values": []string{value}})
	}
	if !w.To.IsZero() {
		add(modified, "LT", strconv.FormatInt(w.To.UnixMilli(), 10))
	}
	if !w.From.IsZero() {
		add(modified, "GTE", strconv.FormatInt(w.From.UnixMilli(), 10))
	}
	if w.After != "" {
		add("_id", "GT", w.After)
	}
	return out
}

// projection is the fields to ask for: the name of a look-up comes with the look-up.
func projection(columns []string) []string {
	var out []string
	for _, c := range columns {
		head, _, _ := strings.Cut(c, ".")
		if !slices.Contains(out, head) {
			out = append(out, head)
		}
	}
	return out
}

// Row makes a row. A row that was invalidated or lies in the recycle bin is a delete.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	id := objectsource.Text(in["_id"])
	if id == "" {
		return connectors.Row{}, "", errors.New("a row without _id")
	}
	flat := make(map[string]any, len(run.Columns))
	for _, column := range run.Columns {
		if head, ok := strings.CutSuffix(column, ".name"); ok {
			flat[column] = nameOf(in[head+"__r"])
			continue
		}
		flat[column] = in[column]
	}
	row := connectors.Row{Key: id, Fields: run.Fields(flat, func(column string, v any) any {
		field, _ := run.Meta.Field(column)
		switch {
		case column == modified || field.Name != column:
		case field.Type == "date":
			return inChina(v, time.DateOnly)
		case field.Type == "date_time" || column == created:
			return inChina(v, time.RFC3339)
		}
		return v
	})}
	if deleted(in) {
		row.Op = connectors.Delete
	}
	for _, field := range []string{modified, created} {
		if ms, err := strconv.ParseInt(objectsource.Text(in[field]), 10, 64); err == nil {
			row.SourceTime = time.UnixMilli(ms).UTC()
			break
		}
	}
	return row, id, nil
}

// deleted reports whether a row was invalidated (作废) or lies in the recycle bin.
func deleted(in map[string]any) bool {
	return in["is_deleted"] == true || objectsource.Text(in["life_status"]) == "invalid"
}

// nameOf is the name beside a look-up: text, or the name of a person.
func nameOf(v any) any {
	if person, ok := v.(map[string]any); ok {
		return person["name"]
	}
	return v
}

// inChina writes epoch milliseconds as a date or a time in China.
func inChina(v any, layout string) any {
	ms, err := strconv.ParseInt(objectsource.Text(v), 10, 64)
	if err != nil {
		return v
	}
	return time.UnixMilli(ms).In(zone).Format(layout)
}
