package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/width"
)

func TestTableAlignsHanAndKeepsEachRowOnALine(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, table(&b, []string{"NAME", ">COUNT", "LAST"}, [][]string{{"市第一人民医院", "7", "x"}, {"a\nb\x1b[31m", "1234567", "y"}}))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	require.Len(t, lines, 3)
	require.NotContains(t, b.String(), "\x1b")
	for _, l := range lines {
		i := strings.LastIndex(l, "  ")
		require.Equal(t, width.Of(lines[0][:strings.LastIndex(lines[0], "  ")]), width.Of(l[:i]), "%q", l)
	}
	require.Contains(t, lines[1], "      7  x", "numbers stand at the right")
}

func TestQuietKeepsNotesAway(t *testing.T) {
	var out, notes bytes.Buffer
	a := &app{out: &out, err: &notes, quiet: true}
	a.note("hello")
	require.Empty(t, notes.String())
	a.quiet = false
	a.note("%d rows", 3)
	require.Equal(t, "3 rows\n", notes.String())
	require.Empty(t, out.String())
}

// What ails a connection ails each of its streams, and is told once.
func TestOneTroubleOfSeveralRunsIsToldOnce(t *testing.T) {
	refused, away := "It refuses.\n→ Correct it.", "It is away."
	var runs []hub.RunReport
	for _, text := range []*string{&refused, nil, &refused, &away} {
		status := "failed"
		if text == nil {
			status = "done"
		}
		runs = append(runs, hub.RunReport{Connection: "erp", Stream: "s", Status: status, Error: text})
	}
	var out strings.Builder
	require.NoError(t, (&app{lang: "en"}).writeIngestReport(&out, hub.IngestReport{Runs: runs}))
	var told []string
	for _, line := range strings.Split(out.String(), "\n") {
		if strings.HasPrefix(line, "  ") {
			told = append(told, strings.TrimSpace(line))
		}
	}
	require.Equal(t, []string{"✗ It refuses.", "→ Correct it.", "✗ as above", "✗ It is away."}, told)
}
