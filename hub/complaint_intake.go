package hub

import (
	"context"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/store"
)

// TakeInComplaints opens a case for every complaint that another system sent and that has none yet, and returns how many.
// One whose product is not known waits for the product. A later version of a complaint that has a case changes nothing:
// from then on it is handled here, and what becomes of it is published with the id that it has there.
func (h *Hub) TakeInComplaints(ctx context.Context) (n int64, err error) {
	const portion = 500
	for after := int64(0); ; {
		list, err := h.DB.WaitingComplaints(ctx, after, portion)
		if err != nil || len(list) == 0 {
			return n, err
		}
		var done []store.RecordVersion
		for i := range list {
			after = list[i].ID
			if !list[i].Deleted {
				req := sentComplaint(&list[i])
				view, err := h.OpenComplaint(ctx, req)
				if errs.CodeOf(err) == "trace.unknown_product" {
					continue
				}
				if errs.Is(err, errs.Invalid) { // never lost for a field that makes no sense: a person reads the rest
					view, err = h.OpenComplaint(ctx, OpenComplaintRequest{Product: req.Product, Lot: req.Lot, Harm: req.Harm, Reporter: req.Reporter, Source: req.Source, SourceID: req.SourceID,
						Tags: append(req.Tags, "unreadable:"+errs.CodeOf(err))})
				}
				if err != nil && errs.CodeOf(err) != "quality.sent_twice" {
					return n, err
				}
				if err == nil && !view.Existed {
					n++
				}
			}
			done = append(done, store.RecordVersion{ID: list[i].ID, Version: list[i].Version})
		}
		if err := h.DB.InTx(ctx, func(tx *store.Tx) error { return tx.ClearDirty(ctx, done) }); err != nil {
			return n, err
		}
	}
}

// sentComplaint reads a complaint of another system. Words that have no equal here are kept as tags; a harm that is told
// without its degree counts as serious, which has the shorter time limits.
func sentComplaint(r *store.ComplaintRecord) OpenComplaintRequest {
	c := &r.Value
	req := OpenComplaintRequest{
		Product: c.Product, Lot: c.Lot, TraceCode: c.TraceCode, BoughtAt: c.BoughtAt, Channel: c.Channel, Type: quality.TypeOf(c.Type), Severity: quality.SeverityOf(c.Severity),
		Reporter: quality.Personal{Name: c.Reporter, Text: c.Text}, Source: r.Key.Source, SourceID: r.Key.ID,
	}
	req.Tags = append(quality.Foreign("type", c.Type, req.Type), quality.Foreign("severity", c.Severity, req.Severity)...)
	if c.Quantity > 0 {
		req.Quantity = c.Quantity.String()
	}
	if c.PatientHarm {
		req.Harm = "serious"
	}
	req.BoughtOn, req.ReceivedAt = dateText(c.BoughtOn), dateText(c.ReceivedOn)
	return req
}

func dateText(d canonical.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}
