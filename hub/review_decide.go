package hub

import (
	"context"
	"errors"
	"time"

	"github.com/expr-lang/expr"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/store"
)

// Verdict is a steward's answer to a question.
type Verdict string

// The verdicts.
const (
	Same      Verdict = verbSame      // one customer
	Different Verdict = verbDifferent // two customers
	Later     Verdict = "later"       // not now
)

// putOff is how long a question rests that is answered with later, unless a time is given.
const putOff = 7 * 24 * time.Hour

// DecideRequest answers questions of the review queue.
type DecideRequest struct {
	Questions []string
	Verdict   Verdict
	NoAlias   bool // same: do not keep the names of mentions as their parties' aliases
	Because
}

// DecideQuestions answers open questions. Same and different bind the two records; later puts the questions off. Nothing
// is decided when one of them is not open.
func (h *Hub) DecideQuestions(ctx context.Context, req DecideRequest) (Decided, error) {
	list := func() ([]store.Question, error) { return h.openQuestions(ctx, req) }
	switch req.Verdict {
	case Later:
		return h.putOff(ctx, req.Because, list)
	case Same, Different:
		return h.decide(ctx, string(req.Verdict), req.Because, func() (DecisionRequest, error) {
			questions, err := list()
			if err != nil {
				return DecisionRequest{}, err
			}
			out, err := h.pairsOf(ctx, questions)
			out.NoAlias = req.NoAlias
			return out, err
		})
	}
	return Decided{}, errs.New(errs.Invalid, "review.verdict", errs.Args{"verdict": string(req.Verdict)})
}

// openQuestions finds questions that can be answered. One that is answered already, by a decision on it or by a chain of
// others, is refused with the answer.
func (h *Hub) openQuestions(ctx context.Context, req DecideRequest) ([]store.Question, error) {
	waits, err := h.waiting(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]store.Question, len(req.Questions))
	for i, id := range req.Questions {
		q, err := h.question(ctx, id)
		if err != nil {
			return nil, err
		}
		asked, err := h.pairsOf(ctx, []store.Question{q})
		if err != nil {
			return nil, err
		}
		pair := asked.Pairs[0]
		if d, ok := waits[pair]; ok {
			return nil, answered("review.waits", id, d)
		}
		if !q.Open {
			on, err := h.decisionsOn(ctx, pair[0], pair[1])
			if err == nil && len(on) > 0 {
				err = answered("review.decided", id, on[0])
			} else if err == nil && req.Verdict != Later {
				err = h.consistent(ctx, []dedupe.Judgement{{A: pair[0], B: pair[1], Same: req.Verdict == Same}})
			}
			return nil, errOr(err, errs.New(errs.Conflict, "review.closed", errs.Args{"question": id}))
		}
		out[i] = q
	}
	return out, nil
}

// waiting are the pairs, as questions name them, that were answered by decisions that wait for a second person.
func (h *Hub) waiting(ctx context.Context) (map[[2]canonical.RecordKey]Decision, error) {
	list, err := h.DB.Decisions(ctx, store.DecisionPending, ruleReads)
	out := map[[2]canonical.RecordKey]Decision{}
	for i := range list {
		d := showDecision(&list[i])
		for _, pair := range d.Pairs {
			out[pair] = d
		}
	}
	return out, err
}

// answered refuses a question with the answer that it has.
func answered(code, question string, d Decision) error {
	return errs.New(errs.Conflict, code, errs.Args{"question": question, "actor": d.Actor, "at": d.CreatedAt.Format(time.DateTime),
		"verb": verbWord(d.Verb), "reason": d.Reason, "decision": d.ID})
}

func (h *Hub) putOff(ctx context.Context, b Because, list func() ([]store.Question, error)) (Decided, error) {
	if b.Reason == "" {
		b.Reason = string(Later)
	}
	if err := h.mayDecide(b); err != nil {
		return Decided{}, err
	}
	questions, err := list()
	if err != nil {
		return Decided{}, err
	}
	until := b.Until
	if until.IsZero() {
		until = h.Now().Add(putOff)
	}
	out := Decided{Decision: Decision{Verb: string(Later), State: store.DecisionDone, Actor: h.Actor.Name, Reason: b.Reason, CreatedAt: h.Now(), ExpiresAt: until}, Customers: []canonical.ID{}}
	return out, h.DB.InTx(ctx, func(tx *store.Tx) error {
		for _, q := range questions {
			if err := tx.PutOffQuestion(ctx, q.A, q.B, until); err != nil {
				return err
			}
		}
		return nil
	})
}

func (h *Hub) pairsOf(ctx context.Context, questions []store.Question) (DecisionRequest, error) {
	var req DecisionRequest
	var ids []int64
	for _, q := range questions {
		ids = append(ids, q.A, q.B)
	}
	records, err := h.DB.CustomerRecords(ctx, ids)
	keys := map[int64]canonical.RecordKey{}
	for _, r := range records {
		keys[r.ID] = r.Key
	}
	for _, q := range questions {
		req.Pairs = append(req.Pairs, [2]canonical.RecordKey{keys[q.A], keys[q.B]})
	}
	return req, err
}

// DecideByRuleRequest answers all open questions that a rule selects.
type DecideByRuleRequest struct {
	Rule    string // an expression over RuleQuestion, for example p >= 0.9 && reason == "below_merge"
	Verdict Verdict
	DryRun  bool
	Limit   int  // 0 = 1,000
	NoAlias bool // as in DecideRequest
	Lang    string
	Because
}

// RuleQuestion is what a rule sees of a question.
type RuleQuestion struct {
	P       float64  `expr:"p"`
	Weight  float64  `expr:"weight"`
	Reason  string   `expr:"reason"`
	Vetoes  []string `expr:"vetoes"`
	Rule    string   `expr:"rule"` // the deterministic rule that fits, or ""
	KindA   string   `expr:"kind_a"`
	KindB   string   `expr:"kind_b"`
	SourceA string   `expr:"source_a"`
	SourceB string   `expr:"source_b"`
	NameA   string   `expr:"name_a"`
	NameB   string   `expr:"name_b"`
	Mention bool     `expr:"mention"` // one of the two is a mention in a flow row
	Days    int      `expr:"days"`    // since it was asked

	pair [2]canonical.RecordKey
}

// answered reports whether an answer to the question waits for a second person.
func (q *RuleQuestion) answered(waits map[[2]canonical.RecordKey]Decision) bool {
	_, ok := waits[q.pair]
	return ok
}

// DecidedByRule says what a rule selected and what came of it.
type DecidedByRule struct {
	Selected  int        `json:"selected"`
	Questions []Question `json:"questions"` // the selected ones, as far as they are decided
	Large     int        `json:"large"`     // left out: so many records need a second person, one at a time
	Decided   *Decided   `json:"decided"`   // null in a dry run, and when nothing was selected
}

// errNothingSelected ends a decision by rule that selects nothing before it is made.
var errNothingSelected = errors.New("the rule selects nothing")

const (
	ruleLimit = 1000
	ruleReads = 100_000
)

// DecideByRule answers the open questions that a rule selects, all in one decision that can be undone as one. Questions
// that need a second person are left out.
func (h *Hub) DecideByRule(ctx context.Context, req DecideByRuleRequest) (DecidedByRule, error) {
	out := DecidedByRule{Questions: []Question{}}
	if req.Verdict != Same && req.Verdict != Different {
		return out, errs.New(errs.Invalid, "review.verdict_by_rule", errs.Args{"verdict": string(req.Verdict)})
	}
	if err := h.mayDecide(req.Because); err != nil {
		return out, err
	}
	rule, err := expr.Compile(req.Rule, expr.Env(RuleQuestion{}), expr.AsBool())
	if err != nil {
		return out, errs.Wrap(errs.Invalid, "review.rule", err, errs.Args{"rule": req.Rule})
	}
	var chosen []store.Question
	prepare := func() (DecisionRequest, error) {
		if chosen, err = h.selectByRule(ctx, req, func(q RuleQuestion) (bool, error) {
			v, err := expr.Run(rule, q)
			if err != nil {
				return false, errs.Wrap(errs.Invalid, "review.rule", err, errs.Args{"rule": req.Rule})
			}
			yes, _ := v.(bool) // the compiler saw to it
			return yes, nil
		}); err != nil {
			return DecisionRequest{}, err
		}
		out.Selected = len(chosen)
		if chosen, err = h.withoutLarge(ctx, req.Verdict, chosen); err != nil {
			return DecisionRequest{}, err
		}
		out.Large = out.Selected - len(chosen)
		return h.pairsOf(ctx, chosen)
	}
	if req.DryRun {
		_, err = prepare()
	} else {
		var d Decided
		d, err = h.decide(ctx, string(req.Verdict), req.Because, func() (DecisionRequest, error) {
			pairs, err := prepare()
			if err == nil && len(chosen) == 0 {
				err = errNothingSelected
			}
			pairs.NoAlias = req.NoAlias
			return pairs, err
		})
		if err == nil {
			out.Decided = &d
		}
	}
	if err != nil && !errors.Is(err, errNothingSelected) {
		return out, err
	}
	if out.Questions, err = h.showQuestions(ctx, chosen, req.Lang); err != nil {
		return out, err
	}
	return out, nil
}

// selectByRule reads the open questions, those put off too, and keeps what the rule selects.
func (h *Hub) selectByRule(ctx context.Context, req DecideByRuleRequest, selects func(RuleQuestion) (bool, error)) ([]store.Question, error) {
	limit := req.Limit
	if limit <= 0 {
		limit = ruleLimit
	}
	open, err := h.DB.SelectQuestions(ctx, store.QuestionQuery{Limit: ruleReads})
	if err != nil {
		return nil, err
	}
	waits, err := h.waiting(ctx)
	if err != nil {
		return nil, err
	}
	const portion = 500
	var out []store.Question
	for len(open) > 0 && len(out) < limit {
		part := open[:min(portion, len(open))]
		open = open[len(part):]
		seen, err := h.ruleQuestions(ctx, part)
		if err != nil {
			return nil, err
		}
		for i, q := range part {
			yes, err := selects(seen[i])
			if err != nil {
				return nil, err
			}
			if s := seen[i]; yes && len(out) < limit && !s.answered(waits) {
				out = append(out, q)
			}
		}
	}
	return out, nil
}

func (h *Hub) ruleQuestions(ctx context.Context, list []store.Question) ([]RuleQuestion, error) {
	shown, err := h.showQuestions(ctx, list, "en")
	if err != nil {
		return nil, err
	}
	var ids []int64
	for _, q := range list {
		ids = append(ids, q.A)
	}
	edges := map[[2]int64]store.Edge{}
	if err := h.DB.MatchEdges(ctx, ids, func(e store.Edge) { edges[[2]int64{e.A, e.B}] = e }); err != nil {
		return nil, err
	}
	out := make([]RuleQuestion, len(list))
	for i, q := range list {
		s, e := shown[i], edges[[2]int64{q.A, q.B}]
		out[i] = RuleQuestion{P: q.P, Weight: q.Weight, Reason: q.Reason, Vetoes: dedupe.ParseVetoes(e.Veto).List(), Rule: e.Rule, KindA: string(s.A.Kind), KindB: string(s.B.Kind),
			SourceA: s.A.Source, SourceB: s.B.Source, NameA: s.A.Name, NameB: s.B.Name, Mention: s.A.Trust == 0 || s.B.Trust == 0, Days: s.AgeHours / 24,
			pair: [2]canonical.RecordKey{{Source: s.A.Source, ID: s.A.ID}, {Source: s.B.Source, ID: s.B.ID}}}
	}
	return out, nil
}

// withoutLarge leaves out the questions whose answer needs a second person, given the answers to those before them: many
// small joins that end in one large customer are a large decision.
func (h *Hub) withoutLarge(ctx context.Context, v Verdict, list []store.Question) ([]store.Question, error) {
	eyes := h.Config.Dedupe.FourEyes
	if v != Same || eyes <= 0 {
		return list, nil
	}
	req, err := h.pairsOf(ctx, list)
	if err != nil {
		return nil, err
	}
	g, of, err := h.gather(ctx, req.Pairs)
	if err != nil {
		return nil, err
	}
	var out []store.Question
	for i, q := range list {
		if g.size(of[i]...) <= eyes {
			g.join(of[i]...)
			out = append(out, q)
		}
	}
	return out, nil
}
