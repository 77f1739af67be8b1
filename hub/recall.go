package hub

import (
	"context"
	"slices"
	"strings"
	"time"

	"tributary/events"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/quality"
	"tributary/store"
	"tributary/trace"
)

// OpenRecallRequest is `recall open`.
type OpenRecallRequest struct {
	Product    string
	Lots       []string
	Kind       string // voluntary (default), ordered, drill
	Class      string
	ReasonCode string
	Reason     string
	Complaints []string // numbers that led to it; product and lot come from the first when not given
	Lang       string
}

// RecallView is the JSON of a recall.
type RecallView struct {
	quality.Recall
	Next      []quality.State    `json:"next"` // states that may follow
	Deadlines []quality.Deadline `json:"deadlines"`
	DueAt     *time.Time         `json:"due_at"`
	Overdue   bool               `json:"overdue"`
	Figures   RecallFigures      `json:"figures"`
	Affected  []quality.Affected `json:"affected"`
	UpdatedAt time.Time          `json:"updated_at"`
	History   []CaseStep         `json:"history,omitempty"`
	Remarks   []quality.Remark   `json:"remarks"` // about the last step
}

// OpenRecall drafts a recall and makes its affected list.
func (h *Hub) OpenRecall(ctx context.Context, req OpenRecallRequest) (RecallView, error) {
	if err := h.mayHandle(); err != nil {
		return RecallView{}, err
	}
	profile, err := h.profile()
	if err != nil {
		return RecallView{}, err
	}
	if err := h.fromComplaints(ctx, &req); err != nil {
		return RecallView{}, err
	}
	if strings.TrimSpace(req.Product) == "" {
		return RecallView{}, errs.New(errs.Invalid, "quality.no_product", nil)
	}
	r := quality.Recall{Kind: req.Kind, Class: req.Class, ReasonCode: req.ReasonCode, Reason: req.Reason, Complaints: req.Complaints, Profile: profile.Title()}
	list, err := h.listRecall(ctx, &r, req.Product, req.Lots, 1, req.Lang)
	if err != nil {
		return RecallView{}, err
	}
	return h.draftRecall(ctx, r, list, profile, req.Lang)
}

// draftRecall stores a new recall with its list.
func (h *Hub) draftRecall(ctx context.Context, r quality.Recall, list []quality.Affected, profile *quality.Profile, lang string) (RecallView, error) {
	w := recallWork{hub: h, recall: r, rows: list, profile: profile, row: store.Case{Kind: store.CaseRecall}}
	err := h.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		r := &w.recall
		if err := r.Open(tx.Now); err != nil {
			return err
		}
		if r.ID, err = tx.NewID(); err != nil {
			return err
		}
		prefix := "R"
		if r.Kind == quality.Drill {
			prefix = "DRILL"
		}
		if r.Number, err = caseNumber(ctx, tx, prefix); err != nil {
			return err
		}
		w.row.ID, w.row.Number = r.ID, r.Number
		if err := w.fillRow(tx.Now); err != nil {
			return err
		}
		if _, err := tx.CreateCase(ctx, &w.row); err != nil {
			return err
		}
		for i := range w.rows {
			w.touch(i)
		}
		w.op, w.kind, w.detail = events.Opened, "opened", stepDetail{To: r.State, Reason: r.Reason}
		if err := w.linkComplaints(ctx, tx); err != nil {
			return err
		}
		return w.record(ctx, tx)
	})
	if err != nil {
		return RecallView{}, err
	}
	return w.view(ctx, lang)
}

// fromComplaints checks the complaints that led to a recall, and takes product and lot from them where none was given.
func (h *Hub) fromComplaints(ctx context.Context, req *OpenRecallRequest) error {
	for _, number := range req.Complaints {
		c, err := h.ShowComplaint(ctx, number, Unmask{}, req.Lang)
		if err != nil {
			return err
		}
		if req.Product == "" {
			req.Product = c.Product.Code
		}
		if len(req.Lots) == 0 && c.Lot != "" {
			req.Lots = []string{c.Lot}
		}
		if req.Reason == "" {
			req.Reason = c.RootCause
		}
	}
	return nil
}

// listRecall traces the lots of a recall: it fills product and lots of r and returns the affected list.
func (h *Hub) listRecall(ctx context.Context, r *quality.Recall, product string, lots []string, scope int, lang string) ([]quality.Affected, error) {
	sku, err := h.product(ctx, product)
	if err != nil {
		return nil, err
	}
	r.Product, r.Unit, r.ApprovalNo = trace.ProductRef{Code: sku.Code, Name: sku.Name, Spec: sku.Spec}, sku.Unit, sku.ApprovalNo
	r.Lots = nil
	rows := []quality.Affected{}
	var seen []string
	for _, text := range lots {
		lot, _ := normalize.Lot(text)
		if slices.Contains(seen, lot) {
			continue
		}
		seen = append(seen, lot)
		result, err := h.TraceLot(ctx, TraceLotRequest{Product: sku.Code, Lot: text, Lang: lang})
		if err != nil {
			return nil, err
		}
		lotScope, affected := quality.ListOf(result, scope, h.Now())
		released, _, err := h.DB.ReleasedLot(ctx, sku.ID, lotScope.Lot)
		if err != nil {
			return nil, err
		}
		lotScope.MfgDate, lotScope.ExpDate = released.MfgDate, released.ExpDate
		r.Lots = append(r.Lots, lotScope)
		rows = append(rows, affected...)
	}
	return rows, nil
}

// ShowRecall shows a recall with its list and its history.
func (h *Hub) ShowRecall(ctx context.Context, number, lang string) (RecallView, error) {
	w, err := h.recallOf(ctx, number)
	if err != nil {
		return RecallView{}, err
	}
	return w.view(ctx, lang)
}

// recallOf reads a recall without locking it.
func (h *Hub) recallOf(ctx context.Context, number string) (*recallWork, error) {
	w := recallWork{hub: h}
	var err error
	if w.row, err = h.DB.CaseByNumber(ctx, store.CaseRecall, number); err != nil {
		return nil, h.unknownCase(ctx, store.CaseRecall, number, err)
	}
	parties, err := h.DB.CaseParties(ctx, w.row.ID)
	if err != nil {
		return nil, err
	}
	return &w, w.read(parties)
}
