package table

import (
	"slices"
	"strings"
)

// composites takes out of columns what other columns say already: a full name beside given and family name keeps only
// its middle names, and nothing at all when there are none. less are the columns whose words are taken out.
func composites(d *data, chosen []*column) (kept []*column, less map[*column][]string) {
	less = map[*column][]string{}
	for _, c := range chosen {
		parts := partsOf(c, chosen, kept)
		if len(parts) < 2 {
			kept = append(kept, c)
			continue
		}
		if rest := c.without(parts); rest.filled() > d.rows/50 {
			kept = append(kept, c)
			for _, p := range parts {
				less[c] = append(less[c], p.name)
			}
		}
	}
	return kept, less
}

// partsOf are the columns whose words stand in those of c in nearly every row. Columns before c that were kept and all
// behind it are looked at.
func partsOf(c *column, chosen, kept []*column) []*column {
	if c.kind == Date || c.kind == Number || c.kind == Category || c.kind == Text {
		return nil
	}
	var out []*column
	behind := false
	for _, o := range chosen {
		if o == c {
			behind = true
			continue
		}
		if !behind && !slices.Contains(kept, o) || o.kind == c.kind && len(o.forms) >= len(c.forms) && behind {
			continue
		}
		if c.holdsWordsOf(o) {
			out = append(out, o)
		}
	}
	return out
}

// holdsWordsOf reports whether in nine of ten rows that have both the words of o are among those of c, and c has more.
func (c *column) holdsWordsOf(o *column) bool {
	const sample = 2000
	both, held, more := 0, 0, 0
	for row, v := range c.of {
		if v == 0 || o.of[row] == 0 {
			continue
		}
		both++
		mine, its := c.forms[v], o.forms[o.of[row]]
		if len(mine) > len(its) {
			more++
		}
		if allWords(mine, its) {
			held++
		}
		if both >= sample {
			break
		}
	}
	return both >= 10 && held*10 >= both*9 && more*2 > both
}

func allWords(text, words string) bool {
	have := " " + text + " "
	for w := range strings.FieldsSeq(words) {
		if !strings.Contains(have, " "+w+" ") {
			return false
		}
	}
	return true
}

// without is the column less the words of the parts, as a name of its own.
func (c *column) without(parts []*column) *column {
	out := &column{name: c.name, kind: Given, forms: []string{""}, of: make([]uint32, len(c.of))}
	number := map[string]uint32{"": 0}
	for row, v := range c.of {
		if v == 0 {
			continue
		}
		rest := " " + c.forms[v] + " "
		for _, p := range parts {
			for w := range strings.FieldsSeq(p.forms[p.of[row]]) {
				rest = strings.Replace(rest, " "+w+" ", " ", 1)
			}
		}
		rest = strings.TrimSpace(rest)
		n, known := number[rest]
		if !known {
			n = uint32(len(out.forms))
			out.forms = append(out.forms, rest)
			number[rest] = n
		}
		out.of[row] = n
	}
	return out
}

func (c *column) filled() (n int) {
	for _, v := range c.of {
		if v != 0 {
			n++
		}
	}
	return n
}
