package table

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

const (
	worlds     = 1024  // ways in which a match may be damaged that rules are judged by
	ruleSample = 20000 // rows on which the price of a rule is measured
	maxRules   = 24
)

// budget is how many candidate pairs a run over n rows may look at.
func budget(n int) float64 { return max(4*float64(n), min(float64(n)*250, 3e6)) }

// worldSet are worlds as bits.
type worldSet [worlds / 64]uint64

func (s *worldSet) count(without *worldSet) (n int) {
	for k, b := range s {
		n += popcount(b &^ without[k])
	}
	return n
}

// option is a rule that could be used.
type option struct {
	rule
	survives worldSet
	pairs    float64
}

// chooseRules picks passes that together find the most matches for their price. A world says for every column how much
// of it is whole in a match; a rule finds the match in the worlds where all its atoms survive. Rules are taken by what
// they find that no earlier rule finds, per pair they cost.
func chooseRules(d *data, all comparisons, atoms []*atom) []*rule {
	alive := make([]worldSet, len(atoms))
	for n, a := range atoms {
		for w := range worlds {
			// One quality per column and world: a column whose value is whole also sounds right.
			quality := float64(mix(uint64(a.column+1)<<32|uint64(w))>>11) / (1 << 53)
			if quality < damaged(a.keep) {
				alive[n][w/64] |= 1 << (w % 64)
			}
		}
	}
	sample := make([]int32, min(d.rows, ruleSample))
	for i := range sample {
		sample[i] = int32(i * d.rows / len(sample))
	}
	var options []*option
	limit := budget(d.rows) / 3
	consider := func(chosen ...int) bool {
		o := &option{survives: alive[chosen[0]]}
		for _, n := range chosen {
			o.atoms = append(o.atoms, atoms[n])
			for k := range o.survives {
				o.survives[k] &= alive[n][k]
			}
		}
		o.pairs = o.price(d, all, sample)
		if o.pairs <= limit {
			options = append(options, o)
			return true
		}
		return false
	}
	for i := range atoms {
		if consider(i) {
			continue
		}
		for j := range i {
			if atoms[j].column == atoms[i].column || consider(j, i) {
				continue
			}
			for k := range j {
				if atoms[k].column != atoms[i].column && atoms[k].column != atoms[j].column {
					consider(k, j, i)
				}
			}
		}
	}
	return pick(options, budget(d.rows))
}

// pick is greedy, by worlds newly found per pair; the order of options breaks ties.
func pick(options []*option, left float64) []*rule {
	var out []*rule
	var found worldSet
	for len(out) < maxRules {
		var best *option
		value := 0.0
		for _, o := range options {
			if o.pairs > left {
				continue
			}
			if v := float64(o.survives.count(&found)) / (o.pairs + left/64); v > value {
				best, value = o, v
			}
		}
		if best == nil || best.survives.count(&found) < 1 {
			return out
		}
		for k := range found {
			found[k] |= best.survives[k]
		}
		left -= best.pairs
		out = append(out, &best.rule)
		options = slices.DeleteFunc(options, func(o *option) bool { return o == best })
	}
	return out
}

// price is how many pairs the rule makes, estimated on a sample of rows.
func (r *rule) price(d *data, all comparisons, sample []int32) float64 {
	keys := make([]uint64, 0, len(sample))
	for _, row := range sample {
		if k := r.key(all, row); k != 0 {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	pairs := 0.0
	for i := 0; i < len(keys); {
		j := i + 1
		for j < len(keys) && keys[j] == keys[i] {
			j++
		}
		pairs += float64(j-i) * float64(j-i-1) / 2
		i = j
	}
	scale := float64(d.rows) / float64(len(sample))
	return pairs*scale*scale + 1
}

// rulesNamed finds the passes that a model names.
func rulesNamed(names []string, atoms []*atom, all comparisons) ([]*rule, error) {
	byName := map[string]*atom{}
	for _, a := range atoms {
		byName[all[a.column].field.String()+":"+a.form] = a
	}
	var out []*rule
	for _, name := range names {
		r := &rule{}
		for part := range strings.SplitSeq(name, " & ") {
			a := byName[part]
			if a == nil {
				return nil, fmt.Errorf("blocking: %q names no column and form of this model", part)
			}
			r.atoms = append(r.atoms, a)
		}
		out = append(out, r)
	}
	return out, nil
}

// damaged is the share of matches whose values agree when data are worse than usual: passes are chosen for those.
func damaged(keep float64) float64 { return math.Pow(keep, 2) }
