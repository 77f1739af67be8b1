package dedupe

import (
	"context"
	"math"
	"slices"
)

// Drift is how far today's records are from those that a model was trained on.
type Drift struct {
	Comparisons []ComparisonDrift
	Names       []NameDrift
}

// ComparisonDrift compares the levels of a comparison among the candidates.
type ComparisonDrift struct {
	Type       Type    `json:"type"`
	Comparison string  `json:"comparison"`
	PSI        float64 `json:"psi"`   // population stability index: from 0.1 on worth a look, from 0.25 on another population
	Level      string  `json:"level"` // the one that moved most
	Then       float64 `json:"then"`  // its share among the pairs trained on
	Now        float64 `json:"now"`
}

// NameDrift compares how common the names of the model's table are.
type NameDrift struct {
	Type     Type    `json:"type"`
	Names    int     `json:"names"`    // in the table
	Distance float64 `json:"distance"` // 0 = as common as then, 1 = gone, or twice as common
}

// DriftOf compares records with those that the engine's model was trained on. A type that was not trained has no drift.
func (e *Engine) DriftOf(ctx context.Context, records []*Record) (Drift, error) {
	out := Drift{Comparisons: []ComparisonDrift{}, Names: []NameDrift{}}
	if e.model.Trained == nil {
		return out, nil
	}
	for _, t := range Types() {
		trained := e.model.Trained.Records[t]
		var own []*Record
		for _, r := range records {
			if r.Type == t {
				own = append(own, r)
			}
		}
		if trained.Kept != "" || len(own) == 0 {
			continue
		}
		slices.SortFunc(own, func(a, b *Record) int { return compareKeys(a.Key, b.Key) })
		counted, err := e.countPairs(ctx, own)
		if err != nil {
			return out, err
		}
		now := counted.shares(t)
		for _, c := range comparisonsOf(t) {
			if then := trained.Levels[c.name]; then != nil && now[c.name] != nil {
				d := driftOf(c, then, now[c.name])
				d.Type = t
				out.Comparisons = append(out.Comparisons, d)
			}
		}
		if f := e.model.Types[t].Frequencies["name"]; len(f.Values) > 0 {
			out.Names = append(out.Names, NameDrift{t, len(f.Values), nameDistance(own, f)})
		}
	}
	return out, nil
}

func driftOf(c comparison, then, now map[string]float64) ComparisonDrift {
	const least = 1e-4 // a level that nobody had counts as hardly anybody
	out := ComparisonDrift{Comparison: c.name}
	most := 0.0
	for _, level := range c.levels {
		a, b := math.Max(then[level], least), math.Max(now[level], least)
		part := (b - a) * math.Log(b/a)
		out.PSI += part
		if part > most || out.Level == "" {
			most = part
			out.Level, out.Then, out.Now = level, then[level], now[level]
		}
	}
	out.PSI = math.Round(out.PSI*10_000) / 10_000
	return out
}

func nameDistance(records []*Record, f Frequencies) float64 {
	count, named := countNames(records)
	sum := 0.0
	for name, then := range f.Values {
		sum += math.Abs(float64(count[name])/float64(max(named, 1)) - then)
	}
	whole := 0.0
	for _, then := range f.Values {
		whole += then
	}
	return math.Round(math.Min(sum/whole, 1)*10_000) / 10_000
}
