// Package width measures text in terminal cells.
package width

import (
	"unicode"

	"golang.org/x/text/width"
)

// Of counts the cells of a text: wide and full-width runes take two, combining marks and invisible ones none.
func Of(s string) int {
	n := 0
	for _, r := range s {
		n += cells(r)
	}
	return n
}

func cells(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Cut shortens a text to at most n cells, with … where it was cut.
func Cut(s string, n int) string {
	if Of(s) <= n {
		return s
	}
	if n < 1 {
		return ""
	}
	used := 0
	for i, r := range s {
		w := cells(r)
		if used+w > n-1 {
			return s[:i] + "…"
		}
		used += w
	}
	return s
}
