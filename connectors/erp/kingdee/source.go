package kingdee

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// zone is the time of every Kingdee server: its times carry none.
var zone = time.FixedZone("+08:00", 8*3600)

// literal is a time in a filter; it has whole seconds, so windows begin and end on them.
const literal = "2006-01-02 15:04:05"

// connection is one site with its session.
type connection struct {
	client   *httpsource.Client
	settings Settings
	now      func() time.Time
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Taker, error) {
	base, err := url.Parse(s.BaseURL)
	if err == nil && strings.Trim(base.Path, "/") == "" {
		base.Path = "/K3Cloud"
		s.BaseURL = base.String()
	}
	options := s.Options("Kingdee", s.BaseURL, env)
	options.Cookies = true
	client, err := httpsource.New(options)
	if err != nil {
		return nil, err
	}
	if s.Auth == "signature" {
		client.SetAuth(signer{settings: s, now: env.Now})
	} else {
		client.SetAuth(httpsource.Holder{Session: newSession(client, s, env.Now), Place: httpsource.Place{Header: "kdservice-sessionid"}})
	}
	c := &connection{client: client, settings: s, now: env.Now}
	return objectsource.Taking(objectsource.New(c, objectsource.Config{
		Name: "Kingdee", Streams: streams, User: s.User, Tenant: s.Tenant, Overlap: s.Overlap, PageSize: s.PageSize, Zone: zone, Less: objectsource.LessNumber,
	}), c.pusher()), nil
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() { c.client.Close() }

// Query reads rows of a form in the order of their ids. Only an empty page ends a window: servers cut pages below the
// limit asked for.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	st := run.Stream
	filter := ""
	switch {
	case st.Snapshot && q.Window.After != "":
		filter = st.ID + " > " + quote(q.Window.After)
	case !st.Snapshot && !q.Window.To.IsZero():
		filter = filterOf(st, q.Window)
	}
	p, err := c.query(ctx, query{Form: run.Object(), Columns: run.Columns, Filter: filter, Order: st.ID + " asc", Limit: q.Limit})
	return objectsource.Page{Raw: p.raw, Rows: p.rows, End: len(p.rows) == 0}, err
}

func filterOf(st objectsource.Stream, w httpsource.Window) string {
	to := w.To.In(zone).Format(literal)
	in := func(field string) string {
		upper := field + " < '" + to + "'"
		if w.From.IsZero() {
			return upper
		}
		return "(" + field + " >= '" + w.From.In(zone).Format(literal) + "' and " + upper + ")"
	}
	// A bill that was never edited may have no modification time.
	filter := "(" + in(modified) + " or " + in(created) + ")"
	if w.After != "" {
		filter += " and " + st.ID + " > " + w.After
	}
	return filter
}

// Row makes a row. A bill that lost its approval or was voided is a delete.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	st := run.Stream
	id := objectsource.Text(in[st.ID])
	if id == "" {
		return connectors.Row{}, "", errors.New("a row without " + st.ID)
	}
	if !st.Snapshot && !numeric(id) {
		return connectors.Row{}, "", errors.New(st.ID + " is not a number")
	}
	row := connectors.Row{Fields: run.Fields(in, nil)}
	row.Key = key(st, row.Fields, run.Snapshot)
	if st.Snapshot {
		row.Fields["snapshot_date"] = run.Snapshot
	} else {
		row.SourceTime = sourceTime(row.Fields)
	}
	if st.Document && (row.Fields["FDocumentStatus"] != "C" || row.Fields["FCancelStatus"] != "A") {
		row.Op = connectors.Delete
	}
	return row, id, nil
}

// key is the row's key in the stream. Master data that other organisations use appears once more per organisation with
// the same number; those rows get a key of their own.
func key(st objectsource.Stream, f map[string]any, snapshot string) string {
	switch st.Info.Name {
	case "BD_Customer", "BD_MATERIAL":
		if own, used := objectsource.Text(f["FCreateOrgId_FNumber"]), objectsource.Text(f["FUseOrgId_FNumber"]); own != used {
			return objectsource.Text(f["FNumber"]) + "@" + used
		}
		return objectsource.Text(f["FNumber"])
	case "BD_BatchMainFile":
		return objectsource.Text(f["FMaterialId_FNumber"]) + "|" + objectsource.Text(f["FNumber"])
	case "STK_Inventory":
		return snapshot + "|" + objectsource.Text(f["FID"])
	}
	return objectsource.Text(f["FEntity_FEntryID"])
}
