package hub

import (
	"context"
	"fmt"
	"time"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/store"
)

// judged finds the judgement in force on a pair and the decision that gave it.
func (h *Hub) judged(ctx context.Context, x, y *dedupe.Record, why *Why) error {
	judgements, err := h.DB.JudgementsOf(ctx, []canonical.RecordKey{x.Key}, store.Micros(h.Now()))
	if err != nil {
		return err
	}
	var latest store.Judgement
	for _, j := range judgements {
		if (j.A == x.Key && j.B == y.Key || j.A == y.Key && j.B == x.Key) && (j.At.After(latest.At) || j.At.Equal(latest.At) && !j.Same) {
			latest = j
			why.Judgement = verbDifferent
			if j.Same {
				why.Judgement = verbSame
			}
		}
	}
	if latest.Decision.IsZero() {
		return nil
	}
	d, err := h.DB.Decision(ctx, latest.Decision)
	shown := showDecision(&d)
	shown.DecisionRequest = DecisionRequest{} // a bulk decision names thousands of pairs; this one is in question
	why.Decision = &shown
	return err
}

// apartBecause says why two records are not one customer; "" when they are. What binds most is said first.
func (h *Hub) apartBecause(ctx context.Context, x, y *dedupe.Record, why *Why) (string, error) {
	e := &why.Explanation
	switch {
	case why.Together:
		return "", nil
	case x.Type != y.Type:
		return "kind", nil
	case why.Judgement == verbDifferent:
		return "judgement", nil
	case e.P < e.Review:
		return "below_review", nil
	case why.NeverBlocked:
		return "never_compared", nil
	case len(e.Vetoes) > 0:
		return string(dedupe.Vetoed), nil
	case e.P < e.Merge:
		return string(dedupe.BelowMerge), nil
	}
	q, found, err := h.DB.Question(ctx, x.ID, y.ID)
	if err != nil || found && q.Open {
		return q.Reason, err
	}
	waits, err := h.DB.Unsettled(ctx)
	if err != nil || waits {
		return "waiting", err
	}
	return string(dedupe.WeakCluster), nil
}

// outcome says for a person what became of the pair, and who decided it.
func (w *Why) outcome(lang string) string {
	say := func(zh, en string, args ...any) string {
		if lang == "zh" {
			return fmt.Sprintf(zh+"\n", args...)
		}
		return fmt.Sprintf(en+"\n", args...)
	}
	var out string
	switch {
	case w.Together:
		out = say("结果：同一客户 %s", "outcome: one customer, %s", w.A.GoldenID)
	default:
		reason := dedupe.Label("apart", w.Apart, lang)
		if reason == w.Apart {
			reason = dedupe.Label("question", w.Apart, lang)
		}
		out = say("结果：不是同一客户——%s", "outcome: not one customer: %s", reason)
	}
	if d := w.Decision; d != nil {
		verdict := say("不同", "different")
		if w.Judgement == verbSame {
			verdict = say("同一家", "the same")
		}
		out += say("  %s 于 %s 判定为%s：%s（判断 %s）", "  %s judged on %s: %s, because: %s (decision %s)", d.Actor, d.CreatedAt.Format(time.DateTime), verdict[:len(verdict)-1], d.Reason, d.ID)
	}
	return out
}
