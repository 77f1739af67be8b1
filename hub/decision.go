package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/dedupe"
	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/store"
)

// Decision is what a steward decided about customers. Its judgements bind every later run until it is undone or expires.
type Decision struct {
	ID          string    `json:"decision_id"`
	Verb        string    `json:"verb"`  // same, different, merge, split, erase
	State       string    `json:"state"` // pending (waits for a second person), done, undone
	Actor       string    `json:"actor"`
	Reason      string    `json:"reason"`
	CreatedAt   time.Time `json:"created_at"`
	ExpiresAt   time.Time `json:"expires_at,omitzero"`
	ConfirmedBy string    `json:"confirmed_by,omitempty"`
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	UndoneBy    string    `json:"undone_by,omitempty"`
	UndoneAt    time.Time `json:"undone_at,omitzero"`
	UndoReason  string    `json:"undo_reason,omitempty"`
	Batch       string    `json:"batch_id,omitempty"` // of a file of merges
	DecisionRequest
}

// DecisionRequest says what a decision is about: pairs of records, or customers.
type DecisionRequest struct {
	Pairs     [][2]canonical.RecordKey `json:"pairs,omitempty"`
	Customers []canonical.ID           `json:"customers,omitempty"`
	Survivor  canonical.ID             `json:"survivor,omitzero"`  // of a merge: the id that stays
	Overrule  bool                     `json:"overrule,omitempty"` // of a merge: whatever kept them apart
	Records   []canonical.RecordKey    `json:"records,omitempty"`  // of a split: those that leave
	NoAlias   bool                     `json:"no_alias,omitempty"` // it teaches no names
	Aliases   []LearnedAlias           `json:"aliases,omitempty"`  // the names it teaches while it is in force
}

// Decided is a decision with what followed from it.
type Decided struct {
	Decision  Decision       `json:"decision"`
	Customers []canonical.ID `json:"customers"` // golden ids that the records concerned belong to now
	Settle    SettleReport   `json:"settled"`
}

// Decisions is a list of decisions, newest first.
type Decisions struct {
	Decisions []Decision `json:"decisions"`
}

// The verbs of decisions.
const (
	verbSame      = "same"
	verbDifferent = "different"
	verbMerge     = "merge"
	verbSplit     = "split"
	verbErase     = "erase"
)

// verbWord is a verb as a message says it.
type verbWord string

// In is the word in a language.
func (v verbWord) In(lang string) string {
	if zh := verbsChinese[v]; lang == "zh" && zh != "" {
		return zh
	}
	return string(v)
}

var verbsChinese = map[verbWord]string{verbSame: "同一家", verbDifferent: "不同", verbMerge: "合并", verbSplit: "拆分", verbErase: "删除"}

// ListDecisions lists the last decisions, newest first; only those that wait for a second person when pending.
func (h *Hub) ListDecisions(ctx context.Context, pending bool, limit int) (Decisions, error) {
	state := ""
	if pending {
		state = store.DecisionPending
	}
	list, err := h.DB.Decisions(ctx, state, orDefault(limit))
	out := Decisions{Decisions: make([]Decision, len(list))}
	for i := range list {
		out.Decisions[i] = showDecision(&list[i])
	}
	return out, err
}

func orDefault(limit int) int {
	if limit <= 0 {
		return defaultCustomers
	}
	return limit
}

func showDecision(d *store.Decision) Decision {
	out := Decision{ID: d.ID.String(), Verb: d.Verb, State: d.State, Actor: d.Actor, Reason: d.Reason, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt,
		ConfirmedBy: d.ConfirmedBy, ConfirmedAt: d.ConfirmedAt, UndoneBy: d.UndoneBy, UndoneAt: d.UndoneAt, UndoReason: d.UndoReason}
	if !d.Batch.IsZero() {
		out.Batch = d.Batch.String()
	}
	// Written by decide: it can be read.
	_ = json.Unmarshal([]byte(d.Request), &out.DecisionRequest)
	return out
}

// Because says why, and until when, a steward decides.
type Because struct {
	Reason string    // required
	Until  time.Time // zero: until it is undone
}

// mayDecide refuses roles that may not decide, decisions without a reason, and expiries in the past.
func (h *Hub) mayDecide(b Because) error {
	switch {
	case !h.Actor.Role.MayDecide():
		return errs.New(errs.Denied, "steward.denied", errs.Args{"role": string(h.Actor.Role)})
	case strings.TrimSpace(b.Reason) == "":
		return errs.New(errs.Invalid, "steward.reason", nil)
	case !b.Until.IsZero() && !b.Until.After(h.Now()):
		return errs.New(errs.Invalid, "steward.expired", errs.Args{"until": b.Until.Format(time.RFC3339)})
	}
	return nil
}

// settleWith lets decide write under the resolver's lease and settles what follows. Decisions of several stewards, and runs
// of the resolver, come one after the other.
func (h *Hub) settleWith(ctx context.Context, decide func(pipeline.Unit) error) (report SettleReport, err error) {
	if report.Resolve, err = h.Resolver().Apply(ctx, decide); err != nil {
		return report, err
	}
	report.Join, err = h.Joiner().Run(ctx)
	return report, err
}

// plan is what a decision comes to, given the customers as they are.
type plan struct {
	judgements []dedupe.Judgement
	survivor   canonical.ID
	size       int // records of the largest customer it makes or parts
}

// withDecision is what belongs to a decision and stands or falls with it.
type withDecision func(*store.Tx, *store.Decision) error

// decide carries out a decision, or leaves it to a second person when it concerns too many records. prepare finds out
// what it is about while no run is at work.
func (h *Hub) decide(ctx context.Context, verb string, because Because, prepare func() (DecisionRequest, error), with ...withDecision) (Decided, error) {
	if err := h.mayDecide(because); err != nil {
		return Decided{}, err
	}
	d := store.Decision{Verb: verb, State: store.DecisionDone, Actor: h.Actor.Name, Reason: strings.TrimSpace(because.Reason), ExpiresAt: because.Until}
	report, err := h.settleWith(ctx, func(unit pipeline.Unit) error {
		req, err := prepare()
		if err != nil {
			return err
		}
		p, err := h.plan(ctx, verb, req)
		if err != nil {
			return err
		}
		if err := h.learn(ctx, verb, because, &req); err != nil {
			return err
		}
		body, err := json.Marshal(req)
		if err != nil {
			return fmt.Errorf("render decision: %w", err)
		}
		d.Request = string(body)
		return unit(func(tx *store.Tx) error {
			if d.ID, err = tx.NewID(); err != nil {
				return err
			}
			d.CreatedAt = tx.Now
			for _, do := range with {
				if err := do(tx, &d); err != nil {
					return err
				}
			}
			if eyes := h.Config.Dedupe.FourEyes; eyes > 0 && p.size > eyes {
				d.State = store.DecisionPending
				return h.record(ctx, tx, &d, "asked")
			}
			return h.enact(ctx, tx, &d, p)
		})
	})
	return h.decided(ctx, &d, report, err)
}

// enact puts a decision into force.
func (h *Hub) enact(ctx context.Context, tx *store.Tx, d *store.Decision, p plan) error {
	if err := h.record(ctx, tx, d, "decided"); err != nil {
		return err
	}
	if !p.survivor.IsZero() {
		if err := tx.AppendLedger(ctx, []store.LedgerEntry{{Golden: p.survivor, Event: "chosen", Resolve: d.ID}}); err != nil {
			return err
		}
	}
	if err := h.putAliases(ctx, tx, d, false); err != nil {
		return err
	}
	return tx.AddJudgements(ctx, d, p.judgements)
}

// record stores a decision and tells the audit log.
func (h *Hub) record(ctx context.Context, tx *store.Tx, d *store.Decision, what string) error {
	if err := tx.PutDecision(ctx, d); err != nil {
		return err
	}
	reason := d.Reason
	if d.State == store.DecisionUndone {
		reason = d.UndoReason
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "customer." + d.Verb + "." + what, Subject: d.ID.String(), Reason: reason, Body: json.RawMessage(d.Request)})
}

func (h *Hub) decided(ctx context.Context, d *store.Decision, report SettleReport, err error) (Decided, error) {
	if err != nil {
		return Decided{}, err
	}
	out := Decided{Decision: showDecision(d), Settle: report}
	req := out.Decision.DecisionRequest
	if d.State != store.DecisionPending {
		judged, err := h.DB.JudgedBy(ctx, d.ID)
		if err != nil {
			return Decided{}, err
		}
		req.Records = append(slices.Clone(req.Records), judged...)
	}
	out.Customers, err = h.concerned(ctx, &req)
	return out, err
}

// ConfirmDecision puts a decision into force that waited for a second person.
func (h *Hub) ConfirmDecision(ctx context.Context, id string) (Decided, error) {
	if !h.Actor.Role.MayDecide() {
		return Decided{}, errs.New(errs.Denied, "steward.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	var d store.Decision
	report, err := h.settleWith(ctx, func(unit pipeline.Unit) (err error) {
		if d, err = h.decision(ctx, id); err != nil {
			return err
		}
		return h.confirm(ctx, unit, &d)
	})
	return h.decided(ctx, &d, report, err)
}

// asItIsNow replaces customers that were merged away, while a decision waited, by those that they became.
func (h *Hub) asItIsNow(ctx context.Context, req DecisionRequest) (DecisionRequest, error) {
	asked := req.Customers
	goldens, err := h.DB.Goldens(ctx, append(slices.Clone(asked), req.Survivor))
	if err != nil {
		return req, err
	}
	now := func(id canonical.ID) canonical.ID {
		if g := goldens[id]; g.Status == store.GoldenMerged {
			return g.Survivor
		}
		return id
	}
	req.Customers, req.Survivor = nil, now(req.Survivor)
	for _, id := range asked {
		if id = now(id); !slices.Contains(req.Customers, id) {
			req.Customers = append(req.Customers, id)
		}
	}
	if len(asked) > 1 && len(req.Customers) == 1 {
		return req, errs.New(errs.Invalid, "steward.merge_two", nil)
	}
	return req, nil
}

func (h *Hub) confirm(ctx context.Context, unit pipeline.Unit, d *store.Decision) error {
	switch {
	case d.State != store.DecisionPending:
		return notPending(d)
	case d.Actor == h.Actor.Name:
		return errs.New(errs.Denied, "steward.same_person", errs.Args{"actor": d.Actor})
	case !d.ExpiresAt.IsZero() && !d.ExpiresAt.After(h.Now()):
		return errs.New(errs.Conflict, "steward.expired", errs.Args{"until": d.ExpiresAt.Format(time.RFC3339)})
	}
	req, err := h.asItIsNow(ctx, showDecision(d).DecisionRequest)
	if err != nil {
		return err
	}
	p, err := h.plan(ctx, d.Verb, req)
	if err != nil {
		return err
	}
	return unit(func(tx *store.Tx) error {
		d.State, d.ConfirmedBy, d.ConfirmedAt = store.DecisionDone, h.Actor.Name, tx.Now
		return h.enact(ctx, tx, d, p)
	})
}

// UndoDecision takes a decision back: what it bound is free again, and the records are resolved at once. Ids that were
// merged away stay redirects for ever (invariant 6): a customer that comes out of an undone merge has a new id unless it
// holds most of the links of the surviving one.
func (h *Hub) UndoDecision(ctx context.Context, id, reason string) (Decided, error) {
	if err := h.mayDecide(Because{Reason: reason}); err != nil {
		return Decided{}, err
	}
	var d store.Decision
	report, err := h.settleWith(ctx, func(unit pipeline.Unit) (err error) {
		if d, err = h.decision(ctx, id); err != nil {
			return err
		}
		return h.takeBack(ctx, unit, &d, reason)
	})
	return h.decided(ctx, &d, report, err)
}

func (h *Hub) takeBack(ctx context.Context, unit pipeline.Unit, d *store.Decision, reason string) error {
	switch {
	case d.State == store.DecisionUndone:
		return undone(d)
	case d.Verb == verbErase:
		return errs.New(errs.Invalid, "steward.erased_for_good", nil)
	}
	was := d.State
	return unit(func(tx *store.Tx) error {
		d.State, d.UndoneBy, d.UndoneAt, d.UndoReason = store.DecisionUndone, h.Actor.Name, tx.Now, strings.TrimSpace(reason)
		if err := h.record(ctx, tx, d, "undone"); err != nil || was == store.DecisionPending {
			return err
		}
		if survivor := showDecision(d).Survivor; !survivor.IsZero() {
			if err := tx.AppendLedger(ctx, []store.LedgerEntry{{Golden: survivor, Event: "unchosen", Resolve: d.ID}}); err != nil {
				return err
			}
		}
		if err := h.putAliases(ctx, tx, d, true); err != nil {
			return err
		}
		return tx.RevokeJudgements(ctx, d.ID)
	})
}

// notPending refuses to confirm a decision that does not wait, and says who was faster.
func notPending(d *store.Decision) error {
	switch {
	case d.State == store.DecisionUndone:
		return undone(d)
	case d.ConfirmedBy != "":
		return errs.New(errs.Conflict, "steward.confirmed", errs.Args{"decision": d.ID.String(), "actor": d.ConfirmedBy, "at": d.ConfirmedAt.Format(time.DateTime)})
	}
	return errs.New(errs.Conflict, "steward.not_pending", errs.Args{"decision": d.ID.String(), "state": d.State})
}

// undone refuses what an undone decision forbids, and says who took it back.
func undone(d *store.Decision) error {
	return errs.New(errs.Conflict, "steward.undone", errs.Args{"decision": d.ID.String(), "actor": d.UndoneBy, "at": d.UndoneAt.Format(time.DateTime), "reason": d.UndoReason})
}

func (h *Hub) decision(ctx context.Context, text string) (store.Decision, error) {
	unknown := errs.New(errs.NotFound, "steward.unknown_decision", errs.Args{"decision": text})
	id, err := canonical.ParseID(text)
	if err != nil {
		return store.Decision{}, unknown
	}
	d, err := h.DB.Decision(ctx, id)
	if errors.Is(err, store.ErrNoDecision) {
		return d, unknown
	}
	return d, err
}
