package salesforce

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// bulkLink begins the locators of pages that a job answers: the job and the server's own locator follow.
const bulkLink = "bulk:"

const (
	pollMost    = 30 * time.Second // longest pause between two looks at a job
	releaseTime = 3 * time.Second  // how long giving jobs back may take
)

// bulkQuery has the server find the rows of a window in a job of its own and answers the first page. The question is that of a query
// over REST, so a row's id is the place in it here too, and a window begun one way may be ended the other.
func (c *connection) bulkQuery(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	kinds, err := c.kinds(ctx, run)
	if err != nil {
		return objectsource.Page{}, err
	}
	body, err := json.Marshal(map[string]string{"operation": "queryAll", "query": soql(run, q), "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"})
	if err != nil {
		return objectsource.Page{}, err
	}
	job, err := c.job(ctx, run, http.MethodPost, "", body)
	if err != nil {
		return objectsource.Page{}, err
	}
	c.mu.Lock()
	c.jobs[job.ID] = kinds
	c.mu.Unlock()
	if err := c.await(ctx, run, job.ID); err != nil {
		return objectsource.Page{}, err
	}
	return c.bulkPage(ctx, run, bulkLink+job.ID+":")
}

// bulkJob is what the server says of a job.
type bulkJob struct {
	ID    string `json:"id"`
	State string `json:"state"`
	Why   string `json:"errorMessage"`
}

// job makes a call about a job, or for a new one.
func (c *connection) job(ctx context.Context, run *objectsource.Run, method, id string, body []byte) (bulkJob, error) {
	var out bulkJob
	req := httpsource.Request{Method: method, Path: c.data("/jobs/query"), Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
	if id != "" {
		req.Path += "/" + url.PathEscape(id)
	}
	req.Judge = func(r *httpsource.Response) *httpsource.Error {
		c.observe(r.Header)
		if e := httpsource.ExpectJSON(r.Body); e != nil {
			return e
		}
		if httpsource.Decode(r.Body, &out) != nil || out.ID == "" || out.State == "" {
			return httpsource.UnknownShape("a job without id or state")
		}
		return nil
	}
	return out, c.do(ctx, "bulk query "+run.Object(), req)
}

// await looks at a job, with growing pauses, until it is done.
func (c *connection) await(ctx context.Context, run *objectsource.Run, id string) error {
	var waited time.Duration
	for pause := c.settings.BulkPoll; ; pause = min(pause*3/2, pollMost) {
		job, err := c.job(ctx, run, http.MethodGet, id, nil)
		if err != nil {
			return err
		}
		switch job.State {
		case "JobComplete":
			return nil
		case "UploadComplete", "InProgress":
		case "Failed":
			return c.fail(&httpsource.Error{Class: httpsource.Permanent, Code: job.State, Message: job.Why}, run)
		case "Aborted":
			return c.fail(&httpsource.Error{Class: httpsource.Retry, Code: job.State, Message: "the bulk job was aborted at the source"}, run)
		default:
			return c.fail(httpsource.UnknownShape("a job in the state %s", job.State), run)
		}
		if waited >= c.settings.BulkWait {
			return c.fail(&httpsource.Error{Class: httpsource.Retry, Code: job.State, Message: "the bulk job is not done within bulk_wait"}, run)
		}
		if err := connectors.Wait(ctx, pause); err != nil {
			return err
		}
		waited += pause
	}
}

// bulkPage asks for the page of a job that a locator names. The same page can be asked for again while the job exists; a job that is
// gone, or of another version of the API, is a locator that died.
func (c *connection) bulkPage(ctx context.Context, run *objectsource.Run, link string) (objectsource.Page, error) {
	id, locator, _ := strings.Cut(strings.TrimPrefix(link, bulkLink), ":")
	c.mu.Lock()
	kinds := c.jobs[id]
	c.mu.Unlock()
	query := url.Values{"maxRecords": {strconv.Itoa(c.settings.BulkPageSize)}}
	if locator != "" {
		query.Set("locator", locator)
	}
	var out objectsource.Page
	_, err := c.api.Do(ctx, httpsource.Request{
		Op: "bulk query " + run.Object(), Method: http.MethodGet, Path: c.data("/jobs/query/" + url.PathEscape(id) + "/results"), Query: query, Header: http.Header{"Accept": {"text/csv"}},
		Judge: func(r *httpsource.Response) (e *httpsource.Error) {
			c.observe(r.Header)
			out, e = readResults(r, run.Columns, kinds)
			return e
		},
		JudgeStatus: func(r *httpsource.Response) *httpsource.Error {
			e := failure(r, c.api.SourceNow())
			if e != nil && (r.Status == http.StatusNotFound || r.Status == http.StatusConflict) {
				e.Class = httpsource.RestartCursor
			}
			return e
		},
	})
	if err != nil {
		return objectsource.Page{}, err
	}
	if out.End {
		c.release(ctx, id)
		return out, nil
	}
	out.Next = bulkLink + id + ":" + out.Next
	return out, nil
}

// readResults reads a page of a job. The headers say how many rows it holds, which shows one that was cut, and how to go on: the word
// null is the end.
func readResults(r *httpsource.Response, columns []string, kinds map[string]string) (objectsource.Page, *httpsource.Error) {
	count, err := strconv.Atoi(r.Header.Get("Sforce-NumberOfRecords"))
	next := r.Header.Get("Sforce-Locator")
	text := strings.TrimPrefix(string(r.Body), "\ufeff")
	switch {
	case strings.HasPrefix(strings.TrimSpace(text), "<"):
		return objectsource.Page{}, httpsource.ExpectJSON(r.Body)
	case err != nil || next == "":
		return objectsource.Page{}, httpsource.UnknownShape("results without Sforce-NumberOfRecords or Sforce-Locator")
	}
	damaged := func(why string) *httpsource.Error {
		return &httpsource.Error{Class: httpsource.Retry, Kind: httpsource.NotJSON, Message: "CSV that is cut short or damaged: " + why}
	}
	records, err := readCSV(text)
	if err != nil {
		return objectsource.Page{}, damaged(err.Error())
	}
	if have := max(0, len(records)-1); have != count {
		return objectsource.Page{}, damaged(strconv.Itoa(have) + " rows of " + strconv.Itoa(count))
	}
	raw, rows, err := rowsOf(records, columns, kinds)
	if err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	if next == "null" {
		return objectsource.Page{Raw: raw, Rows: rows, End: true}, nil
	}
	return objectsource.Page{Raw: raw, Rows: rows, Next: next}, nil
}

// kinds are the types of a run's columns. Those of related rows stand in the descriptions of their objects; an object that the user
// may not see gives texts.
func (c *connection) kinds(ctx context.Context, run *objectsource.Run) (map[string]string, error) {
	out := make(map[string]string, len(run.Columns))
	for _, column := range run.Columns {
		kind, err := c.kind(ctx, run.Object(), column)
		if err != nil {
			return nil, err
		}
		out[column] = kind
	}
	return out, nil
}

func (c *connection) kind(ctx context.Context, object, column string) (string, error) {
	c.mu.Lock()
	fields, known := c.described[object]
	c.mu.Unlock()
	if !known {
		var err error
		if fields, err = c.describe(ctx, object); err != nil && !httpsource.Refused(err) {
			return "", err
		}
	}
	head, rest, dotted := strings.Cut(column, ".")
	for _, f := range fields {
		if !dotted && strings.EqualFold(f.Name, column) {
			return f.Type, nil
		}
		if !dotted || !strings.EqualFold(f.Relationship, head) {
			continue
		}
		for _, to := range f.ReferenceTo {
			if kind, err := c.kind(ctx, to, rest); kind != "" || err != nil {
				return kind, err
			}
		}
	}
	return "", nil
}

// release gives a job back that is read to its end. The server does so itself after some days: a failure is nobody's concern.
func (c *connection) release(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	c.mu.Lock()
	delete(c.jobs, id)
	c.mu.Unlock()
	_ = c.do(ctx, "release bulk job", httpsource.Request{Method: http.MethodDelete, Path: c.data("/jobs/query/" + url.PathEscape(id)), Once: true})
}

// abort ends the jobs that a run leaves behind, so that they do not go on at the source for nobody.
func (c *connection) abort() {
	c.mu.Lock()
	left := slices.Collect(maps.Keys(c.jobs))
	c.mu.Unlock()
	if len(left) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	for _, id := range left {
		_ = c.do(ctx, "abort bulk job", httpsource.Request{Method: http.MethodPatch, Path: c.data("/jobs/query/" + url.PathEscape(id)), Once: true,
			Body: []byte(`{"state":"Aborted"}`), Header: http.Header{"Content-Type": {"application/json"}}}) // refused once the job is done
		c.release(ctx, id)
	}
}
