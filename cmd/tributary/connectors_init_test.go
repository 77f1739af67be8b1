package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// config is the configuration file as it is now.
func (i installation) config() string {
	i.t.Helper()
	b, err := os.ReadFile(filepath.Join(i.dir, "tributary.yaml"))
	require.NoError(i.t, err)
	return string(b)
}

func TestInitWritesAConnection(t *testing.T) {
	here := newInstallation(t)
	here.configure("# kept\ncompany: {code: M}")
	a := here.ok("connectors", "init", "pharmacy", "--name", "chain", "--set", "base_url=https://chain.example/v1", "--set", "token=env:CHAIN_TOKEN", "--stream", "sales", "--json")
	require.Equal(t, "chain", a.object(t)["connection"])
	text := here.config()
	require.Contains(t, text, "# kept")
	require.Contains(t, text, "token: ${env:CHAIN_TOKEN}")
	require.Contains(t, text, "- stream: sales")
	require.Equal(t, 2, here.run("config", "lint").code, "the secret is not there yet")
	t.Setenv("CHAIN_TOKEN", "a-secret-of-a-chain")
	here.ok("config", "lint")

	for name, c := range map[string]struct {
		argv []string
		want string
	}{
		"a plain secret":   {[]string{"init", "pharmacy", "--name", "x", "--set", "base_url=https://c.example", "--set", "token=a-secret-of-a-chain"}, "does not belong"},
		"missing settings": {[]string{"init", "pharmacy", "--name", "x"}, "settings.base_url"},
		"unknown setting":  {[]string{"init", "pharmacy", "--name", "x", "--set", "url=https://c.example"}, "settings.url"},
		"not a setting":    {[]string{"init", "pharmacy", "--set", "url"}, "NAME=VALUE"},
		"unknown stream":   {[]string{"init", "pharmacy", "--name", "x", "--set", "base_url=https://c.example", "--set", "token=env:T", "--stream", "sale"}, "sales"},
		"same name":        {[]string{"init", "pharmacy", "--name", "chain", "--set", "base_url=https://c.example", "--set", "token=env:T"}, "configured already"},
		"not a name":       {[]string{"init", "pharmacy", "--name", "a/b", "--set", "base_url=https://c.example", "--set", "token=env:T"}, "a/b"},
		"unknown kind":     {[]string{"init", "pharmacie"}, "no connector named pharmacie"},
		"not a pause":      {[]string{"init", "pharmacy", "--name", "x", "--set", "base_url=https://c.example", "--set", "token=env:T", "--every", "often"}, "--every"},
	} {
		t.Run(name, func(t *testing.T) {
			a := here.run(append([]string{"connectors"}, c.argv...)...)
			require.Equal(t, 2, a.code, a.err)
			require.Contains(t, a.err, c.want)
			require.NotContains(t, a.err+a.out, "a-secret-of-a-chain")
			require.Equal(t, text, here.config(), "nothing is written")
		})
	}
}

// On a terminal it asks: name, settings, and what other answers make necessary.
func TestInitAsks(t *testing.T) {
	here := newInstallation(t)
	here.configure("")
	answers := "erp\nhttps://erp.example\n6400aabbccdd\nintegration\n\n\n\n\n\n100001_QUJDREVG\nenv:ERP_SECRET\n"
	a := here.runIn(t.Context(), answers, "connectors", "init", "kingdee")
	require.Zero(t, a.code, a.err)
	require.Contains(t, a.err, "acct_id — Id of the data centre")
	require.Contains(t, here.config(), "- name: erp\n    connector: kingdee\n    settings:\n      base_url: https://erp.example\n")
	require.Contains(t, here.config(), "app_secret: ${env:ERP_SECRET}")
	require.Contains(t, here.config(), "- stream: SAL_OUTSTOCK")
	zh := here.runIn(t.Context(), "\n", "connectors", "init", "kingdee", "--lang", "zh")
	require.Equal(t, 2, zh.code)
	require.Contains(t, zh.err, "连接名称")
	printed := here.ok("connectors", "init", "pharmacy", "--name", "p", "--set", "base_url=https://c.example", "--set", "token=file:/run/secrets/chain", "--print")
	require.Contains(t, printed.out, "token: ${file:/run/secrets/chain}")
	require.NotContains(t, here.config(), "pharmacy")
}
