package files_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/distributor/files"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

var noon = time.Date(2025, 4, 1, 12, 0, 0, 0, time.UTC)

// tb is what testing.T and rapid.T share.
type tb interface {
	require.TestingT
	Helper()
	Context() context.Context
}

func put(t tb, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	require.NoError(t, os.Chtimes(path, noon.Add(-time.Hour), noon.Add(-time.Hour)))
}

func newSource(t *testing.T, settings map[string]any) connectors.Source {
	t.Helper()
	r, err := connectors.NewRegistry(files.Driver)
	require.NoError(t, err)
	src, err := r.New("files", "connections.ddi.settings", settings, connectors.Env{Now: func() time.Time { return noon }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// drain reads a run to its end and returns the keys, acknowledging each batch.
func drain(t tb, src connectors.Source, position json.RawMessage, batches int) (keys []string, last json.RawMessage) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, src.Open(ctx, files.Stream, position))
	last = position
	for n := 0; batches < 0 || n < batches; n++ {
		b, err := src.Read(ctx)
		if errors.Is(err, io.EOF) {
			return keys, last
		}
		require.NoError(t, err)
		require.LessOrEqual(t, len(b.Position), connectors.MaxPosition)
		for _, r := range b.Rows {
			keys = append(keys, r.Key)
			raw := string(b.Raw[r.RawOff : r.RawOff+r.RawLen])
			require.Contains(t, raw, r.Fields["批号"])
		}
		require.NoError(t, src.Ack(ctx, b.Position))
		last = b.Position
	}
	return keys, last
}

func ledger(rows int, prefix string) string {
	var b strings.Builder
	b.WriteString("月报\n销售日期,客户名称,品名,规格,批号,数量\n")
	for i := range rows {
		fmt.Fprintf(&b, "2025-03-01,甲医院,乙,10mg,%s%05d,1\n", prefix, i)
	}
	return b.String()
}

func TestFilesArePlacedByTheirNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"SM_D001_青河医药_20250331.csv", "SM_D001_青河医药_20250331_补传2.csv", "PM_X9_南山医药_20250331.csv", "north/IM_7_北方_20250331.csv",
		"三月销售明细.csv", "north/销售.csv", "readme.txt",
	} {
		put(t, dir, name, "x")
	}
	feed := newSource(t, map[string]any{
		"folder": dir, "party": "D100", "encoding": "gb18030",
		"parties": map[string]any{"南山医药": "D002", "north/*": "D003"}, "ledgers": map[string]any{"*销售*": "sales"},
	}).(files.Feed)
	pending, err := feed.Pending(t.Context(), nil)
	require.NoError(t, err)
	type placed struct {
		ledger                 canonical.Ledger
		party, period, version string
		replaces               bool
		problem                string
	}
	got := map[string]placed{}
	for _, in := range pending {
		p := placed{in.Ledger, in.Party, in.Period, in.Version, in.Replaces, ""}
		if in.Problem != nil {
			p.problem = in.Problem.Code
		}
		require.Equal(t, "gb18030", in.Options.Encoding)
		got[in.Name] = p
	}
	require.Equal(t, map[string]placed{
		"SM_D001_青河医药_20250331.csv":     {canonical.Sales, "D001", "2025-03", "2025-03-31#000", true, ""},
		"SM_D001_青河医药_20250331_补传2.csv": {canonical.Sales, "D001", "2025-03", "2025-03-31#002", false, ""},
		"PM_X9_南山医药_20250331.csv":       {canonical.Purchases, "D002", "2025-03", "2025-03-31#000", true, ""},
		"north/IM_7_北方_20250331.csv":    {canonical.Stock, "D003", "2025-03", "2025-03-31#000", true, ""},
		"三月销售明细.csv":                    {ledger: canonical.Sales, party: "D100"},
		"north/销售.csv":                  {ledger: canonical.Sales, party: "D003"},
		"readme.txt":                    {party: "D100", problem: "files.no_ledger"},
	}, got)
}

func TestTakenFilesComeNoMore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	archive := filepath.Join(dir, "done")
	put(t, dir, "SM_D1_n_20250331.csv", ledger(3, "a"))
	put(t, dir, "SM_D1_n_20250430.csv", ledger(3, "b"))
	feed := newSource(t, map[string]any{"folder": dir, "archive": archive}).(files.Feed)
	pending, err := feed.Pending(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, pending, 2)
	position, err := feed.Taken(t.Context(), nil, pending[0])
	require.NoError(t, err)
	again, err := feed.Taken(t.Context(), position, pending[0])
	require.NoError(t, err)
	require.JSONEq(t, string(position), string(again))
	left, err := feed.Pending(t.Context(), position)
	require.NoError(t, err)
	require.Equal(t, "SM_D1_n_20250430.csv", left[0].Name)
	require.Len(t, left, 1)

	put(t, dir, "SM_D1_n_20250331.csv", ledger(4, "a"))
	left, err = feed.Pending(t.Context(), position)
	require.NoError(t, err)
	require.Len(t, left, 2, "the same name with new content is a new file")

	require.NoError(t, feed.Done(t.Context(), left[0]))
	require.FileExists(t, filepath.Join(archive, "SM_D1_n_20250331.csv"))
	left, err = feed.Pending(t.Context(), position)
	require.NoError(t, err)
	require.Len(t, left, 1)
	path, err := feed.Fetch(t.Context(), left[0])
	require.NoError(t, err)
	require.FileExists(t, path)
}

func TestReadAgainGivesTheSame(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "SM_D1_n_20250331.csv", ledger(2500, "a"))
	put(t, dir, "IM_D1_n_20250331.csv", ledger(10, "b")+"broken,row\n")
	put(t, dir, "notes.txt", "x")
	src := newSource(t, map[string]any{"folder": dir})
	first, end := drain(t, src, nil, -1)
	require.Len(t, first, 2510)
	second, _ := drain(t, src, nil, -1)
	require.Equal(t, first, second)
	none, same := drain(t, src, end, -1)
	require.Empty(t, none)
	require.JSONEq(t, string(end), string(same))
}

// A run that stops after any checkpoint and goes on in a new process misses nothing and repeats nothing.
func TestResumeFromEveryCheckpoint(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "SM_D1_n_20250331.csv", ledger(2100, "a"))
	put(t, dir, "SM_D2_n_20250331.csv", ledger(0, ""))
	put(t, dir, "SM_D3_n_20250331.csv", ledger(1000, "c"))
	all, _ := drain(t, newSource(t, map[string]any{"folder": dir}), nil, -1)
	require.Len(t, all, 3100)
	rapid.Check(t, func(rt *rapid.T) {
		var got []string
		var position json.RawMessage
		for len(got) < len(all) {
			steps := rapid.IntRange(1, 4).Draw(rt, "batches before the stop")
			keys, p := drain(rt, newSource(t, map[string]any{"folder": dir}), position, steps)
			got, position = append(got, keys...), p
		}
		require.Equal(rt, all, got)
	})
}

func TestPositionsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	src := newSource(t, map[string]any{"folder": t.TempDir()})
	for _, raw := range []string{`{"v":1,"taken":"AAAA"}`, `{`, `{"v":1,"file":"x"}`, `{"v":1,"row":-1}`, `[]`} {
		err := src.Open(t.Context(), files.Stream, json.RawMessage(raw))
		require.Equal(t, "connectors.position", errs.CodeOf(err), raw)
	}
	require.Equal(t, "connectors.position_newer", errs.CodeOf(src.Open(t.Context(), files.Stream, json.RawMessage(`{"v":2}`))))
	require.Equal(t, "connectors.stream_unknown", errs.CodeOf(src.Open(t.Context(), "other", nil)))
}

func TestFolderWithTooManyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 1500 {
		put(t, dir, fmt.Sprintf("SM_D%d_n_20250331.csv", i), "x")
	}
	feed := newSource(t, map[string]any{"folder": dir}).(files.Feed)
	pending, err := feed.Pending(t.Context(), nil)
	require.NoError(t, err)
	var position json.RawMessage
	for i, in := range pending {
		if position, err = feed.Taken(t.Context(), position, in); err != nil {
			require.Greater(t, i, 1000)
			break
		}
	}
	require.Equal(t, "files.folder_full", errs.CodeOf(err))
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "SM_D1_n_20250331.csv", "x")
	put(t, dir, "notes.txt", "x")
	findings, err := newSource(t, map[string]any{"folder": dir}).Check(t.Context())
	require.NoError(t, err)
	require.Len(t, findings, 2)
	require.Equal(t, connectors.OK, findings[0].Severity)
	require.Equal(t, "files.no_ledger", findings[1].Code)
	findings, err = newSource(t, map[string]any{"folder": filepath.Join(dir, "no")}).Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, connectors.Fault, findings[0].Severity)
	require.Equal(t, "files.folder_missing", findings[0].Code)
}

func TestSettingsThatContradict(t *testing.T) {
	t.Parallel()
	r, err := connectors.NewRegistry(files.Driver)
	require.NoError(t, err)
	_, err = r.New("files", "settings", map[string]any{
		"folder": "x", "ledgers": map[string]any{"*": "sold", "[": "sales"}, "parties": map[string]any{"[": "D1"}, "encoding": "ebcdic",
	}, connectors.Env{Now: time.Now})
	require.ErrorContains(t, err, "encoding")
	_, err = r.New("files", "settings", map[string]any{"folder": "x", "ledgers": map[string]any{"*": "sold", "[": "sales"}, "parties": map[string]any{"[": "D1"}}, connectors.Env{Now: time.Now})
	var problems connectors.Problems
	require.ErrorAs(t, err, &problems)
	require.Len(t, problems, 3)
	require.NotContains(t, problems.Text("zh"), "{path}")
}
