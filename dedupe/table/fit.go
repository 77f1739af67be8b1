package table

import (
	"cmp"
	"context"
	"math"
	"slices"

	"tributary/dedupe/internal/work"
	"tributary/dedupe/train"
)

// Sizes of samples. Beyond them numbers do not get better.
const (
	randomPairs = 400000
	fitPairs    = 1500000
	strength    = 40 // pairs that the expected chances count for
)

// problem is what is known before the fit. decoys are the candidates within the lists that are linked, nil within one list.
func problem(ctx context.Context, d *data, all comparisons, c, decoys *candidates, shared []uint64, seed uint64) (train.Problem, error) {
	link := c.pairs == across
	u, err := randomLevels(ctx, d, all, link, draw(seed))
	if err != nil {
		return train.Problem{}, err
	}
	if decoys != nil {
		err = decoyLevels(ctx, all, decoys, u)
	} else {
		err = rivalLevels(ctx, all, c, u)
	}
	if err != nil {
		return train.Problem{}, err
	}
	counts, err := histogram(ctx, all, c, seed)
	if err != nil {
		return train.Problem{}, err
	}
	p := train.Problem{Counts: counts, Pairs: pairsOf(d, link), U: u, Matches: float64(d.rows) / 4, Shared: shared}
	for _, x := range all {
		p.Start = append(p.Start, x.expectedLevels())
		own := float64(strength)
		if x.own.lex != nil {
			own += float64(d.rows) / 8 // texts of non-matches are of every likeness: what is expected keeps the fit in place
		}
		p.Strength = append(p.Strength, own)
	}
	return p, nil
}

// pairsOf is how many pairs of rows there are.
func pairsOf(d *data, link bool) float64 {
	if !link {
		return float64(d.rows) * float64(d.rows-1) / 2
	}
	left := 0
	for _, s := range d.source {
		if s == 0 {
			left++
		}
	}
	return float64(left) * float64(d.rows-left)
}

// expectedLevels are the chances of levels in matches before anything is learned; index 0 is unused.
func (c *comparison) expectedLevels() []float64 {
	base := expected[c.family]
	out := make([]float64, len(c.levels)+1)
	copy(out[1:], base)
	if c.equal == 0 {
		return out
	}
	equal := base[len(base)-1]
	out[c.equal] = 0
	total := 0.0
	var mass [5]float64
	for v := 1; v < len(c.own.count); v++ {
		mass[c.own.equal[v]] += float64(c.own.count[v])
		total += float64(c.own.count[v])
	}
	for b := range mass {
		out[c.equal+b] = equal * (mass[b] + total/1000) / (total * 1.005)
	}
	return out
}

// randomLevels are the chances of levels in random pairs, by drawing; those of equal values by counting.
func randomLevels(ctx context.Context, d *data, all comparisons, link bool, random draw) ([][]float64, error) {
	left := d.rows
	if link {
		left = 0
		for _, s := range d.source {
			if s == 0 {
				left++
			}
		}
	}
	right, from := d.rows-left, left
	if !link {
		right, from = d.rows, 0
	}
	out := make([][]float64, len(all))
	draws := int(min(randomPairs, max(2000, 4*pairsOf(d, link))))
	const parts = 64
	sums := make([][][]float64, parts)
	err := work.For(ctx, parts, 1, func() func(int) {
		return func(part int) {
			sum := make([][]float64, len(all))
			for k, x := range all {
				sum[k] = make([]float64, len(x.levels)+1)
			}
			for n := part; n < draws; n += parts {
				i, j := int32(random.below(2*n, left)), int32(from+random.below(2*n+1, right))
				if i == j {
					continue
				}
				for k, x := range all {
					l, _ := x.level(min(i, j), max(i, j))
					sum[k][l]++
				}
			}
			sums[part] = sum
		}
	})
	for k, x := range all {
		out[k] = make([]float64, len(x.levels)+1)
		total := 0.0
		for _, sum := range sums {
			for l := range out[k] {
				if sum != nil {
					out[k][l] += sum[k][l]
				}
			}
		}
		for _, n := range out[k][1:] {
			total += n
		}
		for l := 1; l < len(out[k]); l++ {
			out[k][l] = (out[k][l] + 0.5) / (total + 1)
		}
		if x.equal > 0 {
			x.countEqual(out[k])
		}
	}
	return out, err
}

// countEqual sets the chances that two random filled values are equal, by how rare they are: Σ tf².
func (c *comparison) countEqual(u []float64) {
	total := 0.0
	for v := 1; v < len(c.own.count); v++ {
		total += float64(c.own.count[v])
	}
	if total < 2 {
		return
	}
	var sum [5]float64
	for v := 1; v < len(c.own.count); v++ {
		n := float64(c.own.count[v])
		sum[c.own.equal[v]] += n * (n - 1)
	}
	for b := range sum {
		u[c.equal+b] = math.Max(sum[b], 0.1) / (total * (total - 1))
	}
}

// histogram counts the patterns of the candidates, of a part of them chosen by hash when there are many.
func histogram(ctx context.Context, all comparisons, c *candidates, seed uint64) ([]train.Count, error) {
	pairs := 0.0
	for _, b := range c.blocks {
		pairs += float64(len(b.rows)) * float64(len(b.rows)-1) / 2
	}
	for _, n := range c.near {
		pairs += float64(len(n))
	}
	every := uint64(max(1, math.Ceil(pairs/fitPairs)))
	const parts = 64
	counts := make([]map[train.Pattern]float64, parts)
	err := work.For(ctx, parts, 1, func() func(int) {
		return func(part int) {
			seen := map[train.Pattern]float64{}
			for n := part; n < c.items(); n += parts {
				c.piece(n, func(i, j int32) {
					if every == 1 || mix(seed^uint64(i)<<32^uint64(j))%every == 0 {
						seen[all.pattern(i, j)]++
					}
				})
			}
			counts[part] = seen
		}
	})
	whole := map[train.Pattern]float64{}
	for _, seen := range counts {
		for p, n := range seen {
			whole[p] += n
		}
	}
	for p := range whole {
		whole[p] *= float64(every)
	}
	return sortedCounts(whole), err
}

func sortedCounts(counts map[train.Pattern]float64) []train.Count {
	out := make([]train.Count, 0, len(counts))
	for p, n := range counts {
		out = append(out, train.Count{Pattern: p, Pairs: n})
	}
	slices.SortFunc(out, func(a, b train.Count) int { return cmp.Compare(a.Pattern, b.Pattern) })
	return out
}

// sharedClasses are the circumstances that different things may share: an area, a house, a household, a household's given
// name or birthday; a maker's series.
func sharedClasses(all comparisons) []uint64 {
	of := func(kinds ...Kind) (set uint64) {
		for c, x := range all {
			if slices.Contains(kinds, x.kind) {
				set |= 1 << c
			}
		}
		return set
	}
	area := of(Locality, Postcode, Region)
	house := area | of(Street, House)
	household := house | of(Family, Phone)
	candidates := []uint64{area, house, of(Category, Year), of(Category, Year, Number)}
	if of(Family) != 0 {
		candidates = append(candidates, household)
		if of(Given) != 0 && of(Date, Code) != 0 {
			candidates = append(candidates, household|of(Given), household|of(Date))
		}
	}
	var out []uint64
	for _, set := range candidates {
		if popcount(set) > 1 && popcount(set) < len(all) && !slices.Contains(out, set) {
			out = append(out, set)
		}
	}
	return out
}
