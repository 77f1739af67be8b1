package main

import (
	"context"
	"fmt"

	"tributary/canonical"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/world"
	"tributary/hub"
	"tributary/trace"
)

// recallCheck compares the list of who has a lot with the simulated world, as far as somebody reported it.
type recallCheck struct {
	Affected     int `json:"affected"`      // end customers that truly received the lot, by rows that somebody reported
	Listed       int `json:"listed"`        // of these on the list
	Exact        int `json:"exact"`         // listed with the true quantity and nothing else possible
	Within       int `json:"within"`        // listed with bounds that hold the true quantity
	Outside      int `json:"outside"`       // listed with a quantity that is not the true one
	EndCustomers int `json:"end_customers"` // on the list
	PossibleOnly int `json:"possible_only"` // of these, may have received it and may not
}

// checkRecall looks every truly affected end customer up in a trace. A customer that the master holds in parts is on the
// list with the sum of its parts.
func checkRecall(ctx context.Context, h *hub.Hub, sb *sandbox.Sandbox, lot int, r trace.Result) (recallCheck, error) {
	listed := map[string]*trace.PartyResult{}
	var c recallCheck
	for i := range r.Parties {
		p := &r.Parties[i]
		listed[p.Customer.GoldenID] = p
		if p.EndCustomer {
			c.EndCustomers++
			if p.Possible {
				c.PossibleOnly++
			}
		}
	}
	truth := map[canonical.RecordKey]int{}
	for key, customer := range sb.Truth() {
		truth[key] = customer
	}
	parts := map[int]map[string]bool{}
	err := h.EachLink(ctx, func(key canonical.RecordKey, golden canonical.ID) error {
		if customer, known := truth[key]; known {
			if parts[customer] == nil {
				parts[customer] = map[string]bool{}
			}
			parts[customer][golden.String()] = true
		}
		return nil
	})
	if err != nil {
		return c, err
	}
	for customer, received := range reportedReceipts(sb.World(), lot) {
		c.Affected++
		var low, high canonical.Quantity
		found := false
		for id := range parts[customer] {
			if p := listed[id]; p != nil {
				found = true
				low, high = low+p.ReceivedLow, high+p.ReceivedHigh
			}
		}
		switch {
		case !found:
			continue
		case low == received && high == received:
			c.Exact++
		case low <= received && received <= high:
			c.Within++
		default:
			c.Outside++
		}
		c.Listed++
	}
	return c, nil
}

// reportedReceipts is what each end customer truly received of a lot, by the rows of the maker, of the
// distributors that report and of the chain, whether they name the lot or not.
func reportedReceipts(w *world.World, lot int) map[int]canonical.Quantity {
	out := map[int]canonical.Quantity{}
	take := func(lines []world.Line, receiver func(world.Line) int) {
		for _, l := range lines {
			if l.Lot != lot || l.Kind == canonical.Return || l.Quantity == 0 {
				continue
			}
			switch to := receiver(l); w.Customers[to].Kind {
			case canonical.Hospital, canonical.Clinic, canonical.Pharmacy:
				out[to] += canonical.Units(int64(l.Quantity))
			}
		}
	}
	buyer := func(l world.Line) int { return l.Partner }
	chain := map[int]bool{}
	for _, l := range w.Ledgers.ChainPurchases {
		chain[l.Party] = true
	}
	take(w.Ledgers.MakerSales, buyer)
	for _, sales := range w.Ledgers.DistributorSales {
		take(sales, buyer)
	}
	take(w.Ledgers.LinkedSales, buyer)
	for branch := range chain {
		delete(out, branch) // its purchases are the same goods seen from the other side, and some from others
	}
	take(w.Ledgers.ChainPurchases, func(l world.Line) int { return l.Party })
	return out
}

// tellRecall says the comparison in one line.
func (a *app) tellRecall(c recallCheck) string {
	share := 0.0
	if c.EndCustomers > 0 {
		share = 100 * float64(c.PossibleOnly) / float64(c.EndCustomers)
	}
	return fmt.Sprintf(a.say("Against the truth: %d of %d end customers that received it are on the list; %d quantities exact, %d within their bounds, %d not; %.1f %% of the list possible only.",
		"与真实情况对照：实际收到的 %[2]d 家终端中有 %[1]d 家在清单上；数量完全一致 %[3]d 家，在上下限之内 %[4]d 家，不符 %[5]d 家；清单中仅可能的占 %.1[6]f%%。"),
		c.Listed, c.Affected, c.Exact, c.Within, c.Outside, share)
}
