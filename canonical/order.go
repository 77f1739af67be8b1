package canonical

import (
	"fmt"
	"strings"
)

// OrderRequest is an order that somebody asks a system to take.
type OrderRequest struct {
	Key        string      `json:"key"`                  // made by the requester; one key is one order for ever
	Company    string      `json:"company,omitempty"`    // code of the company it is for; a hub leaves those of other companies alone
	Connection string      `json:"connection,omitempty"` // the system that is to take it; absent: the only one that takes orders
	Requester  string      `json:"requester,omitempty"`  // who asks
	Customer   string      `json:"customer,omitempty"`   // code in the system that takes the order
	GoldenID   ID          `json:"golden_id,omitzero"`   // the customer, in the place of a code
	Date       Date        `json:"date"`                 // of the order
	Deliver    Date        `json:"deliver_by,omitzero"`  // wished
	Reference  string      `json:"reference,omitempty"`  // the requester's own number, for people
	Note       string      `json:"note,omitempty"`       // shown there
	Lines      []OrderLine `json:"lines"`                // 1 to 500
}

// OrderState is how far an order has got.
type OrderState string

// States of an order. In the last three nothing more happens by itself.
const (
	OrderAccepted  OrderState = "accepted"  // stored here, not yet there
	OrderSending   OrderState = "sending"   // a call is under way, or was when the process died
	OrderUnknown   OrderState = "unknown"   // a call ended without an answer: it is looked for before anything else
	OrderSent      OrderState = "sent"      // it is there, and a later step was refused: people there go on
	OrderConfirmed OrderState = "confirmed" // it is there and went through every step
	OrderRefused   OrderState = "refused"   // it is not there
)

// OrderStates are all states, in the order in which they come.
func OrderStates() []OrderState {
	return []OrderState{OrderAccepted, OrderSending, OrderUnknown, OrderSent, OrderConfirmed, OrderRefused}
}

// Final reports whether nothing more happens by itself.
func (s OrderState) Final() bool { return s == OrderSent || s == OrderConfirmed || s == OrderRefused }

// Bounds of an order. A key stands in filters and addresses of other systems, so its letters are few.
const (
	MaxOrderKey   = 64
	MaxOrderLines = 500
	maxOrderText  = 500
)

// ValidOrderKey reports whether a text may be the key of an order: letters, digits and . _ : -, 64 at most.
func ValidOrderKey(key string) bool {
	return key != "" && len(key) <= MaxOrderKey && strings.IndexFunc(key, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._:-", r))
	}) < 0
}

// Validate reports what makes the order unusable.
func (o *OrderRequest) Validate() []Issue {
	issues := required(map[string]string{"key": o.Key})
	if o.Key != "" && !ValidOrderKey(o.Key) {
		issues = append(issues, Invalid("key", o.Key, fmt.Sprintf("letters, digits and . _ : - only, %d at most", MaxOrderKey)))
	}
	if o.Customer == "" && o.GoldenID.IsZero() {
		issues = append(issues, Required("customer"))
	}
	if o.Customer != "" && !o.GoldenID.IsZero() {
		issues = append(issues, Invalid("golden_id", o.GoldenID.String(), "the customer is named twice"))
	}
	if o.Date.IsZero() {
		issues = append(issues, Required("date"))
	}
	for _, f := range []struct{ name, text string }{{"customer", o.Customer}, {"requester", o.Requester}, {"reference", o.Reference}, {"note", o.Note}} {
		if len([]rune(f.text)) > maxOrderText {
			issues = append(issues, Invalid(f.name, "…", fmt.Sprintf("longer than %d characters", maxOrderText)))
		}
	}
	switch {
	case len(o.Lines) == 0:
		issues = append(issues, Required("lines"))
	case len(o.Lines) > MaxOrderLines:
		issues = append(issues, Invalid("lines", fmt.Sprint(len(o.Lines)), fmt.Sprintf("more than %d", MaxOrderLines)))
	}
	for i := range o.Lines {
		issues = append(issues, o.Lines[i].ordered(fmt.Sprintf("lines[%d].", i))...)
	}
	SortIssues(issues)
	return issues
}

func (l *OrderLine) ordered(at string) []Issue {
	issues := required(map[string]string{at + "product": l.Product})
	if l.Quantity <= 0 {
		issues = append(issues, Invalid(at+"quantity", l.Quantity.String(), "an order asks for more than nothing"))
	}
	if l.Price < 0 {
		issues = append(issues, Invalid(at+"price", l.Price.String(), "negative"))
	}
	if l.Free && l.Price != 0 {
		issues = append(issues, Invalid(at+"price", l.Price.String(), "free goods have no price"))
	}
	for _, f := range []struct{ name, text string }{{"product", l.Product}, {"unit", l.Unit}} {
		if len([]rune(f.text)) > maxOrderText {
			issues = append(issues, Invalid(at+f.name, "…", fmt.Sprintf("longer than %d characters", maxOrderText)))
		}
	}
	return issues
}
