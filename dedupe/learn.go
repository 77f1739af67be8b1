package dedupe

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"

	"tributary/dedupe/train"
)

// Bounds of a training. Below them the numbers of the base are better than what is learned.
const (
	leastRecords = 300 // of a type
	leastMatches = 30  // expected among its pairs
	mostMatches  = 2.0 // per record: more is no small class of duplicates
	leastOfLevel = 20  // pairs: a level with less keeps the base's weight
	leastPairs   = 200 // candidates with a value on both sides: a comparison with less keeps the base's numbers
	baseStrength = 50  // pairs that the base's chances count for
)

// Reasons why the numbers of the base were kept for a type, beside those of train.Fit.
const (
	KeptFewRecords = "few_records" // too few to learn from
	KeptFewMatches = "few_matches" // too few duplicates to learn from
	KeptTooMany    = "too_many"    // it found matches for everyone: it took something common for proof
	KeptNoName     = "no_name"     // names agree as often in what it took for different customers
)

// Learned is what a training found.
type Learned struct {
	Types  map[Type]TypeTraining
	Pooled []Warning // levels that were less evidence than a looser one, and weigh the same now
	Labels Labels
}

// Trained reports whether anything was learned at all.
func (l *Learned) Trained() bool {
	for _, t := range l.Types {
		if t.Kept == "" {
			return true
		}
	}
	return false
}

// Learn makes a new model out of the engine's: m, u and λ of each type are fitted without labels to the pairs that
// blocking brings together, names get their frequencies. Thresholds, bounds, aliases and shared values stay (see
// SharedValues). A type whose fit fails keeps its numbers, and says why. Judgements are labels: they do not move the
// fit, they measure it. The same records and judgements in any order give the same model.
func (e *Engine) Learn(ctx context.Context, name string, records []*Record, judgements []Judgement) (*Model, *Learned, error) {
	records = slices.Clone(records)
	slices.SortFunc(records, func(a, b *Record) int { return compareKeys(a.Key, b.Key) })
	model := e.model.clone()
	model.Name = name
	out := &Learned{Types: map[Type]TypeTraining{}}
	for _, t := range Types() {
		var own []*Record
		for _, r := range records {
			if r.Type == t {
				own = append(own, r)
			}
		}
		report, err := e.learnType(ctx, t, own, model.Types[t], out)
		if err != nil {
			return nil, nil, err
		}
		out.Types[t] = report
	}
	model.Sign()
	learned, err := New(model, e.options)
	if err != nil {
		return nil, nil, err
	}
	out.Labels = labelled(e, learned, records, judgements)
	return model, out, nil
}

// WithShared is the model with other shared values. Its version is another one.
func (m *Model) WithShared(values []string) *Model {
	out := m.clone()
	out.Shared = values
	out.Sign()
	return out
}

// clone is a model of its own that decides alike.
func (m *Model) clone() *Model {
	out := &Model{Format: m.Format, Name: m.Name, Types: map[Type]*TypeModel{}, Aliases: maps.Clone(m.Aliases), Shared: slices.Clone(m.Shared)}
	for t, tm := range m.Types {
		own := *tm
		own.Blocking.Stop, own.Blocking.Off = slices.Clone(tm.Blocking.Stop), slices.Clone(tm.Blocking.Off)
		own.Comparisons = map[string][]Level{}
		for name, levels := range tm.Comparisons {
			own.Comparisons[name] = slices.Clone(levels)
		}
		own.Frequencies = maps.Clone(tm.Frequencies)
		out.Types[t] = &own
	}
	return out
}

// learnType fits the numbers of a type into tm, which holds those of the base.
func (e *Engine) learnType(ctx context.Context, t Type, records []*Record, tm *TypeModel, out *Learned) (TypeTraining, error) {
	report := TypeTraining{Records: len(records)}
	if len(records) < leastRecords {
		report.Kept = KeptFewRecords
		return report, nil
	}
	counted, err := e.countPairs(ctx, records)
	if err != nil {
		return report, err
	}
	report.Pairs, report.Levels = counted.pairs, counted.shares(t)
	p := e.problem(t, tm, counted)
	f := train.Train(p)
	report.Matches = short(f.Lambda * p.Pairs)
	at := slices.IndexFunc(comparisonsOf(t), func(c comparison) bool { return c.name == "name" })
	whole := len(f.M[at]) - 1
	switch {
	case f.Failed != "":
		report.Kept = f.Failed
	case report.Matches < leastMatches:
		report.Kept = KeptFewMatches
	case report.Matches > mostMatches*float64(len(records)):
		report.Kept = KeptTooMany
	case f.M[at][whole] <= 2*f.U[at][whole]:
		report.Kept = KeptNoName
	}
	if report.Kept != "" {
		return report, nil
	}
	tm.Prior = probability(f.Lambda)
	for c, x := range comparisonsOf(t) {
		if counted.compared(c) < leastPairs {
			continue
		}
		levels := make([]Level, len(x.levels))
		seen := make([]bool, len(x.levels))
		for l, name := range x.levels {
			levels[l] = tm.Comparisons[x.name][slices.IndexFunc(tm.Comparisons[x.name], func(have Level) bool { return have.Level == name })]
			if seen[l] = counted.levels[c][l+1]+counted.others[c][l+1] >= leastOfLevel; seen[l] {
				levels[l].M, levels[l].U = probability(f.M[c][l+1]), probability(f.U[c][l+1])
			}
		}
		out.Pooled = append(out.Pooled, pool(t, x.name, levels, seen)...)
		fitIn(levels, seen)
		tm.Comparisons[x.name] = levels
	}
	if t != Organisation {
		if tm.Frequencies == nil {
			tm.Frequencies = map[string]Frequencies{}
		}
		tm.Frequencies["name"] = nameFrequencies(records, f.U[at][whole], tm.Frequencies["name"])
	}
	return report, nil
}

// problem is what is known before the fit.
func (e *Engine) problem(t Type, tm *TypeModel, counted *pairCounts) train.Problem {
	p := train.Problem{Pairs: counted.universe, Matches: max(float64(counted.matches)+float64(counted.asked)/2, 1), Shared: circumstances[t]}
	for pattern, n := range counted.patterns {
		p.Counts = append(p.Counts, train.Count{Pattern: pattern, Pairs: float64(n)})
	}
	slices.SortFunc(p.Counts, func(a, b train.Count) int {
		switch {
		case a.Pattern < b.Pattern:
			return -1
		case a.Pattern > b.Pattern:
			return 1
		}
		return 0
	})
	for c, x := range comparisonsOf(t) {
		m, u := baseChances(x, tm.Comparisons[x.name])
		if counted.compared(c) >= leastPairs {
			u = counted.chances(c, len(x.levels))
		}
		p.Start, p.U, p.Strength = append(p.Start, m), append(p.U, u), append(p.Strength, baseStrength)
	}
	return p
}

// baseChances are the chances of the base's levels, scaled to sum to one; index 0 is unused.
func baseChances(x comparison, levels []Level) (m, u []float64) {
	m, u = make([]float64, len(x.levels)+1), make([]float64, len(x.levels)+1)
	var ms, us float64
	for _, have := range levels {
		l := slices.Index(x.levels, have.Level) + 1
		m[l], u[l] = have.M, have.U
		ms, us = ms+have.M, us+have.U
	}
	for l := range m {
		m[l], u[l] = m[l]/ms, u[l]/us
	}
	return m, u
}

// circumstances are what different customers may share, as sets of comparisons: a town, a house, a chain's switchboard
// and staff; a hospital, its ward; a household, one with a birthday in common.
var circumstances = map[Type][]uint64{
	Organisation: {
		set(orgPlace, orgKind), set(orgPlace, orgKind, orgAddress), set(orgPhone, orgEmail, orgPeople, orgKind),
		set(orgPlace, orgKind, orgAddress, orgPhone, orgEmail, orgPeople),
	},
	Professional: {
		set(hcpOrganisation, hcpPlace), set(hcpOrganisation, hcpPlace, hcpDepartment), set(hcpOrganisation, hcpPlace, hcpDepartment, hcpPhone, hcpEmail),
		set(hcpName, hcpGender), // namesakes
	},
	Person: {
		set(patientAddress, patientPhone, patientEmail), set(patientAddress, patientPhone, patientEmail, patientBirth), set(patientName, patientGender),
		set(patientName, patientGender, patientBirth),
	},
}

func set(comparisons ...int) (out uint64) {
	for _, c := range comparisons {
		out |= 1 << c
	}
	return out
}

// pool makes a stricter level weigh no less than a looser one, of those that were seen: neighbours that break the order get
// the weight that they have together (Ayer and others 1955). It tells which did.
func pool(t Type, name string, levels []Level, seen []bool) (pooled []Warning) {
	type block struct {
		m, u float64
		of   []int
	}
	var blocks []block
	for i, l := range levels {
		if !seen[i] {
			continue
		}
		blocks = append(blocks, block{l.M, l.U, []int{i}})
		for n := len(blocks); n > 1 && blocks[n-1].m/blocks[n-1].u < blocks[n-2].m/blocks[n-2].u; n-- {
			looser, b := &blocks[n-2], blocks[n-1]
			pooled = append(pooled, Warning{t, name, levels[looser.of[len(looser.of)-1]].Level, levels[b.of[0]].Level})
			looser.m, looser.u, looser.of = looser.m+b.m, looser.u+b.u, append(looser.of, b.of...)
			blocks = blocks[:n-1]
		}
	}
	for _, b := range blocks {
		for _, i := range b.of {
			if len(b.of) > 1 {
				levels[i].weigh(b.m / b.u)
			}
		}
	}
	return pooled
}

// fitIn keeps levels that were hardly seen at the weight they have, unless a looser one that was seen weighs more or a
// stricter one less.
func fitIn(levels []Level, seen []bool) {
	least := 0.0
	for i := range levels {
		l := &levels[i]
		if seen[i] {
			least = l.M / l.U
			continue
		}
		most := math.Inf(1)
		for k := i + 1; k < len(levels) && math.IsInf(most, 1); k++ {
			if seen[k] {
				most = levels[k].M / levels[k].U
			}
		}
		if r := l.M / l.U; r < least || r > most {
			l.weigh(min(max(r, least), most))
		}
	}
}

// weigh gives the level a ratio of m to u.
func (l *Level) weigh(ratio float64) {
	if ratio < 1 {
		l.M = probability(l.U * ratio)
	} else {
		l.U = probability(l.M / ratio)
	}
}

// short keeps six digits, so that a model in a file is the model that was learned.
func short(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	if err != nil {
		return x
	}
	return y
}

func probability(p float64) float64 { return short(math.Min(math.Max(p, 1e-10), 0.999999)) }
