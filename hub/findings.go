package hub

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/store"
	"tributary/trace/finding"
)

// Verdicts are what a person may say about a finding.
var Verdicts = []string{"confirmed", "explained", "mistake"}

// FindingView is the JSON of a finding.
type FindingView struct {
	finding.Finding
	State     string          `json:"state"` // open, settled
	Text      string          `json:"text"`
	Next      string          `json:"next"`
	FirstSeen time.Time       `json:"first_seen"`
	ChangedAt time.Time       `json:"changed_at"` // when the evidence became what it is
	Sources   []FindingSource `json:"sources,omitempty"`
	Said      []FindingSaid   `json:"said,omitempty"` // by persons, the oldest first
}

// FindingSource is a row behind a finding with where it came from.
type FindingSource struct {
	Row      canonical.ID       `json:"row_id"`
	Party    string             `json:"party"` // who sent it
	Ledger   canonical.Ledger   `json:"ledger"`
	Kind     canonical.FlowKind `json:"kind"`
	Date     canonical.Date     `json:"date"`
	DocNo    string             `json:"doc_no"`
	Lot      string             `json:"lot"`
	Quantity canonical.Quantity `json:"quantity"` // in the row's own unit
	Unit     string             `json:"unit"`
	File     string             `json:"file"`   // "" = it was pulled
	Stream   string             `json:"stream"` // connection/stream
	Line     int                `json:"line"`   // of the file, or row of the pull
}

// FindingSaid is what a person said about a finding.
type FindingSaid struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Verdict string    `json:"verdict"`
	Reason  string    `json:"reason"`
	Holds   bool      `json:"holds"` // the evidence is still what it was then
}

// FindingList is the JSON of `findings list`.
type FindingList struct {
	Total    int64          `json:"total"`
	Findings []FindingView  `json:"findings"`
	Check    FindingsReport `json:"check"` // what was checked before the list was read
}

// FindingFilter selects findings. Zero fields select all that are open.
type FindingFilter struct {
	Rule     string
	Severity string // this or graver
	Product  string
	Lot      string
	Party    string // golden id, code or name
	Settled  bool   // those that a person settled, instead of the open ones
	Limit    int    // 0 = 50
	Lang     string
}

const defaultFindings = 50

// ListFindings lists findings, the gravest first. What changed since the last check is checked before.
func (h *Hub) ListFindings(ctx context.Context, f FindingFilter) (FindingList, error) {
	out := FindingList{Findings: []FindingView{}}
	rules, severities := make([]string, 0, len(finding.Rules())), make([]string, 0, len(finding.Severities()))
	for _, r := range finding.Rules() {
		rules = append(rules, string(r))
	}
	for _, s := range finding.Severities() {
		severities = append(severities, string(s))
	}
	if err := errors.Join(knownWord("rule", f.Rule, rules), knownWord("severity", f.Severity, severities)); err != nil {
		return out, err
	}
	q := store.FindingQuery{Rule: finding.Rule(f.Rule), Severity: finding.Severity(f.Severity), Settled: &f.Settled, Limit: f.Limit}
	if q.Limit <= 0 {
		q.Limit = defaultFindings
	}
	q.Lot, _ = normalize.Lot(f.Lot)
	if f.Product != "" {
		sku, err := h.product(ctx, f.Product)
		if err != nil {
			return out, err
		}
		q.Product = sku.Code
	}
	if f.Party != "" {
		id, err := h.customer(ctx, f.Party)
		if err != nil {
			return out, err
		}
		q.Party = id.String()
	}
	var err error
	if out.Check, err = h.CheckFindings(ctx, false); err != nil {
		return out, err
	}
	list, total, err := h.DB.Findings(ctx, q)
	if err != nil {
		return out, err
	}
	out.Total = total
	for i := range list {
		out.Findings = append(out.Findings, findingView(&list[i], f.Lang))
	}
	return out, nil
}

func findingView(f *store.StoredFinding, lang string) FindingView {
	v := FindingView{Finding: f.Finding, State: "open", Text: f.Text(lang), Next: f.Next(lang), FirstSeen: f.FirstSeen, ChangedAt: f.ChangedAt}
	if f.Settled {
		v.State = "settled"
	}
	return v
}

// ShowFinding shows a finding with its rows, where they came from, and what was said about it.
func (h *Hub) ShowFinding(ctx context.Context, id, lang string) (FindingView, error) {
	f, err := h.findingOf(ctx, id)
	if err != nil {
		return FindingView{}, err
	}
	v := findingView(&f, lang)
	rows, err := h.DB.RowSources(ctx, f.Rows)
	if err != nil {
		return v, err
	}
	v.Sources = make([]FindingSource, len(rows))
	for i, r := range rows {
		v.Sources[i] = FindingSource{r.ID, r.Party, r.Ledger, r.Kind, r.Date, r.DocNo, r.Lot, r.Quantity, r.Unit, r.File, r.Stream, r.Row}
	}
	said, err := h.DB.SettlementsOf(ctx, f.ID)
	v.Said = make([]FindingSaid, len(said))
	for i, s := range said {
		v.Said[i] = FindingSaid{At: s.At, By: s.Actor, Verdict: s.Verdict, Reason: s.Reason, Holds: s.Evidence == f.Evidence}
	}
	return v, err
}

func (h *Hub) findingOf(ctx context.Context, text string) (store.StoredFinding, error) {
	unknown := errs.New(errs.NotFound, "finding.unknown", errs.Args{"id": text})
	id, err := canonical.ParseID(strings.TrimSpace(text))
	if err != nil {
		return store.StoredFinding{}, unknown
	}
	f, err := h.DB.Finding(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		err = unknown
	}
	return f, err
}

// SettleFindingRequest is `findings settle`.
type SettleFindingRequest struct {
	ID       string
	Verdict  string // confirmed, explained, mistake
	Reason   string
	Evidence string // digest that the person saw; "" = the present one
	Undo     bool   // take the last word back
	Lang     string
}

// SettleFinding records what a person found out about a finding. It stays settled until its evidence changes.
func (h *Hub) SettleFinding(ctx context.Context, req SettleFindingRequest) (FindingView, error) {
	if err := h.mayHandle(); err != nil {
		return FindingView{}, err
	}
	verdict := req.Verdict
	switch {
	case req.Undo:
		verdict = store.Reopened
	case !slices.Contains(Verdicts, verdict):
		return FindingView{}, errs.New(errs.Invalid, "finding.verdict", errs.Args{"value": verdict, "known": strings.Join(Verdicts, ", ")})
	}
	if strings.TrimSpace(req.Reason) == "" {
		return FindingView{}, errs.New(errs.Invalid, "finding.no_reason", nil)
	}
	f, err := h.findingOf(ctx, req.ID)
	if err != nil {
		return FindingView{}, err
	}
	s := store.Settlement{Evidence: f.Evidence, Verdict: verdict, Reason: strings.TrimSpace(req.Reason), Actor: h.Actor.Name}
	if req.Evidence != "" {
		s.Evidence = req.Evidence
	}
	err = h.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.SettleFinding(ctx, f.ID, s); err != nil {
			return err
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "finding." + verdict, Subject: f.ID.String(), Reason: s.Reason,
			Body: store.Change{After: map[string]any{"rule": f.Rule, "product": f.Product, "lot": f.Lot, "evidence": s.Evidence}}})
	})
	if errors.Is(err, store.ErrRaced) {
		err = errs.New(errs.Conflict, "finding.changed", errs.Args{"id": f.ID.String()})
	}
	if err != nil {
		return FindingView{}, err
	}
	return h.ShowFinding(ctx, f.ID.String(), req.Lang)
}
