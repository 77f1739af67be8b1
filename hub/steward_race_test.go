package hub_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
)

// race lets stewards act at the same moment and returns the one refusal; the others must have been heard.
func (d *desk) race(act func(steward *hub.Hub, n int) error, names ...string) error {
	d.Helper()
	refused := make([]error, len(names))
	start := make(chan struct{})
	var all errgroup.Group
	for n, name := range names {
		steward := *d.Hub
		steward.Actor = hub.Actor{Name: name, Role: hub.Steward}
		all.Go(func() error {
			<-start
			refused[n] = act(&steward, n)
			return nil
		})
	}
	close(start)
	require.NoError(d, all.Wait())
	refused = slices.DeleteFunc(refused, func(err error) bool { return err == nil })
	require.Len(d, refused, len(names)-1, "one is heard")
	return refused[0]
}

// One change request has one answer, and what it asks for is done once.
func TestAChangeRequestIsAnsweredOnce(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		customersHub(t, d.Hub)
		ask := func(req hub.NewRequest) string {
			r, err := d.RequestChange(t.Context(), req)
			require.NoError(t, err)
			return r.ID
		}
		for name, id := range map[string]string{
			"add":    ask(hub.NewRequest{Kind: "add", Customer: canonical.Customer{Kind: canonical.Hospital, Name: "拉萨市藏医院"}}),
			"change": ask(hub.NewRequest{Kind: "change", Target: "C1", Values: map[string]string{"level": "三乙"}}),
			"merge":  ask(hub.NewRequest{Kind: "merge", Customers: []string{"C1", "C2"}}),
			"reject": ask(hub.NewRequest{Kind: "change", Target: "C1", Values: map[string]string{"tier": "A"}}),
		} {
			err := d.race(func(steward *hub.Hub, n int) error {
				_, err := steward.DecideRequest(t.Context(), hub.DecideRequestRequest{Request: id, Accept: name != "reject" || n == 0, Because: because("checked by phone")})
				return err
			}, "anna", "bo")
			require.Equal(t, "request.decided", errs.CodeOf(err), name)
			r, showErr := d.ShowRequest(t.Context(), id)
			require.NoError(t, showErr)
			require.Contains(t, err.Error(), r.Answer.DecidedBy, "the second hears who was first")
			require.Contains(t, err.Error(), r.State)
			require.Contains(t, err.Error(), "checked by phone")
			require.Equal(t, r.State == "accepted", !r.Answer.GoldenID.IsZero(), name)
			audit, auditErr := d.DB.AuditOf(t.Context(), id)
			require.NoError(t, auditErr)
			require.Len(t, audit, 3, "asked, submitted, answered")
			if name == "change" {
				set, auditErr := d.DB.AuditOf(t.Context(), r.Answer.GoldenID.String())
				require.NoError(t, auditErr)
				require.Len(t, set, 1, "the value is set once")
			}
		}
		made, err := d.ListDecisions(t.Context(), false, 0)
		require.NoError(t, err)
		require.Len(t, made.Decisions, 1, "one merge")
	})
}

// A question, a decision that waits, and an undo: the second of two hears who decided what.
func TestTwoStewardsAtOneQuestion(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		d.Config.Dedupe.FourEyes = 0
		q := d.askAbout("南京市仁济医院")
		err := d.race(func(steward *hub.Hub, n int) error {
			_, err := steward.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{q}, Verdict: []hub.Verdict{hub.Same, hub.Different}[n], Because: because("by phone")})
			return err
		}, "anna", "bo")
		require.Equal(t, "review.decided", errs.CodeOf(err))
		made, listErr := d.ListDecisions(t.Context(), false, 0)
		require.NoError(t, listErr)
		require.Len(t, made.Decisions, 1)
		first := made.Decisions[0]
		for _, part := range []string{first.Actor, first.Verb, first.ID, "by phone"} {
			require.Contains(t, err.Error(), part)
		}
		err = d.race(func(steward *hub.Hub, _ int) error {
			_, err := steward.UndoDecision(t.Context(), first.ID, "wrong house")
			return err
		}, "anna", "bo")
		require.Equal(t, "steward.undone", errs.CodeOf(err))
		made, listErr = d.ListDecisions(t.Context(), false, 0)
		require.NoError(t, listErr)
		require.Contains(t, err.Error(), made.Decisions[0].UndoneBy)
		require.Contains(t, err.Error(), "wrong house")
		audit, auditErr := d.DB.AuditOf(t.Context(), first.ID)
		require.NoError(t, auditErr)
		require.Len(t, audit, 2, "decided once, undone once")

		d.Config.Dedupe.FourEyes = 1
		waiting, decideErr := d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{q}, Verdict: hub.Same, Because: because("again")})
		require.NoError(t, decideErr)
		require.Equal(t, "pending", waiting.Decision.State)
		_, decideErr = d.DecideQuestions(t.Context(), hub.DecideRequest{Questions: []string{q}, Verdict: hub.Different, Because: because("no")})
		require.Equal(t, "review.waits", errs.CodeOf(decideErr), "nobody decides past a decision that waits for a second person")
		require.Contains(t, decideErr.Error(), waiting.Decision.ID)
		err = d.race(func(steward *hub.Hub, _ int) error {
			_, err := steward.ConfirmDecision(t.Context(), waiting.Decision.ID)
			return err
		}, "anna", "bo")
		require.Equal(t, "steward.confirmed", errs.CodeOf(err))
		made, listErr = d.ListDecisions(t.Context(), false, 0)
		require.NoError(t, listErr)
		require.Contains(t, err.Error(), made.Decisions[0].ConfirmedBy)
	})
}

// askAbout makes a customer, once without its place, and returns the question about the two records.
func (d *desk) askAbout(name string) string {
	d.Helper()
	d.put("sfa", name, 60, canonical.Customer{Kind: canonical.Hospital, Name: string([]rune(name)[3:])})
	return d.question(name)
}

// unplaced makes a customer, and a row that names it without its place, and returns the question about the two.
func (d *desk) unplaced(name string) string {
	d.Helper()
	d.put("flow:D1", name, 0, canonical.Customer{Kind: canonical.UnknownParty, Name: string([]rune(name)[3:])})
	return d.question(name)
}

func (d *desk) question(name string) string {
	d.Helper()
	d.put("erp", name, 80, canonical.Customer{Kind: canonical.Hospital, Name: name})
	d.settle()
	queue, err := d.Review(d.Context(), hub.ReviewQuery{All: true})
	require.NoError(d, err)
	at := slices.IndexFunc(queue.Questions, func(q hub.Question) bool { return q.A.ID == name && q.B.ID == name })
	require.GreaterOrEqual(d, at, 0, "it is asked about")
	return queue.Questions[at].ID
}
