package finding

import (
	"slices"

	"tributary/canonical"
	"tributary/trace"
)

// Line is a flow row that is doubtful by itself: a stock below zero, or a lot that went through a number cell.
type Line struct {
	ID       canonical.ID
	Party    int32 // place of who sent it
	Ledger   canonical.Ledger
	Date     canonical.Date
	Lot      string
	LotRaw   string // as sent
	Quantity canonical.Quantity
	Doubt    string // what a spreadsheet did to the lot: exponent, decimal; "" = nothing
}

// OfLines checks rows by themselves: one finding for each party and lot. What is reported again day by day, unchanged, is
// no new evidence.
func OfLines(product canonical.Product, parties []trace.Party, lines []Line) []Finding {
	type subject struct {
		rule  Rule
		party int32
		lot   string
	}
	facts, raws := map[subject][]fact{}, map[subject][]string{}
	for i := range lines {
		l := &lines[i]
		if l.Ledger == canonical.Stock && l.Quantity < 0 {
			s := subject{NegativeStock, l.Party, l.Lot}
			facts[s] = append(facts[s], fact{quantity: l.Quantity}, fact{row: l.ID, date: l.Date, quantity: l.Quantity, shown: true})
		}
		if l.Doubt != "" {
			s := subject{LotAsNumber, l.Party, l.Lot}
			facts[s] = append(facts[s], fact{note: l.LotRaw}, fact{row: l.ID, date: l.Date, shown: true})
			raws[s] = append(raws[s], l.LotRaw)
		}
	}
	var out []Finding
	for s, list := range facts {
		args := map[string]string{"quantity": lowest(list).String(), "lot_called": called(s.lot)}
		if words := raws[s]; len(words) > 0 {
			slices.Sort(words)
			args["raw"] = listed(slices.Compact(words))
		}
		out = append(out, build(Finding{Rule: s.rule, Product: product.Code, Lot: s.lot, Party: whoOf(&parties[s.party].Customer), Args: args}, list))
	}
	return out
}

func lowest(facts []fact) canonical.Quantity {
	low := facts[0].quantity
	for _, f := range facts {
		low = min(low, f.quantity)
	}
	return low
}

// called is a lot in a text; rows may name none.
func called(lot string) string {
	if lot == "" {
		return "–"
	}
	return lot
}
