package errs_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/internal/errs"
)

func TestCatalogIsWhole(t *testing.T) {
	all, err := errs.Catalog()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	placeholder := regexp.MustCompile(`\{[a-z_]+\}`)
	for code, m := range all {
		require.NotEmpty(t, m.EN.What, code)
		require.NotEmpty(t, m.ZH.What, code)
		require.Equal(t, m.EN.Next == "", m.ZH.Next == "", "%s: remedy in one language only", code)
		require.ElementsMatch(t, unique(placeholder.FindAllString(m.EN.What+m.EN.Next, -1)),
			unique(placeholder.FindAllString(m.ZH.What+m.ZH.Next, -1)), "%s: placeholders differ between languages", code)
	}
}

func TestErrorSpeaksBothLanguages(t *testing.T) {
	err := fmt.Errorf("import x.csv: %w", errs.New(errs.Invalid, "canonical.required", errs.Args{"field": "name"}))
	require.True(t, errs.Is(err, errs.Invalid))
	require.Contains(t, errs.Render(err, "en"), "The field name is empty.")
	require.Contains(t, errs.Render(err, "zh"), "字段 name 为空。")
	require.Equal(t, errs.Internal, errs.KindOf(errors.New("plain")))
}

func TestArgumentsSpeakTheReadersLanguage(t *testing.T) {
	inner := errs.New(errs.Invalid, "canonical.required", errs.Args{"field": "name"})
	err := errs.New(errs.Invalid, "cli.flag_value", errs.Args{"command": "x", "flag": "--n", "value": inner, "want": errs.Word("cli.want_integer")})
	require.Contains(t, err.Text("en"), "The field name is empty.")
	require.Contains(t, err.Text("en"), "a whole number")
	require.Contains(t, err.Text("zh"), "字段 name 为空。")
	require.Contains(t, err.Text("zh"), "应为整数")
}

func TestCauseIsShownOnce(t *testing.T) {
	cause := errors.New("permission denied")
	require.Equal(t, 1, strings.Count(errs.Wrap(errs.Invalid, "config.unreadable", cause, errs.Args{"file": "f", "why": cause}).Text("en"), "permission denied"))
	require.Equal(t, 1, strings.Count(errs.Wrap(errs.Unavailable, "store.data_dir", cause, errs.Args{"dir": "d"}).Text("en"), "permission denied"))
}

func TestPlaceholdersAreFilledOnceAndOnlyWhenKnown(t *testing.T) {
	require.Equal(t, "{b} {c}", errs.Fill("{a} {c}", errs.Args{"a": "{b}", "b": "no"}))
	require.Equal(t, "no.such_code", errs.New(errs.Internal, "no.such_code", nil).Text("zh"))
}

func unique(in []string) []string {
	seen, out := map[string]bool{}, []string{}
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
