package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stateOf is what state show says of one stream.
func stateOf(t *testing.T, here installation, name string) map[string]any {
	t.Helper()
	streams := here.ok("state", "show", name, "--json").object(t)["streams"].([]any)
	require.Len(t, streams, 1)
	return streams[0].(map[string]any)
}

func TestStateIsShownResetExportedAndImported(t *testing.T) {
	here := newInstallation(t)
	here.configure(simulated(t))
	const name = "erp/BD_MATERIAL"
	require.Nil(t, stateOf(t, here, name)["position"])
	require.Nil(t, stateOf(t, here, name)["lag_seconds"])
	here.ok("pull", name, "--no-resolve")
	require.Less(t, stateOf(t, here, name)["lag_seconds"], 600.0)
	require.NotEmpty(t, stateOf(t, here, name)["covered_at"])
	read := stateOf(t, here, name)["position"]
	require.NotNil(t, read)
	require.Contains(t, here.ok("state", "show").out, name)

	file := filepath.Join(here.dir, "state.json")
	here.ok("state", "export", "--out", file)
	require.EqualValues(t, 1, here.ok("state", "export").object(t)["version"])

	a := here.runIn(t.Context(), "something\n", "state", "reset", name)
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, name+`: {"v":1`, "the preview")
	require.Contains(t, a.err, "Type erp/BD_MATERIAL when asked")
	require.Equal(t, read, stateOf(t, here, name)["position"], "what is not confirmed is not done")
	require.Zero(t, here.runIn(t.Context(), name+"\n", "state", "reset", name).code)
	require.Nil(t, stateOf(t, here, name)["position"])
	again := here.ok("pull", name, "--no-resolve", "--json").object(t)["totals"].(map[string]any)
	require.Positive(t, again["unchanged"])
	require.EqualValues(t, 0, again["canonical"], "a reset doubles nothing")

	here.ok("state", "reset", "erp", "--yes")
	require.Nil(t, stateOf(t, here, name)["position"])
	here.ok("state", "import", file, "--yes")
	require.Equal(t, read, stateOf(t, here, name)["position"])
	require.Empty(t, here.ok("state", "import", file, "--json").object(t)["changed"], "the same again changes nothing and asks nothing")
}

func TestStateDocumentsThatCannotBeUsed(t *testing.T) {
	here := newInstallation(t)
	here.configure(simulated(t))
	good := here.ok("state", "export", "erp/BD_MATERIAL").out
	for name, c := range map[string]struct{ text, want string }{
		"not JSON":           {"hello", "is not a document of state export"},
		"cut short":          {good[:len(good)/2], "is not a document of state export"},
		"unknown key":        {strings.Replace(good, `"streams"`, `"strems"`, 1), "is not a document of state export"},
		"newer version":      {strings.Replace(good, `"version": 1`, `"version": 9`, 1), "version 9"},
		"unknown stream":     {strings.Replace(good, "BD_MATERIAL", "BD_MATERIEL", 1), "BD_MATERIAL"},
		"position not ours":  {strings.Replace(good, `"position": null`, `"position": {"a": 1}`, 1), "no version v"},
		"position is a text": {strings.Replace(good, `"position": null`, `"position": "x"`, 1), "cannot be one"},
		"two documents":      {good + good, "text after the document"},
	} {
		t.Run(name, func(t *testing.T) {
			a := here.run("state", "import", here.write("state.json", c.text), "--yes")
			require.Equal(t, 2, a.code)
			require.Contains(t, a.err, c.want)
		})
	}
	require.Equal(t, 2, here.run("state", "import", filepath.Join(here.dir, "none.json")).code)
	a := here.run("state", "reset", "erp/BD_MATERIEL", "--yes", "--lang", "zh")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, "erp/BD_MATERIAL")
}

func TestPausedStreamsAreShownAndResumed(t *testing.T) {
	here := newInstallation(t)
	here.configure(simulated(t))
	require.Contains(t, here.ok("connectors", "pause", "erp").out, "paused")
	require.Equal(t, true, stateOf(t, here, "erp/BD_MATERIAL")["paused"])
	require.Equal(t, false, stateOf(t, here, "sfa/account")["paused"])
	here.ok("connectors", "resume", "erp/BD_MATERIAL")
	require.Equal(t, false, stateOf(t, here, "erp/BD_MATERIAL")["paused"])
	require.Equal(t, true, stateOf(t, here, "erp/BD_Customer")["paused"])
	a := here.run("connectors", "pause", "epr")
	require.Equal(t, 2, a.code)
	require.Contains(t, a.err, "erp")

	here.configure(simulated(t) + "auth: {local_role: auditor}\n")
	require.Equal(t, 2, here.run("connectors", "resume", "erp").code)
	require.Equal(t, 2, here.run("state", "reset", "erp/BD_MATERIAL", "--yes").code)
}
