package table

import (
	"context"
	"strconv"
	"strings"

	"tributary/dedupe/internal/work"
	"tributary/normalize"
)

// atom is one form of the values of a column that equal spellings and most damaged ones share.
type atom struct {
	column int
	form   string  // is, sound, head, year, monthday, half
	keep   float64 // expected share of matches whose values agree in this form
	of     []uint64
}

// rule is a blocking pass: pairs of rows that agree on all its atoms are compared.
type rule struct{ atoms []*atom }

// name is how reports and model files write the rule: column:form & column:form.
func (r *rule) name(all comparisons) string {
	parts := make([]string, len(r.atoms))
	for i, a := range r.atoms {
		parts[i] = all[a.column].field.String() + ":" + a.form
	}
	return strings.Join(parts, " & ")
}

// atomsOf makes the atoms of the columns, value by value.
func atomsOf(ctx context.Context, d *data, all comparisons) ([]*atom, error) {
	var atoms []*atom
	add := func(i int, form string, keep float64) {
		atoms = append(atoms, &atom{column: i, form: form, keep: keep})
	}
	for i, c := range all {
		switch c.kind {
		case Given, Family:
			add(i, "is", .78)
			add(i, "sound", .85)
			add(i, "head", .87)
		case FullName, People, Text, Organisation:
			add(i, "is", .5)
			add(i, "first", .75)
			add(i, "last", .75)
		case Street, Locality:
			add(i, "is", .75)
			add(i, "head", .83)
		case Phone, Code, Email:
			add(i, "is", .85)
			add(i, "head", .88)
			add(i, "tail", .88)
		case House, Postcode:
			add(i, "is", .82)
		case Date:
			add(i, "is", .8)
			add(i, "year", .87)
			add(i, "monthday", .85)
		case Year, Region, Category:
			add(i, "is", .88)
		}
	}
	err := work.For(ctx, len(atoms), 1, func() func(int) {
		return func(n int) { atoms[n].fill(all[atoms[n].column]) }
	})
	for _, a := range atoms {
		filled := 0
		for _, v := range all[a.column].col.of {
			if a.of[v] != 0 {
				filled++
			}
		}
		share := float64(filled) / float64(max(d.rows, 1))
		a.keep *= share * share
	}
	return atoms, err
}

func (a *atom) fill(c *comparison) {
	a.of = make([]uint64, len(c.col.forms))
	group := uint64(a.column)
	if c.kind == Given || c.kind == Family {
		group = 1 << 20 // given and family names meet: they may have changed places
	}
	for v := 1; v < len(a.of); v++ {
		if text := a.text(c, v); text != "" {
			a.of[v] = hashText(group<<8^uint64(len(a.form)), text)
		}
	}
}

func (a *atom) text(c *comparison, v int) string {
	form := c.col.forms[v]
	switch a.form {
	case "is":
		if c.kind == Phone {
			return c.own.texts[v].String()
		}
		return form
	case "sound":
		return sound(form)
	case "head":
		return head(form, headSize(c.kind))
	case "tail":
		r := []rune(form)
		if n := headSize(c.kind); len(r) > n {
			return string(r[len(r)-n:])
		}
		return form
	case "first", "last":
		words := strings.Fields(form)
		if len(words) == 0 {
			return ""
		}
		if a.form == "first" {
			return words[0]
		}
		return words[len(words)-1]
	case "year":
		if d := c.own.days[v]; d.year > 0 {
			return strconv.Itoa(d.year)
		}
	case "monthday":
		if d := c.own.days[v]; d.month > 0 && d.day > 0 {
			if d.month > d.day && d.month <= 12 && d.day <= 12 {
				return strconv.Itoa(d.day*100 + d.month) // day and month may have changed places
			}
			return strconv.Itoa(d.month*100 + d.day)
		}
	}
	return ""
}

func headSize(k Kind) int {
	switch k {
	case Given, Family:
		return 3
	case Street, Locality:
		return 5
	}
	return 4
}

func head(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// sound is how a name sounds, roughly: pinyin without tones for Han characters; else the first letter and the
// consonants by group (the classes of Russell's Soundex), without a limit of length.
func sound(form string) string {
	if form == "" {
		return ""
	}
	if form[0] >= 0x80 {
		if p := normalize.Pinyin(form); p != "" {
			return p
		}
		return form
	}
	const classes = "\x00123\x0012\x00\x0022455\x0012623\x001\x002\x002"
	out := []byte{form[0]}
	last := byte(0)
	if f := form[0]; f >= 'A' && f <= 'Z' {
		last = classes[f-'A']
	}
	for i := 1; i < len(form); i++ {
		r := form[i]
		if r < 'A' || r > 'Z' {
			continue
		}
		k := classes[r-'A']
		if k != 0 && k != last {
			out = append(out, k)
		}
		if r != 'H' && r != 'W' {
			last = k
		}
	}
	return string(out[:min(len(out), 5)])
}

// key is the blocking key of a row under a rule, 0 when a part is missing. It does not depend on the order of parts.
func (r *rule) key(all comparisons, row int32) uint64 {
	sum := uint64(0)
	for _, a := range r.atoms {
		h := a.of[all[a.column].col.of[row]]
		if h == 0 {
			return 0
		}
		sum += mix(h)
	}
	return max(mix(sum), 1)
}
