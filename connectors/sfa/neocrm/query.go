package neocrm

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// envelope is what every call of the platform answers with; the code is a number or text.
type envelope struct {
	Code         any             `json:"code"`
	Msg          string          `json:"msg"`
	Data         json.RawMessage `json:"data"`
	Result       json.RawMessage `json:"result"`
	QueryLocator string          `json:"queryLocator"`
}

// open checks the envelope; the second result says why it is no success.
func (c *connection) open(body []byte) (envelope, *httpsource.Error) {
	var e envelope
	if bad := httpsource.ExpectJSON(body); bad != nil {
		return e, bad
	}
	if err := httpsource.Decode(body, &e); err != nil {
		return e, httpsource.UnknownShape("%v", err)
	}
	code := objectsource.Text(e.Code)
	if code == "200" {
		return e, nil
	}
	if code == "" {
		return e, httpsource.UnknownShape("an answer without code")
	}
	out := &httpsource.Error{Class: httpsource.Permanent, Code: code, Message: e.Msg}
	for _, word := range c.settings.ThrottleTexts {
		if word != "" && strings.Contains(strings.ToLower(e.Msg), strings.ToLower(word)) {
			out.Class = httpsource.Throttle
		}
	}
	switch {
	case out.Class == httpsource.Throttle:
	case strings.Contains(strings.ToLower(e.Msg), "locator"):
		out.Class = httpsource.RestartCursor
	case strings.Contains(e.Msg, "权限") || strings.Contains(strings.ToLower(e.Msg), "permission"):
		out.Class = httpsource.Forbidden
	}
	return e, out
}

// query runs XOQL and reads its rows; with scroll set, the page that the locator names.
func (c *connection) query(ctx context.Context, object, xoql string, scroll bool, locator string) (objectsource.Page, error) {
	path, form := "/rest/data/v2.0/query/xoql", url.Values{"xoql": {xoql}, "useSimpleCode": {"true"}}
	if scroll {
		path += "Scroll"
		form.Set("batchCount", strconv.Itoa(c.settings.PageSize))
		form.Set("queryLocator", locator)
	}
	var out objectsource.Page
	_, err := c.api.Do(ctx, httpsource.Request{
		Op: "query " + object, Method: http.MethodPost, Path: path, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		Judge: func(r *httpsource.Response) *httpsource.Error {
			e, bad := c.open(r.Body)
			if bad != nil {
				return bad
			}
			out, bad = readPage(r.Body, e)
			return bad
		},
	})
	return out, err
}

func readPage(body []byte, e envelope) (objectsource.Page, *httpsource.Error) {
	var data struct {
		Records json.RawMessage `json:"records"`
		Count   json.Number     `json:"count"`
	}
	if len(e.Data) == 0 || httpsource.Decode(e.Data, &data) != nil || len(data.Records) == 0 {
		return objectsource.Page{}, httpsource.UnknownShape("a query's answer without data.records")
	}
	offset := bytes.Index(body, data.Records) // a part of body, copied
	rows, err := httpsource.Elements(body, offset)
	if err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	if n, err := data.Count.Int64(); err == nil && n != int64(len(rows)) {
		return objectsource.Page{}, httpsource.UnknownShape("count is %d, the list has %d rows", n, len(rows))
	}
	return objectsource.Page{Raw: body, Rows: rows, Next: e.QueryLocator}, nil
}
