package hub

import (
	"context"
	"time"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/internal/errs"
	"tributary/trace"
	"tributary/trace/flow"
)

// TraceCodeRequest asks what is known of the object behind a code.
type TraceCodeRequest struct {
	Code string // trace code, GS1 element string, Digital Link, EPC
	Lang string
}

// CodeTrace is the JSON of `trace code`: what the code says, where its object was, and the trace of its lot. Without a
// known lot the trace is empty and Notes of the code say why.
type CodeTrace struct {
	Code CodeAnswer `json:"code"`
	trace.Result
}

// CodeAnswer is what is known of one object.
type CodeAnswer struct {
	Text      string         `json:"text"`
	Kind      string         `json:"kind"` // trace_code, element_string, digital_link, epc, opaque
	Key       string         `json:"key"`
	GTIN      string         `json:"gtin"`
	Serial    string         `json:"serial"`
	Lot       string         `json:"lot"`
	LotFrom   string         `json:"lot_from"` // code, event, contents, container; empty: not known
	Expiry    canonical.Date `json:"expiry"`
	DrugID    string         `json:"drug_id"`
	Special   bool           `json:"special_control"`
	Parents   []PackStay     `json:"parents"`  // in what it was, the earliest first, and in what those were
	Children  []PackStay     `json:"children"` // what was in it, and in those
	History   []CodeEvent    `json:"history"`  // captured events of it and of what it was in, oldest first
	Truncated bool           `json:"truncated"`
	Notes     []CodeNote     `json:"notes"`
}

// PackStay is the time that an object spent in another.
type PackStay struct {
	Object string     `json:"object"`
	Parent string     `json:"parent"`
	From   time.Time  `json:"from"`
	Until  *time.Time `json:"until"` // null: still there, as far as is known
	Seen   bool       `json:"seen"`  // only observed there: the beginning is not known
}

// CodeEvent is one captured event in an object's history.
type CodeEvent struct {
	Time        string   `json:"time"` // with the offset of the place
	ID          string   `json:"event_id"`
	Type        string   `json:"type"`
	Action      string   `json:"action"`
	BizStep     string   `json:"biz_step"`
	Disposition string   `json:"disposition"`
	Place       string   `json:"place"`
	From        []string `json:"from"`
	To          []string `json:"to"`
	Via         string   `json:"via"` // the container whose event it is; empty: its own
	Wrong       bool     `json:"declared_wrong"`
	CorrectedBy []string `json:"corrected_by"`
}

// CodeNote says what is not known, or what does not fit.
type CodeNote struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Bounds of one answer.
const (
	maxCodeEvents = 2000
	maxCodeKeys   = 2000
	maxPackLevels = 8
)

// TraceCode answers what is known of the object behind a code, and where its lot is. A code of which nothing at all is
// known is an error.
func (h *Hub) TraceCode(ctx context.Context, req TraceCodeRequest) (CodeTrace, error) {
	out := CodeTrace{Result: trace.Result{Parties: []trace.PartyResult{}, Gaps: []trace.Gap{}}}
	a, sku, known, err := h.lookUpCode(ctx, req.Code, req.Lang)
	if err != nil {
		return out, err
	}
	out.Code = *a.out
	a.out = &out.Code
	if !known && len(a.out.History) == 0 && len(a.out.Children) == 0 {
		return out, errs.New(errs.NotFound, "trace.unknown_code", errs.Args{"code": a.out.Text})
	}
	if len(a.out.History) == 0 {
		a.note("trace.note_no_events", nil)
	}
	switch {
	case !known:
		a.note("trace.note_no_product", nil)
		return out, nil
	case a.out.Lot == "":
		a.note("trace.note_no_lot", nil)
		out.Product, out.Unit = trace.ProductRef{Code: sku.Code, Name: sku.Name, Spec: sku.Spec}, sku.Unit
		return out, nil
	}
	lot, err := h.TraceLot(ctx, TraceLotRequest{Product: sku.Code, Lot: a.out.Lot, Lang: req.Lang})
	if errs.CodeOf(err) == "trace.unknown_lot" {
		a.note("trace.note_lot_not_in_flow", errs.Args{"lot": a.out.Lot, "product": sku.Code})
		out.Product, out.Lot, out.Unit = trace.ProductRef{Code: sku.Code, Name: sku.Name, Spec: sku.Spec}, a.out.Lot, sku.Unit
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Result = lot
	return out, nil
}

// lookUpCode reads a code, gathers what captured events tell of its object, and finds the product.
func (h *Hub) lookUpCode(ctx context.Context, text, lang string) (a *answerer, sku flow.SKU, known bool, err error) {
	code, err := epcis.ParseCode(text)
	if err != nil {
		return nil, sku, false, err
	}
	out := CodeAnswer{Text: code.Text, Kind: code.Kind, Key: code.Key, GTIN: code.GTIN, Serial: code.Serial, Lot: code.Lot, Expiry: code.Expiry, DrugID: code.DrugID, Special: code.Special,
		Parents: []PackStay{}, Children: []PackStay{}, History: []CodeEvent{}, Notes: []CodeNote{}}
	a = &answerer{hub: h, ctx: ctx, out: &out, lang: lang}
	if code.Lot != "" {
		a.out.LotFrom = "code"
	}
	if err := a.follow(code.Key); err != nil {
		return nil, sku, false, err
	}
	sku, known, err = a.product(&code)
	return a, sku, known, err
}
