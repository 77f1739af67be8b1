package quality

import (
	"cmp"
	"slices"
	"time"
)

// Fact names a moment that starts or stops a clock.
type Fact string

// Facts of cases. A reply's are NotifiedAt and AcknowledgedAt of the party.
const (
	ReceivedAt       Fact = "received_at"
	TriagedAt        Fact = "triaged_at"
	InvestigatingAt  Fact = "investigating_at"
	RecallAssessedAt Fact = "recall_assessed_at"
	RepliedAt        Fact = "replied_at"
	HarmKnownAt      Fact = "harm_known_at"
	HandedToPVAt     Fact = "handed_to_pv_at"
	ADRReportedAt    Fact = "adr_reported_at"
	ClosedAt         Fact = "closed_at"
	KnownAt          Fact = "known_at"
	AssessedAt       Fact = "assessed_at"
	DecidedAt        Fact = "decided_at"
	NoticedAt        Fact = "noticed_at"
	InProgressAt     Fact = "in_progress_at"
	PlanFiledAt      Fact = "plan_filed_at"
	ProgressFiledAt  Fact = "progress_filed_at"
	RecoveredAt      Fact = "recovered_at"
	DisposedAt       Fact = "disposed_at"
	ReconciledAt     Fact = "reconciled_at"
	ReportedAt       Fact = "reported_at"
	NotifiedAt       Fact = "notified_at"
	AcknowledgedAt   Fact = "acknowledged_at"
)

// Facts are when what happened in a case.
type Facts map[Fact]time.Time

// set notes a fact the first time it becomes true.
func (f Facts) set(name Fact, at time.Time) {
	if _, have := f[name]; !have {
		f[name] = at.UTC()
	}
}

// Deadline is a rule as it stands for one case.
type Deadline struct {
	Rule        string     `json:"rule"`
	What        string     `json:"what"`       // in the reader's language
	Clock       Fact       `json:"clock"`      // what started it
	StartedAt   time.Time  `json:"started_at"` //
	DueAt       time.Time  `json:"due_at"`     //
	DoneAt      *time.Time `json:"done_at"`    // null while open
	Late        bool       `json:"late"`       // done after it was due, or open and past it
	Limit       Span       `json:"limit"`
	Source      string     `json:"source"`
	Unconfirmed bool       `json:"unconfirmed"` // the limit was not seen in print
}

// Open reports whether the deadline still runs.
func (d *Deadline) Open() bool { return d.DoneAt == nil }

// deadlines are those rules of a kind of case whose clocks have started, earliest due first.
func (p *Profile) deadlines(kind, lang string, facts Facts, columns map[string]string, now time.Time) []Deadline {
	out := []Deadline{}
	for _, r := range p.Rules {
		start, started := facts[r.Clock]
		if r.Case != kind || !started {
			continue
		}
		limit, applies := r.Limits[columns[r.Column]]
		if !applies {
			if limit, applies = r.Limits["*"]; !applies {
				continue
			}
		}
		d := Deadline{Rule: r.Code, What: r.Text.In(lang), Clock: r.Clock, StartedAt: start, Limit: limit, Source: r.Source, Unconfirmed: !r.Confirmed}
		done, stopped := facts[r.Stop]
		if r.Every {
			if stopped {
				d.StartedAt, d.Clock = done, r.Stop
			}
			done, stopped = facts[r.Until]
		}
		d.DueAt = p.Calendar.After(d.StartedAt, limit)
		if stopped {
			d.DoneAt, d.Late = &done, done.After(d.DueAt)
			if r.Every { // what ends the row of reports is not one of them
				d.Late = false
			}
		} else {
			d.Late = now.After(d.DueAt)
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b Deadline) int { return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.Rule, b.Rule)) })
	return out
}

// NextDue is the earliest open deadline; nil when none is open.
func NextDue(all []Deadline) *time.Time {
	for _, d := range all {
		if d.Open() {
			return &d.DueAt
		}
	}
	return nil
}
