package sap

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// refusal is the error of either protocol: the message is text in V4 and an object in V2.
type refusal struct {
	Code    string          `json:"code"`
	Message json.RawMessage `json:"message"`
}

func (f refusal) text() string {
	var text string
	if json.Unmarshal(f.Message, &text) == nil {
		return text
	}
	var inner struct{ Value string }
	if json.Unmarshal(f.Message, &inner) != nil {
		return ""
	}
	return inner.Value
}

// failure reads the error that every refusal carries; nil leaves the status to the usual rules, which honour Retry-After.
func failure(r *httpsource.Response) *httpsource.Error {
	var answer struct{ Error refusal }
	if json.Unmarshal(r.Body, &answer) != nil || answer.Error.Code == "" {
		return nil
	}
	e := &httpsource.Error{Class: httpsource.Permanent, Code: answer.Error.Code, Message: answer.Error.text()}
	words := strings.ToLower(e.Message)
	switch {
	case r.Status == http.StatusUnauthorized, r.Status == http.StatusTooManyRequests, r.Status == http.StatusServiceUnavailable:
		return nil
	case r.Status == http.StatusForbidden:
		e.Class = httpsource.Forbidden
	case r.Status == http.StatusGone, strings.Contains(words, "skiptoken"), strings.Contains(words, "skip token"):
		e.Class = httpsource.RestartCursor
	case r.Status == http.StatusLocked, strings.Contains(words, "locked by"), r.Status >= 500:
		e.Class = httpsource.Retry
	}
	return e
}

// answer is a page of a set.
type answer struct {
	rows []httpsource.Element
	next string // the query part of the link to the next page
}

// readAnswer reads a page of either protocol. The link to the next page may name a host that only the system knows, or
// none; its query part is all that counts.
func readAnswer(body []byte, v4 bool) (answer, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return answer{}, e
	}
	var whole struct {
		Error refusal
		D     struct {
			Results json.RawMessage `json:"results"`
			Next    string          `json:"__next"`
		} `json:"d"`
		Value json.RawMessage `json:"value"`
		Next  string          `json:"@odata.nextLink"`
	}
	if err := httpsource.Decode(body, &whole); err != nil {
		return answer{}, httpsource.UnknownShape("%v", err)
	}
	if whole.Error.Code != "" {
		return answer{}, &httpsource.Error{Class: httpsource.Permanent, Code: whole.Error.Code, Message: whole.Error.text()}
	}
	list, next := whole.D.Results, whole.D.Next
	if v4 {
		list, next = whole.Value, whole.Next
	}
	if len(list) == 0 {
		return answer{}, httpsource.UnknownShape("an answer without its list of rows")
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, list)) // a part of body, copied
	if err != nil {
		return answer{}, httpsource.UnknownShape("%v", err)
	}
	out := answer{rows: rows}
	if next != "" {
		u, err := url.Parse(next)
		if err != nil || u.RawQuery == "" {
			return answer{}, httpsource.UnknownShape("a link to the next page without a query")
		}
		out.next = u.RawQuery
	}
	return out, nil
}

// split makes a row of each item of a delivery that moved goods of its own: the whole of a batch split is none.
func split(documents []httpsource.Element) ([]httpsource.Element, *httpsource.Error) {
	var out []httpsource.Element
	for _, d := range documents {
		list, ok := related(d.Fields[items])
		if !ok {
			return nil, httpsource.UnknownShape("a delivery without its items")
		}
		for _, item := range list {
			if isWhole(item, list) {
				continue
			}
			row := make(map[string]any, len(d.Fields)+1)
			for k, v := range d.Fields {
				if k != items {
					row[k] = v
				}
			}
			row["item"] = item
			out = append(out, httpsource.Element{Fields: row, Off: d.Off, Len: d.Len})
		}
	}
	return out, nil
}

// isWhole reports whether other items are parts of this one.
func isWhole(item map[string]any, list []map[string]any) bool {
	number := strings.TrimLeft(objectsource.Text(item["DeliveryDocumentItem"]), "0")
	for _, other := range list {
		if whole := strings.TrimLeft(objectsource.Text(other["HigherLvlItmOfBatSpltItm"]), "0"); whole != "" && whole == number {
			return true
		}
	}
	return false
}

// related is the rows behind a navigation that was expanded: one, a list, or V2's list in an object.
func related(v any) ([]map[string]any, bool) {
	if one, ok := v.(map[string]any); ok {
		if _, deferred := one["__deferred"]; deferred {
			return nil, false
		}
		list, many := one["results"]
		if !many {
			return []map[string]any{one}, true
		}
		v = list
	}
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]map[string]any, 0, len(list))
	for _, item := range list {
		row, ok := item.(map[string]any)
		if !ok {
			return nil, false
		}
		out = append(out, row)
	}
	return out, true
}
