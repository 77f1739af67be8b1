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
	d.Moves = upTo(d.Moves, opt.AsOf)
	r := LotReceipt{Product: ProductRef{d.Product.Code, d.Product.Name, d.Product.Spec}, Lot: d.Lot.Lot}
	found := false
	for i := range d.Moves {
		m := &d.Moves[i]
		if m.From == party && m.Kind == canonical.Return && period.Has(m.Date) {
			r.Returned += m.Point
		}
		if m.To != party || m.High == 0 || !period.Has(m.Date) {
			continue
		}
		found = true
		r.Received += m.Point
		r.ReceivedLow += m.Low
		r.ReceivedHigh += m.High
		r.Grade = r.Grade.Worse(m.Grade)
		if r.FirstDate.IsZero() || m.Date < r.FirstDate {
			r.FirstDate = m.Date
		}
		r.LastDate = max(r.LastDate, m.Date)
	}
	if !found {
		return LotReceipt{}, false
	}
	s := newSweep(&d, opt.Flow)
	s.counts = func(m *Move) bool { return m.To != party || period.Has(m.Date) }
	s.run()
	r.Paths = s.tree.show(s.arrived[party], d.Parties)
	return r, true
}
