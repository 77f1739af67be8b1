package dedupe

import "slices"

// maxQuestions bounds what is asked about one mention: a name that fits hundreds of houses is no question, it is a gap.
const maxQuestions = 5

// partition reads off the result: clusters in the order of their first members, one question per two clusters.
func (c *clusterer) partition() Partition {
	out := Partition{Cut: c.cut}
	for i := range c.records {
		own := c.members[c.cluster[i]]
		if own[0] != i {
			continue
		}
		cl := Cluster{Members: make([]int64, len(own)), Steps: c.steps[c.cluster[i]]}
		for k, m := range own {
			cl.Members[k] = c.records[m].ID
		}
		out.Clusters = append(out.Clusters, cl)
	}
	asked := map[[2]int]bool{}
	perMention := map[int]int{}
	for _, e := range slices.Concat(c.must, c.edges) {
		x, y := c.cluster[e.a], c.cluster[e.b]
		between := [2]int{min(x, y), max(x, y)}
		if x == y || asked[between] || c.forbidden(x, y) && c.reasons[[2]int{e.a, e.b}] != Contradicted {
			continue
		}
		asked[between] = true
		if c.real[x] == 0 || c.real[y] == 0 {
			mention := x
			if c.real[x] > 0 {
				mention = y
			}
			if perMention[mention]++; perMention[mention] > maxQuestions {
				continue
			}
		}
		out.Review = append(out.Review, Question{Pair: e.pair, Why: c.reason(e)})
	}
	for _, p := range c.cut {
		out.Review = append(out.Review, Question{Pair: p, Why: TooLarge})
	}
	return out
}

func (c *clusterer) reason(e edge) Reason {
	if why, ok := c.reasons[[2]int{e.a, e.b}]; ok {
		return why
	}
	if e.pair.Vetoes != 0 {
		return Vetoed
	}
	if c.model.verdict(e.pair) == Ask {
		return BelowMerge
	}
	return WeakCluster
}
