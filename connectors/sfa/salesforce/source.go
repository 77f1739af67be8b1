package salesforce

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// literal is a date-time in SOQL, without quotes.
const literal = "2006-01-02T15:04:05.000Z"

// connection is one organisation. Login and API are different hosts.
type connection struct {
	login, api *httpsource.Client
	session    *httpsource.Session
	settings   Settings
	used       atomic.Uint64 // per mille of the daily API calls, as the last answer said

	mu        sync.Mutex
	jobs      map[string]map[string]string // bulk jobs that are open → types of the columns asked for
	described map[string][]describedField  // by object
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	login, err := httpsource.New(s.Options("Salesforce", s.LoginURL, env))
	if err != nil {
		return nil, err
	}
	address := s.InstanceURL
	if address == "" {
		address = s.LoginURL
	}
	api, err := httpsource.New(s.Options("Salesforce", address, env))
	if err != nil {
		return nil, err
	}
	c := &connection{login: login, api: api, settings: s, jobs: map[string]map[string]string{}, described: map[string][]describedField{}}
	c.session = newSession(login, s, env.Now, func(address string) error { return api.Rebase(address, "salesforce.com") })
	api.SetAuth(httpsource.Holder{Session: c.session, Place: httpsource.Bearer})
	return objectsource.New(c, objectsource.Config{
		Name: "Salesforce", Streams: streams, User: s.ClientID, Tenant: s.Tenant, Overlap: s.Overlap, PageSize: s.PageSize, WriteBack: s.WriteBack, Within: s.Within(),
	}), nil
}

// Connect logs in before the first call, because the login names the API's host.
func (c *connection) Connect(ctx context.Context) error {
	_, err := c.session.Get(ctx)
	return err
}

func (c *connection) Client() *httpsource.Client { return c.api }

// Close aborts the jobs that are left and frees the connections.
func (c *connection) Close() {
	c.abort()
	c.login.Close()
	c.api.Close()
}

// Query reads rows of an object in the order of their ids; only done ends it, for pages may be shorter than asked for. What is many rows
// is asked for in bulk: the first answer says how many there are.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	if e := c.usedUp(); e != nil {
		return objectsource.Page{}, c.fail(e, run)
	}
	probe := q.Window.To.IsZero() // to see whether there is anything
	switch {
	case strings.HasPrefix(q.Locator, bulkLink):
		return c.bulkPage(ctx, run, q.Locator)
	case c.settings.Bulk == "always" && q.Locator == "" && !probe && !nested(run):
		return c.bulkQuery(ctx, run, q)
	}
	req := httpsource.Request{Method: http.MethodGet, Path: q.Locator}
	if q.Locator == "" {
		service := "/queryAll"
		if probe {
			service = "/query"
		}
		req.Path, req.Query = c.data(service), url.Values{"q": {soql(run, q)}}
	}
	req.Header = http.Header{"Sforce-Query-Options": {"batchSize=" + strconv.Itoa(max(200, q.Limit))}}
	var out objectsource.Page
	var total int
	req.Judge = func(r *httpsource.Response) (e *httpsource.Error) {
		c.observe(r.Header)
		out, total, e = readPage(r.Body)
		return e
	}
	if err := c.do(ctx, "query "+run.Object(), req); err != nil {
		return objectsource.Page{}, err
	}
	if c.settings.Bulk == "auto" && q.Locator == "" && !probe && !nested(run) && total >= c.settings.BulkFrom {
		return c.bulkQuery(ctx, run, q)
	}
	return out, nil
}

// usedUp says that the share of daily calls is used; nil while it is not.
func (c *connection) usedUp() *httpsource.Error {
	if used := float64(c.used.Load()) / 1000; c.settings.Share <= 0 || used < c.settings.Share {
		return nil
	}
	return &httpsource.Error{Class: httpsource.StopUntil, Message: "the share of daily API calls is used up", Until: c.api.SourceNow().Add(time.Hour)}
}

func soql(run *objectsource.Run, q objectsource.Query) string {
	var where []string
	if !q.Window.To.IsZero() {
		where = append(where, stamp+" < "+q.Window.To.UTC().Format(literal))
	}
	if q.Window.From.IsZero() {
		where = append(where, "IsDeleted = false") // nothing is stored yet that could be taken back
	} else {
		where = append(where, stamp+" >= "+q.Window.From.UTC().Format(literal))
	}
	if q.Window.After != "" {
		where = append(where, "Id > '"+q.Window.After+"'")
	}
	columns := make([]string, len(run.Columns))
	for i, c := range run.Columns {
		columns[i] = asked(c)
	}
	text := "SELECT " + strings.Join(columns, ", ") + " FROM " + run.Object() + " WHERE " + strings.Join(where, " AND ") + " ORDER BY Id"
	if q.Limit == 1 {
		text += " LIMIT 1"
	}
	return text
}

// Row makes a row; relations are flattened to their dotted names. A row in the recycle bin is a delete.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	id := objectsource.Text(in["Id"])
	if len(id) != 18 && len(id) != 15 {
		return connectors.Row{}, "", errors.New("a row without Id")
	}
	flat := make(map[string]any, len(run.Columns))
	for _, column := range run.Columns {
		flat[column] = objectsource.At(in, column)
	}
	row := connectors.Row{Key: id, Fields: run.Fields(flat, nil)}
	t, err := time.Parse("2006-01-02T15:04:05Z0700", objectsource.Text(in[stamp])) // takes a fraction too
	if err != nil {
		return row, "", errors.New("row " + id + " without " + stamp)
	}
	row.SourceTime = t.UTC()
	if in["IsDeleted"] == true {
		row.Op = connectors.Delete
	}
	return row, id, nil
}
