package quality

import (
	"slices"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/trace"
)

// Stages of a reply.
const (
	Acknowledgment = "acknowledgment"
	Impact         = "impact"
	Quantity       = "quantity"
	Completion     = "completion"
)

// What a party says of a lot in the stage impact.
const (
	ImpactHas  = "has"
	ImpactHad  = "had"
	ImpactNone = "none"
)

// Stages and Impacts are the words of a reply.
var (
	Stages  = []string{Acknowledgment, Impact, Quantity, Completion}
	Impacts = []string{ImpactHas, ImpactHad, ImpactNone}
)

// Reply is what a party said about a lot in one stage. Used is what it sold or used since the stock date of its row on
// the list; UsedTotal, when given, is all that it ever sold or used of the lot. A later reply of a stage takes the place
// of an earlier one; both stay in the history.
type Reply struct {
	Stage     string              `json:"stage"`
	At        time.Time           `json:"at"`
	By        string              `json:"by"` // who answered
	Channel   string              `json:"channel"`
	Impact    string              `json:"impact,omitempty"`
	Held      canonical.Quantity  `json:"held"`
	Used      canonical.Quantity  `json:"used"`
	UsedTotal *canonical.Quantity `json:"used_total,omitempty"`
	Damaged   canonical.Quantity  `json:"damaged"`
	Forwarded []Forwarded         `json:"forwarded,omitempty"`
	Returned  canonical.Quantity  `json:"returned"`
	Destroyed canonical.Quantity  `json:"destroyed"`
	Evidence  string              `json:"evidence,omitempty"`
	Note      string              `json:"note,omitempty"`
	Recorded  string              `json:"recorded_by"`
}

// Forwarded is what a party passed on to another.
type Forwarded struct {
	Party    string             `json:"party"` // key on the list
	Customer trace.Customer     `json:"customer"`
	Quantity canonical.Quantity `json:"quantity"`
}

// ForwardedTotal is all that a reply says was passed on.
func (r *Reply) ForwardedTotal() canonical.Quantity {
	sum := canonical.Quantity(0)
	for _, f := range r.Forwarded {
		sum += f.Quantity
	}
	return sum
}

// check reports what makes a reply unusable.
func (r *Reply) check() error {
	if err := oneOf("stage", r.Stage, Stages); err != nil || r.Stage == "" {
		if err == nil {
			err = errs.New(errs.Invalid, "quality.no_stage", errs.Args{"known": listed(Stages)})
		}
		return err
	}
	if err := oneOf("impact", r.Impact, Impacts); err != nil {
		return err
	}
	quantities := map[string]canonical.Quantity{"held": r.Held, "used": r.Used, "damaged": r.Damaged, "returned": r.Returned, "destroyed": r.Destroyed}
	if r.UsedTotal != nil {
		quantities["used_total"] = *r.UsedTotal
	}
	for _, f := range r.Forwarded {
		if f.Quantity <= 0 {
			return errs.New(errs.Invalid, "quality.forwarded", errs.Args{"value": f.Customer.Name + "=" + f.Quantity.String()})
		}
	}
	for _, field := range []string{"held", "used", "used_total", "damaged", "returned", "destroyed"} {
		if err := notNegative(field, quantities[field]); err != nil {
			return err
		}
	}
	wrong := func(field, stage string) error {
		return errs.New(errs.Invalid, "quality.wrong_stage", errs.Args{"field": field, "stage": stage, "given": r.Stage})
	}
	counts := r.Held != 0 || r.Used != 0 || r.UsedTotal != nil || r.Damaged != 0 || len(r.Forwarded) > 0
	switch {
	case r.Stage == Impact && r.Impact == "":
		return errs.New(errs.Invalid, "quality.no_impact", errs.Args{"known": listed(Impacts)})
	case r.Stage != Impact && r.Impact != "":
		return wrong("impact", Impact)
	case r.Stage != Quantity && counts:
		return wrong("held, used, damaged, forwarded", Quantity)
	case r.Stage != Completion && (r.Returned != 0 || r.Destroyed != 0):
		return wrong("returned, destroyed", Completion)
	case r.UsedTotal != nil && r.Used != 0:
		return errs.New(errs.Invalid, "quality.used_twice", nil)
	}
	return nil
}

// Take records a reply on a row of the list and tells what does not fit what is known of the party.
func (a *Affected) Take(r Reply) ([]Remark, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	remarks := a.remarks(&r)
	switch r.Stage {
	case Acknowledgment:
		a.Replies.Acknowledgment = &r
	case Impact:
		a.Replies.Impact = &r
	case Quantity:
		a.Replies.Quantity = &r
	case Completion:
		a.Replies.Completion = &r
	}
	if a.Replies.Acknowledgment == nil { // whoever answers has read the notice
		first := r
		first.Stage, first.Impact, first.Held, first.Used, first.UsedTotal, first.Damaged, first.Forwarded, first.Returned, first.Destroyed = Acknowledgment, "", 0, 0, nil, 0, nil, 0, 0
		first.Note, first.Evidence = "", ""
		a.Replies.Acknowledgment = &first
	}
	return remarks, nil
}

func (a *Affected) remarks(r *Reply) []Remark {
	remark := func(code string, args errs.Args) Remark { return Remark{Code: code, Args: args} }
	var out []Remark
	known := a.Known()
	most := a.ReceivedHigh + a.ForwardedIn - a.Forwarded - a.Returned
	switch r.Stage {
	case Impact:
		if r.Impact == ImpactNone && a.Explicit > 0 {
			out = append(out, remark("quality.remark.none", errs.Args{"party": a.Customer.Name, "quantity": a.Explicit, "lot": a.Lot}))
		}
	case Quantity:
		used := a.usedSince(r)
		told := r.Held + used + r.Damaged + r.ForwardedTotal()
		if told != known {
			out = append(out, remark("quality.remark.count", errs.Args{"party": a.Customer.Name, "told": told, "known": known, "lot": a.Lot}))
		}
		if r.Held > most {
			out = append(out, remark("quality.remark.more", errs.Args{"party": a.Customer.Name, "told": r.Held, "most": most, "lot": a.Lot}))
		}
	case Completion:
		held := known
		if q := a.Replies.Quantity; q != nil {
			held = q.Held
		}
		if back := r.Returned + r.Destroyed; back != held {
			out = append(out, remark("quality.remark.completion", errs.Args{"party": a.Customer.Name, "told": back, "known": held, "lot": a.Lot}))
		}
	}
	return out
}

// usedSince is what a party used since its stock date.
func (a *Affected) usedSince(q *Reply) canonical.Quantity {
	if q.UsedTotal != nil {
		return *q.UsedTotal - a.Used
	}
	return q.Used
}

// PassOn gives every party that a quantity reply names its own row, or adds to the one it has. rows are those of the lot;
// the changed and the new ones come back.
func PassOn(from *Affected, r *Reply, before *Reply, rows []Affected, scope int) []Affected {
	changed := map[string]*Affected{}
	row := func(key string, c trace.Customer) *Affected {
		if a := changed[key]; a != nil {
			return a
		}
		at := slices.IndexFunc(rows, func(a Affected) bool { return a.Key == key && a.Lot == from.Lot })
		a := Affected{Key: key, Lot: from.Lot, Role: SubConsignee, Scope: scope, ForwardedBy: []string{},
			PartyResult: trace.PartyResult{Customer: c, Tier: from.Tier + 1, Grade: canonical.GradeB, Paths: []trace.Path{}}}
		if at >= 0 {
			a = rows[at]
		}
		changed[key] = &a
		return &a
	}
	if before != nil { // a corrected reply takes back what the one before said
		for _, f := range before.Forwarded {
			row(f.Party, f.Customer).ForwardedIn -= f.Quantity
		}
	}
	for _, f := range r.Forwarded {
		a := row(f.Party, f.Customer)
		a.ForwardedIn += f.Quantity
		a.ForwardedBy = union(a.ForwardedBy, []string{from.Key})
	}
	out := make([]Affected, 0, len(changed))
	for _, a := range changed {
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b Affected) int { return compareText(a.Key, b.Key) })
	return out
}
