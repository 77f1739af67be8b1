package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Lists that no plan foresaw: each ends with a result that merges nothing by mistake.
func TestMatchOfHostileLists(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	name := func(n int) string {
		return fmt.Sprintf("%c%c%c%c", 'a'+n%26, 'a'+n/26%26, 'a'+n/676%26, 'a'+n/17576%26)
	}
	many := 100_000
	if testing.Short() {
		many = 3000
	}
	var phone, block, blank, blind strings.Builder
	for n := range many {
		fmt.Fprintf(&phone, "%d,%s,0571000000\n", n, name(n*7919%456_976))
		fmt.Fprintf(&block, "%d,%s,york,1990-01-01\n", n, name(n*104_729%456_976))
	}
	for n := range 300 {
		fmt.Fprintf(&blank, "%d,%s,,\n", n, []string{"", " ", `""`}[n%3])
		fmt.Fprintf(&blind, "%d,%s\n", n, []string{"yes", "no"}[n%2])
	}
	big := strings.Repeat("word and number 7 ", 1<<20/18)
	for about, c := range map[string]struct {
		text    string
		largest int // records of a cluster, at most
	}{
		"one telephone of all":       {"id,surname,phone\n" + phone.String(), 3},
		"one birthday and town":      {"id,surname,city,born\n" + block.String(), 3},
		"a column of two values":     {"id,consent\n" + blind.String(), 1},
		"cells of a megabyte":        {"id,title\n1," + big + "\n2," + big + "x\n3,short one\n4,\n5,another\n", 2},
		"nothing but one good value": {"id,surname,phone,city\n" + blank.String() + "900,miller,0571,york\n901,baker,0572,leeds\n", 1},
	} {
		file, out := i.write(strings.ReplaceAll(about, " ", "-")+".csv", c.text), filepath.Join(i.dir, "out "+about)
		a := i.run("match", file, "--out", out)
		require.NotContains(t, a.err, "goroutine", about)
		if a.code == 2 {
			require.Contains(t, a.err, "tell rows apart", about)
			continue
		}
		require.Zero(t, a.code, "%s: %s%s", about, a.out, a.err)
		members := map[string]int{}
		rows := readCSV(t, filepath.Join(out, "clusters.csv"))[1:]
		require.Len(t, rows, strings.Count(c.text, "\n")-1, about)
		for _, r := range rows {
			members[r[2]]++
			require.LessOrEqual(t, members[r[2]], c.largest, about)
		}
	}
}

// Two files may call their rows the same: a row is named by its file and its id.
func TestMatchOfFilesWithTheSameIDs(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	var lists [2][]string
	for _, row := range people(21, 300) {
		if row[0] == 'a' {
			lists[0] = append(lists[0], row)
		}
		lists[1] = append(lists[1], row)
	}
	number := func(rows []string) string {
		var b strings.Builder
		for n, r := range rows {
			_, rest, _ := strings.Cut(r, ",")
			fmt.Fprintf(&b, "%d,%s\n", n, rest)
		}
		return peopleHeader + b.String()
	}
	a, b := i.write("crm.csv", number(lists[0])), i.write("erp.csv", number(lists[1]))
	out := filepath.Join(i.dir, "out")
	i.ok("match", a, b, "--link", "--out", out)
	seen := map[string]bool{}
	for _, r := range readCSV(t, filepath.Join(out, "clusters.csv"))[1:] {
		require.False(t, seen[r[0]+r[1]], "%v stands twice", r)
		seen[r[0]+r[1]] = true
	}
	require.Len(t, seen, len(lists[0])+len(lists[1]))
	pairs := readCSV(t, filepath.Join(out, "pairs.csv"))[1:]
	require.Greater(t, len(pairs), 250)
	for _, p := range pairs {
		require.Equal(t, []string{"crm", "erp"}, []string{p[0], p[2]})
	}
}
