package table

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/dedupe/internal/forest"
	"tributary/dedupe/internal/work"
)

// scored is a pair of rows, i < j, with its weight.
type scored struct {
	i, j   int32
	weight float64
}

// leastShown is the probability from which a pair is worth showing.
const leastShown = 0.1

func shown(threshold float64) float64 {
	if threshold > 0 {
		return min(leastShown, threshold)
	}
	return leastShown
}

// scoreAll scores all candidates and keeps those worth showing, in the order of their rows.
func scoreAll(ctx context.Context, c *candidates, s *scorer, least float64) ([]scored, int64, error) {
	var kept []scored
	var compared atomic.Int64
	var mu sync.Mutex
	err := work.For(ctx, c.items(), 256, func() func(int) {
		return func(n int) {
			var own []scored
			pairs := int64(0)
			c.piece(n, func(i, j int32) {
				pairs++
				if w := s.score(i, j); probabilityOf(w) >= least {
					own = append(own, scored{i, j, w})
				}
			})
			compared.Add(pairs)
			if len(own) > 0 {
				mu.Lock()
				kept = append(kept, own...)
				mu.Unlock()
			}
		}
	})
	slices.SortFunc(kept, func(a, b scored) int { return cmp.Or(cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j)) })
	return kept, compared.Load(), err
}

// chooseThreshold is the probability from which calling pairs matches gives the best F1 that the probabilities
// themselves promise: with the pairs sorted, precision is their mean and recall their sum over that of all pairs.
func chooseThreshold(pairs []scored) float64 {
	p := make([]float64, len(pairs))
	total := 0.0
	for n, s := range pairs {
		p[n] = probabilityOf(s.weight)
	}
	slices.SortFunc(p, func(a, b float64) int { return cmp.Compare(b, a) })
	for _, x := range p {
		total += x
	}
	best, at, sum := 0.0, 0.5, 0.0
	for n, x := range p {
		sum += x
		if f1 := 2 * sum / (float64(n+1) + total); f1 >= best {
			best, at = f1, x
		}
	}
	return short(min(max(at, 0.4), 0.9))
}

// limits of what is merged: never a giant false cluster.
var clustering = dedupe.Clustering{MaxComponent: 2000, MaxRecords: 500, Strongest: 12}

// group divides the rows of one list into clusters.
func (r *run) group(ctx context.Context, pairs []scored, s *scorer) error {
	f := forest.New(r.d.rows)
	var matches []scored
	for _, p := range pairs {
		if probabilityOf(p.weight) >= r.out.Threshold {
			f.Join(int(p.i), int(p.j))
			matches = append(matches, p)
		}
	}
	parts := r.components(f, matches)
	bounds := &dedupe.TypeModel{Merge: r.out.Threshold, Review: r.out.Threshold, Clustering: clustering}
	divided := make([]dedupe.Partition, len(parts))
	err := work.For(ctx, len(parts), 16, func() func(int) {
		return func(n int) { divided[n] = dedupe.Divide(parts[n], s, bounds) }
	})
	if err != nil {
		return err
	}
	cluster := make([][]int32, 0, r.d.rows)
	inside := make([]bool, r.d.rows)
	for _, p := range divided {
		for _, c := range p.Clusters {
			own := make([]int32, len(c.Members))
			for n, m := range c.Members {
				own[n] = int32(m)
				inside[m] = true
			}
			cluster = append(cluster, own)
		}
	}
	home := make([]int, r.d.rows)
	for row := range int32(r.d.rows) {
		if !inside[row] && !r.copies[row] {
			cluster = append(cluster, []int32{row})
		}
	}
	for n, c := range cluster {
		for _, row := range c {
			home[row] = n
		}
	}
	pairs, cluster = r.addCopies(pairs, cluster, home, s)
	for _, p := range pairs {
		if probabilityOf(p.weight) >= shown(r.o.Threshold) {
			r.out.Pairs = append(r.out.Pairs, r.pair(p))
		}
	}
	for _, c := range cluster {
		own := make([]Row, len(c))
		for n, row := range c {
			own[n] = r.row(row)
		}
		r.out.Clusters = append(r.out.Clusters, own)
	}
	r.sortClusters()
	r.sortPairs()
	return nil
}

// addCopies puts rows that say the same into one cluster when what they say is enough.
func (r *run) addCopies(pairs []scored, cluster [][]int32, home []int, s *scorer) ([]scored, [][]int32) {
	first := int32(0)
	for row := range int32(r.d.rows) {
		if !r.copies[row] {
			first = row
			continue
		}
		w := s.score(first, row)
		if probabilityOf(w) < r.out.Threshold {
			cluster = append(cluster, []int32{row})
			continue
		}
		pairs = append(pairs, scored{first, row, w})
		cluster[home[first]] = append(cluster[home[first]], row)
	}
	return pairs, cluster
}

// components are the connected parts of the matches, as the guarded clustering takes them.
func (r *run) components(f *forest.Forest, matches []scored) []dedupe.Component {
	number := map[int]int{}
	var parts []dedupe.Component
	record := map[int32]*dedupe.Record{}
	of := func(row int32) *dedupe.Record {
		rec := record[row]
		if rec == nil {
			rec = &dedupe.Record{ID: int64(row), Key: canonical.RecordKey{ID: fmt.Sprintf("%010d", row)}, Trust: 1}
			record[row] = rec
			n, known := number[f.Find(int(row))]
			if !known {
				n = len(parts)
				number[f.Find(int(row))] = n
				parts = append(parts, dedupe.Component{})
			}
			parts[n].Records = append(parts[n].Records, rec)
		}
		return rec
	}
	for _, p := range matches {
		a, b := of(p.i), of(p.j)
		n := number[f.Find(int(p.i))]
		parts[n].Pairs = append(parts[n].Pairs, dedupe.RestorePair("", a.ID, b.ID, p.weight, probabilityOf(p.weight), dedupe.NoRule, 0))
	}
	return parts
}

// Score is the scored pair of two rows: what the guarded clustering asks for.
func (s *scorer) Score(a, b *dedupe.Record) dedupe.Pair {
	w := s.score(int32(a.ID), int32(b.ID))
	return dedupe.RestorePair("", a.ID, b.ID, w, probabilityOf(w), dedupe.NoRule, 0)
}

func (r *run) pair(p scored) Pair {
	a, b := r.row(p.i), r.row(p.j)
	if before(r.d.sources, b, a) {
		a, b = b, a
	}
	return Pair{Left: a, Right: b, Weight: p.weight, Probability: probabilityOf(p.weight)}
}

func (r *run) sortPairs() {
	slices.SortFunc(r.out.Pairs, func(a, b Pair) int {
		return cmp.Or(compareRows(r.d.sources, a.Left, b.Left), compareRows(r.d.sources, a.Right, b.Right))
	})
}

// sortClusters orders the members of each cluster and the clusters by their first members.
func (r *run) sortClusters() {
	for _, c := range r.out.Clusters {
		slices.SortFunc(c, func(a, b Row) int { return compareRows(r.d.sources, a, b) })
	}
	slices.SortFunc(r.out.Clusters, func(a, b []Row) int { return compareRows(r.d.sources, a[0], b[0]) })
}

func before(sources []*Source, a, b Row) bool { return compareRows(sources, a, b) < 0 }

// compareRows orders rows by source and by what they are called, numbers by their size.
func compareRows(sources []*Source, a, b Row) int {
	if a.Source != b.Source {
		return cmp.Compare(a.Source, b.Source)
	}
	src := sources[a.Source]
	if src.IDs == nil {
		return cmp.Compare(a.Row, b.Row)
	}
	x, y := src.IDs[a.Row], src.IDs[b.Row]
	if numeral(x) && numeral(y) && len(x) != len(y) {
		return cmp.Compare(len(x), len(y))
	}
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Row, b.Row))
}

func numeral(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && (s[0] != '0' || len(s) == 1)
}
