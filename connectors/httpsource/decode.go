package httpsource

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// decoder reads JSON values one after the other as encoding/json reads them into an any with UseNumber, and tells where
// they stand. Pages of rows are nearly all that a pull has to decode: the general decoder goes over them three times and
// through reflection.
type decoder struct {
	text  []byte
	at    int
	depth int
	width int               // fields of the last object: the next one mostly has as many
	names map[string]string // of fields met: rows share them
}

// maxDepth is the nesting that encoding/json takes.
const maxDepth = 10_000

var errJSON = errors.New("damaged JSON")

// next skips white space and returns the byte there; 0 at the end.
func (d *decoder) next() byte {
	for ; d.at < len(d.text); d.at++ {
		if c := d.text[d.at]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

func (d *decoder) value() (any, error) {
	switch c := d.next(); c {
	case 0:
		return nil, io.ErrUnexpectedEOF
	case '{', '[':
		if d.depth++; d.depth > maxDepth {
			return nil, errors.New("JSON nested too deep")
		}
		defer func() { d.depth-- }()
		if c == '{' {
			return d.object()
		}
		return d.list()
	case '"':
		return d.string()
	case 't':
		return true, d.literal("true")
	case 'f':
		return false, d.literal("false")
	case 'n':
		return nil, d.literal("null")
	}
	return d.number()
}

func (d *decoder) literal(word string) error {
	if !bytes.HasPrefix(d.text[d.at:], []byte(word)) {
		return errJSON
	}
	d.at += len(word)
	return nil
}

// more steps over the opening bracket or a comma, and reports whether another item comes before the closing bracket, which
// it steps over too.
func (d *decoder) more(closing byte, first bool) (bool, error) {
	if first {
		d.at++
	}
	switch c := d.next(); {
	case c == closing:
		d.at++
		return false, nil
	case first:
		return true, nil
	case c == ',':
		d.at++
		return true, nil
	case c == 0:
		return false, io.ErrUnexpectedEOF
	}
	return false, errJSON
}

func (d *decoder) object() (map[string]any, error) {
	out := make(map[string]any, d.width)
	for first := true; ; first = false {
		more, err := d.more('}', first)
		if !more || err != nil {
			d.width = len(out)
			return out, err
		}
		name, err := d.name()
		if err != nil {
			return nil, err
		}
		if out[name], err = d.value(); err != nil {
			return nil, err
		}
	}
}

// name reads the name of a field and the colon behind it.
func (d *decoder) name() (string, error) {
	if d.next() != '"' {
		return "", errJSON
	}
	raw, plain, err := d.quoted()
	if err != nil {
		return "", err
	}
	if d.next() != ':' {
		return "", errJSON
	}
	d.at++
	if name, known := d.names[string(raw)]; known {
		return name, nil
	}
	name, err := unquoted(raw, plain)
	if d.names == nil {
		d.names = map[string]string{}
	}
	d.names[string(raw)] = name
	return name, err
}

func (d *decoder) list() ([]any, error) {
	out := []any{}
	for first := true; ; first = false {
		more, err := d.more(']', first)
		if !more || err != nil {
			return out, err
		}
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
}

func (d *decoder) string() (string, error) {
	raw, plain, err := d.quoted()
	if err != nil {
		return "", err
	}
	return unquoted(raw, plain)
}

// quoted steps over a string and returns it with its quotes; plain tells that it stands for itself.
func (d *decoder) quoted() (raw []byte, plain bool, err error) {
	plain, ascii := true, true
	for i := d.at + 1; i < len(d.text); i++ {
		switch c := d.text[i]; {
		case c == '"':
			raw = d.text[d.at : i+1]
			d.at = i + 1
			return raw, plain && (ascii || utf8.Valid(raw)), nil
		case c == '\\':
			plain = false
			i++
		case c < ' ':
			return nil, false, errJSON
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, false, io.ErrUnexpectedEOF
}

func unquoted(raw []byte, plain bool) (text string, err error) {
	if plain {
		return string(raw[1 : len(raw)-1]), nil
	}
	return text, json.Unmarshal(raw, &text)
}

func (d *decoder) number() (json.Number, error) {
	start := d.at
	digits := func() bool {
		from := d.at
		for d.at < len(d.text) && d.text[d.at]-'0' <= 9 {
			d.at++
		}
		return d.at > from
	}
	is := func(set string) bool {
		if d.at < len(d.text) && bytes.IndexByte([]byte(set), d.text[d.at]) >= 0 {
			d.at++
			return true
		}
		return false
	}
	is("-")
	if !is("0") && !digits() {
		return "", errJSON
	}
	if is(".") && !digits() {
		return "", errJSON
	}
	if is("eE") {
		is("+-")
		if !digits() {
			return "", errJSON
		}
	}
	return json.Number(d.text[start:d.at]), nil
}

// skip steps over a value of JSON that is known to be whole.
func (d *decoder) skip() error {
	for depth := 0; d.at < len(d.text); d.at++ {
		switch d.text[d.at] {
		case '"':
			if _, _, err := d.quoted(); err != nil {
				return err
			}
			d.at--
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return nil
			}
		case ',':
			if depth == 0 {
				return nil
			}
		}
	}
	return io.ErrUnexpectedEOF
}
