package filesource

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// charset turns the bytes of a row into text.
type charset struct {
	name string
	unit int  // bytes of one code unit: 1, or 2 for UTF-16
	big  bool // UTF-16: high byte first
	enc  encoding.Encoding
	open bool // only ASCII was seen so far: the first other row decides between UTF-8 and GB18030

	dec     *encoding.Decoder
	scratch []byte
}

func charsetByName(name string) (charset, bool) {
	switch strings.ToLower(strings.ReplaceAll(name, "_", "-")) {
	case "utf-8", "utf8":
		return charset{name: "utf-8", unit: 1}, true
	case "gb18030", "gbk", "gb2312", "cp936":
		return charset{name: "gb18030", unit: 1, enc: simplifiedchinese.GB18030}, true
	case "big5":
		return charset{name: "big5", unit: 1, enc: traditionalchinese.Big5}, true
	case "utf-16le", "utf-16":
		return charset{name: "utf-16le", unit: 2, enc: unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, true
	case "utf-16be":
		return charset{name: "utf-16be", unit: 2, big: true, enc: unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, true
	}
	return charset{}, false
}

// sniffCharset finds the encoding from the first bytes of a file. whole says that these are all of them. bom is the
// length of a byte order mark to skip.
func sniffCharset(prefix []byte, whole bool) (c charset, bom int, ok bool) {
	named := func(name string, bom int) (charset, int, bool) {
		c, ok := charsetByName(name)
		return c, bom, ok
	}
	switch {
	case bytes.HasPrefix(prefix, utf8BOM):
		return named("utf-8", 3)
	case bytes.HasPrefix(prefix, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(prefix, []byte("\x00\x00\xfe\xff")):
		return charset{}, 0, false // UTF-32
	case bytes.HasPrefix(prefix, []byte("\xff\xfe")):
		return named("utf-16le", 2)
	case bytes.HasPrefix(prefix, []byte("\xfe\xff")):
		return named("utf-16be", 2)
	}
	if name := unmarkedUTF16(prefix); name != "" {
		return named(name, 0)
	}
	if isASCII(prefix) {
		c, _, ok = named("utf-8", 0)
		c.open = !whole
		return c, 0, ok
	}
	if validButCut(prefix, whole) {
		return named("utf-8", 0)
	}
	if mostlyUTF8(prefix) { // with some broken rows
		return named("utf-8", 0)
	}
	gb, foreign := simplifiedShare(prefix)
	if foreign*50 > gb && strings.EqualFold(chardet.Detect(prefix).Encoding, "big5") {
		return named("big5", 0)
	}
	if gb > foreign {
		return named("gb18030", 0)
	}
	return charset{}, 0, false
}

// unmarkedUTF16 knows UTF-16 by its zero bytes: delimiters, digits and line ends have one in every pair.
func unmarkedUTF16(b []byte) string {
	var even, odd int
	for i, c := range b {
		if c == 0 {
			if i%2 == 0 {
				even++
			} else {
				odd++
			}
		}
	}
	switch n := len(b) / 2; {
	case n >= 2 && odd*5 > n && even*20 <= odd:
		return "utf-16le"
	case n >= 2 && even*5 > n && odd*20 <= even:
		return "utf-16be"
	}
	return ""
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// validButCut is utf8.Valid for a piece whose last character may be cut.
func validButCut(b []byte, whole bool) bool {
	if !whole {
		for i := 1; i <= 3 && i <= len(b); i++ {
			if c := b[len(b)-i]; utf8.RuneStart(c) {
				if !utf8.FullRune(b[len(b)-i:]) {
					b = b[:len(b)-i]
				}
				break
			}
		}
	}
	return utf8.Valid(b)
}

// simplifiedShare counts the double-byte characters that the everyday part of GBK holds, and the bytes and pairs that
// it does not. UTF-8 or Big5 read as GBK falls into the second group far more often.
func simplifiedShare(b []byte) (common, odd int) {
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			i++
			continue
		}
		if i+1 >= len(b) {
			break
		}
		d := b[i+1]
		switch {
		case c >= 0xB0 && c <= 0xD7 && d >= 0xA1, // first-level characters
			c >= 0xA1 && c <= 0xA3 && d >= 0xA1: // punctuation, full-width letters and digits
			common++
			i += 2
		case c >= 0x81 && c <= 0xFE && d >= 0x40 && d != 0x7F && d != 0xFF: // rarer ones
			if c < 0xD8 || c > 0xF7 || d < 0xA1 {
				odd++
			} else {
				common++
			}
			i += 2
		case c >= 0x81 && c <= 0xFE && d >= '0' && d <= '9': // four bytes
			odd++
			i += 4
		default:
			odd += 2
			i++
		}
	}
	return common, odd
}

// mostlyUTF8 reports whether at least nine in ten of the characters beyond ASCII are whole UTF-8.
func mostlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good > 0 && bad*9 <= good
}

// text decodes the bytes of one row; false: they are not text in this encoding.
func (c *charset) text(raw []byte) (string, bool) {
	if c.unit == 1 && isASCII(raw) {
		return string(raw), true
	}
	if c.enc == nil {
		if utf8.Valid(raw) {
			c.open = false
			return string(raw), true
		}
		if !c.open {
			return "", false
		}
		*c, _ = charsetByName("gb18030")
	}
	if c.dec == nil {
		c.dec = c.enc.NewDecoder()
	}
	if need := 3*len(raw) + utf8.UTFMax; cap(c.scratch) < need {
		c.scratch = make([]byte, need)
	}
	c.dec.Reset()
	n, read, err := c.dec.Transform(c.scratch[:cap(c.scratch)], raw, true)
	if err != nil || read != len(raw) || bytes.Contains(c.scratch[:n], replacement) {
		return "", false
	}
	return string(c.scratch[:n]), true
}

var replacement = []byte(string(utf8.RuneError))
