package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox"
)

// simulated starts the simulated systems and gives the configuration that points at them.
func simulated(t *testing.T) string {
	t.Helper()
	sb, err := sandbox.Start(context.Background(), sandbox.Config{Dir: t.TempDir(), Seed: 1, Scale: 0.02, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sb.Close()) })
	return sb.Config()
}

func TestConnectorsAreListedAndShown(t *testing.T) {
	here := newInstallation(t)
	require.Contains(t, here.ok("connectors", "list").out, "kingdee")
	require.Contains(t, here.ok("connectors", "list", "--lang", "zh").out, "金蝶")
	for _, c := range here.ok("connectors", "list", "--json").object(t)["connectors"].([]any) {
		name := c.(map[string]any)["name"].(string)
		require.NotEmpty(t, c.(map[string]any)["title"], name)
		require.Contains(t, here.ok("connectors", "show", name).out, name)
		shown := here.ok("connectors", "show", name, "--json").object(t)
		require.NotEmpty(t, shown["settings"].(map[string]any)["properties"], name)
	}
	a := here.run("connectors", "show", "kingdea")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, "There is no connector named kingdea.")
}

func TestCheckOfGoodConnections(t *testing.T) {
	here := newInstallation(t)
	here.configure(simulated(t))
	a := here.ok("connectors", "check")
	for _, role := range sandbox.Cast() {
		require.Contains(t, a.out, role.Name+" ("+role.Connector+"): good")
	}
	require.NotContains(t, a.out, "✗")
	require.Contains(t, here.ok("connectors", "discover", "erp").out, "BD_Customer")
	require.Contains(t, here.ok("config", "lint").out, "The configuration is good.")
	require.Contains(t, here.ok("config", "lint", "--lang", "zh").out, "配置正确。")
}

func TestCheckWithAWrongPassword(t *testing.T) {
	good := simulated(t)
	here := newInstallation(t)
	bad := strings.NewReplacer("planted-secret-pharmacy-token", "wrong-token-1", "planted-secret-neocrm-password", "wrong-password-2").Replace(good)
	require.NotEqual(t, good, bad)
	here.configure(bad)
	for lang, want := range map[string][]string{
		"en": {"pharmacy (pharmacy): does not work", "refuses the credentials", "sfa (neocrm): does not work", "erp (kingdee): good", "  → Correct"},
		"zh": {"pharmacy (pharmacy): 无法使用", "拒绝登录", "sfa (neocrm): 无法使用", "erp (kingdee): 正常", "  → 请更正"},
	} {
		a := here.run("connectors", "check", "--lang", lang)
		require.Equal(t, 2, a.code, a.err)
		for _, w := range want {
			require.Contains(t, a.out, w)
		}
		j := here.run("connectors", "check", "pharmacy", "--json", "--lang", lang)
		require.Equal(t, 2, j.code)
		finding := j.object(t)["checks"].([]any)[0].(map[string]any)["findings"].([]any)[0].(map[string]any)
		require.Equal(t, "connectors.credentials", finding["code"])
		require.Contains(t, finding["text"], want[1])
		for _, secret := range []string{"wrong-token-1", "wrong-password-2"} {
			require.NotContains(t, a.out+a.err+j.out+j.err, secret)
		}
	}
}

// One connection that cannot even be made does not hide what is wrong with the others.
func TestCheckNamesTheFaultsOfEveryConnection(t *testing.T) {
	here := newInstallation(t)
	here.configure(`
connections:
  - {name: a, connector: pharmacy, settings: {base_url: "http://127.0.0.1:1/v1", tokn: x}}
  - {name: b, connector: kingdea}
  - {name: c, connector: pharmacy, settings: {base_url: "nowhere", token: x}}`)
	a := here.run("connectors", "check")
	require.Equal(t, 2, a.code)
	for _, want := range []string{"a (pharmacy): does not work", "connections.a.settings.tokn is not known", "connections.a.settings.token is missing", "b (kingdea): does not work", "no connector named kingdea", "c (pharmacy): does not work"} {
		require.Contains(t, a.out, want)
	}
	a = here.run("connectors", "check", "d")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, "No connection is named d.\n  → Configured: a, b, c.")
	empty := newInstallation(t)
	require.Contains(t, empty.run("connectors", "check", "d").err, "none is configured")
	require.Contains(t, empty.ok("connectors", "check").out, "No connection is configured.")
}

func TestCheckOfASystemThatIsAwayIsTheEnvironment(t *testing.T) {
	t.Parallel()
	here := newInstallation(t)
	here.configure(`connections: [{name: a, connector: pharmacy, settings: {base_url: "http://` + closedAddress(t) + `/v1", token: x}}]`)
	a := here.run("connectors", "check")
	require.Equal(t, 3, a.code, a.out)
	require.Contains(t, a.out, "could not be reached")
}
