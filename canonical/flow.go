package canonical

// Ledger is one of the four books a reporting party sends.
type Ledger string

// The ledgers.
const (
	Sales     Ledger = "sales"
	Purchases Ledger = "purchases"
	Stock     Ledger = "stock"
	Usage     Ledger = "usage" // dispensed, sold to persons, used up, sampled, destroyed
)

// FlowKind says what a flow row or a movement is about.
type FlowKind string

// Kinds of flow rows. Goods rows of the sales and purchase ledgers are sale, return, transfer or drop; usage rows are
// used, sampled or destroyed; stock rows are available, quarantined or in_transit.
const (
	Sale        FlowKind = "sale"
	Return      FlowKind = "return"
	Transfer    FlowKind = "transfer"
	DropShip    FlowKind = "drop"
	Used        FlowKind = "used"
	Sampled     FlowKind = "sampled"
	Destroyed   FlowKind = "destroyed"
	Available   FlowKind = "available"
	Quarantined FlowKind = "quarantined"
	InTransit   FlowKind = "in_transit"
)

// PartyMention is a partner as a flow row names it.
type PartyMention struct {
	Code      string `json:"code,omitempty"`
	Name      string `json:"name"`
	USCC      string `json:"uscc,omitempty"`
	LicenceNo string `json:"licence_no,omitempty"`
	Address   string `json:"address,omitempty"`
	City      string `json:"city,omitempty"`
	County    string `json:"county,omitempty"`
}

// IsZero reports whether no partner is named.
func (m PartyMention) IsZero() bool { return m == PartyMention{} }

// ProductMention is a product as a flow row names it, unit included: two rows with equal mentions count alike.
type ProductMention struct {
	Code       string `json:"code,omitempty"`
	Name       string `json:"name"`
	Spec       string `json:"spec,omitempty"`
	ApprovalNo string `json:"approval_no,omitempty"`
	Maker      string `json:"maker,omitempty"`
	Unit       string `json:"unit,omitempty"`
}

// FlowLine is one row of a ledger as the party sent it: evidence, never changed. Quantity is in the row's own unit and
// never negative for goods rows: a negative sale arrives as Kind Return. A stock quantity keeps its sign.
type FlowLine struct {
	Ledger    Ledger         `json:"ledger"`
	Date      Date           `json:"date"`
	DocNo     string         `json:"doc_no,omitempty"`
	SourceRow string         `json:"source_row,omitempty"` // the party's own row id
	Partner   PartyMention   `json:"partner,omitzero"`     // buyer of a sale, supplier of a purchase; none for stock and usage
	BillTo    PartyMention   `json:"bill_to,omitzero"`     // when it differs from the partner that gets the goods
	Product   ProductMention `json:"product"`
	Lot       string         `json:"lot,omitempty"`     // normalised; empty when the row names none
	LotRaw    string         `json:"lot_raw,omitempty"` // as written, when it differs
	LotDoubt  string         `json:"lot_doubt,omitempty"`
	Quantity  Quantity       `json:"quantity"`
	Kind      FlowKind       `json:"kind"`
	MfgDate   Date           `json:"mfg_date,omitzero"`
	ExpDate   Date           `json:"exp_date,omitzero"`
	Price     Quantity       `json:"price,omitzero"`
	Amount    Quantity       `json:"amount,omitzero"`
	Branch    string         `json:"branch,omitempty"`
	Remark    string         `json:"remark,omitempty"`
}

// Validate reports what makes the row unusable as evidence.
func (l *FlowLine) Validate() []Issue {
	var issues []Issue
	if l.Date.IsZero() {
		issues = append(issues, Required("date"))
	}
	if l.Product.Name == "" && l.Product.Code == "" {
		issues = append(issues, Required("product"))
	}
	if (l.Ledger == Sales || l.Ledger == Purchases) && l.Partner.Name == "" && l.Partner.Code == "" {
		issues = append(issues, Required("partner"))
	}
	if l.Quantity < 0 && l.Ledger != Stock {
		issues = append(issues, Invalid("quantity", l.Quantity.String(), "negative in a ledger without returns"))
	}
	SortIssues(issues)
	return issues
}
