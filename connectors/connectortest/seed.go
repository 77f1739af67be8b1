package connectortest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// seed is the variable that tells a copy of a test binary which fault to seed.
const seed = "TRIBUTARY_TEST_SEED"

// Seed is the fault that a test of the suite itself puts into the connector; "" in every other run.
func Seed() string { return os.Getenv(seed) }

// FaultsOf are the faults that tests in a folder put into a connector.
func FaultsOf(folder string) []Fault {
	return slices.DeleteFunc(Faults(), func(f Fault) bool { return f.Change.File != "" || !strings.HasPrefix(f.Test, folder+".") })
}

// RequireNoticed seeds the fault and requires its test to fail. A fault of a connector is put in by a copy of this test
// binary, which Seed tells of it; any other by compiling the test with the changed source.
func RequireNoticed(t *testing.T, f Fault) {
	t.Helper()
	folder, test, _ := strings.Cut(f.Test, ".")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", pattern(test), "-test.v")
	if f.Change.File != "" {
		cmd = exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-count=1", "-v", "-timeout=2m", "-overlay", overlay(t, f.Change), "-run", pattern(test), "./"+folder)
		cmd.Dir = root
	}
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return f.Change.File != "" && strings.HasPrefix(v, "TRIBUTARY_TEST_") }), seed+"="+f.Name)
	cmd.WaitDelay = 10e9
	out, err := cmd.CombinedOutput()
	require.NoError(t, context.Cause(t.Context()))
	require.Error(t, err, "the suite passes it: %s", out)
	require.Contains(t, string(out), "--- FAIL: "+strings.ReplaceAll(test, " ", "_"), "%s", out)
}

// pattern is the test alone; subtests may be named by their beginning.
func pattern(test string) string {
	name, sub, _ := strings.Cut(test, "/")
	return "^" + name + "$/^" + strings.ReplaceAll(sub, " ", "_")
}

// root is the folder of the module, from that of the suite.
var root = filepath.Join("..", "..")

// overlay is a file that has the go command read a source with the change in it instead of the one on disk.
func overlay(t *testing.T, c Change) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(root, filepath.FromSlash(c.File)))
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), c.Old), "%s does not say once: %s", c.File, c.Old)
	dir := t.TempDir()
	changed, list := filepath.Join(dir, "changed.go"), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(changed, []byte(strings.Replace(string(text), c.Old, c.New, 1)), 0o600))
	b, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(list, b, 0o600))
	return list
}
