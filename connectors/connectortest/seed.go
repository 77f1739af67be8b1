package connectortest

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// seed is the variable that tells a copy of a test binary which fault to seed.
const seed = "TRIBUTARY_TEST_SEED"

// Seed is the fault that a test of the suite itself puts into the connector; "" in every other run.
func Seed() string { return os.Getenv(seed) }

// RequireNoticed runs a test of this binary again, with a fault seeded, and requires the named part of the suite to fail.
func RequireNoticed(t *testing.T, test, fault, part string) {
	t.Helper()
	pattern, failure := test+"/^"+strings.ReplaceAll(part, " ", "_"), "--- FAIL: "+test+"/"+strings.ReplaceAll(part, " ", "_")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", pattern, "-test.v")
	cmd.Env = append(os.Environ(), seed+"="+fault)
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "the suite passes it: %s", out)
	require.Contains(t, string(out), failure, "%s", out)
}
