package sap

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/internal/config"
	"tributary/internal/errs"
)

// connection is one system. The token endpoint, if there is one, is another host.
type connection struct {
	client, login *httpsource.Client
	forms         *httpsource.Session // the token that writes carry
	settings      Settings
	zone          *time.Location

	mu       sync.Mutex
	services map[string]service // by stream, as the metadata said last
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Taker, error) {
	zone, err := config.ParseZone(s.Zone)
	if err != nil {
		return nil, errs.New(errs.Invalid, "database.setting_zone", errs.Args{"zone": s.Zone})
	}
	options := s.Options("SAP", s.BaseURL, env)
	options.Cookies = s.Orders.SalesOrg != "" // reads need no session there
	client, err := httpsource.New(options)
	if err != nil {
		return nil, err
	}
	c := &connection{client: client, settings: s, zone: zone, services: map[string]service{}}
	if c.login, err = authorise(client, s, env); err != nil {
		return nil, err
	}
	c.forms = httpsource.NewSession(env.Now, c.fetchToken)
	return objectsource.Taking(objectsource.New(c, objectsource.Config{
		Name: "SAP", Streams: tableOf(s), User: s.User + s.ClientID, Tenant: s.Tenant, Overlap: s.Overlap, PageSize: s.PageSize, Zone: zone,
	}), c.pusher()), nil
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() {
	c.client.Close()
	if c.login != nil {
		c.login.Close()
	}
}

func (c *connection) header(accept string) http.Header {
	h := http.Header{"Accept": {accept}, "Accept-Language": {strings.ToLower(c.settings.Language)}}
	if c.settings.Client != "" {
		h.Set("Sap-Client", c.settings.Client)
	}
	return h
}

// place is how far a window is read: the last key, and the server's link to the page behind it when that page was empty.
type place struct {
	After []string `json:"after"`
	Link  string   `json:"link,omitempty"`
}

// Query asks for what comes behind the last key. The server's own link is followed only behind a page without rows, where
// there is no new key: its token counts rows, and one that vanishes meanwhile would take another with it. Only an answer
// that has neither rows nor a link ends a window: servers page below the limit asked for, or not at all.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	c.mu.Lock()
	about := c.services[run.Stream.Info.Name]
	c.mu.Unlock()
	var at place
	if q.Locator != "" {
		if json.Unmarshal([]byte(q.Locator), &at) != nil || len(at.After) != len(about.keys) && len(at.After) > 0 {
			return objectsource.Page{}, errs.New(errs.Invalid, "connectors.position", nil)
		}
	}
	question := at.Link
	if question == "" {
		question = about.question(run, q.Window, at.After, q.Limit, c.zone)
	}
	body, got, err := c.get(ctx, run, about, question)
	if at.Link != "" && err != nil && httpsource.ClassOf(err) == httpsource.RestartCursor {
		body, got, err = c.get(ctx, run, about, about.question(run, q.Window, at.After, q.Limit, c.zone))
	}
	if err != nil {
		return objectsource.Page{}, err
	}
	at.Link = got.next
	if n := len(got.rows); n > 0 {
		at.Link = ""
		if at.After, err = about.keyOf(got.rows[n-1].Fields); err != nil {
			return objectsource.Page{}, c.shape(run, err.Error())
		}
	}
	out := objectsource.Page{Raw: body, Rows: got.rows, End: len(got.rows) == 0 && got.next == ""}
	if run.Stream.Document {
		var e *httpsource.Error
		if out.Rows, e = split(got.rows); e != nil {
			return objectsource.Page{}, c.shape(run, e.Message)
		}
	}
	next, err := json.Marshal(at)
	out.Next = string(next)
	return out, err
}

// get asks one question of a set.
func (c *connection) get(ctx context.Context, run *objectsource.Run, about service, question string) (body []byte, got answer, err error) {
	_, set := cut(run.Object())
	_, err = c.client.Do(ctx, httpsource.Request{
		Op: "read " + set, Method: http.MethodGet, Path: run.Object() + "?" + question, Header: c.header("application/json"), JudgeStatus: failure,
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			body = r.Body
			got, e = readAnswer(r.Body, about.v4)
			return e
		},
	})
	return body, got, err
}

func (s service) keyOf(row map[string]any) ([]string, error) {
	out := make([]string, len(s.keys))
	for i, k := range s.keys {
		text, ok := keyText(row[k])
		if !ok {
			return nil, errors.New("a row without " + k)
		}
		out[i] = text
	}
	return out, nil
}

func (c *connection) shape(run *objectsource.Run, why string) error {
	e := httpsource.UnknownShape("%s", why)
	e.Op, e.Source, e.Host = "read "+run.Object(), "SAP", c.client.Host()
	return e
}

// Row makes a row. An item whose goods are not, or no longer, gone is a delete.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	in = plain(in)
	flat := make(map[string]any, len(run.Columns))
	for _, column := range run.Columns {
		flat[column] = value(objectsource.At(in, column))
	}
	row := connectors.Row{Fields: run.Fields(flat, nil)}
	if run.Stream.Snapshot {
		row.Fields["snapshot_date"] = run.Snapshot
	} else {
		row.SourceTime = sourceTime(row.Fields, c.zone)
	}
	if run.Stream.Document && flat["item.GoodsMovementStatus"] != "C" {
		row.Op = connectors.Delete
	}
	parts, empty := make([]string, len(run.Stream.Info.Key)), true
	for i, name := range run.Stream.Info.Key {
		parts[i] = objectsource.Text(row.Fields[name])
		empty = empty && (parts[i] == "" || name == "snapshot_date")
		if len(parts) > 1 {
			parts[i] = strings.ReplaceAll(parts[i], "|", `\|`)
		}
	}
	if empty {
		return row, "", errors.New("a row without its key")
	}
	row.Key = strings.Join(parts, "|")
	return row, "", nil
}
