package hub

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tributary/dedupe"
)

// QualityDeep is what a comparison of all records in memory tells.
type QualityDeep struct {
	Records    int                `json:"records"`
	Thresholds []QualityThreshold `json:"thresholds"`  // what other merge thresholds would make of the same evidence
	ModelDrift *ModelDrift        `json:"model_drift"` // null: the model in use was not trained
}

// QualityThreshold is the master at a merge threshold, compared with the one in use.
type QualityThreshold struct {
	Merge     float64 `json:"merge"`
	Customers int     `json:"customers"`
	Merged    int     `json:"merged"` // customers that would lose themselves in others
	Split     int     `json:"split"`  // customers that would be parted
	Questions int     `json:"questions"`
}

// ModelDrift is how far today's records are from those that the model was trained on.
type ModelDrift struct {
	Since       time.Time                `json:"since"`
	Verdict     string                   `json:"verdict"` // stable, moved, other
	Comparisons []dedupe.ComparisonDrift `json:"comparisons"`
	Names       []dedupe.NameDrift       `json:"names"`
}

// Verdicts of ModelDrift, by the largest stability index of a comparison.
const (
	DriftStable = "stable"
	DriftMoved  = "moved" // from 0.1 on: look at it
	DriftOther  = "other" // from 0.25 on: other records than those it was trained on; train again
)

// mergePoints are the thresholds of the curve, beside the one in use.
var mergePoints = []float64{0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999}

func (h *Hub) qualityDeep(ctx context.Context, engine *dedupe.Engine, limit int) (*QualityDeep, error) {
	judgements, err := h.wordsInForce(ctx)
	if err != nil {
		return nil, err
	}
	m, err := h.resolveInMemory(ctx, engine, limit, judgements)
	if err != nil {
		return nil, err
	}
	records, result := m.records, m.result
	out := &QualityDeep{Records: len(records)}
	model, err := h.modelInUse(ctx)
	if err != nil {
		return nil, err
	}
	for _, merge := range curveOf(model) {
		at, err := engine.At(ctx, merge, records, result, judgements)
		if err != nil {
			return nil, err
		}
		p := QualityThreshold{Merge: merge, Customers: len(at.Clusters), Questions: len(at.Review)}
		p.Merged, p.Split = dedupe.Regrouped(result.Clusters, at.Clusters)
		out.Thresholds = append(out.Thresholds, p)
	}
	if model.Trained == nil {
		return out, nil
	}
	drift, err := engine.DriftOf(ctx, records)
	if err != nil {
		return nil, fmt.Errorf("drift: %w", err)
	}
	out.ModelDrift = &ModelDrift{Since: model.Trained.At, Verdict: DriftStable, Comparisons: drift.Comparisons, Names: drift.Names}
	for _, c := range drift.Comparisons {
		switch {
		case c.PSI >= 0.25:
			out.ModelDrift.Verdict = DriftOther
		case c.PSI >= 0.1 && out.ModelDrift.Verdict == DriftStable:
			out.ModelDrift.Verdict = DriftMoved
		}
	}
	return out, nil
}

// curveOf are the thresholds to look at: none below what is asked, the ones in use among them.
func curveOf(m *dedupe.Model) []float64 {
	points, least := slices.Clone(mergePoints), 0.0
	for _, t := range m.Types {
		points, least = append(points, t.Merge), max(least, t.Review)
	}
	slices.Sort(points)
	return slices.DeleteFunc(slices.Compact(points), func(p float64) bool { return p < least })
}
