package neocrm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

var zone = time.FixedZone("+08:00", 8*3600)

// connection is one tenant. Login and API are different hosts.
type connection struct {
	login, api *httpsource.Client
	session    *httpsource.Session
	settings   Settings
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	login, err := httpsource.New(s.Options("Neocrm", s.LoginURL, env))
	if err != nil {
		return nil, err
	}
	address := s.APIURL
	if address == "" {
		address = s.LoginURL
	}
	api, err := httpsource.New(s.Options("Neocrm", address, env))
	if err != nil {
		return nil, err
	}
	c := &connection{login: login, api: api, settings: s}
	c.session = newSession(login, s, env.Now, func(address string) error {
		if s.APIURL != "" {
			return nil // the configured host wins
		}
		return api.Rebase(address)
	})
	api.SetAuth(httpsource.Holder{Session: c.session, Place: httpsource.Bearer})
	table := slices.Clone(streams)
	for i := range table {
		switch table[i].Info.Name {
		case "patient":
			table[i].Object = s.Patient
		case "serviceCase":
			table[i].Object = s.Case
		}
	}
	return objectsource.New(c, objectsource.Config{
		Name: "Neocrm", Streams: table, User: s.Username, Tenant: s.Tenant, Overlap: s.Overlap, Unit: time.Millisecond, PageSize: s.PageSize,
		Zone: zone, Less: objectsource.LessNumber, WriteBack: s.WriteBack, Within: s.Within(),
	}), nil
}

// Connect logs in before the first call, because the login may name the API's host.
func (c *connection) Connect(ctx context.Context) error {
	_, err := c.session.Get(ctx)
	return err
}

func (c *connection) Client() *httpsource.Client { return c.api }

func (c *connection) Close() {
	c.login.Close()
	c.api.Close()
}

// Query reads rows of an object in the order of their ids. Servers cut pages below the limit asked for, so only an empty
// page, or the end of the scroll, ends a window.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	scroll := c.settings.Paging == "scroll" && !q.Window.To.IsZero()
	p, err := c.query(ctx, run.Object(), xoql(run, q, scroll), scroll, q.Locator)
	if err == nil {
		p.End = scroll && p.Next == "" || !scroll && len(p.Rows) == 0
	}
	return p, err
}

// xoql reads the rest of a window in id order. The text of a scroll must stay the same from page to page, so a scroll
// goes on by its locator from where the text began.
func xoql(run *objectsource.Run, q objectsource.Query, scroll bool) string {
	var where []string
	if !q.Window.To.IsZero() {
		where = append(where, fmt.Sprintf("%s < %d", updated, q.Window.To.UnixMilli()))
	}
	if !q.Window.From.IsZero() {
		where = append(where, fmt.Sprintf("%s >= %d", updated, q.Window.From.UnixMilli()))
	}
	if q.Window.After != "" {
		where = append(where, "id > "+q.Window.After)
	}
	text := "select " + strings.Join(run.Columns, ", ") + " from " + run.Object()
	if len(where) > 0 {
		text += " where " + strings.Join(where, " and ")
	}
	text += " order by id"
	if !scroll {
		text += fmt.Sprintf(" limit %d offset 0", q.Limit)
	}
	return text
}

// Row makes a row: ids as text, business dates as yyyy-MM-dd.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	id := objectsource.Text(in["id"])
	if !isID(id) {
		return connectors.Row{}, "", errors.New("a row without a numeric id")
	}
	row := connectors.Row{Key: id, Fields: run.Fields(in, func(column string, v any) any {
		field, _ := run.Meta.Field(column)
		switch {
		case column == "id" || strings.HasSuffix(column, "Id") || column == "hospital__c":
			return textOrNil(v)
		case field.Type == "date" && field.Name == column || slices.Contains(run.Stream.Dates, column):
			return date(v)
		}
		return v
	})}
	for _, field := range []string{updated, "createdAt"} {
		if ms, err := strconv.ParseInt(objectsource.Text(in[field]), 10, 64); err == nil {
			row.SourceTime = time.UnixMilli(ms).UTC()
			break
		}
	}
	return row, id, nil
}

// isID reports whether a text is an id: a whole number.
func isID(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// date turns epoch milliseconds at Chinese midnight into a date.
func date(v any) any {
	ms, err := strconv.ParseInt(objectsource.Text(v), 10, 64)
	if err != nil {
		return v
	}
	return canonical.DateOf(time.UnixMilli(ms).In(zone)).String()
}

func textOrNil(v any) any {
	if t := objectsource.Text(v); t != "" {
		return t
	}
	return nil
}
