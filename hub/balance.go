package hub

import (
	"context"

	"tributary/canonical"
	"tributary/normalize"
	"tributary/store"
	"tributary/trace"
)

// BalanceRequest asks for the books of a product in a period.
type BalanceRequest struct {
	Product  string
	Lot      string // empty: all lots
	Party    string // golden id, code or name; empty: all parties
	From, To string // business dates; empty: open
	Lang     string
}

// BalanceReport is the JSON of `balance`.
type BalanceReport struct {
	Product trace.ProductRef `json:"product"`
	Unit    string           `json:"unit"`
	From    canonical.Date   `json:"from"`
	To      canonical.Date   `json:"to"`
	Rows    []trace.Bucket   `json:"rows"` // largest gap first
}

// Balance gives every party's book of every lot of a product, and explains what does not close.
func (h *Hub) Balance(ctx context.Context, req BalanceRequest) (BalanceReport, error) {
	report := BalanceReport{Rows: []trace.Bucket{}}
	period, err := parsePeriod(req.From, req.To)
	if err != nil {
		return report, err
	}
	sku, err := h.product(ctx, req.Product)
	if err != nil {
		return report, err
	}
	report.Product, report.Unit = trace.ProductRef{Code: sku.Code, Name: sku.Name, Spec: sku.Spec}, sku.Unit
	report.From, report.To = period.From, period.To
	var only canonical.ID
	if req.Party != "" {
		if only, err = h.customer(ctx, req.Party); err != nil {
			return report, err
		}
	}
	// All lots are read, since a gap may be a lot number that was mistyped for another.
	lots, err := h.DB.LotsOf(ctx, sku.ID)
	if err != nil {
		return report, err
	}
	wanted, _ := normalize.Lot(req.Lot)
	found := wanted == ""
	l := h.lotLoader(sku, store.Known{})
	var in trace.Lots
	for _, lot := range lots {
		found = found || lot == wanted
		data, ok, err := l.load(ctx, lot, period.To)
		if err != nil {
			return report, err
		}
		if !ok {
			continue
		}
		openings, err := l.openings(ctx, lot, period, data)
		if err != nil {
			return report, err
		}
		in.Lots, in.Openings = append(in.Lots, data), append(in.Openings, openings)
	}
	if !found {
		return report, h.unknownLot(ctx, sku, req.Lot, wanted)
	}
	for i := range in.Lots {
		in.Lots[i].Parties = l.parties // who reports usage may have come out with a later lot
	}
	for _, row := range trace.Balance(in, period, h.traceOptions(period.To, req.Lang)) {
		if (wanted == "" || row.Lot == wanted) && (only.IsZero() || row.Customer.GoldenID == only.String()) {
			report.Rows = append(report.Rows, row)
		}
	}
	return report, nil
}

// openings is what the parties had reported of a lot on the day before a period.
func (l *lotLoader) openings(ctx context.Context, lot string, period trace.Period, data trace.Data) (map[int32]trace.Holding, error) {
	out := map[int32]trace.Holding{}
	if period.From.IsZero() {
		return out, nil
	}
	list, err := l.holdings(ctx, lot, period.From-1, data.Moves, l.present(data.Moves, nil))
	for _, h := range list {
		out[h.Party] = h
	}
	return out, err
}
