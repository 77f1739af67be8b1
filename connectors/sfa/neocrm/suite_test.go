package neocrm_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simneocrm"
	"tributary/connectors/sandbox/world"
	"tributary/connectors/sfa/neocrm"
)

func TestMain(m *testing.M) { leak.Main(m) }

var now = connectortest.Start

// bench is a simulated tenant.
type bench struct {
	*connectortest.Site
	*simneocrm.Server
}

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	b.Server = sandbox.NewNeocrm(connectortest.SmallWorld(t), b.Clock.Now, b.Faults)
	b.Serve(t, b.Server)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: account, Text: "accountName", Publish: func(rows []map[string]any) {
		b.SetObject(simneocrm.Object{APIKey: "account", Fields: accountFields, Rows: simneocrm.List(rows)})
	}}
	return b
}

var accountFields = []simneocrm.Field{
	{Name: "id"}, {Name: "createdAt"}, {Name: "updatedAt"}, {Name: "accountName"}, {Name: "uscc__c"}, {Name: "licence__c"},
	{Name: "kind__c", Type: "picklist", Choices: map[int]string{1: "医院"}},
}

func account(i int, at time.Time) map[string]any {
	return map[string]any{
		"id": 9_200_000_000_000_000_001 + int64(i), "createdAt": now.Add(-1e6 * time.Second).UnixMilli(), "updatedAt": at.UnixMilli(), "accountName": fmt.Sprintf("医院%d", i), "kind__c": int64(1),
	}
}

func TestConnector(t *testing.T) {
	driver, err := neocrm.Driver()
	require.NoError(t, err)
	for _, paging := range []string{"keyset", "scroll"} {
		t.Run(paging, func(t *testing.T) {
			passing := []fault.Name{
				fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.CodeAsText, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow,
			}
			failing := []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry}
			if paging == "scroll" {
				passing, failing = append(passing, fault.DeadLocator), append(failing, fault.SamePage)
			} else {
				passing = append(passing, fault.ShortPage)
			}
			connectortest.Run(t, connectortest.Harness{
				Driver: driver, Text: "accountName", Stream: "account", BaseURL: []string{"login_url", "api_url"}, Password: "password", PageSize: "page_size",
				Start: func(t *testing.T) *connectortest.System {
					b := start(t)
					s := b.System(sandbox.Settings("neocrm", b.URL), b.BeforeQuery, b.Logins)
					s.Settings["paging"] = paging
					return s
				},
				Passing:  passing,
				Failing:  failing,
				Optional: []string{},
			})
		})
	}
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	return connectortest.Open(t, neocrm.New, b.Clock.Now, sandbox.Settings("neocrm", b.URL), change)
}

func TestLongIdsDatesAndPicklists(t *testing.T) {
	b := start(t)
	src := open(t, b, nil)
	require.NoError(t, src.Open(t.Context(), "patient", nil))
	batch, err := src.Read(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, batch.Rows)
	genders, births := 0, 0
	for _, r := range batch.Rows {
		require.Len(t, r.Key, 16)
		require.Equal(t, r.Key, r.Fields["id"])
		if g, ok := r.Fields["gender__c_label"]; ok {
			require.Contains(t, []any{"男", "女"}, g)
			genders++
		}
		if d, ok := r.Fields["birthDate__c"].(string); ok {
			require.Regexp(t, `^\d{4}-\d\d-\d\d$`, d)
			births++
		}
	}
	require.Positive(t, genders)
	require.Positive(t, births)
}

func TestBirthDatesAreThoseOfTheWorld(t *testing.T) {
	b := start(t)
	w := connectortest.SmallWorld(t)
	want := map[string]string{}
	for r := range w.Records(world.SFA) {
		if !r.Customer.BirthDate.IsZero() {
			want[r.ID] = r.Customer.BirthDate.String()
		}
	}
	src := open(t, b, nil)
	require.NoError(t, src.Open(t.Context(), "patient", nil))
	batch, err := src.Read(t.Context())
	require.NoError(t, err)
	for _, r := range batch.Rows {
		if d, ok := r.Fields["birthDate__c"].(string); ok {
			require.Equal(t, want[r.Key], d)
		}
	}
}

func TestTheLoginMayNameTheAPIHost(t *testing.T) {
	w := connectortest.SmallWorld(t)
	clock := func() time.Time { return now }
	var address string
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	defer srv.Close()
	address = srv.URL + "/pod7"
	sim := simneocrm.New(simneocrm.Options{ClientID: "c", ClientSecret: "s", Username: "u", Password: "p", SecurityToken: "12345678", APIBaseURL: address, Now: clock}, sandbox.NeocrmObjects(w)...)
	mux.Handle("/neocrm/auc/", sim)
	mux.Handle("/pod7/", sim)
	src := connectortest.Open(t, neocrm.New, clock, map[string]any{"login_url": srv.URL + "/neocrm", "client_id": "c", "client_secret": "s", "username": "u", "password": "p", "security_token": "12345678"})
	require.NoError(t, src.Open(t.Context(), "account", nil))
	_, err := src.Read(t.Context())
	require.NoError(t, err)
}

func TestRefreshWorksOnceThenThePassword(t *testing.T) {
	b := start(t)
	src := open(t, b, map[string]any{"page_size": 10})
	b.Faults.Every(fault.SessionExpiry, 2)
	require.NoError(t, src.Open(t.Context(), "account", nil))
	for range 6 {
		_, err := src.Read(t.Context())
		require.NoError(t, err)
	}
	require.Greater(t, b.Logins(), 3)
	keys, err := src.Keys(t.Context(), "contact")
	require.NoError(t, err)
	require.NotEmpty(t, keys)
}
