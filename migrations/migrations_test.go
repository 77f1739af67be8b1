package migrations_test

import (
	"fmt"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/migrations"
)

// TestEveryNumberIsGivenOnceInBothFolders: two changes made side by side easily take the same number.
func TestEveryNumberIsGivenOnceInBothFolders(t *testing.T) {
	var names [2][]string
	for i, dialect := range []string{"postgres", "sqlite"} {
		files, err := fs.ReadDir(migrations.Files, dialect)
		require.NoError(t, err)
		for n, f := range files {
			require.Regexp(t, fmt.Sprintf(`^%05d_[a-z_]+\.sql$`, n+1), f.Name())
			names[i] = append(names[i], f.Name())
		}
	}
	require.Equal(t, names[0], names[1])
}
