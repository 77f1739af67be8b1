package table

import (
	"fmt"
	"slices"
	"strings"

	"tributary/dedupe/train"
)

// Field is what one comparison looks at: a column, the words of several together, or a column less the words of others.
type Field struct {
	Columns []string `yaml:"columns"`
	Less    []string `yaml:"less,omitempty"`
	Kind    Kind     `yaml:"kind"`
}

// String names the field: its columns and, for what stands in a text, its kind.
func (f Field) String() string {
	name := strings.Join(f.Columns, "+")
	if f.Kind == Numbers || f.Kind == Codes {
		return name + "." + string(f.Kind)
	}
	return name
}

// fieldsOf divides the chosen columns into fields. What is written twice must not count twice: a full name beside given
// and family name keeps its middle names only, and texts that repeat each other's words are one text. Numbers and codes
// in texts are evidence of their own.
func fieldsOf(d *data, chosen []*column) []Field {
	chosen, less := composites(d, chosen)
	var out []Field
	done := map[*column]bool{}
	for _, c := range chosen {
		if done[c] {
			continue
		}
		f := Field{Columns: []string{c.name}, Less: less[c], Kind: c.kind}
		if len(f.Less) > 0 {
			f.Kind = Given
		}
		if c.kind == Text {
			for _, o := range chosen {
				if o != c && !done[o] && repeats(c, o) {
					f.Columns = append(f.Columns, o.name)
					done[o] = true
				}
			}
		}
		done[c] = true
		out = append(out, f)
		if c.kind == Text {
			col, err := d.column(f)
			if err != nil {
				continue // the columns are those of d
			}
			for _, k := range []Kind{Numbers, Codes} {
				if common(col, k) {
					out = append(out, Field{Columns: f.Columns, Kind: k})
				}
			}
		}
	}
	return out[:min(len(out), train.MaxComparisons)]
}

// repeats reports whether a column of words repeats those of a text: four in ten of its words, by row, stand there too.
func repeats(c, o *column) bool {
	switch o.kind {
	case Text, FullName, Locality, Category, Organisation:
	default:
		return false
	}
	const sample = 2000
	both, share := 0, 0.0
	for row, v := range c.of {
		if v == 0 || o.of[row] == 0 {
			continue
		}
		mine, its := wordsOf(c.forms[v], nil), wordsOf(o.forms[o.of[row]], nil)
		if len(its) == 0 || len(mine) == 0 {
			continue
		}
		if len(mine) < len(its) {
			mine, its = its, mine
		}
		same := 0
		for _, w := range its {
			if slices.Contains(mine, w) {
				same++
			}
		}
		share += float64(same) / float64(len(its))
		if both++; both >= sample {
			break
		}
	}
	return both >= 10 && share >= 0.4*float64(both)
}

// common reports whether one row in ten has numbers or codes in its text.
func common(c *column, k Kind) bool {
	have := 0
	sets := setsOf(c, k)
	for _, v := range c.of {
		if sets[v] != nil {
			have++
		}
	}
	return have*10 > len(c.of)
}

// column makes the column of a field.
func (d *data) column(f Field) (*column, error) {
	find := func(names []string) (out []*column, err error) {
		for _, name := range names {
			i := slices.IndexFunc(d.columns, func(c *column) bool { return columnName(c.name) == columnName(name) })
			if i < 0 {
				return nil, fmt.Errorf("%w: %q is not among them", ErrOtherColumns, name)
			}
			out = append(out, d.columns[i])
		}
		return out, nil
	}
	columns, err := find(f.Columns)
	if err != nil {
		return nil, err
	}
	less, err := find(f.Less)
	if err != nil {
		return nil, err
	}
	c := columns[0]
	if len(columns) > 1 {
		c = joined(columns)
	}
	if len(less) > 0 {
		c = c.without(less)
	}
	return c, nil
}

// joined is a column of all the words of several.
func joined(columns []*column) *column {
	out := &column{name: columns[0].name, kind: columns[0].kind, forms: []string{""}, of: make([]uint32, len(columns[0].of))}
	number := map[string]uint32{"": 0}
	var parts []string
	for row := range out.of {
		parts = parts[:0]
		for _, c := range columns {
			if v := c.of[row]; v != 0 {
				parts = append(parts, c.forms[v])
			}
		}
		text := strings.Join(parts, " ")
		n, known := number[text]
		if !known {
			n = uint32(len(out.forms))
			out.forms = append(out.forms, text)
			number[text] = n
		}
		out.of[row] = n
	}
	return out
}
