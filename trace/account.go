package trace

import (
	"tributary/canonical"
	"tributary/trace/flow"
)

// books is the lot's rows by party.
type books struct {
	data    *Data
	in, out [][]int
	holding []*Holding
	account []account
}

func newBooks(d *Data) *books {
	n := len(d.Parties)
	b := &books{data: d, in: make([][]int, n), out: make([][]int, n), holding: make([]*Holding, n)}
	for i, m := range d.Moves {
		b.out[m.From] = append(b.out[m.From], i)
		if m.To != flow.Nobody {
			b.in[m.To] = append(b.in[m.To], i)
		}
	}
	for i := range d.Holdings {
		b.holding[d.Holdings[i].Party] = &d.Holdings[i]
	}
	for p := range d.Parties {
		b.account = append(b.account, b.settled(int32(p)))
	}
	return b
}

// account is the balance of a lot at a party.
type account struct {
	PartyResult
	listed      bool
	quarantined canonical.Quantity
	inTransit   canonical.Quantity
}

// settled adds up a party's rows and sets them against its stock report. Rows after the report move the reported stock
// forward, so that the gap is the one of the report's day.
func (b *books) settled(p int32) account {
	var a account
	party := &b.data.Parties[p]
	h := b.holding[p]
	after := canonical.Quantity(0) // in less out, past the report
	late := func(m *Move) bool { return h != nil && m.Date > h.Date }
	for _, i := range b.in[p] {
		m := &b.data.Moves[i]
		if m.High == 0 {
			continue
		}
		a.listed = true
		a.Received += m.Point
		a.ReceivedLow += m.Low
		a.ReceivedHigh += m.High
		if m.Named {
			a.Explicit += m.Point
		}
		a.Grade = a.Grade.Worse(m.Grade)
		if a.FirstDate.IsZero() || m.Date < a.FirstDate {
			a.FirstDate = m.Date
		}
		a.LastDate = max(a.LastDate, m.Date)
		if late(m) {
			after += m.Point
		}
	}
	issuesGrade := canonical.Grade("")
	for _, i := range b.out[p] {
		m := &b.data.Moves[i]
		if m.High == 0 {
			continue
		}
		a.listed = true
		issuesGrade = issuesGrade.Worse(m.Grade)
		*a.column(m) += m.Point
		if late(m) {
			after -= m.Point
		}
	}
	if p == b.data.Maker {
		released := b.data.Lot.Quantity
		a.listed = a.listed || released > 0
		a.Received += released
		a.ReceivedLow += released
		a.ReceivedHigh += released
		a.Explicit += released
		a.Grade = canonical.GradeA
	}
	if a.Grade == "" {
		a.Grade = issuesGrade.Worse(canonical.GradeB)
	}
	a.Possible = a.ReceivedHigh > 0 && a.ReceivedLow == 0
	a.EndCustomer = endCustomer(party.Customer.Kind, a.Forwarded)
	b.settle(&a, party, h, after)
	return a
}

// column is where an issue counts.
func (a *account) column(m *Move) *canonical.Quantity {
	switch m.Kind {
	case canonical.Return:
		return &a.Returned
	case canonical.Used:
		return &a.Used
	case canonical.Sampled:
		return &a.Sampled
	case canonical.Destroyed:
		return &a.Destroyed
	}
	return &a.Forwarded
}

// settle fills stock and gap, and at an end customer without a usage ledger what it must have used.
func (b *books) settle(a *account, party *Party, h *Holding, after canonical.Quantity) {
	balance := a.Received - a.Forwarded - a.Returned - a.Used - a.Sampled - a.Destroyed
	if h == nil {
		a.Stock = balance
		return
	}
	a.listed = a.listed || h.Named && h.Total() != 0
	a.StockDate = h.Date
	a.Stock = h.Total() + after
	a.Gap = balance - a.Stock
	if a.Stock < 0 { // the party issued what its report says it had not
		a.Gap += a.Stock
		a.Stock = 0
	}
	if a.Gap > 0 && a.EndCustomer && !party.ReportsUsage {
		a.Used += a.Gap
		a.Gap = 0
	}
	a.quarantined = min(h.Quarantined, a.Stock)
	a.inTransit = min(h.InTransit, a.Stock-a.quarantined)
}

// endCustomer reports whether goods end at a party. A chain's head office, and a party of unknown kind, is one when it
// passed nothing on.
func endCustomer(kind string, forwarded canonical.Quantity) bool {
	k := canonical.CustomerKind(kind)
	return k.EndCustomer() || forwarded == 0 && (k == canonical.Chain || k == canonical.UnknownParty || k == "")
}
