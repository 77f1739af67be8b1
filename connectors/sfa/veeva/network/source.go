package network

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/connectors/sfa/veeva"
)

// connection is one Network instance.
type connection struct {
	client   *httpsource.Client
	settings Settings
	pace     veeva.Pace
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	s.Common.Timeout = s.Timeout
	client, err := httpsource.New(s.Options("Veeva Network", s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	client.SetAuth(httpsource.Holder{Session: httpsource.NewSession(env.Now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		session, err := veeva.LogIn(ctx, veeva.LoginRequest{Client: client, Path: "/api/" + s.Version + "/auth", Form: url.Values{"username": {s.User}, "password": {s.Password.Reveal()}}})
		return httpsource.Token{Value: session.ID}, err
	})})
	return objectsource.New(&connection{client: client, settings: s, pace: veeva.Pace{Reserve: s.Reserve}}, objectsource.Config{
		Name: "Veeva Network", Streams: streams, User: s.User, Tenant: s.Tenant, Overlap: s.Overlap, Unit: unit, PageSize: s.PageSize,
	}), nil
}

// Connect does nothing: the first call logs in.
func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() { c.client.Close() }

// Describe takes one record for metadata: it shows the fields that the instance has beside those that the connector knows.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	p, err := c.search(ctx, st, question{states: living, limit: 1})
	if err != nil {
		return objectsource.Metadata{}, err
	}
	var fields []connectors.Field
	add := func(name string) {
		head, _, _ := strings.Cut(name, ".")
		fields = append(fields, connectors.Field{Name: head})
	}
	for _, name := range slices.Concat(st.Required, st.Optional) {
		add(name)
	}
	for _, row := range p.Rows {
		for name := range entity(row.Fields) {
			add(name)
		}
	}
	for _, column := range c.settings.Tenant {
		add(column) // the one record may lack it
	}
	return objectsource.NewMetadata(fields, false), nil
}

// question is a search.
type question struct {
	states        string
	from, to      time.Time // both zero: whenever
	offset, limit int
}

// found is a page of a search; Total is -1 where the answer does not say how many there are.
type found struct {
	objectsource.Page
	Total int
}

func (c *connection) search(ctx context.Context, st objectsource.Stream, q question) (found, error) {
	if err := c.pace.Wait(ctx); err != nil {
		return found{}, err
	}
	var filters []string
	if !q.to.IsZero() {
		filters = append(filters, "range||"+changed+":"+strconv.FormatInt(q.from.UnixMilli(), 10)+"||"+strconv.FormatInt(q.to.UnixMilli(), 10))
	}
	if c.settings.Country != "" {
		filters = append(filters, "primary_country__v:"+c.settings.Country)
	}
	query := url.Values{
		"q": {"*"}, "types": {st.ObjectName()}, "states": {q.states}, "offset": {strconv.Itoa(q.offset)}, "limit": {strconv.Itoa(q.limit)},
		"sort": {"master_vid__v"}, "sortOrder": {"asc"}, "includeMasterResults": {"false"},
	}
	if len(filters) > 0 {
		query.Set("filters", strings.Join(filters, "~"))
	}
	var out found
	_, err := c.client.Do(ctx, httpsource.Request{
		Op: "search " + st.ObjectName(), Method: http.MethodGet, Path: "/api/" + c.settings.Version + "/search", Query: query, Header: http.Header{"Accept": {"application/json"}},
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			c.pace.Observe(r.Header)
			if e := veeva.Judge(r.Body); e != nil {
				return e
			}
			out, e = readSearch(r.Body)
			return e
		},
		JudgeStatus: veeva.JudgeStatus,
	})
	return out, err
}

func readSearch(body []byte) (found, *httpsource.Error) {
	var answer struct {
		Total    *int            `json:"totalCount"`
		Entities json.RawMessage `json:"entities"`
	}
	if httpsource.Decode(body, &answer) != nil || len(answer.Entities) == 0 {
		return found{}, httpsource.UnknownShape("an answer without entities")
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, answer.Entities))
	if err != nil {
		return found{}, httpsource.UnknownShape("%v", err)
	}
	out := found{Page: objectsource.Page{Raw: body, Rows: rows}, Total: -1}
	if answer.Total != nil {
		out.Total = *answer.Total
	}
	return out, nil
}

// mostRows is the most records of a search.
const mostRows = 100

// mostAgain is how often a slice is begun anew because its records moved while it was read.
const mostAgain = 20

// Query reads a slice, or a page of one that cannot be cut any more. A first read has nothing to take back: it asks for living records.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	states := every
	if q.Window.From.IsZero() {
		states = living
	}
	if q.Window.To.IsZero() { // to see whether there is anything
		p, err := c.search(ctx, run.Stream, question{states: states, limit: 1})
		return p.Page, err
	}
	s, err := sliceOf(q.Window, q.Locator)
	if err != nil {
		return objectsource.Page{}, err
	}
	for s.Again < mostAgain {
		p, err := c.search(ctx, run.Stream, question{states: states, from: s.start(), to: s.To, offset: s.Offset, limit: min(mostRows, q.Limit+min(1, s.Offset))})
		if err != nil {
			return objectsource.Page{}, err
		}
		if first, ok := s.half(); ok && s.Offset == 0 && (p.Total > len(p.Rows) || p.Total < 0 && len(p.Rows) >= q.Limit) {
			s = first
			continue
		}
		if s.Anchor != "" && (len(p.Rows) == 0 || key(p.Rows[0].Fields) != s.Anchor) {
			s = slice{From: s.From, To: s.To, Again: s.Again + 1}
			continue
		}
		if next, ok := s.after(q.Window.To); ok && len(p.Rows) == 0 {
			s = next // nothing to say about it
			continue
		}
		return c.page(p, s, q.Window.To), nil
	}
	e := &httpsource.Error{Class: httpsource.Retry, Message: "records keep moving while they are read", Op: "search " + run.Object(), Source: "Veeva Network", Host: c.client.Host()}
	return objectsource.Page{}, e
}

// page is the rows of a search that were not read before, and where to go on.
func (c *connection) page(p found, s slice, end time.Time) objectsource.Page {
	out := objectsource.Page{Raw: p.Raw, Rows: p.Rows}
	if s.Anchor != "" {
		out.Rows = p.Rows[1:]
	}
	for _, row := range out.Rows {
		t, ok := modified(row.Fields)
		s.Met = s.Met || ok && t.Truncate(unit).Equal(s.To)
	}
	read := s.Offset + len(p.Rows)
	more := len(p.Rows) > 0 && read < p.Total
	if p.Total < 0 { // only a page that brings nothing new shows the end
		more = len(p.Rows) > 1 || len(p.Rows) == 1 && s.Anchor == ""
	}
	if more {
		last := p.Rows[len(p.Rows)-1]
		out.Next = slice{From: s.From, To: s.To, Offset: read - 1, Anchor: key(last.Fields), Again: s.Again, Met: s.Met}.text()
		return out
	}
	next, ok := s.after(end)
	if !ok {
		out.End = true
		return out
	}
	out.Next = next.text()
	return out
}

// entity is the record in an element of a search.
func entity(in map[string]any) map[string]any {
	out, _ := in["entity"].(map[string]any)
	return out
}

// key is the VID of an element: 18 digits, as text.
func key(in map[string]any) string {
	if id := objectsource.Text(entity(in)[vid]); id != "" {
		return id
	}
	id := objectsource.Text(in["entityId"])
	return id[strings.LastIndexByte(id, ':')+1:]
}

// modified is the time of an element's last change: epoch milliseconds, or a date-time with its offset.
func modified(in map[string]any) (time.Time, bool) {
	text := objectsource.Text(entity(in)[changed])
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} { // both take a fraction
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Row makes a row. A record that is gone, or lives on under another key, is a delete.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	id, record := key(in), entity(in)
	if id == "" || record == nil {
		return connectors.Row{}, "", errors.New("a record without " + vid)
	}
	flat := make(map[string]any, len(run.Columns))
	for _, column := range run.Columns {
		flat[column] = objectsource.At(record, column)
	}
	flat[vid] = id
	row := connectors.Row{Key: id, Fields: run.Fields(flat, nil)}
	t, ok := modified(in)
	if !ok {
		return row, "", errors.New("record " + id + " without " + changed)
	}
	row.SourceTime = t
	if gone[objectsource.Text(record[state])] {
		row.Op = connectors.Delete
	}
	return row, "", nil
}
