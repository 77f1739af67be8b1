// Package width measures text in terminal cells.
package width

import "golang.org/x/text/width"

// Of counts the cells of a text: wide and full-width runes take two.
func Of(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// Cut shortens a text to at most n cells, with … where it was cut.
func Cut(s string, n int) string {
	if Of(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		w := Of(string(r))
		if used+w > n-1 {
			return s[:i] + "…"
		}
		used += w
	}
	return s
}
