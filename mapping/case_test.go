package mapping_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/internal/errs"
	"tributary/mapping"
)

var update = flag.Bool("update", false, "rewrite the expected results in testdata")

func TestGolden(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/*/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, cases)
	for _, path := range cases {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(path), "testdata/"), ".txtar"), func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(path)
			require.NoError(t, err)
			c, err := mapping.RunCase(path, src, nil)
			require.NoError(t, err)
			if *update {
				require.NoError(t, os.WriteFile(path, c.Updated(), 0o600))
				return
			}
			require.Equal(t, string(c.Want), string(c.Got))
			require.True(t, c.OK())
			require.Equal(t, string(src), string(c.Updated()))
		})
	}
}

func TestCasesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, src := range []string{"", "-- rows.csv --\n", "-- rows.jsonl --\n{\n", "-- kind --\nsales\n"} {
		_, err := mapping.RunCase("x.txtar", []byte(src), nil)
		require.Equal(t, "mapping.case", errs.CodeOf(err), src)
		require.ErrorContains(t, err, "x.txtar")
	}
	c, err := mapping.RunCase("x.txtar", []byte("-- kind --\nshops\n-- rows.csv --\na\n1\n"), nil)
	require.NoError(t, err)
	require.Contains(t, string(c.Got), "shops")
	require.False(t, c.OK())
	again, err := mapping.RunCase("x.txtar", c.Updated(), nil)
	require.NoError(t, err)
	require.True(t, again.OK())

	beside := []byte("entity: customer\nkey: [a]\nfields: {code: a, name: a, kind: {const: clinic}}\n")
	c, err = mapping.RunCase("x.txtar", []byte("-- map.yaml --\nnonsense\n-- rows.csv --\na\n1\n"), beside)
	require.NoError(t, err)
	require.Contains(t, string(c.Got), `"clinic"`, "the map beside the case is the one that is tested")
}
