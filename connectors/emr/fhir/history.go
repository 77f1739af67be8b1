package fhir

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// historyLink begins the locators of a type's history: behind it stands the server's link, nothing at its beginning.
const historyLink = "history:"

// history asks what was deleted in a window. It tells every change of a type: of those only what is gone is kept, for the
// others were searched for. A server that refuses it has its deletes found by comparing keys.
func (c *connection) history(ctx context.Context, run *objectsource.Run, q objectsource.Query) (objectsource.Page, error) {
	typ, link := run.Object(), strings.TrimPrefix(q.Locator, historyLink)
	req := httpsource.Request{Op: "history of " + typ, Method: http.MethodGet, Path: link, Header: c.header(), JudgeStatus: refusal(link != "")}
	if link == "" {
		req.Path, req.Query = "/"+typ+"/_history", url.Values{"_since": {q.Window.From.UTC().Format(time.RFC3339)}, "_count": {strconv.Itoa(q.Limit)}}
	}
	var out objectsource.Page
	next := ""
	req.Judge = func(r *httpsource.Response) (e *httpsource.Error) {
		out, next, e = readHistory(r.Body, typ, q.Window)
		return e
	}
	_, err := c.client.Do(ctx, req)
	if link == "" && (httpsource.Refused(err) || httpsource.ClassOf(err) == httpsource.Forbidden && err != nil) {
		return objectsource.Page{End: true}, nil
	}
	if next != "" {
		next = historyLink + c.link(next)
	}
	out.Next, out.End, out.Aside = next, next == "", true
	return out, err
}

// readHistory reads a page of a history: the deletes of the window, each as it is kept, and the link of the next page. Newer
// versions stand before older ones: a resource that came back is not gone.
func readHistory(body []byte, typ string, w httpsource.Window) (objectsource.Page, string, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return objectsource.Page{}, "", e
	}
	var answer struct {
		outcome
		Kind string `json:"type"`
		Link []struct {
			Relation string `json:"relation"`
			URL      string `json:"url"`
		} `json:"link"`
		Entry []struct {
			FullURL string `json:"fullUrl"`
			Request struct {
				Method string `json:"method"`
				URL    string `json:"url"`
			} `json:"request"`
			Response struct {
				LastModified string `json:"lastModified"`
			} `json:"response"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return objectsource.Page{}, "", httpsource.UnknownShape("%v", err)
	}
	if e := answer.failure(); answer.Type == "OperationOutcome" && e != nil {
		return objectsource.Page{}, "", e
	}
	if answer.Type != "Bundle" || answer.Kind != "history" {
		return objectsource.Page{}, "", httpsource.UnknownShape("an answer that is no Bundle of a history")
	}
	next := ""
	for _, l := range answer.Link {
		if l.Relation == "next" {
			next = l.URL
		}
	}
	raw, rows, met := bytes.NewBufferString("["), []httpsource.Element{}, map[string]bool{}
	for i, e := range answer.Entry {
		name := e.FullURL
		if name == "" || e.Request.URL != "" && strings.Contains(e.Request.URL, "/") {
			name = e.Request.URL
		}
		kind, id, _ := strings.Cut(referenceOf(name), "/")
		if e.Request.Method == "" || id == "" {
			return objectsource.Page{}, "", httpsource.UnknownShape("entry %d of a history without the request that made it", i+1)
		}
		at, err := time.Parse(time.RFC3339, e.Response.LastModified)
		newest := !met[id]
		met[id] = true
		if e.Request.Method != http.MethodDelete || kind != typ || !newest || err != nil || at.Before(w.From) || !at.Before(w.To) {
			continue
		}
		fields := map[string]any{"resourceType": typ, "id": id, removed: true, "meta": map[string]any{"lastUpdated": at.UTC().Format(time.RFC3339Nano)}}
		text, err := json.Marshal(fields)
		if err != nil {
			return objectsource.Page{}, "", httpsource.UnknownShape("%v", err)
		}
		if len(rows) > 0 {
			raw.WriteByte(',')
		}
		rows = append(rows, httpsource.Element{Fields: fields, Off: raw.Len(), Len: len(text)})
		raw.Write(text)
	}
	raw.WriteByte(']')
	return objectsource.Page{Raw: raw.Bytes(), Rows: rows}, next, nil
}
