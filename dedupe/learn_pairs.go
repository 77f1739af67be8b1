package dedupe

import (
	"context"
	"math"
	"slices"
	"sync"

	"tributary/dedupe/internal/work"
	"tributary/dedupe/train"
)

// randomPairs is how many pairs are drawn to learn how pairs look that no key brings together.
const randomPairs = 400_000

// pairCounts is how the pairs of a type look, in whole numbers: the order of counting does not matter.
type pairCounts struct {
	universe float64 // all pairs with a real record: two mentions are what customers are called, not customers
	pairs    int64   // candidates
	matches  int64   // as the engine sees them
	asked    int64
	levels   [maxComparisons][train.MaxLevels + 1]int64 // of candidates; 0 = not compared
	others   [maxComparisons][train.MaxLevels + 1]int64 // of random pairs that are no candidates
	drawn    int64
	patterns map[train.Pattern]int64 // of candidates that no contradiction keeps apart
}

// countPairs scores all candidates of the records, and a sample of the other pairs.
func (e *Engine) countPairs(ctx context.Context, records []*Record) (*pairCounts, error) {
	index := e.indexOf(records)
	n := len(records)
	real := 0
	for _, r := range records {
		if r.Real() {
			real++
		}
	}
	all := &pairCounts{universe: float64(real) * (float64(real-1)/2 + float64(n-real)), patterns: map[train.Pattern]int64{}}
	var mu sync.Mutex
	var parts []*pairCounts
	part := func() *pairCounts {
		c := &pairCounts{patterns: map[train.Pattern]int64{}}
		mu.Lock()
		defer mu.Unlock()
		parts = append(parts, c)
		return c
	}
	err := work.For(ctx, n, portion, func() func(int) {
		finder, c := index.Finder(), part()
		return func(i int) {
			finder.After(i, func(j int) {
				if records[i].Real() || records[j].Real() {
					c.candidate(e, records[i], records[j])
				}
			})
		}
	})
	if err != nil {
		return nil, err
	}
	err = work.For(ctx, min(randomPairs, n*20), portion, func() func(int) {
		c := part()
		return func(k int) {
			i, j := int(scramble(uint64(2*k))%uint64(n)), int(scramble(uint64(2*k+1))%uint64(n))
			if i != j && (records[i].Real() || records[j].Real()) && !index.together(i, j) {
				c.other(e, records[i], records[j])
			}
		}
	})
	for _, c := range parts {
		all.add(c)
	}
	return all, err
}

// indexOf is the index of records of one type by their keys.
func (e *Engine) indexOf(records []*Record) *Index {
	real := make([]bool, len(records))
	var postings []Posting
	for i, r := range records {
		real[i] = r.Real()
		for _, k := range e.Keys(r) {
			postings = append(postings, Posting{k, i})
		}
	}
	return NewIndex(postings, real, e.model.Types[records[0].Type].Blocking)
}

// together reports whether two records are candidates of each other.
func (x *Index) together(i, j int) bool {
	for _, g := range x.of[i] {
		if slices.Contains(x.of[j], g) && (!x.groups[g].large || x.real[i] || x.real[j]) {
			return true
		}
	}
	return false
}

func (c *pairCounts) candidate(e *Engine, a, b *Record) {
	p := e.Score(a, b)
	c.pairs++
	switch e.Verdict(p) {
	case Match:
		c.matches++
	case Ask:
		c.asked++
	}
	var pattern train.Pattern
	for i, l := range p.levels {
		c.levels[i][l+1]++
		pattern = pattern.With(i, int(l+1))
	}
	if p.Vetoes&contradictions == 0 {
		c.patterns[pattern]++
	}
}

func (c *pairCounts) other(e *Engine, a, b *Record) {
	p := e.Score(a, b)
	c.drawn++
	for i, l := range p.levels {
		c.others[i][l+1]++
	}
}

func (c *pairCounts) add(d *pairCounts) {
	c.pairs, c.matches, c.asked, c.drawn = c.pairs+d.pairs, c.matches+d.matches, c.asked+d.asked, c.drawn+d.drawn
	for i := range c.levels {
		for l := range c.levels[i] {
			c.levels[i][l] += d.levels[i][l]
			c.others[i][l] += d.others[i][l]
		}
	}
	for p, n := range d.patterns {
		c.patterns[p] += n
	}
}

// compared is how many candidates have a value on both sides.
func (c *pairCounts) compared(comparison int) (n int64) {
	for _, of := range c.levels[comparison][1:] {
		n += of
	}
	return n
}

// chances are those of the levels of a comparison in random pairs: candidates as they were counted, the others as the
// drawn ones are. A level that was never seen counts for half a pair. Index 0 is unused.
func (c *pairCounts) chances(comparison, levels int) []float64 {
	out, total := make([]float64, levels+1), 0.0
	rest := math.Max(c.universe-float64(c.pairs), 0) / math.Max(float64(c.drawn), 1)
	for l := 1; l <= levels; l++ {
		out[l] = math.Max(float64(c.levels[comparison][l])+rest*float64(c.others[comparison][l]), 0.5)
		total += out[l]
	}
	for l := range out {
		out[l] /= total
	}
	return out
}

// shares are the shares of the levels among candidates with a value on both sides.
func (c *pairCounts) shares(t Type) map[string]map[string]float64 {
	out := map[string]map[string]float64{}
	for i, x := range comparisonsOf(t) {
		total := c.compared(i)
		if total == 0 {
			continue
		}
		out[x.name] = map[string]float64{}
		for l, level := range x.levels {
			out[x.name][level] = short(float64(c.levels[i][l+1]) / float64(total))
		}
	}
	return out
}
