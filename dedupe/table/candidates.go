package table

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"tributary/dedupe/internal/work"
)

func popcount(b uint64) int { return bits.OnesCount64(b) }

// candidates yields pairs of rows worth comparing, each once, in blocks that can be worked on in any order.
type candidates struct {
	d      *data
	pairs  pairing
	rules  []*rule
	keys   [][]uint64 // rule → row → key, 0 for none or for a key that is too common
	blocks []block
	near   [][]int32 // row → rows that a search for its words brought up, ascending; nil without search
	capped int       // keys that were too common
}

// pairing says which rows may be a pair.
type pairing uint8

const (
	anyTwo pairing = iota
	across         // of different sources
	within         // of one source
)

// block is one key of a rule with its rows, or a row with those that the search found.
type block struct {
	rule int
	rows []int32
}

// Bounds of a block: a key that more rows have is refined by what else they have, see refine.
const maxBlock = 300

// find makes the candidates; rows in skip have none. A key with more rows than maxBlock is refined by the other columns, one after another.
func find(ctx context.Context, d *data, list comparisons, rules []*rule, skip []bool, pairs pairing) (*candidates, error) {
	c := &candidates{d: d, pairs: pairs, rules: rules, keys: make([][]uint64, len(rules))}
	perRule := make([][]block, len(rules))
	capped := make([]int, len(rules))
	err := work.For(ctx, len(rules), 1, func() func(int) {
		return func(r int) {
			c.keys[r] = make([]uint64, d.rows)
			postings := make([]posting, 0, d.rows)
			for row := range int32(d.rows) {
				if skip[row] {
					continue
				}
				k := rules[r].key(list, row)
				c.keys[r][row] = k
				if k != 0 {
					postings = append(postings, posting{k, row})
				}
			}
			slices.SortFunc(postings, func(a, b posting) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.row, b.row)) })
			for i := 0; i < len(postings); {
				j := i + 1
				for j < len(postings) && postings[j].key == postings[i].key {
					j++
				}
				if j-i > 1 {
					perRule[r] = append(perRule[r], c.refine(list, r, postings[i:j], &capped[r])...)
				}
				i = j
			}
		}
	})
	if err != nil {
		return nil, err
	}
	for r := range rules {
		c.blocks = append(c.blocks, perRule[r]...)
		c.capped += capped[r]
	}
	return c, nil
}

type posting struct {
	key uint64
	row int32
}

// refine makes blocks of the rows of one key. Too many rows are divided by the next column that the rule does not use
// and whose values divide them; rows that nothing divides are left without candidates from this key.
func (c *candidates) refine(list comparisons, r int, postings []posting, capped *int) []block {
	if len(postings) <= maxBlock {
		rows := make([]int32, len(postings))
		for i, p := range postings {
			rows[i] = p.row
		}
		return []block{{r, rows}}
	}
	*capped++
	used := map[int]bool{}
	for _, a := range c.rules[r].atoms {
		used[a.column] = true
	}
	var out []block
	groups := [][]posting{slices.Clone(postings)}
	for n, x := range list {
		if used[n] || len(groups) == 0 {
			continue
		}
		var still [][]posting
		for _, g := range groups {
			for i := range g {
				g[i].key = mix(g[i].key ^ uint64(x.col.of[g[i].row]))
				c.keys[r][g[i].row] = g[i].key
				if x.col.of[g[i].row] == 0 {
					g[i].key, c.keys[r][g[i].row] = 0, 0
				}
			}
			slices.SortFunc(g, func(a, b posting) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.row, b.row)) })
			for i := 0; i < len(g); {
				j := i + 1
				for j < len(g) && g[j].key == g[i].key {
					j++
				}
				switch {
				case g[i].key == 0 || j-i < 2:
				case j-i <= maxBlock:
					rows := make([]int32, j-i)
					for k := range rows {
						rows[k] = g[i+k].row
					}
					out = append(out, block{r, rows})
				default:
					still = append(still, g[i:j])
				}
				i = j
			}
		}
		groups = still
	}
	for _, g := range groups {
		for _, p := range g {
			c.keys[r][p.row] = 0
		}
	}
	return out
}

// wants reports whether rows i < j may be a pair at all.
func (c *candidates) wants(i, j int32) bool {
	switch c.pairs {
	case across:
		return c.d.source[i] != c.d.source[j]
	case within:
		return c.d.source[i] == c.d.source[j]
	}
	return true
}

// earlier reports whether a rule before r brings the pair up.
func (c *candidates) earlier(r int, i, j int32) bool {
	for q := range r {
		if k := c.keys[q][i]; k != 0 && k == c.keys[q][j] {
			return true
		}
	}
	return false
}

// each calls yield for every pair of a block that no earlier rule brought up, i < j.
func (c *candidates) each(b block, yield func(i, j int32)) {
	for x, i := range b.rows {
		for _, j := range b.rows[x+1:] {
			if c.wants(i, j) && !c.earlier(b.rule, i, j) {
				yield(i, j)
			}
		}
	}
}

// eachNear calls yield for every pair that only the search for words brought up, i < j.
func (c *candidates) eachNear(i int32, yield func(i, j int32)) {
	for _, j := range c.near[i] {
		if j > i && c.wants(i, j) && !c.earlier(len(c.rules), i, j) {
			yield(i, j)
		}
	}
}

// items is how many pieces of work there are; piece calls yield for the pairs of one.
func (c *candidates) items() int { return len(c.blocks) + len(c.near) }

func (c *candidates) piece(n int, yield func(i, j int32)) {
	if n < len(c.blocks) {
		c.each(c.blocks[n], yield)
		return
	}
	c.eachNear(int32(n-len(c.blocks)), yield)
}
