package hub

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/store"
)

// MonthStepRequest moves months on, or opens closed ones again.
type MonthStepRequest struct {
	MonthSelection
	To     string // state; "" = the next one
	By     string // the person; of re-opening needed
	Reason string
}

// RefusedMonth is a book that could not be moved, and why.
type RefusedMonth struct {
	MonthView
	Why   string       `json:"why"`
	Waits []MonthIssue `json:"waits"`
}

// MonthStepReport is what a step did.
type MonthStepReport struct {
	Moved   []MonthView    `json:"moved"`
	Refused []RefusedMonth `json:"refused"`
}

// AdvanceMonths moves months on, at most to closed. What each book lacks is said; the others go on.
func (h *Hub) AdvanceMonths(ctx context.Context, req MonthStepRequest) (MonthStepReport, error) {
	to := canonical.MonthState(req.To)
	switch {
	case req.To != "" && to.Rank() < 0:
		return MonthStepReport{}, errs.New(errs.Invalid, "month.state", errs.Args{"state": req.To, "states": monthWords()})
	case to == canonical.MonthSealed:
		return MonthStepReport{}, errs.New(errs.Invalid, "month.seal_it", errs.Args{"month": req.Month})
	}
	return h.stepMonths(ctx, req, "month.advance", func(m store.Month) (canonical.MonthState, error) {
		next := to
		if next == "" {
			next = canonical.MonthStates()[min(m.State.Rank()+1, canonical.MonthSealed.Rank())]
		}
		switch {
		case m.State.Fixed() && next.Rank() < m.State.Rank():
			return "", errs.New(errs.Conflict, "month.reopen_it", errs.Args{"month": m.Month, "state": m.State})
		case m.State.Fixed():
			return "", errs.New(errs.Conflict, "month.seal_it", errs.Args{"month": m.Month})
		case next.Rank() <= m.State.Rank():
			return "", errs.New(errs.Conflict, "month.no_way_back", errs.Args{"month": m.Month, "state": m.State, "to": next})
		}
		return next, nil
	})
}

// SealMonths seals closed months in which nothing is left to be explained.
func (h *Hub) SealMonths(ctx context.Context, req MonthStepRequest) (MonthStepReport, error) {
	return h.stepMonths(ctx, req, "month.seal", func(m store.Month) (canonical.MonthState, error) {
		if m.State != canonical.MonthClosed {
			return "", errs.New(errs.Conflict, "month.close_it", errs.Args{"month": m.Month, "state": m.State})
		}
		return canonical.MonthSealed, nil
	})
}

// ReopenMonths lets the rows of closed months speak again. It takes a person and a reason.
func (h *Hub) ReopenMonths(ctx context.Context, req MonthStepRequest) (MonthStepReport, error) {
	if strings.TrimSpace(req.By) == "" || strings.TrimSpace(req.Reason) == "" {
		return MonthStepReport{}, errs.New(errs.Invalid, "month.reopen_needs", nil)
	}
	return h.stepMonths(ctx, req, "month.reopen", func(m store.Month) (canonical.MonthState, error) {
		if !m.State.Fixed() {
			return "", errs.New(errs.Conflict, "month.not_closed", errs.Args{"month": m.Month, "state": m.State})
		}
		return canonical.MonthAppealing, nil
	})
}

// stepMonths moves every selected book to where next says. One that is refused does not stop the others; when only one
// was selected, its refusal is the answer.
func (h *Hub) stepMonths(ctx context.Context, req MonthStepRequest, action string, next func(store.Month) (canonical.MonthState, error)) (MonthStepReport, error) {
	report := MonthStepReport{Moved: []MonthView{}, Refused: []RefusedMonth{}}
	if h.Actor.Role == CRM {
		return report, errs.New(errs.Denied, "month.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	b, err := h.books(ctx, req.MonthSelection)
	if err != nil {
		return report, err
	}
	if b.month == "" {
		return report, errs.New(errs.Invalid, "month.bad", errs.Args{"month": ""})
	}
	list, err := b.selected(ctx)
	if err != nil {
		return report, err
	}
	if len(list) == 0 {
		return report, errs.New(errs.NotFound, "month.nothing", errs.Args{"month": b.month})
	}
	for _, m := range list {
		moved, err := b.step(ctx, m.MonthKey, req, action, next)
		if err == nil {
			report.Moved = append(report.Moved, b.view(moved))
			continue
		}
		if k := errs.KindOf(err); ctx.Err() != nil || k != errs.Conflict && k != errs.Invalid {
			return report, err
		}
		if len(list) == 1 {
			return report, err
		}
		report.Refused = append(report.Refused, b.refused(m, err))
	}
	if n := len(report.Refused); n > 0 {
		return report, errs.New(errs.Conflict, "month.some_refused", errs.Args{"count": n, "of": len(list)})
	}
	return report, nil
}

func (b *books) refused(m store.Month, err error) RefusedMonth {
	r := RefusedMonth{MonthView: b.view(m), Why: errs.Render(err, b.lang), Waits: []MonthIssue{}}
	if w := (*waitsError)(nil); errors.As(err, &w) {
		r.Waits = w.list
	}
	return r
}

// waitsError is the refusal of a seal with everything that has to be explained.
type waitsError struct {
	told *errs.Error
	list []MonthIssue
}

func (e *waitsError) Error() string { return e.told.Error() }

// Unwrap lets callers find the code and the text.
func (e *waitsError) Unwrap() error { return e.told }

// step moves one book. Nobody writes the party's books meanwhile.
func (b *books) step(ctx context.Context, k store.MonthKey, req MonthStepRequest, action string, next func(store.Month) (canonical.MonthState, error)) (m store.Month, err error) {
	// What a seal waits for is looked up before the lock: a balance takes longer than a writer may be kept waiting. What
	// changes in between is a change after the close, which is told like any other and seen at the next look.
	var waits []MonthIssue
	if action == "month.seal" {
		if waits, err = b.waits(ctx, b.DB, k); err != nil {
			return m, err
		}
	}
	err = b.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.LockBook(ctx, k.Party); err != nil {
			return err
		}
		if m, err = tx.MonthOf(ctx, k); err != nil {
			return err
		}
		before := m.State
		if m.State, err = next(m); err != nil {
			return err
		}
		body := map[string]any{"before": before, "after": m.State}
		switch {
		case action == "month.seal" && len(waits) > 0:
			return b.unsettled(k, waits)
		case m.State == canonical.MonthClosed:
			figures, err := b.close(ctx, tx, k)
			if err != nil {
				return err
			}
			body["figures"], m.ClosedAt = figures, tx.Now
		case action == "month.reopen":
			inTheWay, err := tx.ReopenBook(ctx, k)
			if err == nil && len(inTheWay) > 0 {
				err = errs.New(errs.Conflict, "month.corrected_in", errs.Args{"month": k.Month, "months": strings.Join(inTheWay, ", ")})
			}
			if err != nil {
				return err
			}
			m.ClosedAt = time.Time{}
		}
		m.ChangedAt, m.ChangedBy, m.Reason = tx.Now, or(req.By, b.Actor.Name), req.Reason
		if err := tx.PutMonth(ctx, m); err != nil {
			return err
		}
		body["by"] = m.ChangedBy
		return tx.Audit(ctx, store.AuditEntry{Actor: b.Actor.Name, Action: action, Subject: b.subject(k), Reason: req.Reason, Body: body})
	})
	return m, err
}

// subject is what audit lines call a book.
func (b *books) subject(k store.MonthKey) string {
	return strings.Join([]string{b.byRecord[k.Party].Key, string(k.Ledger), k.Month}, "/")
}

// close fixes what a month says. It waits for the end of the month, and for rows on their way to the join.
func (b *books) close(ctx context.Context, tx *store.Tx, k store.MonthKey) (int, error) {
	if k.Month >= b.today().Month() {
		return 0, errs.New(errs.Conflict, "month.not_over", errs.Args{"month": k.Month})
	}
	if waits, err := tx.FlowWaits(ctx, k.Party); err != nil {
		return 0, err
	} else if waits {
		return 0, errs.New(errs.Conflict, "month.rows_wait", errs.Args{"month": k.Month, "party": b.byRecord[k.Party].Key})
	}
	if twin, ok, err := b.twin(ctx, tx, k); err != nil {
		return 0, err
	} else if ok {
		return 0, errs.New(errs.Conflict, "month.mapped_twice", errs.Args{"month": k.Month, "ledger": k.Ledger, "party": b.byRecord[k.Party].Key, "other": twin})
	}
	list, err := tx.FixFigures(ctx, k)
	return len(list), err
}

// twin is another key under which the same customer reports the same ledger in the same month: its rows count twice.
func (b *books) twin(ctx context.Context, tx *store.Tx, k store.MonthKey) (string, bool, error) {
	golden := b.byRecord[k.Party].Golden
	if golden.IsZero() {
		return "", false, nil
	}
	for _, record := range slices.Sorted(maps.Keys(b.byRecord)) {
		r := b.byRecord[record]
		if r.Golden != golden || record == k.Party {
			continue
		}
		m, err := tx.MonthOf(ctx, store.MonthKey{Party: record, Ledger: k.Ledger, Month: k.Month})
		if err != nil || m.Lines > 0 {
			return r.Key, err == nil, err
		}
	}
	return "", false, nil
}

// shownWaits are as many as a message names.
const shownWaits = 5

func (b *books) unsettled(k store.MonthKey, waits []MonthIssue) error {
	var lines []string
	for i, w := range waits {
		if i == shownWaits {
			lines = append(lines, "…")
			break
		}
		lines = append(lines, w.Text)
	}
	return &waitsError{errs.New(errs.Conflict, "month.unsettled", errs.Args{"month": k.Month, "party": b.byRecord[k.Party].Key, "ledger": k.Ledger, "count": len(waits),
		"rows": strings.Join(lines, " ")}), waits}
}

// ExplainMonthRequest says why a month was corrected, or why it has a gap.
type ExplainMonthRequest struct {
	MonthSelection
	Corrections []string // ids; empty: all of the month that nobody explained
	Class       string   // of the corrections; "" leaves theirs
	Product     string   // of a gap
	Lot         string
	Reason      string
}

// ExplainReport says how much was explained.
type ExplainReport struct {
	Corrections int `json:"corrections"`
	Gaps        int `json:"gaps"`
}

// ExplainMonth keeps a person's reason for corrections, or for a gap, of a month.
func (h *Hub) ExplainMonth(ctx context.Context, req ExplainMonthRequest) (ExplainReport, error) {
	var out ExplainReport
	if h.Actor.Role == CRM {
		return out, errs.New(errs.Denied, "month.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	b, err := h.books(ctx, req.MonthSelection)
	switch {
	case err != nil:
		return out, err
	case b.month == "":
		return out, errs.New(errs.Invalid, "month.bad", errs.Args{"month": ""})
	case strings.TrimSpace(req.Reason) == "":
		return out, errs.New(errs.Invalid, "month.reason_needed", nil)
	case req.Product != "":
		return b.explainGap(ctx, req)
	}
	return b.explainCorrections(ctx, req)
}

func (b *books) explainCorrections(ctx context.Context, req ExplainMonthRequest) (out ExplainReport, err error) {
	class := canonical.CorrectionClass(0)
	if req.Class != "" {
		var ok bool
		if class, ok = canonical.ParseCorrectionClass(req.Class); !ok {
			return out, badClass(req.Class)
		}
	}
	q := store.CorrectionQuery{Ledger: b.ledger, Real: b.month, Unexplained: len(req.Corrections) == 0}
	list, err := b.DB.Corrections(ctx, q)
	if err != nil {
		return out, err
	}
	wanted := map[string]bool{}
	for _, id := range req.Corrections {
		wanted[id] = true
	}
	byParty := map[int64][]canonical.ID{}
	for _, c := range list {
		if len(b.chosen) > 0 && c.Party != b.chosen[0] || len(wanted) > 0 && !wanted[c.ID.String()] {
			continue
		}
		delete(wanted, c.ID.String())
		byParty[c.Party] = append(byParty[c.Party], c.ID)
		out.Corrections++
	}
	for id := range wanted {
		return ExplainReport{}, errs.New(errs.NotFound, "month.unknown_correction", errs.Args{"id": id, "month": b.month})
	}
	if out.Corrections == 0 && len(req.Corrections) == 0 && len(wanted) == 0 {
		return out, errs.New(errs.NotFound, "month.nothing_to_explain", errs.Args{"month": b.month})
	}
	err = b.DB.InTx(ctx, func(tx *store.Tx) error {
		for _, party := range slices.Sorted(maps.Keys(byParty)) {
			if err := tx.ExplainCorrections(ctx, byParty[party], class, req.Reason, b.Actor.Name); err != nil {
				return err
			}
			k := store.MonthKey{Party: party, Ledger: b.ledger, Month: b.month}
			if err := tx.Audit(ctx, store.AuditEntry{Actor: b.Actor.Name, Action: "month.explain", Subject: b.subject(k), Reason: req.Reason,
				Body: map[string]any{"corrections": byParty[party], "class": class}}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func badClass(text string) error {
	return errs.New(errs.Invalid, "month.class", errs.Args{"class": text, "classes": strings.Join(canonical.CorrectionClasses(), ", ")})
}

func (b *books) explainGap(ctx context.Context, req ExplainMonthRequest) (out ExplainReport, err error) {
	if len(b.chosen) != 1 {
		return out, errs.New(errs.Invalid, "month.gap_needs_party", nil)
	}
	sku, err := b.product(ctx, req.Product)
	if err != nil {
		return out, err
	}
	b.gaps = &monthGaps{byProduct: map[int64][]openGap{}}
	gaps, err := b.gapsOf(ctx, sku.ID, b.month)
	if err != nil {
		return out, err
	}
	party := b.chosen[0]
	lot, _ := normalize.Lot(req.Lot)
	for _, g := range gaps {
		if g.golden != b.byRecord[party].Golden.String() || g.lot != lot {
			continue
		}
		err := b.DB.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.PutGap(ctx, store.ExplainedGap{Party: party, Month: b.month, Product: sku.ID, Lot: g.lot, Quantity: g.quantity, Reason: req.Reason, By: b.Actor.Name}); err != nil {
				return err
			}
			return tx.Audit(ctx, store.AuditEntry{Actor: b.Actor.Name, Action: "month.explain", Subject: b.subject(store.MonthKey{Party: party, Month: b.month}), Reason: req.Reason,
				Body: map[string]any{"product": sku.Code, "lot": g.lot, "gap": g.quantity}})
		})
		out.Gaps = 1
		return out, err
	}
	return out, errs.New(errs.NotFound, "month.no_gap", errs.Args{"product": sku.Code, "lot": req.Lot, "month": b.month})
}
