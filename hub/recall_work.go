package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"tributary/events"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/quality"
	"tributary/store"
)

// recallWork is a recall while it is changed: what is stored, and what the step leaves behind.
type recallWork struct {
	hub     *Hub
	row     store.Case
	recall  quality.Recall
	rows    []quality.Affected
	profile *quality.Profile

	dirty   map[int]bool // rows to store
	dropped []store.CaseParty
	entries []store.CaseEntry
	remarks []quality.Remark

	op     events.Op
	kind   string // of the history entry of the step; "" = the entries tell it
	detail stepDetail
	before map[string]any
	told   func(*events.RecallValue) // what the event tells besides
}

// changeRecall runs a step on a locked recall and records it.
func (h *Hub) changeRecall(ctx context.Context, number, lang string, step func(ctx context.Context, tx *store.Tx, w *recallWork) error) (RecallView, error) {
	if err := h.mayHandle(); err != nil {
		return RecallView{}, err
	}
	w := recallWork{hub: h}
	err := h.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := w.load(ctx, tx, number); err != nil {
			return err
		}
		w.before = map[string]any{"state": w.recall.State, "scope_version": w.recall.ScopeVersion}
		w.op, w.detail.From = events.Updated, w.recall.State
		if err := step(ctx, tx, &w); err != nil {
			return err
		}
		return w.record(ctx, tx)
	})
	if errors.Is(err, errNothing) {
		return h.ShowRecall(ctx, number, lang)
	}
	if err != nil {
		return RecallView{}, h.unknownCase(ctx, store.CaseRecall, number, err)
	}
	return w.view(ctx, lang)
}

// errNothing ends a step that has nothing to record: no event, no audit line, no new version.
var errNothing = errors.New("nothing to do")

func (w *recallWork) load(ctx context.Context, tx *store.Tx, number string) (err error) {
	if w.row, err = tx.LockCase(ctx, store.CaseRecall, number); err != nil {
		return err
	}
	parties, err := tx.CaseParties(ctx, w.row.ID)
	if err != nil {
		return err
	}
	return w.read(parties)
}

// read takes a stored recall apart.
func (w *recallWork) read(parties []store.CaseParty) (err error) {
	if err := json.Unmarshal(w.row.Payload, &w.recall); err != nil {
		return err
	}
	w.rows = make([]quality.Affected, len(parties))
	for i, p := range parties {
		if err := json.Unmarshal(p.Payload, &w.rows[i]); err != nil {
			return err
		}
	}
	w.sort()
	w.profile, err = w.hub.profileOf(w.recall.Profile)
	return err
}

// sort puts the list in the order in which people read it: by lot, tier, code, name.
func (w *recallWork) sort() {
	slices.SortFunc(w.rows, func(a, b quality.Affected) int {
		return cmp.Or(strings.Compare(a.Lot, b.Lot), cmp.Compare(a.Tier, b.Tier), strings.Compare(a.Customer.Code, b.Customer.Code), strings.Compare(a.Customer.Name, b.Customer.Name), strings.Compare(a.Key, b.Key))
	})
}

func (w *recallWork) touch(i int) {
	if w.dirty == nil {
		w.dirty = map[int]bool{}
	}
	w.dirty[i] = true
}

// note adds to the history.
func (w *recallWork) note(kind, party, lot string, detail any) error {
	payload, err := jsonOf(detail)
	w.entries = append(w.entries, store.CaseEntry{Kind: kind, Party: party, Lot: lot, Actor: w.hub.Actor.Name, Payload: payload})
	return err
}

func (w *recallWork) fillRow(now time.Time) (err error) {
	r := &w.recall
	w.row.State, w.row.Product, w.row.Lots = string(r.State), r.Product.Code, r.LotNumbers()
	w.row.DueAt, w.row.ClosedAt = quality.NextDue(w.profile.ForRecall(r, "en", now)), nil
	if at, closed := r.Facts[quality.ClosedAt]; closed {
		w.row.ClosedAt, w.row.DueAt = &at, nil
	}
	w.row.Payload, err = jsonOf(r)
	return err
}

// linkComplaints notes on the complaints that led to a recall its number.
func (w *recallWork) linkComplaints(ctx context.Context, tx *store.Tx) error {
	for _, number := range w.recall.Complaints {
		row, err := tx.LockCase(ctx, store.CaseComplaint, number)
		if err != nil {
			return err
		}
		var c quality.Complaint
		if err := json.Unmarshal(row.Payload, &c); err != nil {
			return err
		}
		if c.State == quality.Closed || c.Recall == w.recall.Number {
			continue
		}
		before := c.Recall
		c.Recall = w.recall.Number
		profile, err := w.hub.profileOf(c.Profile)
		if err != nil {
			return err
		}
		if err := fillComplaintRow(&row, &c, profile, tx.Now); err != nil {
			return err
		}
		if err := tx.SaveCase(ctx, &row); err != nil {
			return err
		}
		err = w.hub.complaintStep(ctx, tx, &row, &c, events.Updated, "step", stepDetail{From: c.State, To: c.State, Change: map[string]any{"recall": c.Recall}}, map[string]any{"recall": before})
		if err != nil {
			return err
		}
	}
	return nil
}

// record stores what a step changed, its history, its event and its audit line, in the transaction of the step.
func (w *recallWork) record(ctx context.Context, tx *store.Tx) error {
	if err := w.fillRow(tx.Now); err != nil {
		return err
	}
	if err := tx.SaveCase(ctx, &w.row); err != nil {
		return err
	}
	if err := tx.DropCaseParties(ctx, w.row.ID, w.dropped); err != nil {
		return err
	}
	parties := make([]store.CaseParty, 0, len(w.dirty))
	for i := range w.rows {
		if w.dirty[i] {
			payload, err := jsonOf(&w.rows[i])
			if err != nil {
				return err
			}
			parties = append(parties, store.CaseParty{Party: w.rows[i].Key, Lot: w.rows[i].Lot, Payload: payload})
		}
	}
	if err := tx.PutCaseParties(ctx, w.row.ID, parties); err != nil {
		return err
	}
	w.detail.To = w.recall.State
	if w.kind != "" {
		if err := w.note(w.kind, "", "", w.detail); err != nil {
			return err
		}
	}
	if err := tx.AddCaseEntries(ctx, w.row.ID, w.entries); err != nil {
		return err
	}
	if err := tx.AppendEvents(ctx, []events.Event{events.Recall(events.Meta{Op: w.op, Version: w.row.Version, Time: tx.Now}, w.value())}); err != nil {
		return err
	}
	f := w.figures()
	return tx.Audit(ctx, store.AuditEntry{Actor: w.hub.Actor.Name, Action: "recall." + string(w.op), Subject: w.recall.Number, Reason: w.detail.Reason,
		Body: store.Change{Before: w.before, After: map[string]any{"state": w.recall.State, "scope_version": w.recall.ScopeVersion, "by": w.detail.By, "change": w.detail.Change,
			"parties": f.Parties, "notified": f.Notified, "answered": f.Answered}}})
}

func (w *recallWork) value() events.RecallValue {
	r, f := &w.recall, w.figures()
	v := events.RecallValue{RecallID: r.ID, Number: r.Number, Kind: r.Kind, Class: r.Class, State: string(r.State), Product: r.Product.Code, Lots: r.LotNumbers(), ScopeVersion: r.ScopeVersion,
		Complaints: r.Complaints, Parties: f.Parties, Possible: f.Possible, Notified: f.Notified, Answered: f.Answered, DueAt: w.row.DueAt, Actor: w.hub.Actor.Name, Reason: w.detail.Reason}
	v.RecoveryRate, v.ExplainedRate = quality.Rates(r.Reconciliation)
	if w.told != nil {
		w.told(&v)
	}
	return v
}

// party finds a party of the list by golden id, code or name. lot narrows the rows; "" = all of the party.
func (w *recallWork) party(ctx context.Context, text, lot string) ([]int, error) {
	matches := func(is func(*quality.Affected) bool) []int {
		var out []int
		for i := range w.rows {
			if is(&w.rows[i]) && (lot == "" || w.rows[i].Lot == lot) {
				out = append(out, i)
			}
		}
		return out
	}
	wanted := normalize.Text(text)
	found := matches(func(a *quality.Affected) bool {
		return a.Key == text || a.Customer.Code != "" && strings.EqualFold(a.Customer.Code, text) || normalize.Text(a.Customer.Name) == wanted
	})
	if len(found) == 0 {
		if id, err := w.hub.customer(ctx, text); err == nil {
			found = matches(func(a *quality.Affected) bool { return a.Key == id.String() })
		} else if !errs.Is(err, errs.NotFound) {
			return nil, err
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	var words []string
	for i := range w.rows {
		words = append(words, w.rows[i].Customer.Name, w.rows[i].Customer.Code)
	}
	code := "quality.not_on_list"
	if _, err := w.hub.customer(ctx, text); err != nil {
		code = "quality.unknown_party"
	}
	return nil, errs.New(errs.NotFound, code, errs.Args{"party": text, "case": w.recall.Number, "near": listed(closest(wanted, words))})
}

// lotOf checks a lot of a recall; "" is the only one it has.
func (w *recallWork) lotOf(text string) (string, error) {
	lots := w.recall.LotNumbers()
	if text == "" && len(lots) == 1 {
		return lots[0], nil
	}
	lot, _ := normalize.Lot(text)
	if !slices.Contains(lots, lot) {
		return "", errs.New(errs.Invalid, "quality.lot_not_in_scope", errs.Args{"lot": text, "case": w.recall.Number, "lots": strings.Join(lots, ", ")})
	}
	return lot, nil
}
