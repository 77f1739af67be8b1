package dedupe

import "math"

// Score compares two records of one type. It is symmetric and allocates nothing.
func (e *Engine) Score(a, b *Record) Pair {
	if compareKeys(a.Key, b.Key) > 0 {
		a, b = b, a
	}
	p := Pair{A: a.ID, B: b.ID, kind: a.Type}
	for i := range p.levels {
		p.levels[i] = notCompared
	}
	if a.Type != b.Type {
		p.Vetoes = VetoKind
		return p
	}
	if a.org != nil {
		e.compareOrganisations(a, b, &p)
	} else {
		e.comparePersons(a, b, &p)
	}
	w := e.types[a.Type]
	p.Weight += w.prior
	for i, level := range p.levels {
		if level != notCompared {
			p.Weight += w.levels[i][level] + e.frequencyTerm(a, b, i, level)
		}
	}
	e.decide(&p)
	return p
}

// decide lets rules and vetoes have their say and turns bits into a probability. Pair.Weight holds the evidence so far.
func (e *Engine) decide(p *Pair) {
	tm := e.model.Types[p.kind]
	ask := ExactBits(math.Log2(tm.Review / (1 - tm.Review)))
	switch {
	case p.Vetoes&VetoOther != 0:
		p.Weight = min(p.Weight, ask-1)
	case p.Rule != NoRule && p.Vetoes == 0:
		p.Weight = max(p.Weight, ruleWeight)
	case p.Rule != NoRule || p.Vetoes&VetoNames != 0 || p.Vetoes&(VetoUnplaced|VetoSpelling) != 0 && p.Vetoes&contradictions == 0:
		// A rule with a veto, one identifier under contradicting names, a name that only lacks its place or a letter: never silently
		// different, a person decides.
		p.Weight = max(p.Weight, ask+askMargin)
	}
	p.P = 1 / (1 + math.Exp2(-p.Weight))
}

const (
	// ruleWeight is the least evidence of a deterministic rule, in bits: p ≈ 0.999.
	ruleWeight = 10
	// askMargin lifts a question just over the review threshold.
	askMargin = 0.25
)

// frequencyTerm corrects exact agreement on a name by how common the name is.
func (e *Engine) frequencyTerm(a, b *Record, comparison int, level int8) float64 {
	if a.person == nil {
		return 0
	}
	if a.Type == Professional && comparison != hcpName || a.Type == Person && comparison != patientName || level < personSound {
		return 0
	}
	return e.types[a.Type].nameTerm(a.person, b.person)
}

// nameTerm uses the more common of the two names. A name that the table does not hold counts as names of its length do:
// two characters leave few combinations, three many.
func (w *weights) nameTerm(a, b *person) float64 {
	if w.names.Average <= 0 {
		return 0
	}
	return min(w.nameTermOf(a), w.nameTermOf(b))
}

func (w *weights) nameTermOf(p *person) float64 {
	if _, ok := w.names.Values[p.full]; ok {
		return w.names.Term(p.full)
	}
	if p.short {
		return ExactBits(-w.names.Scale * shortNamePenalty)
	}
	return w.names.Term(p.full)
}

// shortNamePenalty is, in bits, how much more common a name of two characters is than the average name.
const shortNamePenalty = 1
