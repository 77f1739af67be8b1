package canonical

import "time"

// Entity is the kind of thing a source record describes.
type Entity string

// The entities a stream can deliver besides flow ledgers.
const (
	EntityCustomer    Entity = "customer"
	EntityProduct     Entity = "product"
	EntityLot         Entity = "lot"
	EntityAlias       Entity = "alias"
	EntityAffiliation Entity = "affiliation"
	EntityActivity    Entity = "activity"
	EntityOrder       Entity = "order"
	EntityConsent     Entity = "consent"
	EntityComplaint   Entity = "complaint"
	EntityTerritory   Entity = "territory"
	EntityChannel     Entity = "channel"
	EntityFlow        Entity = "flow"  // sales, purchases, stock and usage rows
	EntityEvent       Entity = "event" // what happened to packs: package epcis
)

// RecordKey names a source record: what one source calls one thing. It never changes.
type RecordKey struct {
	Source string `json:"source"`
	ID     string `json:"id"`
}

// Crosswalk links a source record to the golden record it belongs to, for a time.
type Crosswalk struct {
	RecordKey
	GoldenID ID `json:"golden_id"`
}

// Affiliation links a person to an organisation, or an organisation to its parent.
type Affiliation struct {
	From       string `json:"from"` // source id of the person or the part
	To         string `json:"to"`   // source id of the organisation or the whole
	Role       string `json:"role,omitempty"`
	Department string `json:"department,omitempty"`
	Primary    bool   `json:"primary,omitempty"`
	ValidFrom  Date   `json:"valid_from,omitzero"`
	ValidTo    Date   `json:"valid_to,omitzero"`
}

// Validate reports missing ends.
func (a *Affiliation) Validate() []Issue {
	return required(map[string]string{"from": a.From, "to": a.To})
}

// Activity is a visit, meeting, sample, gift or campaign of the 360° timeline.
type Activity struct {
	Customer string   `json:"customer"` // source id
	Kind     string   `json:"kind"`     // visit, meeting, sample, gift, campaign, call
	Date     Date     `json:"date,omitzero"`
	Subject  string   `json:"subject,omitempty"`
	Owner    string   `json:"owner,omitempty"`
	Minutes  string   `json:"minutes,omitempty"`
	Value    Quantity `json:"value,omitzero"`
	Result   string   `json:"result,omitempty"`
}

// Validate reports what makes the activity unusable.
func (a *Activity) Validate() []Issue {
	issues := required(map[string]string{"customer": a.Customer, "kind": a.Kind})
	if a.Date.IsZero() {
		issues = append(issues, Required("date"))
	}
	return issues
}

// Order is a sales order on its way to the ERP, and its state there.
type Order struct {
	Number   string      `json:"number"`
	Customer string      `json:"customer"`
	Date     Date        `json:"date,omitzero"`
	Status   string      `json:"status,omitempty"`
	Lines    []OrderLine `json:"lines,omitempty"`
}

// OrderLine is one product of an order.
type OrderLine struct {
	Product  string   `json:"product"`        // code in the system that has the order
	Quantity Quantity `json:"quantity"`       // in the unit
	Unit     string   `json:"unit,omitempty"` // "" = the product's own
	Price    Quantity `json:"price,omitzero"` // of one unit; in a request 0 = by the price list there
	Free     bool     `json:"free,omitempty"` // goods without payment
}

// Validate reports what makes the order unusable.
func (o *Order) Validate() []Issue {
	return required(map[string]string{"number": o.Number, "customer": o.Customer})
}

// Consent is a person's agreement to one purpose.
type Consent struct {
	Customer  string    `json:"customer"`
	Purpose   string    `json:"purpose"`
	Given     bool      `json:"given"`
	At        time.Time `json:"at,omitzero"`
	ValidTo   Date      `json:"valid_to,omitzero"`
	Reference string    `json:"reference,omitempty"`
}

// Validate reports what makes the consent unusable.
func (c *Consent) Validate() []Issue {
	return required(map[string]string{"customer": c.Customer, "purpose": c.Purpose})
}

// Complaint is a quality complaint as it was received.
type Complaint struct {
	Number      string   `json:"number"`
	ReceivedOn  Date     `json:"received_on,omitzero"`
	Channel     string   `json:"channel,omitempty"`
	Reporter    string   `json:"reporter,omitempty"` // personal
	Product     string   `json:"product"`
	Lot         string   `json:"lot,omitempty"`
	TraceCode   string   `json:"trace_code,omitempty"`
	Quantity    Quantity `json:"quantity,omitzero"`
	BoughtAt    string   `json:"bought_at,omitempty"`
	BoughtOn    Date     `json:"bought_on,omitzero"`
	Type        string   `json:"type,omitempty"`
	Severity    string   `json:"severity,omitempty"`
	PatientHarm bool     `json:"patient_harm,omitempty"`
	Text        string   `json:"text,omitempty"`
	Status      string   `json:"status,omitempty"`
}

// Validate reports what makes the complaint unusable.
func (c *Complaint) Validate() []Issue {
	fields := map[string]string{"number": c.Number}
	if c.TraceCode == "" { // the code on the pack may lead to the product
		fields["product"] = c.Product
	}
	return required(fields)
}

func required(fields map[string]string) []Issue {
	var issues []Issue
	for name, v := range fields {
		if v == "" {
			issues = append(issues, Required(name))
		}
	}
	SortIssues(issues)
	return issues
}
