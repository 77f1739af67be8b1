package trace

import (
	"cmp"
	"slices"

	"tributary/canonical"
	"tributary/trace/flow"
)

// Paths are kept in a tree: a node is a party reached on a certain way, its parent the party before. Node 0 stands for
// all ways that are not followed one by one.
type pathTree struct {
	nodes []pathNode
	child map[pathNode]int32
}

type pathNode struct {
	parent int32 // −1: the goods first appear here
	party  int32
}

const (
	others = int32(0)
	noWay  = int32(-1)
)

const (
	shownPaths = 20
	// keptPaths bounds the ways that a party's goods are followed on, and pathDepth their length. A distribution channel has
	// a handful of tiers; what goes beyond is one entry "others", and the result says truncated.
	keptPaths = 512
	pathDepth = 64
)

func newPathTree() *pathTree {
	return &pathTree{nodes: []pathNode{{noWay, flow.Nobody}}, child: map[pathNode]int32{}}
}

// root is the way that begins at a party.
func (t *pathTree) root(party int32) int32 { return t.node(noWay, party) }

// extend is the way to a party over another way. A party met before cuts the loop between.
func (t *pathTree) extend(way, party int32) int32 {
	if way == others {
		return others
	}
	depth := 0
	for n := way; n != noWay; n = t.nodes[n].parent {
		if t.nodes[n].party == party {
			return n
		}
		depth++
	}
	if depth >= pathDepth {
		return others
	}
	return t.node(way, party)
}

func (t *pathTree) node(parent, party int32) int32 {
	key := pathNode{parent, party}
	n, ok := t.child[key]
	if !ok {
		n = int32(len(t.nodes))
		t.nodes = append(t.nodes, key)
		t.child[key] = n
	}
	return n
}

func (t *pathTree) via(way int32, parties []Party) []string {
	var out []string
	for n := way; n != noWay; n = t.nodes[n].parent {
		out = append(out, parties[t.nodes[n].party].Customer.ref())
	}
	slices.Reverse(out)
	return out
}

// ref is how a way names a customer: the company's code, else the golden id.
func (c Customer) ref() string { return cmp.Or(c.Code, c.GoldenID) }

// mix is a quantity by the ways it came on, sorted by way.
type mix []stream

type stream struct {
	way int32
	q   canonical.Quantity
}

func (m mix) total() (sum canonical.Quantity) {
	for _, s := range m {
		sum += s.q
	}
	return sum
}

// plus merges two mixes.
func (m mix) plus(o mix) mix {
	if len(o) == 1 {
		if i, ok := slices.BinarySearchFunc(m, o[0].way, func(s stream, way int32) int { return cmp.Compare(s.way, way) }); ok {
			m[i].q += o[0].q
			return m
		} else {
			return slices.Insert(m, i, o[0])
		}
	}
	out := make(mix, 0, len(m)+len(o))
	for len(m) > 0 && len(o) > 0 {
		switch {
		case m[0].way < o[0].way:
			out, m = append(out, m[0]), m[1:]
		case m[0].way > o[0].way:
			out, o = append(out, o[0]), o[1:]
		default:
			out = append(out, stream{m[0].way, m[0].q + o[0].q})
			m, o = m[1:], o[1:]
		}
	}
	return append(append(out, m...), o...)
}

// split takes q, at most the total, in proportion to the ways.
func (m mix) split(q canonical.Quantity) (taken, left mix) {
	if len(m) == 1 {
		taken = mix{{m[0].way, q}}
		if m[0].q > q {
			left = mix{{m[0].way, m[0].q - q}}
		}
		return taken, left
	}
	weights := make([]canonical.Quantity, len(m))
	for i, s := range m {
		weights[i] = s.q
	}
	for i, n := range flow.Apportion(q, weights, 1) {
		if n > 0 {
			taken = append(taken, stream{m[i].way, n})
		}
		if m[i].q > n {
			left = append(left, stream{m[i].way, m[i].q - n})
		}
	}
	return taken, left
}

// bounded keeps the largest ways and counts the rest among the others.
func (m mix) bounded(n int) mix {
	if len(m) <= n {
		return m
	}
	order := largestFirst(m)
	rest := canonical.Quantity(0)
	for _, s := range order[n:] {
		rest += s.q
	}
	kept := slices.Clone(order[:n])
	slices.SortFunc(kept, func(a, b stream) int { return cmp.Compare(a.way, b.way) })
	return kept.plus(mix{{others, rest}})
}

// largestFirst sorts by quantity, ties by way; the others come last.
func largestFirst(m mix) mix {
	out := slices.Clone(m)
	slices.SortFunc(out, func(a, b stream) int {
		if (a.way == others) != (b.way == others) {
			if a.way == others {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.q, a.q), cmp.Compare(a.way, b.way))
	})
	return out
}

// show is the list of paths of a result: the largest one by one, the rest together, rounded to the smallest unit that
// the whole is a multiple of.
func (t *pathTree) show(m mix, parties []Party) []Path {
	m = largestFirst(m.bounded(shownPaths))
	parts := make([]canonical.Quantity, len(m))
	for i, s := range m {
		parts[i] = s.q
	}
	paths := make([]Path, 0, len(m))
	for i, q := range flow.Round(parts, flow.Grain(m.total())) {
		if q == 0 {
			continue
		}
		p := Path{Via: []string{}, Quantity: q, Others: m[i].way == others}
		if !p.Others {
			p.Via = t.via(m[i].way, parties)
		}
		paths = append(paths, p)
	}
	return paths
}
