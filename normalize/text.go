package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Text is the matching form of free text: compatibility forms folded (NFKC), punctuation variants unified, traditional
// characters simplified one by one, Latin upper-cased, invisible characters dropped, runs of spaces collapsed and
// spaces beside Han characters removed. A placeholder (无, 不详, NULL, -, 0000, 测试) becomes "".
//
// Text is total and idempotent. It is for comparing, never for showing: keep the raw value beside it.
func Text(s string) string {
	t := Fold(s)
	if placeholder(t) {
		return ""
	}
	return t
}

// Fold is Text without the removal of placeholders.
func Fold(s string) string {
	if folded(s) {
		return s
	}
	t, plain := foldPass(s)
	if plain {
		return t
	}
	// NFKC and the case map can each open work for the other on rare scripts, so this runs to a fixed point.
	for range 8 {
		next, _ := foldPass(norm.NFKC.String(t))
		if next == t {
			break
		}
		t = next
	}
	return t
}

// folded reports whether s is already in matching form by a look at single bytes and basic Han alone. It may say no to
// folded text; it never says yes to text that Fold would change.
func folded(s string) bool {
	space := true // a leading space is not folded
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f || 'a' <= c && c <= 'z' {
				return false
			}
			if c == ' ' && (space || s[i-1] >= utf8.RuneSelf || s[i-1] == '(' || s[i-1] == ')') {
				return false
			}
			if space && i > 0 && (c == '(' || c == ')') {
				return false
			}
			space = c == ' '
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r < hanFirst || r > hanLast || simplifiedTable()[r-hanFirst] != 0 || space && i > 0 {
			return false
		}
		space = false
		i += n
	}
	return !space || s == ""
}

// foldPass maps every rune once and settles the spaces. plain is false when a rune needs NFKC or the Unicode case map.
func foldPass(s string) (out string, plain bool) {
	b := make([]byte, 0, len(s))
	plain = true
	pending := false // a space is owed before the next rune
	prev := rune(0)
	for _, r := range s {
		r, ok := foldRune(r)
		plain = plain && ok
		switch {
		case r < 0:
			continue
		case r == ' ':
			pending = len(b) > 0
			continue
		}
		if pending && !dropsSpace(prev) && !dropsSpace(r) {
			b = append(b, ' ')
		}
		pending = false
		b = utf8.AppendRune(b, r)
		prev = r
	}
	return string(b), plain
}

// foldRune maps one rune; -1 drops it. ok is false when the rune is outside the closed set that needs no NFKC.
func foldRune(r rune) (mapped rune, ok bool) {
	switch {
	case r < 0x80:
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A', true
		case r <= ' ' && (r == '\t' || r == '\n' || r == '\r' || r == ' ' || r == '\v' || r == '\f'):
			return ' ', true
		case r < ' ' || r == 0x7f:
			return -1, true
		}
		return r, true
	case r >= hanFirst && r <= hanLast:
		if t := simplifiedTable()[r-hanFirst]; t != 0 {
			return rune(t), true
		}
		return r, true
	case r >= 0xFF01 && r <= 0xFF5E:
		return foldRune(r - 0xFEE0)
	}
	if m, found := punctuation(r); found {
		return m, true
	}
	if unicode.IsSpace(r) || unicode.Is(unicode.Zs, r) {
		return ' ', true
	}
	if unicode.In(r, unicode.Cc, unicode.Cf) || r >= 0xFE00 && r <= 0xFE0F { // controls, joiners, variation selectors
		return -1, true
	}
	return unicode.ToUpper(r), false
}

// punctuation unifies the marks that people and systems use for one another and that NFKC leaves alone.
func punctuation(r rune) (rune, bool) {
	switch r {
	case '·', '•', '‧', '∙', '⋅', '・', '･':
		return '·', true
	case '—', '–', '‐', '‑', '‒', '―', '−', '﹣', '─', '━':
		return '-', true
	case '〓', '⁄', '∕':
		return '/', true
	case '、', '､':
		return '、', true
	case '。', '｡':
		return '。', true
	case '〔', '【', '〖', '〘', '⦅', '﹙':
		return '(', true
	case '〕', '】', '〗', '〙', '⦆', '﹚':
		return ')', true
	case '‘', '’', '‛', '′', '´', '`':
		return '\'', true
	case '“', '”', '„', '″':
		return '"', true
	case '〇':
		return '零', true
	case utf8.RuneError:
		return utf8.RuneError, true
	}
	return 0, false
}

// dropsSpace reports whether a space beside r carries nothing: Han text is written without spaces, and brackets set
// themselves apart.
func dropsSpace(r rune) bool {
	return unicode.Is(unicode.Han, r) || strings.ContainsRune("()、。·", r)
}

// RareGlyph reports whether r is a private-use character: a glyph of a rare name that one system's font knows. Compare
// it as a wildcard.
func RareGlyph(r rune) bool { return unicode.Is(unicode.Co, r) }

// HasRareGlyph reports whether s holds a private-use character or one that could not be decoded; such a value deserves
// a look by a person.
func HasRareGlyph(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return RareGlyph(r) || r == utf8.RuneError })
}

// Variants replaces variant characters by their usual form (峯 → 峰, 昇 → 升). Personal names keep their characters;
// this is the form of the extra, looser level of comparison. s is in matching form.
func Variants(s string) string {
	m := variantTable()
	if !strings.ContainsFunc(s, func(r rune) bool { return m[r] != 0 }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if v := m[r]; v != 0 {
			return v
		}
		return r
	}, s)
}
