package config_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"tributary/internal/config"
	"tributary/internal/errs"
)

func refs(env map[string]string) config.References {
	return config.References{
		Env:      func(k string) (string, bool) { v, ok := env[k]; return v, ok },
		ReadFile: os.ReadFile,
	}
}

func TestParseReadsEveryPart(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "kingdee")
	require.NoError(t, os.WriteFile(secret, []byte("planted-secret\n"), 0o600))
	c, err := config.Parse("tributary.yaml", []byte(`
company: {name: 百川制药有限公司, code: BC}
store: {url: "postgres://hub:${env:PGPASSWORD}@db:5432/hub"}
kafka: {brokers: [a:9092, "b:9092"], sasl: {mechanism: SCRAM-SHA-512, username: hub, password: "${env:KPW}"}}
connections:
  - name: erp
    connector: kingdee
    settings: {base_url: "https://erp.test", app_secret: "${file:`+secret+`}", page_size: 500, strict: true, list: [1, "02"]}
    streams:
      - {stream: BD_Customer, every: 10m}
retention: {outbox: 3d}
`), refs(map[string]string{"PGPASSWORD": "p@ss/word", "KPW": "p@ss"}))
	require.NoError(t, err)
	require.Equal(t, "postgres://hub:p@ss%2Fword@db:5432/hub", c.Store.URL, "inside a URL a reference is percent-encoded")
	require.Equal(t, "p@ss", c.Kafka.SASL.Password)
	require.False(t, c.Kafka.Embedded, "brokers turn the embedded broker off")
	require.Equal(t, map[string]any{"base_url": "https://erp.test", "app_secret": "planted-secret", "page_size": json.Number("500"), "strict": true, "list": []any{json.Number("1"), "02"}}, c.Connections[0].Settings)
	require.Equal(t, config.Duration(10*time.Minute), c.Connections[0].Streams[0].Every)
	require.Equal(t, config.Duration(72*time.Hour), c.Retention.Outbox)
	require.Equal(t, "M", config.Defaults().Company.Code)
}

func TestParseTellsEveryProblemWithItsPlace(t *testing.T) {
	_, err := config.Parse("tributary.yaml", []byte(`company: {nmae: x}
kafka:
  partitions: many
connections:
  - name: erp
    connector: kingdee
    streams: BD_Customer
  - name: crm
    connector: neocrm
    settings: {password: "${env:MISSING}"}
`), refs(nil))
	require.True(t, errs.Is(err, errs.Invalid))
	var ps config.Problems
	require.True(t, errors.As(err, &ps))
	got := map[string]int{}
	for _, p := range ps {
		got[p.Path+" "+p.Code] = p.Line
	}
	require.Equal(t, map[string]int{
		"company.nmae config.unknown_key":                     1,
		"kafka.partitions config.type":                        3,
		"connections[0].streams config.type":                  7,
		"connections[1].settings.password config.env_missing": 10,
	}, got)
	require.Contains(t, errs.Render(err, "en"), "tributary.yaml:1:11: The key company.nmae is not known.\n  → Did you mean: name?")
	require.Contains(t, errs.Render(err, "zh"), "未知的配置项 company.nmae。")
}

func TestCheckFindsWhatIsWellFormedButCannotWork(t *testing.T) {
	_, err := config.Parse("t.yaml", []byte("connections: [{name: a, connector: x}, {name: a, connector: y}, {name: flow:x}]\ndedupe: {merge_threshold: 0.4}\nkafka: {partitions: 0}"), refs(nil))
	var ps config.Problems
	require.True(t, errors.As(err, &ps))
	var codes []string
	for _, p := range ps {
		codes = append(codes, p.Path+" "+p.Code)
	}
	require.ElementsMatch(t, []string{"connections[1].name config.connection_twice", "connections[2].connector config.missing",
		"connections[2].name config.connection_name", "dedupe config.thresholds", "kafka.partitions config.too_small"}, codes)
}

func TestParseSyntaxErrorHasItsPlace(t *testing.T) {
	_, err := config.Parse("t.yaml", []byte("company:\n  name: [a\nstore: {"), refs(nil))
	require.ErrorContains(t, err, "t.yaml:")
	require.True(t, errs.Is(err, errs.Invalid))
}

func TestSchemaIsValidAndAcceptsTheExample(t *testing.T) {
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("config.json", config.Schema()))
	s, err := c.Compile("config.json")
	require.NoError(t, err)
	require.NoError(t, s.Validate(map[string]any{"company": map[string]any{"name": "x"}, "retention": map[string]any{"outbox": "3d"}}))
	require.Error(t, s.Validate(map[string]any{"compny": map[string]any{}}))
}

func FuzzParse(f *testing.F) {
	f.Add("company: {name: x}")
	f.Add("connections:\n - {name: a, connector: b, settings: {x: [1, {y: ~}]}}")
	f.Add("a: &x {b: *x}")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := config.Parse("f", []byte(text), refs(nil))
		if err != nil {
			require.NotEmpty(t, errs.Render(err, "zh"))
		}
	})
}

func TestProblemFindsTheNearestPlace(t *testing.T) {
	c, err := config.Parse("t.yaml", []byte("connections:\n  - name: a\n    connector: x\n    settings:\n      url: u\n"), refs(nil))
	require.NoError(t, err)
	require.Equal(t, "t.yaml", c.File())
	at := func(path string) int { return c.Problem(path, "config.missing", nil).Line }
	require.Equal(t, 5, at("connections[0].settings.url"))
	require.Contains(t, []int{4, 5}, at("connections[0].settings.password"), "what is missing is missing in its parent")
	require.Equal(t, 3, at("connections[0].connector"))
	d := config.Defaults()
	require.Zero(t, d.Problem("kafka.listen", "config.missing", nil).Line, "the defaults stand nowhere")
}

func TestEveryProblemReadsWellInBothLanguages(t *testing.T) {
	for name, c := range map[string]struct{ text, en, zh string }{
		"no list":        {"connections: x", "connections must be a list, but is “x”.", "connections 应为列表"},
		"no mapping":     {"kafka: 3", "kafka must be a mapping of keys to values", "kafka 应为键值映射"},
		"no number":      {"dedupe: {merge_threshold: high}", "dedupe.merge_threshold must be a number, but is “high”.", "应为数字"},
		"no span":        {"retention: {outbox: soon}", "a time span such as 30s", "时间长度"},
		"no yes or no":   {"kafka: {embedded: perhaps}", "true or false", "true 或 false"},
		"unset variable": {`store: {url: "postgres://${env:NOPE}@h/d"}`, "the environment variable NOPE, which is not set", "环境变量 NOPE 未设置"},
		"missing file":   {`store: {url: "${file:/nope}"}`, "the file /nope, which cannot be read", "文件 /nope 无法读取"},
		"odd reference":  {`store: {url: "${vault:x}"}`, "unknown kind vault", "引用类型 vault 未知"},
		"odd role":       {"auth: {local_role: boss}", "auth.local_role cannot be “boss”.\n  → Choose one of: admin,", "auth.local_role 不能为“boss”"},
		"odd packing":    {"kafka: {compression: rar}", "none, gzip, snappy, lz4, zstd", "kafka.compression"},
		"no code":        {`company: {code: ""}`, "company.code is missing", "缺少 company.code"},
		"negative":       {"trace: {window_days: -1}", "trace.window_days must be at least 0, but is -1.", "至少为 0，实际为 -1"},
		"no brokers":     {"kafka: {embedded: false}", "kafka.brokers is missing", "缺少 kafka.brokers"},
	} {
		_, err := config.Parse("t.yaml", []byte(c.text), refs(nil))
		require.Error(t, err, name)
		for lang, want := range map[string]string{"en": c.en, "zh": c.zh} {
			text := errs.Render(err, lang)
			require.Contains(t, text, want, name)
			require.Contains(t, text, "t.yaml:1:", name)
			require.NotRegexp(t, `[^$]\{[a-z_]+\}`, text, "%s: a placeholder without a value", name)
		}
	}
}

// A file that the configuration names is looked for beside the configuration, wherever the program is started.
func TestFilesAreNamedFromTheConfigurationsFolder(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "password"), []byte("planted-secret\n"), 0o600))
	file := filepath.Join(dir, "tributary.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
kafka: {brokers: [a:9092], tls: {enabled: true, ca: ca.pem}, sasl: {mechanism: PLAIN, username: hub, password: "${file:password}"}}
divisions: {current: divisions/current.csv, history: /etc/history.csv}
quality: {profile_file: profile.yaml}
connections:
  - name: erp
    connector: kingdee
    streams: [{stream: BD_Customer, map: maps/customer.yaml}, {stream: BD_MATERIAL, map: /etc/material.yaml}, {stream: BD_BatchMainFile}]
`), 0o600))
	t.Chdir(t.TempDir())
	c, err := config.Load(file)
	require.NoError(t, err)
	require.Equal(t, "planted-secret", c.Kafka.SASL.Password)
	require.Equal(t, filepath.Join(dir, "ca.pem"), c.Kafka.TLS.CA)
	require.Equal(t, filepath.Join(dir, "divisions", "current.csv"), c.Divisions.Current)
	require.Equal(t, "/etc/history.csv", c.Divisions.History)
	require.Equal(t, filepath.Join(dir, "profile.yaml"), c.Quality.ProfileFile)
	require.Equal(t, filepath.Join(dir, "maps", "customer.yaml"), c.Connections[0].Streams[0].Map)
	require.Equal(t, "/etc/material.yaml", c.Connections[0].Streams[1].Map)
	require.Empty(t, c.Connections[0].Streams[2].Map)
}
