package hub

import (
	"context"
	"encoding/json"
	"strings"

	"tributary/internal/errs"
	"tributary/pipeline"
	"tributary/quality"
	"tributary/store"
)

// ShowComplaint shows a complaint with its history. The reporter and the text are masked unless asked for with a reason.
func (h *Hub) ShowComplaint(ctx context.Context, number string, unmask Unmask, lang string) (ComplaintView, error) {
	row, err := h.DB.CaseByNumber(ctx, store.CaseComplaint, number)
	if err != nil {
		return ComplaintView{}, h.unknownCase(ctx, store.CaseComplaint, number, err)
	}
	var c quality.Complaint
	if err := json.Unmarshal(row.Payload, &c); err != nil {
		return ComplaintView{}, err
	}
	profile, err := h.profileOf(c.Profile)
	if err != nil {
		return ComplaintView{}, err
	}
	return h.showComplaint(ctx, &row, profile, unmask, lang)
}

func (h *Hub) showComplaint(ctx context.Context, row *store.Case, profile *quality.Profile, unmask Unmask, lang string) (ComplaintView, error) {
	reporter, err := h.reporterOf(ctx, row, unmask)
	if err != nil {
		return ComplaintView{}, err
	}
	view, err := h.complaintView(row, profile, reporter, lang)
	if err != nil {
		return ComplaintView{}, err
	}
	if unmask.Wanted {
		view.Reporter = reporter
	}
	view.History, err = h.history(ctx, row.ID)
	return view, err
}

// reporterOf opens who reported a complaint; in clear only for roles that may see it, and recorded.
func (h *Hub) reporterOf(ctx context.Context, row *store.Case, unmask Unmask) (p quality.Personal, err error) {
	if unmask.Wanted {
		if !h.Actor.Role.MayUnmask() {
			return p, errs.New(errs.Denied, "customers.unmask_denied", errs.Args{"role": string(h.Actor.Role)})
		}
		if strings.TrimSpace(unmask.Reason) == "" {
			return p, errs.New(errs.Invalid, "customers.unmask_reason", nil)
		}
		err := h.DB.InTx(ctx, func(tx *store.Tx) error {
			return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "complaint.unmask", Subject: row.Number, Reason: unmask.Reason})
		})
		if err != nil {
			return p, err
		}
	}
	b, err := h.DB.PersonalOf(ctx, row)
	if err != nil || b == nil {
		return p, err
	}
	return p, json.Unmarshal(b, &p)
}

// complaintView renders a stored complaint, masked.
func (h *Hub) complaintView(row *store.Case, profile *quality.Profile, reporter quality.Personal, lang string) (v ComplaintView, err error) {
	if err := json.Unmarshal(row.Payload, &v.Complaint); err != nil {
		return v, err
	}
	now := h.Now()
	v.Reporter = maskPersonal(reporter)
	v.Next, v.Deadlines, v.UpdatedAt = v.Complaint.Next(), profile.ForComplaint(&v.Complaint, lang, now), row.UpdatedAt
	v.Remarks = quality.Say(v.Remarks, lang)
	v.DueAt = row.DueAt
	v.Overdue = v.DueAt != nil && now.After(*v.DueAt)
	return v, nil
}

func maskPersonal(p quality.Personal) quality.Personal {
	if p.Text != "" {
		p.Text = "***"
	}
	return quality.Personal{Name: pipeline.MaskName(p.Name), Phone: pipeline.MaskText(p.Phone), Email: pipeline.MaskText(p.Email), Text: p.Text}
}
