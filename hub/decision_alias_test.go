package hub_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
)

// A steward's “the same” about a name in flow rows is that party's alias from then on, as long as the decision stands.
func TestDecisionsTeachAliases(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		house := func(source, id, name string) {
			d.put(source, id, 80, canonical.Customer{Kind: canonical.Hospital, Name: name})
		}
		row := func(party, id, name string) {
			d.put(canonical.FlowSource(party), id, 0, canonical.Customer{Kind: canonical.UnknownParty, Name: name, Code: id})
		}
		house("sfa", "H1", "南京市仁济医院")
		house("sfa", "H2", "无锡市安康医院")
		row("D1", "k1", "仁济医院")
		row("D1", "k2", "安康医院")
		d.settle()
		id := func(source, record string) string { return d.golden(source, record) }
		require.NotEqual(t, id("sfa", "H1"), id("flow:D1", "k1"), "a name without its place is asked about")
		question := func(record string) string {
			t.Helper()
			queue, err := d.Review(t.Context(), hub.ReviewQuery{All: true})
			require.NoError(t, err)
			for _, q := range queue.Questions {
				if q.A.ID == record || q.B.ID == record {
					return q.ID
				}
			}
			t.Fatalf("nobody asks about %s", record)
			return ""
		}
		taught, err := d.answer(hub.Same, question("k1"))
		require.NoError(t, err)
		require.Equal(t, []hub.LearnedAlias{{Party: "D1", Name: "仁济医院", Record: canonical.RecordKey{Source: "sfa", ID: "H1"}}}, taught.Decision.Aliases)

		row("D1", "k9", "仁濟醫院") // the same name in another spelling, under another code
		row("D2", "k9", "仁济医院")
		d.settle()
		require.Equal(t, id("sfa", "H1"), id("flow:D1", "k9"), "a later row with that name needs no question")
		why, err := d.WhyCustomers(t.Context(), "flow:D1|k9", "sfa|H1", "en", hub.Unmask{})
		require.NoError(t, err)
		require.Contains(t, why.Text, "an alias of the reporting party")
		require.NotEqual(t, id("sfa", "H1"), id("flow:D2", "k9"), "another party's word is its own")
		d.stays()

		// A cannot-link lets no alias through.
		apart, err := d.SplitCustomer(t.Context(), hub.SplitRequest{Customer: id("sfa", "H1"), Records: []string{"flow:D1:k9"}, Because: because("另一家")})
		require.NoError(t, err)
		require.NotEqual(t, id("sfa", "H1"), id("flow:D1", "k9"))
		d.stays()
		_, err = d.UndoDecision(t.Context(), apart.Decision.ID, "same after all")
		require.NoError(t, err)
		require.Equal(t, id("sfa", "H1"), id("flow:D1", "k9"))

		_, err = d.UndoDecision(t.Context(), taught.Decision.ID, "wrong")
		require.NoError(t, err)
		require.NotEqual(t, id("sfa", "H1"), id("flow:D1", "k1"))
		require.NotEqual(t, id("sfa", "H1"), id("flow:D1", "k9"), "what was learned goes with the decision")
		d.stays()

		// Nothing is learned from what expires, from what says so, and from the merge of two known houses.
		expiring, err := d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{question("k1")}, Verdict: hub.Same,
			Because: hub.Because{Reason: "for a week", Until: time.Now().Add(time.Hour)}})
		require.NoError(t, err)
		require.Empty(t, expiring.Decision.Aliases)
		silent, err := d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{question("k2")}, Verdict: hub.Same, NoAlias: true, Because: because("x")})
		require.NoError(t, err)
		require.Empty(t, silent.Decision.Aliases)
		_, err = d.UndoDecision(t.Context(), silent.Decision.ID, "by merge")
		require.NoError(t, err)
		houses, err := d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{id("sfa", "H2"), id("flow:D1", "k2")}, Because: because("x")})
		require.NoError(t, err)
		require.Equal(t, []hub.LearnedAlias{{Party: "D1", Name: "安康医院", Record: canonical.RecordKey{Source: "sfa", ID: "H2"}}}, houses.Decision.Aliases)

		// One name for two customers is no alias of either: it is asked about.
		row("D1", "k3", "安康医院")
		d.settle()
		require.Equal(t, id("sfa", "H2"), id("flow:D1", "k3"))
		house("sfa", "H3", "苏州市安康医院")
		row("D1", "k4", "安康医院")
		d.settle()
		part, err := d.SplitCustomer(t.Context(), hub.SplitRequest{Customer: id("sfa", "H2"), Records: []string{"flow:D1:k4"}, Because: because("苏州")})
		require.NoError(t, err)
		_, err = d.MergeCustomers(t.Context(), hub.MergeRequest{Customers: []string{id("sfa", "H3"), id("flow:D1", "k4")}, Because: because("苏州")})
		require.NoError(t, err)
		require.Equal(t, "done", part.Decision.State)
		require.Equal(t, id("sfa", "H3"), id("flow:D1", "k4"))
		require.Equal(t, id("sfa", "H2"), id("flow:D1", "k3"), "the split kept it from the other house")
		row("D1", "k5", "安康医院")
		d.settle()
		require.NotEqual(t, id("sfa", "H2"), id("flow:D1", "k5"), "the name means two houses by now")
		require.NotEqual(t, id("sfa", "H3"), id("flow:D1", "k5"))
		require.NotEmpty(t, question("k5"))
		d.stays()
	})
}
