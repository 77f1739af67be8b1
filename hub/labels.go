package hub

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/cell"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// judgedPair is a judgement in force on two living records, and what matching says of them by itself: without judgements
// and without the aliases that decisions teach.
type judgedPair struct {
	store.Judgement
	decision Decision
	a, b     *dedupe.Record
}

// eachJudgedPair reads what stewards decided, in the order of the records' keys.
func (h *Hub) eachJudgedPair(ctx context.Context, engine *dedupe.Engine, fn func(*judgedPair) error) error {
	all, err := h.DB.JudgementsInForce(ctx, store.Micros(h.Now()))
	if err != nil {
		return err
	}
	given := byPair(all)
	inForce := dedupe.InForce(bare(all))
	compare := pipeline.Comparer{DB: h.DB, Engine: engine}
	const portion = 500
	for part := range slices.Chunk(inForce, portion) {
		var keys []canonical.RecordKey
		var ids []canonical.ID
		for _, j := range part {
			keys = append(keys, j.A, j.B)
			ids = append(ids, given[orderedPair(j.A, j.B)].Decision)
		}
		records, err := h.livingRecords(ctx, keys)
		if err != nil {
			return err
		}
		decisions, err := h.DB.DecisionsByID(ctx, ids)
		if err != nil {
			return err
		}
		for _, j := range part {
			a, hereA := records[j.A]
			b, hereB := records[j.B]
			if !hereA || !hereB {
				continue
			}
			p := judgedPair{Judgement: given[orderedPair(j.A, j.B)]}
			p.A, p.B = j.A, j.B
			d := decisions[p.Decision]
			p.decision = showDecision(&d)
			pair, err := compare.Prepare(ctx, []store.CustomerRecord{a, b}, noAliases)
			if err != nil {
				return err
			}
			p.a, p.b = pair[0], pair[1]
			if err := fn(&p); err != nil {
				return err
			}
		}
	}
	return nil
}

// byPair keeps the judgement in force on each pair.
func byPair(all []store.Judgement) map[[2]canonical.RecordKey]store.Judgement {
	out := make(map[[2]canonical.RecordKey]store.Judgement, len(all))
	for _, j := range all {
		k := orderedPair(j.A, j.B)
		if have, known := out[k]; !known || j.At.After(have.At) || j.At.Equal(have.At) && !j.Same {
			out[k] = j
		}
	}
	return out
}

func (h *Hub) livingRecords(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]store.CustomerRecord, error) {
	numbers, err := h.DB.CustomersByKey(ctx, keys)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, 0, len(numbers))
	for _, n := range numbers {
		ids = append(ids, n)
	}
	list, err := h.DB.CustomerRecords(ctx, ids)
	out := make(map[canonical.RecordKey]store.CustomerRecord, len(list))
	for _, r := range list {
		if r.Living() {
			out[r.Key] = r
		}
	}
	return out, err
}

// ExportLabels writes the decisions in force as labelled pairs (CSV, UTF-8): which two records, the same or different, who
// said so and when, and how matching compares them. It holds ids and levels, no values. It returns the number of pairs.
func (h *Hub) ExportLabels(ctx context.Context, w io.Writer) (int, error) {
	if !h.Actor.Role.MayDecide() {
		return 0, errs.New(errs.Denied, "steward.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	engine, err := h.engine(ctx)
	if err != nil {
		return 0, err
	}
	out := csv.NewWriter(w)
	if err := out.Write([]string{"left_source", "left_id", "right_source", "right_id", "label", "verb", "actor", "decided_at", "decision_id", "reason",
		"match_weight", "match_probability", "verdict", "rule", "vetoes", "pattern", "model"}); err != nil {
		return 0, fmt.Errorf("write labels: %w", err)
	}
	n := 0
	err = h.eachJudgedPair(ctx, engine, func(p *judgedPair) error {
		why := engine.Why(p.a, p.b)
		label := verbDifferent
		if p.Same {
			label = verbSame
		}
		row := []string{p.A.Source, p.A.ID, p.B.Source, p.B.ID, label, p.decision.Verb, p.decision.Actor, p.At.Format(time.RFC3339), p.decision.ID, p.decision.Reason,
			strconv.FormatFloat(why.Weight, 'f', 3, 64), strconv.FormatFloat(why.P, 'f', 6, 64), why.Verdict, why.Rule, strings.Join(why.Vetoes, " "), why.Pattern(), why.Model}
		for i := range row {
			if i != 10 { // the weight may be negative: a number is no formula
				row[i] = cell.Plain(row[i])
			}
		}
		n++
		return out.Write(row)
	})
	if err != nil {
		return n, err
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return n, fmt.Errorf("write labels: %w", err)
	}
	return n, nil
}

// QualityLabels says how matching alone, under the present thresholds, fares with the pairs that stewards decided. They
// are mostly pairs that were doubtful: the figures tell more of the thresholds than of the master as a whole.
type QualityLabels struct {
	Type      string   `json:"type"` // organisation, hcp, patient
	Same      int64    `json:"same"`
	Different int64    `json:"different"`
	Merge     LabelFit `json:"merge"`  // what is merged without asking
	Review    LabelFit `json:"review"` // what is merged or asked about
}

// LabelFit compares one threshold with labels.
type LabelFit struct {
	Threshold float64 `json:"threshold"`
	Right     int64   `json:"right"`  // the same, and reached
	Wrong     int64   `json:"wrong"`  // different, and reached
	Missed    int64   `json:"missed"` // the same, and not reached
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

func (f *LabelFit) take(same, reached bool) {
	switch {
	case same && reached:
		f.Right++
	case reached:
		f.Wrong++
	case same:
		f.Missed++
	}
	f.Precision, f.Recall = share(f.Right, f.Right+f.Wrong), share(f.Right, f.Right+f.Missed)
}

func (h *Hub) qualityOfLabels(ctx context.Context, r *QualityReport) error {
	engine, err := h.engine(ctx)
	if err != nil {
		return err
	}
	by := map[dedupe.Type]*QualityLabels{}
	err = h.eachJudgedPair(ctx, engine, func(p *judgedPair) error {
		why := engine.Why(p.a, p.b)
		l := by[p.a.Type]
		if l == nil {
			l = &QualityLabels{Type: string(p.a.Type)}
			by[p.a.Type] = l
		}
		if p.a.Type == p.b.Type {
			l.Merge.Threshold, l.Review.Threshold = why.Merge, why.Review
		}
		if p.Same {
			l.Same++
		} else {
			l.Different++
		}
		l.Merge.take(p.Same, why.Verdict == dedupe.Match.String())
		l.Review.take(p.Same, why.Verdict != dedupe.Different.String())
		return nil
	})
	r.Labels = []QualityLabels{}
	for _, t := range dedupe.Types() {
		if l := by[t]; l != nil {
			r.Labels = append(r.Labels, *l)
		}
	}
	return err
}
