package train

import (
	"math"
	"slices"
)

// Problem is what is known before the fit.
type Problem struct {
	Counts []Count // candidates by pattern, in a fixed order
	Pairs  float64 // pairs of the universe, candidates included
	// U are the chances of levels in random pairs, per comparison; index 0 is unused. They may include matches: the fit
	// takes them out again.
	U [][]float64
	// Start are the chances of levels in matches as they are expected; they stay in the fit with the weight of Strength
	// pairs, given per comparison.
	Start    [][]float64
	Strength []float64
	// Matches is the expected number of matches, a start.
	Matches float64
	// Shared are the classes of pairs that share circumstances: sets of comparisons as bits.
	Shared []uint64
	Fixed  bool // m stays as Start says; only λ and the shares are fitted
}

// Fit is a fitted model.
type Fit struct {
	Lambda     float64 // share of matches among all pairs
	M, U       [][]float64
	Shared     []float64 // share of each class among all pairs
	Iterations int
	Failed     string // why the fit is no model; "" when it is one
}

// Reasons of Fit.Failed.
const (
	NoPairs    = "no_pairs"    // no candidates
	NoMatches  = "no_matches"  // λ went to 0
	AllMatches = "all_matches" // λ went to 1: what was found is not a small class of duplicates
)

const (
	maxIterations = 200
	tolerance     = 1e-5
	floor         = 1e-9
)

// Train fits λ, m and the shares of the classes.
func Train(p Problem) Fit {
	f := Fit{Lambda: clamp(p.Matches / p.Pairs), M: clone(p.Start), U: clone(p.U), Shared: make([]float64, len(p.Shared))}
	for k := range f.Shared {
		f.Shared[k] = f.Lambda
	}
	if len(p.Counts) == 0 || p.Pairs < 1 {
		f.Failed = NoPairs
		return f
	}
	e := newExpectation(&p)
	for f.Iterations = 1; f.Iterations <= maxIterations; f.Iterations++ {
		e.run(&f)
		if e.maximise(&f) < tolerance {
			break
		}
	}
	switch {
	case f.Lambda*p.Pairs < 0.5:
		f.Failed = NoMatches
	case f.Lambda > 0.5:
		f.Failed = AllMatches
	}
	return f
}

// expectation holds the sums of one step.
type expectation struct {
	p       *Problem
	ratio   [][]float64 // m/u per comparison and level
	matches float64
	shared  []float64
	byLevel [][]float64 // expected matches per comparison and level
}

func newExpectation(p *Problem) *expectation {
	return &expectation{p: p, ratio: clone(p.U), shared: make([]float64, len(p.Shared)), byLevel: clone(p.U)}
}

func (e *expectation) run(f *Fit) {
	for c := range e.ratio {
		for l := range e.ratio[c] {
			e.ratio[c][l] = math.Max(f.M[c][l], floor) / math.Max(f.U[c][l], floor)
			e.byLevel[c][l] = 0
		}
	}
	e.matches = 0
	clear(e.shared)
	rest := 1 - f.Lambda
	for _, s := range f.Shared {
		rest -= s
	}
	rest = math.Max(rest, floor)
	class := make([]float64, len(e.shared))
	for _, n := range e.p.Counts {
		match := f.Lambda
		for k := range class {
			class[k] = f.Shared[k]
		}
		for c := range e.ratio {
			l := n.Pattern.Level(c)
			if l == 0 {
				continue
			}
			r := e.ratio[c][l]
			match *= r
			for k, set := range e.p.Shared {
				if set>>c&1 != 0 {
					class[k] *= r
				}
			}
		}
		all := match + rest
		for _, r := range class {
			all += r
		}
		match = match / all * n.Pairs
		e.matches += match
		for k := range class {
			class[k] = class[k] / all * n.Pairs
			e.shared[k] += class[k]
		}
		for c := range e.ratio {
			l := n.Pattern.Level(c)
			if l == 0 {
				continue
			}
			e.byLevel[c][l] += match
		}
	}
}

// maximise takes the sums over into the fit and returns the largest change of λ (relative) and m.
func (e *expectation) maximise(f *Fit) float64 {
	lambda := clamp(e.matches / e.p.Pairs)
	change := math.Abs(lambda-f.Lambda) / f.Lambda
	f.Lambda = lambda
	for k := range f.Shared {
		f.Shared[k] = clamp(e.shared[k] / e.p.Pairs)
	}
	for c := range f.M {
		if !e.p.Fixed {
			total := e.p.Strength[c]
			for _, n := range e.byLevel[c] {
				total += n
			}
			for l := 1; l < len(f.M[c]); l++ {
				m := (e.byLevel[c][l] + e.p.Strength[c]*e.p.Start[c][l]) / total
				change = math.Max(change, math.Abs(m-f.M[c][l]))
				f.M[c][l] = m
			}
		}
		for l := 1; l < len(f.U[c]); l++ {
			u := e.p.U[c][l]
			f.U[c][l] = math.Max(u-lambda*f.M[c][l], u/8) // random pairs hold matches too
		}
	}
	return change
}

// Refit takes m and λ from pairs whose chance of being a match is known from elsewhere: Pairs of a count are expected
// matches. The expected chances stay in with their strength.
func (f *Fit) Refit(p *Problem, matches []Count) {
	own := *p
	own.Strength = slices.Clone(p.Strength)
	for _, n := range matches {
		for c := range own.Strength {
			own.Strength[c] += n.Pairs / 6 // pairs that the fit itself has chosen are too much alike
		}
	}
	e := newExpectation(&own)
	for c := range e.byLevel {
		clear(e.byLevel[c])
	}
	for _, n := range matches {
		e.matches += n.Pairs
		for c := range e.byLevel {
			e.byLevel[c][n.Pattern.Level(c)] += n.Pairs
		}
	}
	for c := range e.byLevel {
		e.byLevel[c][0] = 0 // not compared
	}
	copy(e.shared, f.Shared)
	for k := range e.shared {
		e.shared[k] *= p.Pairs
	}
	e.maximise(f)
}

// Clone is a copy that a refit may change.
func (f Fit) Clone() Fit {
	f.M, f.U, f.Shared = clone(f.M), clone(f.U), slices.Clone(f.Shared)
	return f
}

func clamp(p float64) float64 { return math.Min(math.Max(p, 1e-12), 0.999) }

func clone(a [][]float64) [][]float64 {
	out := make([][]float64, len(a))
	for i := range a {
		out[i] = append([]float64(nil), a[i]...)
	}
	return out
}
