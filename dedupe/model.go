package dedupe

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/goccy/go-yaml"
)

// Type is a group of customer kinds that are compared with each other. Records of different types never match.
type Type string

// The types of objects.
const (
	Organisation Type = "organisation"
	Professional Type = "hcp"
	Person       Type = "patient"
)

// Types lists the types in a fixed order.
func Types() []Type { return []Type{Organisation, Professional, Person} }

// Model is everything that decides about matches. It is frozen: training makes a new version, nothing in it moves with
// arriving data. A Model is safe for concurrent reading.
type Model struct {
	Version string              `yaml:"version"`
	Types   map[Type]*TypeModel `yaml:"types"`
	// Aliases are other names of organisations, beyond what their records say: a name in any spelling → the full name.
	Aliases map[string]string `yaml:"aliases,omitempty"`
	// Shared are values that many customers have (a switchboard, a purchasing office's mailbox): neither key nor evidence.
	Shared []string `yaml:"shared,omitempty"`
}

// TypeModel are the numbers of one type.
type TypeModel struct {
	Prior       float64                `yaml:"prior"`  // λ: the share of matches among random pairs
	Merge       float64                `yaml:"merge"`  // probability from which a pair is merged
	Review      float64                `yaml:"review"` // probability from which a person is asked
	Blocking    Blocking               `yaml:"blocking"`
	Clustering  Clustering             `yaml:"clustering"`
	Comparisons map[string][]Level     `yaml:"comparisons"` // per comparison from the loosest level to the strictest
	Frequencies map[string]Frequencies `yaml:"frequencies,omitempty"`
}

// Blocking bounds the number of pairs looked at.
type Blocking struct {
	Cap   int      `yaml:"cap"`            // a key with more records is refined by its second key
	Limit int      `yaml:"limit"`          // a refined key with more records is not used, and reported
	Stop  []string `yaml:"stop,omitempty"` // values that are never keys
	Off   []string `yaml:"off,omitempty"`  // key rules not used
}

// Clustering bounds the entities made.
type Clustering struct {
	MaxComponent int     `yaml:"max_component"` // a larger component of the keep-graph is cut at its weakest edges
	MaxRecords   int     `yaml:"max_records"`   // source records (mentions not counted) in one customer
	Strongest    float64 `yaml:"strongest"`     // bound, in bits, of what one pair may add to a mean weight
}

// Level is one degree of agreement: M = P(level | same customer), U = P(level | different customers).
type Level struct {
	Level string  `yaml:"level"`
	M     float64 `yaml:"m"`
	U     float64 `yaml:"u"`
}

// Weight is the evidence of the level in bits, rounded to 1/1024 so that sums are exact in any order.
func (l Level) Weight() float64 { return ExactBits(math.Log2(l.M / l.U)) }

// Frequencies say how common values are. A value that is missing has the frequency Floor.
type Frequencies struct {
	Average float64            `yaml:"average"` // Σ tf²: the chance that two random records agree
	Floor   float64            `yaml:"floor"`
	Scale   float64            `yaml:"scale"` // share of the term applied, 0 to 1
	Values  map[string]float64 `yaml:"values,omitempty"`
}

// Term is the correction in bits for agreement on value: positive for a rare value, negative for a common one.
func (f Frequencies) Term(value string) float64 {
	if f.Average <= 0 {
		return 0
	}
	tf := max(f.Values[value], f.Floor)
	return ExactBits(f.Scale * math.Log2(f.Average/tf))
}

// ExactBits rounds evidence to 1/1024 bit, so that sums are exact in any order.
func ExactBits(w float64) float64 { return math.Round(w*1024) / 1024 }

// ParseModel reads a model file. Every problem is reported, each with its place.
func ParseModel(data []byte) (*Model, error) {
	m := &Model{}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(m); err != nil {
		return nil, fmt.Errorf("read the matching model: %w", err)
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return m, nil
}

// YAML writes the model; ParseModel gives it back.
func (m *Model) YAML() ([]byte, error) {
	b, err := yaml.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write the matching model: %w", err)
	}
	return b, nil
}

// Validate reports everything that makes the model unusable.
func (m *Model) Validate() error {
	var all []error
	fail := func(format string, args ...any) { all = append(all, fmt.Errorf("matching model: "+format, args...)) }
	if m.Version == "" {
		fail("version is empty")
	}
	for _, t := range Types() {
		tm := m.Types[t]
		if tm == nil {
			fail("types.%s is missing", t)
			continue
		}
		for name, p := range map[string]float64{"prior": tm.Prior, "merge": tm.Merge, "review": tm.Review} {
			if !(p > 0 && p < 1) {
				fail("types.%s.%s is %v, must lie between 0 and 1", t, name, p)
			}
		}
		if tm.Review > tm.Merge {
			fail("types.%s.review is above merge", t)
		}
		if tm.Blocking.Cap < 2 || tm.Blocking.Limit < tm.Blocking.Cap {
			fail("types.%s.blocking needs cap ≥ 2 and limit ≥ cap", t)
		}
		if tm.Clustering.MaxComponent < 2 || tm.Clustering.MaxRecords < 2 || tm.Clustering.Strongest <= 0 {
			fail("types.%s.clustering needs max_component ≥ 2, max_records ≥ 2 and strongest > 0", t)
		}
		for _, c := range comparisonsOf(t) {
			all = append(all, validLevels(t, c, tm.Comparisons[c.name])...)
		}
	}
	return errors.Join(all...)
}

func validLevels(t Type, c comparison, have []Level) (all []error) {
	given := map[string]Level{}
	for _, l := range have {
		given[l.Level] = l
		if !(l.M > 0 && l.M < 1 && l.U > 0 && l.U < 1) {
			all = append(all, fmt.Errorf("matching model: types.%s.comparisons.%s.%s needs m and u between 0 and 1", t, c.name, l.Level))
		}
	}
	for _, name := range c.levels {
		if _, ok := given[name]; !ok {
			all = append(all, fmt.Errorf("matching model: types.%s.comparisons.%s lacks the level %s", t, c.name, name))
		}
	}
	if len(given) > len(c.levels) {
		all = append(all, fmt.Errorf("matching model: types.%s.comparisons.%s has levels that are not known; known are %v", t, c.name, c.levels))
	}
	return all
}

// Warning names a comparison in which a stricter level weighs less than a looser one.
type Warning struct {
	Type       Type
	Comparison string
	Looser     string
	Stricter   string
}

// Warnings are the breaks of monotony: usually a failed training.
func (m *Model) Warnings() []Warning {
	var out []Warning
	for _, t := range Types() {
		for _, c := range comparisonsOf(t) {
			levels := m.Types[t].Comparisons[c.name]
			for i := 1; i < len(levels); i++ {
				if cmp.Less(levels[i].Weight(), levels[i-1].Weight()) {
					out = append(out, Warning{t, c.name, levels[i-1].Level, levels[i].Level})
				}
			}
		}
	}
	return out
}
