package hub

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/internal/width"
	"tributary/pipeline"
	"tributary/store"
)

// How tells how a customer came together out of its source records.
type How struct {
	GoldenID string    `json:"golden_id"`
	Records  int       `json:"records"`
	Steps    []HowStep `json:"steps"`        // in order
	Weakest  int       `json:"weakest_step"` // number of the automatic step with the least mean weight; 0 = none
	Mean     float64   `json:"mean_weight"`  // over all steps, bits
	Waiting  bool      `json:"waiting"`      // the records changed since; the next run of the resolver may part them
	Text     string    `json:"text"`         // the same for a person
}

// HowStep joins two parts of a customer over a pair of records.
type HowStep struct {
	Step     int       `json:"step"`
	A        HowRecord `json:"a"`
	B        HowRecord `json:"b"`
	Weight   float64   `json:"weight"`         // of the pair, bits
	Mean     float64   `json:"mean_weight"`    // over the pairs between both parts; 0 of a steward's
	Rule     string    `json:"rule,omitempty"` // the deterministic rule that fits
	Model    string    `json:"model,omitempty"`
	Decision *Decision `json:"decision,omitempty"` // of a steward's step: who decided, and why
	Judged   bool      `json:"judged"`
}

// HowRecord names a record; the names of patients are masked.
type HowRecord struct {
	canonical.RecordKey
	Name string `json:"name"`
}

// HowCustomer lists the ordered merge steps of a customer. Steps follow from its records, the stored pairs and the
// judgements alone, so they are those that the resolver took.
func (h *Hub) HowCustomer(ctx context.Context, text, lang string) (How, error) {
	id, err := h.livingCustomer(ctx, text)
	if err != nil {
		return How{}, err
	}
	members, err := h.membersOf(ctx, []canonical.ID{id})
	if err != nil {
		return How{}, err
	}
	engine, err := h.engine(ctx)
	if err != nil {
		return How{}, err
	}
	records := members[id]
	out := How{GoldenID: id.String(), Records: len(records), Steps: []HowStep{}}
	if len(records) == 0 {
		return out, errs.New(errs.NotFound, "customers.inactive", errs.Args{"customer": text})
	}
	c, err := h.component(ctx, engine, records)
	if err != nil {
		return How{}, err
	}
	named := map[int64]HowRecord{}
	for i := range records {
		named[records[i].ID] = HowRecord{records[i].Key, pipeline.Masked(records[i].Customer).Name}
	}
	partition := engine.Cluster(c.Component)
	out.Waiting = len(partition.Clusters) != 1
	for _, cluster := range partition.Clusters {
		for _, s := range cluster.Steps {
			step := HowStep{Step: len(out.Steps) + 1, A: named[s.A], B: named[s.B], Weight: s.Weight, Mean: s.Mean, Rule: s.Rule.String(), Judged: s.Judged}
			step.Model = c.model[[2]int64{min(s.A, s.B), max(s.A, s.B)}]
			if s.Judged {
				if step.Decision, err = h.decisionOf(ctx, c.judged, step.A.RecordKey, step.B.RecordKey); err != nil {
					return How{}, err
				}
			}
			out.Steps = append(out.Steps, step)
			out.Mean += s.Mean / float64(len(records)-1)
			if !s.Judged && (out.Weakest == 0 || s.Mean < out.Steps[out.Weakest-1].Mean) {
				out.Weakest = step.Step
			}
		}
	}
	out.Text = out.text(lang)
	return out, nil
}

// decisionOf finds who bound two records together; nil when nobody did.
func (h *Hub) decisionOf(ctx context.Context, judged []store.Judgement, a, b canonical.RecordKey) (*Decision, error) {
	for _, j := range judged {
		if j.Same && !j.Decision.IsZero() && (j.A == a && j.B == b || j.A == b && j.B == a) {
			d, err := h.DB.Decision(ctx, j.Decision)
			shown := showDecision(&d)
			shown.DecisionRequest = DecisionRequest{}
			return &shown, err
		}
	}
	return nil, nil
}

const howShown = 40 // steps in the text; JSON has all

func (w *How) text(lang string) string {
	var b strings.Builder
	zh := lang == "zh"
	say := func(inZh, inEn string, args ...any) {
		format := inEn
		if zh {
			format = inZh
		}
		fmt.Fprintf(&b, format+"\n", args...)
	}
	say("客户 %s：%d 条源记录，%d 步合并", "customer %s: %d records in %d steps", w.GoldenID, w.Records, len(w.Steps))
	for i, s := range w.Steps {
		if i == howShown {
			say("  ……另有 %d 步（--json 显示全部）", "  … and %d more steps (--json shows all)", len(w.Steps)-i)
			break
		}
		say("%3d. %s + %s", "%3d. %s + %s", s.Step, s.A.text(), s.B.text())
		switch {
		case s.Decision != nil:
			say("     人工判定，%s，%s：%s（判断 %s）", "     judged by %s on %s, because: %s (decision %s)", s.Decision.Actor, s.Decision.CreatedAt.Format(time.DateTime), s.Decision.Reason, s.Decision.ID)
		case s.Judged:
			say("     人工判定", "     judged by a steward")
		default:
			rule := dedupe.Label("rule", s.Rule, lang)
			if rule == "" && zh {
				rule = "证据之和"
			} else if rule == "" {
				rule = "the sum of the evidence"
			}
			say("     %s；%.2f 比特，两部分之间平均 %.2f（模型 %s）", "     %s; %.2f bits, %.2f on average between the parts (model %s)", rule, s.Weight, s.Mean, s.Model)
		}
	}
	if w.Weakest > 0 {
		say("最弱的一步：第 %d 步（平均 %.2f 比特）", "weakest link: step %d (%.2f bits on average)", w.Weakest, w.Steps[w.Weakest-1].Mean)
	}
	if w.Waiting {
		say("记录已变化，下次归并运行可能拆分该客户", "the records changed: the next run of the resolver may part this customer")
	}
	return b.String()
}

func (r HowRecord) text() string { return width.Cut(r.Name, 32) + " (" + r.Source + ":" + r.ID + ")" }
