package dedupe

import (
	"math"
	"slices"

	"tributary/canonical"
)

// TypeOf is the type of a customer kind. An unknown party of a flow row is compared with every kind of organisation.
func TypeOf(kind canonical.CustomerKind) Type {
	switch kind {
	case canonical.HCP:
		return Professional
	case canonical.Patient:
		return Person
	}
	return Organisation
}

// RulesVersion changes whenever keys, comparisons or rules change the outcome for some records under one model: what
// was stored under another version has to be computed again.
const RulesVersion = 4

// Options are the facts of a deployment that a model does not hold.
type Options struct {
	// Secret keys the blocking keys of persons, so that stored keys tell nothing. It must stay the same as long as
	// stored keys are used. Empty leaves them unkeyed: fit for files matched in memory.
	Secret []byte
	// CompanySource names the source whose ids are the company's own codes.
	CompanySource string
	// DuplicateFree names sources that never hold one customer twice: two of their records are never merged.
	DuplicateFree []string
}

// Engine applies a model. It is immutable and safe for concurrent use.
type Engine struct {
	model   *Model
	options Options
	types   map[Type]*weights
	aliases map[string]string // names in matching form
	shared  map[string]bool
	off     map[Type]map[string]bool // key rules not used
	stop    map[Type]map[string]bool // values that are no keys
}

// weights are the numbers of a type by comparison and level, ready to add.
type weights struct {
	prior  float64
	levels [maxComparisons][]float64
	names  Frequencies
}

// New makes an engine. The model must not be changed afterwards.
func New(model *Model, options Options) (*Engine, error) {
	if err := model.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{model: model, options: options, types: map[Type]*weights{}, aliases: map[string]string{}, shared: map[string]bool{},
		off: map[Type]map[string]bool{}, stop: map[Type]map[string]bool{}}
	for _, t := range Types() {
		tm := model.Types[t]
		w := &weights{prior: ExactBits(math.Log2(tm.Prior / (1 - tm.Prior))), names: tm.Frequencies["name"]}
		for i, c := range comparisonsOf(t) {
			w.levels[i] = make([]float64, len(c.levels))
			for _, l := range tm.Comparisons[c.name] {
				w.levels[i][slices.Index(c.levels, l.Level)] = l.Weight()
			}
		}
		e.types[t] = w
		e.off[t], e.stop[t] = setOf(tm.Blocking.Off), setOf(tm.Blocking.Stop)
	}
	for name, full := range model.Aliases {
		e.aliases[matchingForm(name)] = full
	}
	for _, v := range model.Shared {
		e.shared[matchingForm(v)] = true
	}
	return e, nil
}

// Version is the version of the model.
func (e *Engine) Version() string { return e.model.Version }

// Keep reports whether a pair belongs to the keep-graph.
func (e *Engine) Keep(p Pair) bool { return p.P >= e.model.Types[p.kind].Review }

// Verdict says what happens to a pair.
func (e *Engine) Verdict(p Pair) Verdict { return e.model.Types[p.kind].verdict(p) }

func (m *TypeModel) verdict(p Pair) Verdict {
	switch {
	case p.P < m.Review:
		return Different
	case p.P < m.Merge || p.Vetoes != 0:
		return Ask
	}
	return Match
}

func setOf(values []string) map[string]bool {
	out := make(map[string]bool, len(values))
	for _, v := range values {
		out[v] = true
	}
	return out
}
