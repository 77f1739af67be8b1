package table

import (
	"context"

	"tributary/dedupe/internal/work"
	"tributary/dedupe/train"
)

// decoyLevels sets the chances of alike texts in pairs that are no match. Random pairs hardly ever are alike, so they say
// nothing; but a list that is linked to another holds each thing once or nearly so: its own rows are to each other what
// rows without a match are to the other list. The cleaner of the two lists is asked.
func decoyLevels(ctx context.Context, all comparisons, c *candidates, u [][]float64) error {
	const parts = 64
	type alike struct {
		i, j     int32
		k, level uint8
	}
	found := make([][]alike, parts)
	err := work.For(ctx, parts, 1, func() func(int) {
		return func(part int) {
			for n := part; n < c.items(); n += parts {
				c.piece(n, func(i, j int32) {
					for k, x := range all {
						if x.own.lex != nil {
							if l, _ := x.level(i, j); l >= decoyFrom {
								found[part] = append(found[part], alike{i, j, uint8(k), uint8(l)})
							}
						}
					}
				})
			}
		}
	})
	if err != nil {
		return err
	}
	var rows [2]float64
	for _, s := range c.d.source {
		rows[s]++
	}
	// Rows contend for their partner, so a row that is alike to many counts no more than one that is alike to one.
	rivals := map[alike]float64{}
	for _, list := range found {
		for _, a := range list {
			if all[a.k].own.orgs != nil {
				rivals[alike{i: a.i, k: a.k, level: a.level}]++
				rivals[alike{i: a.j, k: a.k, level: a.level}]++
			}
		}
	}
	var sums [2][train.MaxComparisons][train.MaxLevels + 1]float64
	for _, list := range found {
		for _, a := range list {
			most := max(rivals[alike{i: a.i, k: a.k, level: a.level}], rivals[alike{i: a.j, k: a.k, level: a.level}], 1)
			sums[c.d.source[a.i]][a.k][a.level] += 1 / most
		}
	}
	for k, x := range all {
		if x.own.lex == nil {
			continue
		}
		var share [2][train.MaxLevels + 1]float64
		var close [2]float64
		for s := range share {
			pairs := max(rows[s]*(rows[s]-1)/2, 1)
			for l := 1; l <= len(x.levels); l++ {
				share[s][l] = (sums[s][k][l] + 0.5) / pairs
				if l > len(x.levels)/2 {
					close[s] += share[s][l]
				}
			}
		}
		clean := 0
		if close[1] < close[0] {
			clean = 1
		}
		for l := decoyFrom; l <= len(x.levels); l++ {
			u[k][l] = share[clean][l]
		}
	}
	return nil
}

// decoyFrom is the first level of texts whose pairs are all among the candidates.
const decoyFrom = 4

// rivalLevels does the same within one list: a row's closest text may be its match, but what only comes second for both
// rows is none, as long as most things stand once or twice. Where things stand many times that would count matches as
// decoys, so that each level is at least fadeOut times rarer than the one before.
func rivalLevels(ctx context.Context, all comparisons, c *candidates, u [][]float64) error {
	for k, x := range all {
		if x.own.lex == nil {
			continue
		}
		levels := make([][]uint8, len(c.near))
		likeness := make([][]float32, len(c.near))
		err := work.For(ctx, len(c.near), 256, func() func(int) {
			return func(i int) {
				levels[i], likeness[i] = make([]uint8, len(c.near[i])), make([]float32, len(c.near[i]))
				for n, j := range c.near[i] {
					l, s := x.level(int32(i), j)
					if !x.text {
						s = float64(l)
					}
					levels[i][n], likeness[i][n] = uint8(l), float32(s)
				}
			}
		})
		if err != nil {
			return err
		}
		best := make([]float32, c.d.rows)
		for i, near := range c.near {
			for n, j := range near {
				best[i], best[j] = max(best[i], likeness[i][n]), max(best[j], likeness[i][n])
			}
		}
		var sums [train.MaxLevels + 1]float64
		for i, near := range c.near {
			for n, j := range near {
				if s := likeness[i][n]; s < best[i] && s < best[j] {
					sums[levels[i][n]]++
				}
			}
		}
		pairs := max(float64(c.d.rows)*float64(c.d.rows-1)/2, 1)
		for l := decoyFrom; l <= len(x.levels); l++ {
			u[k][l] = min((sums[l]+0.5)/pairs, fadeOut*u[k][l-1])
		}
	}
	return nil
}

const fadeOut = 0.5
