package flow

import (
	"cmp"
	"slices"
	"strings"

	"tributary/canonical"
)

// split divides one lot-less issue among the lots of its caps by the evidence there is, never outside their bounds.
type split struct {
	q     canonical.Quantity // to divide
	rest  canonical.Quantity // not divided yet
	parts []part             // by lot
}

type part struct {
	bound
	point canonical.Quantity
	held  canonical.Quantity // at the issuer before the issue, at most upper
	grade canonical.Grade
}

// room is what the part can still take of goods that are there.
func (p *part) room() canonical.Quantity { return max(0, p.held-p.point) }

func newSplit(q canonical.Quantity, caps []bound, h *holding) *split {
	s := &split{q: q, rest: q, parts: make([]part, len(caps))}
	for i, b := range caps {
		grade := canonical.GradeE
		if b.low == b.high {
			grade = canonical.GradeD // the bounds leave no choice
		}
		s.parts[i] = part{bound: b, point: b.low, held: min(b.upper, max(0, h.of(b.lot))), grade: grade}
		s.rest -= b.low
	}
	return s
}

// byReport divides as the next stock report demands. It fails when the report leaves a choice; then it narrows what byAge
// may choose from, unless that would leave too little: where the books do not close, the report is not the whole truth.
func (s *split) byReport(c *closing) bool {
	if !c.known {
		return false
	}
	limit := make([]canonical.Quantity, len(s.parts))
	sum, held, within := canonical.Quantity(0), canonical.Quantity(0), true
	for i := range s.parts {
		p := &s.parts[i]
		limit[i] = max(0, min(c.left[p.lot], p.high))
		within = within && limit[i] >= p.low
		sum += limit[i]
		held += min(limit[i], p.held)
	}
	if c.sole && within && sum == s.q {
		for i := range s.parts {
			s.parts[i].point, s.parts[i].grade = limit[i], canonical.GradeC
		}
		s.rest = 0
		return true
	}
	if held >= s.q {
		for i := range s.parts {
			s.parts[i].held = min(s.parts[i].held, limit[i])
		}
	}
	return false
}

// byAge divides by what is there: all from the only lot, else first in, first out, and in proportion where several lots
// came in on one day. When that would leave a lot below its low, because less of it is there than the bounds must allow
// for, every low goes first.
func (s *split) byAge(h *holding) {
	only, there := -1, 0
	for i := range s.parts {
		if s.parts[i].held > 0 {
			only, there = i, there+1
		}
	}
	if there == 1 {
		p := &s.parts[only]
		n := min(s.rest, p.room())
		p.point += n
		s.rest -= n
		p.grade = canonical.GradeD
		return
	}
	lowsFirst := slices.Clone(s.parts)
	rest := s.rest
	for i := range s.parts {
		s.parts[i].point = 0
	}
	s.rest = s.q
	s.oldestFirst(h)
	if slices.ContainsFunc(s.parts, func(p part) bool { return p.point < p.low }) {
		s.parts, s.rest = lowsFirst, rest
		s.oldestFirst(h)
	}
}

func (s *split) oldestFirst(h *holding) {
	layers := s.layers(h)
	for start := 0; start < len(layers) && s.rest > 0; {
		end := start + 1
		for end < len(layers) && layers[end].date == layers[start].date {
			end++
		}
		s.day(layers[start:end])
		start = end
	}
}

// aged is what a part can take of one day's receipts.
type aged struct {
	date canonical.Date
	part int
	q    canonical.Quantity
}

// layers are the receipts that are left beyond the points, oldest first.
func (s *split) layers(h *holding) []aged {
	var out []aged
	for i := range s.parts {
		p := &s.parts[i]
		shelf, used, room := h.lots[p.lot], p.point, p.room()
		if shelf == nil {
			continue
		}
		for _, l := range shelf.layers {
			n := max(0, l.left-used)
			used = max(0, used-l.left)
			if n = min(n, room); n == 0 {
				continue
			}
			room -= n
			if last := len(out) - 1; last >= 0 && out[last].part == i && out[last].date == l.date {
				out[last].q += n
				continue
			}
			out = append(out, aged{l.date, i, n})
		}
	}
	slices.SortFunc(out, func(a, b aged) int {
		return cmp.Or(cmp.Compare(a.date, b.date), strings.Compare(s.parts[a.part].lot, s.parts[b.part].lot))
	})
	return out
}

func (s *split) day(layers []aged) {
	weights := make([]canonical.Quantity, len(layers))
	sum := canonical.Quantity(0)
	for k, l := range layers {
		weights[k] = l.q
		sum += l.q
	}
	take, grade := weights, canonical.GradeE
	if sum > s.rest {
		take = Apportion(s.rest, weights, Grain(append(weights, s.rest)...))
		if len(layers) > 1 {
			grade = canonical.GradeF
		}
	}
	for k, l := range layers {
		p := &s.parts[l.part]
		p.point += take[k]
		s.rest -= take[k]
		if take[k] > 0 {
			p.grade = p.grade.Worse(grade)
		}
	}
}

func (s *split) shares() []share {
	out := make([]share, 0, len(s.parts))
	for _, p := range s.parts {
		out = append(out, share{p.lot, p.low, p.point, p.high, p.grade})
	}
	return out
}
