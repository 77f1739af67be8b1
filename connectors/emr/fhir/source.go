package fhir

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// connection is one server. The token endpoint, if there is one, may be another host, as may files that want no token.
type connection struct {
	client, login, files *httpsource.Client
	settings             Settings

	mu            sync.Mutex
	exportOffered bool
	remembers     map[string]bool     // types whose history the server offers
	manifests     map[string]manifest // exports that are done, by their status address
	finished      map[string]bool     // exports that were read to their end
	kept          download
	medication    map[string]map[string]any // TYPE/id → resource, nil: gone
}

// New makes a source; it does no calls.
func New(s Settings, env connectors.Env) (*objectsource.Source, error) {
	client, err := httpsource.New(s.Options("FHIR", s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	files, err := httpsource.New(s.Options("FHIR", s.BaseURL, env))
	if err != nil {
		return nil, err
	}
	c := &connection{client: client, files: files, settings: s, manifests: map[string]manifest{}, finished: map[string]bool{}, remembers: map[string]bool{}}
	if c.login, err = authorise(client, s, env); err != nil {
		return nil, err
	}
	return objectsource.New(c, objectsource.Config{
		Name: "FHIR", Streams: streams, User: s.ClientID + s.User, Tenant: fieldsOf(s), Overlap: s.Overlap, PageSize: s.PageSize,
	}), nil
}

func (c *connection) Connect(context.Context) error { return nil }

func (c *connection) Client() *httpsource.Client { return c.client }

func (c *connection) Close() {
	c.giveBack()
	c.client.Close()
	c.files.Close()
	if c.login != nil {
		c.login.Close()
	}
}

func (c *connection) header() http.Header {
	return http.Header{"Accept": {"application/fhir+json"}, "Prefer": {"handling=" + c.settings.Handling}}
}

// Describe looks whether the server offers a type of resource. What a resource holds is the standard's matter.
func (c *connection) Describe(ctx context.Context, st objectsource.Stream) (objectsource.Metadata, error) {
	exports, history := false, false
	_, err := c.client.Do(ctx, httpsource.Request{
		Op: "metadata", Method: http.MethodGet, Path: "/metadata", Header: c.header(), JudgeStatus: refusal(false),
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			var answer struct {
				Type string `json:"resourceType"`
				Rest []struct {
					Resource []struct {
						Type        string `json:"type"`
						Interaction []struct {
							Code string `json:"code"`
						} `json:"interaction"`
					} `json:"resource"`
					Operation []struct {
						Name string `json:"name"`
					} `json:"operation"`
				} `json:"rest"`
			}
			if json.Unmarshal(r.Body, &answer) != nil || answer.Type != "CapabilityStatement" {
				return httpsource.UnknownShape("metadata that are no CapabilityStatement")
			}
			for _, rest := range answer.Rest {
				for _, o := range rest.Operation {
					exports = exports || o.Name == "export"
				}
				for _, offered := range rest.Resource {
					if offered.Type != st.ObjectName() {
						continue
					}
					for _, i := range offered.Interaction {
						history = history || i.Code == "history-type"
					}
					return nil
				}
			}
			return &httpsource.Error{Class: httpsource.Permanent, Message: "the server does not offer " + st.ObjectName()}
		},
	})
	c.mu.Lock()
	c.exportOffered, c.remembers[st.ObjectName()] = exports, history
	c.mu.Unlock()
	return objectsource.Metadata{}, err
}

// Query asks for a window by searches or by an export. Where the choice is left to it, an export that the server cannot do is
// a search.
func (c *connection) Query(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	if strings.HasPrefix(q.Locator, historyLink) {
		return c.history(ctx, run, q)
	}
	bulk, err := c.exports(ctx, run, q)
	if err != nil {
		return objectsource.Page{}, err
	}
	var out objectsource.Page
	switch {
	case strings.HasPrefix(q.Locator, bulkLink):
		out, err = c.exportPage(ctx, run, q)
	case bulk:
		out, err = c.startExport(ctx, run, q)
	default:
		return c.search(ctx, run, q)
	}
	if class := httpsource.ClassOf(err); err != nil && c.settings.Bulk == "auto" && (class == httpsource.Permanent || class == httpsource.Forbidden) && ctx.Err() == nil {
		q.Locator = ""
		return c.search(ctx, run, q)
	}
	return out, err
}

// search asks for a window, or follows a link as it is.
func (c *connection) search(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	typ := run.Object()
	req := httpsource.Request{Op: "search " + typ, Method: http.MethodGet, Path: q.Locator, Header: c.header(), JudgeStatus: refusal(q.Locator != "")}
	if q.Locator == "" {
		req.Path, req.Query = "/"+typ, question(run, q)
	}
	var got bundle
	req.Judge = func(r *httpsource.Response) (e *httpsource.Error) {
		got, e = readBundle(r.Body, typ)
		return e
	}
	answer, err := c.client.Do(ctx, req)
	if err != nil {
		return objectsource.Page{}, err
	}
	out := objectsource.Page{Raw: answer.Body, Rows: got.matches, Next: c.link(got.next), End: got.next == ""}
	if out.End && c.tellsDeletes(run, q) {
		out.Next, out.End = historyLink, false
	}
	if typ == "MedicationDispense" {
		return out, c.withMedication(ctx, &out, got.included)
	}
	return out, nil
}

// tellsDeletes reports whether the server's history is to be asked behind a window: a first read has nothing to take back, and
// a history of dispensed medication would send the patients, whom no parameter leaves out.
func (c *connection) tellsDeletes(run *objectsource.Run, q objectsource.Query) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remembers[run.Object()] && elementsOf(run) == nil && !q.Window.From.IsZero() && !q.Window.To.IsZero()
}

// question is the parameters of a search. Of dispensed medication only what is needed is asked for.
func question(run *objectsource.Run, q objectsource.Query) url.Values {
	out := url.Values{"_count": {strconv.Itoa(q.Limit)}}
	for prefix, t := range map[string]time.Time{"ge": q.Window.From, "lt": q.Window.To} {
		if !t.IsZero() {
			out.Add("_lastUpdated", prefix+t.UTC().Format(time.RFC3339))
		}
	}
	if elements := elementsOf(run); elements != nil {
		out.Set("_elements", strings.Join(elements, ","))
		out.Set("_include", "MedicationDispense:medication")
	}
	return out
}

// elementsOf are the elements that dispensed medication is cut to; nil for the other types, which are read whole.
func elementsOf(run *objectsource.Run) []string {
	if run.Object() != "MedicationDispense" {
		return nil
	}
	elements := []string{"contained", "medicationCodeableConcept", "medicationReference"}
	for _, column := range run.Columns {
		head, _, _ := strings.Cut(column, ".")
		if !slices.Contains(elements, head) && head != "ref" && head != "active" && head != "medication" {
			elements = append(elements, head)
		}
	}
	return elements
}

// link is the link to the next page as a request takes it.
func (c *connection) link(next string) string {
	if u, err := url.Parse(next); err == nil && u.IsAbs() && c.settings.RebaseLinks {
		base, _ := httpsource.Endpoint(c.settings.BaseURL)
		next = base + u.RequestURI()
	}
	return httpsource.Below(c.settings.BaseURL, next)
}

// Row makes a row. What was entered in error is a delete, as is a dispense that is not, or no longer, complete, and a role
// that has ended.
func (c *connection) Row(run *objectsource.Run, in map[string]any) (connectors.Row, string, error) {
	id := objectsource.Text(in["id"])
	if id == "" {
		return connectors.Row{}, "", errors.New("a resource without id")
	}
	in["ref"] = run.Object() + "/" + id
	flat := make(map[string]any, len(run.Columns))
	for _, column := range run.Columns {
		flat[column] = value(column, objectsource.At(in, column))
	}
	row := connectors.Row{Key: run.Object() + "/" + id, Fields: run.Fields(flat, nil)}
	at, err := time.Parse(time.RFC3339, objectsource.Text(flat[changed]))
	if err != nil {
		return row, "", errors.New(row.Key + " without " + changed)
	}
	row.SourceTime = at.UTC()
	status := objectsource.Text(in["status"])
	if in[removed] == true || status == "entered-in-error" || run.Stream.Document && status != "completed" || run.Object() == "PractitionerRole" && in["active"] == false {
		row.Op = connectors.Delete
	}
	return row, "", nil
}

// value writes a reference as TYPE/id and the parts of a name as one text.
func value(column string, v any) any {
	switch v := v.(type) {
	case string:
		path, _, _ := strings.Cut(column, ":")
		if strings.HasSuffix(path, ".reference") {
			return referenceOf(v)
		}
	case []any:
		if strings.HasSuffix(column, ".given") {
			var parts []string
			for _, part := range v {
				parts = append(parts, objectsource.Text(part))
			}
			return strings.Join(parts, "")
		}
	}
	return v
}

// referenceOf cuts a reference to TYPE/id: it may be absolute and may name a version.
func referenceOf(text string) string {
	text, _, _ = strings.Cut(text, "/_history/")
	parts := strings.Split(text, "/")
	if n := len(parts); n > 2 {
		return parts[n-2] + "/" + parts[n-1]
	}
	return text
}
