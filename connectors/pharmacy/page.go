package pharmacy

import (
	"bytes"
	"encoding/json"
	"net/http"

	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
)

// readPage is strict: a page has data and next, next being a link or null.
func readPage(body []byte) (objectsource.Page, *httpsource.Error) {
	if e := httpsource.ExpectJSON(body); e != nil {
		return objectsource.Page{}, e
	}
	var keys map[string]json.RawMessage
	if err := httpsource.Decode(body, &keys); err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	data := keys["data"]
	next, has := keys["next"]
	if len(data) == 0 || !has {
		return objectsource.Page{}, httpsource.UnknownShape("a page needs data and next")
	}
	out := objectsource.Page{Raw: body, End: true}
	if string(next) != "null" {
		if err := httpsource.Decode(next, &out.Next); err != nil || out.Next == "" {
			return objectsource.Page{}, httpsource.UnknownShape("next is neither a link nor null")
		}
		out.End = false
	}
	rows, err := httpsource.Elements(body, bytes.Index(body, data))
	if err != nil {
		return objectsource.Page{}, httpsource.UnknownShape("%v", err)
	}
	out.Rows = rows
	return out, nil
}

// judgeStatus knows the one status that means more here than elsewhere.
func judgeStatus(r *httpsource.Response) *httpsource.Error {
	if r.Status == http.StatusGone {
		return &httpsource.Error{Class: httpsource.RestartCursor, Message: "the link is too old"}
	}
	return nil
}
