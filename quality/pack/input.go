package pack

import (
	"time"

	"tributary/canonical"
	"tributary/trace"
)

// Input is everything that a pack tells, as plain data. Lists are shown in the order given; empty ones leave a sheet
// that says so. Times are shown at +08:00.
type Input struct {
	Recall  Recall
	Lots    []Lot
	Notices []Notice
	Replies []Reply
	Steps   []Step
	EPCIS   []byte // EPCIS 2.0 JSON-LD document with the history of the lots; empty: the pack has no such file
	MadeAt  time.Time
	MadeBy  string
}

// Recall is the head of the case.
type Recall struct {
	No           string
	Kind         string // voluntary, ordered, drill
	Class        string // I, II, III
	State        string // as the case names it
	ReasonCode   string
	Reason       string
	Assessment   string
	Plan         string // measures and time limits
	ScopeVersion int
	RuleProfile  string // name and version of the deadlines that apply
	KnownAt      time.Time
	DecidedBy    string
	DecidedAt    time.Time
	PublicURL    string
	Filings      []Filing
	Facts        []Fact // what else the head should tell
}

// Filing is a report to an authority.
type Filing struct {
	Authority string
	No        string
	Date      canonical.Date
	What      string // assessment, plan, progress report n, summary
}

// Fact is one more line of the head, labelled in both languages.
type Fact struct{ EN, ZH, Value string }

// Lot is one lot in scope: its trace as `trace lot` gives it, and how the recall stands. Balance is the balance that the
// pack prints: after the recall where there were replies, else Trace.Totals.
type Lot struct {
	Trace         trace.Result
	ApprovalNo    string
	MfgDate       canonical.Date
	ExpDate       canonical.Date
	Balance       trace.Totals
	Recoverable   canonical.Quantity
	RecoveryRate  string // per cent, "98.88"; empty when nothing was recoverable
	ExplainedRate string // per cent, "99.78"
	Gaps          []trace.Gap
}

// Notice is one message to one party.
type Notice struct {
	Party   trace.Customer
	Version int    // of the notice's text
	Channel string // email, file, phone
	Address string // as it may be shown
	Subject string
	SentAt  time.Time
	Outcome string // sent, failed, drill, and why
	AckedAt time.Time
	AckedBy string
}

// Reply is one entry of the reply ledger: what a party said about a lot.
type Reply struct {
	Party       trace.Customer
	Product     string // code
	Lot         string
	Stage       string // acknowledgment, impact, quantity, completion
	At          time.Time
	By          string
	Channel     string
	Impact      string // has, had, none
	Held        canonical.Quantity
	Used        canonical.Quantity
	Forwarded   canonical.Quantity
	ForwardedTo []Passed
	Damaged     canonical.Quantity
	Returned    canonical.Quantity
	Destroyed   canonical.Quantity
	Evidence    string
	Note        string
}

// Passed is a part of the goods that a party passed on.
type Passed struct {
	Party    trace.Customer
	Quantity canonical.Quantity
}

// Step is one event of the case, or a deadline that is open when At is zero.
type Step struct {
	At     time.Time
	Due    time.Time // zero: none
	Action string
	Actor  string
	Reason string
	Late   bool // done after Due, or open and past it when the pack was made
}

// File is one file of a pack.
type File struct {
	Name string
	Body []byte
}
