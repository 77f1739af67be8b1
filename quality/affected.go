package quality

import (
	"time"

	"tributary/canonical"
	"tributary/normalize"
	"tributary/trace"
)

// Roles of a party on the affected list.
const (
	Consignee    = "consignee"
	EndCustomer  = "end_customer"
	SubConsignee = "sub_consignee" // named by another party's reply, not by any ledger
)

// Affected is a row of the affected list: a party, a lot, what it received, and how far it has answered.
type Affected struct {
	Key  string `json:"party"` // golden id, or for a party without one its name
	Lot  string `json:"lot"`
	Role string `json:"role"`
	trace.PartyResult
	Attributed  Attributed         `json:"attributed"`   // the part in rows that name no lot
	ForwardedBy []string           `json:"forwarded_by"` // parties that said they passed goods on to it
	ForwardedIn canonical.Quantity `json:"forwarded_in"` // so much, which no ledger has
	Scope       int                `json:"scope_version"`
	Notice      *Notified          `json:"notice"`
	Reminded    int                `json:"reminded"` // percentage of the time limit at the last reminder
	EscalatedAt *time.Time         `json:"escalated_at"`
	Replies     Replies            `json:"replies"`
}

// Attributed is between what a quantity lies that was shared out to a lot.
type Attributed struct {
	Point canonical.Quantity `json:"point"`
	Low   canonical.Quantity `json:"low"`
	High  canonical.Quantity `json:"high"`
}

// Notified is the last notice to a party.
type Notified struct {
	Version int       `json:"version"`
	Channel string    `json:"channel"` // file, email, phone, letter, …
	Address string    `json:"address"` // as it may be shown
	At      time.Time `json:"at"`
	ReplyBy time.Time `json:"reply_by"`
}

// Replies are the last replies of a party in each stage.
type Replies struct {
	Acknowledgment *Reply `json:"acknowledgment"`
	Impact         *Reply `json:"impact"`
	Quantity       *Reply `json:"quantity"`
	Completion     *Reply `json:"completion"`
}

// Answered reports whether the party has said anything.
func (r *Replies) Answered() bool {
	return r.Acknowledgment != nil || r.Impact != nil || r.Quantity != nil || r.Completion != nil
}

// Contactable reports whether the master has a phone or an e-mail address of the party.
func (a *Affected) Contactable() bool {
	for _, c := range a.Customer.Contacts {
		if c.Phone != "" || c.Email != "" {
			return true
		}
	}
	return false
}

// Settled reports whether nothing more is expected of the party: it completed, or said it has and had none, or its books
// show that nothing is left with it.
func (a *Affected) Settled() bool {
	if a.Replies.Completion != nil || a.Replies.Impact != nil && a.Replies.Impact.Impact == ImpactNone {
		return true
	}
	return a.Replies.Acknowledgment != nil && a.Stock+a.ForwardedIn <= 0
}

// Known is what the party holds by what is known without its own count.
func (a *Affected) Known() canonical.Quantity { return a.Stock + a.ForwardedIn }

// PartyKey names a party on the list.
func PartyKey(c trace.Customer) string {
	if c.GoldenID != "" {
		return c.GoldenID
	}
	return "name:" + normalize.Text(c.Name)
}

// ListOf makes the affected list of a lot from its trace: who received or issued it under its number, and who may have
// received it while the upper bound is above 0. The maker is no row; its books are in the scope of the lot.
func ListOf(r trace.Result, scope int, at time.Time) (LotScope, []Affected) {
	lot := LotScope{Lot: r.Lot, Unit: r.Unit, Released: r.Released, AsOf: r.AsOf, ListedAt: at.UTC(), Totals: r.Totals, Gaps: r.Gaps, Truncated: r.Truncated}
	rows := []Affected{}
	for i := range r.Parties {
		p := r.Parties[i]
		if p.Tier == 0 {
			lot.Maker = &p
			continue
		}
		a := Affected{Key: PartyKey(p.Customer), Lot: r.Lot, Role: Consignee, PartyResult: p, ForwardedBy: []string{}, Scope: scope,
			Attributed: Attributed{Point: p.Received - p.Explicit, Low: p.ReceivedLow - p.Explicit, High: p.ReceivedHigh - p.Explicit}}
		if p.EndCustomer {
			a.Role = EndCustomer
		}
		rows = append(rows, a)
	}
	return lot, rows
}

// Renew takes over from an older row of the same party and lot what was said since it was listed. What a reply counted
// stays tied to the stock of its own time, so a row with a quantity or a completion keeps its books.
func (a *Affected) Renew(old *Affected) {
	a.ForwardedBy, a.ForwardedIn = old.ForwardedBy, old.ForwardedIn
	a.Replies, a.Reminded, a.EscalatedAt, a.Notice = old.Replies, old.Reminded, old.EscalatedAt, old.Notice
	if old.Replies.Quantity != nil || old.Replies.Completion != nil {
		contacts := a.Customer
		a.PartyResult, a.Attributed = old.PartyResult, old.Attributed
		a.Customer = contacts
	}
}

// TraceResult puts the trace of a lot together again from its scope and its rows.
func TraceResult(product trace.ProductRef, lot LotScope, rows []Affected) trace.Result {
	r := trace.Result{Product: product, Lot: lot.Lot, Unit: lot.Unit, Released: lot.Released, AsOf: lot.AsOf, Totals: lot.Totals, Gaps: lot.Gaps, Truncated: lot.Truncated}
	if lot.Maker != nil {
		r.Parties = append(r.Parties, *lot.Maker)
	}
	for i := range rows {
		if rows[i].Lot == lot.Lot {
			r.Parties = append(r.Parties, rows[i].PartyResult)
		}
	}
	return r
}
