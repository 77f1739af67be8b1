package quality

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/trace"
)

// States of a recall besides Closed. ScopeExtended is a step, not a place: it leads back to Decided with a new version.
const (
	Draft         State = "draft"
	Assessed      State = "assessed"
	Decided       State = "decided"
	Noticed       State = "noticed"
	InProgress    State = "in_progress"
	Recovered     State = "recovered"
	Disposed      State = "disposed"
	Reconciled    State = "reconciled"
	Reported      State = "reported"
	ScopeExtended State = "scope_extended"
)

var recallOrder = []State{Draft, Assessed, Decided, Noticed, InProgress, Recovered, Disposed, Reconciled, Reported, Closed}

var recallFacts = map[State]Fact{Assessed: AssessedAt, Decided: DecidedAt, Noticed: NoticedAt, InProgress: InProgressAt, Recovered: RecoveredAt,
	Disposed: DisposedAt, Reconciled: ReconciledAt, Reported: ReportedAt, Closed: ClosedAt}

// Kinds of recalls. A drill never leaves the house.
const (
	Voluntary = "voluntary"
	Ordered   = "ordered"
	Drill     = "drill"
)

// Kinds and Classes are the words of a recall.
var (
	Kinds   = []string{Voluntary, Ordered, Drill}
	Classes = []string{"I", "II", "III"}
)

// Filing is a report to an authority.
type Filing struct {
	What      string         `json:"what"` // plan, progress, summary
	Authority string         `json:"authority"`
	No        string         `json:"no"`
	Date      canonical.Date `json:"date"`
}

// filingFacts are what a filing of a kind makes true.
var filingFacts = map[string]Fact{"plan": PlanFiledAt, "progress": ProgressFiledAt, "summary": ReportedAt}

// Filings are the kinds of reports.
var Filings = []string{"plan", "progress", "summary"}

// LotScope is a lot in a recall as the trace had it when the list was made: all but the parties, which are Affected.
type LotScope struct {
	Lot       string             `json:"lot"`
	Unit      string             `json:"unit"`
	Released  canonical.Quantity `json:"released"`
	AsOf      canonical.Date     `json:"as_of"`
	ListedAt  time.Time          `json:"listed_at"`
	MfgDate   canonical.Date     `json:"mfg_date"`
	ExpDate   canonical.Date     `json:"exp_date"`
	Totals    trace.Totals       `json:"totals"`
	Gaps      []trace.Gap        `json:"gaps"`
	Maker     *trace.PartyResult `json:"maker"`
	Truncated bool               `json:"truncated"`
}

// Recall is a recall without its affected list.
type Recall struct {
	ID             canonical.ID     `json:"recall_id"`
	Number         string           `json:"number"`
	Kind           string           `json:"kind"`
	Class          string           `json:"class"`
	State          State            `json:"state"`
	Product        trace.ProductRef `json:"product"`
	ApprovalNo     string           `json:"approval_no"`
	Unit           string           `json:"unit"`
	Lots           []LotScope       `json:"lots"`
	ScopeVersion   int              `json:"scope_version"`
	ReasonCode     string           `json:"reason_code"`
	Reason         string           `json:"reason"`
	Complaints     []string         `json:"complaints"`
	Assessment     string           `json:"assessment"`
	Plan           string           `json:"plan"`
	AssessedBy     string           `json:"assessed_by"`
	DecidedBy      string           `json:"decided_by"`
	Filings        []Filing         `json:"filings"`
	PublicURL      string           `json:"public_url"`
	NoticeVersion  int              `json:"notice_version"`
	Contact        string           `json:"contact"`       // whom the notices ask to answer
	Disposal       string           `json:"disposal"`      // how the goods that came back were destroyed or reworked, supervised by whom, record
	Effectiveness  string           `json:"effectiveness"` // who was contacted, proof, did they act
	CAPA           string           `json:"capa"`
	ClosedBy       string           `json:"closed_by"`
	Reconciliation []Reconciliation `json:"reconciliation"` // as last stored by `recall reconcile`
	DrillReport    *DrillReport     `json:"drill_report"`
	Completeness   *Completeness    `json:"completeness"` // of the ledgers that the list rests on; null before it was decided on
	Profile        string           `json:"profile"`
	Facts          Facts            `json:"facts"`
}

// Open makes a recall that was just drafted.
func (r *Recall) Open(now time.Time) error {
	if r.Kind == "" {
		r.Kind = Voluntary
	}
	for _, err := range []error{oneOf("kind", r.Kind, Kinds), oneOf("class", r.Class, Classes)} {
		if err != nil {
			return err
		}
	}
	if len(r.Lots) == 0 {
		return errs.New(errs.Invalid, "quality.no_lot", nil)
	}
	r.State, r.ScopeVersion, r.Facts = Draft, 1, Facts{KnownAt: now.UTC()}
	if r.Complaints == nil {
		r.Complaints = []string{}
	}
	r.Filings, r.Reconciliation = []Filing{}, []Reconciliation{}
	return nil
}

// LotNumbers are the lots in scope.
func (r *Recall) LotNumbers() []string {
	out := make([]string, len(r.Lots))
	for i, l := range r.Lots {
		out[i] = l.Lot
	}
	return out
}

// Next are the states that may follow.
func (r *Recall) Next() []State {
	at := slices.Index(recallOrder, r.State)
	if at < 0 || at == len(recallOrder)-1 {
		return nil
	}
	next := []State{recallOrder[at+1]}
	if at >= slices.Index(recallOrder, Decided) {
		next = append(next, ScopeExtended)
	}
	return next
}

// Beyond reports whether a recall has reached a state.
func (r *Recall) Beyond(s State) bool {
	return slices.Index(recallOrder, r.State) >= slices.Index(recallOrder, s)
}

// Step is one step of a recall. Empty fields change nothing.
type Step struct {
	To            State // "" or the present state: only the fields
	By            string
	Reason        string
	Class         string
	Assessment    string
	Plan          string
	Filing        *Filing
	PublicURL     string
	Disposal      string
	Effectiveness string
	CAPA          string
	// Silent are parties whose goods are not settled; Recovered needs a Reason when there are any.
	Silent []string
	// Noticed is how many parties have a notice; the state of that name needs one.
	Noticed int
	// Unreached are parties without a notice; Noticed needs a Reason when there are any.
	Unreached []string
}

// Advance takes a recall one step on, or says why it may not.
func (r *Recall) Advance(s Step, now time.Time) error {
	if err := oneOf("class", s.Class, Classes); err != nil {
		return err
	}
	moves := s.To != "" && s.To != r.State
	if moves && !slices.Contains(r.Next(), s.To) {
		return notAllowed(r.Number, r.State, s.To, r.Next())
	}
	if !moves && r.State == Closed {
		return errs.New(errs.Invalid, "quality.closed", errs.Args{"case": r.Number})
	}
	next := *r // nothing changes when the step is refused
	next.Facts = cloneFacts(r.Facts)
	for field, value := range map[*string]string{&next.Class: s.Class, &next.Assessment: s.Assessment, &next.Plan: s.Plan, &next.PublicURL: s.PublicURL,
		&next.Disposal: s.Disposal, &next.Effectiveness: s.Effectiveness, &next.CAPA: s.CAPA} {
		if value != "" {
			*field = value
		}
	}
	if f := s.Filing; f != nil {
		if err := oneOf("filing", f.What, Filings); err != nil {
			return err
		}
		if f.What == "" || f.No == "" {
			return errs.New(errs.Invalid, "quality.filing", errs.Args{"known": listed(Filings)})
		}
		next.Filings = append(slices.Clone(r.Filings), *f)
		if f.What == "progress" {
			next.Facts[ProgressFiledAt] = now.UTC()
		} else if f.What == "plan" {
			next.Facts.set(filingFacts[f.What], now)
		}
	}
	if moves {
		if err := next.enter(s, now); err != nil {
			return err
		}
	}
	*r = next
	return nil
}

// enter takes a recall into its next state, when it has what that state needs.
func (r *Recall) enter(s Step, now time.Time) error {
	switch s.To {
	case Assessed:
		if r.Class == "" {
			return lacking(r.Number, s.To, "class", "--class I|II|III")
		}
		if r.Assessment == "" {
			return lacking(r.Number, s.To, "assessment", "--assessment")
		}
		r.AssessedBy = s.By
	case Decided:
		if s.By == "" {
			return lacking(r.Number, s.To, "decider", "--by")
		}
		r.DecidedBy = s.By
	case Noticed:
		if s.Noticed == 0 {
			return errs.New(errs.Invalid, "quality.no_notice", errs.Args{"case": r.Number})
		}
		if len(s.Unreached) > 0 && s.Reason == "" {
			return errs.New(errs.Invalid, "quality.unreached", errs.Args{"case": r.Number, "count": len(s.Unreached), "parties": few(s.Unreached)})
		}
	case Recovered:
		if len(s.Silent) > 0 && s.Reason == "" {
			return errs.New(errs.Invalid, "quality.silent", errs.Args{"case": r.Number, "count": len(s.Silent), "parties": few(s.Silent)})
		}
	case Disposed:
		if r.Disposal == "" {
			return lacking(r.Number, s.To, "disposal", "--disposal")
		}
	case Reconciled:
		if len(r.Reconciliation) == 0 {
			return errs.New(errs.Invalid, "quality.not_reconciled", errs.Args{"case": r.Number})
		}
	case Reported:
		if r.Kind != Drill && !slices.ContainsFunc(r.Filings, func(f Filing) bool { return f.What == "summary" }) {
			return lacking(r.Number, s.To, "summary", "--filing summary --filing-no")
		}
	case Closed:
		if s.By == "" {
			return lacking(r.Number, s.To, "qp", "--by")
		}
		if r.Effectiveness == "" {
			return lacking(r.Number, s.To, "effectiveness", "--effectiveness")
		}
		r.ClosedBy = s.By
	case ScopeExtended:
		if s.Reason == "" {
			return lacking(r.Number, s.To, "extension", "--reason")
		}
		r.ScopeVersion++
		r.Reconciliation = []Reconciliation{}
		// A changed plan is filed again and everyone is told again: those clocks start anew at this decision.
		for _, f := range []Fact{NoticedAt, InProgressAt, RecoveredAt, DisposedAt, ReconciledAt, ReportedAt, PlanFiledAt, ProgressFiledAt, DecidedAt} {
			delete(r.Facts, f)
		}
		if s.By != "" {
			r.DecidedBy = s.By
		}
		r.State = Decided
		r.Facts.set(DecidedAt, now)
		return nil
	}
	r.State = s.To
	r.Facts.set(recallFacts[s.To], now)
	return nil
}

// few names the first parties of a long list.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + ", … (+" + strconv.Itoa(len(names)-most) + ")"
}

// ForRecall lists the deadlines of a recall.
func (p *Profile) ForRecall(r *Recall, lang string, now time.Time) []Deadline {
	if r.Kind == Drill {
		return []Deadline{} // nothing is owed to anybody
	}
	return p.deadlines("recall", lang, r.Facts, map[string]string{"class": r.Class}, now)
}
