package fhir

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// bulkLink begins the locators of pages that come from an export.
const bulkLink = "bulk:"

const (
	pollLeast   = 10 * time.Millisecond // shortest pause between two looks at an export, whatever the server allows
	pollMost    = 30 * time.Second      // longest pause where the server names none
	releaseTime = 3 * time.Second       // how long giving an export back may take
)

// export is the place in an export: its status address, and which line of which file comes next. A position holds it, so that
// a run that was cut goes on with the export that it began.
type export struct {
	Status string `json:"status"`
	Files  int    `json:"files,omitempty"` // of the stream, as the manifest said first; 0: not known yet
	File   int    `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
}

func (e export) link() string {
	b, err := json.Marshal(e)
	if err != nil { // text and numbers only
		return bulkLink
	}
	return bulkLink + string(b)
}

// manifest is what the server says of an export that is done.
type manifest struct {
	Time    time.Time `json:"transactionTime"` // what was written before is in it
	Token   bool      `json:"requiresAccessToken"`
	Output  []file    `json:"output"`
	Deleted []file    `json:"deleted"`
	Error   []file    `json:"error"`
}

// file is newline-delimited resources of a type.
type file struct {
	Type  string `json:"type"`
	URL   string `json:"url"`
	Count *int   `json:"count"`
}

// of are the files that matter to a stream, what was deleted first: a resource that came back is then seen alive.
func (m manifest) of(typ string) []file {
	return append(slices.Clone(m.Deleted), slices.DeleteFunc(slices.Clone(m.Output), func(f file) bool { return f.Type != typ })...)
}

// exports reports whether a window is read by an export. By itself that is so for many rows of a first load, where the server
// offers it.
func (c *connection) exports(ctx context.Context, run *objectsource.Run, q objectsource.Query) (bool, error) {
	if q.Window.To.IsZero() || q.Locator != "" { // to see whether there is anything, or a window that was begun by searches
		return false, nil
	}
	if c.settings.Bulk != "auto" {
		return c.settings.Bulk == "always", nil
	}
	c.mu.Lock()
	offered := c.exportOffered
	c.mu.Unlock()
	if !offered || !q.Window.From.IsZero() {
		return false, nil
	}
	n, err := c.count(ctx, run, q)
	return n >= c.settings.BulkFrom, err
}

// count asks how many resources a window has.
func (c *connection) count(ctx context.Context, run *objectsource.Run, q objectsource.Query) (int, error) {
	ask := question(run, q)
	for _, name := range []string{"_count", "_elements", "_include"} {
		ask.Del(name)
	}
	ask.Set("_summary", "count")
	var answer struct {
		Type  string `json:"resourceType"`
		Total *int   `json:"total"`
	}
	_, err := c.client.Do(ctx, httpsource.Request{
		Op: "count " + run.Object(), Method: http.MethodGet, Path: "/" + run.Object(), Query: ask, Header: c.header(), JudgeStatus: refusal(false),
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			if json.Unmarshal(r.Body, &answer) != nil || answer.Type != "Bundle" {
				return httpsource.UnknownShape("a count that is no Bundle")
			}
			return nil
		},
	})
	if httpsource.Refused(err) || err == nil && answer.Total == nil {
		return 0, nil // it cannot count: search
	}
	if err != nil {
		return 0, err
	}
	return *answer.Total, nil
}

// startExport has the server write the resources of a window to files. It answers an empty page at once, whose position knows
// the export.
func (c *connection) startExport(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	ask := url.Values{"_type": {run.Object()}}
	if elements := elementsOf(run); elements != nil { // not every server can: those that cannot send the whole, which is cut here
		ask.Set("_elements", run.Object()+"."+strings.Join(elements, ","+run.Object()+"."))
	}
	if !q.Window.From.IsZero() {
		ask.Set("_since", q.Window.From.UTC().Format(time.RFC3339))
	}
	answer, err := c.client.Do(ctx, httpsource.Request{
		Op: "export " + run.Object(), Method: http.MethodGet, Path: "/$export", Query: ask, JudgeStatus: refusal(false),
		Header: http.Header{"Accept": {"application/fhir+json"}, "Prefer": {"respond-async, handling=lenient"}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if r.Status != http.StatusAccepted || r.Header.Get("Content-Location") == "" {
				if e := httpsource.ExpectJSON(r.Body); e != nil {
					return e
				}
				return httpsource.UnknownShape("an export without 202 and Content-Location")
			}
			return nil
		},
	})
	if err != nil {
		return objectsource.Page{}, err
	}
	at := export{Status: c.link(answer.Header.Get("Content-Location"))}
	c.mu.Lock()
	delete(c.manifests, at.Status) // a server may give the same place twice
	delete(c.finished, at.Status)
	c.kept = download{}
	c.mu.Unlock()
	return objectsource.Page{Raw: answer.Body, Next: at.link()}, nil
}

// exportPage reads the next lines of an export, once it is done. What was written behind the export's own time, and before the
// window's end, is searched for: windows follow the server's clock, exports may lag behind it.
func (c *connection) exportPage(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	var at export
	if json.Unmarshal([]byte(strings.TrimPrefix(q.Locator, bulkLink)), &at) != nil || at.Status == "" || at.File < 0 || at.Line < 0 {
		return objectsource.Page{}, &httpsource.Error{Class: httpsource.RestartCursor, Message: "a place in no export"}
	}
	m, err := c.await(ctx, run, at.Status)
	if err != nil {
		return objectsource.Page{}, err
	}
	files := m.of(run.Object())
	if at.Files != 0 && at.Files != len(files) {
		return objectsource.Page{}, changedFiles()
	}
	at.Files = len(files)
	if at.File >= len(files) {
		c.mu.Lock()
		c.finished[at.Status], c.kept = true, download{}
		c.mu.Unlock()
		if m.Time.Before(q.Window.To) {
			q.Window.From, q.Locator = m.Time, ""
			return c.search(ctx, run, q)
		}
		return objectsource.Page{End: true}, nil
	}
	lines, err := c.lines(ctx, run, at, m)
	if err != nil {
		return objectsource.Page{}, err
	}
	if at.Line > len(lines) {
		return objectsource.Page{}, &httpsource.Error{Class: httpsource.RestartCursor, Message: "a file of the export became shorter"}
	}
	end := min(at.Line+c.settings.BulkPage, len(lines))
	out, err := pageOf(lines[at.Line:end], run.Object(), q.Window)
	if err != nil {
		return objectsource.Page{}, err
	}
	if at.Line = end; end == len(lines) {
		at.File, at.Line = at.File+1, 0
	}
	out.Next = at.link()
	if run.Object() == "MedicationDispense" {
		return out, c.withRemembered(ctx, &out)
	}
	return out, nil
}

func changedFiles() error {
	return &httpsource.Error{Class: httpsource.RestartCursor, Message: "the files of the export changed"}
}

// await looks at an export, at the pace that the server asks for, until it is done.
func (c *connection) await(ctx context.Context, run *objectsource.Run, status string) (manifest, error) {
	c.mu.Lock()
	known, done := c.manifests[status]
	c.mu.Unlock()
	if done {
		return known, nil
	}
	var waited time.Duration
	for pause := c.settings.BulkPoll; ; pause = min(pause*3/2, pollMost) {
		m, wait, err := c.look(ctx, run, status)
		if err != nil || wait < 0 {
			return m, err
		}
		if wait == 0 {
			wait = pause
		}
		if waited+wait > c.settings.BulkWait {
			c.release(ctx, status)
			return m, &httpsource.Error{Class: httpsource.Retry, Message: "the export is not done within bulk_wait"}
		}
		if err := connectors.Wait(ctx, max(wait, pollLeast)); err != nil {
			return m, err
		}
		waited += wait
	}
}

// look asks once for the status of an export: its manifest and a negative wait when it is done, else the wait that the server
// asks for, 0 for none.
func (c *connection) look(ctx context.Context, run *objectsource.Run, status string) (m manifest, wait time.Duration, err error) {
	_, err = c.client.Do(ctx, httpsource.Request{
		Op: "status of the export of " + run.Object(), Method: http.MethodGet, Path: status, Header: http.Header{"Accept": {"application/json"}}, JudgeStatus: refusal(true),
		Judge: func(r *httpsource.Response) *httpsource.Error {
			if r.Status == http.StatusAccepted {
				if wait = httpsource.RetryAfter(r.Header, c.client.SourceNow()); r.Header.Get("Retry-After") != "" {
					wait = max(wait, pollLeast)
				}
				return nil
			}
			wait = -1
			if e := httpsource.ExpectJSON(r.Body); e != nil {
				return e
			}
			m = manifest{}
			if json.Unmarshal(r.Body, &m) != nil || m.Time.IsZero() || m.Output == nil {
				return httpsource.UnknownShape("an export without transactionTime or output")
			}
			return nil
		},
	})
	if err != nil || wait >= 0 {
		return m, wait, err
	}
	if err := c.troubles(ctx, run, m); err != nil {
		return m, wait, err
	}
	c.mu.Lock()
	c.manifests[status] = m
	c.mu.Unlock()
	return m, wait, nil
}

// giveBack frees the exports that were read to their end. It is for the end of the connection: until then a run may be begun
// again from within.
func (c *connection) giveBack() {
	c.mu.Lock()
	left := slices.Collect(maps.Keys(c.finished))
	c.mu.Unlock()
	for _, status := range left {
		c.release(context.Background(), status)
	}
}

// release gives an export back. The server forgets it by itself some day: a failure is nobody's concern.
func (c *connection) release(ctx context.Context, status string) {
	ctx, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	c.mu.Lock()
	delete(c.manifests, status)
	delete(c.finished, status)
	c.mu.Unlock()
	_, _ = c.client.Do(ctx, httpsource.Request{Op: "release the export", Method: http.MethodDelete, Path: status, Once: true})
}
