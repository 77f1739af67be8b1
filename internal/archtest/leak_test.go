package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConnectorTestsLookForLeaks(t *testing.T) {
	looks := map[string]bool{}
	err := filepath.WalkDir("../../connectors", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		text, err := os.ReadFile(file)
		folder := filepath.ToSlash(filepath.Dir(file))
		looks[folder] = looks[folder] || strings.Contains(string(text), "\nfunc TestMain(m *testing.M) { leak.Main(m) }\n")
		return err
	})
	require.NoError(t, err)
	require.True(t, looks["../../connectors/httpsource"])
	for folder, does := range looks {
		require.True(t, does, "the tests of %s have no TestMain that calls leak.Main (connectors/connectortest/leak)", folder)
	}
}
