package hub_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/builtin"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sandbox/world"
	"tributary/hub"
	"tributary/internal/config"
)

// What was deleted between the last pull and a reset stands in no log that is asked after it, and the read from the
// beginning may end in a second pull, which has not seen every row itself: the keys are compared all the same.
func TestAResetFindsWhatWasDeletedBefore(t *testing.T) {
	h := bareHub(t, "sqlite:hub.db")
	registry, err := builtin.Registry()
	require.NoError(t, err)
	h.Registry = registry
	w, err := world.New(world.Config{Seed: 1, Scale: 0.05, Until: canonical.DateOf(time.Now())})
	require.NoError(t, err)
	faults := fault.New()
	settings := sandbox.Settings("dynamics365", "")
	server := simdataverse.New(simdataverse.Options{TenantID: settings["tenant_id"].(string), ClientID: settings["client_id"].(string), ClientSecret: settings["client_secret"].(string), Now: time.Now, Faults: faults}, sandbox.DynamicsTables(w, world.SFA)...)
	srv := httptest.NewServer(server)
	t.Cleanup(srv.Close)
	settings["base_url"], settings["authority"], settings["page_size"], settings["retry_budget"], settings["calls_per_second"] = srv.URL, srv.URL, 20, "10ms", 0
	h.Config.Connections = []config.Connection{{Name: "crm", Connector: "dynamics365", Settings: settings, Streams: []config.Stream{{Stream: "accounts"}}}}
	rows := sandbox.DynamicsTables(w, world.SFA)[0].Rows()
	require.Greater(t, len(rows), 60)
	pull := func() error { _, err := h.Pull(t.Context(), hub.PullRequest{Lang: "en"}); return err }
	keys := func() int {
		live, err := h.DB.LiveKeys(t.Context(), "customer", "crm", "accounts")
		require.NoError(t, err)
		return len(live)
	}
	require.NoError(t, pull())
	require.Equal(t, len(rows), keys())

	server.SetRows("accounts", rows[1:])
	changes, err := h.PlanReset(t.Context(), []string{"crm"})
	require.NoError(t, err)
	require.NoError(t, h.ApplyState(t.Context(), "state.reset", changes))
	queries := 0
	server.BeforeQuery(func() {
		if queries++; queries == 3 {
			faults.Always(fault.NoRights)
		}
	})
	require.Error(t, pull(), "cut off in the middle")
	server.BeforeQuery(func() {})
	faults.Clear()
	require.NoError(t, pull())
	require.Equal(t, len(rows)-1, keys())

	server.SetRows("accounts", rows[2:])
	require.NoError(t, pull(), "from now on the log tells")
	require.Equal(t, len(rows)-2, keys())
}
