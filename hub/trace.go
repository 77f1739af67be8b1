package hub

import (
	"context"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/normalize"
	"tributary/store"
	"tributary/trace"
	"tributary/trace/flow"
)

// TraceLotRequest asks where the goods of a lot are.
type TraceLotRequest struct {
	Product string // code, or a name that one SKU has
	Lot     string
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
	sku, err := h.product(ctx, req.Product)
	if err != nil {
		return trace.Result{}, err
	}
	lot, _ := normalize.Lot(req.Lot)
	l := h.lotLoader(sku, known)
	data, found, err := l.load(ctx, lot, asOf)
	if err != nil {
		return trace.Result{}, err
	}
	if !found {
		return trace.Result{}, h.unknownLot(ctx, sku, req.Lot, lot)
	}
	result := trace.Forward(data, h.traceOptions(asOf, req.Lang))
	if result.AsOf.IsZero() {
		result.AsOf = h.today()
	}
	return result, nil
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
