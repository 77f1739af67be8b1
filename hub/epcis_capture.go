package hub

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"tributary/epcis"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/store"
)

// EPCISCaptureRequest is `tributary epcis capture`.
type EPCISCaptureRequest struct {
	File    string
	Body    []byte // instead of a file; File is then only its name
	Proceed bool   // take the events without a fault when others have one (GS1-Capture-Error-Behaviour: proceed)
	Lang    string // of the details in the report
}

// EPCISCaptureReport says what became of each event of a document: events = captured + unchanged + corrected + refused.
type EPCISCaptureReport struct {
	File      string         `json:"file"`
	Success   bool           `json:"success"` // nothing was refused
	Events    int            `json:"events"`
	Captured  int            `json:"captured"`
	Unchanged int            `json:"unchanged"` // known before, or exported by this hub
	Corrected int            `json:"corrected"` // known before, now declared wrong
	Refused   int            `json:"refused"`
	Errors    []EPCISProblem `json:"errors"`
}

// EPCISProblem is one fault of a document.
type EPCISProblem struct {
	Pointer string `json:"pointer"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// maxCapture bounds a document in bytes.
const maxCapture = 64 << 20

// CaptureEPCIS takes in a document of events, whole or not at all unless asked to proceed. What was captured before is
// left as it is, so that sending a document again changes nothing. The report is filled also when an error comes with it.
func (h *Hub) CaptureEPCIS(ctx context.Context, req EPCISCaptureRequest) (EPCISCaptureReport, error) {
	r := EPCISCaptureReport{File: filepath.Base(req.File), Errors: []EPCISProblem{}}
	body := req.Body
	if body == nil {
		var err error
		if body, err = readCapture(req.File); err != nil {
			return r, err
		}
	}
	doc := epcis.Parse(body)
	r.Events = len(doc.Events)
	c := capture{doc: &doc, source: events.Source(h.Config.Company.Code), proceed: req.Proceed, report: &r}
	for i := range doc.Events {
		c.checkOwn(&doc.Events[i])
	}
	var err error
	if c.mayStore() {
		err = h.DB.InTx(ctx, func(tx *store.Tx) error { return c.store(ctx, tx, h.Actor.Name) })
	}
	if err != nil && !errors.Is(err, errFaulty) {
		return EPCISCaptureReport{File: r.File, Events: r.Events, Errors: r.Errors}, err
	}
	return r, c.finish(req.Lang)
}

func readCapture(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, errs.New(errs.Invalid, "epcis.unreadable", errs.Args{"file": name, "why": reasonOf(err)})
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxCapture+1))
	switch {
	case err != nil:
		return nil, errs.New(errs.Invalid, "epcis.unreadable", errs.Args{"file": name, "why": reasonOf(err)})
	case len(body) > maxCapture:
		return nil, errs.New(errs.Invalid, "epcis.too_large", errs.Args{"file": name, "limit": maxCapture >> 20})
	}
	return body, nil
}

// capture is one document on its way into the store.
type capture struct {
	doc     *epcis.Document
	source  string
	proceed bool
	own     map[*epcis.Event]bool
	report  *EPCISCaptureReport
}

// errFaulty rolls a transaction back when the store finds a fault that the document alone does not show.
var errFaulty = errors.New("the document has a fault")

// checkOwn finds what this hub itself exported.
func (c *capture) checkOwn(e *epcis.Event) {
	if len(e.Issues) > 0 {
		return
	}
	own, altered := epcis.Own(e, c.source)
	if altered {
		e.Issues = append(e.Issues, epcis.Issue{Pointer: e.Pointer, Code: "epcis.altered"})
	}
	if own {
		if c.own == nil {
			c.own = map[*epcis.Event]bool{}
		}
		c.own[e] = true
	}
}

func (c *capture) mayStore() bool {
	return len(c.doc.Issues) == 0 && (c.proceed || len(c.doc.Faults()) == 0)
}

// store compares with what was captured before and writes what is new.
func (c *capture) store(ctx context.Context, tx *store.Tx, actor string) error {
	c.report.Captured, c.report.Unchanged, c.report.Corrected = 0, 0, 0
	var ids []string
	for i := range c.doc.Events {
		if e := &c.doc.Events[i]; len(e.Issues) == 0 && !c.own[e] {
			ids = append(ids, e.ID)
		}
	}
	known, err := tx.EPCISKnown(ctx, ids)
	if err != nil {
		return err
	}
	var fresh []*epcis.Event
	var wrong []*epcis.Event
	for i := range c.doc.Events {
		e := &c.doc.Events[i]
		if len(e.Issues) > 0 {
			continue
		}
		have, again := known[e.ID]
		switch {
		case c.own[e]:
			c.report.Unchanged++
		case !again:
			known[e.ID] = store.KnownEvent{Hash: e.Hash, Wrong: e.Errs()}
			fresh = append(fresh, e)
			c.report.Captured++
		case e.Errs() && !have.Wrong:
			known[e.ID] = store.KnownEvent{Hash: have.Hash, Wrong: true}
			wrong = append(wrong, e)
			c.report.Corrected++
		case have.Hash == e.Hash || e.Errs():
			c.report.Unchanged++
		default:
			e.Issues = append(e.Issues, epcis.Issue{Pointer: e.Pointer + "/eventID", Code: "epcis.id_reused", Args: errs.Args{"id": e.ID}})
		}
	}
	if !c.mayStore() {
		return errFaulty
	}
	if err := tx.PutEPCIS(ctx, fresh, actor); err != nil {
		return err
	}
	for _, e := range wrong {
		if err := tx.DeclareEPCIS(ctx, e.ID, e.Error); err != nil {
			return err
		}
	}
	if len(fresh)+len(wrong) == 0 {
		return nil
	}
	return tx.Audit(ctx, store.AuditEntry{Actor: actor, Action: "epcis.capture", Subject: c.report.File, Body: map[string]int{"captured": len(fresh), "corrected": len(wrong)}})
}

// finish completes the report. The error names the faults; it is nil when there are none, or good events were taken in
// spite of others as asked.
func (c *capture) finish(lang string) error {
	r := c.report
	faults := c.doc.Faults()
	for _, f := range faults {
		r.Errors = append(r.Errors, EPCISProblem{f.Pointer, f.Code, f.Text(lang)})
	}
	r.Success = len(faults) == 0
	if c.mayStore() {
		r.Refused = r.Events - r.Captured - r.Unchanged - r.Corrected
	} else {
		r.Captured, r.Unchanged, r.Corrected, r.Refused = 0, 0, 0, r.Events
	}
	if r.Success || c.mayStore() && r.Refused < r.Events {
		return nil
	}
	shown := faults[:min(len(faults), 20)]
	return errs.New(errs.Invalid, "epcis.refused", errs.Args{"file": r.File, "count": len(faults), "why": shown})
}

// CapturedEvent is one captured event as it was sent, with the context that it needs to stand alone.
func (h *Hub) CapturedEvent(ctx context.Context, id string) (json.RawMessage, error) {
	body, found, err := h.DB.EPCISBody(ctx, id)
	if err == nil && !found {
		err = errs.New(errs.NotFound, "epcis.unknown_event", errs.Args{"id": id})
	}
	return body, err
}
