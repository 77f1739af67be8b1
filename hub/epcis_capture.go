package hub

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"tributary/epcis"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/pipeline"
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
	if len(doc.Issues) > 0 || !req.Proceed && len(doc.Faults()) > 0 {
		r.Refused = r.Events
		return r, r.finish(&doc, false, req.Lang)
	}
	run, err := h.ingest().Capture(ctx, pipeline.Capture{File: r.File, Document: &doc, Proceed: req.Proceed, Actor: h.Actor.Name, After: func(ctx context.Context, tx *store.Tx, c store.Counts) error {
		if c.Canonical == 0 {
			return nil
		}
		return tx.Audit(ctx, store.AuditEntry{Actor: h.Actor.Name, Action: "epcis.capture", Subject: r.File, Body: map[string]int64{"taken": c.Canonical}})
	}})
	if err != nil && !pipeline.Refused(err) {
		return r, err
	}
	r.Corrected, r.Captured, r.Unchanged = run.Declared, int(run.Counts.Canonical)-run.Declared, int(run.Counts.Unchanged)
	r.Refused = r.Events - r.Captured - r.Unchanged - r.Corrected
	return r, r.finish(&doc, err == nil, req.Lang)
}

// ingest is the stage that takes things in.
func (h *Hub) ingest() pipeline.Ingest {
	return pipeline.Ingest{DB: h.DB, Origin: events.Source(h.Config.Company.Code)}
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

// finish completes the report. The error names the faults; it is nil when there are none, or good events were taken in
// spite of others as asked.
func (r *EPCISCaptureReport) finish(doc *epcis.Document, stored bool, lang string) error {
	faults := doc.Faults()
	for _, f := range faults {
		r.Errors = append(r.Errors, EPCISProblem{f.Pointer, f.Code, f.Text(lang)})
	}
	r.Success = len(faults) == 0
	if r.Success || stored && r.Refused < r.Events {
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
