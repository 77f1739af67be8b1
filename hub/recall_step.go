package hub

import (
	"context"
	"slices"

	"tributary/events"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/store"
)

// AdvanceRecallRequest is `recall advance`. Without To the recall goes to its next state, unless only fields are given.
type AdvanceRecallRequest struct {
	To            string
	By            string
	Reason        string
	Class         string
	Assessment    string
	Plan          string
	FilingWhat    string // plan, progress, summary
	FilingNo      string
	Authority     string
	FilingDate    string // "" = today
	PublicURL     string
	Disposal      string
	Effectiveness string
	CAPA          string
	AddLots       []string // of scope_extended
	Stay          bool     // only the fields
	Lang          string
}

// AdvanceRecall takes a recall one step on. Deciding and extending the scope make the list anew from what the hub knows
// by then; what parties have answered stays.
func (h *Hub) AdvanceRecall(ctx context.Context, number string, req AdvanceRecallRequest) (RecallView, error) {
	now, err := h.recallOf(ctx, number)
	if err != nil {
		return RecallView{}, err
	}
	to := quality.State(req.To)
	if to == "" && !req.Stay {
		if next := now.recall.Next(); len(next) > 0 {
			to = next[0]
		}
	}
	filed, err := h.filingOf(req)
	if err != nil {
		return RecallView{}, err
	}
	// Tracing reads much: it is done before the recall is locked.
	var fresh quality.Recall
	var list []quality.Affected
	if to != now.recall.State && slices.Contains(now.recall.Next(), to) && (to == quality.Decided || to == quality.ScopeExtended) {
		scope := now.recall.ScopeVersion
		if to == quality.ScopeExtended {
			scope++
		}
		if list, err = h.listRecall(ctx, &fresh, now.recall.Product.Code, slices.Concat(now.recall.LotNumbers(), req.AddLots), scope, req.Lang); err != nil {
			return RecallView{}, err
		}
		if fresh.Completeness, err = h.completeness(ctx, &fresh); err != nil {
			return RecallView{}, err
		}
	}
	return h.changeRecall(ctx, number, req.Lang, func(_ context.Context, tx *store.Tx, w *recallWork) error {
		s := quality.Step{To: to, By: req.By, Reason: req.Reason, Class: req.Class, Assessment: req.Assessment, Plan: req.Plan, Filing: filed, PublicURL: req.PublicURL,
			Disposal: req.Disposal, Effectiveness: req.Effectiveness, CAPA: req.CAPA, Noticed: w.figures().Notified, Unreached: w.names(unreached), Silent: w.names(unsettled)}
		if s.By == "" && to == quality.Assessed {
			s.By = h.Actor.Name
		}
		if err := w.recall.Advance(s, tx.Now); err != nil {
			return err
		}
		w.kind, w.detail.By, w.detail.Reason, w.detail.Change = "step", s.By, req.Reason, fieldsOf(req, filed)
		if w.recall.State == quality.Closed {
			w.op = events.Closed
		}
		if list != nil {
			w.renew(fresh, list)
		}
		return nil
	})
}

func (h *Hub) filingOf(req AdvanceRecallRequest) (*quality.Filing, error) {
	if req.FilingWhat == "" && req.FilingNo == "" {
		return nil, nil
	}
	date, err := parseDate("filing-date", req.FilingDate)
	if err != nil {
		return nil, err
	}
	if date.IsZero() {
		date = h.today()
	}
	return &quality.Filing{What: req.FilingWhat, Authority: req.Authority, No: req.FilingNo, Date: date}, nil
}

// fieldsOf is what a step said, for history and audit.
func fieldsOf(req AdvanceRecallRequest, f *quality.Filing) map[string]any {
	out := map[string]any{}
	for name, v := range map[string]string{"class": req.Class, "assessment": req.Assessment, "plan": req.Plan, "public_url": req.PublicURL, "disposal": req.Disposal,
		"effectiveness": req.Effectiveness, "capa": req.CAPA} {
		if v != "" {
			out[name] = v
		}
	}
	if f != nil {
		out["filing"] = f
	}
	if len(req.AddLots) > 0 {
		out["added_lots"] = req.AddLots
	}
	return out
}

// unreached has a notice that nobody can have got, or none.
func unreached(a *quality.Affected) bool { return a.Notice == nil || a.Notice.Address == "" }

func unsettled(a *quality.Affected) bool { return !a.Settled() }

// names are the parties of the rows that a condition picks, each once, in the order of the list.
func (w *recallWork) names(is func(*quality.Affected) bool) []string {
	var out []string
	for i := range w.rows {
		if name := w.rows[i].Customer.Name; is(&w.rows[i]) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// renew puts a new list in the place of the old one. Parties that said something, or that others named, stay even when
// the flow no longer shows them.
func (w *recallWork) renew(fresh quality.Recall, list []quality.Affected) {
	w.recall.Completeness = fresh.Completeness
	type rowKey struct{ party, lot string }
	old := map[rowKey]*quality.Affected{}
	for i := range w.rows {
		old[rowKey{w.rows[i].Key, w.rows[i].Lot}] = &w.rows[i]
	}
	before := len(w.rows)
	for i := range list {
		if have := old[rowKey{list[i].Key, list[i].Lot}]; have != nil {
			list[i].Renew(have)
			delete(old, rowKey{list[i].Key, list[i].Lot})
		}
	}
	left := 0
	for _, a := range w.rows {
		if old[rowKey{a.Key, a.Lot}] == nil {
			continue
		}
		if a.Replies.Answered() || a.ForwardedIn != 0 || a.Notice != nil {
			list = append(list, a)
			continue
		}
		left++
		w.dropped = append(w.dropped, store.CaseParty{Party: a.Key, Lot: a.Lot})
	}
	w.rows, w.recall.Lots = list, fresh.Lots
	w.recall.Product, w.recall.Unit, w.recall.ApprovalNo = fresh.Product, fresh.Unit, fresh.ApprovalNo
	w.sort()
	for i := range w.rows {
		w.touch(i)
	}
	if len(w.rows) != before || left > 0 {
		w.remarks = append(w.remarks, quality.Remark{Code: "quality.remark.list_changed", Args: errs.Args{"rows": len(w.rows), "before": before, "left": left}})
	}
}
