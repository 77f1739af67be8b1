package hub

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/store"
)

// Model is a matching model as people see it.
type Model struct {
	ModelLine
	Trained  *dedupe.Training `json:"trained"` // null: its numbers were set by hand
	Types    []ModelType      `json:"types"`
	Aliases  int              `json:"aliases"`
	Shared   int              `json:"shared"`   // values that many customers have: neither key nor evidence
	Warnings []string         `json:"warnings"` // a stricter level that weighs less than a looser one
}

// ModelLine names a model and where it stands.
type ModelLine struct {
	Version   string    `json:"version"`
	Name      string    `json:"name"`
	InUse     bool      `json:"in_use"`
	BuiltIn   bool      `json:"built_in"`
	AppliedAt time.Time `json:"applied_at,omitzero"` // last
	AppliedBy string    `json:"applied_by,omitempty"`
	Reason    string    `json:"reason,omitempty"`
}

// ModelType are the numbers of a type.
type ModelType struct {
	Type        string            `json:"type"`
	Prior       float64           `json:"prior"`
	Merge       float64           `json:"merge"`
	Review      float64           `json:"review"`
	Cap         int               `json:"blocking_cap"`
	Limit       int               `json:"blocking_limit"`
	Stop        int               `json:"stop_values"`
	Off         []string          `json:"rules_off"`
	Comparisons []ModelComparison `json:"comparisons"`
	Names       *ModelNames       `json:"names"` // how common names are; null: they all count alike
}

// ModelComparison is what one comparison weighs.
type ModelComparison struct {
	Comparison string       `json:"comparison"`
	Levels     []ModelLevel `json:"levels"` // from the loosest to the strictest
}

// ModelLevel is one degree of agreement.
type ModelLevel struct {
	Level  string  `json:"level"`
	M      float64 `json:"m"`
	U      float64 `json:"u"`
	Weight float64 `json:"weight"` // bits
}

// ModelNames are the frequencies of names.
type ModelNames struct {
	Average float64 `json:"average"`
	Floor   float64 `json:"floor"`
	Scale   float64 `json:"scale"`
	Values  int     `json:"values"` // names in the table
}

// Models lists models.
type Models struct {
	Models []ModelLine `json:"models"`
}

// ListModels lists every model that is or was in use, and the one that is part of the program.
func (h *Hub) ListModels(ctx context.Context) (Models, error) {
	kept, err := h.DB.MatchModels(ctx)
	if err != nil {
		return Models{}, err
	}
	active, err := h.DB.ActiveModel(ctx)
	if err != nil {
		return Models{}, err
	}
	builtIn := h.builtInModel()
	out := Models{Models: []ModelLine{}}
	for _, m := range kept {
		out.Models = append(out.Models, lineOf(&m, active, builtIn.Version))
	}
	if !slices.ContainsFunc(kept, func(m store.MatchModel) bool { return m.Version == builtIn.Version }) {
		out.Models = append(out.Models, ModelLine{Version: builtIn.Version, Name: builtIn.Name, InUse: active == "", BuiltIn: true})
	}
	return out, nil
}

func lineOf(m *store.MatchModel, active, builtIn string) ModelLine {
	name, _, _ := strings.Cut(m.Version, "-")
	return ModelLine{Version: m.Version, Name: name, InUse: m.Version == active || active == "" && m.Version == builtIn, BuiltIn: m.Version == builtIn,
		AppliedAt: m.AppliedAt, AppliedBy: m.AppliedBy, Reason: m.Reason}
}

// ShowModel shows a model: a version, a file, or "" for the one in use.
func (h *Hub) ShowModel(ctx context.Context, text string) (Model, error) {
	m, err := h.model(ctx, text)
	if err != nil {
		return Model{}, err
	}
	out := showModel(m)
	list, err := h.ListModels(ctx)
	for _, line := range list.Models {
		if line.Version == m.Version {
			out.ModelLine = line
		}
	}
	return out, err
}

// ModelFile is a model as a file.
func (h *Hub) ModelFile(ctx context.Context, text string) (version string, body []byte, err error) {
	m, err := h.model(ctx, text)
	if err != nil {
		return "", nil, err
	}
	body, err = m.YAML()
	return m.Version, body, err
}

// model finds a model: a version that is or was in use or is part of the program, a file, or "" for the one in use.
func (h *Hub) model(ctx context.Context, text string) (*dedupe.Model, error) {
	if text == "" {
		return h.modelInUse(ctx)
	}
	m, found, err := h.storedModel(ctx, text)
	if found || err != nil {
		return m, err
	}
	if builtIn := h.builtInModel(); builtIn.Version == text {
		return builtIn, nil
	}
	if _, err := os.Stat(text); os.IsNotExist(err) {
		list, err := h.ListModels(ctx)
		known := make([]string, len(list.Models))
		for i, l := range list.Models {
			known[i] = l.Version
		}
		if err == nil {
			err = errs.New(errs.NotFound, "model.unknown", errs.Args{"model": text, "known": strings.Join(known, ", ")})
		}
		return nil, err
	}
	return readModel(text)
}

func readModel(file string) (*dedupe.Model, error) {
	b, err := readSmall(file)
	if err != nil {
		return nil, err
	}
	m, err := dedupe.ParseModel(b)
	if err != nil {
		return nil, errs.New(errs.Invalid, "model.file", errs.Args{"file": filepath.Base(file), "why": err})
	}
	return m, nil
}

func showModel(m *dedupe.Model) Model {
	out := Model{ModelLine: ModelLine{Version: m.Version, Name: m.Name}, Trained: m.Trained, Types: []ModelType{}, Aliases: len(m.Aliases), Shared: len(m.Shared), Warnings: []string{}}
	for _, t := range dedupe.Types() {
		tm := m.Types[t]
		show := ModelType{Type: string(t), Prior: tm.Prior, Merge: tm.Merge, Review: tm.Review, Cap: tm.Blocking.Cap, Limit: tm.Blocking.Limit,
			Stop: len(tm.Blocking.Stop), Off: append([]string{}, tm.Blocking.Off...)}
		for _, c := range dedupe.Comparisons(t) {
			comparison := ModelComparison{Comparison: c.Name}
			for _, level := range c.Levels {
				i := slices.IndexFunc(tm.Comparisons[c.Name], func(l dedupe.Level) bool { return l.Level == level })
				l := tm.Comparisons[c.Name][i]
				comparison.Levels = append(comparison.Levels, ModelLevel{l.Level, l.M, l.U, l.Weight()})
			}
			show.Comparisons = append(show.Comparisons, comparison)
		}
		if f, ok := tm.Frequencies["name"]; ok {
			show.Names = &ModelNames{f.Average, f.Floor, f.Scale, len(f.Values)}
		}
		out.Types = append(out.Types, show)
	}
	for _, w := range m.Warnings() {
		out.Warnings = append(out.Warnings, w.String())
	}
	return out
}

// ComparisonText is what a comparison is called in a language.
func ComparisonText(comparison, lang string) string {
	return dedupe.Label("comparison", comparison, lang)
}

// LevelText is what a level is called in a language.
func LevelText(level, lang string) string { return dedupe.Label("level", level, lang) }

// RuleText is what a deterministic rule is called in a language.
func RuleText(rule, lang string) string { return dedupe.Label("rule", rule, lang) }

// VetoText is what a veto is called in a language.
func VetoText(veto, lang string) string { return dedupe.Label("veto", veto, lang) }
