package epcis

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

var streams = objectsource.Table{{
	Info:     connectors.StreamInfo{Name: "events", Title: "事件 Events", Entity: canonical.EntityEvent, Key: []string{"eventID"}, Cursor: "recordTime", Deletes: "flag"},
	Required: []string{"eventID", "recordTime", "eventTime", "type", "action", "bizStep", "event"}, ByLink: true,
}}

// connection is one repository.
type connection struct {
	api, login *httpsource.Client // login is nil where there is none
	settings   Settings
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	api, err := httpsource.New(s.Options("EPCIS", s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	c := &connection{api: api, settings: s}
	user := s.User
	switch s.Auth {
	case "oauth2":
		user = s.ClientID
		if err := c.oauth(env); err != nil {
			return nil, err
		}
	case "bearer":
		user = "token"
		api.SetAuth(httpsource.Fixed{Secret: s.Token, Place: httpsource.Bearer})
	case "basic":
		pair := base64.StdEncoding.EncodeToString([]byte(s.User + ":" + s.Password.Reveal()))
		api.SetAuth(httpsource.Fixed{Secret: connectors.NewSecret(pair), Place: httpsource.Place{Prefix: "Basic "}})
	}
	return objectsource.New(c, objectsource.Config{Name: "EPCIS", Streams: streams, User: user, Overlap: s.Overlap, Unit: time.Millisecond, PageSize: s.PageSize}), nil
}

func (c *connection) oauth(env connectors.Env) error {
	base, path := httpsource.Endpoint(c.settings.TokenURL)
	var err error
	if c.login, err = httpsource.New(c.settings.Options("EPCIS", base, env)); err != nil {
		return err
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.settings.ClientID}, "client_secret": {c.settings.ClientSecret.Reveal()}}
	if c.settings.Scope != "" {
		form.Set("scope", c.settings.Scope)
	}
	c.api.SetAuth(httpsource.Holder{Place: httpsource.Bearer, Session: httpsource.NewSession(env.Now, func(ctx context.Context, _ httpsource.Token) (httpsource.Token, error) {
		answer, err := httpsource.FetchToken(ctx, httpsource.TokenRequest{Client: c.login, Path: path, Form: form, Now: env.Now})
		return answer.Token, err
	})})
	return nil
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.api }

func (c *connection) Close() {
	c.api.Close()
	if c.login != nil {
		c.login.Close()
	}
}

// Describe names the fields of the standard that rows show, and sees by one event that the repository answers: it has no
// metadata.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	if _, err := c.page(ctx, "/events", url.Values{"perPage": {"1"}}, false); err != nil {
		return objectsource.Metadata{}, err
	}
	fields := make([]connectors.Field, len(st.Required))
	for i, name := range st.Required {
		fields[i].Name = name
	}
	return objectsource.NewMetadata(fields, false), nil
}

// Query reads a page of a window of recordTime, or the one that the link names.
func (c *connection) Query(ctx context.Context, _ *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	if q.Locator != "" {
		return c.page(ctx, q.Locator, nil, true)
	}
	query := url.Values{"perPage": {strconv.Itoa(q.Limit)}}
	for name, value := range c.settings.Query {
		query.Set(name, value)
	}
	for name, at := range map[string]time.Time{"GE_recordTime": q.Window.From, "LT_recordTime": q.Window.To} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
		}
	}
	return c.page(ctx, "/events", query, false)
}

// page makes a call. A link that the repository does not take any more is one that died.
func (c *connection) page(ctx context.Context, path string, query url.Values, link bool) (objectsource.Page, error) {
	const version = "2.0.0"
	var out objectsource.Page
	resp, err := c.api.Do(ctx, httpsource.Request{
		Op: "query events", Method: http.MethodGet, Path: path, Query: query,
		Header: http.Header{"Accept": {"application/json, application/ld+json"}, "Gs1-Epcis-Version": {version}, "Gs1-Epcis-Min": {version}, "Gs1-Epcis-Max": {version}, "Gs1-Cbv-Version": {version}},
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			out, e = readPage(r.Body)
			return e
		},
		JudgeStatus: func(r *httpsource.Response) *httpsource.Error { return refusal(r, link) },
	})
	if err != nil {
		return out, err
	}
	next, more := httpsource.NextLink(resp.Header)
	out.Next, out.End = httpsource.Below(c.settings.BaseURL, next), !more
	return out, nil
}

// refusal reads the problem of an answer; nil leaves its status to the usual rules.
func refusal(r *httpsource.Response, link bool) *httpsource.Error {
	var problem struct{ Type, Title, Detail string }
	_ = json.Unmarshal(r.Body, &problem) // a refusal without a problem is one all the same
	e := &httpsource.Error{Class: httpsource.Permanent, Code: problem.Type, Message: problem.Detail}
	if e.Message == "" {
		e.Message = problem.Title
	}
	switch r.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusGone:
		if link {
			e.Class = httpsource.RestartCursor
		}
		return e
	case http.StatusNotAcceptable, http.StatusRequestEntityTooLarge:
		return e
	}
	return nil
}

// readPage reads the events of an answer. Each gets the context that it needs to stand alone.
func readPage(body []byte) (objectsource.Page, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return objectsource.Page{}, e
	}
	var answer struct {
		Context any `json:"@context"`
		Body    *struct {
			List    json.RawMessage `json:"eventList"`
			Results *struct {
				Body *struct {
					List json.RawMessage `json:"eventList"`
				} `json:"resultsBody"`
			} `json:"queryResults"`
		} `json:"epcisBody"`
	}
	if err := httpsource.Decode(body, &answer); err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	var list json.RawMessage
	if answer.Body != nil {
		list = answer.Body.List
		if r := answer.Body.Results; r != nil && r.Body != nil {
			list = r.Body.List
		}
	}
	if list == nil || answer.Context == nil {
		return objectsource.Page{}, httpsource.UnknownShape("an answer needs @context and epcisBody with queryResults.resultsBody.eventList")
	}
	offset := httpsource.Within(body, list)
	rows, err := httpsource.Elements(body, offset)
	if err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	for _, row := range rows {
		context := answer.Context
		if own, has := row.Fields["@context"]; has {
			context = append(items(answer.Context), items(own)...)
		}
		row.Fields["@context"] = context
	}
	return objectsource.Page{Raw: body, Rows: rows}, nil
}

func items(v any) []any {
	if list, ok := v.([]any); ok {
		return list[:len(list):len(list)]
	}
	return []any{v}
}

// Row makes a row. An event without an id is known by its content.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return connectors.Row{}, "", fmt.Errorf("an event: %w", err)
	}
	recorded := objectsource.Text(in["recordTime"])
	at, err := time.Parse(time.RFC3339Nano, recorded)
	if err != nil {
		return connectors.Row{}, "", errors.New("an event without recordTime")
	}
	flat := maps.Clone(in)
	flat["event"] = string(text)
	if objectsource.Text(in["eventID"]) == "" {
		content := maps.Clone(in)
		delete(content, "recordTime")
		b, err := json.Marshal(content)
		if err != nil {
			return connectors.Row{}, "", fmt.Errorf("an event: %w", err)
		}
		sum := sha256.Sum256(b)
		flat["eventID"] = "content:" + hex.EncodeToString(sum[:16])
	}
	row := connectors.Row{Key: objectsource.Text(flat["eventID"]), SourceTime: at.UTC(), Fields: run.Fields(flat, func(_ string, v any) any { return v })}
	if in["errorDeclaration"] != nil {
		row.Op = connectors.Delete
	}
	return row, "", nil
}
