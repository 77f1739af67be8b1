package u8

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tributary/connectors/erp/yonyou"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// open checks an answer and gives its members. Codes come as text; what most of them mean is not published, so the message
// decides.
func (c *connection) open(body []byte) (map[string]json.RawMessage, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return nil, e
	}
	var out map[string]json.RawMessage
	if json.Unmarshal(body, &out) != nil {
		return nil, httpsource.UnknownShape("an answer that is no object")
	}
	switch code := member(out, "errcode"); {
	case code == "0":
		return out, nil
	case code == "":
		return nil, httpsource.UnknownShape("an answer without errcode")
	default:
		return nil, c.refusal(code, member(out, "errmsg"))
	}
}

// member is a member's text, whether it came as text or as a number.
func member(in map[string]json.RawMessage, name string) string {
	var v any
	if httpsource.Decode(in[name], &v) != nil {
		return ""
	}
	return objectsource.Text(v)
}

func (c *connection) refusal(code, message string) *httpsource.Error {
	e := &httpsource.Error{Class: yonyou.ClassOf(message, c.settings.ThrottleTexts), Code: code, Message: message}
	words := strings.ToLower(message)
	offline := slices.ContainsFunc(c.settings.OfflineTexts, func(t string) bool { return t != "" && strings.Contains(words, strings.ToLower(t)) })
	switch {
	case slices.Contains(c.settings.TokenCodes, code):
		e.Class = httpsource.ReauthOnce
	case offline, e.Class == httpsource.Retry: // the relay waits for the server in vain
		return c.offline(e)
	}
	return e
}

// offline is a failure of the U8 server behind the platform.
func (c *connection) offline(e *httpsource.Error) *httpsource.Error {
	e.Class, e.Kind, e.Wait = httpsource.Retry, httpsource.Unreachable, c.settings.OfflineWait
	return e
}

// judgeStatus: a gateway that waits in vain is a server that does not answer.
func (c *connection) judgeStatus(r *httpsource.Response) *httpsource.Error {
	if r.Status == http.StatusGatewayTimeout {
		return c.offline(&httpsource.Error{Message: "HTTP 504"})
	}
	return nil
}

// readPage reads a list's answer. An object without rows may be missing from it.
func (c *connection) readPage(body []byte, object string) (objectsource.NumberedPage, *httpsource.Error) {
	var out objectsource.NumberedPage
	answer, e := c.open(body)
	if e != nil && slices.Contains(c.settings.EmptyCodes, e.Code) {
		return objectsource.NumberedPage{Page: objectsource.Page{Raw: body}}, nil
	}
	if e != nil {
		return out, e
	}
	pages, perr := strconv.Atoi(member(answer, "page_count"))
	total, terr := strconv.Atoi(member(answer, "row_count"))
	list := answer[object]
	if perr != nil || terr != nil || total > 0 && len(list) == 0 {
		return out, httpsource.UnknownShape("a list's answer needs %s, row_count and page_count", object)
	}
	out = objectsource.NumberedPage{Page: objectsource.Page{Raw: body}, Pages: pages, Total: total}
	if len(list) == 0 {
		return out, nil
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, list)) // a part of body, copied
	if err != nil {
		return out, httpsource.UnknownShape("%v", err)
	}
	out.Rows = rows
	return out, nil
}

// renamed is a row with its fields in lower case, those of the settings under the names that rows give them.
func renamed(in map[string]any, names map[string]string) map[string]any {
	out := make(map[string]any, len(in)+len(names))
	for name, v := range in {
		out[strings.ToLower(name)] = v
	}
	for ours, theirs := range names {
		if v, ok := out[theirs]; ok {
			out[ours] = v
		}
	}
	return out
}
