package rest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/rest"
)

func TestSettingsThatDoNotFit(t *testing.T) {
	t.Parallel()
	spec, err := connectors.SpecOf(rest.Settings{})
	require.NoError(t, err)
	stream := func(change map[string]any) map[string]any {
		s := map[string]any{"path": "/x", "key": []any{"id"}}
		for k, v := range change {
			s[k] = v
		}
		return map[string]any{"streams": map[string]any{"x": s}}
	}
	for name, c := range map[string]struct {
		settings   map[string]any
		path, code string
	}{
		"auth of no kind":        {map[string]any{"auth": map[string]any{"kind": "magic"}}, "s.auth.kind", "connectors.setting_choice"},
		"bearer without token":   {map[string]any{"auth": map[string]any{"kind": "bearer"}}, "s.auth.token", "connectors.setting_needed"},
		"login without params":   {map[string]any{"auth": map[string]any{"kind": "login", "path": "/l"}}, "s.auth.params", "connectors.setting_needed"},
		"auth is no group":       {map[string]any{"auth": "bearer"}, "s.auth", "connectors.setting_type"},
		"unknown key inside":     {map[string]any{"auth": map[string]any{"knd": "none"}}, "s.auth.knd", "connectors.setting_unknown"},
		"no class":               {map[string]any{"errors": map[string]any{"status": map[string]any{"410": "again"}}}, "s.errors.status", "rest.class"},
		"stream without key":     {map[string]any{"streams": map[string]any{"x": map[string]any{"path": "/x"}}}, "s.streams.x.key", "connectors.setting_missing"},
		"stream is no group":     {map[string]any{"streams": map[string]any{"x": "/x"}}, "s.streams.x", "connectors.setting_type"},
		"placeholder":            {stream(map[string]any{"params": map[string]any{"a": []any{"{form}"}}}), "s.streams.x.params", "rest.placeholder"},
		"window without time":    {stream(map[string]any{"params": map[string]any{"a": "{from}"}}), "s.streams.x.time", "connectors.setting_needed"},
		"complete with a window": {stream(map[string]any{"params": map[string]any{"a": "{to}"}, "time": "t", "complete": true}), "s.streams.x.complete", "rest.complete_window"},
		"time pattern":           {stream(map[string]any{"time_format": "dd.MM.yy"}), "s.streams.x.time_format", "rest.time_format"},
		"link without next":      {stream(map[string]any{"paging": map[string]any{"kind": "link"}}), "s.streams.x.paging.next", "connectors.setting_needed"},
		"pages without total":    {stream(map[string]any{"paging": map[string]any{"kind": "page"}, "params": map[string]any{"p": "{page}"}}), "s.streams.x.paging.total", "connectors.setting_needed"},
		"after what is not by":   {stream(map[string]any{"paging": map[string]any{"kind": "keyset", "by": []any{"id"}}, "params": map[string]any{"p": "{after.no}"}}), "s.streams.x.paging.by", "rest.after"},
	} {
		t.Run(name, func(t *testing.T) {
			raw := map[string]any{"base_url": "https://x.example", "streams": map[string]any{}}
			for k, v := range c.settings {
				raw[k] = v
			}
			_, problems := spec.Parse("s", raw)
			require.Len(t, problems, 1)
			require.Equal(t, c.path, problems[0].Path)
			require.Equal(t, c.code, problems[0].Err.Code)
			for _, lang := range []string{"en", "zh"} {
				require.NotRegexp(t, `\{(path|name|known|field|value)\}`, problems[0].Err.Text(lang))
			}
		})
	}
}

func TestSecretsInGroupsAreMarked(t *testing.T) {
	t.Parallel()
	spec, err := connectors.SpecOf(rest.Settings{})
	require.NoError(t, err)
	require.Equal(t, map[string]any{"kind": "bearer", "token": "[secret]", "tokn": "[secret]"},
		spec.Redact(map[string]any{"auth": map[string]any{"kind": "bearer", "token": "x", "tokn": "y"}})["auth"])
}
