package quality

import (
	"slices"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/trace"
)

// States of a complaint.
const (
	Received       State = "received"
	Triaged        State = "triaged"
	Investigating  State = "investigating"
	RecallAssessed State = "recall_assessed"
	Replied        State = "replied"
	Closed         State = "closed"
)

// Words of a complaint.
var (
	Origins    = []string{"patient", "hospital", "pharmacy", "distributor", "authority", "internal"}
	Types      = []string{"quality_defect", "packaging", "efficacy", "contamination", "shortage_damage", "suspected_fake", "service"}
	Severities = []string{"critical", "major", "minor"}
	Harms      = []string{"none", "other", "serious", "death"}
)

// complaintNext is what may follow on each state. A closed complaint, and one whose reply did not settle it, is opened
// again by investigating it.
var complaintNext = map[State][]State{
	Received:       {Triaged},
	Triaged:        {Investigating},
	Investigating:  {RecallAssessed, Replied},
	RecallAssessed: {Replied, Investigating},
	Replied:        {Closed, Investigating},
	Closed:         {Investigating},
}

// complaintFacts are the facts that a state makes true.
var complaintFacts = map[State]Fact{Triaged: TriagedAt, Investigating: InvestigatingAt, RecallAssessed: RecallAssessedAt, Replied: RepliedAt, Closed: ClosedAt}

// Personal is what a complaint holds about natural persons: who reported it, and the text, which may tell of a patient.
// It is sealed at rest and masked unless a role may see it.
type Personal struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Email string `json:"email"`
	Text  string `json:"text"`
}

// Answer is the reply to who complained.
type Answer struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Text string    `json:"text"`
}

// Candidate is a lot that the goods of a complaint without a lot may have come from.
type Candidate struct {
	Lot         string             `json:"lot"`
	Probability string             `json:"probability"` // 0 to 1, four decimals; they add up to 1
	Received    canonical.Quantity `json:"received"`    // by the place of purchase, until the day of purchase
	Possible    bool               `json:"possible"`    // no row names the lot
	FirstDate   canonical.Date     `json:"first_date"`
	LastDate    canonical.Date     `json:"last_date"`
}

// Complaint is a quality complaint, without what is personal.
type Complaint struct {
	ID             canonical.ID       `json:"complaint_id"`
	Number         string             `json:"number"`
	State          State              `json:"state"`
	ReceivedAt     time.Time          `json:"received_at"`
	Channel        string             `json:"channel"` // phone, letter, web, …
	Origin         string             `json:"origin"`  // patient, hospital, …
	Source         string             `json:"source"`  // system that sent it, with its number there
	SourceID       string             `json:"source_id"`
	Product        trace.ProductRef   `json:"product"`
	Unit           string             `json:"unit"`
	Lot            string             `json:"lot"`
	TraceCode      string             `json:"trace_code"`
	Derived        *Derived           `json:"derived"` // what the code on the pack leads to; null: to nothing
	Expiry         canonical.Date     `json:"expiry"`
	Quantity       canonical.Quantity `json:"quantity"` // affected
	Bought         canonical.Quantity `json:"bought"`
	BoughtAt       string             `json:"bought_at"` // as reported
	BoughtAtID     string             `json:"bought_at_golden_id"`
	BoughtOn       canonical.Date     `json:"bought_on"`
	Photos         []string           `json:"photos"`
	Sample         bool               `json:"sample_available"`
	Custody        []string           `json:"custody"` // chain of custody of the sample
	Type           string             `json:"type"`
	Severity       string             `json:"severity"`
	Harm           string             `json:"patient_harm"`
	PVReference    string             `json:"pv_reference"` // number of the case in pharmacovigilance
	Risk           string             `json:"risk"`         // is a recall needed, and why
	Owner          string             `json:"owner"`
	RelatedLots    []string           `json:"related_lots"`
	RetainedSample string             `json:"retained_sample"` // result
	RootCause      string             `json:"root_cause"`
	Deviation      string             `json:"deviation"`
	CAPA           string             `json:"capa"`
	Recall         string             `json:"recall"` // number
	Tags           []string           `json:"tags"`
	Reply          *Answer            `json:"reply"`
	ClosedBy       string             `json:"closed_by"`
	Candidates     []Candidate        `json:"candidates"` // when no lot was given
	Remarks        []Remark           `json:"remarks"`    // what should be looked at
	Profile        string             `json:"profile"`
	Facts          Facts              `json:"facts"`
	Sent           *Sent              `json:"sent"`               // what the system that sent it said last
	ReporterID     string             `json:"reporter_golden_id"` // when who reported it is a known customer
	ReporterErased *time.Time         `json:"reporter_erased_at"` // who reported it, and the text, were erased
}

// Derived is what the code on a pack leads to.
type Derived struct {
	Product string         `json:"product"` // code
	Lot     string         `json:"lot"`
	LotFrom string         `json:"lot_from"` // code, event, contents, container
	Expiry  canonical.Date `json:"expiry"`
	// Used says which of them stand in the complaint because nobody stated them: product, lot, expiry.
	Used []string `json:"used"`
}

// Differs are the remarks on what was stated otherwise than the code says.
func (d *Derived) Differs(product, lot string) []Remark {
	var out []Remark
	if d.Product != "" && product != "" && product != d.Product {
		out = append(out, Remark{Code: "quality.remark.code_other_product", Args: errs.Args{"stated": product, "derived": d.Product}})
	}
	if d.Lot != "" && lot != "" && lot != d.Lot {
		out = append(out, Remark{Code: "quality.remark.code_other_lot", Args: errs.Args{"stated": lot, "derived": d.Lot}})
	}
	return out
}

// Check reports what makes a new complaint unusable.
func (c *Complaint) Check() error {
	for _, err := range []error{
		oneOf("origin", c.Origin, Origins), oneOf("type", c.Type, Types), oneOf("severity", c.Severity, Severities), oneOf("harm", c.Harm, Harms),
		notNegative("quantity", c.Quantity), notNegative("bought", c.Bought),
	} {
		if err != nil {
			return err
		}
	}
	if strings.ContainsAny(c.TraceCode, " \t\n") {
		return errs.New(errs.Invalid, "quality.bad_trace_code", errs.Args{"value": c.TraceCode})
	}
	return nil
}

func notNegative(field string, q canonical.Quantity) error {
	if q < 0 {
		return errs.New(errs.Invalid, "quality.negative", errs.Args{"field": field, "value": q})
	}
	return nil
}

// Open makes a complaint that was just taken in: received, with the clocks that start now.
func (c *Complaint) Open(now time.Time) error {
	if err := c.Check(); err != nil {
		return err
	}
	if c.ReceivedAt.IsZero() {
		c.ReceivedAt = now
	}
	if c.ReceivedAt.After(now.Add(24 * time.Hour)) {
		return errs.New(errs.Invalid, "quality.in_future", errs.Args{"field": "received_at", "value": c.ReceivedAt.In(zone).Format(time.RFC3339)})
	}
	c.ReceivedAt = c.ReceivedAt.UTC()
	c.State, c.Facts = Received, Facts{ReceivedAt: c.ReceivedAt}
	c.noteHarm(c.ReceivedAt)
	c.fill()
	return nil
}

func (c *Complaint) fill() {
	for _, list := range []*[]string{&c.Photos, &c.Custody, &c.RelatedLots, &c.Tags} {
		if *list == nil {
			*list = []string{}
		}
	}
	if c.Candidates == nil {
		c.Candidates = []Candidate{}
	}
	if c.Remarks == nil {
		c.Remarks = []Remark{}
	}
	if c.Harm == "" {
		c.Harm = "none"
	}
}

// noteHarm starts the clock of pharmacovigilance when a patient was harmed.
func (c *Complaint) noteHarm(at time.Time) {
	if c.Harm != "" && c.Harm != "none" {
		c.Facts.set(HarmKnownAt, at)
	}
}

// Next are the states that may follow.
func (c *Complaint) Next() []State { return complaintNext[c.State] }

// ComplaintChange is one step in the handling of a complaint. Empty fields change nothing; lists are added to.
type ComplaintChange struct {
	To             State // "" = stays
	Reason         string
	Lot            string
	Expiry         canonical.Date
	Type           string
	Severity       string
	Harm           string
	HandedToPV     string // reference there
	ADRReported    bool
	Risk           string
	Owner          string
	RelatedLots    []string
	RetainedSample string
	RootCause      string
	Deviation      string
	CAPA           string
	Recall         string
	Tags           []string
	Custody        []string
	Photos         []string
	Reply          string
	By             string // who replies, or the Qualified Person who closes
}

// Apply changes a complaint by one step, or says why it may not.
func (c *Complaint) Apply(ch ComplaintChange, now time.Time) error {
	for _, err := range []error{oneOf("type", ch.Type, Types), oneOf("severity", ch.Severity, Severities), oneOf("harm", ch.Harm, Harms)} {
		if err != nil {
			return err
		}
	}
	if c.State == Closed && ch.To == "" {
		return errs.New(errs.Invalid, "quality.closed", errs.Args{"case": c.Number})
	}
	if ch.To != "" && ch.To != c.State && !slices.Contains(c.Next(), ch.To) {
		return notAllowed(c.Number, c.State, ch.To, c.Next())
	}
	next := *c // nothing changes when the step is refused
	next.take(ch)
	if ch.Harm != "" {
		next.Facts = cloneFacts(next.Facts)
		next.noteHarm(now)
	}
	if ch.HandedToPV != "" {
		next.Facts = cloneFacts(next.Facts)
		next.Facts.set(HandedToPVAt, now)
	}
	if ch.ADRReported {
		next.Facts = cloneFacts(next.Facts)
		next.Facts.set(ADRReportedAt, now)
	}
	if ch.To != "" && ch.To != c.State {
		if err := next.enter(ch, now); err != nil {
			return err
		}
	}
	*c = next
	return nil
}

func cloneFacts(f Facts) Facts {
	out := make(Facts, len(f))
	for k, v := range f {
		out[k] = v
	}
	return out
}

func (c *Complaint) take(ch ComplaintChange) {
	for field, value := range map[*string]string{
		&c.Lot: ch.Lot, &c.Type: ch.Type, &c.Severity: ch.Severity, &c.Harm: ch.Harm, &c.PVReference: ch.HandedToPV, &c.Risk: ch.Risk, &c.Owner: ch.Owner,
		&c.RetainedSample: ch.RetainedSample, &c.RootCause: ch.RootCause, &c.Deviation: ch.Deviation, &c.CAPA: ch.CAPA, &c.Recall: ch.Recall,
	} {
		if value != "" {
			*field = value
		}
	}
	if !ch.Expiry.IsZero() {
		c.Expiry = ch.Expiry
	}
	if ch.Lot != "" {
		c.Candidates = []Candidate{}
		if c.Derived != nil {
			said := *c.Derived
			said.Used = slices.DeleteFunc(slices.Clone(said.Used), func(field string) bool { return field == "lot" })
			c.Derived = &said
			c.Remarks = slices.Concat(slices.DeleteFunc(slices.Clone(c.Remarks), func(r Remark) bool { return r.Code == "quality.remark.code_other_lot" }), said.Differs("", ch.Lot))
		}
	}
	c.RelatedLots = union(c.RelatedLots, ch.RelatedLots)
	c.Tags = union(c.Tags, ch.Tags)
	c.Photos = union(c.Photos, ch.Photos)
	c.Custody = slices.Concat(c.Custody, ch.Custody)
}

func union(have, more []string) []string {
	out := slices.Clone(have)
	for _, m := range more {
		if !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// enter takes a complaint into its next state, when it has what that state needs.
func (c *Complaint) enter(ch ComplaintChange, now time.Time) error {
	from := c.State
	switch ch.To {
	case Triaged:
		if c.Severity == "" {
			return lacking(c.Number, ch.To, "severity", "--severity critical|major|minor")
		}
		if c.Owner == "" {
			return lacking(c.Number, ch.To, "owner", "--owner")
		}
	case RecallAssessed:
		if c.Risk == "" {
			return lacking(c.Number, ch.To, "risk", "--risk")
		}
	case Replied:
		if ch.Reply == "" {
			return lacking(c.Number, ch.To, "reply", "--reply")
		}
		if c.Severity == "critical" && from == Investigating && c.Risk == "" {
			return lacking(c.Number, ch.To, "risk", "--risk")
		}
		c.Reply = &Answer{At: now.UTC(), By: ch.By, Text: ch.Reply}
	case Closed:
		if ch.By == "" {
			return lacking(c.Number, ch.To, "qp", "--by")
		}
		if c.Harm != "none" && c.Facts[HandedToPVAt].IsZero() {
			return lacking(c.Number, ch.To, "pv", "--pv-reference")
		}
		c.ClosedBy = ch.By
	case Investigating:
		if from == Closed || from == Replied {
			if ch.Reason == "" {
				return lacking(c.Number, ch.To, "reopen", "--reason")
			}
			// The clock of the reply runs again from the day the complaint was received; its old end is history.
			c.Facts = cloneFacts(c.Facts)
			delete(c.Facts, RepliedAt)
			delete(c.Facts, ClosedAt)
			c.ClosedBy = ""
		}
	}
	c.State = ch.To
	c.Facts = cloneFacts(c.Facts)
	c.Facts.set(complaintFacts[ch.To], now)
	return nil
}

// ForComplaint lists the deadlines of a complaint.
func (p *Profile) ForComplaint(c *Complaint, lang string, now time.Time) []Deadline {
	return p.deadlines("complaint", lang, c.Facts, map[string]string{"severity": c.Severity, "harm": c.Harm}, now)
}
