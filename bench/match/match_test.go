package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExecuteMeasuresAndTellsWhatWentWrong(t *testing.T) {
	t.Parallel()
	u, err := execute(context.Background(), "sh", "-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done")
	require.NoError(t, err)
	require.Positive(t, u.wall)
	require.Positive(t, u.cpu)
	if _, err := os.Stat("/proc/self/status"); err == nil {
		require.Positive(t, u.peak)
	}
	_, err = execute(context.Background(), "sh", "-c", "echo the reason >&2; exit 3")
	require.ErrorContains(t, err, "exit status 3")
	require.ErrorContains(t, err, "the reason")
	_, err = execute(context.Background(), filepath.Join(t.TempDir(), "nothing"))
	require.Error(t, err)
}

func TestChoose(t *testing.T) {
	t.Parallel()
	all, err := choose("")
	require.NoError(t, err)
	require.Len(t, all, len(benchmarks))
	some, err := choose("products,persons")
	require.NoError(t, err)
	require.Equal(t, "products", some[0].name)
	_, err = choose("plants")
	require.ErrorContains(t, err, `no kind is called "plants"; there are febrl3`)
}

func TestArgumentsFollowTheCommandLine(t *testing.T) {
	t.Parallel()
	require.Equal(t, "match d/a.csv --out o --json", strings.Join(benchmark{}.arguments("d", "o"), " "))
	require.Equal(t, "match d/a.csv d/b.csv --link --cardinality many-to-one --out o --json", strings.Join(benchmark{link: true, many: true}.arguments("d", "o"), " "))
	require.Equal(t, "d o link many", strings.Join(benchmark{link: true, many: true}.peerArguments("d", "o"), " "))
}

// joinsAll stands for the program that is measured: it puts all records of its first list in one cluster.
const joinsAll = `#!/bin/sh
while [ "$1" != "--out" ]; do case "$1" in *.csv) in="$1";; esac; shift; done
{ echo source,id,cluster_id; tail -n +2 "$in" | sed 's/,.*/,all/; s/^/a,/'; } > "$2/clusters.csv"
echo left_source,left_id,right_source,right_id,match_weight,match_probability > "$2/pairs.csv"
echo '{"pairs_compared": 12}' > "$2/report.json"
`

func TestMeasureComparesTheProgramsFilesWithTheTruth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program := filepath.Join(dir, "program")
	require.NoError(t, os.WriteFile(program, []byte(joinsAll), 0o700))
	b := benchmarks[2]
	b.rows = 200
	f, err := settings{binary: program, dir: dir, seed: 3}.measure(context.Background(), b, nil)
	require.NoError(t, err)
	require.Equal(t, 1.0, f.Recall)
	require.Less(t, f.Precision, 0.1)
	require.Zero(t, f.PairRecall)
	require.EqualValues(t, 12, f.Compared)

	var line, read bytes.Buffer
	require.NoError(t, f.print(&line))
	var back figure
	require.NoError(t, json.Unmarshal(line.Bytes(), &back))
	require.Equal(t, f, back)
	require.NoError(t, table(&read, []figure{f}))
	require.Contains(t, read.String(), fmt.Sprint(f.Rows))

	var shown bytes.Buffer
	require.NoError(t, show(&shown, b, filepath.Join(dir, "data", b.name), filepath.Join(dir, "ours", b.name, "clusters.csv"), 2))
	require.Equal(t, 2, strings.Count(shown.String(), "wrongly together"))
}

func TestRunWithoutTheProgramSaysHowToBuildIt(t *testing.T) {
	t.Parallel()
	err := run(context.Background(), settings{binary: filepath.Join(t.TempDir(), "tributary")})
	require.ErrorContains(t, err, "make build")
}
