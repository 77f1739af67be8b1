package table

import (
	"cmp"
	"context"
	"slices"

	"tributary/dedupe/internal/work"
)

// Bounds of the search by words.
const (
	searchPostings = 30000 // values looked at for one value, rarest words first
	searchRows     = 20    // rows of one value that are candidates
)

// nearest is how many values a search brings up.
func nearest(rows int) int {
	if rows > 200000 {
		return 8
	}
	return 16
}

// search finds for every value of a text column the values that share the most telling words with it, and adds their
// rows to near.
func search(ctx context.Context, c *candidates, x *comparison, skip []bool) error {
	lex, col := x.own.lex, x.col
	rows := make([][]int32, len(col.forms))
	sources := make([]uint8, len(col.forms))
	for row, v := range col.of {
		if v != 0 && !skip[row] && len(rows[v]) < searchRows {
			rows[v] = append(rows[v], int32(row))
			sources[v] |= 1 << c.d.source[row]
		}
	}
	holders := make([][]uint32, len(lex.words))
	for v, words := range lex.values {
		if len(rows[v]) == 0 {
			continue
		}
		for _, w := range words {
			holders[w] = append(holders[w], uint32(v))
		}
	}
	found := make([][]uint32, len(col.forms))
	k := nearest(c.d.rows)
	err := work.For(ctx, len(col.forms), 64, func() func(int) {
		s := searcher{lex: lex, holders: holders, sum: make([]float64, len(col.forms))}
		return func(v int) {
			if len(rows[v]) > 0 {
				found[v] = s.top(uint32(v), k, func(o uint32) bool { return c.pairs != across || sources[v]|sources[o] == 3 })
			}
		}
	})
	if err != nil {
		return err
	}
	if c.near == nil {
		c.near = make([][]int32, c.d.rows)
	}
	for v := range found {
		for _, o := range append(found[v], uint32(v)) {
			for _, i := range rows[v] {
				for _, j := range rows[o] {
					if i != j && c.wants(i, j) {
						c.near[min(i, j)] = append(c.near[min(i, j)], max(i, j))
					}
				}
			}
		}
	}
	for i := range c.near {
		slices.Sort(c.near[i])
		c.near[i] = slices.Compact(c.near[i])
	}
	return nil
}

// searcher is one goroutine's search.
type searcher struct {
	lex     *lexicon
	holders [][]uint32
	sum     []float64
	touched []uint32
}

// top are the k values with the greatest cosine by whole words, the greatest first; wanted says which count.
func (s *searcher) top(v uint32, k int, wanted func(uint32) bool) []uint32 {
	words := slices.Clone(s.lex.values[v])
	slices.SortFunc(words, func(a, b int32) int {
		return cmp.Or(cmp.Compare(len(s.holders[a]), len(s.holders[b])), cmp.Compare(a, b))
	})
	looked := 0
	for _, w := range words {
		if looked += len(s.holders[w]); looked > searchPostings {
			break
		}
		square := s.lex.weight[w] * s.lex.weight[w]
		for _, o := range s.holders[w] {
			if s.sum[o] == 0 {
				s.touched = append(s.touched, o)
			}
			s.sum[o] += square
		}
	}
	type hit struct {
		value uint32
		score float64
	}
	var best []hit
	for _, o := range s.touched {
		if o != v && wanted(o) {
			h := hit{o, s.sum[o] / s.lex.norm[o]}
			if len(best) < k || h.score > best[len(best)-1].score || h.score == best[len(best)-1].score && o < best[len(best)-1].value {
				at, _ := slices.BinarySearchFunc(best, h, func(a, b hit) int {
					return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.value, b.value))
				})
				best = slices.Insert(best, at, h)
				if len(best) > k {
					best = best[:k]
				}
			}
		}
		s.sum[o] = 0
	}
	s.sum[v] = 0
	s.touched = s.touched[:0]
	out := make([]uint32, len(best))
	for i, h := range best {
		out[i] = h.value
	}
	return out
}
