package pharmacy

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"tributary/connectors/httpsource"
)

// page is one answer: rows and the link of the next page, "" at the end.
type page struct {
	raw  []byte
	rows []httpsource.Element
	next string
}

func (s *Source) fetch(ctx context.Context, stream, link string) (page, error) {
	var out page
	_, err := s.client.Do(ctx, httpsource.Request{
		Op: "read " + stream, Method: http.MethodGet, Path: link,
		Judge: func(r *httpsource.Response) *httpsource.Error {
			var e *httpsource.Error
			out, e = readPage(r.Body)
			return e
		},
		JudgeStatus: judgeStatus,
	})
	if err != nil {
		return page{}, err
	}
	out.next = s.relative(out.next)
	return out, nil
}

// relative cuts an absolute link of our own host to path and query below the base address, so that positions survive a
// change of host name. Other links are left as they are, and refused by the client.
func (s *Source) relative(link string) string {
	base, err := url.Parse(s.settings.BaseURL)
	u, lerr := url.Parse(link)
	if err != nil || lerr != nil || link == "" {
		return link
	}
	if u.IsAbs() && u.Host != base.Host {
		return link
	}
	path := strings.TrimPrefix(u.Path, strings.TrimRight(base.Path, "/"))
	return path + "?" + u.RawQuery
}

// readPage is strict: a page has data and next, next being a link or null.
func readPage(body []byte) (page, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return page{}, e
	}
	var keys map[string]json.RawMessage
	if err := httpsource.Decode(body, &keys); err != nil {
		return page{}, httpsource.UnknownShape("%v", err)
	}
	data := keys["data"]
	next, has := keys["next"]
	if len(data) == 0 || !has {
		return page{}, httpsource.UnknownShape("a page needs data and next")
	}
	out := page{raw: body}
	if string(next) != "null" {
		if err := httpsource.Decode(next, &out.next); err != nil || out.next == "" {
			return page{}, httpsource.UnknownShape("next is neither a link nor null")
		}
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, data))
	if err != nil {
		return page{}, httpsource.UnknownShape("%v", err)
	}
	out.rows = rows
	return out, nil
}

// judgeStatus knows the one status that means more here than elsewhere.
func judgeStatus(r *httpsource.Response) *httpsource.Error {
	if r.Status == http.StatusGone {
		return &httpsource.Error{Class: httpsource.RestartCursor, Message: "the link is too old"}
	}
	return nil
}
