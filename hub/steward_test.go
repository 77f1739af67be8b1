package hub_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
	"tributary/store"
)

// desk is a hub with a steward at it.
type desk struct {
	*testing.T
	*hub.Hub
	reads int
}

func desks(t *testing.T, test func(t *testing.T, d *desk)) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) { test(t, &desk{T: t, Hub: h}) })
}

// put stores a customer as a source knows it; trust 0 makes it a mention.
func (d *desk) put(source, id string, trust int, c canonical.Customer) {
	d.Helper()
	payload, err := json.Marshal(c)
	require.NoError(d, err)
	d.reads++
	require.NoError(d, d.DB.InTx(d.Context(), func(tx *store.Tx) error {
		_, err := tx.PutRecords(d.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: source, ID: id, Kind: c.Kind, Trust: trust,
			Payload: payload, Personal: c.Kind.Person(), ReadOrder: fmt.Sprintf("%08d", d.reads), Run: canonical.DeriveID("run")}})
		return err
	}))
}

func (d *desk) hospital(source, id, name string) {
	d.put(source, id, 50, canonical.Customer{Kind: canonical.Hospital, Name: name})
}

func (d *desk) settle() hub.SettleReport {
	d.Helper()
	r, err := d.Settle(d.Context())
	require.NoError(d, err)
	return r
}

// golden is the golden id that a record belongs to.
func (d *desk) golden(source, id string) string {
	d.Helper()
	n, found, err := d.DB.CustomerByKey(d.Context(), canonical.RecordKey{Source: source, ID: id})
	require.NoError(d, err)
	require.True(d, found)
	g, open, err := d.DB.GoldenOf(d.Context(), n)
	require.NoError(d, err)
	require.True(d, open)
	return g.String()
}

func because(reason string) hub.Because { return hub.Because{Reason: reason} }

// stays runs the resolver over what is dirty and over everything, which must change nothing.
func (d *desk) stays() {
	d.Helper()
	for _, run := range []func() (hub.SettleReport, error){
		func() (hub.SettleReport, error) { return d.Settle(d.Context()) },
		func() (hub.SettleReport, error) { return d.ResolveAll(d.Context()) },
	} {
		r, err := run()
		require.NoError(d, err)
		require.Zero(d, r.Resolve.Created+r.Resolve.Merged+r.Resolve.Split+r.Resolve.Relinked, "a run changed what a steward decided")
	}
}

func TestAMergeHoldsAndIsUndone(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.hospital("erp", "C1", "广州市第一人民医院")
		d.hospital("sfa", "H1", "广州第一人民医院")
		d.hospital("erp", "C2", "广州市第二人民医院")
		d.put("flow:D1", "k2", 0, canonical.Customer{Kind: canonical.UnknownParty, Name: "广州市第二人民医院", Code: "k2"})
		d.settle()
		a, b := d.golden("erp", "C1"), d.golden("erp", "C2")
		require.Equal(t, b, d.golden("flow:D1", "k2"))

		_, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, b}})
		require.Equal(t, "steward.reason", errs.CodeOf(err))
		_, err = d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, a}, Because: because("x")})
		require.Equal(t, "steward.merge_two", errs.CodeOf(err))
		_, err = d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, "nobody"}, Because: because("x")})
		require.Equal(t, "customers.unknown", errs.CodeOf(err))
		_, err = d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, b}, Survivor: "M", Because: because("x")})
		require.Equal(t, "steward.survivor", errs.CodeOf(err))

		r, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, b}, Survivor: b, Because: because("二院并入一院")})
		require.NoError(t, err)
		require.Equal(t, "done", r.Decision.State)
		require.Equal(t, "os:test", r.Decision.Actor)
		require.Len(t, r.Customers, 1)
		for _, k := range [][2]string{{"erp", "C1"}, {"sfa", "H1"}, {"erp", "C2"}, {"flow:D1", "k2"}} {
			require.Equal(t, b, d.golden(k[0], k[1]), "the steward's choice survives, and everybody follows: %v", k)
		}
		shown, err := d.ShowCustomer(t.Context(), a, hub.Unmask{})
		require.NoError(t, err)
		require.Equal(t, a, shown.RedirectedFrom)
		d.stays()
		_, err = d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, b}, Because: because("again")})
		require.Equal(t, "steward.merge_two", errs.CodeOf(err))

		// A source deletes one of the records that hold the merge: it holds.
		require.NoError(t, d.DB.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.PutRecords(t.Context(), []store.Record{{Entity: canonical.EntityCustomer, Source: "erp", ID: "C1", Deleted: true, ReadOrder: "00000009", Run: canonical.DeriveID("run")}})
			return err
		}))
		d.settle()
		require.Equal(t, b, d.golden("sfa", "H1"))

		u, err := d.UndoDecision(t.Context(), r.Decision.ID, "they are two")
		require.NoError(t, err)
		require.Equal(t, "undone", u.Decision.State)
		require.NotEqual(t, d.golden("sfa", "H1"), d.golden("erp", "C2"))
		require.NotEqual(t, a, d.golden("sfa", "H1"), "a retired id is never used again")
		d.stays()
		_, err = d.UndoDecision(t.Context(), r.Decision.ID, "again")
		require.Equal(t, "steward.undone", errs.CodeOf(err))
		audit, err := d.DB.AuditOf(t.Context(), r.Decision.ID)
		require.NoError(t, err)
		require.Len(t, audit, 2)
		require.Equal(t, "customer.merge.undone", audit[1].Action)
		require.Equal(t, "they are two", audit[1].Reason)
	})
}

func TestOnlyKindsThatCanBeOneAreMerged(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.hospital("erp", "C1", "广州市第一人民医院")
		d.put("erp", "C2", 50, canonical.Customer{Kind: canonical.Pharmacy, Name: "康泰大药房"})
		d.put("sfa", "P1", 50, canonical.Customer{Kind: canonical.HCP, Name: "王芳", Phones: []string{"13800001111"}})
		d.put("flow:D1", "k1", 0, canonical.Customer{Kind: canonical.UnknownParty, Name: "一院药房", Code: "k1"})
		d.settle()
		hospital := d.golden("erp", "C1")
		for _, other := range []string{d.golden("erp", "C2"), d.golden("sfa", "P1")} {
			_, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{hospital, other}, Because: because("x")})
			require.Equal(t, "steward.merge_kinds", errs.CodeOf(err))
		}
		_, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{hospital, d.golden("flow:D1", "k1")}, Because: because("的药房")})
		require.NoError(t, err, "a name in a flow row is of no kind yet")
		require.Equal(t, d.golden("erp", "C1"), d.golden("flow:D1", "k1"))
		d.stays()
		d.Actor.Role = hub.CRM
		_, err = d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{hospital, d.golden("erp", "C2")}, Because: because("x")})
		require.True(t, errs.Is(err, errs.Denied))
	})
}

func TestASplitHoldsAndIsUndone(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.hospital("erp", "C1", "广州市第一人民医院")
		d.hospital("sfa", "H1", "广州第一人民医院")
		d.hospital("crm", "9", "廣州市第一人民醫院")
		d.put("flow:D1", "k1", 0, canonical.Customer{Kind: canonical.UnknownParty, Name: "广州市第一人民医院", Code: "k1"})
		d.settle()
		id := d.golden("erp", "C1")
		require.Equal(t, id, d.golden("flow:D1", "k1"))
		split := func(records ...string) (hub.Decided, error) {
			return d.SplitCustomer(t.Context(), hub.SplitRequest{Customer: id, Records: records, Because: because("另一院区")})
		}
		_, err := split()
		require.Equal(t, "steward.split_none", errs.CodeOf(err))
		_, err = split("erp:C9")
		require.Equal(t, "steward.not_a_member", errs.CodeOf(err))
		_, err = split("erp:C1", "sfa:H1", "crm:9", "flow:D1:k1")
		require.Equal(t, "steward.split_all", errs.CodeOf(err))

		r, err := split("sfa:H1", "flow:D1:k1")
		require.NoError(t, err)
		require.Len(t, r.Customers, 2)
		require.Equal(t, id, d.golden("erp", "C1"), "a tie of links: the smallest record keeps the id")
		require.Equal(t, id, d.golden("crm", "9"))
		other := d.golden("sfa", "H1")
		require.NotEqual(t, id, other)
		require.Equal(t, other, d.golden("flow:D1", "k1"), "the mention fits the one it was left with")
		d.stays()
		why, err := d.WhyCustomers(t.Context(), "erp|C1", "sfa|H1", "zh", hub.Unmask{})
		require.NoError(t, err)
		require.Equal(t, "different", why.Judgement)

		_, err = d.UndoDecision(t.Context(), r.Decision.ID, "同一家")
		require.NoError(t, err)
		require.Equal(t, id, d.golden("sfa", "H1"))
		require.Equal(t, id, d.golden("flow:D1", "k1"))
		d.stays()
	})
}

func TestQuestionsAreAnswered(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		names := []string{"南京市仁济医院", "无锡市安康医院", "苏州市同德医院"}
		for i, name := range names {
			d.put("erp", fmt.Sprint("C", i), 80, canonical.Customer{Kind: canonical.Hospital, Name: name, Phones: []string{fmt.Sprintf("025-8555010%d", i)}})
			d.put("flow:D1", fmt.Sprint("k", i), 0, canonical.Customer{Kind: canonical.UnknownParty, Name: string([]rune(name)[3:]), Code: fmt.Sprint("k", i)})
		}
		d.settle()
		queue, err := d.Review(t.Context(), hub.ReviewQuery{Lang: "zh"})
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(queue.Questions), 3, "names without their place are asked about")
		require.EqualValues(t, len(queue.Questions), queue.Total)
		q := queue.Questions[0]
		require.NotEmpty(t, q.ReasonText)
		shown, err := d.ShowQuestion(t.Context(), q.ID, "zh", hub.Unmask{})
		require.NoError(t, err)
		require.Contains(t, shown.Why.Text, "名称")

		require.NoError(t, d.AssignQuestions(t.Context(), []string{q.ID}, "小李"))
		mine, err := d.Review(t.Context(), hub.ReviewQuery{Assignee: "小李"})
		require.NoError(t, err)
		require.Len(t, mine.Questions, 1)

		side := func(s hub.ReviewSide) string { return d.golden(s.Source, s.ID) }
		require.NotEqual(t, side(q.A), side(q.B))
		same, err := d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{q.ID}, Verdict: hub.Same, Because: because("电话核实")})
		require.NoError(t, err)
		require.Equal(t, side(q.A), side(q.B))
		require.Len(t, same.Customers, 1)
		_, err = d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{q.ID}, Verdict: hub.Same, Because: because("again")})
		require.Equal(t, "review.decided", errs.CodeOf(err))
		_, err = d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{"9-9"}, Verdict: hub.Same, Because: because("x")})
		require.Equal(t, "review.unknown", errs.CodeOf(err))
		_, err = d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{"x"}, Verdict: "perhaps", Because: because("x")})
		require.Equal(t, "review.verdict", errs.CodeOf(err))

		second := queue.Questions[1]
		_, err = d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{second.ID}, Verdict: hub.Different, Because: because("x")})
		require.NoError(t, err)
		require.NotEqual(t, side(second.A), side(second.B))
		d.stays()
		third := queue.Questions[2]
		_, err = d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{third.ID}, Verdict: hub.Later})
		require.NoError(t, err)
		after, err := d.Review(t.Context(), hub.ReviewQuery{})
		require.NoError(t, err)
		for _, open := range after.Questions {
			require.NotContains(t, []string{q.ID, second.ID, third.ID}, open.ID)
		}
		all, err := d.Review(t.Context(), hub.ReviewQuery{All: true})
		require.NoError(t, err)
		require.Equal(t, after.Total+1, all.Total)

		_, err = d.UndoDecision(t.Context(), same.Decision.ID, "doch nicht")
		require.NoError(t, err)
		require.NotEqual(t, side(q.A), side(q.B))
		again, err := d.Review(t.Context(), hub.ReviewQuery{Assignee: "小李"})
		require.NoError(t, err)
		require.Len(t, again.Questions, 1, "it is a question again")

		rule := hub.DecideByRuleRequest{Rule: `mention && p >= 0.5 && kind_a != "hcp"`, Verdict: hub.Same, DryRun: true, Because: because("by rule")}
		dry, err := d.DecideByRule(t.Context(), rule)
		require.NoError(t, err)
		require.Nil(t, dry.Decided)
		require.Equal(t, int(all.Total)+1, dry.Selected)
		rule.DryRun = false
		bulk, err := d.DecideByRule(t.Context(), rule)
		require.NoError(t, err)
		require.Equal(t, dry.Selected, len(bulk.Decided.Decision.Pairs))
		require.Equal(t, side(q.A), side(q.B))
		d.stays()
		_, err = d.UndoDecision(t.Context(), bulk.Decided.Decision.ID, "all of it")
		require.NoError(t, err)
		require.NotEqual(t, side(q.A), side(q.B))
		rule.Rule = "p >= nonsense"
		_, err = d.DecideByRule(t.Context(), rule)
		require.Equal(t, "review.rule", errs.CodeOf(err))
		rule.Rule = "p > 2"
		none, err := d.DecideByRule(t.Context(), rule)
		require.NoError(t, err)
		require.Nil(t, none.Decided)
	})
}

func TestLargeDecisionsWaitForASecondPerson(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.Config.Dedupe.FourEyes = 2
		d.hospital("erp", "C1", "广州市第一人民医院")
		d.hospital("sfa", "H1", "广州第一人民医院")
		d.hospital("erp", "C2", "广州市第二人民医院")
		d.settle()
		a, b := d.golden("erp", "C1"), d.golden("erp", "C2")
		r, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, b}, Survivor: a, Because: because("x")})
		require.NoError(t, err)
		require.Equal(t, "pending", r.Decision.State)
		require.NotEqual(t, d.golden("erp", "C1"), d.golden("erp", "C2"), "it binds nobody yet")
		waiting, err := d.ListDecisions(t.Context(), true, 0)
		require.NoError(t, err)
		require.Len(t, waiting.Decisions, 1)
		_, err = d.ConfirmDecision(t.Context(), r.Decision.ID)
		require.Equal(t, "steward.same_person", errs.CodeOf(err))
		d.Actor.Name = "os:second"
		done, err := d.ConfirmDecision(t.Context(), r.Decision.ID)
		require.NoError(t, err)
		require.Equal(t, "os:second", done.Decision.ConfirmedBy)
		require.Equal(t, d.golden("erp", "C1"), d.golden("erp", "C2"))
		_, err = d.ConfirmDecision(t.Context(), r.Decision.ID)
		require.Equal(t, "steward.confirmed", errs.CodeOf(err))

		s, err := d.SplitCustomer(t.Context(), hub.SplitRequest{Customer: a, Records: []string{"sfa:H1"}, Because: because("x")})
		require.NoError(t, err)
		require.Equal(t, "pending", s.Decision.State)
		_, err = d.UndoDecision(t.Context(), s.Decision.ID, "withdrawn")
		require.NoError(t, err)
		require.Equal(t, d.golden("erp", "C1"), d.golden("sfa", "H1"))
		_, err = d.ConfirmDecision(t.Context(), s.Decision.ID)
		require.Equal(t, "steward.undone", errs.CodeOf(err))
	})
}

func TestDecisionsExpire(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.hospital("erp", "C1", "广州市第一人民医院")
		d.hospital("erp", "C2", "广州市第二人民医院")
		d.settle()
		a, b := d.golden("erp", "C1"), d.golden("erp", "C2")
		_, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, b}, Because: hub.Because{Reason: "x", Until: time.Now().Add(-time.Hour)}})
		require.Equal(t, "steward.expired", errs.CodeOf(err))
		_, err = d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{a, b}, Because: hub.Because{Reason: "x", Until: time.Now().Add(300 * time.Millisecond)}})
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			waits, err := d.DB.Unsettled(t.Context())
			require.NoError(t, err)
			return waits
		}, 10*time.Second, 20*time.Millisecond, "the end of a decision wakes the resolver")
		d.settle()
		require.NotEqual(t, d.golden("erp", "C1"), d.golden("erp", "C2"))
		waits, err := d.DB.Unsettled(t.Context())
		require.NoError(t, err)
		require.False(t, waits)
	})
}
