package errs_test

import (
	"errors"
	"fmt"
	"regexp"
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
