package quality_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/trace"
)

func requireCode(t require.TestingT, code string, err error) {
	require.Equal(t, code, errs.CodeOf(err), "%v", err)
}

var monday = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)

func recallOf(t require.TestingT) quality.Recall {
	r := quality.Recall{Number: "R-1", Class: "II", Reason: "x", Lots: []quality.LotScope{{Lot: "A"}}}
	require.NoError(t, r.Open(monday))
	return r
}

// TestNoStepSkipsAState: whatever is asked for, a recall moves by one state at a time or back to decided, and a refused
// step changes nothing.
func TestNoStepSkipsAState(t *testing.T) {
	order := []quality.State{quality.Draft, quality.Assessed, quality.Decided, quality.Noticed, quality.InProgress, quality.Recovered, quality.Disposed, quality.Reconciled,
		quality.Reported, quality.Closed, quality.ScopeExtended}
	place := func(s quality.State) int {
		for i, o := range order {
			if o == s {
				return i
			}
		}
		return -1
	}
	rapid.Check(t, func(t *rapid.T) {
		r := recallOf(t)
		now := monday
		for range 30 {
			now = now.Add(time.Hour)
			before := r
			s := quality.Step{To: rapid.SampledFrom(order).Draw(t, "to"), By: "qp", Reason: "y", Assessment: "a", Disposal: "d", Effectiveness: "e", Noticed: 1}
			if rapid.Bool().Draw(t, "filed") {
				s.Filing = &quality.Filing{What: "summary", No: "7"}
			}
			if r.State == quality.Disposed {
				r.Reconciliation, before.Reconciliation = []quality.Reconciliation{{}}, []quality.Reconciliation{{}}
			}
			err := r.Advance(s, now)
			var wrong *quality.TransitionError
			switch {
			case errors.As(err, &wrong):
				require.NotContains(t, before.Next(), s.To)
				require.Equal(t, before.Next(), wrong.Allowed)
				require.Equal(t, before, r)
			case err != nil:
				require.Equal(t, before, r)
			case s.To == quality.ScopeExtended:
				require.Equal(t, quality.Decided, r.State)
				require.Equal(t, before.ScopeVersion+1, r.ScopeVersion)
				require.Equal(t, now, r.Facts[quality.DecidedAt], "the clock of the notice runs anew")
			default:
				require.Contains(t, []int{place(before.State), place(before.State) + 1}, place(r.State))
			}
		}
	})
}

func TestARecallNeedsWhatItsStateRestsOn(t *testing.T) {
	r := recallOf(t)
	step := func(code string, s quality.Step) {
		t.Helper()
		err := r.Advance(s, monday)
		if code == "" {
			require.NoError(t, err)
			return
		}
		requireCode(t, code, err)
		require.NotContains(t, errs.Render(err, "zh"), "{", "the message is filled")
	}
	step("quality.not_next", quality.Step{To: quality.Noticed})
	step("quality.step_needs", quality.Step{To: quality.Assessed})
	step("quality.unknown_word", quality.Step{To: quality.Assessed, Class: "IV"})
	step("", quality.Step{To: quality.Assessed, Assessment: "a"})
	step("quality.step_needs", quality.Step{To: quality.Decided})
	step("", quality.Step{To: quality.Decided, By: "qp"})
	step("quality.no_notice", quality.Step{To: quality.Noticed})
	step("quality.unreached", quality.Step{To: quality.Noticed, Noticed: 2, Unreached: []string{"药房"}})
	step("", quality.Step{To: quality.Noticed, Noticed: 2})
	step("", quality.Step{To: quality.InProgress})
	step("quality.silent", quality.Step{To: quality.Recovered, Silent: []string{"a", "b", "c", "d", "e", "f"}})
	step("", quality.Step{To: quality.Recovered, Silent: []string{"a"}, Reason: "closed down"})
	step("quality.step_needs", quality.Step{To: quality.Disposed})
	step("", quality.Step{To: quality.Disposed, Disposal: "burnt"})
	step("quality.not_reconciled", quality.Step{To: quality.Reconciled})
	r.Reconciliation = []quality.Reconciliation{{}}
	step("", quality.Step{To: quality.Reconciled})
	step("quality.step_needs", quality.Step{To: quality.Reported})
	step("quality.filing", quality.Step{Filing: &quality.Filing{What: "summary"}})
	step("", quality.Step{To: quality.Reported, Filing: &quality.Filing{What: "summary", No: "7"}})
	step("quality.step_needs", quality.Step{To: quality.Closed, By: "qp"})
	step("", quality.Step{To: quality.Closed, By: "qp", Effectiveness: "all told"})
	step("quality.final", quality.Step{To: quality.Reported})
	step("quality.closed", quality.Step{PublicURL: "x"})
	empty := quality.Recall{}
	requireCode(t, "quality.no_lot", empty.Open(monday))
}

func TestAComplaintNeedsWhatItsStateRestsOn(t *testing.T) {
	c := quality.Complaint{Number: "C-1", Harm: "death"}
	require.NoError(t, c.Open(monday))
	step := func(code string, ch quality.ComplaintChange) {
		t.Helper()
		before := c
		err := c.Apply(ch, monday.Add(time.Hour))
		if code == "" {
			require.NoError(t, err)
			return
		}
		requireCode(t, code, err)
		require.Equal(t, before, c, "a refused step changes nothing")
	}
	step("quality.not_next", quality.ComplaintChange{To: quality.Replied})
	step("quality.step_needs", quality.ComplaintChange{To: quality.Triaged, Severity: "critical"})
	step("quality.unknown_word", quality.ComplaintChange{Severity: "awful"})
	step("", quality.ComplaintChange{To: quality.Triaged, Severity: "critical", Owner: "林"})
	step("", quality.ComplaintChange{To: quality.Investigating})
	step("quality.step_needs", quality.ComplaintChange{To: quality.Replied, Reply: "sorry"})
	step("quality.step_needs", quality.ComplaintChange{To: quality.RecallAssessed})
	step("", quality.ComplaintChange{To: quality.RecallAssessed, Risk: "no recall"})
	step("quality.step_needs", quality.ComplaintChange{To: quality.Replied})
	step("", quality.ComplaintChange{To: quality.Replied, Reply: "sorry", By: "林"})
	step("quality.step_needs", quality.ComplaintChange{To: quality.Closed})
	step("quality.step_needs", quality.ComplaintChange{To: quality.Closed, By: "qp"}) // pharmacovigilance was not told
	step("", quality.ComplaintChange{To: quality.Closed, By: "qp", HandedToPV: "PV-1"})
	step("quality.closed", quality.ComplaintChange{Owner: "other"})
	step("quality.step_needs", quality.ComplaintChange{To: quality.Investigating})
	step("", quality.ComplaintChange{To: quality.Investigating, Reason: "it happened again"})
	require.Empty(t, c.ClosedBy)
	require.Zero(t, c.Facts[quality.RepliedAt], "the reply is due again")

	future := quality.Complaint{ReceivedAt: monday.Add(48 * time.Hour)}
	requireCode(t, "quality.in_future", future.Open(monday))
	requireCode(t, "quality.negative", (&quality.Complaint{Quantity: -1}).Check())
	requireCode(t, "quality.bad_trace_code", (&quality.Complaint{TraceCode: "81 2"}).Check())
}

func TestProfilesLoadAndSayTheirSources(t *testing.T) {
	require.Contains(t, quality.Profiles(), quality.DefaultProfile)
	for _, name := range quality.Profiles() {
		p, err := quality.LoadProfile(name)
		require.NoError(t, err)
		require.Equal(t, name, p.Name)
		require.NotZero(t, p.Drill.ListSeconds)
	}
	_, err := quality.LoadProfile("cn-2023")
	requireCode(t, "quality.unknown_profile", err)
	require.Contains(t, err.Error(), "cn-2022")
	own, err := quality.ParseProfile("own.yaml", []byte(`
name: house
version: "3"
extends: cn-2022
calendar: {holidays: ["2026-03-03"]}
rules:
  - {code: complaint.triage, case: complaint, clock: received_at, stop: triaged_at, limits: {"*": 1wd}, text: {en: t, zh: 初}, source: SOP-7, confirmed: true}
`))
	require.NoError(t, err)
	c := quality.Complaint{Number: "C-1"}
	require.NoError(t, c.Open(monday))
	d := own.ForComplaint(&c, "zh", monday)
	require.Equal(t, "complaint.triage", d[0].Rule)
	require.Equal(t, "初", d[0].What)
	require.Equal(t, time.Date(2026, 3, 4, 16, 0, 0, 0, time.UTC), d[0].DueAt, "Tuesday is a holiday: the working day ends with Wednesday")
	for _, bad := range []string{"", "name: x", "name: x\nversion: 1\nrules: [{code: a}]", "name: x\nversion: \"1\"\nrulez: []",
		"name: x\nversion: \"1\"\nrules: [{code: a, case: recall, clock: k, stop: s, limits: {I: 3 days}, text: {en: a, zh: b}, source: s}]"} {
		_, err := quality.ParseProfile("bad.yaml", []byte(bad))
		requireCode(t, "quality.bad_profile", err)
	}
}

func FuzzParseProfile(f *testing.F) {
	f.Add("name: x\nversion: \"1\"\nextends: cn-2022\n")
	f.Add("rules: [{code: a, limits: {I: 1d}}]")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := quality.ParseProfile("f.yaml", []byte(text))
		if err == nil {
			require.NotEmpty(t, p.Title())
		} else {
			require.NotEmpty(t, errs.CodeOf(err))
		}
	})
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]quality.Span{"24h": {Hours: 24}, "3d": {Hours: 72}, "10wd": {WorkingDays: 10}, "0": {}} {
		s, err := quality.ParseSpan(text)
		require.NoError(t, err)
		require.Equal(t, want, s)
		again, err := quality.ParseSpan(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
	}
	for _, bad := range []string{"", "d", "-1d", "1", "1w", "1dd", "1.5h", "99999999h"} {
		_, err := quality.ParseSpan(bad)
		require.Error(t, err, bad)
	}
}

func TestRemindersComeOnceForEachThreshold(t *testing.T) {
	p, err := quality.LoadProfile(quality.DefaultProfile)
	require.NoError(t, err)
	at := func(hours int) time.Time { return monday.Add(time.Duration(hours) * time.Hour) }
	rows := []quality.Affected{{Key: "a", Lot: "A"}, {Key: "a", Lot: "B"}, {Key: "b", Lot: "A"}, {Key: "c", Lot: "A"}}
	for i := range rows[:3] {
		rows[i].Notice = &quality.Notified{At: monday, ReplyBy: at(100)}
	}
	rows[2].Replies.Acknowledgment = &quality.Reply{}
	require.Empty(t, p.DueReminders(rows, at(49)))
	due := p.DueReminders(rows, at(50))
	require.Equal(t, []quality.Reminder{{Key: "a", Rows: []int{0, 1}, Percent: 50}}, due, "one letter for both lots; who answered, or has no notice, gets none")
	rows[0].Reminded, rows[1].Reminded = 50, 50
	require.Empty(t, p.DueReminders(rows, at(79)))
	due = p.DueReminders(rows, at(500))
	require.Equal(t, []quality.Reminder{{Key: "a", Rows: []int{0, 1}, Percent: 100, Escalate: true}}, due, "what was missed is one reminder")
}

func TestLettersAreSafeAndComplete(t *testing.T) {
	r := recallOf(t)
	r.Kind, r.Product, r.Unit, r.Reason = quality.Drill, trace.ProductRef{Name: "片\n致：别人", Spec: "10片"}, "盒", "变色 {{.Contact}}"
	a := quality.Affected{Key: "../../etc/passwd", Lot: "A"}
	a.Customer.Name, a.Received = "药房\x1b[31m\r\n联系方式：骗子", canonical.Units(5)
	for _, lang := range []string{"zh", "en", "both"} {
		for _, percent := range []int{0, 80} {
			text, err := r.Write([]quality.Affected{a}, quality.Sender{Company: "百川", Contact: "林 0571"}, lang, monday, monday, percent)
			require.NoError(t, err)
			require.NotContains(t, text, "\x1b")
			require.NotContains(t, text, "\n联系方式：骗子", "foreign text adds no line")
			require.Contains(t, text, "林 0571")
			require.NotContains(t, text, "<no value>")
			if lang != "en" {
				require.Contains(t, text, "演练", "a drill says so")
			}
			if percent == 0 {
				require.Contains(t, text, "{{.Contact}}", "a reason is no template")
			}
		}
	}
	require.False(t, strings.ContainsAny(r.FileName(&a, 0), `/\`), r.FileName(&a, 0))
}

func TestCandidatesShareOutCertainty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lots []trace.LotReceipt
		for i := range rapid.IntRange(0, 5).Draw(t, "lots") {
			q := units(t, "received")
			l := trace.LotReceipt{Lot: string(rune('A' + i)), Received: q, ReceivedHigh: q, ReceivedLow: q}
			if rapid.Bool().Draw(t, "possible") {
				l.ReceivedLow, l.ReceivedHigh = 0, q+canonical.Units(7)
			}
			lots = append(lots, l)
		}
		got := quality.CandidatesOf(lots)
		sum := canonical.Quantity(0)
		for _, c := range got {
			p, err := canonical.ParseQuantity(c.Probability)
			require.NoError(t, err)
			sum += p
		}
		if len(got) > 0 {
			require.Equal(t, canonical.Units(1), sum)
		}
	})
}
