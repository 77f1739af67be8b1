package hub

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/store"
)

// MonthIssue is something that has to be explained or mended before a month is sealed.
type MonthIssue struct {
	Code       string `json:"code"`
	Text       string `json:"text"`
	Product    string `json:"product,omitempty"`
	Lot        string `json:"lot,omitempty"`
	Quantity   string `json:"quantity,omitempty"`
	Correction string `json:"correction_id,omitempty"`

	args errs.Args
}

func issue(code string, args errs.Args, lang string) MonthIssue {
	i := MonthIssue{Code: code, Text: errs.Fill(errs.Lookup(code).In(lang).What, args), args: args}
	i.Product, _ = args["product"].(string)
	i.Lot, _ = args["lot"].(string)
	if q, ok := args["quantity"].(canonical.Quantity); ok {
		i.Quantity = q.String()
	}
	return i
}

// monthReader reads in a transaction or outside of one.
type monthReader interface {
	Figures(context.Context, store.MonthKey) ([]store.Figure, error)
	FiguresNow(context.Context, store.MonthKey) ([]store.Figure, error)
	Corrections(context.Context, store.CorrectionQuery) ([]store.Correction, error)
}

// waits lists what keeps a closed month from being sealed: changes since the close that nobody explained, and gaps that
// neither rows nor a person account for.
func (b *books) waits(ctx context.Context, db monthReader, k store.MonthKey) ([]MonthIssue, error) {
	out := []MonthIssue{}
	for _, q := range []store.CorrectionQuery{
		{Party: k.Party, Ledger: k.Ledger, Real: k.Month, Unexplained: true},
		{Party: k.Party, Ledger: k.Ledger, Booked: k.Month, Unexplained: true},
	} {
		list, err := db.Corrections(ctx, q)
		if err != nil {
			return nil, err
		}
		views, err := b.corrections(ctx, list)
		if err != nil {
			return nil, err
		}
		for _, c := range views {
			i := issue("month.wait_correction", errs.Args{"product": c.Product, "lot": c.Lot, "quantity": c.Quantity, "date": c.Date.String(), "doc": c.DocNo,
				"real": c.RealMonth, "booked": c.BookedMonth}, b.lang)
			i.Correction = c.ID
			out = append(out, i)
		}
	}
	changed, err := b.changed(ctx, db, k)
	if err != nil {
		return nil, err
	}
	gaps, err := b.openGaps(ctx, k)
	return append(append(out, changed...), gaps...), err
}

type figureKey struct {
	mention int64
	lot     string
	kind    canonical.FlowKind
}

// changed compares what a month said at its close, with the corrections booked since, with what its rows say now; and how
// its products were understood then with how they are now.
func (b *books) changed(ctx context.Context, db monthReader, k store.MonthKey) ([]MonthIssue, error) {
	closed, err := db.Figures(ctx, k)
	if err != nil {
		return nil, err
	}
	now, err := db.FiguresNow(ctx, k)
	if err != nil {
		return nil, err
	}
	corrections, err := db.Corrections(ctx, store.CorrectionQuery{Party: k.Party, Ledger: k.Ledger, Real: k.Month})
	if err != nil {
		return nil, err
	}
	views, err := b.figures(ctx, append(closed, now...)) // makes products and mentions known
	if err != nil {
		return nil, err
	}
	difference := map[figureKey]canonical.Quantity{}
	for _, f := range now {
		if !f.Correction {
			difference[figureKey{f.Mention, f.Lot, f.Kind}] += f.Quantity
		}
	}
	for i := range corrections {
		c := &corrections[i]
		difference[figureKey{c.Mention, c.Lot, c.Kind}] -= c.Signed()
	}
	out := []MonthIssue{}
	told := map[int64]bool{}
	for i, f := range closed {
		if !f.Correction {
			difference[figureKey{f.Mention, f.Lot, f.Kind}] -= f.Quantity
		}
		if m := b.mentions[f.Mention]; !told[f.Mention] && (m.Found.Product != f.Found.Product || m.Found.Num != f.Found.Num || m.Found.Den != f.Found.Den) {
			told[f.Mention] = true
			out = append(out, issue("month.wait_product", errs.Args{"name": or(views[i].Name, m.Code), "unit": views[i].Unit,
				"then": understood(b.codes[f.Found.Product], f.Found.Num, f.Found.Den), "now": understood(b.codes[m.Found.Product], m.Found.Num, m.Found.Den)}, b.lang))
		}
	}
	seen := map[figureKey]bool{}
	for _, f := range append(closed, now...) {
		key := figureKey{f.Mention, f.Lot, f.Kind}
		if q := difference[key]; q != 0 && !seen[key] {
			seen[key] = true
			out = append(out, issue("month.wait_unbooked", errs.Args{"product": b.productWord(f.Mention), "lot": f.Lot, "quantity": q}, b.lang))
		}
	}
	return out, nil
}

// understood tells how a party's product becomes base units of a SKU.
func understood(code string, num, den canonical.Quantity) string {
	switch {
	case code == "":
		return "—"
	case num == den:
		return code
	case den == canonical.Units(1):
		return fmt.Sprintf("%s ×%s", code, num)
	}
	return fmt.Sprintf("%s ×%s ÷%s", code, num, den)
}

// monthGaps are the gaps of a month that rows do not explain, and what people said about gaps.
type monthGaps struct {
	byProduct map[int64][]openGap
	said      []store.ExplainedGap
}

type openGap struct {
	golden   string
	product  int64
	code     string
	lot      string
	quantity canonical.Quantity
	text     string
}

// openGaps lists the gaps of a party's books in a month, over all its ledgers, that nobody explained.
func (b *books) openGaps(ctx context.Context, k store.MonthKey) ([]MonthIssue, error) {
	if b.gaps == nil {
		said, err := b.DB.GapsOf(ctx, k.Month)
		if err != nil {
			return nil, err
		}
		b.gaps = &monthGaps{byProduct: map[int64][]openGap{}, said: said}
	}
	golden := b.byRecord[k.Party].Golden
	if golden.IsZero() {
		return nil, nil
	}
	products := map[int64]bool{}
	for _, l := range []canonical.Ledger{canonical.Sales, canonical.Purchases, canonical.Stock, canonical.Usage} {
		now, err := b.DB.FiguresNow(ctx, store.MonthKey{Party: k.Party, Ledger: l, Month: k.Month})
		if err != nil {
			return nil, err
		}
		for _, f := range now {
			products[f.Found.Product] = f.Found.Product != 0
		}
	}
	out := []MonthIssue{}
	for _, product := range slices.Sorted(maps.Keys(products)) {
		if !products[product] {
			continue
		}
		gaps, err := b.gapsOf(ctx, product, k.Month)
		if err != nil {
			return nil, err
		}
		for _, g := range gaps {
			if g.golden == golden.String() && !b.gaps.explained(k.Party, g) {
				out = append(out, issue("month.wait_gap", errs.Args{"product": g.code, "lot": g.lot, "quantity": g.quantity, "why": g.text}, b.lang))
			}
		}
	}
	return out, nil
}

func (g *monthGaps) explained(party int64, gap openGap) bool {
	for _, s := range g.said {
		if s.Party == party && s.Product == gap.product && s.Lot == gap.lot && s.Quantity == gap.quantity {
			return true
		}
	}
	return false
}

// gapsOf balances a product over a month, once for all parties.
func (b *books) gapsOf(ctx context.Context, product int64, month string) ([]openGap, error) {
	if gaps, known := b.gaps.byProduct[product]; known {
		return gaps, nil
	}
	first, last, err := canonical.MonthSpan(month)
	if err != nil {
		return nil, err
	}
	if err := b.know(ctx, nil, []int64{product}); err != nil {
		return nil, err
	}
	report, err := b.Balance(ctx, BalanceRequest{Product: b.codes[product], From: first.String(), To: last.String(), Lang: b.lang})
	if err != nil {
		return nil, err
	}
	gaps := []openGap{}
	for _, r := range report.Rows {
		if r.Gap != 0 && !r.RowsExplain {
			gaps = append(gaps, openGap{golden: r.Customer.GoldenID, product: product, code: report.Product.Code, lot: r.Lot, quantity: r.Gap, text: r.Explanation})
		}
	}
	b.gaps.byProduct[product] = gaps
	return gaps, nil
}
