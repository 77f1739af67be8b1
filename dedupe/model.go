package dedupe

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

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

// ModelFormat is the format of model files that this package reads and writes.
const ModelFormat = 1

// Model is everything that decides about matches. It is frozen: training makes a new version, nothing in it moves with
// arriving data. A Model is safe for concurrent reading.
type Model struct {
	Format  int                 `yaml:"format" json:"-"`
	Name    string              `yaml:"name" json:"-"`
	Version string              `yaml:"version" json:"-"` // the name and a hash of what decides: see Sign
	Trained *Training           `yaml:"trained,omitempty" json:"-"`
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

// Training says where the numbers of a model come from. Nothing in it decides.
type Training struct {
	From    string                `yaml:"from"` // store, or the name of a file
	At      time.Time             `yaml:"at"`
	Base    string                `yaml:"base"` // the version that the training started from
	Records map[Type]TypeTraining `yaml:"records"`
}

// TypeTraining is what a type was trained on.
type TypeTraining struct {
	Records int     `yaml:"records"`
	Pairs   int64   `yaml:"pairs"`          // candidates compared
	Matches float64 `yaml:"matches"`        // expected among them
	Kept    string  `yaml:"kept,omitempty"` // why the numbers of the base stayed; "" = trained
	// Levels are the shares of the levels among the candidates that were compared, by comparison: what today's records
	// are held against.
	Levels map[string]map[string]float64 `yaml:"levels,omitempty"`
}

// Sign names the version by the content: two models that decide alike have one hash, whatever they were trained on.
func (m *Model) Sign() {
	// Texts, numbers and maps of them: JSON has a form for each and puts keys in order. A number that is none has no
	// form; such a model is refused anyway.
	b, _ := json.Marshal(m)
	sum := sha256.Sum256(b)
	m.Version = m.Name + "-" + hex.EncodeToString(sum[:6])
}

// YAML writes the model; ParseModel gives it back.
func (m *Model) YAML() ([]byte, error) {
	b, err := yaml.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write the matching model: %w", err)
	}
	return b, nil
}

// Warning names a comparison in which a stricter level weighs less than a looser one.
type Warning struct {
	Type       Type
	Comparison string
	Looser     string
	Stricter   string
}

// String names the place.
func (w Warning) String() string {
	return strings.Join([]string{string(w.Type), w.Comparison, w.Stricter + " < " + w.Looser}, " ")
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
