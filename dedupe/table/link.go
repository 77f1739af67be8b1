package table

import (
	"cmp"
	"context"
	"slices"
)

// link matches the rows of two lists. With one-to-one a pair counts when each is the other's best, with many-to-one when
// the second is the first's best; pairs that could not win are not shown.
func (r *run) link(ctx context.Context, pairs []scored, s *scorer) error {
	cardinality := r.o.Cardinality
	if cardinality == Auto {
		cardinality = OneToOne
	}
	r.out.Cardinality = cardinality
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
