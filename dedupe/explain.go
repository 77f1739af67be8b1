package dedupe

import "strings"

// Explanation is the reason of a pair: enough to print a waterfall that a pharmacist can check. Values of persons are
// in clear; whoever shows them masks them.
type Explanation struct {
	Model   string     `json:"model"`
	Verdict string     `json:"verdict"`
	Rule    string     `json:"rule,omitempty"`
	Vetoes  []string   `json:"vetoes"`
	Prior   float64    `json:"prior"` // bits
	Levels  []LevelWhy `json:"levels"`
	Weight  float64    `json:"weight"` // bits: prior + levels + frequencies, raised to the rule's own when a rule decided
	P       float64    `json:"probability"`
	Merge   float64    `json:"merge_threshold"`
	Review  float64    `json:"review_threshold"`
	Shared  []string   `json:"shared_keys,omitempty"` // whether blocking brings the two together, and by how many keys
	verdict Verdict
}

// LevelWhy is one comparison. Level is empty when a side had no value: that counts for nothing.
type LevelWhy struct {
	Comparison string  `json:"comparison"`
	Level      string  `json:"level"`
	Left       string  `json:"left"`
	Right      string  `json:"right"`
	Weight     float64 `json:"weight"`
	Frequency  float64 `json:"frequency,omitempty"` // correction for a rare or common value
	Personal   bool    `json:"-"`
}

// Why explains what Score says of two records. Records of different types are different, without comparisons.
func (e *Engine) Why(a, b *Record) Explanation {
	x := Explanation{Model: e.model.Version, Verdict: Different.String(), Vetoes: []string{}, Levels: []LevelWhy{}}
	if a.Type != b.Type {
		x.Vetoes = VetoKind.List()
		return x
	}
	if compareKeys(a.Key, b.Key) > 0 {
		a, b = b, a
	}
	p := e.Score(a, b)
	w, tm := e.types[a.Type], e.model.Types[a.Type]
	x.verdict = e.Verdict(p)
	x.Verdict, x.Rule, x.Prior, x.Weight, x.P = x.verdict.String(), p.Rule.String(), w.prior, p.Weight, p.P
	x.Merge, x.Review = tm.Merge, tm.Review
	x.Vetoes = append(x.Vetoes, p.Vetoes.List()...)
	for i, c := range comparisonsOf(a.Type) {
		l := LevelWhy{Comparison: c.name, Personal: personal(a.Type, c.name)}
		l.Left, l.Right = a.shown(i), b.shown(i)
		if level := p.levels[i]; level != notCompared {
			l.Level, l.Weight = c.levels[level], w.levels[i][level]
			l.Frequency = e.frequencyTerm(a, b, i, level)
		}
		x.Levels = append(x.Levels, l)
	}
	x.Shared = e.sharedKeys(a, b)
	return x
}

// Pattern is the comparison without its values: the level of each comparison, in a fixed order.
func (x *Explanation) Pattern() string {
	out := make([]string, 0, len(x.Levels))
	for _, l := range x.Levels {
		if l.Level != "" {
			out = append(out, l.Comparison+"="+l.Level)
		}
	}
	return strings.Join(out, " ")
}

// sharedKeys names the blocking rules that bring two records together; none means they are never compared by a run.
func (e *Engine) sharedKeys(a, b *Record) []string {
	var out []string
	seen := map[uint64]bool{}
	for _, k := range e.Keys(a) {
		seen[k.Hash] = true
	}
	for _, k := range e.namedKeys(b) {
		if seen[k.Hash] {
			out = append(out, k.rule)
		}
	}
	return out
}

// personal reports whether the values of a comparison are personal: everything of patients; of others how to reach them,
// and what identifies a person.
func personal(t Type, comparison string) bool {
	switch comparison {
	case "phone", "email", "people", "certificate", "birth", "gender", "national_id":
		return true
	}
	return t == Person
}

// Mask hides personal values: what remains tells whether they agree, not what they are.
func (x *Explanation) Mask() {
	for i := range x.Levels {
		l := &x.Levels[i]
		if !l.Personal {
			continue
		}
		same := l.Left == l.Right
		if l.Left != "" {
			l.Left = "***"
		}
		if l.Right != "" {
			l.Right = "***"
			if !same {
				l.Right = "****"
			}
		}
	}
}
