package builtin_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/builtin"
	"tributary/mapping"
)

var update = flag.Bool("update", false, "rewrite docs/connectors")

// The pages of docs/connectors are what the settings and streams say.
func TestPagesAreCurrent(t *testing.T) {
	r, err := builtin.Registry()
	require.NoError(t, err)
	dir := filepath.Join("..", "..", "docs", "connectors")
	for _, name := range r.Names() {
		d, spec, err := r.Driver(name)
		require.NoError(t, err)
		path, want := filepath.Join(dir, name+".md"), connectors.Page(d, spec)
		if *update {
			require.NoError(t, os.MkdirAll(dir, 0o755))
			require.NoError(t, os.WriteFile(path, want, 0o644))
		}
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "run go test ./connectors/builtin -update")
	}
}

func TestBuiltInMapsAreSound(t *testing.T) {
	r, err := builtin.Registry()
	require.NoError(t, err)
	for _, name := range r.Names() {
		d, _, err := r.Driver(name)
		require.NoError(t, err)
		for stream, src := range d.Maps {
			m, err := mapping.Parse(name+"/"+stream, src)
			require.NoError(t, err)
			info, ok := d.Stream(stream)
			require.True(t, ok)
			require.Equal(t, info.Entity, m.Entity(), "%s %s", name, stream)
			require.Equal(t, info.Ledger, m.Ledger(), "%s %s", name, stream)
		}
	}
}
