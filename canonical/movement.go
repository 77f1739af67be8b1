package canonical

// Grade is the strength of the evidence behind a movement, best first.
type Grade string

// Evidence grades.
const (
	GradeA Grade = "A" // both ledgers agree, or a code scan
	GradeB Grade = "B" // one ledger only, or both with a difference
	GradeC Grade = "C" // lot closed by a stock difference
	GradeD Grade = "D" // only one lot was possible
	GradeE Grade = "E" // first expired or first in, first out
	GradeF Grade = "F" // pro rata
)

// Worse returns the weaker of two grades; the empty grade is the strongest.
func (g Grade) Worse(o Grade) Grade { return max(g, o) }

// Movement is one physical transfer of one product, joined from the flow lines of both ledgers, or one use of goods at a
// party (Buyer is then 0). Seller and Buyer are record numbers of mentions, never golden ids. In a return the seller
// stays the commercial seller and the goods flow from Buyer to Seller.
type Movement struct {
	ID         ID       `json:"id"` // row id of the seller's line, else of the buyer's
	Seller     int64    `json:"-"`
	Buyer      int64    `json:"-"`
	Product    int64    `json:"-"`
	Lot        string   `json:"lot,omitempty"`
	LotAdopted bool     `json:"lot_adopted,omitempty"` // the lot stands only in the partner's ledger
	Quantity   Quantity `json:"quantity"`              // base units, > 0
	Date       Date     `json:"date"`
	Kind       FlowKind `json:"kind"`
	Grade      Grade    `json:"grade"`
	SellerLine ID       `json:"seller_line,omitzero"`
	BuyerLine  ID       `json:"buyer_line,omitzero"`
	MoreLines  []ID     `json:"more_lines,omitempty"` // further buyer's lines that add up with BuyerLine to the seller's quantity
	Match      string   `json:"match"`                // match, qty_diff, seller_only, buyer_only, own (usage)
	Difference Quantity `json:"difference,omitempty"` // buyer's quantity − seller's
	DocNo      string   `json:"doc_no,omitempty"`
}

// From and To are the record numbers between which the goods flow. To is 0 when goods are used up.
func (m *Movement) From() int64 {
	if m.Kind == Return {
		return m.Buyer
	}
	return m.Seller
}

// To is where the goods arrive.
func (m *Movement) To() int64 {
	if m.Kind == Return {
		return m.Seller
	}
	return m.Buyer
}

// Attribution is the share of one lot in a movement that names no lot: Low ≤ Point ≤ High.
type Attribution struct {
	Movement ID       `json:"movement_id"`
	Product  int64    `json:"-"`
	Lot      string   `json:"lot"`
	Point    Quantity `json:"point"`
	Low      Quantity `json:"low"`
	High     Quantity `json:"high"`
	Grade    Grade    `json:"grade"`
}

// StockPosition is what a party reported to hold of a lot at the end of a day.
type StockPosition struct {
	Party    int64    `json:"-"`
	Product  int64    `json:"-"`
	Lot      string   `json:"lot,omitempty"`
	Date     Date     `json:"date"`
	Kind     FlowKind `json:"kind"` // available, quarantined, in_transit
	Quantity Quantity `json:"quantity"`
}
