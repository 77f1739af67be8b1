package hub

import (
	"context"
	"encoding/json"
	"strings"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/store"
)

// EraseReporter erases who reported a complaint, and the text, for good: the data key of the case is destroyed, and with
// it that of the record of another system, whose rows are filtered from then on. The case, its lot and its history stay.
func (h *Hub) EraseReporter(ctx context.Context, number, reason, lang string) (ComplaintView, error) {
	if err := h.mayHandle(); err != nil {
		return ComplaintView{}, err
	}
	if h.Actor.Role == Auditor || h.Actor.Role == IT {
		return ComplaintView{}, errs.New(errs.Denied, "quality.denied", errs.Args{"role": string(h.Actor.Role)})
	}
	if strings.TrimSpace(reason) == "" {
		return ComplaintView{}, errs.New(errs.Invalid, "quality.erase_reason", nil)
	}
	err := h.DB.InTx(ctx, func(tx *store.Tx) error { return h.eraseReporter(ctx, tx, number, strings.TrimSpace(reason)) })
	if err != nil {
		return ComplaintView{}, h.unknownCase(ctx, store.CaseComplaint, number, err)
	}
	return h.ShowComplaint(ctx, number, Unmask{}, lang)
}

func (h *Hub) eraseReporter(ctx context.Context, tx *store.Tx, number, reason string) error {
	row, err := tx.LockCase(ctx, store.CaseComplaint, number)
	if err != nil {
		return err
	}
	var c quality.Complaint
	if err := json.Unmarshal(row.Payload, &c); err != nil {
		return err
	}
	if c.ReporterErased != nil {
		return errs.New(errs.Conflict, "quality.reporter_gone", errs.Args{"case": c.Number})
	}
	profile, err := h.profileOf(c.Profile)
	if err != nil {
		return err
	}
	at := tx.Now.UTC()
	c.ReporterErased, c.ReporterID = &at, ""
	if err := fillComplaintRow(&row, &c, profile, tx.Now); err != nil {
		return err
	}
	if err := tx.EraseCase(ctx, &row); err != nil {
		return err
	}
	return h.complaintStep(ctx, tx, &row, &c, events.Updated, "reporter_erased", stepDetail{From: c.State, To: c.State, Reason: reason}, nil)
}

// eraseReports erases a person from the complaints that it reported.
func (h *Hub) eraseReports(ctx context.Context, tx *store.Tx, person []canonical.ID, reason string) error {
	for _, id := range person {
		numbers, err := tx.ReportedBy(ctx, id)
		if err != nil {
			return err
		}
		for _, number := range numbers {
			if err := h.eraseReporter(ctx, tx, number, reason); err != nil && errs.CodeOf(err) != "quality.reporter_gone" {
				return err
			}
		}
	}
	return nil
}
