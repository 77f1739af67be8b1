package trace

import (
	"cmp"
	"slices"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/trace/flow"
)

// reason explains a gap: a code of the message catalogue, what fills it, and the movements it is about.
type reason struct {
	code string
	args errs.Args
	rows []canonical.ID
}

// gaps lists every party whose book does not close, and the shortages of rows without a lot.
func (b *books) gaps(opt Options) []Gap {
	out := []Gap{}
	open := map[int32]canonical.Quantity{}
	for p, a := range b.account {
		if a.listed && a.Gap != 0 {
			open[int32(p)] = a.Gap
		}
	}
	for p, q := range open {
		why := b.explain(p, q, open, opt)
		out = append(out, b.gap(p, q, why, true, opt))
	}
	for p, a := range b.account {
		if a.StockDate.IsZero() && a.Stock < 0 {
			out = append(out, b.gap(int32(p), a.Stock, reason{code: "trace.gap.more_out_than_in"}, false, opt))
		}
	}
	short := map[int32]canonical.Quantity{}
	for _, s := range b.data.Shortages {
		if opt.AsOf.IsZero() || s.Date <= opt.AsOf {
			short[int32(s.Party)] += s.Quantity
		}
	}
	for p, q := range short {
		out = append(out, b.gap(p, -q, reason{code: "trace.gap.shortage"}, false, opt))
	}
	slices.SortFunc(out, func(x, y Gap) int {
		return cmp.Or(cmp.Compare(y.Quantity.Abs(), x.Quantity.Abs()), compareCustomers(x.Customer, y.Customer), cmp.Compare(x.Code, y.Code))
	})
	return out
}

func (b *books) gap(p int32, q canonical.Quantity, why reason, counted bool, opt Options) Gap {
	return Gap{
		Customer: b.data.Parties[p].Customer, Quantity: q, Counted: counted, Code: why.code,
		Reason: errs.Fill(errs.Lookup(why.code).In(opt.Lang).What, why.args),
	}
}

// explain names the likeliest reason of a gap.
func (b *books) explain(p int32, gap canonical.Quantity, open map[int32]canonical.Quantity, opt Options) reason {
	if why, ok := b.explainByRows(p, gap, open, opt); ok {
		return why
	}
	return b.explainByNature(p, gap)
}

// explainByRows looks for rows that alone account for the whole gap.
func (b *books) explainByRows(p int32, gap canonical.Quantity, open map[int32]canonical.Quantity, opt Options) (reason, bool) {
	for _, look := range []func(int32, canonical.Quantity, Options) (reason, bool){
		b.ledgersDiffer, b.onTheWay, b.postedLate, b.wrongUnit, b.doubled,
	} {
		if why, ok := look(p, gap, opt); ok {
			return why, true
		}
	}
	if q, ok := b.partnerWith(p, -gap, open); ok {
		code := "trace.gap.missing_return"
		if gap < 0 {
			code = "trace.gap.missing_receipt"
		}
		return reason{code: code, args: errs.Args{"partner": b.data.Parties[q].Customer.Name}}, true
	}
	return reason{}, false
}

// explainByNature says what kind of rows must be missing.
func (b *books) explainByNature(p int32, gap canonical.Quantity) reason {
	switch {
	case gap < 0 && len(b.in[p]) == 0:
		return reason{code: "trace.gap.unknown_origin"}
	case gap < 0:
		return reason{code: "trace.gap.more_out_than_in"}
	case len(b.out[p]) == 0:
		return reason{code: "trace.gap.nothing_issued"}
	}
	return reason{code: "trace.gap.unexplained"}
}

func (b *books) ledgersDiffer(p int32, gap canonical.Quantity, _ Options) (reason, bool) {
	for _, i := range b.in[p] {
		if m := &b.data.Moves[i]; m.Match == flow.QtyDiff && m.Difference == -gap {
			return reason{code: "trace.gap.ledgers_differ", args: errs.Args{"date": m.Date.String(), "partner": b.data.Parties[m.From].Customer.Name}}, true
		}
	}
	return reason{}, false
}

// onTheWay: sent shortly before the stock report, not in the receiver's ledger.
func (b *books) onTheWay(p int32, gap canonical.Quantity, opt Options) (reason, bool) {
	h := b.holding[p]
	if h == nil || gap < 0 {
		return reason{}, false
	}
	for _, i := range b.in[p] {
		m := &b.data.Moves[i]
		if m.Point == gap && m.Match == flow.SellerOnly && m.Date <= h.Date && h.Date-m.Date <= tolerance(opt) {
			return reason{code: "trace.gap.in_transit", args: errs.Args{"date": m.Date.String(), "partner": b.data.Parties[m.From].Customer.Name}}, true
		}
	}
	return reason{}, false
}

// postedLate: a row dated shortly after the report whose goods had moved before it.
func (b *books) postedLate(p int32, gap canonical.Quantity, opt Options) (reason, bool) {
	h := b.holding[p]
	if h == nil {
		return reason{}, false
	}
	rows := b.out[p]
	if gap < 0 {
		rows = b.in[p]
	}
	for _, i := range rows {
		m := &b.data.Moves[i]
		if m.Point == gap.Abs() && m.Date > h.Date && m.Date-h.Date <= tolerance(opt) {
			return reason{code: "trace.gap.posted_late", args: errs.Args{"date": m.Date.String(), "report": h.Date.String()}}, true
		}
	}
	return reason{}, false
}

// wrongUnit: one row counted in another pack than it says.
func (b *books) wrongUnit(p int32, gap canonical.Quantity, _ Options) (reason, bool) {
	factors := []canonical.Quantity{b.data.Product.CaseFactor, b.data.Product.InnerFactor, canonical.Units(10)}
	for _, rows := range [][]int{b.in[p], b.out[p]} {
		for _, i := range rows {
			m := &b.data.Moves[i]
			for _, f := range factors {
				if f <= canonical.Units(1) {
					continue
				}
				more, errMore := m.Point.MulDiv(f, canonical.Units(1))
				less, errLess := m.Point.MulDiv(canonical.Units(1), f)
				if errMore == nil && more-m.Point == gap.Abs() || errLess == nil && m.Point-less == gap.Abs() {
					return reason{"trace.gap.unit", errs.Args{"date": m.Date.String(), "quantity": m.Point.String(), "factor": f.String()}, []canonical.ID{m.ID}}, true
				}
			}
		}
	}
	return reason{}, false
}

// doubled: two rows alike but for the document, one of them too many.
func (b *books) doubled(p int32, gap canonical.Quantity, _ Options) (reason, bool) {
	type alike struct {
		from, to int32
		date     canonical.Date
	}
	rows := b.in[p]
	if gap < 0 {
		rows = b.out[p]
	}
	seen := map[alike]bool{}
	for _, i := range rows {
		m := &b.data.Moves[i]
		if m.Point != gap.Abs() {
			continue
		}
		k := alike{m.From, m.To, m.Date}
		if seen[k] {
			return reason{code: "trace.gap.duplicate", args: errs.Args{"date": m.Date.String(), "quantity": m.Point.String()}}, true
		}
		seen[k] = true
	}
	return reason{}, false
}

// partnerWith is a party in direct trade with p whose gap is q.
func (b *books) partnerWith(p int32, q canonical.Quantity, open map[int32]canonical.Quantity) (int32, bool) {
	best, found := int32(0), false
	consider := func(other int32) {
		if other == flow.Nobody || open[other] != q {
			return
		}
		if !found || compareCustomers(b.data.Parties[other].Customer, b.data.Parties[best].Customer) < 0 {
			best, found = other, true
		}
	}
	for _, i := range b.in[p] {
		consider(b.data.Moves[i].From)
	}
	for _, i := range b.out[p] {
		consider(b.data.Moves[i].To)
	}
	return best, found
}

func tolerance(opt Options) canonical.Date {
	if opt.Flow.Tolerance > 0 {
		return canonical.Date(opt.Flow.Tolerance)
	}
	return 7
}
