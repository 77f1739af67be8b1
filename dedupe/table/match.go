package table

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"tributary/dedupe/train"
)

// Cardinality says how many rows of one list may match one of the other.
type Cardinality string

// The cardinalities; Auto looks at the matches found.
const (
	Auto      Cardinality = ""
	OneToOne  Cardinality = "one-to-one"
	ManyToOne Cardinality = "many-to-one" // many rows of the first list may match one of the second
	Any       Cardinality = "any"
)

// Options of a run. The zero value finds everything itself.
type Options struct {
	Link        bool
	Cardinality Cardinality
	Threshold   float64 // 0: the model's
	Model       *Model  // nil: learned from the rows
	Kinds       map[string]Kind
	Ignore      []string // columns that are no evidence
	Seed        uint64
}

// Pair is a pair of rows worth showing.
type Pair struct {
	Left, Right Row
	Weight      float64
	Probability float64
}

// Row names a row of a source.
type Row struct{ Source, Row int }

// Result is a run's outcome. Everything in it is in an order that the order of rows does not change.
type Result struct {
	Model     *Model
	Pairs     []Pair
	Clusters  [][]Row // every row is in exactly one
	Compared  int64
	Threshold float64
	Ties      int      // pairs of a link left out although they weigh as much as the one taken
	Capped    int      // blocking keys that too many rows share and that were refined
	Warnings  []string // codes of what a person should know
	Failed    string   // why nothing was learned; "" when the model is sound
	Kinds     map[string]Kind
	// Cardinality is the one applied when linking; Suitors is what it was chosen by when nobody asked for one.
	Cardinality Cardinality
	Suitors     Suitors
}

// Codes of Result.Warnings.
const (
	WarnFewRows   = "few_rows"   // one row or none: nothing to compare
	WarnNoModel   = "no_model"   // the fit failed: nothing was merged
	WarnNoMatches = "no_matches" // nothing alike was found
)

// ErrNoColumns says that no column can tell rows apart.
var ErrNoColumns = errors.New("no column holds anything that can tell rows apart")

// Match finds the rows that speak of one thing. It joins every goroutine it starts.
func Match(ctx context.Context, sources []*Source, o Options) (*Result, error) {
	skipped := map[string]bool{}
	for _, c := range o.Ignore {
		skipped[columnName(c)] = true
	}
	names, matched := sameColumns(sources, func(name string) bool { return skipped[columnName(name)] })
	d, err := gather(ctx, sources, names, matched)
	if err != nil {
		return nil, err
	}
	r := &run{d: d, o: o, out: &Result{Kinds: map[string]Kind{}}}
	if err := r.chooseColumns(); err != nil {
		return nil, err
	}
	return r.match(ctx)
}

// run is the state of one Match.
type run struct {
	d      *data
	o      Options
	all    comparisons
	copies []bool // row is equal to the one before it in everything compared
	out    *Result
}

// chooseColumns decides what is compared: what the model names, else what the columns seem to hold.
func (r *run) chooseColumns() error {
	if m := r.o.Model; m != nil {
		var fields []Field
		for _, set := range m.Comparisons {
			fields = append(fields, set.Field)
		}
		if err := r.compare(fields); err != nil {
			return err
		}
		return m.fits(r.all)
	}
	given := map[string]Kind{}
	for name, k := range r.o.Kinds {
		given[columnName(name)] = k
	}
	var chosen []*column
	for _, c := range r.d.columns {
		k, ok := given[columnName(c.name)]
		if !ok {
			k = infer(c.name, observe(r.d, c))
		}
		c.kind = k
		r.out.Kinds[c.name] = k
		if k != Ignored && len(c.forms) > 1 {
			chosen = append(chosen, c)
		}
	}
	if len(chosen) == 0 && r.d.rows > 1 {
		return ErrNoColumns
	}
	return r.compare(fieldsOf(r.d, chosen))
}

// compare makes the comparisons of the fields and tells columns of one group of each other.
func (r *run) compare(fields []Field) error {
	for _, f := range fields {
		c, err := r.d.column(f)
		if err != nil {
			return err
		}
		r.all = append(r.all, newComparison(f, c, r.d.rows))
	}
	for _, x := range r.all {
		for _, y := range r.all {
			if x != y && x.family == y.family && (x.family == "name" || x.family == "line") {
				x.crossA = append(x.crossA, y.own)
			}
		}
	}
	return nil
}

func (r *run) match(ctx context.Context) (*Result, error) {
	if r.d.rows < 2 || len(r.all) == 0 || r.o.Link && pairsOf(r.d, true) == 0 {
		r.out.Warnings = append(r.out.Warnings, WarnFewRows)
		return r.nothing()
	}
	r.findCopies()
	which := anyTwo
	if r.o.Link {
		which = across
	}
	rules, err := r.rules(ctx)
	if err != nil {
		return nil, err
	}
	candidates, err := r.candidates(ctx, rules, which)
	if err != nil {
		return nil, err
	}
	model := r.o.Model
	if model == nil {
		if model, err = r.learn(ctx, candidates, rules); err != nil {
			return nil, err
		}
	}
	s := newScorer(r.all, model)
	pairs, compared, err := scoreAll(ctx, candidates, s, r.least())
	if err != nil {
		return nil, err
	}
	r.out.Compared, r.out.Capped = compared, candidates.capped
	if r.out.Failed != "" {
		// A fit that failed merges nothing: its numbers say nothing about likeness.
		pairs = nil
		code := WarnNoModel
		if r.out.Failed == train.NoMatches {
			code = WarnNoMatches
		}
		r.out.Warnings = append(r.out.Warnings, code)
	}
	if r.o.Link {
		r.decide(model, pairs)
		if r.out.Cardinality != Any {
			compete(pairs, r.out.Cardinality == OneToOne, false)
		}
	} else if r.contends() {
		compete(pairs, true, true)
	}
	if r.o.Model == nil {
		model.Cardinality = r.out.Cardinality
		model.Threshold = chooseThreshold(pairs)
		if err := model.sign(); err != nil {
			return nil, err
		}
	}
	r.out.Model, r.out.Threshold = model, model.Threshold
	if r.o.Threshold > 0 {
		r.out.Threshold = r.o.Threshold
	}
	if r.o.Link {
		return r.out, r.link(ctx, pairs, s)
	}
	return r.out, r.group(ctx, pairs, s)
}

// decide settles how many rows may match: what was asked for, what the model was learned with, else what the likely
// matches suggest.
func (r *run) decide(m *Model, pairs []scored) {
	if r.out.Cardinality != "" {
		return // while learning
	}
	if r.out.Cardinality = cmp.Or(r.o.Cardinality, m.Cardinality); r.out.Cardinality == Auto {
		r.out.Suitors = r.suitors(pairs)
		r.out.Cardinality = r.out.Suitors.cardinality()
	}
}

// least is the probability from which scored pairs are kept. When linking also weak rivals count.
func (r *run) least() float64 {
	if r.o.Link || r.contends() {
		return weakRival
	}
	return shown(r.o.Threshold)
}

const weakRival = 0.02

// learn fits a model to the rows. Where texts are compared the fit is repeated with candidates contending: as alike as
// things of one series are, a row has one match or few. Nothing but the outcome tells how many: rows first contend for one
// partner each, which teaches what a match is whatever the lists hold; when many rows then have several suitors the fit is
// made again, so that they may have them.
func (r *run) learn(ctx context.Context, c *candidates, rules []*rule) (*Model, error) {
	shared := sharedClasses(r.all)
	decoys, err := r.decoys(ctx)
	if err != nil {
		return nil, err
	}
	p, err := problem(ctx, r.d, r.all, c, decoys, shared, r.o.Seed)
	if err != nil {
		return nil, err
	}
	first := train.Train(p)
	r.out.Failed = first.Failed
	if !r.contends() || first.Failed != "" {
		return modelOf(r.all, first, nil, shared, rules, r.o.Link), nil
	}
	cardinality := cmp.Or(r.o.Cardinality, OneToOne)
	model, pairs, err := r.contend(ctx, c, &p, first, rules, shared, cardinality)
	if err != nil || !r.o.Link || r.o.Cardinality != Auto {
		return model, err
	}
	r.out.Suitors = r.suitors(pairs)
	r.out.Cardinality = r.out.Suitors.cardinality()
	if r.out.Cardinality != OneToOne {
		model, _, err = r.contend(ctx, c, &p, first, rules, shared, r.out.Cardinality)
	}
	return model, err
}

// contend fits m and λ again, a few times over, to the pairs as they stand after competition, and learns the habits of
// words from them. It gives the pairs as the model weighs them, too.
func (r *run) contend(ctx context.Context, c *candidates, p *train.Problem, first train.Fit, rules []*rule, shared []uint64, cardinality Cardinality) (*Model, []scored, error) {
	const rounds = 6
	f := first.Clone()
	model := modelOf(r.all, f, nil, shared, rules, true)
	for range rounds {
		pairs, _, err := scoreAll(ctx, c, newScorer(r.all, model), weakRival)
		if err != nil {
			return nil, nil, err
		}
		if cardinality != Any {
			compete(pairs, cardinality == OneToOne, !r.o.Link)
		}
		counts := map[train.Pattern]float64{}
		for _, pair := range pairs {
			counts[r.all.pattern(pair.i, pair.j)] += probabilityOf(pair.weight)
		}
		f.Refit(p, sortedCounts(counts))
		words := make([][]Word, len(r.all))
		for k, x := range r.all {
			if x.text {
				words[k] = x.habits(pairs)
			}
		}
		model = modelOf(r.all, f, words, shared, rules, r.o.Link)
	}
	pairs, _, err := scoreAll(ctx, c, newScorer(r.all, model), weakRival)
	return model, pairs, err
}

// nothing is the result of rows that have nothing to be compared with.
func (r *run) nothing() (*Result, error) {
	r.out.Model = &Model{Format: ModelFormat, Link: r.o.Link, Lambda: 1e-9, Threshold: 0.5}
	if r.o.Model != nil {
		r.out.Model = r.o.Model
	}
	r.out.Threshold = r.out.Model.Threshold
	for row := range r.d.rows {
		r.out.Clusters = append(r.out.Clusters, []Row{r.row(int32(row))})
	}
	r.sortClusters()
	return r.out, nil
}

// findCopies marks rows that say the same as the row before them: one of them stands for all.
func (r *run) findCopies() {
	r.copies = make([]bool, r.d.rows)
	if r.o.Link {
		return
	}
	for row := 1; row < r.d.rows; row++ {
		r.copies[row] = !slices.ContainsFunc(r.d.columns, func(c *column) bool { return c.of[row] != c.of[row-1] })
	}
}

// rules are the model's passes, or passes chosen for the rows.
func (r *run) rules(ctx context.Context) ([]*rule, error) {
	atoms, err := atomsOf(ctx, r.d, r.all)
	if err != nil {
		return nil, err
	}
	if r.o.Model != nil {
		return rulesNamed(r.o.Model.Blocking, atoms, r.all)
	}
	return chooseRules(r.d, r.all, atoms), nil
}

// candidates makes the pairs to be compared: those of the passes, and for texts those that a search for words brings up.
func (r *run) candidates(ctx context.Context, rules []*rule, pairs pairing) (*candidates, error) {
	c, err := find(ctx, r.d, r.all, rules, r.copies, pairs)
	if err != nil {
		return nil, err
	}
	for _, x := range r.all {
		if x.own.lex != nil {
			if err := search(ctx, c, x, r.copies); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// decoys are pairs within the lists that are linked, nil when no text needs them.
func (r *run) decoys(ctx context.Context) (*candidates, error) {
	if !r.o.Link || !r.hasTexts() {
		return nil, nil
	}
	return r.candidates(ctx, nil, within)
}

// contends reports whether candidates contend for their partner: across two lists where texts are compared, and within one
// list where nothing but texts tells things apart. Things of one series are alike there, and what is second best is
// another thing.
func (r *run) contends() bool {
	return r.hasTexts() && (r.o.Link || !slices.ContainsFunc(r.all, func(x *comparison) bool {
		return slices.Contains([]Kind{Given, Family, Date, Code, Email, Phone, Street, Postcode}, x.kind)
	}))
}

func (r *run) hasTexts() bool {
	return slices.ContainsFunc(r.all, func(x *comparison) bool { return x.own.lex != nil })
}

func (r *run) row(i int32) Row { return Row{int(r.d.source[i]), int(r.d.origin[i])} }
