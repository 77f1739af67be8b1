package trace

import "tributary/canonical"

// CustomerResult is the JSON of `trace customer`: the lots that a customer received, newest first.
type CustomerResult struct {
	Customer Customer     `json:"customer"`
	Lots     []LotReceipt `json:"lots"`
}

// LotReceipt is what one customer received of one lot, and on which ways.
type LotReceipt struct {
	Product      ProductRef         `json:"product"`
	Lot          string             `json:"lot"`
	Received     canonical.Quantity `json:"received"`
	ReceivedLow  canonical.Quantity `json:"received_low"`
	ReceivedHigh canonical.Quantity `json:"received_high"`
	Returned     canonical.Quantity `json:"returned"`
	Grade        canonical.Grade    `json:"grade"`
	FirstDate    canonical.Date     `json:"first_date"`
	LastDate     canonical.Date     `json:"last_date"`
	Paths        []Path             `json:"paths"`
	// Probability is the chance, 0 to 1, that a pack of the product from there, without a known lot, is of this lot; over the
	// lots of a product the chances add up to 1. Empty: nothing was left there of the lot.
	Probability string `json:"probability"`
}

// Period is a span of business dates, both ends included; NoDate leaves an end open.
type Period struct{ From, To canonical.Date }

// Has reports whether the date lies in the period.
func (p Period) Has(d canonical.Date) bool {
	return (p.From.IsZero() || d >= p.From) && (p.To.IsZero() || d <= p.To)
}

// Backward says what a party received of a lot in a period, and on which ways. It sweeps the whole lot as Forward does,
// since a receipt posted late anywhere may settle the order elsewhere, and agrees with it. It reports false when the party
// neither received nor may have received the lot in the period.
func Backward(d Data, party int32, period Period, opt Options) (LotReceipt, bool) {
	r, found := BackwardFrom(d, []int32{party}, period, opt)[party]
	return r, found
}

// BackwardFrom is Backward from several parties, by their places, in one sweep.
func BackwardFrom(d Data, parties []int32, period Period, opt Options) map[int32]LotReceipt {
	d.Moves = upTo(d.Moves, opt.AsOf)
	asked := make(map[int32]*LotReceipt, len(parties))
	for _, p := range parties {
		asked[p] = &LotReceipt{Product: ProductRef{d.Product.Code, d.Product.Name, d.Product.Spec}, Lot: d.Lot.Lot}
	}
	for i := range d.Moves {
		if m := &d.Moves[i]; period.Has(m.Date) {
			if r := asked[m.From]; r != nil && m.Kind == canonical.Return {
				r.Returned += m.Point
			}
			if r := asked[m.To]; r != nil && m.High > 0 {
				r.add(m)
			}
		}
	}
	out := map[int32]LotReceipt{}
	var s *sweep
	for p, r := range asked {
		if r.FirstDate.IsZero() {
			continue
		}
		if s == nil {
			s = newSweep(&d, opt.Flow)
			s.counts = func(m *Move) bool { return period.Has(m.Date) }
			s.run()
		}
		r.Paths = s.tree.show(s.arrived[p], d.Parties)
		out[p] = *r
	}
	return out
}

func (r *LotReceipt) add(m *Move) {
	r.Received += m.Point
	r.ReceivedLow += m.Low
	r.ReceivedHigh += m.High
	r.Grade = r.Grade.Worse(m.Grade)
	if r.FirstDate.IsZero() || m.Date < r.FirstDate {
		r.FirstDate = m.Date
	}
	r.LastDate = max(r.LastDate, m.Date)
}
