package events

import (
	"time"

	"tributary/canonical"
)

// Status of a golden record, as its event tells it. An erased record has a tombstone.
const (
	StatusActive   = "active"
	StatusInactive = "inactive"
	StatusMerged   = "merged"
	StatusErased   = "erased"
)

// GoldenValue is a living golden record with personal fields masked: the JSON of `customers show` plus status.
type GoldenValue struct {
	GoldenID     canonical.ID           `json:"golden_id"`
	Status       string                 `json:"status"`
	Kind         canonical.CustomerKind `json:"kind"`
	Name         string                 `json:"name"`
	Aliases      []string               `json:"aliases"`
	Identifiers  map[string]string      `json:"identifiers"` // by attribute name: uscc, licence_no, …
	Division     string                 `json:"division"`    // six-digit code, "" when unknown
	Address      canonical.Address      `json:"address"`
	Phones       []string               `json:"phones"`
	Emails       []string               `json:"emails"`
	Attributes   map[string]string      `json:"attributes"` // every other attribute by name; lists joined by " / "
	Tags         []string               `json:"tags"`
	Completeness int                    `json:"completeness"` // percent
	Sources      []canonical.RecordKey  `json:"sources"`
	Affiliations []GoldenAffiliation    `json:"affiliations"`
	UpdatedAt    time.Time              `json:"updated_at"`
}

// GoldenAffiliation is one end of an affiliation seen from the other.
type GoldenAffiliation struct {
	GoldenID   canonical.ID `json:"golden_id"` // the other end
	Name       string       `json:"name"`
	Direction  string       `json:"direction"` // to: this one belongs to the other; from: the other belongs to this one
	Role       string       `json:"role,omitempty"`
	Department string       `json:"department,omitempty"`
	Primary    bool         `json:"primary,omitempty"`
}

// GoldenGone is the value of a golden id that no longer lives: merged with its survivor, or inactive, kept for ever.
type GoldenGone struct {
	GoldenID canonical.ID `json:"golden_id"`
	Status   string       `json:"status"`
	Survivor canonical.ID `json:"survivor,omitzero"`
}

// CrosswalkValue links a source record to its golden record.
type CrosswalkValue struct {
	Source   string       `json:"source"`
	SourceID string       `json:"source_id"`
	GoldenID canonical.ID `json:"golden_id"`
}

// AffiliationValue is a person's place of work, or an organisation's parent.
type AffiliationValue struct {
	AffiliationID canonical.ID          `json:"affiliation_id"`
	From          canonical.ID          `json:"from_golden_id"` // the person or the part
	To            canonical.ID          `json:"to_golden_id"`   // the organisation or the whole
	Role          string                `json:"role"`
	Department    string                `json:"department"`
	Primary       bool                  `json:"primary"`
	ValidFrom     canonical.Date        `json:"valid_from"` // null when not known
	ValidTo       canonical.Date        `json:"valid_to"`
	Sources       []canonical.RecordKey `json:"sources"`
}

// ProductValue is a SKU.
type ProductValue struct {
	Code        string             `json:"code"`
	Name        string             `json:"name"`
	Spec        string             `json:"spec"`
	ApprovalNo  string             `json:"approval_no"`
	Maker       string             `json:"maker"`
	GTIN        string             `json:"gtin"`
	Unit        string             `json:"unit"`
	CaseFactor  canonical.Quantity `json:"case_factor"`  // base units in one case; 0 = not known
	InnerFactor canonical.Quantity `json:"inner_factor"` // base units in one inner pack
}

// LotValue is a released lot.
type LotValue struct {
	Product  string             `json:"product"`
	Lot      string             `json:"lot"`
	Quantity canonical.Quantity `json:"quantity"` // released, in base units
	MfgDate  canonical.Date     `json:"mfg_date"`
	ExpDate  canonical.Date     `json:"exp_date"`
}

// Party is a party of a movement or a stock report. GoldenID is null while the mention waits for resolution.
type Party struct {
	GoldenID *canonical.ID `json:"golden_id"`
	Source   string        `json:"source"` // of the mention that names it
	SourceID string        `json:"source_id"`
	Code     string        `json:"code"` // the company's own code when the event was written, "" when it had none; golden_id leads to the present one
}

// MovementValue is one physical transfer. Seller and buyer are the commercial sides: in a return the goods flow from
// buyer to seller. Buyer is null when goods were used up at the seller.
type MovementValue struct {
	MovementID   canonical.ID       `json:"movement_id"`
	Status       string             `json:"status"` // active, voided, superseded
	Seller       Party              `json:"seller"`
	Buyer        *Party             `json:"buyer"`
	Product      string             `json:"product"`
	Lot          string             `json:"lot"` // "" when no ledger names one
	LotAdopted   bool               `json:"lot_adopted"`
	Quantity     canonical.Quantity `json:"quantity"` // base units
	Unit         string             `json:"unit"`
	Date         canonical.Date     `json:"date"`
	Kind         canonical.FlowKind `json:"kind"`
	Grade        canonical.Grade    `json:"grade"`
	Match        string             `json:"match"`
	Difference   canonical.Quantity `json:"difference"` // buyer's quantity − seller's
	DocNo        string             `json:"doc_no"`
	Evidence     []canonical.ID     `json:"evidence"` // row ids of the flow lines, seller's first
	SupersededBy canonical.ID       `json:"superseded_by,omitzero"`
}

// Status of a movement.
const (
	MovementActive     = "active"
	MovementVoided     = "voided"
	MovementSuperseded = "superseded"
)

// StockValue is what a party reported to hold of a lot at the end of a day.
type StockValue struct {
	Party       Party              `json:"party"`
	Product     string             `json:"product"`
	Lot         string             `json:"lot"`
	Date        canonical.Date     `json:"date"`
	Unit        string             `json:"unit"`
	Available   canonical.Quantity `json:"available"` // base units, likewise the others
	Quarantined canonical.Quantity `json:"quarantined"`
	InTransit   canonical.Quantity `json:"in_transit"`
}

// ComplaintValue is a quality complaint. Who reported it and what was said about a patient are not in it.
type ComplaintValue struct {
	ComplaintID canonical.ID       `json:"complaint_id"`
	Number      string             `json:"number"`
	State       string             `json:"state"`     // received, triaged, investigating, recall_assessed, replied, closed
	Source      string             `json:"source"`    // system that sent it, "" when it was entered here
	SourceID    string             `json:"source_id"` // its number there
	Origin      string             `json:"origin"`    // patient, hospital, pharmacy, distributor, authority, internal
	Type        string             `json:"type"`
	Severity    string             `json:"severity"` // critical, major, minor
	Product     string             `json:"product"`
	Lot         string             `json:"lot"` // "" while not known
	Quantity    canonical.Quantity `json:"quantity"`
	PatientHarm bool               `json:"patient_harm"`
	Owner       string             `json:"owner"`
	Recall      string             `json:"recall"` // number of the recall it led to
	Reply       string             `json:"reply"`  // the answer, "" before
	RepliedAt   *time.Time         `json:"replied_at"`
	ReceivedAt  time.Time          `json:"received_at"`
	DueAt       *time.Time         `json:"due_at"` // earliest open deadline
	Actor       string             `json:"actor"`
	Reason      string             `json:"reason"`
}

// RecallValue is a recall after a step.
type RecallValue struct {
	RecallID      canonical.ID  `json:"recall_id"`
	Number        string        `json:"number"`
	Kind          string        `json:"kind"`  // voluntary, ordered, drill
	Class         string        `json:"class"` // I, II, III
	State         string        `json:"state"` // draft, assessed, decided, noticed, in_progress, recovered, disposed, reconciled, reported, closed
	Product       string        `json:"product"`
	Lots          []string      `json:"lots"`
	ScopeVersion  int           `json:"scope_version"`
	Complaints    []string      `json:"complaints"`
	Parties       int           `json:"parties"`  // on the affected list
	Possible      int           `json:"possible"` // of them only because rows name no lot
	Notified      int           `json:"notified"`
	Answered      int           `json:"answered"`
	RecoveryRate  string        `json:"recovery_rate"`  // per cent, over all lots; "" before the reconciliation
	ExplainedRate string        `json:"explained_rate"` // likewise
	DueAt         *time.Time    `json:"due_at"`
	Actor         string        `json:"actor"`
	Reason        string        `json:"reason"`
	Reply         *RecallReply  `json:"reply"`   // of Replied
	Party         *RecallParty  `json:"party"`   // of Replied and Reminded
	Balance       []RecallTotal `json:"balance"` // of Reconciled, by lot
}

// RecallParty is a party of a recall.
type RecallParty struct {
	GoldenID string `json:"golden_id"` // "" while it is not known
	Code     string `json:"code"`      // the company's own code
	Lot      string `json:"lot"`
}

// RecallReply is what a party said about a lot.
type RecallReply struct {
	Stage     string             `json:"stage"` // acknowledgment, impact, quantity, completion
	Impact    string             `json:"impact"`
	Held      canonical.Quantity `json:"held"`
	Used      canonical.Quantity `json:"used"`
	Damaged   canonical.Quantity `json:"damaged"`
	Forwarded canonical.Quantity `json:"forwarded"`
	Returned  canonical.Quantity `json:"returned"`
	Destroyed canonical.Quantity `json:"destroyed"`
}

// RecallTotal is the balance of a recalled lot: released = own_stock + sampled + quarantined + channel_stock + recovered +
// used + destroyed + gap.
type RecallTotal struct {
	Lot          string             `json:"lot"`
	Released     canonical.Quantity `json:"released"`
	OwnStock     canonical.Quantity `json:"own_stock"`
	Sampled      canonical.Quantity `json:"sampled"`
	Quarantined  canonical.Quantity `json:"quarantined"`
	ChannelStock canonical.Quantity `json:"channel_stock"`
	Recovered    canonical.Quantity `json:"recovered"`
	Used         canonical.Quantity `json:"used"`
	Destroyed    canonical.Quantity `json:"destroyed"`
	Gap          canonical.Quantity `json:"gap"`
}

// ActivityValue is an activity of the sales force with a customer.
type ActivityValue struct {
	Source   string             `json:"source"`
	SourceID string             `json:"source_id"`
	Customer Party              `json:"customer"`
	Kind     string             `json:"kind"`
	Date     canonical.Date     `json:"date"`
	Subject  string             `json:"subject"`
	Owner    string             `json:"owner"`
	Minutes  string             `json:"minutes"`
	Value    canonical.Quantity `json:"value"`
	Result   string             `json:"result"`
}

// RunValue is the report of one import or pull: read = canonical + unchanged + quarantined + filtered.
type RunValue struct {
	RunID       canonical.ID `json:"run_id"`
	Connection  string       `json:"connection"`
	Source      string       `json:"source"`
	Stream      string       `json:"stream"`
	File        string       `json:"file"`
	Status      string       `json:"status"` // done, failed, interrupted
	Read        int64        `json:"read"`
	Canonical   int64        `json:"canonical"`
	Unchanged   int64        `json:"unchanged"`
	Quarantined int64        `json:"quarantined"`
	Filtered    int64        `json:"filtered"`
	StartedAt   time.Time    `json:"started_at"`
	FinishedAt  time.Time    `json:"finished_at"`
	Error       string       `json:"error"` // message code, "" when none
	Warnings    []RunWarning `json:"warnings,omitempty"`
}

// RunWarning is something about a run that a person should look at.
type RunWarning struct {
	Code string            `json:"code"`           // message code
	Args map[string]string `json:"args,omitempty"` // what fills the message, by name
}

// QuarantineValue names a row that could not be taken in. It never holds the row itself.
type QuarantineValue struct {
	QuarantineID canonical.ID `json:"quarantine_id"`
	Status       string       `json:"status"` // open, replayed, discarded
	Source       string       `json:"source"`
	Stream       string       `json:"stream"`
	RunID        canonical.ID `json:"run_id"`
	File         string       `json:"file"`
	Row          int64        `json:"row"`
	Field        string       `json:"field"`
	Rule         string       `json:"rule"`
	Reason       string       `json:"reason"` // message code
}

// OrderStatusValue says how far an order has got.
type OrderStatusValue struct {
	OrderID    canonical.ID         `json:"order_id"`
	Key        string               `json:"key"`
	State      canonical.OrderState `json:"state"`      // of a conflict: that of the order which has the key
	Final      bool                 `json:"final"`      // nothing more happens by itself
	Connection string               `json:"connection"` // the system that takes it
	Requester  string               `json:"requester"`
	Reference  string               `json:"reference"`   // the requester's own number
	Number     string               `json:"number"`      // its number there, "" before
	ExternalID string               `json:"external_id"` // its id there
	Step       string               `json:"step"`        // the last step it went through there
	Problem    string               `json:"problem"`     // what stood in the way, in the words of that system where they are known
	Attempts   int                  `json:"attempts"`
}

// FeedValue is a ledger of a party that stopped to come, or came again.
type FeedValue struct {
	Party    string           `json:"party"` // key under which it reports
	Ledger   canonical.Ledger `json:"ledger"`
	State    string           `json:"state"`   // silent or resumed
	Missing  int              `json:"missing"` // days of data that are due; 0 when it came again
	LastDate canonical.Date   `json:"last_date"`
	LastAt   time.Time        `json:"last_at"`
	Cadence  string           `json:"cadence"` // daily, weekly, monthly
	Reason   string           `json:"reason"`  // code that a person gave, "" = none
}
