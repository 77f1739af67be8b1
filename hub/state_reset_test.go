package hub_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/builtin"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/simsalesforce"
	"tributary/connectors/sandbox/world"
	"tributary/hub"
	"tributary/internal/config"
)

// resettable is a simulated system of which one stream is reset.
type resettable struct {
	http.Handler
	settings map[string]any
	at       []string         // settings that hold its address
	rows     []map[string]any // those that live
	publish  func(living, gone []map[string]any)
	before   func(func()) // each query
}

// remove deletes the first row in the system's own way.
func (r *resettable) remove(gone ...map[string]any) []map[string]any {
	gone = append(gone, r.rows[0])
	r.rows = r.rows[1:]
	r.publish(r.rows, gone)
	return gone
}

// What was deleted between the last pull and a reset stands in no log that is asked after it, and a first read leaves out
// what is flagged as deleted. The read from the beginning may also end in a second pull, which has not seen every row itself:
// the keys are compared all the same.
func TestAResetFindsWhatWasDeletedBefore(t *testing.T) {
	w, err := world.New(world.Config{Seed: 1, Scale: 0.05, Until: canonical.DateOf(time.Now())})
	require.NoError(t, err)
	for _, c := range []struct {
		connector, stream string
		start             func(*world.World, *fault.Set) *resettable
	}{
		{"dynamics365", "accounts", resetDynamics},
		{"salesforce", "Account", resetSalesforce},
	} {
		t.Run(c.connector, func(t *testing.T) {
			h := bareHub(t, "sqlite:hub.db")
			registry, err := builtin.Registry()
			require.NoError(t, err)
			h.Registry = registry
			faults := fault.New()
			sys := c.start(w, faults)
			srv := httptest.NewServer(sys)
			t.Cleanup(srv.Close)
			for _, name := range sys.at {
				sys.settings[name] = srv.URL
			}
			sys.settings["page_size"], sys.settings["retry_budget"], sys.settings["calls_per_second"] = 20, "10ms", 0
			h.Config.Connections = []config.Connection{{Name: "sys", Connector: c.connector, Settings: sys.settings, Streams: []config.Stream{{Stream: c.stream}}}}
			pull := func() error { _, err := h.Pull(t.Context(), hub.PullRequest{Lang: "en"}); return err }
			live := func() int {
				keys, err := h.DB.LiveKeys(t.Context(), "customer", "sys", c.stream)
				require.NoError(t, err)
				return len(keys)
			}
			require.NoError(t, pull())
			n := len(sys.rows)
			require.Greater(t, n, 60)
			require.Equal(t, n, live())

			gone := sys.remove()
			changes, err := h.PlanReset(t.Context(), []string{"sys"})
			require.NoError(t, err)
			require.NoError(t, h.ApplyState(t.Context(), "state.reset", changes))
			queries := 0
			sys.before(func() {
				if queries++; queries == 3 {
					faults.Always(fault.NoRights)
				}
			})
			require.Error(t, pull(), "cut off in the middle")
			sys.before(func() {})
			faults.Clear()
			require.NoError(t, pull())
			require.Equal(t, n-1, live())

			sys.remove(gone...)
			require.NoError(t, pull(), "from now on the system tells")
			require.Equal(t, n-2, live())
		})
	}
}

func resetDynamics(w *world.World, f *fault.Set) *resettable {
	settings := sandbox.Settings("dynamics365", "")
	server := simdataverse.New(simdataverse.Options{TenantID: settings["tenant_id"].(string), ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Now: time.Now, Faults: f}, sandbox.DynamicsTables(w, world.SFA)...)
	return &resettable{
		Handler: server, settings: settings, at: []string{"base_url", "authority"}, before: server.BeforeQuery, rows: sandbox.DynamicsTables(w, world.SFA)[0].Rows(),
		publish: func(living, _ []map[string]any) { server.SetRows("accounts", living) },
	}
}

func resetSalesforce(w *world.World, f *fault.Set) *resettable {
	settings := sandbox.Settings("salesforce", "")
	server := simsalesforce.New(simsalesforce.Options{ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Batch: 20, Now: time.Now, Faults: f}, sandbox.SalesforceObjects(w, world.SFA)...)
	accounts := sandbox.SalesforceObjects(w, world.SFA)[0]
	var rows []map[string]any
	for i := range accounts.Rows.Len() {
		rows = append(rows, accounts.Rows.Row(i))
	}
	return &resettable{
		Handler: server, settings: settings, at: []string{"login_url"}, before: server.BeforeQuery, rows: rows,
		publish: func(living, gone []map[string]any) {
			for _, r := range gone {
				r["IsDeleted"], r["SystemModstamp"] = true, time.Now().Add(-time.Second).UTC().Format("2006-01-02T15:04:05.000+0000")
			}
			accounts.Rows = simsalesforce.List(slices.Concat(living, gone))
			server.SetObject(accounts)
		},
	}
}
