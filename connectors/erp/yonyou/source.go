package yonyou

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// zone is that of every time: they carry none.
var zone = time.FixedZone("+08:00", 8*3600)

// layout is how times are written.
const layout = "2006-01-02 15:04:05"

// connection is one tenant. Login and API are different hosts, which the first login finds.
type connection struct {
	login, api *httpsource.Client
	session    *httpsource.Session
	settings   Settings
	now        func() time.Time
	found      bool // read and written by the login, which the session makes one at a time
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Taker, error) {
	login, err := httpsource.New(s.Options("YonBIP", s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	options := s.Options("YonBIP", s.BaseURL, env)
	table := slices.Clone(streams)
	for i := range table {
		table[i].Object = s.path(table[i].Info.Name, table[i].Object)
	}
	if s.PerMinute > 0 { // counted for every interface by itself
		options.Limits = map[string]httpsource.Limit{detailScope: {PerSecond: float64(s.PerMinute) / 60, Burst: 1}}
		for _, st := range table {
			options.Limits[st.Object] = options.Limits[detailScope]
		}
		for _, path := range orderCalls {
			options.Limits[path] = options.Limits[detailScope]
		}
	}
	api, err := httpsource.New(options)
	if err != nil {
		return nil, err
	}
	c := &connection{login: login, api: api, settings: s, now: env.Now}
	c.session = httpsource.NewSession(env.Now, c.logIn)
	api.SetAuth(httpsource.Holder{Session: c.session, Place: httpsource.Place{Param: "access_token"}})
	return objectsource.Taking(objectsource.New(c, objectsource.Config{
		Name: "YonBIP", Streams: table, User: s.AppKey, Tenant: s.Tenant, Overlap: s.Overlap, Unit: time.Second, PageSize: s.PageSize, Zone: zone,
	}), c.pusher()), nil
}

// Connect logs in before the first call, because the login finds the API's host.
func (c *connection) Connect(ctx context.Context) error {
	_, err := c.session.Get(ctx)
	return err
}

func (c *connection) Client() *httpsource.Client { return c.api }

func (c *connection) Close() {
	c.login.Close()
	c.api.Close()
}

// ClassOf is what a refusal of one of the maker's platforms means by its words: their codes are not published. throttle are
// the words of too many calls.
func ClassOf(message string, throttle []string) httpsource.Class {
	words := strings.ToLower(message)
	has := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(t string) bool { return t != "" && strings.Contains(words, strings.ToLower(t)) })
	}
	switch {
	case has(throttle...):
		return httpsource.Throttle
	case has("token"):
		return httpsource.ReauthOnce
	case has("权限", "未授权", "permission"):
		return httpsource.Forbidden
	case has("繁忙", "超时", "稍后", "timeout", "timed out"):
		return httpsource.Retry
	}
	return httpsource.Permanent
}

func (c *connection) shape(op, why string) error {
	e := httpsource.UnknownShape("%s", why)
	e.Op, e.Source, e.Host = op, "YonBIP", c.api.Host()
	return e
}

// Describe takes one row for metadata, of which the platform gives none: it shows the fields that the tenant has beside those
// that the connector knows.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	p, err := c.page(ctx, st, httpsource.Window{}, 1, 1)
	if err != nil {
		return objectsource.Metadata{}, err
	}
	return objectsource.Sampled(st, p.Rows, c.settings.Tenant), nil
}

// page asks for one page of a list.
func (c *connection) page(ctx context.Context, st objectsource.Stream, w httpsource.Window, page, size int) (objectsource.NumberedPage, error) {
	conditions := []any{}
	for _, bound := range []struct {
		op string
		at time.Time
	}{{"egt", w.From}, {"lt", w.To}} {
		if !bound.at.IsZero() {
			conditions = append(conditions, map[string]any{"field": changed, "op": bound.op, "value1": bound.at.In(zone).Format(layout)})
		}
	}
	body, err := json.Marshal(map[string]any{"pageIndex": page, "pageSize": size, "isSum": false, "simpleVOs": conditions})
	if err != nil {
		return objectsource.NumberedPage{}, err
	}
	var out objectsource.NumberedPage
	_, err = c.api.Do(ctx, httpsource.Request{
		Op: "list " + st.Info.Name, Method: http.MethodPost, Path: st.Object, Body: body, Scope: st.Object,
		Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			data, e := c.open(r.Body, "200")
			if e != nil {
				return e
			}
			out, e = readPage(r.Body, data)
			return e
		},
	})
	return out, err
}

func readPage(body []byte, data json.RawMessage) (objectsource.NumberedPage, *httpsource.Error) {
	var answer struct {
		Count *int            `json:"recordCount"`
		Pages *int            `json:"pageCount"`
		List  json.RawMessage `json:"recordList"`
	}
	if len(data) == 0 || json.Unmarshal(data, &answer) != nil || answer.Count == nil || answer.Pages == nil || len(answer.List) == 0 {
		return objectsource.NumberedPage{}, httpsource.UnknownShape("a list's answer needs data with recordList, recordCount and pageCount")
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, answer.List)) // a part of body, copied
	if err != nil {
		return objectsource.NumberedPage{}, httpsource.UnknownShape("%v", err)
	}
	return objectsource.NumberedPage{Page: objectsource.Page{Raw: body, Rows: rows}, Pages: *answer.Pages, Total: *answer.Count}, nil
}

// Query reads the next page of a window, in slices of time.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	p, err := objectsource.Sliced{Unit: time.Second, Ask: func(w httpsource.Window, page int) (objectsource.NumberedPage, error) {
		return c.page(ctx, run.Stream, w, page, q.Limit)
	}}.Read(q)
	if err == nil && run.Stream.Document && c.settings.Lots == "detail" && !q.Window.To.IsZero() {
		err = c.addLots(ctx, &p)
	}
	return p, err
}

// Row makes a row: ids as text. A line of a bill that does not count is a delete.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	id := objectsource.Text(in[run.Stream.ID])
	if id == "" {
		return connectors.Row{}, "", errors.New("a row without " + run.Stream.ID)
	}
	row := connectors.Row{Key: id, Fields: run.Fields(in, func(column string, v any) any {
		switch column {
		case "id", "details_id", "cust", "org", "warehouse", "status":
			return objectsource.Text(v)
		}
		return v
	})}
	at, err := time.ParseInLocation(layout, objectsource.Text(in[changed]), zone)
	if err != nil {
		return row, "", errors.New("row " + id + " without " + changed)
	}
	row.SourceTime = at.UTC()
	if run.Stream.Document && objectsource.Text(in["status"]) != c.settings.Audited {
		row.Op = connectors.Delete
	}
	return row, "", nil
}

// detailScope counts the calls for single bills.
const detailScope = "detail"

// addLots asks every bill that counts for what its lines say about lots.
func (c *connection) addLots(ctx context.Context, p *objectsource.Page) error {
	return objectsource.BillLines{
		Line: "details_id", Fields: lotFields,
		Bill: func(row map[string]any) string {
			if objectsource.Text(row["status"]) != c.settings.Audited {
				return ""
			}
			return objectsource.Text(row["id"])
		},
		Ask: func(id string) ([]byte, map[string]map[string]any, error) { return c.bill(ctx, id) },
	}.Complete(p)
}

func (c *connection) bill(ctx context.Context, id string) ([]byte, map[string]map[string]any, error) {
	lines := map[string]map[string]any{}
	answer, err := c.api.Do(ctx, httpsource.Request{
		Op: "bill of salesout", Method: http.MethodGet, Path: c.settings.path("salesout.detail", "/yonbip/scm/salesout/detail"), Query: url.Values{"id": {id}}, Scope: detailScope,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			data, e := c.open(r.Body, "200")
			if e != nil {
				return e
			}
			var head map[string]any
			if len(data) == 0 || httpsource.Decode(data, &head) != nil {
				return httpsource.UnknownShape("a bill's answer without data")
			}
			list, ok := head[c.settings.Lines].([]any)
			if !ok {
				return httpsource.UnknownShape("a bill without %s (setting detail_lines)", c.settings.Lines)
			}
			for _, item := range list {
				line, _ := item.(map[string]any)
				if id := objectsource.Text(line["id"]); id != "" {
					lines[id] = line
				}
			}
			return nil
		},
	})
	if err != nil {
		return nil, nil, err
	}
	return answer.Body, lines, nil
}
