package quality

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/trace"
)

// Reconciliation is the balance of a recalled lot: released = own_stock + sampled + quarantined + channel_stock +
// recovered + used + destroyed + gap.
type Reconciliation struct {
	Lot    string       `json:"lot"`
	Unit   string       `json:"unit"`
	Totals trace.Totals `json:"totals"`
	// Recoverable is what stood in the channel when the list was made, with what replies brought to light since.
	Recoverable canonical.Quantity `json:"recoverable"`
	// Accounted is recovered + used + held + destroyed in the channel.
	Accounted canonical.Quantity `json:"accounted"`
	// RecoveryRate is recovered ÷ recoverable, ExplainedRate accounted ÷ net shipped, GapRate the rest of the latter; per cent with two decimals, "" when there is nothing to divide by.
	RecoveryRate  string             `json:"recovery_rate"`
	ExplainedRate string             `json:"explained_rate"`
	GapRate       string             `json:"gap_rate"`
	Gaps          []PartyGap         `json:"gaps"` // largest first; they add up to totals.gap
	Parties       []PartyReconciled  `json:"parties"`
	Answered      int                `json:"answered"` // parties that replied
	Unanswered    int                `json:"unanswered"`
	Unsettled     canonical.Quantity `json:"unsettled"` // channel stock that nobody has counted yet
}

// PartyGap is what one party cannot account for.
type PartyGap struct {
	Customer trace.Customer     `json:"customer"`
	Quantity canonical.Quantity `json:"quantity"`
	Code     string             `json:"reason_code"`
	Reason   string             `json:"reason"` // in the reader's language; filled by who shows it
}

// PartyReconciled is the line of a party in the sheet: known = held + recovered + used + destroyed + forwarded + difference.
type PartyReconciled struct {
	Customer   trace.Customer     `json:"customer"`
	Known      canonical.Quantity `json:"known"` // its stock on the list, with what others passed on to it
	Held       canonical.Quantity `json:"held"`  // still with it
	Recovered  canonical.Quantity `json:"recovered"`
	Used       canonical.Quantity `json:"used"` // since the list was made
	Destroyed  canonical.Quantity `json:"destroyed"`
	Forwarded  canonical.Quantity `json:"forwarded"`
	Difference canonical.Quantity `json:"difference"`
	Stage      string             `json:"stage"` // furthest reply, "" = silent
}

// settle is the line of a party by its replies. Its own count replaces what its books said; the difference is its gap.
func (a *Affected) settle() PartyReconciled {
	p := PartyReconciled{Customer: a.Customer, Known: a.Known()}
	q, c := a.Replies.Quantity, a.Replies.Completion
	switch {
	case c != nil:
		p.Stage = Completion
	case q != nil:
		p.Stage = Quantity
	case a.Replies.Impact != nil:
		p.Stage = Impact
	case a.Replies.Acknowledgment != nil:
		p.Stage = Acknowledgment
	}
	p.Held = p.Known
	if q != nil {
		p.Held, p.Used, p.Destroyed, p.Forwarded = q.Held, a.usedSince(q), q.Damaged, q.ForwardedTotal()
	} else if i := a.Replies.Impact; i != nil && i.Impact == ImpactNone {
		p.Held = 0
	}
	if c != nil { // what is left after completion is nowhere
		p.Recovered, p.Held = c.Returned, 0
		p.Destroyed += c.Destroyed
	}
	p.Difference = p.Known - p.Held - p.Recovered - p.Used - p.Destroyed - p.Forwarded
	return p
}

// Reconcile balances a lot by its trace and the replies.
func Reconcile(lot LotScope, rows []Affected) Reconciliation {
	out := Reconciliation{Lot: lot.Lot, Unit: lot.Unit, Totals: lot.Totals, Gaps: []PartyGap{}, Parties: []PartyReconciled{}}
	t := &out.Totals
	channel, known, inChannel, found := canonical.Quantity(0), canonical.Quantity(0), canonical.Quantity(0), canonical.Quantity(0)
	explained := canonical.Quantity(0) // gaps that have a party
	gap := func(c trace.Customer, q canonical.Quantity, code, reason string) {
		if q != 0 {
			out.Gaps = append(out.Gaps, PartyGap{Customer: c, Quantity: q, Code: code, Reason: reason})
			explained += q
		}
	}
	booked := map[string]trace.Gap{}
	for _, g := range lot.Gaps {
		if g.Counted {
			booked[PartyKey(g.Customer)] = g
		}
	}
	for i := range rows {
		a := &rows[i]
		if a.Lot != lot.Lot {
			continue
		}
		p := a.settle()
		out.Parties = append(out.Parties, p)
		known += a.Stock
		channel += p.Held
		t.Recovered += p.Recovered
		t.Used += p.Used
		t.Destroyed += p.Destroyed
		inChannel += p.Destroyed
		found += max(0, -p.Difference)
		if p.Stage == "" {
			out.Unanswered++
			out.Unsettled += p.Held
		} else {
			out.Answered++
		}
		// A difference that cancels what the books already missed at the party explains it.
		switch total := a.Gap + p.Difference; {
		case p.Difference == 0 && a.Gap != 0:
			g := booked[a.Key]
			gap(a.Customer, total, g.Code, g.Reason)
		case p.Difference > 0 && a.Replies.Completion != nil:
			gap(a.Customer, total, "quality.gap.completion", "")
		case p.Difference > 0:
			gap(a.Customer, total, "quality.gap.missing", "")
		default:
			gap(a.Customer, total, "quality.gap.more", "")
		}
		delete(booked, a.Key)
	}
	for _, key := range sortedKeys(booked) { // the maker's, and those of parties that left the list
		g := booked[key]
		gap(g.Customer, g.Quantity, g.Code, g.Reason)
	}
	// Stock of the trace that no row stands for any more (rows renewed at another time) is part of the gap, not lost.
	t.ChannelStock = channel
	t.InTransit = min(t.InTransit, channel)
	t.Gap = t.Released - t.OwnStock - t.Sampled - t.Quarantined - t.ChannelStock - t.Recovered - t.Used - t.Destroyed
	if rest := t.Gap - explained; rest != 0 {
		gap(trace.Customer{RawNames: []string{}, Contacts: []trace.Contact{}}, rest, "quality.gap.list_changed", "")
	}
	out.Recoverable = known + found
	out.RecoveryRate = percent(t.Recovered, out.Recoverable)
	out.Accounted = t.Recovered + t.Used + t.ChannelStock + inChannel
	out.ExplainedRate = percent(out.Accounted, t.NetShipped)
	out.GapRate = percent(t.NetShipped-out.Accounted, t.NetShipped)
	slices.SortStableFunc(out.Gaps, func(a, b PartyGap) int { return cmp.Compare(b.Quantity.Abs(), a.Quantity.Abs()) })
	slices.SortStableFunc(out.Parties, func(a, b PartyReconciled) int {
		return cmp.Or(cmp.Compare(a.Customer.Code, b.Customer.Code), cmp.Compare(a.Customer.Name, b.Customer.Name))
	})
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func compareText(a, b string) int { return strings.Compare(a, b) }

// percent is part ÷ whole in per cent with two decimals, half away from zero; "" when whole is 0.
func percent(part, whole canonical.Quantity) string {
	if whole == 0 {
		return ""
	}
	n := new(big.Int).Mul(big.NewInt(int64(part)), big.NewInt(20_000)) // twice the hundredths of a per cent
	d := big.NewInt(int64(whole))
	sign := ""
	if n.Sign()*d.Sign() < 0 {
		sign = "-"
	}
	n.Abs(n)
	d.Abs(d)
	n.Add(n, d).Quo(n, d.Lsh(d, 1))
	var whole100, cents big.Int
	whole100.QuoRem(n, big.NewInt(100), &cents)
	if n.Sign() == 0 {
		sign = ""
	}
	return fmt.Sprintf("%s%s.%02d", sign, whole100.String(), cents.Int64())
}

// Rates are recovery and explained rate over all lots of a recall, per cent; "" before the reconciliation.
func Rates(all []Reconciliation) (recovery, explained string) {
	var recovered, recoverable, accounted, shipped canonical.Quantity
	for _, r := range all {
		recovered += r.Totals.Recovered
		recoverable += r.Recoverable
		shipped += r.Totals.NetShipped
		accounted += r.Accounted
	}
	return percent(recovered, recoverable), percent(accounted, shipped)
}
