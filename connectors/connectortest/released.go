package connectortest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
)

var update = flag.Bool("update", false, "rewrite testdata/released.json of connectors")

// promise is what a released version of a connector promised.
type promise struct {
	Options []option
	Streams []stream
}

type option struct {
	Name     string
	Type     connectors.OptionType
	Enum     []string `json:",omitempty"`
	Required bool     `json:",omitempty"`
	Max      int      `json:",omitempty"`
	Group    []option `json:",omitempty"` // the settings in a group
}

type stream struct {
	Name    string
	Entity  canonical.Entity
	Ledger  canonical.Ledger `json:",omitempty"`
	Key     []string
	Cursor  string `json:",omitempty"`
	Deletes string
	Fields  []string
}

func released(t *testing.T, h Harness) promise {
	t.Helper()
	path := filepath.Join("testdata", "released.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		b, err := json.MarshalIndent(present(t, h), "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, append(b, '\n'), 0o644))
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err, "run go test -update once")
	var out promise
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

func present(t *testing.T, h Harness) promise {
	t.Helper()
	out := promise{Options: optionsOf(specOf(t, h))}
	found, err := h.open(t, h.Start(t), nil).Discover(t.Context())
	require.NoError(t, err)
	for _, s := range found {
		out.Streams = append(out.Streams, stream{s.Name, s.Entity, s.Ledger, s.Key, s.Cursor, s.Deletes, fieldNames(s)})
	}
	return out
}

func optionsOf(spec connectors.Spec) (out []option) {
	for _, o := range spec.Options {
		was := option{Name: o.Name, Type: o.Type, Enum: o.Enum, Required: o.Required, Max: o.Max}
		if o.Group != nil {
			was.Group = optionsOf(*o.Group)
		}
		out = append(out, was)
	}
	return out
}

func fieldNames(s connectors.StreamInfo) []string {
	var out []string
	for _, f := range s.Fields {
		out = append(out, f.Name)
	}
	return out
}

// releasedCatalogueHolds: streams and fields may come, keys, cursors and meanings stay.
func releasedCatalogueHolds(t *testing.T, h Harness) {
	now := present(t, h)
	for _, was := range released(t, h).Streams {
		i := slices.IndexFunc(now.Streams, func(s stream) bool { return s.Name == was.Name })
		require.GreaterOrEqual(t, i, 0, "stream %s is gone", was.Name)
		is := now.Streams[i]
		require.Subset(t, is.Fields, was.Fields, was.Name)
		is.Fields, was.Fields = nil, nil
		require.Equal(t, was, is)
	}
}
