package fhir

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// outcome is what a server says went wrong.
type outcome struct {
	Type   string `json:"resourceType"`
	Issues []struct {
		Severity    string `json:"severity"`
		Code        string `json:"code"`
		Diagnostics string `json:"diagnostics"`
		Details     struct {
			Text string `json:"text"`
		} `json:"details"`
	} `json:"issue"`
}

// failure is the first issue that is no mere warning.
func (o outcome) failure() *httpsource.Error {
	for _, i := range o.Issues {
		if i.Severity == "error" || i.Severity == "fatal" {
			e := &httpsource.Error{Class: httpsource.Permanent, Code: i.Code, Message: i.Diagnostics}
			if e.Message == "" {
				e.Message = i.Details.Text
			}
			return e
		}
	}
	return nil
}

// refusal reads the outcome that comes with a status; nil leaves the status to the usual rules, which honour Retry-After.
func refusal(link bool) func(*httpsource.Response) *httpsource.Error {
	return func(r *httpsource.Response) *httpsource.Error {
		if link && slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone}, r.Status) {
			return &httpsource.Error{Class: httpsource.RestartCursor, Message: "the link to the page is not known any more"}
		}
		var o outcome
		if r.Status == http.StatusUnauthorized || r.Status == http.StatusTooManyRequests || r.Status >= 500 || json.Unmarshal(r.Body, &o) != nil {
			return nil
		}
		e := o.failure()
		if e != nil && r.Status == http.StatusForbidden {
			e.Class = httpsource.Forbidden
		}
		return e
	}
}

// bundle is a page of a search.
type bundle struct {
	matches  []httpsource.Element      // resources, each with the place of its entry
	included map[string]map[string]any // TYPE/id → resource
	next     string
}

func readBundle(body []byte, typ string) (bundle, *httpsource.Error) {
	out := bundle{included: map[string]map[string]any{}}
	if e := httpsource.ExpectJSON(body); e != nil {
		return out, e
	}
	var answer struct {
		outcome
		Kind string `json:"type"`
		Link []struct {
			Relation string `json:"relation"`
			URL      string `json:"url"`
		} `json:"link"`
		Entry json.RawMessage `json:"entry"`
	}
	if err := httpsource.Decode(body, &answer); err != nil {
		return out, httpsource.UnknownShape("%v", err)
	}
	if e := answer.failure(); answer.Type == "OperationOutcome" && e != nil {
		return out, e
	}
	if answer.Type != "Bundle" || answer.Kind != "searchset" {
		return out, httpsource.UnknownShape("an answer that is no Bundle of a search")
	}
	for _, l := range answer.Link {
		if l.Relation == "next" {
			out.next = l.URL
		}
	}
	if len(answer.Entry) == 0 {
		return out, nil // an empty page has no list of entries
	}
	entries, err := httpsource.Elements(body, bytes.Index(body, answer.Entry)) // a part of body, copied
	if err != nil {
		return out, httpsource.UnknownShape("%v", err)
	}
	for i, e := range entries {
		r, ok := e.Fields["resource"].(map[string]any)
		if !ok {
			return out, httpsource.UnknownShape("entry %d without a resource", i+1)
		}
		search, _ := e.Fields["search"].(map[string]any)
		switch kind := objectsource.Text(r["resourceType"]); {
		case kind == "OperationOutcome":
			if e := warned(r); e != nil {
				return out, e
			}
		case subsetted(r) && (search["mode"] == "include" || kind != typ):
			// Some servers cut what they include to the elements asked of the matches: it must be read by itself.
		case search["mode"] == "include" || kind != typ:
			out.included[kind+"/"+objectsource.Text(r["id"])] = r
		default:
			out.matches = append(out.matches, httpsource.Element{Fields: r, Off: e.Off, Len: e.Len})
		}
	}
	return out, nil
}

// subsetted reports whether a server marked a resource as not whole.
func subsetted(r map[string]any) bool {
	tags, _ := objectsource.At(r, "meta.tag").([]any)
	for _, t := range tags {
		if tag, _ := t.(map[string]any); tag["code"] == "SUBSETTED" {
			return true
		}
	}
	return false
}

// warned reads an outcome among the results.
func warned(r map[string]any) *httpsource.Error {
	b, err := json.Marshal(r)
	var o outcome
	if err != nil || json.Unmarshal(b, &o) != nil {
		return httpsource.UnknownShape("an OperationOutcome that cannot be read")
	}
	return o.failure()
}
