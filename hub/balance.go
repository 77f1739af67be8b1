package hub

import (
	"context"
	"slices"

	"tributary/canonical"
	"tributary/internal/errs"
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
	By       string // day or month: a row for each; "" = the whole period
	Lang     string
}

// BalanceReport is the JSON of `balance`.
type BalanceReport struct {
	Product trace.ProductRef `json:"product"`
	Unit    string           `json:"unit"`
	From    canonical.Date   `json:"from"`
	To      canonical.Date   `json:"to"`
	Rows    []trace.Bucket   `json:"rows"` // largest gap first, of each day or month when asked so
}

// Balance gives every party's book of every lot of a product, and explains what does not close.
func (h *Hub) Balance(ctx context.Context, req BalanceRequest) (BalanceReport, error) {
	report := BalanceReport{Rows: []trace.Bucket{}}
	q, err := h.balanceOf(ctx, req)
	if err != nil {
		return report, err
	}
	report.Product, report.Unit, report.From, report.To = q.product(), q.sku.Unit, q.period.From, q.period.To
	periods, err := split(q.period, req.By)
	if err != nil {
		return report, err
	}
	held := make([]trace.Lots, len(periods)) // the lots with what was reported by the end of each period
	for _, lot := range q.lots {
		data, ok, err := q.load(ctx, lot, q.period.To)
		if err != nil {
			return report, err
		}
		if !ok {
			continue
		}
		openings, err := q.openings(ctx, lot, periods[0], data)
		if err != nil {
			return report, err
		}
		for i, p := range periods {
			end := data
			if len(periods) > 1 {
				if end.Holdings, err = q.holdings(ctx, lot, p.To, data.Moves, q.present(data.Moves, nil)); err != nil {
					return report, err
				}
			}
			held[i].Lots, held[i].Openings = append(held[i].Lots, end), append(held[i].Openings, openings)
			openings = byParty(end.Holdings)
		}
	}
	for i, p := range periods {
		for l := range held[i].Lots {
			held[i].Lots[l].Parties = q.parties // who reports usage may have come out with a later lot
		}
		for _, row := range trace.Balance(held[i], p, h.traceOptions(p.To, req.Lang)) {
			if (q.lot == "" || row.Lot == q.lot) && (q.only.IsZero() || row.Customer.GoldenID == q.only.String()) {
				report.Rows = append(report.Rows, row)
			}
		}
	}
	return report, nil
}

// LedgersReport is the JSON of `balance --ledgers`: what sellers and buyers say of the same goods.
type LedgersReport struct {
	Product trace.ProductRef             `json:"product"`
	Unit    string                       `json:"unit"`
	From    canonical.Date               `json:"from"`
	To      canonical.Date               `json:"to"`
	Totals  map[string]trace.LedgerTotal `json:"totals"` // by match
	Pairs   []trace.LedgerPair           `json:"pairs"`  // those that do not agree first
}

// CompareLedgers sets the ledgers of both sides of every movement of a product beside each other.
func (h *Hub) CompareLedgers(ctx context.Context, req BalanceRequest) (LedgersReport, error) {
	report := LedgersReport{Pairs: []trace.LedgerPair{}}
	q, err := h.balanceOf(ctx, req)
	if err != nil {
		return report, err
	}
	report.Product, report.Unit, report.From, report.To = q.product(), q.sku.Unit, q.period.From, q.period.To
	var lots []trace.Data
	for _, lot := range q.lots {
		data, ok, err := q.load(ctx, lot, q.period.To)
		if err != nil {
			return report, err
		}
		if ok {
			lots = append(lots, data)
		}
	}
	for i := range lots {
		lots[i].Parties = q.parties
	}
	for _, p := range trace.TwoLedgers(lots, q.period) {
		if (q.lot == "" || p.Lot == q.lot) && (q.only.IsZero() || p.Seller.GoldenID == q.only.String() || p.Buyer.GoldenID == q.only.String()) {
			report.Pairs = append(report.Pairs, p)
		}
	}
	report.Totals = trace.LedgerTotals(report.Pairs)
	return report, nil
}

// balanceQuestion is a request that was checked.
type balanceQuestion struct {
	*lotLoader
	period trace.Period
	lots   []string // all of the product: a gap may be a lot number that was mistyped for another
	lot    string   // only this one is told
	only   canonical.ID
}

func (q *balanceQuestion) product() trace.ProductRef {
	return trace.ProductRef{Code: q.sku.Code, Name: q.sku.Name, Spec: q.sku.Spec}
}

func (h *Hub) balanceOf(ctx context.Context, req BalanceRequest) (*balanceQuestion, error) {
	period, err := parsePeriod(req.From, req.To)
	if err != nil {
		return nil, err
	}
	if req.By != "" && period.To.IsZero() {
		period.To = h.today()
	}
	sku, err := h.product(ctx, req.Product)
	if err != nil {
		return nil, err
	}
	q := &balanceQuestion{lotLoader: h.lotLoader(sku, store.Known{}), period: period}
	if req.Party != "" {
		if q.only, err = h.customer(ctx, req.Party); err != nil {
			return nil, err
		}
	}
	if q.lots, err = h.DB.LotsOf(ctx, sku.ID); err != nil {
		return nil, err
	}
	q.lot, _ = normalize.Lot(req.Lot)
	if q.lot != "" && !slices.Contains(q.lots, q.lot) {
		return nil, h.unknownLot(ctx, sku, req.Lot, q.lot)
	}
	return q, nil
}

// mostPeriods bounds the rows that one question can ask for.
const mostPeriods = 400

// split cuts a period into its days or months; the first and last month may be parts.
func split(p trace.Period, by string) ([]trace.Period, error) {
	var end func(canonical.Date) canonical.Date
	switch by {
	case "":
		return []trace.Period{p}, nil
	case "day":
		end = func(d canonical.Date) canonical.Date { return d }
	case "month":
		end = func(d canonical.Date) canonical.Date {
			_, last, err := canonical.MonthSpan(d.Month())
			if err != nil {
				return d
			}
			return last
		}
	default:
		return nil, errs.New(errs.Invalid, "balance.by", errs.Args{"by": by})
	}
	if p.From.IsZero() || p.From > p.To {
		return nil, errs.New(errs.Invalid, "balance.from_needed", nil)
	}
	var out []trace.Period
	for from := p.From; from <= p.To; {
		to := min(end(from), p.To)
		out = append(out, trace.Period{From: from, To: to})
		if from = to + 1; len(out) > mostPeriods {
			return nil, errs.New(errs.Invalid, "balance.too_many", errs.Args{"most": mostPeriods})
		}
	}
	return out, nil
}

func byParty(list []trace.Holding) map[int32]trace.Holding {
	out := map[int32]trace.Holding{}
	for _, h := range list {
		out[h.Party] = h
	}
	return out
}

// openings is what the parties had reported of a lot on the day before a period.
func (l *lotLoader) openings(ctx context.Context, lot string, period trace.Period, data trace.Data) (map[int32]trace.Holding, error) {
	if period.From.IsZero() {
		return nil, nil
	}
	list, err := l.holdings(ctx, lot, period.From-1, data.Moves, l.present(data.Moves, nil))
	return byParty(list), err
}
