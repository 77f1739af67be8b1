package dynamics365

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// formatted marks the label of a code beside it.
const formatted = "@OData.Community.Display.V1.FormattedValue"

// connection is one environment. Login and API are different hosts.
type connection struct {
	login, api *httpsource.Client
	settings   Settings
	base       string
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Taker, error) {
	login, err := httpsource.New(s.Options("Dynamics 365", s.Authority, env))
	if err != nil {
		return nil, err
	}
	c := &connection{login: login, settings: s, base: strings.TrimRight(s.BaseURL, "/") + "/api/data/" + s.Version}
	if c.api, err = httpsource.New(s.Options("Dynamics 365", c.base, env)); err != nil {
		return nil, err
	}
	session := httpsource.NewSession(env.Now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		answer, err := httpsource.FetchToken(ctx, httpsource.TokenRequest{
			Client: login, Path: "/" + url.PathEscape(s.TenantID) + "/oauth2/v2.0/token", Now: env.Now,
			Form: url.Values{"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "client_secret": {s.ClientSecret.Reveal()}, "scope": {strings.TrimRight(s.BaseURL, "/") + "/.default"}},
		})
		return answer.Token, err
	})
	c.api.SetAuth(httpsource.Holder{Session: session, Place: httpsource.Bearer})
	return objectsource.Taking(objectsource.New(c, objectsource.Config{
		Name: "Dynamics 365", Streams: streams, User: s.ClientID, Tenant: s.Tenant, Overlap: s.Overlap, PageSize: s.PageSize, WriteBack: s.WriteBack, Within: s.Within(),
	}), c.pusher()), nil
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.api }

func (c *connection) Close() {
	c.login.Close()
	c.api.Close()
}

// Query asks the log of changes, or a window in the order of time and key. Links are followed as they are.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	prefer := []string{fmt.Sprintf("odata.maxpagesize=%d", q.Limit), `odata.include-annotations="OData.Community.Display.V1.FormattedValue"`}
	req := httpsource.Request{Op: "read " + run.Object(), Method: http.MethodGet, Path: q.Locator, JudgeStatus: failure}
	if q.Locator == "" {
		req.Path = "/" + run.Stream.Info.Name
		req.Query = url.Values{"$select": {strings.Join(run.Columns, ",")}}
		switch {
		case q.Log:
			prefer = append(prefer, "odata.track-changes")
		case !q.Window.To.IsZero():
			req.Query.Set("$filter", filter(q.Window))
			req.Query.Set("$orderby", modified+" asc,"+run.Stream.ID+" asc")
		default:
			req.Query.Set("$top", fmt.Sprint(q.Limit)) // to see whether there is anything
		}
	}
	req.Header = header(prefer...)
	var out objectsource.Page
	req.Judge = func(r *httpsource.Response) *httpsource.Error {
		var e *httpsource.Error
		out, e = readPage(r.Body, q.Log)
		return e
	}
	if _, err := c.api.Do(ctx, req); err != nil {
		return objectsource.Page{}, err
	}
	out.Next = httpsource.Below(c.base, out.Next)
	return out, nil
}

func filter(w httpsource.Window) string {
	text := modified + " lt " + w.To.UTC().Format(time.RFC3339)
	if !w.From.IsZero() {
		text = modified + " ge " + w.From.UTC().Format(time.RFC3339) + " and " + text
	}
	return text
}

func header(prefer ...string) http.Header {
	return http.Header{"Accept": {"application/json"}, "Odata-Version": {"4.0"}, "Odata-Maxversion": {"4.0"}, "Prefer": {strings.Join(prefer, ",")}}
}

// Row makes a row. A row that the log says is gone has nothing but its key. A row that is only inactive is no delete.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	if context, _ := in["@odata.context"].(string); strings.HasSuffix(context, "/$deletedEntity") {
		id := objectsource.Text(in["id"])
		if id == "" {
			return connectors.Row{}, "", errors.New("a deleted row without id")
		}
		return connectors.Row{Key: id, Op: connectors.Delete, SourceTime: c.api.SourceNow().UTC()}, "", nil
	}
	id := objectsource.Text(in[run.Stream.ID])
	if id == "" {
		return connectors.Row{}, "", errors.New("a row without " + run.Stream.ID)
	}
	row := connectors.Row{Key: id, Fields: run.Fields(in, nil)}
	for column := range run.Meta.Labels {
		name, asked := run.Names[column]
		if label := objectsource.Text(in[column+formatted]); asked && label != "" {
			row.Fields[name+"_label"] = label
		}
	}
	t, err := time.Parse(time.RFC3339, objectsource.Text(in[modified]))
	if err != nil {
		return row, "", errors.New("row " + id + " without " + modified)
	}
	row.SourceTime = t.UTC()
	return row, "", nil
}
