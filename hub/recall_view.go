package hub

import (
	"context"
	"slices"

	"tributary/events"
	"tributary/internal/errs"
	"tributary/quality"
)

// RecallFigures count the parties of the affected list, each once.
type RecallFigures struct {
	Parties      int `json:"parties"`
	EndCustomers int `json:"end_customers"`
	Possible     int `json:"possible"` // on the list only because rows name no lot
	Notified     int `json:"notified"`
	NoContact    int `json:"no_contact"` // neither phone nor e-mail is known
	Answered     int `json:"answered"`
	Settled      int `json:"settled"` // nothing more is expected of it
	Reminded     int `json:"reminded"`
	Escalated    int `json:"escalated"`
}

func (w *recallWork) figures() RecallFigures {
	type party struct{ end, certain, notified, contact, answered, unsettled, reminded, escalated bool }
	all := map[string]*party{}
	for i := range w.rows {
		a := &w.rows[i]
		p := all[a.Key]
		if p == nil {
			p = &party{}
			all[a.Key] = p
		}
		p.end = p.end || a.EndCustomer
		p.certain = p.certain || !a.Possible
		p.notified = p.notified || a.Notice != nil
		p.contact = p.contact || a.Contactable() || a.Notice != nil && a.Notice.Address != ""
		p.answered = p.answered || a.Replies.Answered()
		p.unsettled = p.unsettled || !a.Settled()
		p.reminded = p.reminded || a.Reminded > 0
		p.escalated = p.escalated || a.EscalatedAt != nil
	}
	f := RecallFigures{Parties: len(all)}
	count := func(n *int, yes bool) {
		if yes {
			*n++
		}
	}
	for _, p := range all {
		count(&f.EndCustomers, p.end)
		count(&f.Possible, !p.certain)
		count(&f.Notified, p.notified)
		count(&f.NoContact, !p.contact)
		count(&f.Answered, p.answered)
		count(&f.Settled, !p.unsettled)
		count(&f.Reminded, p.reminded)
		count(&f.Escalated, p.escalated)
	}
	return f
}

// view renders a recall as it is stored.
func (w *recallWork) view(ctx context.Context, lang string) (RecallView, error) {
	now := w.hub.Now()
	w.sort()
	v := RecallView{Recall: w.recall, Next: w.recall.Next(), Deadlines: w.profile.ForRecall(&w.recall, lang, now), DueAt: w.row.DueAt, Figures: w.figures(), Affected: w.rows,
		UpdatedAt: w.row.UpdatedAt, Remarks: quality.Say(w.remarks, lang)}
	v.Overdue = v.DueAt != nil && now.After(*v.DueAt)
	v.Reconciliation = sayGaps(v.Reconciliation, lang)
	if v.DrillReport != nil {
		report := *v.DrillReport
		report.Rules = slices.Clone(report.Rules)
		for i := range report.Rules {
			report.Rules[i].What = errs.Word(report.Rules[i].Code).In(lang)
		}
		v.DrillReport = &report
	}
	var err error
	v.History, err = w.hub.history(ctx, w.row.ID)
	return v, err
}

// sayGaps fills the reasons of gaps that replies left, in a language.
func sayGaps(in []quality.Reconciliation, lang string) []quality.Reconciliation {
	out := slices.Clone(in)
	for i := range out {
		out[i].Gaps = slices.Clone(out[i].Gaps)
		for j := range out[i].Gaps {
			if g := &out[i].Gaps[j]; g.Reason == "" && g.Code != "" {
				g.Reason = errs.Word(g.Code).In(lang)
			}
		}
	}
	return out
}

// total is the balance of a lot as an event tells it.
func total(r quality.Reconciliation) events.RecallTotal {
	t := r.Totals
	return events.RecallTotal{Lot: r.Lot, Released: t.Released, OwnStock: t.OwnStock, Sampled: t.Sampled, Quarantined: t.Quarantined, ChannelStock: t.ChannelStock, Recovered: t.Recovered,
		Used: t.Used, Destroyed: t.Destroyed, Gap: t.Gap}
}
