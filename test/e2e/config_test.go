package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// A broken configuration is told with file, line and column, by lint and by every other command, in both languages.
func TestABrokenConfigurationIsToldWithLineAndColumn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, yaml string
		en, zh     []string
	}{
		{"a typo", "kafka:\n  embeded: true\n", []string{"tributary.yaml:2:3", "kafka.embeded is not known", "Did you mean: embedded"},
			[]string{"tributary.yaml:2:3", "未知的配置项 kafka.embeded", "是否想写：embedded"}},
		{"a wrong type", "kafka: {partitions: many}\n", []string{"tributary.yaml:1:21", "whole number", "many"}, []string{"tributary.yaml:1:21", "many"}},
		{"a missing variable", "store: {url: \"postgres://u:${env:NO_SUCH_VARIABLE}@h/db\"}\n", []string{"tributary.yaml:1:14", "NO_SUCH_VARIABLE", "not set"},
			[]string{"tributary.yaml:1:14", "NO_SUCH_VARIABLE"}},
		{"a missing secret file", "connections:\n- {name: erp, connector: kingdee, settings: {app_secret: \"${file:/no/such/file}\"}}\n",
			[]string{"tributary.yaml:2:", "/no/such/file"}, []string{"tributary.yaml:2:", "/no/such/file"}},
		{"broken YAML", "http: {listen: \"a\"\nfoo\n", []string{"tributary.yaml:2:1", "not valid YAML", "Check indentation"}, []string{"tributary.yaml:2:1", "YAML 语法有误"}},
		{"an unknown connector", "connections:\n- {name: erp, connector: kingdeee}\n", []string{"tributary.yaml:2:", "kingdeee", "kingdee"}, []string{"tributary.yaml:2:", "kingdeee"}},
		{"an unknown setting", "connections:\n- {name: erp, connector: pharmacy, settings: {base_urll: \"http://h\", token: x}}\n",
			[]string{"tributary.yaml:2:", "base_urll"}, []string{"tributary.yaml:2:", "base_urll"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := harness.New(t, harness.Options{})
			h.Write("tributary.yaml", c.yaml)
			for lang, parts := range map[string][]string{"en": c.en, "zh": c.zh} {
				r := h.Run("config", "lint", "--lang", lang)
				require.Equal(t, 2, r.Code, r.Stdout+r.Stderr)
				for _, part := range parts {
					require.Contains(t, r.Stdout+r.Stderr, part)
				}
			}
			r := h.Run("pull")
			require.Equal(t, 2, r.Code, r.Stdout+r.Stderr)
			require.Contains(t, r.Stdout+r.Stderr, c.en[len(c.en)-1])
		})
	}
	h := harness.Embedded(t, harness.Options{})
	h.OK("config", "lint")
	require.Contains(t, h.Run("--config", "nowhere.yaml", "config", "lint").Stderr, "nowhere.yaml")
}
