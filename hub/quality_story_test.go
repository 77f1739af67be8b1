package hub_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/events"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/quality"
	"tributary/store"
	"tributary/test/servers"
)

// story is a hub with the worked example on a clock that the test sets.
type story struct {
	*testing.T
	*hub.Hub
	now time.Time
}

func storyOnBoth(t *testing.T, tell func(s *story)) {
	for name, url := range map[string]func(*testing.T) string{"sqlite": func(*testing.T) string { return "sqlite:hub.db" }, "postgres": func(t *testing.T) string { return servers.PostgresSchema(t) }} {
		t.Run(name, func(t *testing.T) {
			s := &story{T: t, now: time.Now()}
			at := url(t)
			h := traceHub(t, at)
			// The same database again, on the story's clock.
			db, err := store.Open(t.Context(), store.Config{URL: at, DataDir: h.Config.DataDir, Now: s.clock, Rand: rand.Reader, Verb: "test"})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			on := *h
			on.DB, on.Now = db, s.clock
			s.Hub = &on
			s.now = time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC) // a Monday, 9 o'clock in China
			tell(s)
		})
	}
}

func (s *story) clock() time.Time { return s.now }

func (s *story) after(d time.Duration) { s.now = s.now.Add(d) }

func (s *story) complaint(number string, ch quality.ComplaintChange) hub.ComplaintView {
	s.Helper()
	v, err := s.UpdateComplaint(s.Context(), number, ch, "en")
	require.NoError(s, err)
	return v
}

func (s *story) advance(number string, req hub.AdvanceRecallRequest) hub.RecallView {
	s.Helper()
	req.Lang = "en"
	v, err := s.AdvanceRecall(s.Context(), number, req)
	require.NoError(s, err)
	return v
}

func (s *story) reply(number string, req hub.RecallReplyRequest) hub.RecallView {
	s.Helper()
	req.Lang = "en"
	v, err := s.ReplyRecall(s.Context(), number, req)
	require.NoError(s, err)
	return v
}

// told are the event types of a key in the outbox, in the order of their versions.
func (s *story) told(topic, key string) []string {
	s.Helper()
	var out []string
	shards, err := s.DB.PendingShards(s.Context())
	require.NoError(s, err)
	for _, shard := range shards {
		chunks, err := s.DB.PendingChunks(s.Context(), shard, 10_000)
		require.NoError(s, err)
		for _, c := range chunks {
			for _, e := range c.Events {
				if e.Topic == topic && e.Key == key {
					require.EqualValues(s, len(out)+1, e.Version, "no version is left out")
					out = append(out, strings.TrimSuffix(strings.TrimPrefix(e.Type, "tributary.quality."), ".v1"))
				}
			}
		}
	}
	return out
}

// recorded are the audit actions of a subject.
func (s *story) recorded(subject string) []string {
	s.Helper()
	rows, err := s.DB.AuditOf(s.Context(), subject)
	require.NoError(s, err)
	var out []string
	for _, r := range rows {
		out = append(out, r.Action)
	}
	return out
}

func open(all []quality.Deadline, rule string) *quality.Deadline {
	for i := range all {
		if all[i].Rule == rule {
			return &all[i]
		}
	}
	return nil
}

// TestAComplaintBecomesARecallAndIsClosed is docs/quality.md as a test.
func TestAComplaintBecomesARecallAndIsClosed(t *testing.T) {
	storyOnBoth(t, func(s *story) {
		ctx := s.Context()
		// A pharmacy's customer complains; the lot was not noted.
		c, err := s.OpenComplaint(ctx, hub.OpenComplaintRequest{Product: "AMX24", BoughtAt: "P1", BoughtOn: "2025-03-28", Quantity: "2", Origin: "patient", Type: "quality_defect",
			Reporter: quality.Personal{Name: "王小明", Phone: "13812345678", Text: "药片变色，孩子吃后呕吐"}, Source: "crm", SourceID: "K-1", Lang: "en"})
		require.NoError(s, err)
		require.Equal(s, "C-2026-0001", c.Number)
		require.Equal(s, "138****5678", c.Reporter.Phone)
		require.Equal(s, "***", c.Reporter.Text)
		require.Len(s, c.Candidates, 1)
		require.Equal(s, "250301", c.Candidates[0].Lot)
		require.Equal(s, "1", c.Candidates[0].Probability)
		triage := open(c.Deadlines, "complaint.triage")
		require.Equal(s, quality.ReceivedAt, triage.Clock)
		require.Equal(s, s.now.Add(48*time.Hour), triage.DueAt)

		again, err := s.OpenComplaint(ctx, hub.OpenComplaintRequest{Product: "AMX24", Source: "crm", SourceID: "K-1"})
		require.NoError(s, err)
		require.True(s, again.Existed)
		require.Equal(s, c.Number, again.Number, "the CRM may send it again")

		_, err = s.UpdateComplaint(ctx, c.Number, quality.ComplaintChange{To: quality.Closed, By: "qp"}, "en")
		var wrong *quality.TransitionError
		require.True(s, errors.As(err, &wrong))
		require.Equal(s, []quality.State{quality.Triaged}, wrong.Allowed)
		require.Equal(s, errs.Invalid, errs.KindOf(err))

		// Triage: a child was harmed, pharmacovigilance has its own clock.
		s.after(3 * time.Hour)
		c = s.complaint(c.Number, quality.ComplaintChange{To: quality.Triaged, Severity: "critical", Harm: "serious", Owner: "林", Lot: "250301"})
		require.Equal(s, s.now.Add(15*24*time.Hour), open(c.Deadlines, "complaint.adr").DueAt)
		require.False(s, open(c.Deadlines, "complaint.triage").Late)
		c = s.complaint(c.Number, quality.ComplaintChange{To: quality.Investigating, HandedToPV: "PV-77", RelatedLots: []string{"250302"}})
		require.NotNil(s, open(c.Deadlines, "complaint.pv").DoneAt)
		list, err := s.ListComplaints(ctx, hub.CaseFilter{Overdue: true})
		require.NoError(s, err)
		require.Empty(s, list.Complaints)
		s.after(20 * 24 * time.Hour)
		list, err = s.ListComplaints(ctx, hub.CaseFilter{Overdue: true})
		require.NoError(s, err)
		require.Len(s, list.Complaints, 1, "the reply and the report of the reaction are overdue")
		c = s.complaint(c.Number, quality.ComplaintChange{To: quality.RecallAssessed, Risk: "dissolution out of limits in the retained sample: recall, class II", ADRReported: true, RootCause: "溶出度不合格"})

		// The recall: product, lot and reason come from the complaint.
		r, err := s.OpenRecall(ctx, hub.OpenRecallRequest{Complaints: []string{c.Number}, Lang: "en"})
		require.NoError(s, err)
		no := r.Number
		require.Equal(s, "R-2026-0001", no)
		requireWorkedList(s, r.Affected)
		c, err = s.ShowComplaint(ctx, c.Number, hub.Unmask{}, "en")
		require.NoError(s, err)
		require.Equal(s, no, c.Recall)

		_, err = s.NotifyRecall(ctx, no, hub.NotifyRecallRequest{Contact: "QA", Lang: "en"})
		require.Equal(s, "quality.no_notice_now", errs.CodeOf(err))
		s.advance(no, hub.AdvanceRecallRequest{Class: "II", Assessment: "reversible harm"})
		r = s.advance(no, hub.AdvanceRecallRequest{By: "质量受权人", Plan: "stop sale, take back, destroy"})
		require.Equal(s, quality.Decided, r.State)
		require.Equal(s, s.now.Add(3*24*time.Hour), open(r.Deadlines, "recall.notice").DueAt)
		require.True(s, open(r.Deadlines, "recall.notice").Unconfirmed, "the limits of 2022 were not read in print")

		// Notices: the parties of the example have no contact, so each is told by a person.
		_, err = s.NotifyRecall(ctx, no, hub.NotifyRecallRequest{Lang: "en"})
		require.Equal(s, "quality.no_sender_contact", errs.CodeOf(err))
		out := s.TempDir()
		made, err := s.NotifyRecall(ctx, no, hub.NotifyRecallRequest{Contact: "质量部 林 0571-88001122", OutDir: out, Language: "both", Lang: "en"})
		require.NoError(s, err)
		require.Len(s, made.Notices, 8)
		require.Len(s, made.NoContact, 8)
		require.Equal(s, quality.Decided, made.State)
		letter, err := os.ReadFile(filepath.Join(out, no+"-v1-C1.txt"))
		require.NoError(s, err)
		for _, want := range []string{"药品召回通知", "二级召回", "250301", "350", "0571-88001122", "溶出度不合格", "DRUG RECALL NOTICE", "between 0 and 500"} {
			require.Contains(s, string(letter), want)
		}
		require.NotContains(s, string(letter), "王小明")
		_, err = s.NotifyRecall(ctx, no, hub.NotifyRecallRequest{Contact: "QA", Party: "D1", Channel: "phone", OutDir: out, Lang: "en"})
		require.Equal(s, "quality.no_address", errs.CodeOf(err))
		_, err = s.AdvanceRecall(ctx, no, hub.AdvanceRecallRequest{To: "noticed", Lang: "en"})
		require.Equal(s, "quality.unreached", errs.CodeOf(err))
		for _, p := range []string{"D1", "D2", "D3", "H1", "H2", "P1", "P2", "C1"} {
			made, err = s.NotifyRecall(ctx, no, hub.NotifyRecallRequest{Contact: "QA", Party: p, Channel: "phone", To: "值班 0571-1", OutDir: out, Lang: "en"})
			require.NoError(s, err)
		}
		require.Equal(s, quality.Noticed, made.State, "once everybody was reached, the recall is noticed")
		r = s.advance(no, hub.AdvanceRecallRequest{Stay: true, FilingWhat: "plan", FilingNo: "浙召-7", Authority: "浙江省药监局"})
		require.NotNil(s, open(r.Deadlines, "recall.plan").DoneAt)
		require.Equal(s, quality.NoticedAt, open(r.Deadlines, "recall.progress").Clock)

		// Replies; C1 stays silent and is reminded at 50 %, 80 % and 100 % of 48 hours, then its silence is escalated.
		s.after(10 * time.Hour)
		for party, held := range map[string]string{"D1": "1120", "D2": "880", "D3": "150", "H1": "480", "H2": "200", "P2": "120"} {
			s.reply(no, hub.RecallReplyRequest{Party: party, Stage: "acknowledgment", By: "张三"})
			s.reply(no, hub.RecallReplyRequest{Party: party, Stage: "impact", Impact: "has"})
			s.reply(no, hub.RecallReplyRequest{Party: party, Stage: "quantity", Held: held})
			r = s.reply(no, hub.RecallReplyRequest{Party: party, Stage: "completion", Returned: held, Evidence: "退货单"})
			require.Empty(s, r.Remarks, party)
		}
		require.Equal(s, quality.InProgress, r.State)
		s.reply(no, hub.RecallReplyRequest{Party: "P1", Stage: "quantity", Held: "510", Used: "40"})
		s.reply(no, hub.RecallReplyRequest{Party: "P1", Stage: "completion", Returned: "510"})
		var percents []int
		for range 10 {
			s.after(6 * time.Hour)
			made, err = s.NotifyRecall(ctx, no, hub.NotifyRecallRequest{Contact: "QA", Remind: true, OutDir: out, Lang: "en"})
			require.NoError(s, err)
			for _, n := range made.Notices {
				require.Equal(s, "C1", n.Code)
				percents = append(percents, n.Percent)
			}
			n, err := s.RemindRecalls(ctx)
			require.NoError(s, err)
			require.Zero(s, n, "what was written is not written again")
		}
		require.Equal(s, []int{50, 80, 100, 100}, percents, "the last one is the escalation")
		_, err = s.AdvanceRecall(ctx, no, hub.AdvanceRecallRequest{To: "recovered", Lang: "en"})
		require.Equal(s, "quality.silent", errs.CodeOf(err))
		s.reply(no, hub.RecallReplyRequest{Party: "C1", Stage: "completion", Returned: "70"})

		// Balance, disposal, report, pack, closing.
		r = s.advance(no, hub.AdvanceRecallRequest{To: "recovered"})
		due := open(r.Deadlines, "recall.summary")
		require.Equal(s, s.now.In(time.FixedZone("", 8*3600)).AddDate(0, 0, 15).Format(time.DateOnly), due.DueAt.In(time.FixedZone("", 8*3600)).Format(time.DateOnly), "ten working days end with the fourteenth day")
		s.advance(no, hub.AdvanceRecallRequest{Disposal: "incinerated under supervision, record 9"})
		balance, err := s.ReconcileRecall(ctx, no, "en")
		require.NoError(s, err)
		requireWorkedBalance(s, balance)
		s.advance(no, hub.AdvanceRecallRequest{To: "reconciled"})
		s.advance(no, hub.AdvanceRecallRequest{FilingWhat: "summary", FilingNo: "浙召总-7"})
		dir := filepath.Join(s.TempDir(), "pack")
		packed, err := s.PackRecall(ctx, no, dir, "zh")
		require.NoError(s, err)
		requirePackTellsTheSame(s, no, dir)
		report, err := s.VerifyPack(dir, packed.Digest)
		require.NoError(s, err)
		require.True(s, report.OK)
		require.FileExists(s, filepath.Join(dir, "epcis.jsonld"))
		r = s.advance(no, hub.AdvanceRecallRequest{By: "质量受权人", Effectiveness: "8 of 8 called, goods counted twice"})
		require.Equal(s, quality.Closed, r.State)
		require.Nil(s, r.DueAt)
		_, err = s.ReplyRecall(ctx, no, hub.RecallReplyRequest{Party: "C1", Stage: "completion", Returned: "71"})
		require.Equal(s, "quality.no_reply_now", errs.CodeOf(err))
		s.complaint(c.Number, quality.ComplaintChange{To: quality.Replied, Reply: "该批号已召回，感谢您的反馈"})
		c = s.complaint(c.Number, quality.ComplaintChange{To: quality.Closed, By: "质量受权人"})
		require.True(s, open(c.Deadlines, "complaint.reply").Late)

		// Every step is an event and an audit line.
		told, recorded := s.told(events.TopicComplaint, c.Number), s.recorded(c.Number)
		require.Equal(s, "complaint.opened complaint.updated complaint.updated complaint.updated complaint.updated complaint.updated complaint.closed", strings.Join(told, " "))
		require.Len(s, recorded, len(told))
		told, recorded = s.told(events.TopicRecall, no), s.recorded(no)
		require.Len(s, recorded, len(told))
		require.Equal(s, "recall.opened", told[0])
		require.Equal(s, "recall.closed", told[len(told)-1])
		for _, op := range []string{"recall.notified", "recall.replied", "recall.reminded", "recall.reconciled"} {
			require.Contains(s, told, op)
		}
		_, err = s.DB.SealAudit(ctx)
		require.NoError(s, err)
		proof, err := s.VerifyAudit(ctx, "en")
		require.NoError(s, err)
		require.True(s, proof.OK)

		// Who reported it is seen in clear only with a reason, which is recorded.
		clear, err := s.ShowComplaint(ctx, c.Number, hub.Unmask{Wanted: true, Reason: "call back"}, "en")
		require.NoError(s, err)
		require.Equal(s, "王小明", clear.Reporter.Name)
		require.Contains(s, s.recorded(c.Number), "complaint.unmask")
		s.Actor.Role = hub.CRM
		_, err = s.ShowComplaint(ctx, c.Number, hub.Unmask{Wanted: true, Reason: "x"}, "en")
		require.Equal(s, errs.Denied, errs.KindOf(err))
		_, err = s.AdvanceRecall(ctx, no, hub.AdvanceRecallRequest{})
		require.Equal(s, errs.Denied, errs.KindOf(err))
	})
}

func requireWorkedList(s *story, list []quality.Affected) {
	s.Helper()
	got := map[string][]string{}
	for _, a := range list {
		grade := string(a.Grade)
		if grade == "A" {
			grade = "B"
		}
		got[a.Customer.Code] = []string{a.Received.String(), a.ReceivedLow.String(), a.ReceivedHigh.String(), a.Attributed.High.String(), grade, map[bool]string{true: "possible"}[a.Possible]}
	}
	require.Equal(s, map[string][]string{
		"D1": {"6320", "6320", "6320", "0", "B", ""}, "D2": {"4100", "4100", "4100", "0", "B", ""}, "D3": {"2000", "2000", "2000", "0", "B", ""},
		"H1": {"2400", "2400", "2400", "0", "B", ""}, "H2": {"900", "900", "900", "0", "B", ""}, "P1": {"3000", "3000", "3000", "0", "B", ""}, "P2": {"500", "500", "500", "0", "B", ""},
		"C1": {"350", "0", "500", "500", "C", "possible"},
	}, got)
}

func requireWorkedBalance(s *story, b hub.ReconcileReport) {
	s.Helper()
	require.Len(s, b.Lots, 1)
	lot := b.Lots[0]
	text, err := json.Marshal(lot.Totals)
	require.NoError(s, err)
	require.JSONEq(s, `{"released":"10000","net_shipped":"9300","own_stock":"340","sampled":"60","quarantined":"300","channel_stock":"0","in_transit":"0","used":"5750","recovered":"3530","destroyed":"0","gap":"20"}`, string(text))
	require.Equal(s, []string{"3570", "98.88", "99.78", "0.22"}, []string{lot.Recoverable.String(), lot.RecoveryRate, lot.ExplainedRate, lot.GapRate})
	require.Len(s, lot.Gaps, 1)
	require.Equal(s, []string{"D2", "20"}, []string{lot.Gaps[0].Customer.Code, lot.Gaps[0].Quantity.String()})
}
