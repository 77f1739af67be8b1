package hub_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/config"
	"tributary/normalize"
)

// Not parallel: the table is the process's own.
func TestDivisionsAreBroughtUpToDate(t *testing.T) {
	defer normalize.UseDivisions(nil)
	dir := t.TempDir()
	tables, err := hub.WriteDivisions(dir)
	require.NoError(t, err)
	require.Equal(t, "2023-06-30", tables.AsOf)
	require.NoError(t, hub.UseDivisions(config.Divisions{}))
	before := normalize.Version()

	text, err := os.ReadFile(tables.Current)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(tables.Current, append(text, "650599\t新天市\t\n"...), 0o600))
	require.NoError(t, hub.UseDivisions(config.Divisions{Current: tables.Current, History: tables.History}))
	require.Equal(t, "650599", normalize.ParseOrg("新天市第一人民医院", nil).DivisionCode)
	require.Equal(t, "350605", normalize.ParseOrg("长泰县医院", nil).DivisionCode, "the retired ones lead on")
	after := normalize.Version()
	require.NotEqual(t, before, after, "what was derived with the old table is derived again")
	require.NoError(t, hub.UseDivisions(config.Divisions{Current: tables.Current}))
	require.Equal(t, after, normalize.Version(), "the built-in history is the same")

	for _, c := range []struct {
		divisions config.Divisions
		why       string
	}{
		{config.Divisions{Current: filepath.Join(dir, "none.tsv")}, "none.tsv"},
		{config.Divisions{Current: tables.History}, "columns"},
	} {
		require.ErrorContains(t, hub.UseDivisions(c.divisions), c.why)
	}
	normalize.UseDivisions(nil)
	require.Equal(t, before, normalize.Version())
}
