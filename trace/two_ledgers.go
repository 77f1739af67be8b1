package trace

import (
	"cmp"
	"slices"

	"tributary/canonical"
	"tributary/trace/flow"
)

// LedgerPair is one movement as the ledgers of both sides have it.
type LedgerPair struct {
	Date       canonical.Date     `json:"date"`
	Seller     Customer           `json:"seller"`
	Buyer      Customer           `json:"buyer"`
	Lot        string             `json:"lot"` // "" = the rows name none
	DocNo      string             `json:"doc_no"`
	Kind       canonical.FlowKind `json:"kind"`
	Quantity   canonical.Quantity `json:"quantity"`
	Match      string             `json:"match"`      // match, qty_diff, seller_only, buyer_only
	Difference canonical.Quantity `json:"difference"` // buyer's quantity − seller's
	Expected   bool               `json:"expected"`   // one-sided, and the other side reports nothing of the product
}

// LedgerTotal sums the movements of one match.
type LedgerTotal struct {
	Rows       int                `json:"rows"`
	Quantity   canonical.Quantity `json:"quantity"`
	Difference canonical.Quantity `json:"difference"`
	Expected   int                `json:"expected"` // rows of which the other side reports nothing
}

// TwoLedgers compares the ledgers of sellers and buyers movement by movement in a period, worst first.
func TwoLedgers(lots []Data, period Period) []LedgerPair {
	seen := map[canonical.ID]int{}
	out := []LedgerPair{}
	reports := map[string]bool{} // by golden id, else name
	who := func(c Customer) string { return c.GoldenID + "|" + c.Name }
	for _, d := range lots {
		for i := range d.Moves {
			m := &d.Moves[i]
			if m.To == flow.Nobody || m.Match == flow.Own {
				continue
			}
			seller, buyer := d.Parties[m.From].Customer, d.Parties[m.To].Customer
			if m.Kind == canonical.Return {
				seller, buyer = buyer, seller
			}
			if m.Match != flow.BuyerOnly {
				reports[who(seller)] = true
			}
			if m.Match != flow.SellerOnly {
				reports[who(buyer)] = true
			}
			if !period.Has(m.Date) {
				continue
			}
			if at, known := seen[m.ID]; known { // a row without a lot is shared by several
				out[at].Quantity += m.Point
				continue
			}
			p := LedgerPair{Date: m.Date, Seller: seller, Buyer: buyer, DocNo: m.DocNo, Kind: m.Kind, Quantity: m.Point, Match: m.Match, Difference: m.Difference}
			if m.Named {
				p.Lot = d.Lot.Lot
			}
			seen[m.ID] = len(out)
			out = append(out, p)
		}
	}
	for i := range out {
		p := &out[i]
		p.Expected = p.Match == flow.SellerOnly && !reports[who(p.Buyer)] || p.Match == flow.BuyerOnly && !reports[who(p.Seller)]
	}
	rank := func(p LedgerPair) int {
		switch {
		case p.Match == flow.Match:
			return 2
		case p.Expected:
			return 1
		}
		return 0
	}
	slices.SortStableFunc(out, func(x, y LedgerPair) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(x.Date, y.Date), compareCustomers(x.Seller, y.Seller), compareCustomers(x.Buyer, y.Buyer),
			cmp.Compare(x.DocNo, y.DocNo), cmp.Compare(x.Lot, y.Lot), cmp.Compare(y.Quantity, x.Quantity))
	})
	return out
}

// LedgerTotals sums pairs by match; all four are there.
func LedgerTotals(pairs []LedgerPair) map[string]LedgerTotal {
	out := map[string]LedgerTotal{flow.Match: {}, flow.QtyDiff: {}, flow.SellerOnly: {}, flow.BuyerOnly: {}}
	for _, p := range pairs {
		t := out[p.Match]
		t.Rows++
		t.Quantity += p.Quantity
		t.Difference += p.Difference
		if p.Expected {
			t.Expected++
		}
		out[p.Match] = t
	}
	return out
}
