package hub

import (
	"context"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/quality"
	"tributary/store"
	"tributary/trace"
)

// RecallReplyRequest is `recall reply`: what a party said about a lot in one stage. Quantities are texts as typed.
type RecallReplyRequest struct {
	Party     string // golden id, code or name
	Lot       string // "" when the recall has one
	Stage     string
	At        string // "" = now
	By        string // who answered
	Channel   string
	Impact    string
	Held      string
	Used      string
	UsedTotal string
	Damaged   string
	Forwarded []string // PARTY=QUANTITY
	Returned  string
	Destroyed string
	Evidence  string
	Note      string
	Lang      string
}

// ReplyRecall records a reply. A party that a reply says it passed goods on to gets a row of its own. What does not fit
// what is known of the party is a remark.
func (h *Hub) ReplyRecall(ctx context.Context, number string, req RecallReplyRequest) (RecallView, error) {
	return h.changeRecall(ctx, number, req.Lang, func(ctx context.Context, tx *store.Tx, w *recallWork) error {
		if w.recall.NoticeVersion == 0 || w.recall.State == quality.Closed {
			return errs.New(errs.Invalid, "quality.no_reply_now", errs.Args{"case": w.recall.Number, "state": w.recall.State})
		}
		lot, err := w.lotOf(req.Lot)
		if err != nil {
			return err
		}
		found, err := w.party(ctx, req.Party, "")
		if err != nil {
			return err
		}
		at := slices.IndexFunc(found, func(i int) bool { return w.rows[i].Lot == lot })
		if at < 0 {
			return errs.New(errs.Invalid, "quality.not_of_lot", errs.Args{"party": w.rows[found[0]].Customer.Name, "lot": lot, "case": w.recall.Number})
		}
		i := found[at]
		reply, err := w.replyOf(ctx, req, lot)
		if err != nil {
			return err
		}
		if reply.At.IsZero() {
			reply.At = tx.Now
		}
		a := &w.rows[i]
		before := a.Replies.Quantity
		if w.remarks, err = a.Take(reply); err != nil {
			return err
		}
		w.touch(i)
		if reply.Stage == quality.Quantity {
			w.passOn(i, &reply, before)
		}
		if err := w.note("reply", a.Key, lot, reply); err != nil {
			return err
		}
		// The first answer shows that the notices arrived and the recall is under way.
		for w.recall.State == quality.Noticed || w.recall.State == quality.Decided {
			s := quality.Step{To: w.recall.Next()[0], Noticed: w.figures().Notified, Reason: "first reply"}
			if err := w.recall.Advance(s, tx.Now); err != nil {
				return err
			}
		}
		w.op, w.detail.By, w.detail.Change = events.Replied, reply.By, map[string]any{"party": a.Key, "lot": lot, "reply": reply}
		party := &events.RecallParty{GoldenID: a.Customer.GoldenID, Code: a.Customer.Code, Lot: lot}
		w.told = func(v *events.RecallValue) {
			v.Party, v.Reply = party, &events.RecallReply{Stage: reply.Stage, Impact: reply.Impact, Held: reply.Held, Used: reply.Used, Damaged: reply.Damaged,
				Forwarded: reply.ForwardedTotal(), Returned: reply.Returned, Destroyed: reply.Destroyed}
		}
		return nil
	})
}

func (w *recallWork) replyOf(ctx context.Context, req RecallReplyRequest, lot string) (r quality.Reply, err error) {
	r = quality.Reply{Stage: req.Stage, By: req.By, Channel: req.Channel, Impact: req.Impact, Evidence: req.Evidence, Note: req.Note, Recorded: w.hub.Actor.Name}
	if r.At, err = timeOf("at", req.At); err != nil {
		return r, err
	}
	for _, q := range []struct {
		field, text string
		to          *canonical.Quantity
	}{{"held", req.Held, &r.Held}, {"used", req.Used, &r.Used}, {"damaged", req.Damaged, &r.Damaged}, {"returned", req.Returned, &r.Returned}, {"destroyed", req.Destroyed, &r.Destroyed}} {
		if *q.to, err = quantityOf(q.field, q.text, w.recall.Unit); err != nil {
			return r, err
		}
	}
	if req.UsedTotal != "" {
		total, err := quantityOf("used-total", req.UsedTotal, w.recall.Unit)
		if err != nil {
			return r, err
		}
		r.UsedTotal = &total
	}
	for _, text := range req.Forwarded {
		f, err := w.forwarded(ctx, text, lot)
		if err != nil {
			return r, err
		}
		r.Forwarded = append(r.Forwarded, f)
	}
	return r, nil
}

// forwarded reads PARTY=QUANTITY. A party that the master does not know is on the list under its name.
func (w *recallWork) forwarded(ctx context.Context, text, lot string) (f quality.Forwarded, err error) {
	at := strings.LastIndex(text, "=")
	if at <= 0 || strings.TrimSpace(text[:at]) == "" {
		return f, errs.New(errs.Invalid, "quality.forwarded", errs.Args{"value": text})
	}
	name := strings.TrimSpace(text[:at])
	if f.Quantity, err = quantityOf("forwarded", text[at+1:], w.recall.Unit); err != nil {
		return f, err
	}
	if rows, err := w.party(ctx, name, lot); err == nil {
		f.Party, f.Customer = w.rows[rows[0]].Key, w.rows[rows[0]].Customer
		return f, nil
	}
	id, err := w.hub.customer(ctx, name)
	switch {
	case err == nil:
		golden, err := w.hub.DB.Golden(ctx, id)
		if err != nil {
			return f, err
		}
		if f.Customer, err = customerOf(id, golden); err != nil {
			return f, err
		}
	case errs.Is(err, errs.NotFound):
		f.Customer = trace.Customer{Name: normalize.Fold(name), Kind: string(canonical.UnknownParty), RawNames: []string{name}, Contacts: []trace.Contact{}}
	default:
		return f, err
	}
	f.Party = quality.PartyKey(f.Customer)
	return f, nil
}

// passOn gives the parties that a reply names their rows.
func (w *recallWork) passOn(from int, r, before *quality.Reply) {
	for _, a := range quality.PassOn(&w.rows[from], r, before, w.rows, w.recall.ScopeVersion) {
		at := slices.IndexFunc(w.rows, func(have quality.Affected) bool { return have.Key == a.Key && have.Lot == a.Lot })
		if at < 0 {
			at = len(w.rows)
			w.rows = append(w.rows, a)
			w.remarks = append(w.remarks, quality.Remark{Code: "quality.remark.new_party", Args: errs.Args{"party": a.Customer.Name, "quantity": a.ForwardedIn, "from": w.rows[from].Customer.Name}})
		}
		w.rows[at] = a
		w.touch(at)
	}
}
