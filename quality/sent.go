package quality

import (
	"time"

	"tributary/canonical"
)

// Sent is what another system says of a complaint, in the words of this one; who reported it apart.
type Sent struct {
	Version   int64              `json:"version"` // of the record that was heard last
	Product   string             `json:"product"`
	Lot       string             `json:"lot"`
	TraceCode string             `json:"trace_code"`
	Channel   string             `json:"channel"`
	Type      string             `json:"type"`
	Severity  string             `json:"severity"`
	Harm      string             `json:"patient_harm"`
	BoughtAt  string             `json:"bought_at"`
	BoughtOn  canonical.Date     `json:"bought_on"`
	Quantity  canonical.Quantity `json:"quantity"`
}

// Heard is what a later word of the other system led to, by field.
type Heard struct {
	Taken []string `json:"taken"` // now as the other system says
	Kept  []string `json:"kept"`  // a person had said otherwise here, or the case is closed
}

// Hear takes a later word of the system that sent the complaint in. What that system changed is taken while the field is
// as it had said before, or empty: what a person entered here stays. A closed complaint takes nothing.
func (c *Complaint) Hear(s Sent, now time.Time) Heard {
	h := Heard{Taken: []string{}, Kept: []string{}}
	before := Sent{}
	if c.Sent != nil {
		before = *c.Sent
	}
	note := func(name string, take, differs bool, set func()) {
		switch {
		case !differs:
		case take && c.State != Closed:
			set()
			h.Taken = append(h.Taken, name)
		default:
			h.Kept = append(h.Kept, name)
		}
	}
	word := func(name string, field *string, was, is string) {
		note(name, *field == was || *field == "", is != was && is != *field, func() { *field = is })
	}
	harm := c.Harm
	note("product", false, s.Product != before.Product && s.Product != c.Product.Code && s.Product != "", nil) // another product is another case
	word("lot", &c.Lot, before.Lot, s.Lot)
	word("trace_code", &c.TraceCode, before.TraceCode, s.TraceCode)
	word("channel", &c.Channel, before.Channel, s.Channel)
	word("type", &c.Type, before.Type, s.Type)
	word("severity", &c.Severity, before.Severity, s.Severity)
	word("patient_harm", &c.Harm, before.Harm, s.Harm)
	word("bought_at", &c.BoughtAt, before.BoughtAt, s.BoughtAt)
	note("bought_on", c.BoughtOn == before.BoughtOn || c.BoughtOn.IsZero(), s.BoughtOn != before.BoughtOn && s.BoughtOn != c.BoughtOn, func() { c.BoughtOn = s.BoughtOn })
	note("quantity", c.Quantity == before.Quantity || c.Quantity == 0, s.Quantity != before.Quantity && s.Quantity != c.Quantity, func() { c.Quantity = s.Quantity })
	if c.Harm != harm {
		c.Facts = cloneFacts(c.Facts)
		c.noteHarm(now)
	}
	c.Sent = &s
	return h
}
