package table

import (
	"cmp"
	"context"
	"math"
	"slices"

	"tributary/dedupe"
)

// compete lets the candidates of a row contend: a row has at most one match in the other list, so the odds of each are
// weighed against those of its rivals and of having none, and a rival that has a better match elsewhere hardly counts. Of
// two that fit alike neither is certain. both says that the second list's rows have one match at most, too; oneList that both ends are of one list. The weights
// become those of the outcome: belief propagation for matchings (Bayati, Shah and Sharma 2008), a fixed number of rounds.
func compete(pairs []scored, both, oneList bool) {
	const rounds = 20
	odds := make([]float64, len(pairs))
	fromLeft, fromRight := make([]float64, len(pairs)), make([]float64, len(pairs)) // chance that the end is free for the pair
	for n, p := range pairs {
		odds[n] = math.Exp2(math.Min(p.weight, 60))
		fromLeft[n], fromRight[n] = 1, 1
	}
	left, right := map[int32]float64{}, map[int32]float64{}
	if oneList {
		right = left
	}
	for range rounds {
		clear(left)
		clear(right)
		for n, p := range pairs {
			left[p.i] += odds[n] * fromRight[n]
			if both {
				right[p.j] += odds[n] * fromLeft[n]
			}
		}
		for n, p := range pairs {
			l := 1 / (1 + math.Max(left[p.i]-odds[n]*fromRight[n], 0))
			r := 1.0
			if both {
				r = 1 / (1 + math.Max(right[p.j]-odds[n]*fromLeft[n], 0))
			}
			// Half of the old value: two rows that each prefer the other's partner must not swing for ever.
			fromLeft[n], fromRight[n] = math.Sqrt(l*fromLeft[n]), math.Sqrt(r*fromRight[n])
		}
	}
	for n, p := range pairs {
		pairs[n].weight = dedupe.ExactBits(p.weight + math.Log2(fromLeft[n]*fromRight[n]))
	}
}

// Suitors say how the likely matches of a link crowd: of the rows of each list that have a likely match, how many are the
// best match of several rows of the other list.
type Suitors struct {
	First  Crowd `json:"first"`
	Second Crowd `json:"second"`
}

// Crowd are the rows of one list with a likely match, and those of them that are the best match of several rows.
type Crowd struct {
	Matched int `json:"matched"`
	Several int `json:"several"`
}

func (c Crowd) share() float64 { return float64(c.Several) / float64(max(c.Matched, 1)) }

// suitors counts the rows by the likely matches, before candidates contend.
func (r *run) suitors(pairs []scored) Suitors {
	const likely = 6.6 // bits: p ≥ 0.99
	best := map[int32]scored{}
	for _, p := range pairs {
		for _, row := range [...]int32{p.i, p.j} {
			if b, ok := best[row]; p.weight >= likely && (!ok || p.weight > b.weight) {
				best[row] = p
			}
		}
	}
	wooers := map[int32]int{}
	for row, p := range best {
		if row == p.i {
			wooers[p.j]++
		} else {
			wooers[p.i]++
		}
	}
	var s Suitors
	for row, n := range wooers {
		c := &s.First
		if r.d.source[row] == 1 {
			c = &s.Second
		}
		c.Matched++
		if n > 1 {
			c.Several++
		}
	}
	return s
}

// cardinality is what the suitors suggest: when many rows of the second list have several, the first list holds things
// more than once. A few are only things of one series.
func (s Suitors) cardinality() Cardinality {
	left, right := s.Second.share(), s.First.share()
	switch {
	case left > 0.15 && right > 0.15:
		return Any
	case left > 0.08 && left > 2*right:
		return ManyToOne
	}
	return OneToOne
}

// link matches the rows of two lists. With one-to-one a pair counts when each is the other's best, with many-to-one when
// the second is the first's best; pairs that could not win are not shown.
func (r *run) link(ctx context.Context, pairs []scored, s *scorer) error {
	cardinality := r.out.Cardinality
	switch cardinality {
	case OneToOne:
		pairs, r.out.Ties = mutualBest(pairs, true)
	case ManyToOne:
		pairs, r.out.Ties = mutualBest(pairs, false)
	}
	if cardinality == Any {
		return r.group(ctx, pairs, s)
	}
	partner := make([][]int32, r.d.rows)
	for _, p := range pairs {
		r.out.Pairs = append(r.out.Pairs, r.pair(p))
		if probabilityOf(p.weight) >= r.out.Threshold {
			partner[p.j] = append(partner[p.j], p.i)
			partner[p.i] = append(partner[p.i], p.j)
		}
	}
	for row := range int32(r.d.rows) {
		switch {
		case r.d.source[row] == 0 && len(partner[row]) == 0, r.d.source[row] == 1:
			own := []Row{r.row(row)}
			if r.d.source[row] == 1 {
				for _, o := range partner[row] {
					own = append(own, r.row(o))
				}
			}
			r.out.Clusters = append(r.out.Clusters, own)
		}
	}
	r.sortClusters()
	r.sortPairs()
	return nil
}

// mutualBest keeps the pairs in which the left row's best is the right one and, when both is set, the other way round.
// Rows are taken by weight, so a row whose best is taken may still win its second best.
func mutualBest(pairs []scored, both bool) (won []scored, ties int) {
	sorted := slices.Clone(pairs)
	slices.SortFunc(sorted, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
	})
	left, right := map[int32]float64{}, map[int32]float64{} // row → the weight of the pair it is in
	for _, p := range sorted {
		if probabilityOf(p.weight) < leastShown {
			break
		}
		wl, takenLeft := left[p.i]
		wr, takenRight := right[p.j]
		if takenLeft || both && takenRight {
			if takenLeft && wl == p.weight || both && takenRight && wr == p.weight {
				ties++
			}
			continue
		}
		left[p.i], right[p.j] = p.weight, p.weight
		won = append(won, p)
	}
	return won, ties
}
