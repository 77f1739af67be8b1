package hub

import (
	"context"
	"strings"
	"time"

	"tributary/events"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/quality"
	"tributary/store"
	"tributary/trace"
)

// OpenComplaintRequest is `complaint open`. Required is the product, or a code on the pack that leads to it.
type OpenComplaintRequest struct {
	Product    string
	Lot        string
	TraceCode  string
	Quantity   string // affected, in base units
	Bought     string
	BoughtAt   string // customer: golden id, code or name
	BoughtOn   string // date
	ReceivedAt string // RFC 3339 or date; "" = now
	Expiry     string
	Channel    string
	Origin     string
	Type       string
	Severity   string
	Harm       string
	Owner      string
	Tags       []string
	Photos     []string
	Custody    []string
	Sample     bool
	Reporter   quality.Personal
	ReporterID string // who reported it, when a known customer: golden id, code or name
	Source     string // system that sent it
	SourceID   string // its id there; together they make opening idempotent
	Lang       string

	sent *quality.Sent // of what another system sent
}

// ComplaintView is the JSON of a complaint.
type ComplaintView struct {
	quality.Complaint
	Reporter  quality.Personal   `json:"reporter"` // masked unless asked for in clear
	Next      []quality.State    `json:"next"`     // states that may follow
	Deadlines []quality.Deadline `json:"deadlines"`
	DueAt     *time.Time         `json:"due_at"` // earliest open deadline
	Overdue   bool               `json:"overdue"`
	UpdatedAt time.Time          `json:"updated_at"`
	History   []CaseStep         `json:"history,omitempty"`
	Existed   bool               `json:"existed,omitempty"` // of open: the same source and id had been taken in before
}

// OpenComplaint takes in a complaint. A lot that nobody knows, or a place of purchase that is not found, is a remark: a
// complaint is never lost. Without a lot the candidates are listed when place and day of purchase are known.
func (h *Hub) OpenComplaint(ctx context.Context, req OpenComplaintRequest) (ComplaintView, error) {
	if err := h.mayHandle(); err != nil {
		return ComplaintView{}, err
	}
	profile, err := h.profile()
	if err != nil {
		return ComplaintView{}, err
	}
	if req.SourceID != "" {
		if have, found, err := h.DB.CaseBySource(ctx, req.Source, req.SourceID); err != nil || found {
			if err != nil {
				return ComplaintView{}, err
			}
			view, err := h.complaintView(&have, profile, quality.Personal{}, req.Lang)
			view.Existed = true
			return view, err
		}
	}
	c, err := h.newComplaint(ctx, req)
	if err != nil {
		return ComplaintView{}, err
	}
	c.Profile, c.Sent = profile.Title(), req.sent
	row := store.Case{Kind: store.CaseComplaint, Source: req.Source, SourceID: req.SourceID}
	err = h.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := c.Open(tx.Now); err != nil {
			return err
		}
		var err error
		if c.ID, err = tx.NewID(); err != nil {
			return err
		}
		if c.Number, err = caseNumber(ctx, tx, "C"); err != nil {
			return err
		}
		row.ID, row.Number = c.ID, c.Number
		if row.Personal, err = jsonOf(req.Reporter); err != nil {
			return err
		}
		if err := fillComplaintRow(&row, &c, profile, tx.Now); err != nil {
			return err
		}
		created, err := tx.CreateCase(ctx, &row)
		if err == nil && !created { // another process took it in meanwhile; the number is given back
			err = errs.New(errs.Conflict, "quality.sent_twice", errs.Args{"source": req.Source, "id": req.SourceID})
		}
		if err != nil {
			return err
		}
		return h.complaintStep(ctx, tx, &row, &c, events.Opened, "opened", stepDetail{To: c.State}, nil)
	})
	if err != nil {
		return ComplaintView{}, err
	}
	return h.complaintView(&row, profile, req.Reporter, req.Lang)
}

// newComplaint reads a request.
func (h *Hub) newComplaint(ctx context.Context, req OpenComplaintRequest) (c quality.Complaint, err error) {
	code, err := h.readPack(ctx, req.TraceCode, req.Lang)
	if err != nil {
		return c, err
	}
	stated := strings.TrimSpace(req.Product)
	switch {
	case stated != "":
	case code.derived.Product != "":
		code.use("product")
		stated = code.derived.Product
	case strings.TrimSpace(req.TraceCode) != "":
		return c, errs.New(errs.NotFound, "quality.code_without_product", errs.Args{"code": req.TraceCode})
	default:
		return c, errs.New(errs.Invalid, "quality.no_product", nil)
	}
	sku, err := h.product(ctx, stated)
	if err != nil {
		return c, err
	}
	c = quality.Complaint{
		Channel: req.Channel, Origin: req.Origin, Source: req.Source, SourceID: req.SourceID, Product: trace.ProductRef{Code: sku.Code, Name: sku.Name, Spec: sku.Spec}, Unit: sku.Unit,
		TraceCode: strings.TrimSpace(req.TraceCode), BoughtAt: req.BoughtAt, Photos: req.Photos, Sample: req.Sample, Custody: req.Custody,
		Type: req.Type, Severity: req.Severity, Harm: req.Harm, Owner: req.Owner, Tags: req.Tags,
	}
	if c.ReceivedAt, err = timeOf("received-at", req.ReceivedAt); err != nil {
		return c, err
	}
	if c.BoughtOn, err = parseDate("bought-on", req.BoughtOn); err != nil {
		return c, err
	}
	if c.Expiry, err = parseDate("expiry", req.Expiry); err != nil {
		return c, err
	}
	if c.Quantity, err = quantityOf("quantity", req.Quantity, sku.Unit); err != nil {
		return c, err
	}
	if c.Bought, err = quantityOf("bought", req.Bought, sku.Unit); err != nil {
		return c, err
	}
	if req.ReporterID != "" {
		id, err := h.customer(ctx, req.ReporterID)
		if err != nil {
			return c, err
		}
		c.ReporterID = id.String()
	}
	return c, h.locateComplaint(ctx, &c, sku.ID, code.fill(&c, req.Lot), req.Lang)
}

// locateComplaint finds the lot and the place of purchase, and candidates where the lot is not known.
func (h *Hub) locateComplaint(ctx context.Context, c *quality.Complaint, product int64, lot, lang string) error {
	remark := func(code string, args errs.Args) {
		c.Remarks = append(c.Remarks, quality.Remark{Code: code, Args: args})
	}
	c.Lot, _ = normalize.Lot(lot)
	if c.Lot != "" {
		lots, err := h.DB.LotsOf(ctx, product)
		if err != nil {
			return err
		}
		if _, released, err := h.DB.ReleasedLot(ctx, product, c.Lot); err != nil {
			return err
		} else if !released {
			remark("quality.remark.unknown_lot", errs.Args{"lot": c.Lot, "product": c.Product.Code, "near": listed(closest(c.Lot, lots))})
		}
	}
	if c.BoughtAt == "" {
		if c.Lot == "" {
			remark("quality.remark.ask_lot", nil)
		}
		return nil
	}
	id, err := h.customer(ctx, c.BoughtAt)
	if errs.Is(err, errs.NotFound) {
		remark("quality.remark.unknown_place", errs.Args{"customer": c.BoughtAt})
		if c.Lot == "" {
			remark("quality.remark.ask_lot", nil)
		}
		return nil
	}
	if err != nil {
		return err
	}
	c.BoughtAtID = id.String()
	if c.Lot != "" {
		return nil
	}
	to := ""
	if !c.BoughtOn.IsZero() {
		to = c.BoughtOn.String()
	}
	receipts, err := h.TraceCustomer(ctx, TraceCustomerRequest{Customer: c.BoughtAtID, To: to, Lang: lang})
	if err != nil {
		return err
	}
	var lots []trace.LotReceipt
	for _, l := range receipts.Lots {
		if l.Product.Code == c.Product.Code {
			lots = append(lots, l)
		}
	}
	if c.Candidates = quality.CandidatesOf(lots); len(c.Candidates) == 0 {
		remark("quality.remark.no_candidate", errs.Args{"customer": c.BoughtAt, "product": c.Product.Code})
	}
	return nil
}

// fillComplaintRow puts into the stored case what is looked for.
func fillComplaintRow(row *store.Case, c *quality.Complaint, p *quality.Profile, now time.Time) (err error) {
	row.State, row.Product, row.Owner, row.Lots = string(c.State), c.Product.Code, c.Owner, nil
	if c.Lot != "" {
		row.Lots = []string{c.Lot}
	}
	row.DueAt, row.ClosedAt = quality.NextDue(p.ForComplaint(c, "en", now)), nil
	if at, closed := c.Facts[quality.ClosedAt]; closed {
		row.ClosedAt, row.DueAt = &at, nil
	}
	row.Payload, err = jsonOf(c)
	return err
}

// complaintStep records a step: history, event, audit.
func (h *Hub) complaintStep(ctx context.Context, tx *store.Tx, row *store.Case, c *quality.Complaint, op events.Op, kind string, d stepDetail, before any) error {
	payload, err := jsonOf(d)
	if err != nil {
		return err
	}
	if err := tx.AddCaseEntries(ctx, row.ID, []store.CaseEntry{{Kind: kind, Actor: h.Actor.Name, Payload: payload}}); err != nil {
		return err
	}
	v := events.ComplaintValue{
		ComplaintID: c.ID, Number: c.Number, State: string(c.State), Source: c.Source, SourceID: c.SourceID, Origin: c.Origin, Type: c.Type, Severity: c.Severity,
		Product: c.Product.Code, Lot: c.Lot, Quantity: c.Quantity, PatientHarm: c.Harm != "none", Owner: c.Owner, Recall: c.Recall, ReceivedAt: c.ReceivedAt.UTC(),
		DueAt: row.DueAt, Actor: h.Actor.Name, Reason: d.Reason,
	}
	if c.Reply != nil {
		v.Reply, v.RepliedAt = c.Reply.Text, &c.Reply.At
	}
	if err := tx.AppendEvents(ctx, []events.Event{events.Complaint(events.Meta{Op: op, Version: row.Version, Time: tx.Now}, v)}); err != nil {
		return err
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "complaint." + kind, Subject: c.Number, Reason: d.Reason,
		Body: store.Change{Before: before, After: map[string]any{"state": c.State, "severity": c.Severity, "lot": c.Lot, "owner": c.Owner, "recall": c.Recall, "harm": c.Harm}}})
}
