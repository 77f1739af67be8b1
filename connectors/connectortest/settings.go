package connectortest

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/internal/errs"
)

func specOf(t *testing.T, h Harness) connectors.Spec {
	t.Helper()
	spec, err := connectors.SpecOf(h.Driver.Config)
	require.NoError(t, err)
	return spec
}

// secretName finds settings that must be secrets by their names; URLs and texts about them are none.
var secretName = regexp.MustCompile(`(?i)(password|secret|token|passphrase|private_key|permanent_code|api_key)$`)

func specIsWhole(t *testing.T, h Harness) {
	spec := specOf(t, h)
	require.NotEmpty(t, spec.Options)
	spec.Walk(func(path string, o connectors.Option) {
		require.NotEmpty(t, o.Doc["en"], path)
		require.NotEmpty(t, o.Doc["zh"], path)
		require.Equal(t, secretName.MatchString(o.Name), o.Secret, "%s: secrets are told by name and by type alike", path)
	})
	schema := compile(t, spec)
	var plain any
	b, err := json.Marshal(h.Start(t).Settings)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &plain))
	require.NoError(t, schema.Validate(plain), "the settings of the simulated system")
	page := string(connectors.Page(h.Driver, spec))
	for _, o := range spec.Options {
		require.Contains(t, page, "`"+o.Name+"`")
	}
	for _, lang := range []string{"en", "zh"} {
		require.NotEmpty(t, h.Driver.Title[lang])
	}
}

func compile(t *testing.T, spec connectors.Spec) *jsonschema.Schema {
	t.Helper()
	b, err := json.Marshal(spec.Schema())
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("spec.json", doc))
	schema, err := c.Compile("spec.json")
	require.NoError(t, err)
	return schema
}

// releasedSettingsHold makes configurations as the released version allowed them and reads them with this one.
func releasedSettingsHold(t *testing.T, h Harness) {
	spec := specOf(t, h)
	old := released(t, h)
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		raw := values(old.Options, r)
		_, problems := spec.Parse("p", raw)
		for _, p := range problems { // settings that need each other, and made-up texts that are no keys, are another matter
			require.NotContains(t, []string{"connectors.setting_missing", "connectors.setting_unknown", "connectors.setting_type", "connectors.setting_choice"}, p.Err.Code, "%v: %s", raw, p.Err.Text("en"))
		}
	}
}

// values are settings as a person may have written them: those that are required, and some of the others.
func values(options []option, r *rand.Rand) map[string]any {
	raw := map[string]any{}
	for _, o := range options {
		if o.Required || r.IntN(2) != 0 {
			raw[o.Name] = value(o, r)
		}
	}
	return raw
}

func value(o option, r *rand.Rand) any {
	if len(o.Enum) > 0 {
		return o.Enum[r.IntN(len(o.Enum))]
	}
	most := 3000
	if o.Max > 0 {
		most = o.Max
	}
	return map[connectors.OptionType]any{
		connectors.TypeText: "text", connectors.TypeSecret: "text", connectors.TypeBool: r.IntN(2) == 0, connectors.TypeInteger: r.IntN(most) + 1,
		connectors.TypeNumber: 1.5, connectors.TypeDuration: "30s", connectors.TypeList: []any{"a", "b"}, connectors.TypeTable: map[string]any{}, connectors.TypeTree: map[string]any{},
		connectors.TypeGroup: values(o.Group, r), connectors.TypeGroups: map[string]any{},
	}[o.Type]
}

func missingSettings(t *testing.T, h Harness) {
	spec, system := specOf(t, h), h.Start(t)
	_, problems := spec.Parse("connections.x.settings", map[string]any{})
	require.NotEmpty(t, problems, "nothing at all is no configuration")
	require.Equal(t, errs.Invalid, errs.KindOf(problems), "exit 2")
	for _, o := range spec.Options {
		if !o.Required {
			continue
		}
		raw := merged(system.Settings)
		delete(raw, o.Name)
		_, problems := spec.Parse("connections.x.settings", raw)
		require.Len(t, problems, 1, o.Name)
		require.Equal(t, "connectors.setting_missing", problems[0].Err.Code)
		require.Equal(t, errs.Invalid, errs.KindOf(problems), "exit 2")
		require.Contains(t, problems.Text("zh"), "connections.x.settings."+o.Name)
	}
}
