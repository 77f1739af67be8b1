package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/secrets"
)

// suite is a module with a package of every outcome.
var suite = map[string]string{
	"go.mod":             "module suite\n\ngo 1.25\n",
	"good/good_test.go":  "package good\n\nimport (\n\t\"fmt\"\n\t\"testing\"\n)\n\nfunc TestGood(t *testing.T) { fmt.Println(\"noise\"); t.Log(\"quiet\") }\n",
	"none/none.go":       "package none\n",
	"bad/bad_test.go":    "package bad\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) {\n\tt.Log(\"why\")\n\tt.Run(\"one\", func(t *testing.T) { t.Error(\"broke\") })\n\tt.Run(\"two\", func(t *testing.T) { t.Log(\"fine\") })\n}\n",
	"dead/dead_test.go":  "package dead\n\nimport \"testing\"\n\nfunc TestDead(t *testing.T) { t.Log(\"before\"); panic(\"at the end\") }\n",
	"wrong/wrong.go":     "package wrong\n\nvar x int = \"text\"\n",
	"leaky/leak_test.go": "package leaky\n\nimport \"testing\"\n\nfunc TestLeaks(t *testing.T) { t.Log(\"login with planted-\" + \"secret-7\") }\n",
}

// goTest runs go test on packages of the suite and returns what it printed and whether it passed.
func goTest(t *testing.T, args ...string) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range suite {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"test", "-vet=off"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.Output()
	return string(out), err == nil
}

func filtered(t *testing.T, packages ...string) (string, []secrets.Leak, bool) {
	t.Helper()
	raw, passed := goTest(t, append([]string{"-json"}, packages...)...)
	var out strings.Builder
	leaks, err := filter(strings.NewReader(raw), &out)
	require.NoError(t, err)
	return out.String(), leaks, passed
}

func TestAPassingTestThatLogsASecretIsFound(t *testing.T) {
	t.Parallel()
	out, leaks, passed := filtered(t, "./leaky", "./good")
	require.True(t, passed, "go test itself saw nothing")
	require.NotContains(t, out, secrets.Mark)
	require.Len(t, leaks, 1)
	require.Equal(t, "suite/leaky TestLeaks", leaks[0].Place)
	require.Contains(t, leaks[0].Context, secrets.Mark+"-7")
}

// What people see is what go test prints: nothing of passing tests, everything of failing ones.
func TestFailuresAreShownAsGoTestShowsThem(t *testing.T) {
	t.Parallel()
	plain, plainPassed := goTest(t, "./good", "./none", "./bad")
	out, leaks, passed := filtered(t, "./good", "./none", "./bad")
	require.Empty(t, leaks)
	require.Equal(t, plainPassed, passed)
	seconds := regexp.MustCompile(`\d+\.\d+s|\(cached\)`)
	same := func(text string) (lines []string) {
		text = strings.TrimSuffix(seconds.ReplaceAllString(text, "…"), "FAIL\n") // go's last word has no event
		for line := range strings.Lines(text) {
			lines = append(lines, strings.TrimSpace(line)) // subtests stand by themselves here, without indent
		}
		return lines
	}
	require.ElementsMatch(t, same(plain), same(out))

	out, _, passed = filtered(t, "./dead", "./wrong")
	require.False(t, passed)
	for _, want := range []string{"before", "panic: at the end", "FAIL\tsuite/dead", "wrong.go:3:13", "FAIL\tsuite/wrong [build failed]"} {
		require.Contains(t, out, want)
	}
}

// An end in the middle hides nothing, and words that are no events are shown as they are.
func TestACutOffRunIsShown(t *testing.T) {
	t.Parallel()
	line := func(e event) string { b, _ := json.Marshal(e); return string(b) + "\n" }
	in := line(event{Action: "output", Package: "p", Test: "T", Output: "=== RUN   T\n"}) +
		line(event{Action: "output", Package: "p", Test: "T", Output: "half a\n"}) + "go: no such tool " + secrets.Mark
	var out strings.Builder
	leaks, err := filter(strings.NewReader(in), &out)
	require.NoError(t, err)
	require.Equal(t, "go: no such tool "+secrets.Mark+"half a\n", out.String())
	require.Len(t, leaks, 1)
}
