package hub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/builtin"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/world"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/test/servers"
)

const goodSecret = "planted-secret-kingdee-app-secret" // of the simulated system

// lockable is a system that counts logins, and hubs of several processes that pull from it.
type lockable struct {
	t      *testing.T
	system *simkingdee.Server
	faults *fault.Set
	first  *hub.Hub
	file   string // the configuration
	secret string // the file that it refers to
}

func newLockable(t *testing.T, url, secret string) *lockable {
	l := &lockable{t: t, faults: fault.New(), first: ingestHub(t, url), file: filepath.Join(t.TempDir(), "tributary.yaml"), secret: filepath.Join(t.TempDir(), "secret")}
	until, err := canonical.NewDate(2025, 2, 28)
	require.NoError(t, err)
	w, err := world.New(world.Config{Seed: 4, Scale: 0.05, Until: until})
	require.NoError(t, err)
	l.system = sandbox.NewKingdee(w, time.Now, l.faults)
	set := sandbox.Settings("kingdee", "")
	srv := httptest.NewServer(l.system)
	t.Cleanup(srv.Close)
	l.write(secret)
	require.NoError(t, os.WriteFile(l.file, fmt.Appendf(nil, `connections:
  - name: erp
    connector: kingdee
    settings: {base_url: %s/kingdee/K3Cloud, acct_id: %s, user: %s, app_id: %s, app_secret: "${file:%s}", retry_first: 1ms, retry_budget: 1s, orders: {key_field: %s, org: "100"}}
    streams: [{stream: BD_Customer, every: 20ms}, {stream: BD_MATERIAL, every: 20ms}]
`, srv.URL, set["acct_id"], set["user"], set["app_id"], l.secret, simkingdee.OrderKeyField), 0o600))
	l.first = l.process()
	return l
}

func (l *lockable) write(secret string) {
	require.NoError(l.t, os.WriteFile(l.secret, []byte(secret), 0o600))
}

// process is a hub as one more process of the same service has it: the store is shared, the configuration read anew.
func (l *lockable) process() *hub.Hub {
	conf, err := config.Load(l.file)
	require.NoError(l.t, err)
	conf.DataDir = l.first.Config.DataDir
	h := *l.first
	h.Config = &conf
	h.Registry, err = builtin.Registry()
	require.NoError(l.t, err)
	return &h
}

// pull pulls both streams and returns the codes of what went wrong.
func (l *lockable) pull(h *hub.Hub) (codes []string) {
	for _, stream := range []string{"erp/BD_Customer", "erp/BD_MATERIAL"} {
		_, err := h.Pull(l.t.Context(), hub.PullRequest{Targets: []string{stream}, Scheduled: true})
		codes = append(codes, errs.CodeOf(err))
	}
	return codes
}

func lockableOnBoth(t *testing.T, secret string, test func(t *testing.T, l *lockable)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newLockable(t, "sqlite:hub.db", secret)) })
	t.Run("postgres", func(t *testing.T) { test(t, newLockable(t, servers.PostgresSchema(t), secret)) })
}

// A password that was refused is tried once: not by the other streams, at the next turn, or after a restart. A mended
// secret goes on by itself.
func TestRefusedCredentialsAreTriedOnce(t *testing.T) {
	lockableOnBoth(t, "planted-secret-wrong", func(t *testing.T, l *lockable) {
		refused := []string{"connection.refused", "connection.refused"}
		require.Equal(t, []string{"connectors.credentials", "connection.refused"}, l.pull(l.first))
		require.Equal(t, refused, l.pull(l.first), "the next turn")
		require.Equal(t, refused, l.pull(l.process()), "another process, or a restart")
		_, err := l.process().DiscoverConnection(t.Context(), "erp")
		require.Equal(t, "connection.refused", errs.CodeOf(err))
		require.Equal(t, 1, l.system.Logins())
		require.Contains(t, errs.Render(err, "zh"), "connectors check erp")
		require.Contains(t, errs.Render(err, "en"), "密码错误", "the system's own words")

		states, err := l.first.StreamStates(t.Context(), nil)
		require.NoError(t, err)
		require.True(t, states[0].Refused && states[1].Refused)
		kept, err := l.first.DB.Settings(t.Context(), "credentials.")
		require.NoError(t, err)
		text, err := json.Marshal(kept)
		require.NoError(t, err)
		require.NotContains(t, string(text), "planted-secret")

		old := l.process()
		l.write(goodSecret)
		require.Equal(t, []string{"", ""}, l.pull(l.first), "a process that runs on reads the secret again")
		require.Equal(t, []string{"", ""}, l.pull(l.process()))
		require.Equal(t, []string{"", ""}, l.pull(old))
	})
}

// The account may have been mended at the system: a command or service that starts later tries once more, but no more
// often than an account stands. Then a person has to say so.
func TestALaterStartTriesRefusedCredentialsOnceMore(t *testing.T) {
	l := newLockable(t, "sqlite:hub.db", "planted-secret-wrong")
	later := func() *hub.Hub {
		h := l.process()
		h.Began = time.Now()
		return h
	}
	require.Equal(t, []string{"connectors.credentials", "connection.refused"}, l.pull(l.first))
	for start, first := range []string{"connectors.credentials", "connectors.credentials", "connection.refused", "connection.refused"} {
		h := later()
		require.Equal(t, []string{first, "connection.refused"}, l.pull(h))
		require.Equal(t, []string{"connection.refused", "connection.refused"}, l.pull(h))
		require.Equal(t, min(2+start, 3), l.system.Logins())
	}

	l = newLockable(t, "sqlite:hub.db", goodSecret)
	l.faults.Always(fault.BadCredentials)
	require.Equal(t, []string{"connectors.credentials", "connection.refused"}, l.pull(l.first))
	require.Equal(t, []string{"connectors.credentials", "connection.refused"}, l.pull(later()))
	l.faults.Off(fault.BadCredentials)
	require.Equal(t, []string{"", ""}, l.pull(later()))
	l.faults.Always(fault.BadCredentials)
	require.Equal(t, "connectors.credentials", l.pull(l.first)[0])
	require.Equal(t, "connectors.credentials", l.pull(later())[0], "an answer that was good begins the count anew")
}

// What a person knows counts: the account was mended at the system, and the settings are the same.
func TestAPersonMaySayThatCredentialsAreGoodNow(t *testing.T) {
	for name, say := range map[string]func(h *hub.Hub) error{
		"check": func(h *hub.Hub) error { _, err := h.CheckConnection(context.Background(), "erp"); return err },
		"resume": func(h *hub.Hub) error {
			_, err := h.PauseStreams(context.Background(), []string{"erp"}, false)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLockable(t, "sqlite:hub.db", goodSecret)
			require.Equal(t, []string{"", ""}, l.pull(l.first))
			l.faults.Always(fault.BadCredentials)
			require.Equal(t, []string{"connectors.credentials", "connection.refused"}, l.pull(l.first))
			tried := l.system.Logins()
			require.NoError(t, say(l.process()))
			after := map[string]string{"check": "connection.refused", "resume": "connectors.credentials"}[name]
			require.Equal(t, after, l.pull(l.first)[0])
			require.Equal(t, tried+1, l.system.Logins(), "one more try, as was asked for")
			l.faults.Off(fault.BadCredentials)
			require.Equal(t, "connection.refused", l.pull(l.first)[0])
			require.NoError(t, say(l.process()))
			require.Equal(t, []string{"", ""}, l.pull(l.first))
		})
	}
}

// Processes that start together with a wrong password try it once between them.
func TestRefusedCredentialsBesideEachOther(t *testing.T) {
	lockableOnBoth(t, "planted-secret-wrong", func(t *testing.T, l *lockable) {
		var wg sync.WaitGroup
		for range 4 {
			h := l.process()
			wg.Go(func() { l.pull(h) })
		}
		wg.Wait()
		require.Equal(t, 1, l.system.Logins())
	})
}

// Processes with different secrets do not bring each other to try the wrong one again.
func TestAProcessWithAnOldSecretStaysOut(t *testing.T) {
	l := newLockable(t, "sqlite:hub.db", "planted-secret-wrong")
	stale := l.process()
	stale.Config.Connections[0].Name = "erp" // read before the secret was changed
	conf, err := config.Parse("none", []byte("connections: []"), config.References{})
	require.NoError(t, err)
	conf.DataDir, conf.Connections = stale.Config.DataDir, stale.Config.Connections
	stale.Config = &conf // and its file is gone
	require.Equal(t, "connectors.credentials", l.pull(stale)[0])
	l.write(goodSecret)
	good := l.process()
	for range 3 {
		require.Equal(t, []string{"", ""}, l.pull(good))
		tried := l.system.Logins()
		require.Equal(t, "connection.refused", l.pull(stale)[0])
		require.Equal(t, tried, l.system.Logins())
	}
}

// A service with a wrong password shows it, and goes on when the secret is right.
func TestAServiceWaitsForMendedCredentials(t *testing.T) {
	l := newLockable(t, "sqlite:hub.db", "planted-secret-wrong")
	h := l.process()
	s := work(t, h)
	refused := func() bool {
		return s.value(t, "tributary_credentials_refused", map[string]string{"connection": "erp"}) == 1
	}
	require.Eventually(t, refused, 20*time.Second, 20*time.Millisecond)
	turns := s.value(t, "tributary_runs_total", map[string]string{"connection": "erp"})
	require.Eventually(t, func() bool {
		return s.value(t, "tributary_runs_total", map[string]string{"connection": "erp"}) > turns+5
	}, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, 1, l.system.Logins(), "turn after turn nobody logs in")
	require.Contains(t, s.log.String(), "its credentials were refused")
	l.write(goodSecret)
	require.Eventually(t, func() bool { return s.value(t, "tributary_runs_total", map[string]string{"status": "done"}) > 2 }, 20*time.Second, 20*time.Millisecond)
	require.NoError(t, s.stop())
}

// A sender keeps its source open. It does not try an old secret again once there is a new one, nor let the new one count
// as refused, and goes on with it.
func TestASenderGoesOnWithMendedCredentials(t *testing.T) {
	l := newLockable(t, "sqlite:hub.db", "planted-secret-wrong")
	h := l.process()
	var order canonical.OrderRequest
	require.NoError(t, json.Unmarshal([]byte(`{"key":"K-1","customer":"nobody","date":"2025-02-01","lines":[{"product":"nothing","quantity":"20"}]}`), &order))
	_, err := h.SubmitOrders(t.Context(), []canonical.OrderRequest{order}, "en")
	require.NoError(t, err)
	s := work(t, h)
	at := func() hub.OrderView {
		v, err := h.ShowOrder(t.Context(), "K-1", "en")
		require.NoError(t, err)
		return v
	}
	require.Eventually(t, func() bool { return at().Problem != "" }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, 1, l.system.Logins(), "streams and sender together")
	l.write(goodSecret)
	require.Eventually(t, func() bool { return at().State == canonical.OrderRefused }, 60*time.Second, 50*time.Millisecond, "the ERP has seen it")
	require.Equal(t, []string{"", ""}, l.pull(l.process()))
	require.NoError(t, s.stop())
}
