package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A model's life at the command line: seen, exported, changed, tried, applied, gone back from.
func TestAModelAtTheCommandLine(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	file := i.write("customers.csv", "id,name,kind,phone,department\n1,欧阳明远,hcp,13800001111,儿科\n2,南京市仁济医院,hospital,,\n")
	other := i.write("doctors.csv", "id,name,kind,phone,department\n9,欧阳明远,hcp,13800001111,外科\n")
	i.ok("import", file, "--as", "customers", "--source", "erp")
	i.ok("import", other, "--as", "customers", "--source", "sfa")

	list := i.ok("model", "list", "--json").object(t)["models"].([]any)
	require.Len(t, list, 1)
	builtIn := list[0].(map[string]any)["version"].(string)
	require.Contains(t, i.ok("model", "show").out, builtIn+" (in use)")
	require.Contains(t, i.ok("model", "show", "--lang", "zh").out, "统一社会信用代码")

	exported := filepath.Join(i.dir, "ours.yaml")
	i.ok("model", "export", "--out", exported)
	text, err := os.ReadFile(exported)
	require.NoError(t, err)
	require.Contains(t, i.ok("model", "diff", builtIn, exported).out, "decide alike")
	require.NoError(t, os.WriteFile(exported, []byte(strings.Replace(string(text), "name: default", "name: ours", 1)+"shared: ['13800001111']\n"), 0o600))
	require.Contains(t, i.ok("model", "diff", builtIn, exported).out, "shared.13800001111")

	trial := i.ok("model", "dry-run", exported)
	require.Contains(t, trial.out, "0 merged away, 1 split, 1 created, 1 records moved")
	require.Contains(t, trial.out, "phone: the same → not compared")
	require.Contains(t, i.ok("model", "dry-run", exported, "--lang", "zh").out, "电话：相同 → 未比较")
	require.EqualValues(t, 1, i.ok("model", "dry-run", exported, "--json").object(t)["split"])

	require.Equal(t, 2, i.run("model", "apply", exported).code, "a reason is needed")
	applied := i.ok("model", "apply", exported, "--reason", "a switchboard").out
	require.Contains(t, applied, "0 customers merged, 1 split")
	require.Contains(t, applied, "tributary model apply "+builtIn)
	require.Contains(t, i.ok("customers", "why", "erp|1", "sfa|9").out, "ours-", "decisions name the version")
	require.Contains(t, i.ok("model", "apply", exported, "--reason", "again").out, "in use already")
	require.Contains(t, i.ok("model", "apply", builtIn, "--reason", "back").out, "1 customers merged, 0 split")
	require.Len(t, i.ok("model", "list", "--json").object(t)["models"], 2)
	require.Contains(t, i.ok("customers", "quality", "--deep").out, "was not trained")

	none := filepath.Join(i.dir, "none.yaml")
	refused := i.run("model", "train", "--out", none)
	require.Equal(t, 1, refused.code)
	require.Contains(t, refused.err, "organisation: too few records")
	require.NoFileExists(t, none)
	for _, argv := range [][]string{{"model", "apply", file, "--reason", "x"}, {"model", "show", "nobody"}, {"model", "diff", exported, "nobody"}} {
		a := i.run(argv...)
		require.Equal(t, 2, a.code, "%v", argv)
		require.NotContains(t, a.err, "goroutine")
	}
	// Either kind of model is refused where the other is needed.
	i.write("people.csv", peopleHeader+strings.Join(people(7, 60), "\n"))
	i.ok("match", filepath.Join(i.dir, "people.csv"), "--out", filepath.Join(i.dir, "out"))
	require.Contains(t, i.run("model", "show", filepath.Join(i.dir, "out", "model.yaml")).err, "a model of `tributary match` for the columns of a file (given name")
	require.Contains(t, i.run("match", filepath.Join(i.dir, "people.csv"), "--out", filepath.Join(i.dir, "out"), "--model", exported).err, "is one of the customer master")
}
