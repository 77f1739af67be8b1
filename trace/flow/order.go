package flow

import (
	"cmp"
	"slices"
	"strings"

	"tributary/canonical"
)

// Nobody is the To of a step that uses goods up.
const Nobody = int32(-1)

// Step is a movement as its order needs it. From and To are places in a list of parties.
type Step struct {
	From, To int32
	Date     canonical.Date
	DocNo    string
	ID       canonical.ID
}

// Order gives the order in which steps between the parties 0…parties−1 happened: by business date; within a date what a
// party receives comes before what it issues, along the graph of that day's steps. Parties that supplied each other in a
// circle on one day cannot be told apart by dates: their steps go by document number, then row id, and are marked tied.
func Order(parties int, steps []Step) (order []int, tied []bool) {
	order = make([]int, len(steps))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := &steps[a], &steps[b]
		return cmp.Or(cmp.Compare(x.Date, y.Date), strings.Compare(x.DocNo, y.DocNo), compareID(x.ID, y.ID))
	})
	tied = make([]bool, len(steps))
	d := dayOrder{steps: steps, tied: tied, node: make([]int32, parties)}
	for start := 0; start < len(order); {
		end := start + 1
		for end < len(order) && steps[order[end]].Date == steps[order[start]].Date {
			end++
		}
		d.sort(order[start:end])
		start = end
	}
	return order, tied
}

// dayOrder sorts the steps of one day. node maps a party to its node of the day's graph + 1.
type dayOrder struct {
	steps []Step
	tied  []bool
	node  []int32
}

type dayKey struct {
	step  int
	level int32 // how many components lie upstream of the issuer's, on the longest way
	leave bool  // the goods leave the issuer's component
}

func (d *dayOrder) sort(day []int) {
	if len(day) == 1 || !d.chained(day) {
		return
	}
	var seen []int32
	nodeOf := func(party int32) int32 {
		if d.node[party] == 0 {
			seen = append(seen, party)
			d.node[party] = int32(len(seen))
		}
		return d.node[party] - 1
	}
	type edge struct{ from, to int32 }
	edges := make([]edge, len(day))
	for i, s := range day {
		edges[i] = edge{nodeOf(d.steps[s].From), Nobody}
		if to := d.steps[s].To; to != Nobody {
			edges[i].to = nodeOf(to)
		}
	}
	g := newGraph(len(seen))
	for _, e := range edges {
		if e.to != Nobody && e.to != e.from {
			g.link(e.from, e.to)
		}
	}
	of, count := g.components()
	level := levels(g, of, count)
	keys := make([]dayKey, len(day))
	for i, s := range day {
		e := edges[i]
		inside := e.to != Nobody && e.to != e.from && of[e.from] == of[e.to]
		d.tied[s] = inside
		keys[i] = dayKey{s, level[of[e.from]], !inside}
	}
	slices.SortStableFunc(keys, func(a, b dayKey) int {
		if a.level != b.level || a.leave == b.leave {
			return cmp.Compare(a.level, b.level)
		}
		if b.leave {
			return -1
		}
		return 1
	})
	for i, k := range keys {
		day[i] = k.step
	}
	for _, p := range seen {
		d.node[p] = 0
	}
}

// chained reports whether any party both receives and issues on the day; else every order is as good.
func (d *dayOrder) chained(day []int) bool {
	for _, s := range day {
		if to := d.steps[s].To; to != Nobody {
			d.node[to] = 1
		}
	}
	found := false
	for _, s := range day {
		found = found || d.node[d.steps[s].From] == 1
	}
	for _, s := range day {
		if to := d.steps[s].To; to != Nobody {
			d.node[to] = 0
		}
	}
	return found
}

// levels is the length of the longest way to each component. Components are numbered against the edges, so walking the
// numbers downwards meets every component after all that lie upstream of it.
func levels(g graph, of []int32, count int32) []int32 {
	members := make([][]int32, count)
	for v, c := range of {
		members[c] = append(members[c], int32(v))
	}
	level := make([]int32, count)
	for c := count - 1; c >= 0; c-- {
		for _, v := range members[c] {
			for _, w := range g[v] {
				if of[w] != c {
					level[of[w]] = max(level[of[w]], level[c]+1)
				}
			}
		}
	}
	return level
}
