package hub

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"

	"tributary/canonical"
	"tributary/events"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/store"
	"tributary/trace"
)

// DrillRequest is `recall drill`: a mock recall of a lot, or of one picked at random.
type DrillRequest struct {
	Product string
	Lot     string
	Lang    string
}

// backwardChecks bounds from how many end customers the way back to the lot is asked.
const backwardChecks = 20

// DrillRecall runs a mock recall: it stops the time from the question to the whole list, asks the way back from end
// customers, balances the lot, and says which rules of passing hold. The drill is a case of its own kind, which can go on
// with notices and replies inside the house; nothing is sent.
func (h *Hub) DrillRecall(ctx context.Context, req DrillRequest) (RecallView, error) {
	if err := h.mayHandle(); err != nil {
		return RecallView{}, err
	}
	profile, err := h.profile()
	if err != nil {
		return RecallView{}, err
	}
	if req.Product == "" || req.Lot == "" {
		if req.Product, req.Lot, err = h.pickLot(ctx, req.Product, req.Lot); err != nil {
			return RecallView{}, err
		}
	}
	began := h.Now()
	r := quality.Recall{Kind: quality.Drill, Class: "II", ReasonCode: "DRILL", Reason: errs.Word("quality.drill.reason").In(req.Lang), Profile: profile.Title(),
		Assessment: errs.Word("quality.drill.reason").In(req.Lang)}
	list, err := h.listRecall(ctx, &r, req.Product, []string{req.Lot}, 1, req.Lang)
	if err != nil {
		return RecallView{}, err
	}
	took := h.Now().Sub(began)
	report := quality.DrillReport{StartedAt: began.UTC()}
	if report.BackwardAsked, report.BackwardOK, err = h.checkBackward(ctx, &r, list); err != nil {
		return RecallView{}, err
	}
	balance := make([]quality.Reconciliation, len(r.Lots))
	for i, lot := range r.Lots {
		balance[i] = quality.Reconcile(lot, list)
	}
	report = profile.Drill.Measure(report, list, balance, took, h.Now().Sub(began))
	r.DrillReport = &report
	drafted, err := h.draftRecall(ctx, r, list, profile, req.Lang)
	if err != nil {
		return RecallView{}, err
	}
	// A drill begins decided: what it tries is the way from there.
	return h.changeRecall(ctx, drafted.Number, req.Lang, func(_ context.Context, tx *store.Tx, w *recallWork) error {
		for _, to := range []quality.State{quality.Assessed, quality.Decided} {
			if err := w.recall.Advance(quality.Step{To: to, By: h.Actor.Name}, tx.Now); err != nil {
				return err
			}
		}
		w.recall.Reconciliation = balance
		w.op, w.kind, w.detail.By, w.detail.Change = events.Updated, "drill", h.Actor.Name, report
		return nil
	})
}

// checkBackward asks from end customers of the list, spread over it, whether the way back leads to the lot.
func (h *Hub) checkBackward(ctx context.Context, r *quality.Recall, list []quality.Affected) (asked, found int, err error) {
	sku, err := h.product(ctx, r.Product.Code)
	if err != nil {
		return 0, 0, err
	}
	for _, lot := range r.Lots {
		var ends []*quality.Affected
		for i := range list {
			if list[i].Lot == lot.Lot && list[i].EndCustomer {
				ends = append(ends, &list[i])
			}
		}
		l := h.lotLoader(sku, store.Known{})
		data, _, err := l.load(ctx, lot.Lot, canonical.NoDate)
		if err != nil {
			return asked, found, err
		}
		step := max(1, (len(ends)+backwardChecks-1)/backwardChecks)
		var places []int32
		for i := 0; i < len(ends); i += step {
			id, err := canonical.ParseID(ends[i].Customer.GoldenID)
			if err != nil {
				continue // a name in the flow that no golden record stands behind
			}
			asked++
			if place, met := l.places[id]; met {
				places = append(places, place)
			}
		}
		for _, receipt := range trace.BackwardFrom(data, places, trace.Period{}, h.traceOptions(canonical.NoDate, "en")) {
			if leadsToMaker(receipt, data.Parties[data.Maker].Customer.Code) {
				found++
			}
		}
	}
	return asked, found, nil
}

// leadsToMaker reports whether a way back ends with us, or is one of many that are shown together. Who may have received
// the lot, and most likely received none, has no way to show.
func leadsToMaker(l trace.LotReceipt, maker string) bool {
	if l.Received == 0 {
		return true
	}
	for _, p := range l.Paths {
		if p.Others || len(p.Via) > 0 && p.Via[0] == maker {
			return true
		}
	}
	return false
}

// pickLot picks what to drill: a product whose last drill is longest ago, and one of its lots at random.
func (h *Hub) pickLot(ctx context.Context, product, lot string) (string, string, error) {
	all, err := h.DB.AllProducts(ctx)
	if err != nil {
		return "", "", err
	}
	const looked = 1000
	drills, err := h.DB.Cases(ctx, store.CaseQuery{Kind: store.CaseRecall, Limit: looked})
	if err != nil {
		return "", "", err
	}
	type choice struct {
		product string
		lots    []string
		last    int64
	}
	var choices []choice
	for _, p := range all {
		if product != "" && p.Code != product && p.Name != product {
			continue
		}
		sku, err := h.product(ctx, p.Code)
		if err != nil {
			return "", "", err
		}
		c := choice{product: p.Code}
		lots, err := h.DB.LotsOf(ctx, sku.ID)
		if err != nil {
			return "", "", err
		}
		for _, l := range lots {
			if lot != "" && l != lot {
				continue
			}
			if _, released, err := h.DB.ReleasedLot(ctx, sku.ID, l); err != nil {
				return "", "", err
			} else if released {
				c.lots = append(c.lots, l)
			}
		}
		for _, d := range drills {
			if d.Product == p.Code && len(d.Number) > 5 && d.Number[:5] == "DRILL" {
				c.last = max(c.last, d.OpenedAt.UnixMicro())
			}
		}
		if len(c.lots) > 0 {
			choices = append(choices, c)
		}
	}
	if len(choices) == 0 {
		if product != "" {
			if _, err := h.product(ctx, product); err != nil {
				return "", "", err
			}
		}
		return "", "", errs.New(errs.Invalid, "quality.nothing_to_drill", nil)
	}
	rand.Shuffle(len(choices), func(i, j int) { choices[i], choices[j] = choices[j], choices[i] })
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Compare(a.last, b.last) })
	c := choices[0]
	return c.product, c.lots[rand.IntN(len(c.lots))], nil
}
