package u8

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// zone is that of every time: they carry none.
var zone = time.FixedZone("+08:00", 8*3600)

// life is how long a token lives when its answer does not say.
const life = 2 * time.Hour

const day = 24 * time.Hour

// connection is one enterprise's U8.
type connection struct {
	api      *httpsource.Client
	settings Settings
	now      func() time.Time
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Taker, error) {
	api, err := httpsource.New(s.Options("U8+", s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	c := &connection{api: api, settings: s, now: env.Now}
	api.SetAuth(httpsource.Holder{Session: httpsource.NewSession(env.Now, c.logIn), Place: httpsource.Place{Param: "token"}})
	table, tenant := slices.Clone(streams), map[string]string{}
	for i := range table {
		name := table[i].Info.Name
		table[i].Object = s.object(name, table[i].Object)
		for own := range s.named(name) { // rows carry these under their own names already
			tenant[name+"."+own] = own
		}
	}
	return objectsource.Taking(objectsource.New(c, objectsource.Config{
		Name: "U8+", Streams: table, User: s.AppKey, Tenant: tenant, Overlap: s.Overlap, Unit: time.Second, PageSize: s.PageSize, Zone: zone,
	}), c.pusher()), nil
}

// Connect does nothing: the first call logs in.
func (c *connection) Connect(context.Context) error { return nil }

// Client is the client of the platform.
func (c *connection) Client() *httpsource.Client { return c.api }

// Close frees the connections.
func (c *connection) Close() { c.api.Close() }

// logIn gets a token.
func (c *connection) logIn(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
	var token struct {
		ID      string `json:"id"`
		Expires any    `json:"expiresIn"`
	}
	_, err := c.api.Do(ctx, httpsource.Request{
		Op: "login", Method: http.MethodGet, Path: "/system/token", NoAuth: true, JudgeStatus: c.judgeStatus,
		Query: url.Values{"from_account": {c.settings.FromAccount}, "app_key": {c.settings.AppKey}, "app_secret": {c.settings.AppSecret.Reveal()}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			answer, e := c.open(r.Body)
			if e != nil && e.Kind == httpsource.Plain && e.Class != httpsource.Throttle {
				e.Class = httpsource.ConfigStop // account, key or secret are wrong
			}
			if e == nil && (httpsource.Decode(answer["token"], &token) != nil || token.ID == "") {
				e = httpsource.UnknownShape("a token answer needs token with id")
			}
			return e
		},
	})
	expires := life
	if n, err := strconv.Atoi(objectsource.Text(token.Expires)); err == nil && n > 0 {
		expires = time.Duration(n) * time.Second
	}
	return httpsource.Token{Value: token.ID, Expires: c.now().Add(expires)}, err
}

// account is the part of the query that every call has.
func (c *connection) account() url.Values {
	return url.Values{"from_account": {c.settings.FromAccount}, "to_account": {c.settings.ToAccount}, "app_key": {c.settings.AppKey}, "ds_sequence": {strconv.Itoa(c.settings.Sequence)}}
}

// Describe takes one row for metadata, of which the platform gives none.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	p, err := c.page(ctx, st, httpsource.Window{}, 1, 1)
	if err != nil {
		return objectsource.Metadata{}, err
	}
	named := map[string]string{}
	for own := range c.settings.named(st.Info.Name) {
		named[own] = own
	}
	return objectsource.Sampled(st, p.Rows, named), nil
}

// page asks for one page of a list, its rows with the names that rows give their fields.
func (c *connection) page(ctx context.Context, st objectsource.Stream, w httpsource.Window, page, size int) (objectsource.NumberedPage, error) {
	query, field := c.account(), c.settings.changed(st.Info.Name)
	query.Set("page_index", strconv.Itoa(page))
	query.Set("rows_per_page", strconv.Itoa(size))
	if !w.From.IsZero() {
		query.Set(field+"_begin", c.limit(w.From, 0))
	}
	if !w.To.IsZero() {
		query.Set(field+"_end", c.limit(w.To, day))
	}
	var out objectsource.NumberedPage
	_, err := c.api.Do(ctx, httpsource.Request{
		Op: "list " + st.Object, Method: http.MethodGet, Path: "/api/" + st.Object + "/batch_get", Query: query, JudgeStatus: c.judgeStatus,
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			if out, e = c.readPage(r.Body, st.Object); e != nil {
				return e
			}
			return c.prepare(st, w, out.Rows)
		},
	})
	return out, err
}

// limit writes a limit of time. Whether the end of a day, or a moment, is meant to be part of it is not told: a question asks
// for a little more rather than for less.
func (c *connection) limit(at time.Time, more time.Duration) string {
	if c.settings.Precision == "day" {
		return at.Add(more).In(zone).Format(time.DateOnly)
	}
	return at.In(zone).Format("2006-01-02 15:04:05.000")
}

// prepare renames the fields of rows, and finds out lists that take no notice of the limits of time: such a list would be
// read whole for every slice of a window.
func (c *connection) prepare(st objectsource.Stream, w httpsource.Window, rows []httpsource.Element) *httpsource.Error {
	names := c.settings.named(st.Info.Name)
	for i := range rows {
		rows[i].Fields = renamed(rows[i].Fields, names)
		at, ok := moment(rows[i].Fields[changed])
		if ok && (at.Before(w.From.Add(-2*day)) || !w.To.IsZero() && at.After(w.To.Add(2*day))) {
			return httpsource.UnknownShape("the list takes no notice of %s_begin and _end (setting changed)", c.settings.changed(st.Info.Name))
		}
	}
	return nil
}

// moment reads a time as rows carry it, with or without a fraction of the second, or a date.
func moment(v any) (time.Time, bool) {
	text := objectsource.Text(v)
	for _, layout := range []string{time.DateTime, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// Query reads the next page of a window, in slices of time.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	unit := time.Second
	if c.settings.Precision == "day" {
		unit = day
	}
	p, err := objectsource.Sliced{Unit: unit, Ask: func(w httpsource.Window, page int) (objectsource.NumberedPage, error) {
		return c.page(ctx, run.Stream, w, page, q.Limit)
	}}.Read(q)
	if err == nil && run.Stream.Document && c.settings.Lots == "detail" && !q.Window.To.IsZero() {
		err = c.addLots(ctx, &p)
	}
	return p, err
}

// Row makes a row: ids as text. A line of a bill that nobody audited is a delete. Rows that were never changed have no time.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	id := objectsource.Text(in[run.Stream.ID])
	if id == "" {
		return connectors.Row{}, "", errors.New("a row without " + run.Stream.ID)
	}
	row := connectors.Row{Key: id, Fields: run.Fields(in, func(column string, v any) any {
		switch column {
		case "id", "autoid", "code", "customercode", "inventorycode":
			return objectsource.Text(v)
		}
		return v
	})}
	row.SourceTime, _ = moment(in[changed])
	if run.Stream.Document && !c.counts(in) {
		row.Op = connectors.Delete
	}
	return row, "", nil
}

// counts reports whether the bill of a line is audited.
func (c *connection) counts(line map[string]any) bool {
	return c.settings.Auditor == "" || objectsource.Text(line[c.settings.Auditor]) != ""
}

// addLots asks every bill that counts for what its lines say about lots.
func (c *connection) addLots(ctx context.Context, p *objectsource.Page) error {
	return objectsource.BillLines{
		Line: "autoid", Fields: lotFields,
		Bill: func(row map[string]any) string {
			if !c.counts(row) {
				return ""
			}
			return objectsource.Text(row["id"])
		},
		Ask: func(id string) ([]byte, map[string]map[string]any, error) { return c.bill(ctx, id) },
	}.Complete(p)
}

func (c *connection) bill(ctx context.Context, id string) ([]byte, map[string]map[string]any, error) {
	object, lines := c.settings.object("salesout.detail", "saleout"), map[string]map[string]any{}
	query, names := c.account(), c.settings.named("salesout")
	query.Set("id", id)
	answer, err := c.api.Do(ctx, httpsource.Request{
		Op: "bill of " + object, Method: http.MethodGet, Path: "/api/" + object + "/get", Query: query, JudgeStatus: c.judgeStatus,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			members, e := c.open(r.Body)
			if e != nil {
				return e
			}
			var bill map[string]json.RawMessage
			var entries []map[string]any
			if json.Unmarshal(members[object], &bill) != nil || httpsource.Decode(bill[c.settings.Lines], &entries) != nil {
				return httpsource.UnknownShape("a bill's answer needs %s with %s (setting detail_lines)", object, c.settings.Lines)
			}
			for _, entry := range entries {
				line := renamed(entry, names)
				lines[objectsource.Text(line["autoid"])] = line
			}
			return nil
		},
	})
	if err != nil {
		return nil, nil, err
	}
	return answer.Body, lines, nil
}
