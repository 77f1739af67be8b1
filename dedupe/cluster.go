package dedupe

import (
	"cmp"
	"slices"

	"tributary/canonical"
	"tributary/dedupe/internal/forest"
)

// Component is a connected part of the keep-graph: the unit of clustering, locking and recomputation. All records are
// of one type.
type Component struct {
	Records    []*Record
	Pairs      []Pair // kept pairs between Records
	Judgements []Judgement
}

// Partition is a component divided into customers.
type Partition struct {
	Clusters []Cluster  // ordered by the key of their first member
	Review   []Question // what a person should decide: at most one question per two clusters
	Cut      []Pair     // edges left out because the component was too large
}

// Cluster is one customer.
type Cluster struct {
	Members []int64 // record numbers in the order of their keys
	Steps   []Step  // how they came together, in order
}

// Step is one join of two clusters.
type Step struct {
	A, B   int64 // the records whose pair joined them
	Weight float64
	Mean   float64 // mean weight over the cross pairs of the two clusters
	Rule   Rule
	Judged bool // a must-link
}

// Weakest is the least mean weight among the automatic steps; ok is false when there is none.
func (c Cluster) Weakest() (step Step, ok bool) {
	for _, s := range c.Steps {
		if !s.Judged && (!ok || s.Mean < step.Mean) {
			step, ok = s, true
		}
	}
	return step, ok
}

// Question is a pair kept apart that a person should decide.
type Question struct {
	Pair
	Why Reason
}

// Reason says why a pair with good evidence was not merged.
type Reason string

// The reasons.
const (
	BelowMerge   Reason = "below_merge"   // not enough evidence
	Vetoed       Reason = "veto"          // the pair itself has a veto
	ClusterVeto  Reason = "cluster_veto"  // a veto stands between other members
	Ambiguous    Reason = "ambiguous"     // a mention that fits several customers
	WeakCluster  Reason = "weak_cluster"  // the clusters as wholes do not agree
	TooLarge     Reason = "too_large"     // the customer or the component would exceed its bound
	Contradicted Reason = "contradiction" // judgements contradict each other
)

// Reasons lists all reasons.
func Reasons() []Reason {
	return []Reason{BelowMerge, Vetoed, ClusterVeto, Ambiguous, WeakCluster, TooLarge, Contradicted}
}

// Scorer gives the pair of any two records of one type.
type Scorer interface {
	Score(a, b *Record) Pair
}

// Cluster divides a component into customers. Edges are taken strongest first; two clusters join only when no veto
// stands between any of their members and the mean weight of their cross pairs is positive; must-links come first,
// cannot-links always hold. Mentions join after the real records: a mention that fits several customers stays alone.
func (e *Engine) Cluster(c Component) Partition {
	if len(c.Records) == 0 {
		return Partition{}
	}
	return Divide(c, e, e.model.Types[c.Records[0].Type])
}

// Divide is Cluster with a scorer and bounds of the caller's.
func Divide(in Component, scorer Scorer, model *TypeModel) Partition {
	c := newClusterer(in, scorer, model)
	c.mustLinks()
	for _, p := range c.edges {
		if c.records[p.a].Real() && c.records[p.b].Real() {
			c.tryJoin(p, true)
		}
	}
	c.attachMentions()
	for _, p := range c.edges {
		if !(c.records[p.a].Real() && c.records[p.b].Real()) && !c.ambiguous[p.a] && !c.ambiguous[p.b] {
			c.tryJoin(p, false)
		}
	}
	return c.partition()
}

// edge is a kept pair by local numbers, a < b.
type edge struct {
	a, b int
	pair Pair
}

type clusterer struct {
	scorer    Scorer
	model     *TypeModel
	records   []*Record // in the order of their keys
	edges     []edge    // strongest first
	cannot    [][]int   // record → those it must not be with
	must      []edge
	judged    *forest.Forest // records that must-links joined
	cluster   []int          // record → its cluster, named after one of its records
	members   [][]int        // cluster → its records
	real      []int          // cluster → how many of them are real
	steps     [][]Step
	scored    map[[2]int]Pair
	ambiguous []bool
	reasons   map[[2]int]Reason // edge → why it did not join
	cut       []Pair
}

func newClusterer(in Component, scorer Scorer, model *TypeModel) *clusterer {
	n := len(in.Records)
	c := &clusterer{
		scorer: scorer, model: model, records: slices.Clone(in.Records),
		cannot: make([][]int, n), cluster: make([]int, n), members: make([][]int, n), real: make([]int, n), steps: make([][]Step, n),
		scored: make(map[[2]int]Pair, len(in.Pairs)), ambiguous: make([]bool, n), reasons: map[[2]int]Reason{},
		judged: forest.New(n),
	}
	slices.SortFunc(c.records, func(a, b *Record) int { return compareKeys(a.Key, b.Key) })
	number, named := make(map[int64]int, n), make(map[canonical.RecordKey]int, n)
	for i, r := range c.records {
		number[r.ID], named[r.Key] = i, i
		c.cluster[i], c.members[i] = i, []int{i}
		if r.Real() {
			c.real[i] = 1
		}
	}
	for _, p := range in.Pairs {
		a, aHere := number[p.A]
		b, bHere := number[p.B]
		if !aHere || !bHere || a == b {
			continue
		}
		e := edge{min(a, b), max(a, b), p}
		c.scored[[2]int{e.a, e.b}] = p
		c.edges = append(c.edges, e)
	}
	slices.SortFunc(c.edges, strongestFirst)
	for _, j := range InForce(in.Judgements) {
		a, aHere := named[j.A]
		b, bHere := named[j.B]
		switch {
		case !aHere || !bHere || a == b:
		case j.Same:
			c.must = append(c.must, edge{min(a, b), max(a, b), c.pair(a, b)})
		default:
			c.cannot[a], c.cannot[b] = append(c.cannot[a], b), append(c.cannot[b], a)
		}
	}
	c.cutToSize()
	return c
}

func strongestFirst(x, y edge) int {
	return cmp.Or(cmp.Compare(y.pair.Weight, x.pair.Weight), cmp.Compare(x.a, y.a), cmp.Compare(x.b, y.b))
}

// cutToSize leaves out the weakest edges that would make a part larger than the bound.
func (c *clusterer) cutToSize() {
	if len(c.records) <= c.model.Clustering.MaxComponent {
		return
	}
	parts := forest.New(len(c.records))
	for _, e := range c.must {
		parts.Join(e.a, e.b)
	}
	kept := c.edges[:0:0]
	for _, e := range c.edges {
		if !parts.Together(e.a, e.b) && parts.Size(e.a)+parts.Size(e.b) > c.model.Clustering.MaxComponent {
			c.cut = append(c.cut, e.pair)
			continue
		}
		parts.Join(e.a, e.b)
		kept = append(kept, e)
	}
	c.edges = kept
}

// pair is the scored pair of two records, asked for once.
func (c *clusterer) pair(a, b int) Pair {
	k := [2]int{min(a, b), max(a, b)}
	p, ok := c.scored[k]
	if !ok {
		p = c.scorer.Score(c.records[k[0]], c.records[k[1]])
		c.scored[k] = p
	}
	return p
}

func (c *clusterer) mustLinks() {
	for _, e := range c.must {
		x, y := c.cluster[e.a], c.cluster[e.b]
		switch {
		case x == y:
		case c.forbidden(x, y):
			c.reasons[[2]int{e.a, e.b}] = Contradicted
		default:
			c.judged.Join(e.a, e.b)
			c.join(x, y, Step{A: e.pair.A, B: e.pair.B, Weight: e.pair.Weight, Judged: true})
		}
	}
}

// forbidden reports whether a cannot-link stands between two clusters.
func (c *clusterer) forbidden(x, y int) bool {
	if len(c.members[x]) > len(c.members[y]) {
		x, y = y, x
	}
	for _, a := range c.members[x] {
		for _, b := range c.cannot[a] {
			if c.cluster[b] == y {
				return true
			}
		}
	}
	return false
}

// tryJoin joins the clusters of an edge if the guards allow it. whole asks for all cross pairs; without it the pairs
// of two mentions in already joined clusters are left out, for they say the same thing again and again.
func (c *clusterer) tryJoin(e edge, whole bool) {
	x, y := c.cluster[e.a], c.cluster[e.b]
	if x == y || c.model.verdict(e.pair) != Match {
		return
	}
	why, mean := c.guard(x, y, whole)
	if why != "" {
		c.reasons[[2]int{e.a, e.b}] = why
		return
	}
	c.join(x, y, Step{A: e.pair.A, B: e.pair.B, Weight: e.pair.Weight, Mean: mean, Rule: e.pair.Rule})
}

// guard says why two clusters must not join ("" when they may), and the mean weight of their cross pairs.
func (c *clusterer) guard(x, y int, whole bool) (Reason, float64) {
	if c.real[x]+c.real[y] > c.model.Clustering.MaxRecords {
		return TooLarge, 0
	}
	if c.forbidden(x, y) {
		return Vetoed, 0
	}
	left, right := c.members[x], c.members[y]
	if !whole {
		left, right = c.speakers(x), c.speakers(y)
	}
	sum, pairs := 0.0, 0
	for _, as := range c.judgedTogether(left) {
		for _, bs := range c.judgedTogether(right) {
			weight, agree := c.best(as, bs)
			if !agree {
				return ClusterVeto, 0
			}
			sum, pairs = sum+weight, pairs+1
		}
	}
	mean := sum / float64(pairs)
	if mean <= 0 {
		return WeakCluster, mean
	}
	return "", mean
}

// best is the greatest bounded weight of a pair between two sides that nothing contradicts; agree is false when
// something contradicts every pair.
func (c *clusterer) best(as, bs []int) (weight float64, agree bool) {
	bound := c.model.Clustering.Strongest
	for _, a := range as {
		for _, b := range bs {
			p := c.pair(a, b)
			if w := min(max(p.Weight, -bound), bound); p.Vetoes&contradictions == 0 && (!agree || w > weight) {
				weight, agree = w, true
			}
		}
	}
	return weight, agree
}

// judgedTogether divides records by the must-links among them. A steward who joins two houses that contradict each other
// has overruled the contradiction: whoever fits one of them fits both, so such records speak with one voice.
func (c *clusterer) judgedTogether(records []int) [][]int {
	out := make([][]int, 0, len(records))
	if len(c.must) == 0 {
		for i := range records {
			out = append(out, records[i:i+1])
		}
		return out
	}
	at := map[int]int{} // must-linked part → where it stands in out
	for _, r := range records {
		part := c.judged.Find(r)
		if c.judged.Size(part) == 1 {
			out = append(out, []int{r})
			continue
		}
		i, known := at[part]
		if !known {
			i = len(out)
			at[part] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// speakers are the records that stand for a cluster: its real ones, else a bounded number of its mentions.
func (c *clusterer) speakers(x int) []int {
	if c.real[x] == 0 {
		return c.members[x][:min(len(c.members[x]), maxSpeakers)]
	}
	out := make([]int, 0, c.real[x])
	for _, m := range c.members[x] {
		if c.records[m].Real() {
			out = append(out, m)
		}
	}
	return out
}

const maxSpeakers = 16

func (c *clusterer) join(x, y int, s Step) {
	if len(c.members[x]) < len(c.members[y]) {
		x, y = y, x
	}
	for _, m := range c.members[y] {
		c.cluster[m] = x
	}
	c.members[x] = append(c.members[x], c.members[y]...)
	slices.Sort(c.members[x])
	c.real[x] += c.real[y]
	c.steps[x] = append(append(c.steps[x], c.steps[y]...), s)
	c.members[y], c.steps[y] = nil, nil
}
