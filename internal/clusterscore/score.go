package clusterscore

// Item is one record: the list it stands in (0 or 1), the entity it truly is, the cluster it was put in.
type Item struct{ Source, Entity, Cluster int }

// Score is what was found of what is true.
type Score struct {
	Found     int // pairs that are in one cluster and are one entity
	Predicted int // pairs in one cluster
	Actual    int // pairs that are one entity

	// B-cubed: the mean over records of the share of its cluster, of its entity, that is rightly with it.
	CubedPrecision, CubedRecall float64
}

// Precision is the share of predicted pairs that are right; 1 when none was predicted.
func (s Score) Precision() float64 { return share(s.Found, s.Predicted) }

// Recall is the share of true pairs that were found; 1 when there are none.
func (s Score) Recall() float64 { return share(s.Found, s.Actual) }

// F1 is the harmonic mean of precision and recall.
func (s Score) F1() float64 { return share(2*s.Found, s.Predicted+s.Actual) }

func share(part, whole int) float64 {
	if whole == 0 {
		return 1
	}
	return float64(part) / float64(whole)
}

// Of scores a partition. across counts only pairs of records from different sources.
func Of(items []Item, across bool) Score {
	type both struct{ cluster, entity int }
	clusters, entities, cells := groups[int]{}, groups[int]{}, groups[both]{}
	for _, it := range items {
		clusters.add(it.Cluster, it.Source)
		entities.add(it.Entity, it.Source)
		cells.add(both{it.Cluster, it.Entity}, it.Source)
	}
	s := Score{Found: cells.pairs(across), Predicted: clusters.pairs(across), Actual: entities.pairs(across)}
	for _, it := range items {
		together := float64(cells.size(both{it.Cluster, it.Entity}))
		s.CubedPrecision += together / float64(clusters.size(it.Cluster))
		s.CubedRecall += together / float64(entities.size(it.Entity))
	}
	if n := float64(len(items)); n > 0 {
		s.CubedPrecision, s.CubedRecall = s.CubedPrecision/n, s.CubedRecall/n
	}
	return s
}

// groups counts the members of each group by source.
type groups[K comparable] map[K][2]int

func (g groups[K]) add(k K, source int) {
	n := g[k]
	n[source]++
	g[k] = n
}

func (g groups[K]) size(k K) int { return g[k][0] + g[k][1] }

func (g groups[K]) pairs(across bool) int {
	sum := 0
	for _, n := range g {
		if across {
			sum += n[0] * n[1]
		} else {
			all := n[0] + n[1]
			sum += all * (all - 1) / 2
		}
	}
	return sum
}
