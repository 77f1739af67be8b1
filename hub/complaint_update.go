package hub

import (
	"context"
	"encoding/json"

	"tributary/events"
	"tributary/normalize"
	"tributary/quality"
	"tributary/store"
)

// UpdateComplaint takes one step in the handling of a complaint.
func (h *Hub) UpdateComplaint(ctx context.Context, number string, ch quality.ComplaintChange, lang string) (ComplaintView, error) {
	if err := h.mayHandle(); err != nil {
		return ComplaintView{}, err
	}
	var row store.Case
	var profile *quality.Profile
	err := h.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		if row, err = tx.LockCase(ctx, store.CaseComplaint, number); err != nil {
			return err
		}
		var c quality.Complaint
		if err := json.Unmarshal(row.Payload, &c); err != nil {
			return err
		}
		if profile, err = h.profileOf(c.Profile); err != nil {
			return err
		}
		if ch.Recall != "" {
			if _, err := tx.CaseByNumber(ctx, store.CaseRecall, ch.Recall); err != nil {
				return h.unknownCase(ctx, store.CaseRecall, ch.Recall, err)
			}
		}
		ch.Lot, _ = normalize.Lot(ch.Lot)
		if ch.By == "" && ch.Reply != "" {
			ch.By = h.Actor.Name
		}
		before := c
		if err := c.Apply(ch, tx.Now); err != nil {
			return err
		}
		if err := fillComplaintRow(&row, &c, profile, tx.Now); err != nil {
			return err
		}
		if err := tx.SaveCase(ctx, &row); err != nil {
			return err
		}
		op := events.Updated
		if c.State == quality.Closed && before.State != quality.Closed {
			op = events.Closed
		}
		return h.complaintStep(ctx, tx, &row, &c, op, "step", stepDetail{From: before.State, To: c.State, By: ch.By, Reason: ch.Reason, Change: changed(&before, &c)},
			map[string]any{"state": before.State, "severity": before.Severity, "lot": before.Lot, "owner": before.Owner, "recall": before.Recall, "harm": before.Harm})
	})
	if err != nil {
		return ComplaintView{}, h.unknownCase(ctx, store.CaseComplaint, number, err)
	}
	return h.showComplaint(ctx, &row, profile, Unmask{}, lang)
}

// changed lists what a step changed, by field.
func changed(before, after *quality.Complaint) map[string]any {
	fields := func(c *quality.Complaint) map[string]json.RawMessage {
		var out map[string]json.RawMessage
		b, err := json.Marshal(c)
		if err == nil {
			err = json.Unmarshal(b, &out)
		}
		if err != nil {
			return nil // what was read as JSON renders as JSON
		}
		return out
	}
	old, out := fields(before), map[string]any{}
	for name, v := range fields(after) {
		if name != "facts" && name != "state" && string(old[name]) != string(v) {
			out[name] = v
		}
	}
	return out
}
