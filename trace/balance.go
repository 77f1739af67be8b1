package trace

import (
	"cmp"
	"slices"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/trace/flow"
)

// Bucket is one party's book of one lot in a period: the JSON of a row of `balance`.
//
//	computed = opening + in − out − used; gap = computed − closing
type Bucket struct {
	From        canonical.Date     `json:"from"` // of the period; null: open
	To          canonical.Date     `json:"to"`
	Customer    Customer           `json:"customer"`
	Lot         string             `json:"lot"` // empty: rows without a lot beyond what any lot explains
	Opening     canonical.Quantity `json:"opening"`
	In          canonical.Quantity `json:"in"`
	Out         canonical.Quantity `json:"out"`  // sales, transfers, returns upstream
	Used        canonical.Quantity `json:"used"` // used, sampled, destroyed, and inferred at an end customer
	Computed    canonical.Quantity `json:"computed"`
	Closing     canonical.Quantity `json:"closing"`      // reported, moved on to the end of the period
	ClosingDate canonical.Date     `json:"closing_date"` // of the report; null: no report, closing is computed
	InTransit   canonical.Quantity `json:"in_transit"`   // the part of the report that is on its way, not added again
	Gap         canonical.Quantity `json:"gap"`
	Explanation string             `json:"explanation"`
	Code        string             `json:"explanation_code"`
	RowsExplain bool               `json:"rows_explain"` // rows that are named account for the whole gap

	Party int32          `json:"-"` // place of the customer
	Args  errs.Args      `json:"-"` // of the explanation
	Rows  []canonical.ID `json:"-"` // movements that the explanation is about, where it is about single ones
}

// Lots is what Balance works on: the data of each lot, all over the same Parties. Holdings are those at the end of the
// period; Openings those at the day before its start.
type Lots struct {
	Lots     []Data
	Openings []map[int32]Holding // beside Lots
}

// Balance gives a bucket for every party and lot that has rows or stock in the period, largest gap first.
func Balance(in Lots, period Period, opt Options) []Bucket {
	out := []Bucket{}
	for i, d := range in.Lots {
		var openings map[int32]Holding
		if i < len(in.Openings) {
			openings = in.Openings[i]
		}
		opt.AsOf = period.To
		around := d
		around.Moves = near(d.Moves, period, tolerance(opt))
		d.Moves = upTo(d.Moves, period.To)
		b, rows := newBooks(&d), newBooks(&around)
		open := map[int32]canonical.Quantity{}
		first := len(out)
		for p := range d.Parties {
			k, ok := b.bucket(int32(p), openings, period)
			if !ok {
				continue
			}
			if k.Gap != 0 {
				open[int32(p)] = k.Gap
			}
			out = append(out, k)
		}
		for k := first; k < len(out); k++ {
			if gap := out[k].Gap; gap != 0 {
				why, ok := rows.explainByRows(out[k].Party, gap, open, opt)
				if !ok {
					why = b.explainByNature(out[k].Party, gap)
				}
				out[k].explain(why, opt.Lang)
			}
		}
	}
	open := map[int32][]int{} // buckets with a gap, by party
	for i := range out {
		if out[i].Gap != 0 {
			open[out[i].Party] = append(open[out[i].Party], i)
		}
	}
	for _, list := range open {
		for _, i := range list {
			for _, j := range list {
				if out[i].Gap == -out[j].Gap && OneEdit(out[i].Lot, out[j].Lot) {
					out[i].explain(reason{code: "trace.gap.lot_typo", args: errs.Args{"lot": out[j].Lot}}, opt.Lang)
					break
				}
			}
		}
	}
	slices.SortStableFunc(out, func(x, y Bucket) int {
		return cmp.Or(cmp.Compare(y.Gap.Abs(), x.Gap.Abs()), compareCustomers(x.Customer, y.Customer), cmp.Compare(x.Lot, y.Lot))
	})
	return out
}

// openQuestions are the explanations that name no row: somebody has to find out.
var openQuestions = []string{"trace.gap.unexplained", "trace.gap.nothing_issued", "trace.gap.more_out_than_in", "trace.gap.unknown_origin", "trace.gap.shortage"}

func (k *Bucket) explain(why reason, lang string) {
	k.RowsExplain = !slices.Contains(openQuestions, why.code)
	k.Code, k.Args, k.Rows, k.Explanation = why.code, why.args, why.rows, errs.Fill(errs.Lookup(why.code).In(lang).What, why.args)
}

func (b *books) bucket(p int32, openings map[int32]Holding, period Period) (Bucket, bool) {
	k := Bucket{From: period.From, To: period.To, Customer: b.data.Parties[p].Customer, Party: p, Lot: b.data.Lot.Lot}
	rows := false
	released := canonical.Quantity(0)
	if p == b.data.Maker {
		released = b.data.Lot.Quantity
		rows = released > 0
	}
	start, hasStart := openings[p]
	before := func(m *Move) bool { return !period.From.IsZero() && m.Date < period.From }
	switch {
	case hasStart:
		k.Opening = start.Total()
	case !period.From.IsZero() && (b.data.Lot.MfgDate < period.From):
		k.Opening = released
	default:
		k.In = released
	}
	passed := canonical.Quantity(0)
	add := func(m *Move, sign canonical.Quantity) {
		rows = true
		switch {
		case before(m):
			if !hasStart || m.Date > start.Date {
				passed += sign * m.Point
			}
		case sign > 0:
			k.In += m.Point
		case m.To == flow.Nobody:
			k.Used += m.Point
		default:
			k.Out += m.Point
		}
	}
	for _, i := range b.in[p] {
		add(&b.data.Moves[i], 1)
	}
	for _, i := range b.out[p] {
		add(&b.data.Moves[i], -1)
	}
	k.Opening += passed
	k.Computed = k.Opening + k.In - k.Out - k.Used
	k.Closing = k.Computed
	if h := b.holding[p]; h != nil && period.Has(h.Date) {
		rows = rows || h.Total() != 0
		k.ClosingDate, k.Closing, k.InTransit = h.Date, h.Total(), h.InTransit
		for _, i := range b.in[p] {
			if m := &b.data.Moves[i]; m.Date > h.Date {
				k.Closing += m.Point
			}
		}
		for _, i := range b.out[p] {
			if m := &b.data.Moves[i]; m.Date > h.Date {
				k.Closing -= m.Point
			}
		}
	}
	k.Gap = k.Computed - k.Closing
	if party := &b.data.Parties[p]; k.Gap > 0 && !party.ReportsUsage && endCustomer(party.Customer.Kind, k.Out) {
		k.Used += k.Gap
		k.Computed, k.Gap = k.Closing, 0
	}
	return k, rows
}

// near are the movements whose rows can explain a gap of a period: those of its days, and those posted a little early or
// late.
func near(moves []Move, period Period, days canonical.Date) []Move {
	var out []Move
	for _, m := range moves {
		if (period.From.IsZero() || m.Date >= period.From-days) && (period.To.IsZero() || m.Date <= period.To+days) {
			out = append(out, m)
		}
	}
	return out
}

// OneEdit reports whether two lot numbers differ by one typing error: a character changed, added, left out or two
// neighbours swapped.
func OneEdit(a, b string) bool {
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	x, y = x[i:], y[i:]
	switch {
	case len(x) == len(y) && len(x) > 0:
		swapped := len(x) > 1 && x[0] == y[1] && x[1] == y[0] && slices.Equal(x[2:], y[2:])
		return swapped || slices.Equal(x[1:], y[1:])
	case len(y) == len(x)+1:
		return slices.Equal(x, y[1:])
	}
	return false
}
