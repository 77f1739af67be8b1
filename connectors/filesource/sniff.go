package filesource

import (
	"bytes"
	"path"
	"strings"
)

var (
	zipMagic = []byte("PK\x03\x04")
	oleMagic = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
	utf8BOM  = []byte("\xef\xbb\xbf")
)

// foreignMagic names files that people send with a table's name.
var foreignMagic = []struct{ magic, kind string }{
	{"%PDF", "PDF"}, {"\x89PNG", "PNG"}, {"\xff\xd8\xff", "JPEG"}, {"GIF8", "GIF"}, {"Rar!", "RAR"},
	{"7z\xbc\xaf\x27\x1c", "7z"}, {"\x1f\x8b", "gzip"}, {"\x7fELF", "ELF"}, {"SQLite format 3\x00", "SQLite"},
	{"{\\rtf", "RTF"},
}

// foreignKind names what the file is when it is surely not a table, else "".
func foreignKind(prefix []byte) string {
	for _, f := range foreignMagic {
		if bytes.HasPrefix(prefix, []byte(f.magic)) {
			return f.kind
		}
	}
	text := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(prefix[:min(len(prefix), 512)], utf8BOM)))
	switch {
	case bytes.HasPrefix(text, []byte("<!doctype html")), bytes.HasPrefix(text, []byte("<html")), bytes.HasPrefix(text, []byte("<table")), bytes.HasPrefix(text, []byte("<meta")):
		return "HTML"
	case bytes.HasPrefix(text, []byte("<?xml")):
		return "XML"
	}
	return ""
}

// looksBinary reports whether the bytes, in an encoding with one byte for ASCII, are no text: many control characters.
// A few are let through; the rows that hold them are dealt with one by one.
func looksBinary(prefix []byte) bool {
	control := 0
	for _, c := range prefix {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1a {
			control++
		}
	}
	return control*20 > len(prefix)
}

// looksLikeJSON reports whether the text begins with a JSON object or array.
func looksLikeJSON(prefix []byte, name string) (object, array bool) {
	text := bytes.TrimSpace(bytes.TrimPrefix(prefix, utf8BOM))
	object = bytes.HasPrefix(text, []byte("{"))
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".jsonl", ".ndjson":
		return object, bytes.HasPrefix(text, []byte("["))
	}
	return object && bytes.HasPrefix(bytes.TrimSpace(text[1:]), []byte(`"`)) && bytes.IndexByte(text, ':') > 0, false
}
