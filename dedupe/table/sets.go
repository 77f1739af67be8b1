package table

import "slices"

// setsOf are the numbers or the codes that stand in the texts of a column, sorted; nil where there are none.
func setsOf(c *column, k Kind) [][]string {
	out := make([][]string, len(c.forms))
	units := c.findUnits()
	for v, form := range c.forms {
		for _, w := range wordsOf(form, units) {
			if kindOfWord(w) == k {
				out[v] = append(out[v], w)
			}
		}
		slices.Sort(out[v])
		out[v] = slices.Compact(out[v])
	}
	return out
}

// kindOfWord tells numbers (6, 10.2) and codes (letters and digits, four or more) from other words.
func kindOfWord(w string) Kind {
	digits, letters := 0, 0
	for i := range len(w) {
		switch {
		case isDigit(w[i]):
			digits++
		case w[i] >= 'A' && w[i] <= 'Z':
			letters++
		case w[i] != '.':
			return ""
		}
	}
	switch {
	case digits > 0 && letters == 0 && len(w) <= 6:
		return Numbers
	case digits > 0 && len(w) >= 4 && digits+letters >= 4:
		return Codes
	}
	return ""
}

// compareSets compares what both texts say: nothing in common, something, or all that the one with less to say has.
func (c *comparison) compareSets(a, b uint32) int {
	x, y := c.own.sets[a], c.own.sets[b]
	same := 0
	for i, j := 0, 0; i < len(x) && j < len(y); {
		switch {
		case x[i] == y[j]:
			same++
			i++
			j++
		case x[i] < y[j]:
			i++
		default:
			j++
		}
	}
	switch {
	case same == 0:
		return 1
	case same < min(len(x), len(y)):
		return 2
	}
	return 3
}
