package main

import (
	"encoding/json"
	"net"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// closedAddress is an address where nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func TestLintNamesEveryProblemWithItsPlace(t *testing.T) {
	here := newInstallation(t)
	here.write("tributary.yaml", "compny: {name: x}\nkafka:\n  partitions: many\n")
	for lang, want := range map[string][]string{
		"en": {"tributary.yaml:1:1: The key compny is not known.\n  → Did you mean: company?", "tributary.yaml:3:15: kafka.partitions must be a whole number, but is “many”."},
		"zh": {"tributary.yaml:1:1: 未知的配置项 compny。\n  → 是否想写：company？", "tributary.yaml:3:15: kafka.partitions 应为整数，实际为“many”。"},
	} {
		a := here.run("config", "lint", "--lang", lang)
		require.Equal(t, 2, a.code)
		require.Empty(t, a.err, "said once")
		for _, w := range want {
			require.Contains(t, a.out, w)
		}
		a = here.run("runs", "list", "--lang", lang)
		require.Equal(t, 2, a.code, "no command runs on a configuration that is broken")
		for _, w := range want {
			require.Contains(t, a.err, w)
		}
	}
}

func TestLintChecksConnectionsAgainstTheirConnectors(t *testing.T) {
	here := newInstallation(t)
	here.write("tributary.yaml", `connections:
  - name: chain
    connector: pharmacy
    settings:
      base_url: https://pharmacy.test/v1
      tokn: x
    streams:
      - {stream: store}
  - name: erp
    connector: kingdea
`)
	a := here.run("config", "lint")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.out, "tributary.yaml:6:7: The setting connections.chain.settings.tokn is not known.")
	require.Contains(t, a.out, "The setting connections.chain.settings.token is missing")
	require.Regexp(t, `tributary\.yaml:8:\d+: The connector pharmacy has no stream store of its own\.\n  → Did you mean: stores\?`, a.out)
	require.Regexp(t, `tributary\.yaml:10:16: There is no connector named kingdea`, a.out)

	j := here.run("config", "lint", "--json", "--lang", "zh")
	require.Equal(t, 2, j.code)
	v := j.object(t)
	require.Equal(t, false, v["ok"])
	p := v["problems"].([]any)[0].(map[string]any)
	require.NotZero(t, p["line"])
	require.NotEmpty(t, p["code"])
	require.Regexp(t, `\p{Han}`, p["text"])
}

func TestLintOfAFileThatIsNotThere(t *testing.T) {
	here := newInstallation(t)
	a := here.run("config", "lint", "--config", here.dir+"/none.yaml")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, "none.yaml cannot be read")
	require.Contains(t, here.run("config", "lint", "--lang", "zh", "--config", here.dir).err, "无法读取配置文件")
}

func TestSchemaOfTheConfigurationIsOne(t *testing.T) {
	here := newInstallation(t)
	var schema any
	require.NoError(t, json.Unmarshal([]byte(here.ok("config", "schema").out), &schema))
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("config.json", schema))
	_, err := c.Compile("config.json")
	require.NoError(t, err)
}
