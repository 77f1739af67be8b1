package hub

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// Question is a pair of records that a person should decide.
type Question struct {
	ID          string     `json:"id"`
	A           ReviewSide `json:"a"`
	B           ReviewSide `json:"b"`
	Probability float64    `json:"probability"`
	Weight      float64    `json:"weight"` // bits
	Reason      string     `json:"reason"` // why it was not decided by itself: below_merge, veto, cluster_veto, ambiguous, …
	ReasonText  string     `json:"reason_text"`
	Open        bool       `json:"open"`
	AskedAt     time.Time  `json:"asked_at"`
	AgeHours    int        `json:"age_hours"`
	Assignee    string     `json:"assignee"`
	LaterUntil  time.Time  `json:"later_until,omitzero"` // put off until then
}

// ReviewSide is one of the two records as its source knows it, personal fields masked.
type ReviewSide struct {
	Source   string                 `json:"source"`
	ID       string                 `json:"id"`
	GoldenID canonical.ID           `json:"golden_id"`
	Kind     canonical.CustomerKind `json:"kind"`
	Name     string                 `json:"name"`
	Place    string                 `json:"place"`
	Trust    int                    `json:"trust"` // 0: a mention in a flow row
}

// Questions is a part of the review queue.
type Questions struct {
	Total     int64      `json:"total"` // that the query selects
	Questions []Question `json:"questions"`
}

// ReviewQuery selects open questions. Zero fields select everything but what is put off.
type ReviewQuery struct {
	Kind      string
	Reason    string
	Assignee  string
	OlderThan time.Duration
	All       bool // also those put off
	Limit     int  // 0 = 50
	Lang      string
}

func (h *Hub) questionQuery(q ReviewQuery) (store.QuestionQuery, error) {
	out := store.QuestionQuery{Kind: canonical.CustomerKind(q.Kind), Reason: q.Reason, Assignee: q.Assignee, Limit: orDefault(q.Limit)}
	if err := knownKind(q.Kind); err != nil {
		return out, err
	}
	if q.Reason != "" && !slices.Contains(dedupe.Reasons(), dedupe.Reason(q.Reason)) {
		return out, errs.New(errs.Invalid, "review.unknown_reason", errs.Args{"reason": q.Reason, "known": joined(dedupe.Reasons())})
	}
	if q.OlderThan > 0 {
		out.Before, out.Oldest = h.Now().Add(-q.OlderThan), true
	}
	if !q.All {
		out.Awake = h.Now()
	}
	return out, nil
}

// ReasonText says for a person why a question was asked.
func ReasonText(reason, lang string) string { return dedupe.Label("question", reason, lang) }

func joined[T ~string](words []T) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return strings.Join(out, ", ")
}

func knownKind(kind string) error {
	if kind == "" || slices.Contains(canonical.CustomerKinds(), canonical.CustomerKind(kind)) {
		return nil
	}
	return errs.New(errs.Invalid, "customers.unknown_kind", errs.Args{"kind": kind, "known": joined(canonical.CustomerKinds())})
}

// Review lists open questions, the most probable first (the oldest first when asked by age).
func (h *Hub) Review(ctx context.Context, q ReviewQuery) (Questions, error) {
	query, err := h.questionQuery(q)
	if err != nil {
		return Questions{}, err
	}
	total, err := h.DB.CountSelected(ctx, query)
	if err != nil {
		return Questions{}, err
	}
	found, err := h.DB.SelectQuestions(ctx, query)
	if err != nil {
		return Questions{}, err
	}
	out := Questions{Total: total}
	out.Questions, err = h.showQuestions(ctx, found, q.Lang)
	return out, err
}

func (h *Hub) showQuestions(ctx context.Context, found []store.Question, lang string) ([]Question, error) {
	var ids []int64
	for _, q := range found {
		ids = append(ids, q.A, q.B)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	records, err := h.DB.CustomerRecords(ctx, ids)
	if err != nil {
		return nil, err
	}
	links, err := h.DB.LastLinks(ctx, ids)
	if err != nil {
		return nil, err
	}
	sides := map[int64]ReviewSide{}
	for i := range records {
		r := &records[i]
		c := pipeline.Masked(r.Customer)
		sides[r.ID] = ReviewSide{Source: r.Key.Source, ID: r.Key.ID, Kind: c.Kind, Name: c.Name, Trust: r.Trust, Place: c.Address.Place("")}
	}
	for _, l := range links {
		if s, ok := sides[l.Record]; ok && l.Open {
			s.GoldenID = l.Golden
			sides[l.Record] = s
		}
	}
	out := make([]Question, len(found))
	for i, q := range found {
		out[i] = Question{ID: questionID(q.A, q.B), A: sides[q.A], B: sides[q.B], Probability: q.P, Weight: q.Weight, Reason: q.Reason,
			ReasonText: dedupe.Label("question", q.Reason, lang), Open: q.Open, AskedAt: q.CreatedAt, AgeHours: int(h.Now().Sub(q.CreatedAt).Hours()),
			Assignee: q.Assignee, LaterUntil: q.LaterUntil}
	}
	return out, nil
}

// questionID names a question after its two records, which never change.
func questionID(a, b int64) string { return fmt.Sprintf("%d-%d", min(a, b), max(a, b)) }

// question finds a question by its id.
func (h *Hub) question(ctx context.Context, id string) (store.Question, error) {
	unknown := errs.New(errs.NotFound, "review.unknown", errs.Args{"question": id})
	left, right, ok := strings.Cut(id, "-")
	a, errA := strconv.ParseInt(left, 10, 64)
	b, errB := strconv.ParseInt(right, 10, 64)
	if !ok || errA != nil || errB != nil {
		return store.Question{}, unknown
	}
	q, found, err := h.DB.Question(ctx, a, b)
	if err == nil && !found {
		err = unknown
	}
	return q, err
}

// ReviewShown is a question with everything that helps to decide it.
type ReviewShown struct {
	Question
	Why       Why        `json:"why"`
	Decisions []Decision `json:"decisions"` // on these two records, newest first
}

// ShowQuestion explains a question side by side. Values of persons are masked unless asked for with a reason.
func (h *Hub) ShowQuestion(ctx context.Context, id, lang string, unmask Unmask) (ReviewShown, error) {
	q, err := h.question(ctx, id)
	if err != nil {
		return ReviewShown{}, err
	}
	shown, err := h.showQuestions(ctx, []store.Question{q}, lang)
	if err != nil {
		return ReviewShown{}, err
	}
	out := ReviewShown{Question: shown[0], Decisions: []Decision{}}
	if !q.Open {
		return out, errs.New(errs.Conflict, "review.closed", errs.Args{"question": id})
	}
	a, b := recordText(out.A), recordText(out.B)
	if out.Why, err = h.WhyCustomers(ctx, a, b, lang, unmask); err != nil {
		return ReviewShown{}, err
	}
	out.Decisions, err = h.decisionsOn(ctx, canonical.RecordKey{Source: out.A.Source, ID: out.A.ID}, canonical.RecordKey{Source: out.B.Source, ID: out.B.ID})
	return out, err
}

func recordText(s ReviewSide) string { return s.Source + "|" + s.ID }

// decisionsOn lists the decisions in force on the pair, newest first.
func (h *Hub) decisionsOn(ctx context.Context, x, y canonical.RecordKey) ([]Decision, error) {
	judgements, err := h.DB.JudgementsOf(ctx, []canonical.RecordKey{x}, store.Micros(h.Now()))
	if err != nil {
		return nil, err
	}
	var ids []canonical.ID
	for _, j := range judgements {
		if j.A == x && j.B == y || j.A == y && j.B == x {
			ids = append(ids, j.Decision)
		}
	}
	found, err := h.DB.DecisionsByID(ctx, ids)
	out := []Decision{}
	for _, d := range found {
		out = append(out, showDecision(&d))
	}
	slices.SortFunc(out, func(a, b Decision) int { return b.CreatedAt.Compare(a.CreatedAt) })
	return out, err
}

// AssignQuestions says who works on questions; "" for nobody.
func (h *Hub) AssignQuestions(ctx context.Context, ids []string, to string) error {
	if !h.Actor.Role.MayDecide() {
		return errs.New(errs.Denied, "steward.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	list := make([]store.Question, len(ids))
	for i, id := range ids {
		var err error
		if list[i], err = h.question(ctx, id); err != nil {
			return err
		}
	}
	return h.DB.InTx(ctx, func(tx *store.Tx) error {
		for _, q := range list {
			if err := tx.AssignQuestion(ctx, q.A, q.B, to); err != nil {
				return err
			}
		}
		return nil
	})
}
