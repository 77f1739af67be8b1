package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// place is where the next page begins. It is kept as text: the link itself, else JSON.
type place struct {
	Link   string         `json:"-"`
	Token  string         `json:"token,omitempty"`
	Page   int            `json:"page,omitempty"`
	Offset int            `json:"offset,omitempty"`
	Last   string         `json:"last,omitempty"`  // the row before, by its bytes: it must come again
	Total  string         `json:"total,omitempty"` // rows of the whole question as the first page said
	After  map[string]any `json:"after,omitempty"` // fields of the last row
}

// placeOf reads a place that an earlier page gave; no text is the beginning.
func placeOf(p Paging, locator string) (place, error) {
	at := place{Page: p.First}
	if locator == "" {
		return at, nil
	}
	if p.Kind == "link" {
		return place{Link: locator}, nil
	}
	if err := httpsource.Decode([]byte(locator), &at); err != nil {
		return at, &httpsource.Error{Class: httpsource.RestartCursor, Message: "a place of another kind of paging"}
	}
	return at, nil
}

func (at place) text() string {
	b, err := json.Marshal(at)
	if err != nil { // it holds what JSON was read from
		return ""
	}
	return string(b)
}

// values are what the placeholders stand for. Pages by offset begin one row early.
func (at place) values(q objectsource.Query, c connectors.TimeForm) values {
	number := func(n int) json.Number { return json.Number(strconv.Itoa(n)) }
	out := values{"from": c.Write(q.Window.From), "to": c.Write(q.Window.To), "limit": number(q.Limit), "page": number(at.Page),
		"offset": number(max(0, at.Offset-1)), "token": at.Token}
	for field, v := range at.After {
		out["after."+field] = v
	}
	return out
}

// send puts params where the source wants them.
func send(req *httpsource.Request, how string, params map[string]any) {
	if how == "" {
		how = map[string]string{http.MethodPost: "json"}[req.Method]
	}
	switch how {
	case "json":
		if body, err := json.Marshal(params); err == nil {
			req.Body = body
		}
		req.Header.Set("Content-Type", "application/json")
	case "form":
		req.Body = []byte(flat(params).Encode())
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	default:
		req.Query = flat(params)
	}
}

// page reads an answer: rows, and where the next page begins.
func (s Stream) page(body []byte, q objectsource.Query, at place) (objectsource.Page, *httpsource.Error) {
	list, found := httpsource.Locate(body, s.Rows)
	if !found {
		return objectsource.Page{}, httpsource.UnknownShape("an answer without %s", s.Rows)
	}
	if s.NullRows && string(bytes.TrimSpace(list)) == "null" {
		list = []byte("[]")
	}
	rows, err := httpsource.Elements(list, 0)
	if err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	if start := bytes.Index(body, list); start > 0 {
		for i := range rows {
			rows[i].Off += start
		}
	}
	out := objectsource.Page{Raw: body, Rows: rows}
	return out, s.Paging.follow(&out, q, at)
}

var moved = &httpsource.Error{Class: httpsource.RestartCursor, Message: "rows moved while the list was read"}

// follow says where the next page begins, or that this was the last.
func (p Paging) follow(out *objectsource.Page, q objectsource.Query, at place) *httpsource.Error {
	ended := len(out.Rows) == 0 || p.End == "short" && len(out.Rows) < q.Limit
	switch p.Kind {
	case "link", "token":
		return p.followText(out)
	case "page":
		return p.followPages(out, at, ended)
	case "offset":
		return p.followOffset(out, q, at)
	case "keyset":
		return p.followKeys(out, q, at, ended)
	}
	out.End = true
	return nil
}

func (p Paging) followText(out *objectsource.Page) *httpsource.Error {
	raw, found := httpsource.Locate(out.Raw, p.Next)
	if !found && p.Strict {
		return httpsource.UnknownShape("an answer without %s", p.Next)
	}
	var next any
	if found {
		if err := httpsource.Decode(raw, &next); err != nil {
			return httpsource.UnknownShape("%s: %v", p.Next, err)
		}
	}
	text := connectors.Scalar(next)
	switch {
	case next == nil, text == "" && next == "" && !p.Strict:
		out.End = true
	case text == "":
		return httpsource.UnknownShape("%s is neither text nor null", p.Next)
	case p.Kind == "link":
		out.Next = text
	default:
		out.Next = place{Token: text}.text()
	}
	return nil
}

// followPages compares the total of every page with the first one's: a row that left the list has shifted those behind it.
func (p Paging) followPages(out *objectsource.Page, at place, ended bool) *httpsource.Error {
	number := func(path string) (string, *httpsource.Error) {
		raw, found := httpsource.Locate(out.Raw, path)
		text := strings.Trim(string(raw), `"`)
		if _, err := strconv.ParseInt(text, 10, 64); !found || err != nil {
			return "", httpsource.UnknownShape("%s is not a number", path)
		}
		return text, nil
	}
	total, e := number(p.Total)
	if e != nil {
		return e
	}
	if at.Total != "" && at.Total != total {
		return moved
	}
	out.End = ended
	if p.Pages != "" {
		pages, e := number(p.Pages)
		if e != nil {
			return e
		}
		last, _ := strconv.Atoi(pages)
		out.End = at.Page-p.First+1 >= last
	}
	if !out.End {
		out.Next = place{Page: at.Page + 1, Total: total}.text()
	}
	return nil
}

// followOffset looks whether the page begins with the last row of the one before.
func (p Paging) followOffset(out *objectsource.Page, q objectsource.Query, at place) *httpsource.Error {
	got := len(out.Rows)
	if at.Offset > 0 {
		if got == 0 || mark(out, 0) != at.Last {
			return moved
		}
		out.Rows = out.Rows[1:]
	}
	if out.End = len(out.Rows) == 0 || p.End == "short" && got < q.Limit; !out.End {
		out.Next = place{Offset: at.Offset + len(out.Rows), Last: mark(out, len(out.Rows)-1)}.text()
	}
	return nil
}

// followKeys goes on behind the last row. A source that sends rows from that place on, itself included, must move.
func (p Paging) followKeys(out *objectsource.Page, q objectsource.Query, at place, ended bool) *httpsource.Error {
	if out.End = ended; ended {
		return nil
	}
	after := map[string]any{}
	for _, field := range p.By {
		v := connectors.Pick(out.Rows[len(out.Rows)-1].Fields, field)
		if connectors.Scalar(v) == "" {
			return httpsource.UnknownShape("a row without %s", field)
		}
		after[field] = v
	}
	out.Next = place{After: after}.text()
	if out.Next == (place{After: at.After}).text() {
		if len(out.Rows) >= q.Limit {
			return httpsource.UnknownShape("more rows share one %s than a page holds", strings.Join(p.By, " and "))
		}
		out.Next, out.End = "", true
	}
	return nil
}

// mark tells a row from others by its bytes.
func mark(p *objectsource.Page, i int) string {
	e := p.Rows[i]
	return digest(p.Raw[e.Off : e.Off+e.Len])
}

// judge looks for a failure inside HTTP 200.
func (e Errors) judge(r *httpsource.Response) *httpsource.Error {
	if bad := httpsource.ExpectJSON(r.Body); bad != nil {
		return bad
	}
	if e.OK == "" && e.Code == "" {
		return nil
	}
	if e.OK != "" {
		raw, found := httpsource.Locate(r.Body, e.OK)
		if !found {
			return httpsource.UnknownShape("an answer without %s", e.OK)
		}
		if slices.Contains(e.OKValues, textOf(raw)) {
			return nil
		}
	}
	code := e.OK
	if e.Code != "" {
		code = e.Code
	}
	raw, found := httpsource.Locate(r.Body, code)
	if e.OK == "" && (!found || textOf(raw) == "") {
		return nil
	}
	return e.failure(r.Body, textOf(raw), httpsource.Permanent)
}

func (e Errors) failure(body []byte, code string, class httpsource.Class) *httpsource.Error {
	raw, _ := httpsource.Locate(body, e.Message)
	message := ""
	if e.Message != "" {
		message = textOf(raw)
	}
	out := &httpsource.Error{Class: class, Code: code, Message: message}
	for _, c := range []struct {
		class httpsource.Class
		items []string
	}{{httpsource.Retry, e.Retry}, {httpsource.Throttle, e.Throttle}, {httpsource.ReauthOnce, e.Reauth}, {httpsource.RestartCursor, e.Restart},
		{httpsource.Forbidden, e.Forbidden}, {httpsource.ConfigStop, e.Stop}} {
		for _, item := range c.items {
			word, isWord := strings.CutPrefix(item, "~")
			if isWord && word != "" && strings.Contains(strings.ToLower(message), strings.ToLower(word)) || !isWord && item == code {
				out.Class = c.class
			}
		}
	}
	return out
}

// judgeStatus looks at the settings first; nil leaves a status to the usual rules.
func (e Errors) judgeStatus(r *httpsource.Response) *httpsource.Error {
	word := e.Status[strconv.Itoa(r.Status)]
	if word == "" {
		return nil
	}
	out := e.failure(r.Body, "", classes[word])
	if out.Message == "" {
		out.Message = http.StatusText(r.Status)
	}
	return out
}

func textOf(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || httpsource.Decode(raw, &v) != nil {
		return ""
	}
	if s := connectors.Scalar(v); s != "" || v == nil || v == "" {
		return s
	}
	return fmt.Sprintf("%.100s", raw)
}
