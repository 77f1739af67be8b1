package table

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/goccy/go-yaml"

	"tributary/dedupe"
	"tributary/dedupe/train"
)

// ModelFormat is the format of model files that this package reads and writes.
const ModelFormat = 1

// Model is everything that was learned: applied to the same rows it gives the same matches.
type Model struct {
	Format      int             `yaml:"format"`
	Version     string          `yaml:"version"`               // of the numbers below
	Link        bool            `yaml:"link"`                  // trained on two lists
	Cardinality Cardinality     `yaml:"cardinality,omitempty"` // of the lists it was trained on
	Lambda      float64         `yaml:"lambda"`                // share of matches among all pairs
	Threshold   float64         `yaml:"threshold"`             // probability from which a pair is a match
	Comparisons []ComparisonSet `yaml:"comparisons"`
	Shared      []SharedClass   `yaml:"shared,omitempty"`
	Blocking    []string        `yaml:"blocking,omitempty"` // passes as field:form & field:form
}

// ComparisonSet is one comparison with its levels.
type ComparisonSet struct {
	Field  `yaml:",inline"`
	Levels []dedupe.Level `yaml:"levels"`          // from the loosest to the strictest
	Words  []Word         `yaml:"words,omitempty"` // of texts: what it weighs that one of two lacks a word
}

// SharedClass is a class of pairs that share circumstances: the comparisons named agree as in matches, the rest as in
// random pairs.
type SharedClass struct {
	Fields []string `yaml:"fields"`
	Share  float64  `yaml:"share"`
}

// ErrOtherColumns says that a model was made for other columns than the rows have.
var ErrOtherColumns = errors.New("the model is for other columns")

// ParseModel reads a model file.
func ParseModel(data []byte) (*Model, error) {
	m := &Model{}
	if err := decode(data, m, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	return m, m.validate()
}

// YAML writes the model; ParseModel gives it back.
func (m *Model) YAML() ([]byte, error) {
	b, err := yaml.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write the model: %w", err)
	}
	return b, nil
}

func (m *Model) validate() error {
	switch {
	case m.Format != ModelFormat:
		return fmt.Errorf("format is %d, this release reads %d", m.Format, ModelFormat)
	case !slices.Contains([]Cardinality{Auto, OneToOne, ManyToOne, Any}, m.Cardinality):
		return fmt.Errorf("cardinality is %q, must be one-to-one, many-to-one or any", m.Cardinality)
	case !(m.Lambda > 0 && m.Lambda < 1):
		return fmt.Errorf("lambda is %v, must lie between 0 and 1", m.Lambda)
	case !(m.Threshold > 0 && m.Threshold < 1):
		return fmt.Errorf("threshold is %v, must lie between 0 and 1", m.Threshold)
	case len(m.Comparisons) == 0 || len(m.Comparisons) > train.MaxComparisons:
		return fmt.Errorf("comparisons: 1 to %d are possible, there are %d", train.MaxComparisons, len(m.Comparisons))
	}
	fields := map[string]bool{}
	for _, c := range m.Comparisons {
		if len(c.Columns) == 0 || !slices.Contains(Kinds(), c.Kind) || c.Kind == Ignored {
			return fmt.Errorf("comparisons: the kind %q of columns %v is not known", c.Kind, c.Columns)
		}
		if fields[c.String()] {
			return fmt.Errorf("comparisons: %s stands twice", c.Field)
		}
		fields[c.String()] = true
		for _, w := range c.Words {
			if !(math.Abs(w.Bits) <= mostHabit) {
				return fmt.Errorf("comparisons: %s, word %q: bits must lie between %d and %d", c.Field, w.Word, -mostHabit, mostHabit)
			}
		}
		for _, l := range c.Levels {
			if !(l.M > 0 && l.M < 1 && l.U > 0 && l.U < 1) {
				return fmt.Errorf("comparisons: %s, level %q: m and u must lie between 0 and 1", c.Field, l.Level)
			}
		}
	}
	for _, s := range m.Shared {
		if !(s.Share > 0 && s.Share < 1) {
			return fmt.Errorf("shared: the share %v must lie between 0 and 1", s.Share)
		}
		for _, f := range s.Fields {
			if !fields[f] {
				return fmt.Errorf("shared: %q is not compared", f)
			}
		}
	}
	return nil
}

// modelOf writes down a fit.
func modelOf(all comparisons, f train.Fit, words [][]Word, shared []uint64, rules []*rule, link bool) *Model {
	m := &Model{Format: ModelFormat, Link: link, Lambda: short(f.Lambda), Threshold: 0.5}
	for c, x := range all {
		set := ComparisonSet{Field: x.field}
		for l, name := range x.levels {
			set.Levels = append(set.Levels, dedupe.Level{Level: name, M: probability(f.M[c][l+1]), U: probability(f.U[c][l+1])})
		}
		if words != nil {
			set.Words = words[c]
		}
		m.Comparisons = append(m.Comparisons, set)
	}
	for k, set := range shared {
		class := SharedClass{Share: probability(f.Shared[k])}
		for c, x := range all {
			if set>>c&1 != 0 {
				class.Fields = append(class.Fields, x.field.String())
			}
		}
		m.Shared = append(m.Shared, class)
	}
	for _, r := range rules {
		m.Blocking = append(m.Blocking, r.name(all))
	}
	return m
}

// fits checks that the model has the levels of the comparisons.
func (m *Model) fits(all comparisons) error {
	for c, x := range all {
		levels := m.Comparisons[c].Levels
		if len(levels) != len(x.levels) || slices.ContainsFunc(levels, func(l dedupe.Level) bool { return !slices.Contains(x.levels, l.Level) }) {
			return fmt.Errorf("comparisons: %s needs the levels %v", x.field, x.levels)
		}
	}
	return nil
}

// sign sets the version by the content.
func (m *Model) sign() error {
	m.Version = ""
	b, err := m.YAML()
	if err != nil {
		return err
	}
	m.Version = fmt.Sprintf("file-%016x", hashText(0, string(b)))
	return nil
}

// short keeps six digits, so that a model in a file is the model that was used.
func short(x float64) float64 {
	y, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	if err != nil {
		return x
	}
	return y
}

func probability(p float64) float64 { return short(math.Min(math.Max(p, 1e-9), 0.999999)) }
