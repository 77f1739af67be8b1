package table

import (
	"cmp"
	"context"
	"slices"

	"tributary/dedupe/internal/work"
)

// data are all rows of all sources in an order of their own: by content, not by where a row stood in its file. Whatever
// is computed from it depends on the rows alone.
type data struct {
	sources []*Source
	rows    int
	source  []uint8 // row → source
	origin  []int32 // row → row of the source
	columns []*column
}

// column is a column over all sources. Value 0 is the blank.
type column struct {
	name  string
	kind  Kind
	of    []uint32        // row → value
	forms []string        // value → matching form
	units map[string]bool // letters that are units in it, once they were looked for
}

// gather brings the columns of the sources together; matched[i][s] is the column of source s that is column i, or -1.
func gather(ctx context.Context, sources []*Source, names []string, matched [][]int) (*data, error) {
	d := &data{sources: sources}
	for s, src := range sources {
		d.rows += src.rows
		for row := range src.rows {
			d.source = append(d.source, uint8(s))
			d.origin = append(d.origin, int32(row))
		}
	}
	d.columns = make([]*column, len(names))
	err := work.For(ctx, len(names), 1, func() func(int) {
		return func(i int) { d.columns[i] = d.merge(names[i], matched[i]) }
	})
	if err != nil {
		return nil, err
	}
	return d, d.arrange(ctx)
}

// merge makes one column of those of the sources; equal matching forms become one value.
func (d *data) merge(name string, from []int) *column {
	c := &column{name: name, forms: []string{""}, of: make([]uint32, 0, d.rows)}
	number := map[string]uint32{"": 0}
	for s, src := range d.sources {
		if from[s] < 0 {
			c.of = append(c.of, make([]uint32, src.rows)...)
			continue
		}
		written := &src.Columns[from[s]]
		value := make([]uint32, len(written.Values))
		for v, text := range written.Values {
			form := matchingForm(text)
			n, known := number[form]
			if !known {
				n = uint32(len(c.forms))
				c.forms = append(c.forms, form)
				number[form] = n
			}
			value[v] = n
		}
		for _, v := range written.Of {
			c.of = append(c.of, value[v])
		}
	}
	return c
}

// arrange puts rows and values into the order of their content.
func (d *data) arrange(ctx context.Context) error {
	hashes := make([]uint64, d.rows)
	perValue := make([][]uint64, len(d.columns))
	err := work.For(ctx, len(d.columns), 1, func() func(int) {
		return func(i int) {
			perValue[i] = make([]uint64, len(d.columns[i].forms))
			for v, form := range d.columns[i].forms {
				perValue[i][v] = hashText(uint64(i), form)
			}
		}
	})
	if err != nil {
		return err
	}
	for i, c := range d.columns {
		for row, v := range c.of {
			hashes[row] = mix(hashes[row] ^ perValue[i][v])
		}
	}
	order := make([]int32, d.rows)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if a == b {
			return 0
		}
		if by := cmp.Or(cmp.Compare(d.source[a], d.source[b]), cmp.Compare(hashes[a], hashes[b])); by != 0 {
			return by
		}
		for _, c := range d.columns {
			if c.of[a] != c.of[b] {
				return cmp.Compare(c.forms[c.of[a]], c.forms[c.of[b]])
			}
		}
		if src := d.sources[d.source[a]]; src.IDs != nil {
			return cmp.Or(cmp.Compare(src.IDs[d.origin[a]], src.IDs[d.origin[b]]), cmp.Compare(a, b))
		}
		return cmp.Compare(a, b)
	})
	d.source, d.origin = permuted(d.source, order), permuted(d.origin, order)
	return work.For(ctx, len(d.columns), 1, func() func(int) {
		return func(i int) { d.columns[i].arrange(order) }
	})
}

// arrange numbers the values in the order in which the rows have them first.
func (c *column) arrange(order []int32) {
	c.of = permuted(c.of, order)
	now := make([]uint32, len(c.forms))
	forms := make([]string, 1, len(c.forms))
	for row, v := range c.of {
		if v == 0 {
			continue
		}
		if now[v] == 0 {
			now[v] = uint32(len(forms))
			forms = append(forms, c.forms[v])
		}
		c.of[row] = now[v]
	}
	c.forms = forms
}

func permuted[T any](a []T, order []int32) []T {
	out := make([]T, len(a))
	for i, o := range order {
		out[i] = a[o]
	}
	return out
}

// hashText is FNV-1a from a seed, scrambled.
func hashText(seed uint64, s string) uint64 {
	h := seed*0x9e3779b97f4a7c15 ^ 14695981039346656037
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}

// mix spreads the bits (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// draw gives the numbers of a sequence by place, so that drawing needs no order. It is seeded by the caller.
type draw uint64

func (d draw) below(i, n int) int { return int(mix(uint64(d)^mix(uint64(i))) % uint64(n)) }
