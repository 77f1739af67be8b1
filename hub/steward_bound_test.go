package hub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
)

// alike makes three hospitals of three sources, each doubtful with each other, and returns the questions by source pairs.
func (d *desk) alike() map[string]string {
	d.Helper()
	d.put("crm", "1", 50, canonical.Customer{Kind: canonical.Hospital, Name: "仁济医院"})
	d.put("erp", "1", 80, canonical.Customer{Kind: canonical.Hospital, Name: "南京市仁济医院"})
	d.put("sfa", "1", 60, canonical.Customer{Kind: canonical.Hospital, Name: "仁济医院"})
	d.settle()
	queue, err := d.Review(d.Context(), hub.ReviewQuery{All: true})
	require.NoError(d, err)
	out := map[string]string{}
	for _, q := range queue.Questions {
		out[min(q.A.Source, q.B.Source)+" "+max(q.A.Source, q.B.Source)] = q.ID
	}
	require.Len(d, out, 3, "%v", queue.Questions)
	return out
}

func (d *desk) answer(v hub.Verdict, questions ...string) (hub.Decided, error) {
	return d.DecideQuestions(d.Context(), hub.DecideRequest{Questions: questions, Verdict: v, Because: because("by phone")})
}

// Many small joins that end in one large customer are a large decision.
func TestAChainOfAnswersNeedsASecondPersonToo(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.Config.Dedupe.FourEyes = 2
		q := d.alike()
		all, err := d.answer(hub.Same, q["crm erp"], q["erp sfa"])
		require.NoError(t, err)
		require.Equal(t, "pending", all.Decision.State, "each pair is small, the chain is not")
		_, err = d.UndoDecision(t.Context(), all.Decision.ID, "one by one then")
		require.NoError(t, err)

		rule := hub.DecideByRuleRequest{Rule: "p >= 0", Verdict: hub.Same, DryRun: true, Because: because("by rule")}
		dry, err := d.DecideByRule(t.Context(), rule)
		require.NoError(t, err)
		require.Equal(t, 3, dry.Selected)
		require.Equal(t, 2, dry.Large)
		require.Len(t, dry.Questions, 1)

		first, err := d.answer(hub.Same, q["crm erp"])
		require.NoError(t, err)
		require.Equal(t, "done", first.Decision.State)
		second, err := d.answer(hub.Same, q["crm sfa"]) // between the two customers there is one question
		require.NoError(t, err)
		require.Equal(t, "pending", second.Decision.State, "the first answer counts")
		require.NotEqual(t, d.golden("erp", "1"), d.golden("sfa", "1"))
		bulk, err := d.DecideByRule(t.Context(), hub.DecideByRuleRequest{Rule: "p >= 0", Verdict: hub.Same, Because: because("by rule")})
		require.NoError(t, err)
		require.Nil(t, bulk.Decided, "what is left needs a second person")
	})
}

// A is B, B is C, A is not C: whichever comes last is refused, and the message names the decisions it contradicts.
func TestContradictoryDecisionsAreRefused(t *testing.T) {
	type say struct {
		verdict hub.Verdict
		pairs   []string
	}
	same, other := say{hub.Same, []string{"crm erp"}}, say{hub.Same, []string{"erp sfa"}}
	apart := say{hub.Different, []string{"crm sfa"}}
	for name, order := range map[string][]say{"apart first": {apart, same, other}, "apart between": {same, apart, other}, "apart last": {{hub.Same, []string{"crm erp", "erp sfa"}}, apart}} {
		t.Run(name, func(t *testing.T) {
			desks(t, func(t *testing.T, d *desk) {
				q := d.alike()
				say := func(s say) (hub.Decided, error) {
					var questions []string
					for _, pair := range s.pairs {
						questions = append(questions, q[pair])
					}
					return d.answer(s.verdict, questions...)
				}
				var before []string
				last := len(order) - 1
				for _, s := range order[:last] {
					r, err := say(s)
					require.NoError(t, err)
					before = append(before, r.Decision.ID)
				}
				_, err := say(order[last])
				require.Equal(t, "steward.contradiction", errs.CodeOf(err))
				for _, id := range before {
					require.Contains(t, err.Error(), id)
				}
				require.Contains(t, err.Error(), "this decision")
				for _, id := range before {
					_, err = d.UndoDecision(t.Context(), id, "wrong")
					require.NoError(t, err)
				}
				_, err = say(order[last])
				require.NoError(t, err, "once they are taken back it may be said")
			})
		})
	}
	desks(t, func(t *testing.T, d *desk) {
		q := d.alike()
		r, err := d.answer(hub.Different, q["crm sfa"])
		require.NoError(t, err)
		_, err = d.answer(hub.Same, q["crm erp"], q["erp sfa"])
		require.Equal(t, "steward.contradiction", errs.CodeOf(err), "in one decision too")
		require.Contains(t, err.Error(), r.Decision.ID)
		made, err := d.ListDecisions(t.Context(), false, 0)
		require.NoError(t, err)
		require.Len(t, made.Decisions, 1, "nothing of it is kept")
	})
}

// A merge does not pass a colleague's judgement by, unless it says so.
func TestAMergeOfWhatIsKeptApart(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		q := d.alike()
		apart, err := d.answer(hub.Different, q["crm sfa"])
		require.NoError(t, err)
		tied, err := d.answer(hub.Same, q["crm erp"])
		require.NoError(t, err)
		merge := hub.MergeRequest{Customers: []string{d.golden("erp", "1"), d.golden("sfa", "1")}, Because: because("x")}
		_, err = d.MergeCustomers(t.Context(), merge)
		require.Equal(t, "steward.kept_apart", errs.CodeOf(err))
		require.Contains(t, err.Error(), apart.Decision.ID)
		require.Contains(t, err.Error(), tied.Decision.ID, "how the judged record comes to the customer")
		merge.Overrule = true
		r, err := d.MergeCustomers(t.Context(), merge)
		require.NoError(t, err)
		require.Equal(t, d.golden("crm", "1"), d.golden("sfa", "1"))
		d.stays()
		s, err := d.SplitCustomer(t.Context(), hub.SplitRequest{Customer: d.golden("erp", "1"), Records: []string{"sfa:1"}, Because: because("after all")})
		require.NoError(t, err, "a split is the later word on every pair")
		require.NotEqual(t, d.golden("erp", "1"), d.golden("sfa", "1"))
		_, err = d.UndoDecision(t.Context(), s.Decision.ID, "no")
		require.NoError(t, err)
		_, err = d.UndoDecision(t.Context(), r.Decision.ID, "no")
		require.NoError(t, err)
		require.NotEqual(t, d.golden("crm", "1"), d.golden("sfa", "1"), "the first word holds again")
	})
}
