package trace

import "tributary/canonical"

// Result is the answer of Forward: the JSON of `trace lot`.
type Result struct {
	Product   ProductRef         `json:"product"`
	Lot       string             `json:"lot"`
	Unit      string             `json:"unit"`
	Released  canonical.Quantity `json:"released"`
	AsOf      canonical.Date     `json:"as_of"`
	Parties   []PartyResult      `json:"parties"` // by tier, then code
	Totals    Totals             `json:"totals"`
	Gaps      []Gap              `json:"gaps"` // largest first
	Truncated bool               `json:"truncated"`
}

// ProductRef names a product.
type ProductRef struct {
	Code string `json:"code"`
	Name string `json:"name"`
	Spec string `json:"spec"`
}

// Customer is a party as people know it. Code is the company's own code, empty where it has none.
type Customer struct {
	GoldenID string    `json:"golden_id"`
	Code     string    `json:"code"`
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	Region   string    `json:"region"`
	Division string    `json:"division"`
	Resolved bool      `json:"resolved"`  // a master record stands behind it, not only names in flow rows
	RawNames []string  `json:"raw_names"` // as flow rows name it
	Contacts []Contact `json:"contacts"`
}

// Contact is a person or desk to call.
type Contact struct {
	Role  string `json:"role"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
}

// PartyResult is the lot's balance at one party.
type PartyResult struct {
	Customer     Customer           `json:"customer"`
	Tier         int                `json:"tier"`
	EndCustomer  bool               `json:"end_customer"`
	Received     canonical.Quantity `json:"received"`
	ReceivedLow  canonical.Quantity `json:"received_low"`
	ReceivedHigh canonical.Quantity `json:"received_high"`
	Explicit     canonical.Quantity `json:"received_explicit"` // the part of Received whose rows name the lot
	Forwarded    canonical.Quantity `json:"forwarded"`
	Returned     canonical.Quantity `json:"returned"`
	Used         canonical.Quantity `json:"used"`
	Sampled      canonical.Quantity `json:"sampled"`
	Destroyed    canonical.Quantity `json:"destroyed"`
	Stock        canonical.Quantity `json:"stock"`
	StockDate    canonical.Date     `json:"stock_date"` // of the report that Stock rests on
	Gap          canonical.Quantity `json:"gap"`
	Grade        canonical.Grade    `json:"grade"`
	Possible     bool               `json:"possible"`
	Paths        []Path             `json:"paths"`
	// OrderUncertain says that dates did not settle in which order the party received and issued, so the paths that go
	// through it rest on document numbers or on receipts posted late.
	OrderUncertain bool `json:"order_uncertain"`
	// FirstDate and LastDate are those of its receipts.
	FirstDate canonical.Date `json:"first_date"`
	LastDate  canonical.Date `json:"last_date"`
}

// Path is a way on which goods came: codes, where they first appear first, the party last.
type Path struct {
	Via      []string           `json:"via"`
	Quantity canonical.Quantity `json:"quantity"`
	Others   bool               `json:"others"` // all ways that are not listed, together; Via is empty
}

// Totals is the lot's balance over all parties.
type Totals struct {
	Released     canonical.Quantity `json:"released"`
	NetShipped   canonical.Quantity `json:"net_shipped"` // from the maker, less what came back to it
	OwnStock     canonical.Quantity `json:"own_stock"`
	Sampled      canonical.Quantity `json:"sampled"`
	Quarantined  canonical.Quantity `json:"quarantined"` // at the maker
	ChannelStock canonical.Quantity `json:"channel_stock"`
	InTransit    canonical.Quantity `json:"in_transit"` // the part of ChannelStock
	Used         canonical.Quantity `json:"used"`
	Recovered    canonical.Quantity `json:"recovered"`
	Destroyed    canonical.Quantity `json:"destroyed"`
	Gap          canonical.Quantity `json:"gap"`
}

// Gap is a quantity that the books do not explain, with the likeliest reason.
type Gap struct {
	Customer Customer           `json:"customer"`
	Quantity canonical.Quantity `json:"quantity"` // above 0: goods are missing; below 0: more went out than came in
	Reason   string             `json:"reason"`   // in the language of the options
	Code     string             `json:"reason_code"`
	Counted  bool               `json:"counted"` // part of totals.gap; a shortage of rows without a lot is not
}
