package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"

	"tributary/connectors/httpsource"
)

// kind is the form of a body.
type kind int

const (
	unknownKind kind = iota
	oneJSON
	jsonLines
	inForm
)

// kindOf tells a body's form by its media type.
func kindOf(contentType string) kind {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return unknownKind
	}
	if charset := strings.ToLower(params["charset"]); charset != "" && charset != "utf-8" && charset != "utf8" {
		return unknownKind
	}
	switch media {
	case "application/json", "text/json":
		return oneJSON
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/jsonlines":
		return jsonLines
	case "application/x-www-form-urlencoded":
		return inForm
	}
	if strings.HasSuffix(media, "+json") {
		return oneJSON
	}
	return unknownKind
}

// item is one JSON value of a delivery: the body, an element of its list, or a line.
type item struct {
	off, raw int            // where it lies in the text, and its length
	fields   map[string]any // nil: it is no object
	why      error          // it has no fields
}

// text is the JSON of a body.
func (s Settings) text(k kind, body []byte) []byte {
	if k != inForm {
		return body
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil
	}
	return []byte(form.Get(s.Form))
}

// itemsOf cuts a text into its items. Damaged ones are items too: they go to quarantine.
func itemsOf(k kind, text []byte) []item {
	if k == jsonLines {
		return linesOf(text)
	}
	trimmed := bytes.TrimLeft(text, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != '[' || !json.Valid(text) {
		return []item{readItem(text, 0, len(text))}
	}
	var out []item
	dec := json.NewDecoder(bytes.NewReader(text))
	if _, err := dec.Token(); err != nil {
		return nil // the text is valid
	}
	for dec.More() {
		var one json.RawMessage
		if dec.Decode(&one) != nil {
			return out
		}
		end := int(dec.InputOffset())
		out = append(out, readItem(text, end-len(one), len(one)))
	}
	return out
}

func linesOf(text []byte) (out []item) {
	for off := 0; off < len(text); {
		n := bytes.IndexByte(text[off:], '\n')
		if n < 0 {
			n = len(text) - off
		}
		if len(bytes.TrimSpace(text[off:off+n])) > 0 {
			out = append(out, readItem(text, off, n))
		}
		off += n + 1
	}
	return out
}

func readItem(text []byte, off, n int) item {
	it := item{off: off, raw: n}
	b := text[off : off+n]
	switch err := httpsource.Decode(b, &it.fields); {
	case !utf8.Valid(b):
		it.fields, it.why = nil, errors.New("not UTF-8")
	case err != nil:
		it.fields, it.why = nil, fmt.Errorf("not a JSON object: %w", err)
	case it.fields == nil:
		it.why = errors.New("null instead of a JSON object")
	}
	return it
}

// rowsOf are the rows in an item: itself, or what stands at a path of it.
func rowsOf(text []byte, it item, path string) []item {
	if it.why != nil || path == "" {
		return []item{it}
	}
	at, found := httpsource.Locate(text[it.off:it.off+it.raw], path)
	if !found {
		it.why = fmt.Errorf("nothing at %s", path)
		return []item{it}
	}
	start := it.off + bytes.Index(text[it.off:it.off+it.raw], at) // equal bytes are as good as these
	list := itemsOf(oneJSON, text[start:start+len(at)])
	for i := range list {
		list[i].off += start
	}
	return list
}
