package dedupe

import (
	"slices"

	"tributary/canonical"
)

// Contradiction is a pair of records that judgements keep apart and hold together at once.
type Contradiction struct {
	Apart Judgement
	Chain []Judgement // from Apart.A to Apart.B, each the same
}

// Contradict finds the first contradiction, in the order of keys, that added judgements bring to standing ones. Of
// several judgements on one pair the latest counts, so that a later word on the very pair contradicts nothing; what
// contradicts itself without the added ones is no fault of theirs.
func Contradict(standing, added []Judgement) (Contradiction, bool) {
	before, now := judgedGraph(standing), judgedGraph(slices.Concat(standing, added))
	for _, apart := range now.apart {
		chain := now.chain(apart.A, apart.B)
		if chain == nil || before.keepsApart(apart) && before.chain(apart.A, apart.B) != nil {
			continue
		}
		return Contradiction{apart, chain}, true
	}
	return Contradiction{}, false
}

// bonds are the judgements in force as a graph: records, joined where they are the same.
type bonds struct {
	apart []Judgement
	of    map[canonical.RecordKey][]Judgement // same, in the order of keys
}

func judgedGraph(judgements []Judgement) bonds {
	b := bonds{of: map[canonical.RecordKey][]Judgement{}}
	for _, j := range InForce(judgements) {
		if j.Same {
			b.of[j.A], b.of[j.B] = append(b.of[j.A], j), append(b.of[j.B], j)
		} else {
			b.apart = append(b.apart, j)
		}
	}
	return b
}

func (b bonds) keepsApart(j Judgement) bool {
	return slices.ContainsFunc(b.apart, func(have Judgement) bool { return have.A == j.A && have.B == j.B })
}

// chain is a shortest way from one record to another over judgements; nil when there is none.
func (b bonds) chain(from, to canonical.RecordKey) []Judgement {
	came := map[canonical.RecordKey]Judgement{from: {}}
	for frontier := []canonical.RecordKey{from}; len(frontier) > 0; frontier = frontier[1:] {
		for _, j := range b.of[frontier[0]] {
			next := other(j, frontier[0])
			if _, seen := came[next]; seen {
				continue
			}
			came[next] = j
			if next == to {
				return b.back(came, from, to)
			}
			frontier = append(frontier, next)
		}
	}
	return nil
}

func (b bonds) back(came map[canonical.RecordKey]Judgement, from, to canonical.RecordKey) []Judgement {
	var out []Judgement
	for at := to; at != from; at = other(out[len(out)-1], at) {
		out = append(out, came[at])
	}
	slices.Reverse(out)
	return out
}

// other is the other end of a judgement.
func other(j Judgement, end canonical.RecordKey) canonical.RecordKey {
	if j.A == end {
		return j.B
	}
	return j.A
}

// ChainOf is a shortest chain of judgements that hold two records together; nil when none does, or when they are one.
func ChainOf(judgements []Judgement, a, b canonical.RecordKey) []Judgement {
	if a == b {
		return nil
	}
	return judgedGraph(judgements).chain(a, b)
}
