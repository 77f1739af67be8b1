package httpsource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// Decode reads one JSON value whole; numbers stay json.Number, anything after the value is an error.
func Decode(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("empty answer")
		}
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the JSON value")
	}
	return nil
}

// Unquote unwraps a body that is JSON text inside a JSON string, up to twice.
func Unquote(body []byte) []byte {
	for range 2 {
		trimmed := bytes.TrimSpace(body)
		if len(trimmed) == 0 || trimmed[0] != '"' {
			return body
		}
		var inner string
		if Decode(trimmed, &inner) != nil {
			return body
		}
		body = []byte(inner)
	}
	return body
}

// ExpectJSON is the error of a body that is not JSON: markup of a proxy or a login page, nothing at all, or JSON cut short.
// All are passing trouble; they are never read as rows.
func ExpectJSON(body []byte) *Error {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) == 0 {
		return &Error{Class: Retry, Kind: NotJSON, Message: "an empty answer"}
	}
	if trimmed[0] == '<' {
		return &Error{Class: Retry, Kind: NotJSON, Message: "an HTML page"}
	}
	if !json.Valid(trimmed) {
		return &Error{Class: Retry, Kind: NotJSON, Message: "JSON that is cut short or damaged"}
	}
	return nil
}

// UnknownShape is the error of an answer that does not look as documented.
func UnknownShape(format string, args ...any) *Error {
	return &Error{Class: Permanent, Kind: Shape, Message: fmt.Sprintf(format, args...)}
}

// Element is one row of a JSON array with its place in the bytes it was read from.
type Element struct {
	Fields   map[string]any
	Off, Len int
}

// Elements reads a JSON array of objects that begins at offset of body; every object must be one.
func Elements(body []byte, offset int) ([]Element, error) {
	var list json.RawMessage // the array alone, known to be whole
	if err := json.NewDecoder(bytes.NewReader(body[offset:])).Decode(&list); err != nil {
		return nil, err
	}
	if list[0] != '[' {
		return nil, errors.New("rows are not a list")
	}
	offset = len(body) - len(bytes.TrimLeft(body[offset:], " \t\r\n"))
	var out []Element
	var err error
	width := 0
	gjson.ParseBytes(list).ForEach(func(_, row gjson.Result) bool {
		if !row.IsObject() {
			err = fmt.Errorf("row %d is not an object", len(out)+1)
			return false
		}
		var fields map[string]any
		fields, err = fieldsOf(row, width)
		width = len(fields)
		out = append(out, Element{Fields: fields, Off: offset + row.Index, Len: len(row.Raw)})
		return err == nil
	})
	return out, err
}

// fieldsOf reads an object as Decode does, which is slower. It leaves to it what gjson takes as it stands: bytes that are no
// text, and halves of characters.
func fieldsOf(object gjson.Result, width int) (fields map[string]any, err error) {
	if !utf8.ValidString(object.Raw) || strings.Contains(object.Raw, `\ud`) || strings.Contains(object.Raw, `\uD`) {
		err = Decode([]byte(object.Raw), &fields)
		return fields, err
	}
	return valueOf(object, width).(map[string]any), nil
}

// valueOf is what Decode makes of a value that is whole; an object has about so many fields.
func valueOf(r gjson.Result, width int) any {
	switch r.Type {
	case gjson.Null:
		return nil
	case gjson.Number:
		return json.Number(r.Raw)
	case gjson.JSON:
		if r.IsArray() {
			list := []any{}
			r.ForEach(func(_, item gjson.Result) bool {
				list = append(list, valueOf(item, 0))
				return true
			})
			return list
		}
		fields := make(map[string]any, width)
		r.ForEach(func(name, value gjson.Result) bool {
			fields[name.Str] = valueOf(value, 0)
			return true
		})
		return fields
	}
	return r.Value() // a text or a truth
}

// Below cuts an absolute link on the host of the base address to path and query below that address, so that a position
// which holds it survives a change of host name. Other links stay as they are: those beside that address, and those of other
// hosts, which the client refuses.
func Below(baseURL, link string) string {
	base, err := url.Parse(baseURL)
	u, lerr := url.Parse(link)
	if err != nil || lerr != nil || link == "" || u.IsAbs() && u.Host != base.Host {
		return link
	}
	root := strings.TrimRight(base.Path, "/")
	if u.IsAbs() && u.Path != root && !strings.HasPrefix(u.Path, root+"/") {
		return link
	}
	path := strings.TrimPrefix(u.Path, root)
	if u.RawQuery == "" {
		return path
	}
	return path + "?" + u.RawQuery
}

// Locate finds the value at a dotted path of a JSON text that ExpectJSON passed; "" is the whole of it. Of fields with one
// name the last counts.
func Locate(body []byte, path string) (json.RawMessage, bool) {
	if path == "" {
		return body, true
	}
	value := gjson.ParseBytes(body)
	for _, step := range strings.Split(path, ".") {
		var found gjson.Result
		if value.IsObject() {
			value.ForEach(func(name, value gjson.Result) bool {
				if name.Str == step {
					found = value
				}
				return true
			})
		}
		if !found.Exists() {
			return nil, false
		}
		value = found
	}
	return json.RawMessage(value.Raw), true
}
