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

// cardinality is the one asked for, else the one that the likely matches suggest: when many rows of the second list that
// have a match have several, the first list holds things more than once. A few are only things of one series.
func (r *run) cardinality(pairs []scored) Cardinality {
	if r.o.Cardinality != Auto {
		return r.o.Cardinality
	}
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
	var matched, several [2]int
	for row, n := range wooers {
		s := r.d.source[row]
		matched[s]++
		if n > 1 {
			several[s]++
		}
	}
	left, right := share(several[1], matched[1]), share(several[0], matched[0])
	switch {
	case left > 0.15 && right > 0.15:
		return Any
	case left > 0.08 && left > 2*right:
		return ManyToOne
	}
	return OneToOne
}

func share(part, whole int) float64 { return float64(part) / float64(max(whole, 1)) }

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
