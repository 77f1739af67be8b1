package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/quality"
	"tributary/store"
)

// TakeInComplaints opens a case for every complaint that another system sent and that has none yet, tells the cases of
// others what that system says now, and returns how many were opened. One whose product is not known waits for it.
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
			opened, waits, err := h.takeIn(ctx, &list[i])
			if err != nil {
				return n, err
			}
			if opened {
				n++
			}
			if !waits {
				done = append(done, store.RecordVersion{ID: list[i].ID, Version: list[i].Version})
			}
		}
		if err := h.DB.InTx(ctx, func(tx *store.Tx) error { return tx.ClearDirty(ctx, done) }); err != nil {
			return n, err
		}
	}
}

// takeIn works off one record.
func (h *Hub) takeIn(ctx context.Context, r *store.ComplaintRecord) (opened, waits bool, err error) {
	have, found, err := h.DB.CaseBySource(ctx, r.Key.Source, r.Key.ID)
	switch {
	case err != nil:
		return false, false, err
	case found:
		return false, false, h.hearSource(ctx, have.Number, r)
	case r.Deleted:
		return false, false, nil
	}
	req := sentComplaint(r)
	_, err = h.OpenComplaint(ctx, req)
	switch code := errs.CodeOf(err); {
	case code == "trace.unknown_product" || code == "quality.code_without_product":
		return false, true, nil
	case code == "quality.sent_twice": // another process was quicker
		return false, false, nil
	case errs.Is(err, errs.Invalid): // never lost for a field that makes no sense: a person reads the rest
		_, err = h.OpenComplaint(ctx, OpenComplaintRequest{Product: req.Product, Lot: req.Lot, TraceCode: "", Harm: req.Harm, Reporter: req.Reporter, Source: req.Source, SourceID: req.SourceID,
			Tags: append(req.Tags, "unreadable:"+errs.CodeOf(err)), sent: req.sent})
	}
	return err == nil, false, err
}

// hearSource tells a case what the system that sent it says now: an open case takes what nobody entered here, a closed
// one gets a note. The same version is heard once.
func (h *Hub) hearSource(ctx context.Context, number string, r *store.ComplaintRecord) error {
	err := h.DB.InTx(ctx, func(tx *store.Tx) error {
		row, err := tx.LockCase(ctx, store.CaseComplaint, number)
		if err != nil {
			return err
		}
		var c quality.Complaint
		if err := json.Unmarshal(row.Payload, &c); err != nil {
			return err
		}
		if c.Sent != nil && c.Sent.Version >= r.Version {
			return errHeard
		}
		profile, err := h.profileOf(c.Profile)
		if err != nil {
			return err
		}
		before, kind := c, "source_update"
		var heard quality.Heard
		if r.Deleted {
			heard = quality.Heard{Taken: []string{}, Kept: []string{"withdrawn"}}
			sent := quality.Sent{}
			if c.Sent != nil {
				sent = *c.Sent
			}
			sent.Version = r.Version
			c.Sent = &sent
			c.Remarks = append(c.Remarks, quality.Remark{Code: "quality.remark.withdrawn_at_source", Args: errs.Args{"source": r.Key.Source}})
		} else {
			req := sentComplaint(r)
			heard = c.Hear(*req.sent, tx.Now)
			if c.State != quality.Closed && c.ReporterErased == nil {
				if row.Personal, err = jsonOf(req.Reporter); err != nil {
					return err
				}
			}
			if err := h.relocate(ctx, &c, &before); err != nil {
				return err
			}
		}
		if c.State == quality.Closed {
			kind = "source_note"
		}
		if err := fillComplaintRow(&row, &c, profile, tx.Now); err != nil {
			return err
		}
		if err := tx.SaveCase(ctx, &row); err != nil {
			return err
		}
		detail := stepDetail{From: before.State, To: c.State, By: r.Key.Source, Change: map[string]any{"version": r.Version, "taken": heard.Taken, "kept": heard.Kept, "said": c.Sent}}
		return h.complaintStep(ctx, tx, &row, &c, events.Updated, kind, detail, map[string]any{"lot": before.Lot, "severity": before.Severity, "harm": before.Harm})
	})
	if errors.Is(err, errHeard) {
		return nil
	}
	return err
}

// errHeard rolls back: there is nothing new.
var errHeard = errors.New("heard before")

// relocate finds lot and place of a complaint again when they changed.
func (h *Hub) relocate(ctx context.Context, c, before *quality.Complaint) error {
	if c.Lot == before.Lot && c.TraceCode == before.TraceCode && c.BoughtAt == before.BoughtAt && c.BoughtOn == before.BoughtOn {
		return nil
	}
	sku, err := h.product(ctx, c.Product.Code)
	if errs.Is(err, errs.NotFound) {
		return nil // the product was retired; what was found before stays
	}
	if err != nil {
		return err
	}
	code, err := h.readPack(ctx, c.TraceCode, "")
	if err != nil {
		return err
	}
	c.Remarks, c.Candidates, c.Derived, c.BoughtAtID = []quality.Remark{}, []quality.Candidate{}, nil, ""
	return h.locateComplaint(ctx, c, sku.ID, code.fill(c, c.Lot), "")
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
	lot, _ := normalize.Lot(c.Lot)
	req.sent = &quality.Sent{Version: r.Version, Product: c.Product, Lot: lot, TraceCode: strings.TrimSpace(c.TraceCode), Channel: c.Channel, Type: req.Type, Severity: req.Severity, Harm: cmp.Or(req.Harm, "none"),
		BoughtAt: c.BoughtAt, BoughtOn: c.BoughtOn, Quantity: c.Quantity}
	return req
}

func dateText(d canonical.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}
