package msfx

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/internal/errs"
)

// connection is one application.
type connection struct {
	client   *httpsource.Client
	settings Settings
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	client, err := httpsource.New(s.Options("码上放心", s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	client.SetAuth(signer{settings: s, now: client.SourceNow})
	return objectsource.New(&connection{client: client, settings: s}, objectsource.Config{
		Name: "码上放心", Streams: streams, User: s.AppKey, Overlap: s.Reread, Lag: s.Lag, PageSize: s.PageSize, Zone: zone,
	}), nil
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() { c.client.Close() }

// Describe names the fields that rows have, and sees by one bill of each enterprise that it authorised the application: the
// platform has no metadata.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	now := c.client.SourceNow()
	for _, enterprise := range c.settings.scope() {
		_, _, _, err := c.heads(ctx, enterprise, now.AddDate(0, 0, -1), now, 1, 1)
		if httpsource.Refused(err) { // its ent_id in place of the ref_ent_id, or it did not authorise
			err = errs.New(errs.Invalid, "msfx.enterprise", errs.Args{"enterprise": enterprise, "why": err})
		}
		if err != nil {
			return objectsource.Metadata{}, err
		}
	}
	fields := make([]connectors.Field, len(st.Required))
	for i, name := range st.Required {
		fields[i].Name = name
	}
	return objectsource.NewMetadata(fields, false), nil
}

// heads asks for a page of an enterprise's bills of whole days.
func (c *connection) heads(ctx context.Context, enterprise string, from, to time.Time, page, size int) (bills []map[string]any, total int, raw []byte, err error) {
	result, raw, err := c.call(ctx, "kyt.searchbill", map[string]string{
		"ref_ent_id": c.settings.Enterprise, "auth_ref_user_id": enterprise, "bill_type": "A", "begin_date": from.In(zone).Format(time.DateOnly), "end_date": to.In(zone).Format(time.DateOnly),
		"cur_page": strconv.Itoa(page), "page_size": strconv.Itoa(size),
	})
	if err != nil {
		return nil, 0, nil, err
	}
	bills, err = list(result, "model_list", "models")
	if err == nil {
		total, err = number(result["total_num"])
	}
	if err != nil {
		return nil, 0, nil, c.shape("kyt.searchbill", err.Error())
	}
	return bills, total, raw, c.inScope(bills, enterprise)
}

// inScope stops at a bill of an enterprise that was not asked for: its data may not be used.
func (c *connection) inScope(bills []map[string]any, enterprise string) error {
	for _, b := range bills {
		if whose := objectsource.Text(b["ref_ent_id"]); whose != enterprise {
			return errs.New(errs.Denied, "msfx.scope", errs.Args{"bill": objectsource.Text(b["bill_code"]), "enterprise": whose, "asked": enterprise})
		}
	}
	return nil
}

func (c *connection) shape(op, why string) error {
	e := httpsource.UnknownShape("%s", why)
	e.Op, e.Source, e.Host = op, "码上放心", c.client.Host()
	return e
}

// place is where a run stands: at a page of the log of an enterprise's deleted bills, then of its modified ones, then of a
// slice of days. It is kept as text.
type place struct {
	Enterprise string    `json:"ent"`
	Phase      string    `json:"phase"` // del, mod, day
	From       time.Time `json:"from,omitzero"`
	Page       int       `json:"page"`
	Total      int       `json:"total,omitempty"` // rows as the first page said
	Try        int       `json:"try,omitempty"`
}

// Of a slice: days asked for at once, and how often it is begun again because bills came or went meanwhile.
const (
	sliceDays = 31
	maxTries  = 5
)

func (p place) text() string {
	b, err := json.Marshal(p)
	if err != nil { // years beyond 9999 only
		return ""
	}
	return string(b)
}

// begin is the first place of an enterprise in a window. In the first window nothing is stored yet that could be deleted.
func (c *connection) begin(w httpsource.Window, enterprise string) (place, error) {
	if !w.From.IsZero() {
		return place{Enterprise: enterprise, Phase: "del", Page: 1}, nil
	}
	since, err := time.ParseInLocation(time.DateOnly, c.settings.Since, zone)
	return place{Enterprise: enterprise, Phase: "day", From: since.UTC(), Page: 1}, err
}

// follow is the place behind the last page of another; false: the window is read to its end.
func (c *connection) follow(w httpsource.Window, p place) (place, bool) {
	switch {
	case p.Phase == "del":
		return place{Enterprise: p.Enterprise, Phase: "mod", Page: 1}, true
	case p.Phase == "mod":
		return place{Enterprise: p.Enterprise, Phase: "day", From: w.From, Page: 1}, true
	case c.sliceEnd(w, p).Before(w.To):
		return place{Enterprise: p.Enterprise, Phase: "day", From: c.sliceEnd(w, p), Page: 1}, true
	}
	scope := c.settings.scope()
	if i := slices.Index(scope, p.Enterprise); i >= 0 && i+1 < len(scope) {
		next, err := c.begin(w, scope[i+1])
		return next, err == nil
	}
	return p, false
}

func (c *connection) sliceEnd(w httpsource.Window, p place) time.Time {
	if end := p.From.AddDate(0, 0, sliceDays); end.Before(w.To) {
		return end
	}
	return w.To
}

// Query reads the page at a place.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	w := q.Window
	if w.To.IsZero() {
		return c.probe(ctx, run)
	}
	at, err := c.begin(w, c.settings.Enterprise)
	if err != nil {
		return objectsource.Page{}, err
	}
	if q.Locator != "" {
		if json.Unmarshal([]byte(q.Locator), &at) != nil || at.Page < 1 || !slices.Contains(c.settings.scope(), at.Enterprise) {
			return objectsource.Page{}, &httpsource.Error{Class: httpsource.RestartCursor, Op: "bills", Source: "码上放心", Host: c.client.Host(), Message: "a place of another connection"}
		}
	}
	return c.page(ctx, run, w, at, q.Limit)
}

// probe looks at the last month's bills whether there is anything.
func (c *connection) probe(ctx context.Context, run *objectsource.Run) (p objectsource.Page, err error) {
	now := c.client.SourceNow()
	w := httpsource.Window{From: now.AddDate(0, 0, -sliceDays), To: now}
	for _, enterprise := range c.settings.scope() {
		p, err = c.page(ctx, run, w, place{Enterprise: enterprise, Phase: "day", From: w.From, Page: 1}, c.settings.PageSize)
		if err != nil || len(p.Rows) > 0 {
			break
		}
	}
	return p, err
}

func (c *connection) page(ctx context.Context, run *objectsource.Run, w httpsource.Window, at place, limit int) (objectsource.Page, error) {
	x := expansion{c: c, stream: run.Object()}
	var got, total int
	var err error
	if at.Phase == "day" {
		got, total, err = c.readDays(ctx, &x, w, at, limit)
	} else {
		got, total, err = c.readLog(ctx, &x, w, at, limit)
	}
	if err != nil {
		return objectsource.Page{}, err
	}
	next, more := place{}, true
	switch {
	case at.Total != 0 && at.Total != total: // bills came or went: those behind have moved to other pages
		if at.Try >= maxTries {
			return objectsource.Page{}, &httpsource.Error{Class: httpsource.RestartCursor, Op: "bills", Source: "码上放心", Host: c.client.Host(), Message: "bills moved while the list was read"}
		}
		next = at
		next.Page, next.Total, next.Try = 1, 0, at.Try+1
	case got == 0 || at.Page*limit >= total:
		next, more = c.follow(w, at)
	default:
		next = at
		next.Page, next.Total = at.Page+1, total
	}
	out := objectsource.Page{Raw: x.raw, Rows: x.rows, End: !more}
	if more {
		out.Next = next.text()
	}
	return out, nil
}

// readDays reads a page of a slice of days. Days are asked for whole; what lies outside the window is another run's.
func (c *connection) readDays(ctx context.Context, x *expansion, w httpsource.Window, at place, limit int) (got, total int, err error) {
	end := c.sliceEnd(w, at)
	bills, total, raw, err := c.heads(ctx, at.Enterprise, at.From, end, at.Page, limit)
	if err != nil {
		return 0, 0, err
	}
	x.keep(raw)
	for _, b := range bills {
		when, err := billTime(b)
		if err != nil {
			return 0, 0, c.shape("kyt.searchbill", err.Error())
		}
		if when.Before(at.From) || !when.Before(end) {
			continue
		}
		if err := x.bill(ctx, b); err != nil {
			return 0, 0, err
		}
	}
	return len(bills), total, nil
}

func billTime(b map[string]any) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateTime, objectsource.Text(b["bill_time"]), zone)
	if err != nil {
		return t, fmt.Errorf("bill %s without bill_time", objectsource.Text(b["bill_code"]))
	}
	return t.UTC(), nil
}

// readLog reads a page of the log of outbound bills: deleted ones are taken back, modified ones read again.
func (c *connection) readLog(ctx context.Context, x *expansion, w httpsource.Window, at place, limit int) (got, total int, err error) {
	const method = "down.queryupoutbilllog"
	result, raw, err := c.call(ctx, method, map[string]string{
		"ref_ent_id": at.Enterprise, "oper_type": at.Phase, "begin_oper_date": w.From.In(zone).Format(time.DateOnly), "end_oper_date": w.To.In(zone).Format(time.DateOnly),
		"page": strconv.Itoa(at.Page), "page_size": strconv.Itoa(limit),
	})
	if err != nil {
		return 0, 0, err
	}
	entries, err := list(result, "models", "model_list", "result_list")
	if err == nil {
		total, err = number(result["total_num"])
	}
	if err != nil {
		return 0, 0, c.shape(method, err.Error())
	}
	x.keep(raw)
	for _, e := range entries {
		when, err := time.ParseInLocation(time.DateTime, objectsource.Text(e["oper_date"]), zone)
		if err != nil {
			return 0, 0, c.shape(method, "an entry without oper_date")
		}
		if when.Before(w.From) || !when.Before(w.To) {
			continue
		}
		if err := x.logged(ctx, at, e, when.UTC()); err != nil {
			return 0, 0, err
		}
	}
	return len(entries), total, nil
}

// Row makes a row of what a bill was expanded to.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	row := connectors.Row{Document: objectsource.Text(in[documentField]), Key: objectsource.Text(in[keyField])}
	if at, ok := in[timeField].(time.Time); ok {
		row.SourceTime = at
	}
	if in[goneField] == true {
		row.Op = connectors.Delete
		return row, "", nil
	}
	row.Fields = run.Fields(in, func(_ string, v any) any { return v })
	return row, "", nil
}
