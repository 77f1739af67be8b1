package table

import (
	"math"

	"tributary/dedupe"
	"tributary/dedupe/train"
)

// scorer gives the evidence for pairs of rows. It is immutable.
type scorer struct {
	all    comparisons
	prior  float64
	weight [train.MaxComparisons][train.MaxLevels + 1]float64
	knots  [train.MaxComparisons][]float64 // weights of text levels, for lines between them
	absent [train.MaxComparisons][]float64 // word → bits when one text lacks it
	terms  [train.MaxComparisons][]float64 // value → correction of its equal level by its own frequency
	shared []uint64
	share  []float64 // log2 of the share of a class against unrelated pairs
}

func newScorer(all comparisons, m *Model) *scorer {
	s := &scorer{all: all, prior: dedupe.ExactBits(math.Log2(m.Lambda / (1 - m.Lambda)))}
	number := map[string]int{}
	for c, x := range all {
		number[x.field.String()] = c
		var chances [train.MaxLevels + 1]dedupe.Level
		for l, name := range x.levels {
			for _, level := range m.Comparisons[c].Levels {
				if level.Level == name {
					chances[l+1] = level
				}
			}
		}
		x.weigh(chances, &s.weight[c])
		if x.text {
			s.knots[c] = s.weight[c][:len(x.levels)+1]
			s.absent[c] = x.own.lex.absentBits(m.Comparisons[c].Words)
		}
		if x.equal > 0 {
			s.terms[c] = x.terms()
		}
	}
	for _, class := range m.Shared {
		set := uint64(0)
		for _, name := range class.Fields {
			set |= 1 << number[name]
		}
		s.shared = append(s.shared, set)
		s.share = append(s.share, math.Log2(class.Share/(1-m.Lambda)))
	}
	return s
}

// weigh turns the chances of levels into weights. A stricter level never weighs less than a looser one: neighbours that
// break this are taken together. Of levels off the ladder (an initial, a value in another column) it is only asked that
// they weigh no more than equality.
func (c *comparison) weigh(chances [train.MaxLevels + 1]dedupe.Level, out *[train.MaxLevels + 1]float64) {
	var ladder, equal, beside []int
	whole := dedupe.Level{}
	for l := 1; l <= len(c.levels); l++ {
		switch name := c.levels[l-1]; {
		case c.equal > 0 && l >= c.equal:
			equal = append(equal, l)
			whole.M, whole.U = whole.M+chances[l].M, whole.U+chances[l].U
		case name == "initial" || name == "crossed":
			beside = append(beside, l)
		default:
			ladder = append(ladder, l)
		}
	}
	monotone(chances, ladder, out)
	monotone(chances, equal, out)
	for _, l := range beside {
		out[l] = chances[l].Weight()
	}
	if whole.M > 0 {
		most := whole.Weight()
		for _, l := range append(ladder, beside...) {
			out[l] = math.Min(out[l], most)
		}
	}
}

// monotone pools neighbours whose weights fall (pool adjacent violators).
func monotone(chances [train.MaxLevels + 1]dedupe.Level, levels []int, out *[train.MaxLevels + 1]float64) {
	type pool struct {
		dedupe.Level
		levels []int
	}
	var pools []pool
	for _, l := range levels {
		pools = append(pools, pool{chances[l], []int{l}})
		for n := len(pools); n > 1 && pools[n-1].Weight() < pools[n-2].Weight(); n-- {
			p, q := pools[n-2], pools[n-1]
			pools[n-2] = pool{dedupe.Level{M: p.M + q.M, U: p.U + q.U}, append(p.levels, q.levels...)}
			pools = pools[:n-1]
		}
	}
	for _, p := range pools {
		for _, l := range p.levels {
			out[l] = p.Weight()
		}
	}
}

// terms are, per value, how much more telling equality on it is than the average of its level, in bits.
func (c *comparison) terms() []float64 {
	var square, mass [5]float64
	tf := func(v int) float64 { return math.Max(float64(c.own.count[v])-1, 1) }
	for v := 1; v < len(c.own.count); v++ {
		n := float64(c.own.count[v])
		square[c.own.equal[v]] += n * tf(v)
		mass[c.own.equal[v]] += n
	}
	out := make([]float64, len(c.own.count))
	for v := 1; v < len(out); v++ {
		b := c.own.equal[v]
		if mass[b] > 0 {
			out[v] = dedupe.ExactBits(math.Log2(square[b] / mass[b] / tf(v)))
		}
	}
	return out
}

// score is the weight of two rows in bits, the prior included.
func (s *scorer) score(i, j int32) float64 {
	if i > j {
		i, j = j, i
	}
	total := s.prior
	var bits [train.MaxComparisons]float64
	for c, x := range s.all {
		l, sim := x.level(i, j)
		if l == 0 {
			continue
		}
		w := s.weight[c][l]
		if x.text {
			w = between(s.knots[c], sim)
			if s.absent[c] != nil && sim >= habitFrom {
				w += x.own.lex.absence(s.absent[c], x.col.of[i], x.col.of[j])
			}
		} else if x.own.orgs != nil {
			w += tieBreak * (sim - 0.5)
		} else if x.equal > 0 && l >= x.equal {
			w += s.terms[c][x.col.of[i]]
		}
		bits[c] = w
		total += w
	}
	if len(s.shared) > 0 {
		other := 1.0
		for k, set := range s.shared {
			sum := s.share[k]
			for c := range s.all {
				if set>>c&1 != 0 {
					sum += bits[c]
				}
			}
			other += math.Exp2(sum)
		}
		total -= math.Log2(other)
	}
	return dedupe.ExactBits(total)
}

// tieBreak is, in bits, how much the likeness of the written names adds to what their parts say.
const tieBreak = 4

func probabilityOf(weight float64) float64 { return 1 / (1 + math.Exp2(-weight)) }
