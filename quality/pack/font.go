package pack

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// The face of printed reports: its licence stands beside it. It has every character of GBK and of the national standard
// list that Noto Sans SC has, rare ones beyond the basic plane too. Only the glyphs that a report uses go into the report.
//
//go:embed font/NotoSansSC-Regular.ttf.zst
var packedFace []byte

// face is a TrueType font and what it can show.
type face struct {
	data   []byte
	glyphs []span // ascending
}

type span struct{ first, last rune }

var theFace = sync.OnceValues(func() (*face, error) {
	d, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	data, err := d.DecodeAll(packedFace, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack the font: %w", err)
	}
	glyphs, err := coverage(data)
	return &face{data, glyphs}, err
})

// shows reports whether the face has a glyph of the character.
func (f *face) shows(r rune) bool {
	lo, hi := 0, len(f.glyphs)
	for lo < hi {
		mid := (lo + hi) / 2
		if f.glyphs[mid].last < r {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo < len(f.glyphs) && f.glyphs[lo].first <= r
}

// visible is the text with every character that the face cannot show written as its code point, 〔U+1F48A〕. Line ends
// stay; other controls become spaces.
func (f *face) visible(s string) string {
	ready := true
	for _, r := range s {
		if r != '\n' && (r < ' ' || !f.shows(r)) {
			ready = false
			break
		}
	}
	if ready {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r >= ' ' && f.shows(r):
			out.WriteRune(r)
		case r < ' ':
			out.WriteByte(' ')
		default:
			fmt.Fprintf(&out, "〔U+%04X〕", r)
		}
	}
	return out.String()
}

// coverage reads the characters of a font from its table of segments, format 12 of cmap.
func coverage(font []byte) ([]span, error) {
	broken := errors.New("the font has no usable character table")
	at := func(i int) int { return int(binary.BigEndian.Uint32(font[i:])) }
	if len(font) < 12 {
		return nil, broken
	}
	for i := range int(binary.BigEndian.Uint16(font[4:])) {
		entry := 12 + 16*i
		if entry+16 > len(font) || string(font[entry:entry+4]) != "cmap" {
			continue
		}
		cmap := at(entry + 8)
		for j := range int(binary.BigEndian.Uint16(font[cmap+2:])) {
			table := cmap + at(cmap+4+8*j+4)
			if binary.BigEndian.Uint16(font[table:]) != 12 {
				continue
			}
			out := make([]span, at(table+12))
			for k := range out {
				group := table + 16 + 12*k
				out[k] = span{rune(at(group)), rune(at(group + 4))}
			}
			return out, nil
		}
	}
	return nil, broken
}
