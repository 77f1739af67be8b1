package trace

import (
	"tributary/canonical"
	"tributary/trace/flow"
)

// Data is what is known of one lot. From, To, Maker and Party are places in Parties; mentions of one golden customer
// share one place.
type Data struct {
	Product  canonical.Product
	Lot      canonical.Lot // Quantity 0: not among the released lots
	Maker    int32
	Parties  []Party
	Moves    []Move
	Holdings []Holding // at most one a party
	// Shortages are the parts of lot-less issues that no lot explains. They are no part of the lot's balance.
	Shortages []flow.Shortage // Party is a place
	Truncated bool            // rows were left out when the data was read
}

// Party is a customer that appears in a lot's flow.
type Party struct {
	Customer     Customer
	ReportsUsage bool // its usage ledger for the product is known, so nothing is inferred from its stock
}

// Move is a movement with the lot's share in it. For a movement that names the lot, Low, Point and High are its quantity.
type Move struct {
	ID               canonical.ID
	From, To         int32 // To is flow.Nobody when the goods are used up
	Date             canonical.Date
	DocNo            string
	Kind             canonical.FlowKind
	Low, Point, High canonical.Quantity
	Grade            canonical.Grade
	Match            string
	Difference       canonical.Quantity
	Named            bool // the row, or its partner's, names the lot
}

// Holding is what a party's last stock report says about the lot.
type Holding struct {
	Party       int32
	Date        canonical.Date
	Available   canonical.Quantity
	Quarantined canonical.Quantity
	InTransit   canonical.Quantity
	Named       bool // a row of the report names the lot; else the report lists others only
}

// Total is all that is reported.
func (h Holding) Total() canonical.Quantity { return h.Available + h.Quarantined + h.InTransit }

// Gather selects the movements and shares of one lot. place gives the place of a party's number; a movement within one
// place does not leave the customer and is dropped.
func Gather(lot string, moves []canonical.Movement, shares []canonical.Attribution, place func(int64) int32) []Move {
	share := make(map[canonical.ID]canonical.Attribution, len(shares))
	for _, s := range shares {
		if s.Lot == lot {
			share[s.Movement] = s
		}
	}
	out := make([]Move, 0, len(moves))
	for _, m := range moves {
		mv := Move{
			ID: m.ID, From: place(m.From()), To: flow.Nobody, Date: m.Date, DocNo: m.DocNo, Kind: m.Kind,
			Low: m.Quantity, Point: m.Quantity, High: m.Quantity, Grade: m.Grade, Match: m.Match, Difference: m.Difference, Named: true,
		}
		if m.To() != 0 {
			mv.To = place(m.To())
		}
		if m.Lot != lot {
			s, ok := share[m.ID]
			if m.Lot != "" || !ok {
				continue
			}
			mv.Low, mv.Point, mv.High, mv.Named = s.Low, s.Point, s.High, false
			mv.Grade = m.Grade.Worse(s.Grade)
		}
		if mv.From != mv.To {
			out = append(out, mv)
		}
	}
	return out
}

// LastHolding is what the reports of one party say about a lot at a date (NoDate: at any). positions are all stock
// positions of the party and product, at least those of its last reports; first is the date of the party's first row of
// the lot: an older report that does not name the lot says nothing about it.
func LastHolding(party int32, lot string, asOf, first canonical.Date, positions []canonical.StockPosition) (Holding, bool) {
	reports := flow.Reports(positions)
	for i := len(reports) - 1; i >= 0; i-- {
		r := reports[i]
		_, named := r.Lots[lot]
		if _, known := r.Holds(lot); !known || !asOf.IsZero() && r.Date > asOf || !named && (first.IsZero() || r.Date < first) {
			continue
		}
		h := Holding{Party: party, Date: r.Date, Named: named}
		for _, s := range positions {
			if s.Date != r.Date || s.Lot != lot {
				continue
			}
			switch s.Kind {
			case canonical.Quarantined:
				h.Quarantined += s.Quantity
			case canonical.InTransit:
				h.InTransit += s.Quantity
			default:
				h.Available += s.Quantity
			}
		}
		return h, true
	}
	return Holding{}, false
}
