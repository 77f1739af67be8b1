package hub

import (
	"cmp"
	"context"
	"slices"

	"tributary/canonical"
	"tributary/quality"
	"tributary/store"
	"tributary/trace"
)

// TraceCustomerRequest asks which lots a customer received, and from where.
type TraceCustomerRequest struct {
	Customer string // golden id, the company's code, or a name that one customer has
	From, To string // business dates; empty: open
	Lang     string
}

// TraceCustomer answers which lots reached a customer, on which ways, the newest first.
func (h *Hub) TraceCustomer(ctx context.Context, req TraceCustomerRequest) (trace.CustomerResult, error) {
	result := trace.CustomerResult{Lots: []trace.LotReceipt{}}
	period, err := parsePeriod(req.From, req.To)
	if err != nil {
		return result, err
	}
	id, err := h.customer(ctx, req.Customer)
	if err != nil {
		return result, err
	}
	golden, err := h.DB.Golden(ctx, id)
	if err != nil {
		return result, err
	}
	if result.Customer, err = customerOf(id, golden); err != nil {
		return result, err
	}
	known := store.Known{}
	mentions, err := h.DB.MembersKnown(ctx, id, known)
	if err != nil {
		return result, err
	}
	lots, err := h.DB.LotsReceived(ctx, mentions, period.From, period.To, known)
	if err != nil {
		return result, err
	}
	loaders := map[int64]*lotLoader{}
	for _, touched := range lots {
		l := loaders[touched.Product]
		if l == nil {
			skus, err := h.DB.Products(ctx, []int64{touched.Product})
			if err != nil {
				return result, err
			}
			l = h.lotLoader(skus[touched.Product], known)
			loaders[touched.Product] = l
		}
		data, found, err := l.load(ctx, touched.Lot, canonical.NoDate)
		if err != nil {
			return result, err
		}
		place, met := l.places[id]
		if !found || !met {
			continue
		}
		if receipt, received := trace.Backward(data, place, period, h.traceOptions(canonical.NoDate, req.Lang)); received {
			result.Lots = append(result.Lots, receipt)
			result.Customer.RawNames = l.parties[place].Customer.RawNames
		}
	}
	weigh(result.Lots)
	slices.SortStableFunc(result.Lots, func(a, b trace.LotReceipt) int {
		return cmp.Or(cmp.Compare(b.LastDate, a.LastDate), cmp.Compare(a.Product.Code, b.Product.Code), cmp.Compare(a.Lot, b.Lot))
	})
	return result, nil
}

// weigh gives each lot its chance among the lots of its product: which lot a pack may be of whose lot nobody noted.
func weigh(lots []trace.LotReceipt) {
	byProduct := map[string][]trace.LotReceipt{}
	for _, l := range lots {
		byProduct[l.Product.Code] = append(byProduct[l.Product.Code], l)
	}
	type key struct{ product, lot string }
	chance := map[key]string{}
	for code, list := range byProduct {
		for _, c := range quality.CandidatesOf(list) {
			chance[key{code, c.Lot}] = c.Probability
		}
	}
	for i := range lots {
		lots[i].Probability = chance[key{lots[i].Product.Code, lots[i].Lot}]
	}
}

func parsePeriod(from, to string) (p trace.Period, err error) {
	if p.From, err = parseDate("from", from); err != nil {
		return p, err
	}
	p.To, err = parseDate("to", to)
	return p, err
}
