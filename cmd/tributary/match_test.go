package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// people writes a list of persons, every third of whom stands twice with a slip of the hand. The entity of a row is the
// number behind its id.
func people(seed uint64, n int) (rows []string) {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(words string) string { w := strings.Fields(words); return w[r.IntN(len(w))] }
	for i := range n {
		given := pick("anna bella clara diana emma fiona greta helen irene julia karin laura maria nora olga paula rita sofia tanja vera")
		family := pick("lar ber gra hol ken mor nor sel tan wes") + pick("den ford ling man ner sen ton wick") + pick(" s e er")
		born := fmt.Sprintf("19%02d-%02d-%02d", 20+r.IntN(80), 1+r.IntN(12), 1+r.IntN(28))
		street := fmt.Sprintf("%d %s%s %s", 1+r.IntN(200), pick("oak elm ash pine birch cedar"), pick("field wood ridge dale"), pick("road street lane"))
		phone := fmt.Sprintf("0%d", 100000000+r.IntN(899999999))
		rows = append(rows, fmt.Sprintf("a%d,%s,%s,%s,%s,%s", i, given, family, born, street, phone))
		if i%3 == 0 {
			at := 1 + r.IntN(len(family)-2)
			slip := family[:at] + string(family[at+1]) + string(family[at]) + family[at+2:]
			rows = append(rows, fmt.Sprintf("b%d,%s,%s,%s,%s,%s", i, given, slip, born, street, []string{phone, ""}[r.IntN(2)]))
		}
	}
	return rows
}

const peopleHeader = "id,given name,surname,born,address,phone\n"

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	rows, err := csv.NewReader(strings.NewReader(string(b))).ReadAll()
	require.NoError(t, err)
	return rows
}

func TestMatchFindsDuplicates(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	rows := people(7, 600)
	file := i.write("people.csv", peopleHeader+strings.Join(rows, "\n"))
	out := filepath.Join(i.dir, "out")

	report := i.ok("match", file, "--out", out, "--json").object(t)
	require.EqualValues(t, 800, report["rows"])
	for _, field := range []string{"pairs_compared", "blocking_keys", "threshold", "lambda", "clusters", "seconds", "peak_rss_bytes"} {
		require.Contains(t, report, field)
	}

	pairs := readCSV(t, filepath.Join(out, "pairs.csv"))
	require.Equal(t, []string{"left_source", "left_id", "right_source", "right_id", "match_weight", "match_probability"}, pairs[0])
	clusters := readCSV(t, filepath.Join(out, "clusters.csv"))
	require.Equal(t, []string{"source", "id", "cluster_id"}, clusters[0])
	require.Len(t, clusters, 801, "every record")

	of := map[string]string{}
	for _, c := range clusters[1:] {
		require.Equal(t, "people", c[0])
		of[c[1]] = c[2]
	}
	found := 0
	for id, c := range of {
		if twin, ok := of["a"+id[1:]]; ok && id[0] == 'b' && twin == c {
			found++
		}
	}
	require.GreaterOrEqual(t, found, 195, "of 200")
	require.InDelta(t, 600, report["clusters"], 8)

	// The same rows in another order, and the model given back, give the same files.
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(x, y int) { rows[x], rows[y] = rows[y], rows[x] })
	i.write("people.csv", peopleHeader+strings.Join(rows, "\n"))
	for _, flags := range [][]string{nil, {"--model", filepath.Join(out, "model.yaml")}} {
		again := filepath.Join(i.dir, "again")
		i.ok(append([]string{"match", file, "--out", again}, flags...)...)
		for _, name := range []string{"pairs.csv", "clusters.csv", "model.yaml"} {
			first, err := os.ReadFile(filepath.Join(out, name))
			require.NoError(t, err)
			second, err := os.ReadFile(filepath.Join(again, name))
			require.NoError(t, err)
			require.Equal(t, string(first), string(second), "%s %v", name, flags)
		}
	}
}

func TestMatchLinksTwoLists(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	var left, right []string
	for _, row := range people(11, 600) {
		if row[0] == 'a' {
			left = append(left, row)
		} else {
			right = append(right, row)
		}
	}
	a, b := i.write("crm.csv", peopleHeader+strings.Join(left, "\n")), i.write("erp.csv", strings.Replace(peopleHeader, "born", "date of birth", 1)+strings.Join(right, "\n"))
	out := filepath.Join(i.dir, "out")
	i.ok("match", a, b, "--link", "--cardinality", "one-to-one", "--out", out)
	good := 0
	used := map[string]bool{}
	for _, p := range readCSV(t, filepath.Join(out, "pairs.csv"))[1:] {
		require.Equal(t, []string{"crm", "erp"}, []string{p[0], p[2]}, "never within one source")
		require.False(t, used[p[1]] || used[p[3]], "one to one: %v", p)
		used[p[1]], used[p[3]] = true, true
		if p[1][1:] == p[3][1:] {
			good++
		}
	}
	require.GreaterOrEqual(t, good, 195, "of 200")
	require.Len(t, readCSV(t, filepath.Join(out, "clusters.csv")), 801)
}

// Bad input gets one message that says where and what next, or a result that merges nothing.
func TestMatchBadInput(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	good := i.write("good.csv", peopleHeader+strings.Join(people(3, 90), "\n"))
	for name, c := range map[string]struct {
		file, want string
		flags      []string
	}{
		"no file":             {filepath.Join(i.dir, "none.csv"), "none.csv", nil},
		"empty":               {i.write("empty.csv", ""), "empty", nil},
		"two ids":             {i.write("twice.csv", "id,name\n1,Ann Lee\n1,Bob Ray\n"), "row 3", nil},
		"blank id":            {i.write("blank.csv", "id,name\n1,Ann Lee\n,Bob Ray\n"), "row 3", nil},
		"ragged":              {i.write("ragged.csv", "id,name,city\n1,Ann,Leeds\n2,Bob,York,Kent\n"), "row 3", nil},
		"no such id column":   {good, "nr", []string{"--id", "nr"}},
		"no such column":      {good, "colour", []string{"--ignore", "colour"}},
		"all rows equal":      {i.write("equal.csv", "id,name\n1,Ann\n2,Ann\n3,Ann\n"), "tell rows apart", nil},
		"only row numbers":    {i.write("keys.csv", "row id\n1\n2\n3\n4\n"), "tell rows apart", nil},
		"threshold":           {good, "1.5", []string{"--threshold", "1.5"}},
		"cardinality":         {good, "--link", []string{"--cardinality", "any"}},
		"one file to link":    {good, "two files", []string{"--link"}},
		"foreign model":       {good, "format", []string{"--model", i.write("bad.yaml", "format: 9\n")}},
		"no model":            {good, "bad2.yaml", []string{"--model", i.write("bad2.yaml", "- a\n")}},
		"kinds of no sense":   {good, "colour", []string{"--columns", i.write("kinds.yaml", "surname: colour\n")}},
		"model other columns": {good, "other columns", []string{"--model", i.write("other.yaml", "format: 1\nversion: x\nlink: false\nlambda: 0.01\nthreshold: 0.5\ncomparisons:\n- columns: [shoe]\n  kind: category\n  levels: []\n")}},
	} {
		out := filepath.Join(i.dir, "out "+name)
		a := i.run(append([]string{"match", c.file, "--out", out}, c.flags...)...)
		require.Equal(t, 2, a.code, "%s: %s%s", name, a.out, a.err)
		require.Contains(t, a.err, c.want, name)
		require.NotContains(t, a.err, "goroutine", name)
		require.NoFileExists(t, filepath.Join(out, "pairs.csv"), name)
	}
	for name, text := range map[string]string{"header only": "id,name\n", "one row": "id,name\n1,Ann Lee\n"} {
		out := filepath.Join(i.dir, "out "+name)
		i.ok("match", i.write("few.csv", text), "--out", out)
		require.Len(t, readCSV(t, filepath.Join(out, "clusters.csv")), strings.Count(text, "\n"), name)
	}
}
