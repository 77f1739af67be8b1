package trace

import (
	"cmp"
	"slices"

	"tributary/canonical"
	"tributary/trace/flow"
)

// sweep follows the goods of a lot through its movements in their order. Every party holds a mix of ways; what it issues
// takes its share of each.
type sweep struct {
	data      *Data
	tolerance canonical.Date
	tree      *pathTree
	hold      []mix
	arrived   []mix
	uncertain []bool
	inflow    [][]int          // party → its receipts in their order
	counts    func(*Move) bool // which receipts are listed as arrived
	done      []bool
	busy      []bool
	truncated bool
}

func newSweep(d *Data, opt flow.Options) *sweep {
	n := len(d.Parties)
	s := &sweep{
		data: d, tolerance: canonical.Date(cmp.Or(max(opt.Tolerance, 0), 7)), tree: newPathTree(), counts: func(*Move) bool { return true },
		hold: make([]mix, n), arrived: make([]mix, n), uncertain: make([]bool, n),
		inflow: make([][]int, n), done: make([]bool, len(d.Moves)), busy: make([]bool, len(d.Moves)),
	}
	if q := d.Lot.Quantity; q > 0 {
		s.receive(d.Maker, mix{{s.tree.root(d.Maker), q}}, true)
	}
	return s
}

// run lets all movements happen.
func (s *sweep) run() {
	steps := make([]flow.Step, len(s.data.Moves))
	for i, m := range s.data.Moves {
		steps[i] = flow.Step{From: m.From, To: m.To, Date: m.Date, DocNo: m.DocNo, ID: m.ID}
	}
	order, tied := flow.Order(len(s.data.Parties), steps)
	for _, i := range order {
		if m := s.data.Moves[i]; m.To != flow.Nobody {
			s.inflow[m.To] = append(s.inflow[m.To], i)
		}
	}
	for _, i := range order {
		m := s.data.Moves[i]
		if tied[i] {
			s.uncertain[m.From], s.uncertain[m.To] = true, true
		}
		s.process(i)
	}
}

// process lets one movement happen. When the issuer lacks the goods, receipts dated up to the tolerance later come first;
// goods that are still lacking first appear here.
func (s *sweep) process(i int) {
	m := &s.data.Moves[i]
	if s.done[i] || s.busy[i] || m.Point == 0 {
		return
	}
	s.busy[i] = true
	held := s.hold[m.From].total()
	for in := s.inflow[m.From]; len(in) > 0 && s.done[in[0]]; in = in[1:] {
		s.inflow[m.From] = in[1:]
	}
	for _, r := range s.inflow[m.From] {
		if held >= m.Point || s.data.Moves[r].Date > m.Date+s.tolerance {
			break
		}
		if !s.done[r] && !s.busy[r] && s.data.Moves[r].Point > 0 {
			s.uncertain[m.From] = true
			s.process(r)
			held = s.hold[m.From].total()
		}
	}
	taken, left := mix(nil), mix(nil)
	if n := min(held, m.Point); n > 0 {
		taken, left = s.hold[m.From].split(n)
	}
	s.hold[m.From] = left
	if held < m.Point {
		taken = taken.plus(mix{{s.tree.root(m.From), m.Point - held}})
	}
	if m.To != flow.Nobody {
		s.receive(m.To, s.extend(taken, m.To), s.counts(m))
	}
	s.done[i] = true
}

func (s *sweep) extend(m mix, party int32) mix {
	var out mix
	for _, st := range m {
		out = append(out, stream{s.tree.extend(st.way, party), st.q})
	}
	slices.SortStableFunc(out, func(a, b stream) int { return cmp.Compare(a.way, b.way) })
	// Two ways may become one when a loop is cut.
	merged := out[:0]
	for _, st := range out {
		if last := len(merged) - 1; last >= 0 && merged[last].way == st.way {
			merged[last].q += st.q
			continue
		}
		merged = append(merged, st)
	}
	return merged
}

func (s *sweep) receive(party int32, m mix, listed bool) {
	if listed {
		s.arrived[party] = s.bounded(s.arrived[party].plus(m))
	}
	s.hold[party] = s.bounded(s.hold[party].plus(m))
}

func (s *sweep) bounded(m mix) mix {
	if len(m) > keptPaths {
		s.truncated = true
		return m.bounded(keptPaths)
	}
	return m
}
