package hub

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"tributary/events"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/pipeline"
	"tributary/quality"
	"tributary/store"
	"tributary/trace"
)

// OpenComplaintRequest is `complaint open`. Only the product is required.
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
	Source     string // system that sent it
	SourceID   string // its id there; together they make opening idempotent
	Lang       string
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
	c.Profile = profile.Title()
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
	if strings.TrimSpace(req.Product) == "" {
		return c, errs.New(errs.Invalid, "quality.no_product", nil)
	}
	sku, err := h.product(ctx, req.Product)
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
	if err := h.locateComplaint(ctx, &c, sku.ID, req.Lot, req.Lang); err != nil {
		return c, err
	}
	return c, nil
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

// ListComplaintsRequest selects complaints.
type ListComplaintsRequest struct {
	State   string
	Product string
	Lot     string
	Owner   string
	Open    bool
	Overdue bool
	Limit   int
	Lang    string
}

// ComplaintList is the JSON of `complaint list`.
type ComplaintList struct {
	Complaints []ComplaintView `json:"complaints"`
	Figures    AnswerFigures   `json:"figures"`
}

// AnswerFigures are the answer times of the complaints listed.
type AnswerFigures struct {
	Listed      int    `json:"listed"`
	Open        int    `json:"open"`
	Overdue     int    `json:"overdue"`
	Replied     int    `json:"replied"`
	MedianHours string `json:"median_answer_hours"` // from received to replied; "" when none was
	WorstHours  string `json:"worst_answer_hours"`
	InTime      string `json:"answered_in_time"` // per cent
}

const defaultCases = 100

// ListComplaints lists complaints, those with the earliest deadline first.
func (h *Hub) ListComplaints(ctx context.Context, req ListComplaintsRequest) (ComplaintList, error) {
	out := ComplaintList{Complaints: []ComplaintView{}}
	q := store.CaseQuery{Kind: store.CaseComplaint, State: req.State, Owner: req.Owner, Open: req.Open || req.Overdue, Limit: req.Limit}
	if q.Limit <= 0 {
		q.Limit = defaultCases
	}
	known := []quality.State{quality.Received, quality.Triaged, quality.Investigating, quality.RecallAssessed, quality.Replied, quality.Closed}
	if err := knownState(req.State, known); err != nil {
		return out, err
	}
	q.Lot, _ = normalize.Lot(req.Lot)
	if req.Product != "" {
		sku, err := h.product(ctx, req.Product)
		if err != nil {
			return out, err
		}
		q.Product = sku.Code
	}
	if req.Overdue {
		q.DueBy = h.Now()
	}
	rows, err := h.DB.Cases(ctx, q)
	if err != nil {
		return out, err
	}
	for i := range rows {
		var c quality.Complaint
		if err := json.Unmarshal(rows[i].Payload, &c); err != nil {
			return out, err
		}
		profile, err := h.profileOf(c.Profile)
		if err != nil {
			return out, err
		}
		v, err := h.complaintView(&rows[i], profile, quality.Personal{}, req.Lang)
		if err != nil {
			return out, err
		}
		out.Complaints = append(out.Complaints, v)
	}
	out.Figures = figuresOf(out.Complaints)
	return out, nil
}

func knownState(state string, known []quality.State) error {
	words := make([]string, len(known))
	for i, k := range known {
		words[i] = string(k)
		if state == words[i] {
			return nil
		}
	}
	if state == "" {
		return nil
	}
	return errs.New(errs.Invalid, "quality.unknown_word", errs.Args{"field": "state", "value": state, "known": strings.Join(words, ", ")})
}

func figuresOf(list []ComplaintView) AnswerFigures {
	f := AnswerFigures{Listed: len(list)}
	var took []time.Duration
	inTime := 0
	for i := range list {
		v := &list[i]
		if v.State != quality.Closed {
			f.Open++
		}
		if v.Overdue {
			f.Overdue++
		}
		at, replied := v.Facts[quality.RepliedAt]
		if !replied {
			continue
		}
		took = append(took, at.Sub(v.ReceivedAt))
		late := false
		for _, d := range v.Deadlines {
			late = late || d.Rule == "complaint.reply" && d.Late
		}
		if !late {
			inTime++
		}
	}
	f.Replied = len(took)
	f.MedianHours, f.WorstHours, f.InTime = quality.AnswerTimes(took, inTime)
	return f
}
