package connectors_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/connectors"
	"tributary/internal/errs"
)

type settings struct {
	URL   string            `cfg:"url" doc:"Address." doc_zh:"地址。" example:"https://x.example" required:"true"`
	Key   connectors.Secret `cfg:"key" doc:"Key." doc_zh:"密钥。" required:"true"`
	Mode  string            `cfg:"mode" doc:"Mode." doc_zh:"模式。" default:"fast" enum:"fast,slow"`
	Size  int               `cfg:"size" doc:"Rows." doc_zh:"行数。" default:"100" min:"1" max:"500"`
	Share float64           `cfg:"share" doc:"Share." doc_zh:"比例。"`
	Flag  bool              `cfg:"flag" doc:"Flag." doc_zh:"开关。"`
	Codes []string          `cfg:"codes" doc:"Codes." doc_zh:"编码。" default:"a,b"`
	Names map[string]string `cfg:"names" doc:"Names." doc_zh:"名称。"`
	Other int
	Common
}

// Embedded settings must be exported to be set.
type Common struct {
	Wait time.Duration `cfg:"wait" doc:"Pause." doc_zh:"等待。" default:"5m" advanced:"true"`
}

type withCommon struct {
	URL string            `cfg:"url" doc:"Address." doc_zh:"地址。" example:"https://x.example" required:"true"`
	Key connectors.Secret `cfg:"key" doc:"Key." doc_zh:"密钥。"`
	Common
}

func spec(t *testing.T) connectors.Spec {
	t.Helper()
	s, err := connectors.SpecOf(settings{})
	require.NoError(t, err)
	return s
}

func TestParseFillsDefaultsAndTypes(t *testing.T) {
	t.Parallel()
	var raw map[string]any
	require.NoError(t, yaml.Unmarshal([]byte("url: https://a\nkey: 0123\nsize: 7\nshare: 1.5\nflag: true\ncodes: [x, 2]\nnames: {a: 1}\nwait: 30s\n"), &raw))
	got, problems := spec(t).Parse("connections.erp.settings", raw)
	require.Empty(t, problems)
	s := got.(settings)
	require.Equal(t, "https://a", s.URL)
	require.Equal(t, 7, s.Size)
	require.Equal(t, "fast", s.Mode)
	require.Equal(t, []string{"x", "2"}, s.Codes)
	require.Equal(t, map[string]string{"a": "1"}, s.Names)
	require.Equal(t, 30*time.Second, s.Wait)

	withDefaults, problems := spec(t).Parse("p", map[string]any{"url": "u", "key": "k"})
	require.Empty(t, problems)
	require.Equal(t, 5*time.Minute, withDefaults.(settings).Wait)
	require.Equal(t, []string{"a", "b"}, withDefaults.(settings).Codes)
}

func TestParseReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, problems := spec(t).Parse("connections.erp.settings", map[string]any{
		"key": []any{"s3cr3t-value"}, "mode": "sideways", "size": "many", "flag": 3, "codes": map[string]any{}, "wait": "soon", "colour": "red", "share": "nan",
	})
	var paths []string
	for _, p := range problems {
		paths = append(paths, strings.TrimPrefix(p.Path, "connections.erp.settings."))
	}
	require.Equal(t, []string{"url", "key", "mode", "size", "share", "flag", "codes", "wait", "colour"}, paths)
	require.Equal(t, errs.Invalid, errs.KindOf(problems))
	for _, lang := range []string{"en", "zh"} {
		text := problems.Text(lang)
		require.NotContains(t, text, "s3cr3t-value")
		require.NotRegexp(t, `\{[a-z_]+\}`, text, "a placeholder without a value")
		require.Contains(t, text, "connections.erp.settings.url")
		require.Contains(t, text, "fast, slow")
	}
}

func TestRequiredSettingMissing(t *testing.T) {
	t.Parallel()
	for _, raw := range []map[string]any{{}, {"url": ""}, {"url": nil}} {
		_, problems := spec(t).Parse("p", raw)
		require.Equal(t, "connectors.setting_missing", problems[0].Err.Code)
		require.Contains(t, problems.Text("en"), "https://x.example")
	}
}

func TestBoundsOfIntegers(t *testing.T) {
	t.Parallel()
	for size, good := range map[int]bool{-1: false, 0: false, 1: true, 500: true, 501: false} {
		_, problems := spec(t).Parse("p", map[string]any{"url": "u", "key": "k", "size": size})
		require.Equal(t, good, len(problems) == 0, size)
	}
}

func TestSpecRefusesContradictions(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]any{
		"not a struct": 3,
		"nil":          nil,
		"no doc": struct {
			A string `cfg:"a" doc:"x"`
		}{},
		"twice": struct {
			A string `cfg:"a" doc:"x" doc_zh:"x"`
			B string `cfg:"a" doc:"x" doc_zh:"x"`
		}{},
		"type": struct {
			A chan int `cfg:"a" doc:"x" doc_zh:"x"`
		}{},
		"secret default": struct {
			A connectors.Secret `cfg:"a" doc:"x" doc_zh:"x" default:"x"`
		}{},
		"bad default": struct {
			A int `cfg:"a" doc:"x" doc_zh:"x" default:"x"`
		}{},
		"bound of a text": struct {
			A string `cfg:"a" doc:"x" doc_zh:"x" min:"1"`
		}{},
		"required default": struct {
			A int `cfg:"a" doc:"x" doc_zh:"x" default:"1" required:"true"`
		}{},
	} {
		_, err := connectors.SpecOf(config)
		require.Error(t, err, name)
	}
}

func TestSchemaAcceptsWhatParseAccepts(t *testing.T) {
	t.Parallel()
	s, err := connectors.SpecOf(withCommon{})
	require.NoError(t, err)
	b, err := json.Marshal(s.Schema())
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("s.json", doc))
	schema, err := c.Compile("s.json")
	require.NoError(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		raw := map[string]any{}
		for name, gen := range map[string]*rapid.Generator[any]{
			"url":  rapid.Just[any]("https://a"),
			"key":  rapid.OneOf(rapid.Just[any]("k"), rapid.Just[any](true)),
			"wait": rapid.SampledFrom([]any{"5m", "1h30m", "soon", "30", 4.0}),
			"no":   rapid.Just[any](1.0),
		} {
			if rapid.Bool().Draw(rt, name) {
				raw[name] = gen.Draw(rt, name+"_value")
			}
		}
		_, problems := s.Parse("p", raw)
		if raw["key"] == true {
			return // text settings take any scalar from YAML, an editor asks for text
		}
		require.Equal(rt, len(problems) == 0, schema.Validate(raw) == nil, "%v: %v", raw, problems)
	})
}

func TestSecretHasNoPrintingForm(t *testing.T) {
	t.Parallel()
	const value = "hunter2hunter2"
	s := settings{Key: connectors.NewSecret(value)}
	asJSON, err := json.Marshal(s)
	require.NoError(t, err)
	asYAML, err := yaml.Marshal(s)
	require.NoError(t, err)
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "key", s.Key, "all", s)
	hidden := struct{ inner settings }{s}
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v", hidden, &hidden, hidden),
		string(asJSON), string(asYAML), logged.String(),
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s.Key, s.Key, s.Key, s.Key), fmt.Sprintf("%+v", &s),
		s.Key.String(), s.Key.GoString(),
	} {
		require.NotContains(t, text, value)
		require.NotContains(t, text, fmt.Sprintf("%x", value))
	}
	require.Equal(t, value, s.Key.Reveal())
}

func TestRedactMarksSecretsAndUnknownKeys(t *testing.T) {
	t.Parallel()
	got := spec(t).Redact(map[string]any{"url": "u", "key": "k", "kay": "mistyped"})
	require.Equal(t, map[string]any{"url": "u", "key": "[secret]", "kay": "[secret]"}, got)
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	made := 0
	d := connectors.Driver{Name: "x", Config: withCommon{}, Title: map[string]string{"en": "X"}, Streams: []connectors.StreamInfo{{Name: "s"}},
		New: func(any, connectors.Env) (connectors.Source, error) { made++; return nil, nil }}
	r, err := connectors.NewRegistry(d)
	require.NoError(t, err)
	require.Equal(t, []string{"x"}, r.Names())
	_, err = connectors.NewRegistry(d, d)
	require.ErrorContains(t, err, "twice")
	_, _, err = r.Driver("y")
	require.Equal(t, "connectors.unknown", errs.CodeOf(err))
	_, err = r.New("x", "connections.a.settings", map[string]any{}, connectors.Env{})
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	require.Zero(t, made)
	_, err = r.New("x", "connections.a.settings", map[string]any{"url": "u"}, connectors.Env{})
	require.NoError(t, err)
	require.Equal(t, 1, made)

	d.Maps = map[string][]byte{"t": nil}
	_, err = connectors.NewRegistry(d)
	require.ErrorContains(t, err, "unknown stream t")
}
