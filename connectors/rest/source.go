package rest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/internal/config"
)

// API is a system with an API, for connectors that are made of settings.
type API struct {
	Name     string // in messages
	User     string // whose rights decide what is seen, in messages
	Settings Settings
	Streams  []connectors.StreamInfo // in order; none: those of the settings
}

// connection is one API.
type connection struct {
	client  *httpsource.Client
	api     API
	clocks  map[string]connectors.TimeForm
	clients []*httpsource.Client // all, to be closed
}

// New makes a source from settings; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	user := s.Auth.Username
	if user == "" {
		user = s.Auth.ClientID
	}
	if user == "" {
		user = s.Auth.Kind
	}
	return Preset(API{Name: "REST", User: user, Settings: s}, env)
}

// Preset makes a source for one certain API; it does no calls.
func Preset(api API, env connectors.Env) (*objectsource.Source, error) {
	s := api.Settings
	zone, err := config.ParseZone(s.Zone)
	if err != nil {
		return nil, err
	}
	client, err := httpsource.New(s.Options(api.Name, s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	c := &connection{client: client, api: api, clocks: map[string]connectors.TimeForm{}, clients: []*httpsource.Client{client}}
	if err := c.authenticate(env); err != nil {
		return nil, err
	}
	infos := api.Streams
	if infos == nil {
		infos = streamInfos(s)
	}
	var table objectsource.Table
	for _, info := range infos {
		st := s.Streams[info.Name]
		c.clocks[info.Name] = connectors.TimeForm{Format: st.Format, Zone: zone}
		table = append(table, st.object(info))
	}
	return objectsource.New(c, objectsource.Config{Name: api.Name, Streams: table, User: api.User, Overlap: s.Overlap, PageSize: s.PageSize, Zone: zone}), nil
}

func streamInfos(s Settings) []connectors.StreamInfo {
	var out []connectors.StreamInfo
	for _, name := range slices.Sorted(maps.Keys(s.Streams)) {
		out = append(out, s.Streams[name].info(name))
	}
	return out
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() {
	for _, client := range c.clients {
		client.Close()
	}
}

// Describe takes the fields of a list from its first row: such APIs have no metadata.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	p, err := c.query(ctx, st.Info.Name, objectsource.Query{Limit: 1})
	var fields []connectors.Field
	if err == nil && len(p.Rows) > 0 {
		for _, name := range slices.Sorted(maps.Keys(p.Rows[0].Fields)) {
			fields = append(fields, connectors.Field{Name: name})
		}
	}
	return objectsource.NewMetadata(fields, false), err
}

// Query asks for a page.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	return c.query(ctx, run.Object(), q)
}

func (c *connection) query(ctx context.Context, name string, q objectsource.Query) (objectsource.Page, error) {
	st := c.api.Settings.Streams[name]
	at, err := placeOf(st.Paging, q.Locator)
	if err != nil {
		return objectsource.Page{}, err
	}
	req := c.request(name, st, q, at)
	var out objectsource.Page
	req.Judge = func(r *httpsource.Response) *httpsource.Error {
		if e := c.api.Settings.Errors.judge(r); e != nil {
			return e
		}
		var e *httpsource.Error
		out, e = st.page(r.Body, q, at)
		return e
	}
	if _, err := c.client.Do(ctx, req); err != nil {
		return objectsource.Page{}, err
	}
	if st.Paging.Kind == "link" {
		out.Next = httpsource.Below(c.api.Settings.BaseURL, out.Next)
	}
	return out, nil
}

// request is a call of the list at a place.
func (c *connection) request(name string, st Stream, q objectsource.Query, at place) httpsource.Request {
	req := httpsource.Request{Op: "read " + name, Method: st.Method, Path: st.Path, Header: http.Header{"Accept": {"application/json"}}, JudgeStatus: c.api.Settings.Errors.judgeStatus}
	for k, v := range c.api.Settings.Headers {
		req.Header.Set(k, v)
	}
	if at.Link != "" {
		req.Path = at.Link
		if st.Method != http.MethodPost {
			return req // the link says everything
		}
	}
	filled, _ := at.values(q, c.clocks[name]).fill(st.Params)
	params, _ := filled.(map[string]any)
	send(&req, st.Send, params)
	return req
}

// Row makes a row; a row that says so is a delete.
func (c *connection) Row(run *objectsource.Run, fields map[string]any) (connectors.Row, string, error) {
	st := c.api.Settings.Streams[run.Object()]
	row := connectors.Row{Fields: fields}
	var key []string
	for _, name := range st.Key {
		if name == "snapshot_date" {
			fields[name] = run.Snapshot
		}
		part := connectors.Scalar(connectors.Pick(fields, name))
		if part == "" {
			return row, "", errors.New("a row without " + name)
		}
		key = append(key, part)
	}
	row.Key = strings.Join(key, "|")
	if st.Time != "" {
		t, err := c.clocks[run.Object()].Read(connectors.Scalar(connectors.Pick(fields, st.Time)))
		if err != nil && run.Stream.Info.Cursor != "" {
			return row, "", fmt.Errorf("row %s has no time %s: %w", row.Key, st.Time, err)
		}
		row.SourceTime = t
	}
	if st.Deleted != "" && slices.Contains(st.Gone, connectors.Scalar(connectors.Pick(fields, st.Deleted))) {
		row.Op = connectors.Delete
	}
	return row, "", nil
}
