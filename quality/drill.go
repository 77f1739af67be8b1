package quality

import (
	"time"

	"tributary/canonical"
)

// DrillReport is what a mock recall measured.
type DrillReport struct {
	StartedAt     time.Time          `json:"started_at"`
	SecondsToList string             `json:"seconds_to_list"` // from the question to the whole list
	SecondsTotal  string             `json:"seconds_total"`   // likewise, with the way back and the balance
	Parties       int                `json:"parties"`
	EndCustomers  int                `json:"end_customers"`
	Possible      int                `json:"possible"`       // on the list only because rows name no lot
	Contactable   int                `json:"contactable"`    // parties with a phone or e-mail address
	Contacted     int                `json:"contacted"`      // parties that acknowledged
	ContactRate   string             `json:"contact_rate"`   // contactable ÷ parties, per cent
	BackwardOK    int                `json:"backward_ok"`    // end customers from which the way back leads to the lot
	BackwardAsked int                `json:"backward_asked"` //
	NetShipped    canonical.Quantity `json:"net_shipped"`
	ExplainedRate string             `json:"explained_rate"` // used or in stock ÷ net shipped, per cent
	ListedGaps    canonical.Quantity `json:"listed_gaps"`    // gaps whose party is named
	AccountedRate string             `json:"accounted_rate"` // explained, or listed as a gap
	Rules         []DrillRule        `json:"rules"`
	Passed        bool               `json:"passed"`
	Findings      []string           `json:"findings"` // codes of rules that failed: what CAPA has to begin with
	Bars          Bars               `json:"bars"`
}

// DrillRule is one rule of passing.
type DrillRule struct {
	Code   string `json:"code"`
	What   string `json:"what"` // in the reader's language; filled by who shows it
	Want   string `json:"want"`
	Got    string `json:"got"`
	Passed bool   `json:"passed"`
}

// Measure fills a drill's report from the list and the balance. took is the time from the question to the list, total the
// time until everything was measured.
func (b Bars) Measure(rep DrillReport, rows []Affected, balance []Reconciliation, took, total time.Duration) DrillReport {
	rep.Bars = b
	seen := map[string]*Affected{}
	for i := range rows {
		a := &rows[i]
		if have := seen[a.Key]; have != nil && (!have.Possible || a.Possible) {
			continue
		}
		seen[a.Key] = a
	}
	rep.Parties, rep.EndCustomers, rep.Possible, rep.Contactable, rep.Contacted = len(seen), 0, 0, 0, 0
	for _, a := range seen {
		count := func(yes bool, n *int) {
			if yes {
				*n++
			}
		}
		count(a.EndCustomer, &rep.EndCustomers)
		count(a.Possible, &rep.Possible)
		count(a.Contactable(), &rep.Contactable)
		count(a.Replies.Answered(), &rep.Contacted)
	}
	var accounted, gaps canonical.Quantity
	rep.NetShipped = 0
	for _, r := range balance {
		rep.NetShipped += r.Totals.NetShipped
		accounted += r.Totals.Recovered + r.Totals.Used + r.Totals.ChannelStock + r.Totals.Destroyed
		for _, g := range r.Gaps {
			if g.Customer.Name != "" {
				gaps += g.Quantity
			}
		}
	}
	rep.ListedGaps = gaps
	rep.ExplainedRate, rep.AccountedRate = percent(accounted, rep.NetShipped), percent(accounted+gaps, rep.NetShipped)
	rep.ContactRate = percent(canonical.Units(int64(rep.Contactable)), canonical.Units(int64(rep.Parties)))
	rep.SecondsToList, rep.SecondsTotal = canonical.Quantity(took.Microseconds()).String(), canonical.Quantity(total.Microseconds()).String()
	rep.Rules = []DrillRule{
		{Code: "quality.drill.list", Want: canonical.Units(int64(b.ListSeconds)).String(), Got: rep.SecondsToList, Passed: took <= time.Duration(b.ListSeconds)*time.Second},
		{Code: "quality.drill.accounted", Want: canonical.Units(int64(b.ExplainedPercent)).String(), Got: rep.AccountedRate, Passed: atLeast(accounted+gaps, rep.NetShipped, b.ExplainedPercent)},
		{Code: "quality.drill.contacts", Want: canonical.Units(int64(b.ContactPercent)).String(), Got: rep.ContactRate, Passed: 100*rep.Contactable >= b.ContactPercent*rep.Parties},
		{Code: "quality.drill.backward", Want: canonical.Units(int64(rep.BackwardAsked)).String(), Got: canonical.Units(int64(rep.BackwardOK)).String(), Passed: rep.BackwardOK == rep.BackwardAsked},
	}
	rep.Passed, rep.Findings = true, []string{}
	for _, r := range rep.Rules {
		if !r.Passed {
			rep.Passed = false
			rep.Findings = append(rep.Findings, r.Code)
		}
	}
	return rep
}

// atLeast reports whether part is so many per cent of whole; nothing is all of nothing.
func atLeast(part, whole canonical.Quantity, bar int) bool {
	if whole == 0 {
		return true
	}
	p, err := part.MulDiv(canonical.Units(100), whole)
	return err == nil && p >= canonical.Units(int64(bar))
}
