package pharmacy

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// connection is one chain.
type connection struct {
	client   *httpsource.Client
	settings Settings
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	options := s.Options("pharmacy chain", s.BaseURL, env)
	options.Auth = httpsource.Fixed{Prefix: "Bearer ", Secret: s.Token}
	client, err := httpsource.New(options)
	if err != nil {
		return nil, err
	}
	return objectsource.New(&connection{client, s}, objectsource.Config{
		Name: "pharmacy chain", Streams: streams, User: "token", Overlap: s.Overlap, PageSize: s.PageSize,
	}), nil
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() { c.client.Close() }

// Describe takes the fields of a list from its first row: the API has no metadata.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	p, err := c.fetch(ctx, st.ObjectName(), first(st.ObjectName(), objectsource.Query{Limit: 1}))
	var fields []connectors.Field
	if err == nil && len(p.Rows) > 0 {
		for name := range p.Rows[0].Fields {
			fields = append(fields, connectors.Field{Name: name})
		}
	}
	return objectsource.NewMetadata(fields, false), err
}

// Query reads what a link names, else the first page of the window.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	link := q.Locator
	if link == "" {
		link = first(run.Object(), q)
	}
	return c.fetch(ctx, run.Object(), link)
}

// first is the link of a list's first page.
func first(list string, q objectsource.Query) string {
	values := url.Values{"limit": {strconv.Itoa(q.Limit)}}
	if !q.Window.To.IsZero() {
		values.Set("updated_before", q.Window.To.Format(time.RFC3339))
	}
	if !q.Window.From.IsZero() {
		values.Set("updated_from", q.Window.From.Format(time.RFC3339))
	}
	return "/" + list + "?" + values.Encode()
}

func (c *connection) fetch(ctx context.Context, list, link string) (objectsource.Page, error) {
	var out objectsource.Page
	_, err := c.client.Do(ctx, httpsource.Request{
		Op: "read " + list, Method: http.MethodGet, Path: link, JudgeStatus: judgeStatus,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			var e *httpsource.Error
			out, e = readPage(r.Body)
			return e
		},
	})
	out.Next = httpsource.Below(c.settings.BaseURL, out.Next)
	return out, err
}

// Row makes a row; a row that says so is a delete.
func (c *connection) Row(run *objectsource.Run, fields map[string]any) (connectors.Row, string, error) {
	row := connectors.Row{Fields: fields}
	var key []string
	for _, k := range run.Stream.Info.Key {
		if k == "snapshot_date" {
			fields[k] = run.Snapshot
		}
		part := objectsource.Text(fields[k])
		if part == "" {
			return row, "", errors.New("a row without " + k)
		}
		key = append(key, part)
	}
	row.Key = strings.Join(key, "|")
	if run.Stream.Info.Cursor == "" {
		return row, "", nil
	}
	t, err := time.Parse(time.RFC3339, objectsource.Text(fields["updated_at"]))
	if err != nil {
		return row, "", errors.New("row " + row.Key + " has no time updated_at")
	}
	row.SourceTime = t.UTC()
	if fields["deleted"] == true {
		row.Op = connectors.Delete
	}
	return row, "", nil
}
