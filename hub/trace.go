package hub

import (
	"context"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/store"
	"tributary/trace"
	"tributary/trace/flow"
)

// TraceLotRequest asks where the goods of a lot are.
type TraceLotRequest struct {
	Product string // code, or a name that one SKU has; empty: Lot says it
	Lot     string // number; without a product, a code of GS1 or an address of this hub that names both
	AsOf    string // business date; empty: all rows
	KnownAt string // RFC 3339: rows committed by then; empty: now
	Lang    string
}

// TraceLot answers where the goods of a lot are: every party, its balance, the ways on which the goods came, contacts
// masked. An unknown product or lot is an error that names the nearest known ones.
func (h *Hub) TraceLot(ctx context.Context, req TraceLotRequest) (trace.Result, error) {
	asOf, err := parseDate("as-of", req.AsOf)
	if err != nil {
		return trace.Result{}, err
	}
	known, err := parseKnown(req.KnownAt)
	if err != nil {
		return trace.Result{}, err
	}
	sku, lot, err := h.productAndLot(ctx, req)
	if err != nil {
		return trace.Result{}, err
	}
	l := h.lotLoader(sku, known)
	data, found, err := l.load(ctx, lot, asOf)
	if err != nil {
		return trace.Result{}, err
	}
	if !found {
		return trace.Result{}, h.unknownLot(ctx, sku, lot, lot)
	}
	result := trace.Forward(data, h.traceOptions(asOf, req.Lang))
	if result.AsOf.IsZero() {
		result.AsOf = h.today()
	}
	return result, nil
}

// productAndLot finds what a request asks for.
func (h *Hub) productAndLot(ctx context.Context, req TraceLotRequest) (flow.SKU, string, error) {
	if req.Product != "" {
		sku, err := h.product(ctx, req.Product)
		lot, _ := normalize.Lot(req.Lot)
		return sku, lot, err
	}
	code, err := epcis.ParseCode(req.Lot)
	if err != nil && strings.ContainsAny(req.Lot, "():/\x1d") { // meant as a code: its own fault says more
		return flow.SKU{}, "", err
	}
	if err != nil || code.Lot == "" {
		return flow.SKU{}, "", errs.New(errs.Invalid, "trace.lot_alone", errs.Args{"lot": req.Lot})
	}
	a := answerer{hub: h, ctx: ctx, out: &CodeAnswer{Key: code.Key, GTIN: code.GTIN}, lang: req.Lang}
	sku, known, err := a.product(&code)
	if err == nil && !known {
		err = errs.New(errs.NotFound, "trace.unknown_code", errs.Args{"code": code.Text})
	}
	lot, _ := normalize.Lot(code.Lot)
	return sku, lot, err
}

func (h *Hub) traceOptions(asOf canonical.Date, lang string) trace.Options {
	return trace.Options{AsOf: asOf, Lang: lang, Flow: flow.Options{Window: h.Config.Trace.WindowDays, Tolerance: h.Config.Trace.ToleranceDays}}
}

// today is the business date in China, whose dates the ledgers use.
func (h *Hub) today() canonical.Date {
	return canonical.DateOf(h.Now().In(time.FixedZone("+08:00", 8*3600)))
}

func parseDate(field, text string) (canonical.Date, error) {
	d, err := canonical.ParseDate(text)
	if err != nil {
		return d, errs.New(errs.Invalid, "trace.bad_date", errs.Args{"field": field, "value": text, "why": err.Error()})
	}
	return d, nil
}

func parseKnown(text string) (store.Known, error) {
	if text == "" {
		return store.Known{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return store.Known{}, errs.New(errs.Invalid, "trace.bad_date", errs.Args{"field": "known-at", "value": text, "why": "not an RFC 3339 time"})
	}
	return store.KnownAt(t), nil
}
