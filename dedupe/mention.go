package dedupe

import (
	"cmp"
	"slices"
)

// attachMentions gives each mention to the one customer it fits. The strongest rule among its pairs decides; when that
// fits several customers the mention stays alone and is asked about, whatever weaker evidence says.
func (c *clusterer) attachMentions() {
	fits := make(map[int][]edge)
	for _, e := range c.edges {
		if c.model.verdict(e.pair) != Match || c.records[e.a].Real() == c.records[e.b].Real() {
			continue
		}
		mention := e.a
		if c.records[e.a].Real() {
			mention = e.b
		}
		fits[mention] = append(fits[mention], e)
	}
	for m := range c.records {
		if edges := fits[m]; len(edges) > 0 && c.real[c.cluster[m]] == 0 {
			c.attach(m, edges)
		}
	}
}

// attach joins mention m over its matching edges to real records (strongest weight first). A customer that the mention
// was judged not to be is none that it fits: saying so may be what makes it unambiguous.
func (c *clusterer) attach(m int, edges []edge) {
	edges = slices.DeleteFunc(edges, func(e edge) bool { return c.forbidden(c.cluster[m], c.cluster[e.a+e.b-m]) })
	if len(edges) == 0 {
		return
	}
	slices.SortStableFunc(edges, func(x, y edge) int { return cmp.Compare(y.pair.Rule, x.pair.Rule) })
	best := edges[0]
	var targets []int
	for _, e := range edges {
		other := e.a + e.b - m
		if e.pair.Rule == best.pair.Rule && !slices.Contains(targets, c.cluster[other]) {
			targets = append(targets, c.cluster[other])
		}
	}
	if len(targets) > 1 {
		c.ambiguous[m] = true
		for _, e := range edges {
			c.reasons[[2]int{e.a, e.b}] = Ambiguous
		}
		return
	}
	why, mean := c.guard(c.cluster[m], targets[0], false)
	if why == WeakCluster && best.pair.Rule != NoRule {
		why = "" // a rule names the customer; how its other records are written does not matter
	}
	if why != "" {
		c.ambiguous[m] = true
		c.reasons[[2]int{best.a, best.b}] = why
		return
	}
	c.join(c.cluster[m], targets[0], Step{A: best.pair.A, B: best.pair.B, Weight: best.pair.Weight, Mean: mean, Rule: best.pair.Rule})
}
