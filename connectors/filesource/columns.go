package filesource

import "slices"

// columns are those of rows that name their values: all names that were met, in the order of their first use, and the
// values of one row.
type columns struct {
	headers []string
	index   map[string]int // place in headers
	cells   []string
}

func (c *columns) headerCells() []string { return slices.Clone(c.headers) }

func (c *columns) set(name, text string) {
	i, ok := c.index[name]
	if !ok {
		i = len(c.headers)
		c.index[name] = i
		c.headers = append(c.headers, name)
	}
	for len(c.cells) <= i {
		c.cells = append(c.cells, "")
	}
	c.cells[i] = text
}
