package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

// A source that answers with refusals, failures, pages or half a body is told in one message, nothing of it is stored as
// data, and the next run goes on when the source is well.
func TestASourceThatMisbehavesIsNamedWithCauseAndRemedy(t *testing.T) {
	t.Parallel()
	well := harness.StartSandbox(t, 0.05, "")
	for _, c := range []struct {
		fault  string
		code   int
		en, zh []string
	}{
		{"bad_credentials:always", 2, []string{"refuses the credentials", "401", "Correct user, password"}, []string{"拒绝登录", "请更正"}},
		{"no_rights:always", 2, []string{"does not let the user", "administrator"}, []string{"不允许", "管理员"}},
		{"http_429:always", 3, []string{"refuses further calls for now", "429", "continues later"}, []string{"暂时拒绝", "429"}},
		{"http_500:always", 3, []string{"keeps failing", "500", "continues by itself"}, []string{"持续失败", "500"}},
		{"html_502:always", 3, []string{"keeps failing", "502"}, []string{"持续失败", "502"}},
		{"html_200:always", 3, []string{"not data", "HTML", "proxy or login page"}, []string{"不是数据", "HTML"}},
		{"cut_body:always", 3, []string{"could not be reached", "Check the address"}, []string{"无法连接"}},
		{"half_json:always", 3, []string{"not data"}, []string{"不是数据"}},
		{"shape:always", 3, []string{"a form that is not known", "Nothing was stored"}, []string{"结构未知"}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			sick := harness.StartSandbox(t, 0.05, c.fault)
			// The chain is not waited for: a second is enough to see that the fault does not pass.
			h := harness.Embedded(t, harness.Options{Config: strings.Replace(sick.Config, "\n      token:", "\n      retry_budget: 1s\n      token:", 1)})
			for lang, parts := range map[string][]string{"en": c.en, "zh": c.zh} {
				r := h.Run("pull", "pharmacy/stores", "--quiet", "--lang", lang)
				require.Equal(t, c.code, r.Code, r.Stdout+r.Stderr)
				require.Contains(t, r.Stdout, "pharmacy/stores")
				for _, part := range parts {
					require.Contains(t, r.Stdout+r.Stderr, part)
				}
				requirePlain(t, r.Stdout+r.Stderr)
			}
			h.Reconfigure(well.Config)
			report, r := h.Report("pull", "pharmacy/stores")
			require.Zero(t, r.Code, r.Stdout+r.Stderr)
			report.AddsUp(t)
			require.NotZero(t, report.Totals.Canonical)
			require.Equal(t, report.Totals.Read, report.Totals.Canonical+report.Totals.Filtered, "nothing of the failed runs was stored")
		})
	}
}

// Faults that pass are waited out without a word to the user: the run ends with everything.
func TestPassingFaultsAreWaitedOut(t *testing.T) {
	t.Parallel()
	well, shaky := harness.StartSandbox(t, 0.05, ""), harness.StartSandbox(t, 0.05, "http_500:1,http_429:1,session_expiry:1,html_502:1")
	calm, h := harness.Embedded(t, harness.Options{Config: well.Config}), harness.Embedded(t, harness.Options{Config: shaky.Config})
	want, _ := calm.Report("pull", "erp")
	got, r := h.Report("pull", "erp")
	require.Zero(t, r.Code, r.Stderr)
	require.Equal(t, want.Totals, got.Totals)
}

// `connectors check` with a wrong password says so in words that lead to the mending of it.
func TestCheckWithAWrongPassword(t *testing.T) {
	t.Parallel()
	sick := harness.StartSandbox(t, 0.05, "bad_credentials:always")
	h := harness.Embedded(t, harness.Options{Config: sick.Config})
	for lang, parts := range map[string][]string{
		"en": {"erp (kingdee): does not work", "refuses the credentials", "Correct user, password", "flow (files): good"},
		"zh": {"erp (kingdee): 无法使用", "拒绝登录", "请更正该连接的用户、密码", "flow (files): 正常"},
	} {
		r := h.Run("connectors", "check", "--lang", lang)
		require.Equal(t, 2, r.Code, r.Stdout+r.Stderr)
		for _, part := range parts {
			require.Contains(t, r.Stdout, part)
		}
		requirePlain(t, r.Stdout+r.Stderr)
		require.NotContains(t, r.Stdout+r.Stderr, "planted-secret-neocrm-password", "a secret was printed")
	}
	r := h.Run("connectors", "check", "nowhere")
	require.Equal(t, 2, r.Code)
	require.Contains(t, r.Stderr, "erp", "the connections that exist are named")
}

// The first rows of a live stream are shown beside what the stream's map, or a suggested one, makes of them; nothing is
// stored by looking.
func TestALiveStreamIsPreviewed(t *testing.T) {
	t.Parallel()
	world := harness.StartSandbox(t, 0.05, "")
	h := harness.Embedded(t, harness.Options{Config: world.Config})
	type shown struct {
		Headers []string
		Rows    []struct {
			Source    map[string]any
			Canonical map[string]any
			Issues    []any
		}
	}
	var own shown
	h.Into(&own, "mapping", "preview", "pharmacy/stores", "--rows", "7")
	require.Len(t, own.Rows, 7)
	require.NotEmpty(t, own.Headers)
	for _, r := range own.Rows {
		require.Empty(t, r.Issues)
		require.NotEmpty(t, r.Canonical["name"], r.Source)
	}
	unnamed := h.Run("mapping", "preview", "erp/BD_Customer", "--as", "customers", "--lang", "en")
	require.Equal(t, 2, unnamed.Code)
	require.Contains(t, unnamed.Stderr, "FSOCIALCRECODE", "the fields that were found")
	var s struct{ Map string }
	h.Into(&s, "mapping", "suggest", "pharmacy/stores", "--as", "customers")
	require.Contains(t, s.Map, "entity: customer")

	r := h.Run("mapping", "preview", "pharmacy/shops", "--lang", "en")
	require.Equal(t, 2, r.Code)
	require.Contains(t, r.Stderr, "stores")
	var runs struct{ Runs []any }
	h.Into(&runs, "runs", "list")
	require.Empty(t, runs.Runs)
}
