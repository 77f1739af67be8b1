package hub_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/hub"
	"tributary/internal/errs"
)

func TestChangeRequestsAreAnswered(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		customersHub(t, d.Hub)
		as := func(name string, role hub.Role) { d.Actor = hub.Actor{Name: name, Role: role} }
		decide := func(id string, accept bool, fields ...string) hub.ChangeRequest {
			as("anna", hub.Steward)
			r, err := d.DecideRequest(t.Context(), hub.DecideRequestRequest{Request: id, Accept: accept, Fields: fields, Because: because("checked")})
			require.NoError(t, err)
			require.Equal(t, "anna", r.Answer.DecidedBy)
			return r
		}
		ask := func(req hub.NewRequest) hub.ChangeRequest {
			as("crm", hub.CRM)
			r, err := d.RequestChange(t.Context(), req)
			require.NoError(t, err)
			return r
		}

		add := ask(hub.NewRequest{Kind: "add", Customer: canonical.Customer{Kind: canonical.Hospital, Name: "拉萨市藏医院"}, Reference: "CRM-7"})
		require.Equal(t, "matched", add.State)
		require.Empty(t, add.Matches)
		add = decide(add.ID, true)
		require.Equal(t, "accepted", add.State)
		require.Equal(t, "CRM-7", add.Reference)
		shown, err := d.ShowCustomer(t.Context(), add.Answer.GoldenID.String(), hub.Unmask{})
		require.NoError(t, err)
		require.Equal(t, "拉萨市藏医院", shown.Name)

		known := ask(hub.NewRequest{Kind: "add", Customer: canonical.Customer{Kind: canonical.Hospital, Name: "广州市第一人民医院"}})
		require.Equal(t, d.golden("erp", "C1"), known.Matches[0].GoldenID.String())
		as("anna", hub.Steward)
		known, err = d.DecideRequest(t.Context(), hub.DecideRequestRequest{Request: known.ID, Accept: true, As: "C1", Because: because("known already")})
		require.NoError(t, err)
		require.Equal(t, d.golden("erp", "C1"), known.Answer.GoldenID.String())

		change := ask(hub.NewRequest{Kind: "change", Target: "C1", Values: map[string]string{"level": "三乙", "ownership": "公立"}})
		require.Equal(t, map[string]string{"level": "三乙", "ownership": "公立"}, change.Values)
		change = decide(change.ID, true, "ownership")
		require.Equal(t, "partly_accepted", change.State)
		require.Equal(t, []string{"level"}, change.Answer.Rejected)
		shown, err = d.ShowCustomer(t.Context(), "C1", hub.Unmask{})
		require.NoError(t, err)
		require.Equal(t, "公立", shown.Attributes["ownership"])
		require.Equal(t, "三甲", shown.Attributes["level"])
		_, err = d.DecideRequest(t.Context(), hub.DecideRequestRequest{Request: change.ID, Accept: true, Because: because("x")})
		require.Equal(t, "request.decided", errs.CodeOf(err))

		merge := ask(hub.NewRequest{Kind: "merge", Customers: []string{"C1", "C2"}, Draft: true})
		require.Equal(t, "draft", merge.State)
		as("someone", hub.CRM)
		_, err = d.SubmitRequest(t.Context(), merge.ID)
		require.Equal(t, "request.not_yours", errs.CodeOf(err))
		_, err = d.DecideRequest(t.Context(), hub.DecideRequestRequest{Request: merge.ID, Accept: true, Because: because("x")})
		require.True(t, errs.Is(err, errs.Denied))
		as("crm", hub.CRM)
		merge, err = d.SubmitRequest(t.Context(), merge.ID)
		require.NoError(t, err)
		merge = decide(merge.ID, true)
		require.NotEmpty(t, merge.Answer.Decision)
		require.Equal(t, d.golden("erp", "C1"), d.golden("erp", "C2"))
		no := decide(ask(hub.NewRequest{Kind: "change", Target: "C1", Values: map[string]string{"tier": "A"}}).ID, false)
		require.Equal(t, "rejected", no.State)
		open, err := d.ListRequests(t.Context(), "matched", "", 0)
		require.NoError(t, err)
		require.Empty(t, open)
		all, err := d.ListRequests(t.Context(), "", "crm", 0)
		require.NoError(t, err)
		require.Len(t, all, 5)

		for code, req := range map[string]hub.NewRequest{
			"request.kind": {Kind: "delete"}, "request.empty": {Kind: "change", Target: "C1"}, "customers.unusable": {Kind: "add"},
			"customers.unknown": {Kind: "change", Target: "nobody", Values: map[string]string{"tier": "A"}}, "steward.merge_two": {Kind: "merge", Customers: []string{"C1", "C1"}},
			"override.attribute": {Kind: "change", Target: "C1", Values: map[string]string{"teir": "A"}},
		} {
			_, err := d.RequestChange(t.Context(), req)
			require.Equal(t, code, errs.CodeOf(err))
		}
		_, err = d.ShowRequest(t.Context(), "nonsense")
		require.Equal(t, "request.unknown", errs.CodeOf(err))
		as("eve", hub.Auditor)
		_, err = d.RequestChange(t.Context(), hub.NewRequest{Kind: "add"})
		require.Equal(t, "request.denied", errs.CodeOf(err))
	})
}

func TestARequestAboutAPersonIsErasedWithThem(t *testing.T) {
	desks(t, func(t *testing.T, d *desk) {
		customersHub(t, d.Hub)
		id := d.golden("emr", "M1")
		r, err := d.RequestChange(t.Context(), hub.NewRequest{Kind: "change", Target: id, Values: map[string]string{"wechat": "zhao-mingyuan"}})
		require.NoError(t, err)
		b, err := json.Marshal(r)
		require.NoError(t, err)
		require.NotContains(t, string(b), "zhao-mingyuan", "personal values are masked")
		_, err = d.EraseCustomer(t.Context(), id, "request 9")
		require.NoError(t, err)
		gone, err := d.ShowRequest(t.Context(), r.ID)
		require.NoError(t, err)
		require.Empty(t, gone.Values)
		_, err = d.DecideRequest(t.Context(), hub.DecideRequestRequest{Request: r.ID, Accept: true, Because: because("x")})
		require.Equal(t, "customers.erased", errs.CodeOf(err))
	})
}
