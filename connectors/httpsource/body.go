package httpsource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
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
	d := decoder{text: body, at: offset, depth: 1}
	if d.next() != '[' {
		return nil, errors.New("rows are not a list")
	}
	var out []Element
	for first := true; ; first = false {
		more, err := d.more(']', first)
		if !more || err != nil {
			return out, err
		}
		d.next()
		start := d.at
		row, err := d.value()
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", len(out)+1, err)
		}
		fields, ok := row.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("row %d is not an object", len(out)+1)
		}
		out = append(out, Element{Fields: fields, Off: start, Len: d.at - start})
	}
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
	value := json.RawMessage(body)
	if path == "" {
		return value, true
	}
	for _, name := range strings.Split(path, ".") {
		var found bool
		if value, found = field(value, name); !found {
			return nil, false
		}
	}
	return value, true
}

func field(object []byte, name string) (value []byte, found bool) {
	d := decoder{text: object}
	if d.next() != '{' {
		return nil, false
	}
	for first := true; ; first = false {
		more, err := d.more('}', first)
		if err != nil {
			return nil, false
		}
		if !more {
			return value, found
		}
		have, err := d.name()
		if err != nil {
			return nil, false
		}
		d.next()
		start := d.at
		if d.skip() != nil {
			return nil, false
		}
		if have == name {
			value, found = bytes.TrimSpace(object[start:d.at]), true
		}
	}
}
