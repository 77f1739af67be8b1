package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
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

// recallWork is a recall while it is changed: what is stored, and what the step leaves behind.
type recallWork struct {
	hub     *Hub
	row     store.Case
	recall  quality.Recall
	rows    []quality.Affected
	profile *quality.Profile

	dirty   map[int]bool // rows to store
	dropped []store.CaseParty
	entries []store.CaseEntry
	remarks []quality.Remark

	op     events.Op
	kind   string // of the history entry of the step; "" = the entries tell it
	detail stepDetail
	before map[string]any
	told   func(*events.RecallValue) // what the event tells besides
}

// changeRecall runs a step on a locked recall and records it.
func (h *Hub) changeRecall(ctx context.Context, number, lang string, step func(ctx context.Context, tx *store.Tx, w *recallWork) error) (RecallView, error) {
	if err := h.mayHandle(); err != nil {
		return RecallView{}, err
	}
	w := recallWork{hub: h}
	err := h.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := w.load(ctx, tx, number); err != nil {
			return err
		}
		w.before = map[string]any{"state": w.recall.State, "scope_version": w.recall.ScopeVersion}
		w.op, w.detail.From = events.Updated, w.recall.State
		if err := step(ctx, tx, &w); err != nil {
			return err
		}
		return w.record(ctx, tx)
	})
	if errors.Is(err, errNothing) {
		return h.ShowRecall(ctx, number, lang)
	}
	if err != nil {
		return RecallView{}, h.unknownCase(ctx, store.CaseRecall, number, err)
	}
	return w.view(ctx, lang)
}

// errNothing ends a step that has nothing to record: no event, no audit line, no new version.
var errNothing = errors.New("nothing to do")

func (w *recallWork) load(ctx context.Context, tx *store.Tx, number string) (err error) {
	if w.row, err = tx.LockCase(ctx, store.CaseRecall, number); err != nil {
		return err
	}
	parties, err := tx.CaseParties(ctx, w.row.ID)
	if err != nil {
		return err
	}
	return w.read(parties)
}

// read takes a stored recall apart.
func (w *recallWork) read(parties []store.CaseParty) (err error) {
	if err := json.Unmarshal(w.row.Payload, &w.recall); err != nil {
		return err
	}
	w.rows = make([]quality.Affected, len(parties))
	for i, p := range parties {
		if err := json.Unmarshal(p.Payload, &w.rows[i]); err != nil {
			return err
		}
	}
	w.sort()
	w.profile, err = w.hub.profileOf(w.recall.Profile)
	return err
}

// sort puts the list in the order in which people read it: by lot, tier, code, name.
func (w *recallWork) sort() {
	slices.SortFunc(w.rows, func(a, b quality.Affected) int {
		return cmp.Or(strings.Compare(a.Lot, b.Lot), cmp.Compare(a.Tier, b.Tier), strings.Compare(a.Customer.Code, b.Customer.Code), strings.Compare(a.Customer.Name, b.Customer.Name), strings.Compare(a.Key, b.Key))
	})
}

func (w *recallWork) touch(i int) {
	if w.dirty == nil {
		w.dirty = map[int]bool{}
	}
	w.dirty[i] = true
}

// note adds to the history.
func (w *recallWork) note(kind, party, lot string, detail any) error {
	payload, err := jsonOf(detail)
	w.entries = append(w.entries, store.CaseEntry{Kind: kind, Party: party, Lot: lot, Actor: w.hub.Actor.Name, Payload: payload})
	return err
}

func (w *recallWork) fillRow(now time.Time) (err error) {
	r := &w.recall
	w.row.State, w.row.Product, w.row.Lots = string(r.State), r.Product.Code, r.LotNumbers()
	w.row.DueAt, w.row.ClosedAt = quality.NextDue(w.profile.ForRecall(r, "en", now)), nil
	if at, closed := r.Facts[quality.ClosedAt]; closed {
		w.row.ClosedAt, w.row.DueAt = &at, nil
	}
	w.row.Payload, err = jsonOf(r)
	return err
}

// linkComplaints notes on the complaints that led to a recall its number.
func (w *recallWork) linkComplaints(ctx context.Context, tx *store.Tx) error {
	for _, number := range w.recall.Complaints {
		row, err := tx.LockCase(ctx, store.CaseComplaint, number)
		if err != nil {
			return err
		}
		var c quality.Complaint
		if err := json.Unmarshal(row.Payload, &c); err != nil {
			return err
		}
		if c.State == quality.Closed || c.Recall == w.recall.Number {
			continue
		}
		before := c.Recall
		c.Recall = w.recall.Number
		profile, err := w.hub.profileOf(c.Profile)
		if err != nil {
			return err
		}
		if err := fillComplaintRow(&row, &c, profile, tx.Now); err != nil {
			return err
		}
		if err := tx.SaveCase(ctx, &row); err != nil {
			return err
		}
		err = w.hub.complaintStep(ctx, tx, &row, &c, events.Updated, "step", stepDetail{From: c.State, To: c.State, Change: map[string]any{"recall": c.Recall}}, map[string]any{"recall": before})
		if err != nil {
			return err
		}
	}
	return nil
}

// record stores what a step changed, its history, its event and its audit line, in the transaction of the step.
func (w *recallWork) record(ctx context.Context, tx *store.Tx) error {
	if err := w.fillRow(tx.Now); err != nil {
		return err
	}
	if err := tx.SaveCase(ctx, &w.row); err != nil {
		return err
	}
	if err := tx.DropCaseParties(ctx, w.row.ID, w.dropped); err != nil {
		return err
	}
	parties := make([]store.CaseParty, 0, len(w.dirty))
	for i := range w.rows {
		if w.dirty[i] {
			payload, err := jsonOf(&w.rows[i])
			if err != nil {
				return err
			}
			parties = append(parties, store.CaseParty{Party: w.rows[i].Key, Lot: w.rows[i].Lot, Payload: payload})
		}
	}
	if err := tx.PutCaseParties(ctx, w.row.ID, parties); err != nil {
		return err
	}
	w.detail.To = w.recall.State
	if w.kind != "" {
		if err := w.note(w.kind, "", "", w.detail); err != nil {
			return err
		}
	}
	if err := tx.AddCaseEntries(ctx, w.row.ID, w.entries); err != nil {
		return err
	}
	if err := tx.AppendEvents(ctx, []events.Event{events.Recall(events.Meta{Op: w.op, Version: w.row.Version, Time: tx.Now}, w.value())}); err != nil {
		return err
	}
	f := w.figures()
	return tx.Audit(ctx, store.AuditEntry{Actor: w.hub.Actor.Name, Action: "recall." + string(w.op), Subject: w.recall.Number, Reason: w.detail.Reason,
		Body: store.Change{Before: w.before, After: map[string]any{"state": w.recall.State, "scope_version": w.recall.ScopeVersion, "by": w.detail.By, "change": w.detail.Change,
			"parties": f.Parties, "notified": f.Notified, "answered": f.Answered}}})
}

func (w *recallWork) value() events.RecallValue {
	r, f := &w.recall, w.figures()
	v := events.RecallValue{RecallID: r.ID, Number: r.Number, Kind: r.Kind, Class: r.Class, State: string(r.State), Product: r.Product.Code, Lots: r.LotNumbers(), ScopeVersion: r.ScopeVersion,
		Complaints: r.Complaints, Parties: f.Parties, Possible: f.Possible, Notified: f.Notified, Answered: f.Answered, DueAt: w.row.DueAt, Actor: w.hub.Actor.Name, Reason: w.detail.Reason}
	v.RecoveryRate, v.ExplainedRate = quality.Rates(r.Reconciliation)
	if w.told != nil {
		w.told(&v)
	}
	return v
}

func (w *recallWork) figures() RecallFigures {
	type state struct{ end, certain, notified, contact, answered, unsettled, reminded, escalated bool }
	all := map[string]state{}
	for i := range w.rows {
		a := &w.rows[i]
		s := all[a.Key]
		all[a.Key] = state{s.end || a.EndCustomer, s.certain || !a.Possible, s.notified || a.Notice != nil, s.contact || a.Contactable() || a.Notice != nil && a.Notice.Address != "",
			s.answered || a.Replies.Answered(), s.unsettled || !a.Settled(), s.reminded || a.Reminded > 0, s.escalated || a.EscalatedAt != nil}
	}
	f := RecallFigures{Parties: len(all)}
	for _, s := range all {
		for yes, n := range map[*int]bool{&f.EndCustomers: s.end, &f.Possible: !s.certain, &f.Notified: s.notified, &f.NoContact: !s.contact, &f.Answered: s.answered,
			&f.Settled: !s.unsettled, &f.Reminded: s.reminded, &f.Escalated: s.escalated} {
			if n {
				*yes++
			}
		}
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

// ListRecallsRequest selects recalls.
type ListRecallsRequest struct {
	State   string
	Product string
	Lot     string
	Open    bool
	Overdue bool
	Limit   int
	Lang    string
}

// RecallSummary is a line of `recall list`.
type RecallSummary struct {
	Number       string           `json:"number"`
	Kind         string           `json:"kind"`
	Class        string           `json:"class"`
	State        quality.State    `json:"state"`
	Product      trace.ProductRef `json:"product"`
	Lots         []string         `json:"lots"`
	ScopeVersion int              `json:"scope_version"`
	Reason       string           `json:"reason"`
	DueAt        *time.Time       `json:"due_at"`
	Overdue      bool             `json:"overdue"`
	OpenedAt     time.Time        `json:"opened_at"`
	RecoveryRate string           `json:"recovery_rate"`
}

// RecallList is the JSON of `recall list`.
type RecallList struct {
	Recalls []RecallSummary `json:"recalls"`
}

// ListRecalls lists recalls and drills, those with the earliest deadline first.
func (h *Hub) ListRecalls(ctx context.Context, req ListRecallsRequest) (RecallList, error) {
	out := RecallList{Recalls: []RecallSummary{}}
	if err := knownState(req.State, []quality.State{quality.Draft, quality.Assessed, quality.Decided, quality.Noticed, quality.InProgress, quality.Recovered,
		quality.Disposed, quality.Reconciled, quality.Reported, quality.Closed}); err != nil {
		return out, err
	}
	q := store.CaseQuery{Kind: store.CaseRecall, State: req.State, Open: req.Open || req.Overdue, Limit: cmp.Or(max(req.Limit, 0), defaultCases)}
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
		var r quality.Recall
		if err := json.Unmarshal(rows[i].Payload, &r); err != nil {
			return out, err
		}
		s := RecallSummary{Number: r.Number, Kind: r.Kind, Class: r.Class, State: r.State, Product: r.Product, Lots: r.LotNumbers(), ScopeVersion: r.ScopeVersion, Reason: r.Reason,
			DueAt: rows[i].DueAt, OpenedAt: rows[i].OpenedAt}
		s.Overdue = s.DueAt != nil && h.Now().After(*s.DueAt)
		s.RecoveryRate, _ = quality.Rates(r.Reconciliation)
		out.Recalls = append(out.Recalls, s)
	}
	return out, nil
}

// party finds a party of the list by golden id, code or name. lot narrows the rows; "" = all of the party.
func (w *recallWork) party(ctx context.Context, text, lot string) ([]int, error) {
	matches := func(is func(*quality.Affected) bool) []int {
		var out []int
		for i := range w.rows {
			if is(&w.rows[i]) && (lot == "" || w.rows[i].Lot == lot) {
				out = append(out, i)
			}
		}
		return out
	}
	wanted := normalize.Text(text)
	found := matches(func(a *quality.Affected) bool {
		return a.Key == text || a.Customer.Code != "" && strings.EqualFold(a.Customer.Code, text) || normalize.Text(a.Customer.Name) == wanted
	})
	if len(found) == 0 {
		if id, err := w.hub.customer(ctx, text); err == nil {
			found = matches(func(a *quality.Affected) bool { return a.Key == id.String() })
		} else if !errs.Is(err, errs.NotFound) {
			return nil, err
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	var words []string
	for i := range w.rows {
		words = append(words, w.rows[i].Customer.Name, w.rows[i].Customer.Code)
	}
	code := "quality.not_on_list"
	if _, err := w.hub.customer(ctx, text); err != nil {
		code = "quality.unknown_party"
	}
	return nil, errs.New(errs.NotFound, code, errs.Args{"party": text, "case": w.recall.Number, "near": listed(closest(wanted, words))})
}

// lotOf checks a lot of a recall; "" is the only one it has.
func (w *recallWork) lotOf(text string) (string, error) {
	lots := w.recall.LotNumbers()
	if text == "" && len(lots) == 1 {
		return lots[0], nil
	}
	lot, _ := normalize.Lot(text)
	if !slices.Contains(lots, lot) {
		return "", errs.New(errs.Invalid, "quality.lot_not_in_scope", errs.Args{"lot": text, "case": w.recall.Number, "lots": strings.Join(lots, ", ")})
	}
	return lot, nil
}

// total is the balance of a lot as an event tells it.
func total(r quality.Reconciliation) events.RecallTotal {
	t := r.Totals
	return events.RecallTotal{Lot: r.Lot, Released: t.Released, OwnStock: t.OwnStock, Sampled: t.Sampled, Quarantined: t.Quarantined, ChannelStock: t.ChannelStock, Recovered: t.Recovered,
		Used: t.Used, Destroyed: t.Destroyed, Gap: t.Gap}
}
