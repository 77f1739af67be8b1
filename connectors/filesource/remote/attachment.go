package remote

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-imap"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

// attachmentName is the file name of a part, "" when it has none. Mail programs write it in four ways; encoded words in
// GBK are among them.
func attachmentName(b *imap.BodyStructure) string {
	switch kind := strings.ToLower(b.MIMEType); { // what mail programs add by themselves
	case kind == "image", kind == "message", kind == "text" && strings.EqualFold(b.MIMESubType, "calendar"), strings.HasSuffix(strings.ToLower(b.MIMESubType), "-signature"):
		return ""
	}
	name := parameter(b.DispositionParams, "filename")
	if name == "" {
		name = parameter(b.Params, "name")
	}
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return -1
		}
		return r
	}, name)
	if name == "." || name == "/" || name == ".." {
		return ""
	}
	return name
}

// parameter reads a parameter whole, as RFC 2231 pieces (name*0*, name*1), or as encoded words.
func parameter(params map[string]string, name string) string {
	if v := params[name]; v != "" {
		return words(v)
	}
	text, charset, extended := "", "", false
	if v := params[name+"*"]; v != "" {
		charset, text, extended = extendedValue(v)
	}
	for i := 0; text == "" || i > 0; i++ {
		plain, isPlain := params[name+"*"+string(rune('0'+i))]
		coded, isCoded := params[name+"*"+string(rune('0'+i))+"*"]
		if i > 9 || !isPlain && !isCoded {
			break
		}
		switch {
		case isCoded && i == 0:
			charset, coded, _ = extendedValue(coded)
			text, extended = text+coded, true
		case isCoded:
			text, extended = text+coded, true
		default:
			text += url.PathEscape(plain)
		}
	}
	if text == "" {
		return ""
	}
	raw, err := url.PathUnescape(text)
	if err != nil {
		return text
	}
	if extended {
		return inCharset(raw, charset)
	}
	return words(raw)
}

func extendedValue(v string) (charset, text string, ok bool) {
	parts := strings.SplitN(v, "'", 3)
	if len(parts) != 3 {
		return "", v, true
	}
	return parts[0], parts[2], true
}

func words(v string) string {
	d := mime.WordDecoder{CharsetReader: func(charset string, in io.Reader) (io.Reader, error) {
		e, err := charsetOf(charset)
		if err != nil {
			return nil, err
		}
		return e.NewDecoder().Reader(in), nil
	}}
	if out, err := d.DecodeHeader(v); err == nil {
		return readable(out)
	}
	return readable(v)
}

func inCharset(v, charset string) string {
	if e, err := charsetOf(charset); err == nil && charset != "" {
		if out, err := e.NewDecoder().String(v); err == nil {
			return out
		}
	}
	return readable(v)
}

func charsetOf(name string) (encoding.Encoding, error) { return htmlindex.Get(name) }

// decoded undoes the transfer encoding of a part.
func decoded(r io.Reader, encoding string) io.Reader {
	switch strings.ToLower(encoding) {
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		return quotedprintable.NewReader(r)
	}
	return r
}
