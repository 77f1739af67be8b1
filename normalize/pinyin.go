package normalize

import (
	"strings"
	"sync"
	"unicode"

	"github.com/mozillazg/go-pinyin"
)

// Pinyin is the toneless reading of text in lower case, Latin letters and digits kept, everything else dropped. A key,
// as with PinyinKey.
func Pinyin(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			b.WriteByte(byte(r) - 'A' + 'a')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteByte(byte(r))
		case r >= hanFirst && r <= hanLast:
			b.WriteString(readings()[r-hanFirst])
		}
	}
	return b.String()
}

// PinyinInitials is the first letter of each character's reading: 青河县中医院 → qhxzyy.
func PinyinInitials(s string) string {
	var b strings.Builder
	for _, r := range s {
		if read := Pinyin(string(r)); read != "" {
			b.WriteByte(read[0])
		}
	}
	return b.String()
}

// readings holds the first reading of every basic Han character, without tones, ü as v.
var readings = sync.OnceValue(func() *[hanLast - hanFirst + 1]string {
	var t [hanLast - hanFirst + 1]string
	seen := map[string]string{} // there are some 400 different readings: share them
	for i := range t {
		read, _, _ := strings.Cut(pinyin.PinyinDict[hanFirst+i], ",")
		read = toneless(read)
		if _, ok := seen[read]; !ok {
			seen[read] = read
		}
		t[i] = seen[read]
	}
	return &t
})

func toneless(reading string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'ā', 'á', 'ǎ', 'à':
			return 'a'
		case 'ē', 'é', 'ě', 'è', 'ê', 'ế', 'ề':
			return 'e'
		case 'ī', 'í', 'ǐ', 'ì':
			return 'i'
		case 'ō', 'ó', 'ǒ', 'ò':
			return 'o'
		case 'ū', 'ú', 'ǔ', 'ù':
			return 'u'
		case 'ü', 'ǖ', 'ǘ', 'ǚ', 'ǜ':
			return 'v'
		case 'ń', 'ň', 'ǹ':
			return 'n'
		case 'ḿ':
			return 'm'
		}
		if r > unicode.MaxASCII {
			return -1
		}
		return r
	}, reading)
}
