package hub_test

import (
	"archive/zip"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/distributor/files"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

func ingestHub(t *testing.T, url string) *hub.Hub {
	t.Helper()
	conf := config.Defaults()
	conf.DataDir = t.TempDir()
	db, err := storetest.Open(t.Context(), store.Config{URL: url, DataDir: conf.DataDir, Now: time.Now, Rand: rand.Reader, Verb: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	return &hub.Hub{DB: db, Config: &conf, Now: time.Now, Actor: hub.Actor{Name: "os:test", Role: hub.Admin}, Log: slog.New(slog.DiscardHandler)}
}

func ingestHubOnBoth(t *testing.T, test func(t *testing.T, h *hub.Hub)) {
	t.Run("sqlite", func(t *testing.T) { test(t, ingestHub(t, "sqlite:hub.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, ingestHub(t, servers.PostgresSchema(t))) })
}

const ingestSales = "销售日期,销售单号,行号,客户编码,客户名称,产品编码,产品名称,规格,批号,数量,单位,备用列\n"

func ingestFile(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func ingestCounts(canonical, unchanged, quarantined, filtered int64) store.Counts {
	return store.Counts{Read: canonical + unchanged + quarantined + filtered, Canonical: canonical, Unchanged: unchanged, Quarantined: quarantined, Filtered: filtered}
}

func TestImportReportsEveryFile(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		dir := t.TempDir()
		good := ingestFile(t, dir, "SM_D1_青河医药_20250331.csv", ingestSales+"2025-03-01,S1,1,C1,市一院,SKU1,百川片,10片,,5,盒,x\n2025-03-01,S1,2,C1,市一院,SKU1,百川片,10片,,五,盒,x\n")
		bad := ingestFile(t, dir, "bad.csv", "日期,客户名称\n2025-03-01,市一院\n")
		packed := filepath.Join(dir, "both.zip")
		f, err := os.Create(packed)
		require.NoError(t, err)
		z := zip.NewWriter(f)
		for _, name := range []string{"a.csv", "b.csv"} {
			w, err := z.Create(name)
			require.NoError(t, err)
			_, err = w.Write([]byte(ingestSales + "2025-03-02," + name + ",1,C1,市一院,SKU1,百川片,10片,,5,盒,x\n"))
			require.NoError(t, err)
		}
		require.NoError(t, z.Close())
		require.NoError(t, f.Close())

		report, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{good, filepath.Join(dir, "none.csv")}, As: "sales", Source: "d1", Lang: "zh"})
		require.True(t, errs.Is(err, errs.NotFound), "%v", err)
		require.Len(t, report.Runs, 2)
		require.Equal(t, ingestCounts(1, 0, 1, 0), report.Totals)
		require.Equal(t, "D1", report.Runs[0].Party, "the file name says whose ledger it is")
		require.Equal(t, []string{"备用列"}, report.Runs[0].UnknownColumns)
		require.Equal(t, store.RunFailed, report.Runs[1].Status)
		require.Contains(t, *report.Runs[1].Error, "none.csv")

		report, err = h.Import(t.Context(), hub.ImportRequest{Files: []string{bad, packed}, As: "sales", Source: "d1", Party: "D1", Lang: "en"})
		require.True(t, errs.Is(err, errs.Invalid), "%v", err)
		require.Len(t, report.Runs, 3, "a bad file does not stop the good ones; a zip is its files")
		require.Equal(t, ingestCounts(2, 0, 0, 0), report.Totals)

		var shape map[string]any
		b, err := json.Marshal(report.Runs[1])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &shape))
		for _, field := range []string{"run_id", "connection", "stream", "file", "status", "read", "canonical", "unchanged", "quarantined", "filtered",
			"unknown_columns", "warnings", "started_at", "finished_at", "position", "error"} {
			require.Contains(t, shape, field)
		}
		runs, err := h.Runs(t.Context(), 0, "zh")
		require.NoError(t, err)
		require.Len(t, runs.Runs, 4, "also the refused file stands in the list")
		shown, err := h.ShowRun(t.Context(), report.Runs[1].RunID, "zh")
		require.NoError(t, err)
		require.Equal(t, report.Runs[1].Counts, shown.Counts)
		_, err = h.ShowRun(t.Context(), "nonsense", "zh")
		require.True(t, errs.Is(err, errs.NotFound))
	})
}

func TestImportSaysWhatIsWrongWithTheRequest(t *testing.T) {
	h := ingestHub(t, "sqlite:hub.db")
	file := ingestFile(t, t.TempDir(), "s.csv", ingestSales)
	for _, c := range []struct {
		code string
		req  hub.ImportRequest
	}{
		{"mapping.kind", hub.ImportRequest{Files: []string{file}, As: "sale", Source: "d"}},
		{"ingest.no_files", hub.ImportRequest{As: "sales", Source: "d"}},
		{"ingest.source_needed", hub.ImportRequest{Files: []string{file}, As: "sales"}},
		{"ingest.source_reserved", hub.ImportRequest{Files: []string{file}, As: "sales", Source: "flow:D1"}},
		{"ingest.party_needed", hub.ImportRequest{Files: []string{file}, As: "sales", Source: "d"}},
		{"ingest.month", hub.ImportRequest{Files: []string{file}, As: "sales", Source: "d", ReplacePeriod: "03/2025"}},
		{"ingest.month_not_used", hub.ImportRequest{Files: []string{file}, As: "customers", Source: "d", ReplacePeriod: "2025-03"}},
		{"ingest.customer_kind", hub.ImportRequest{Files: []string{file}, As: "customers", Source: "d", Kind: "shop"}},
		{"hub.map_missing", hub.ImportRequest{Files: []string{file}, As: "sales", Source: "d", Party: "D1", Map: "none.yaml"}},
	} {
		_, err := h.Import(t.Context(), c.req)
		require.Equal(t, c.code, errs.CodeOf(err), "%v", err)
		require.True(t, errs.Is(err, errs.Invalid), "a user's mistake: exit 2")
		for _, lang := range []string{"zh", "en"} {
			require.Contains(t, errs.Render(err, lang), "→", "what to do next")
		}
	}
}

func TestQuarantineIsReplayedOnceTheMapIsMended(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		dir := t.TempDir()
		const text = "entity: customer\nkey: [编号]\nfields:\n  code: 编号\n  name: 名称\n  kind: {from: 类别, codes: {医院: hospital}}\n"
		m := ingestFile(t, dir, "m.yaml", text)
		file := ingestFile(t, dir, "c.csv", "编号,名称,类别\nC1,青河市第一人民医院,医院\nC2,百姓大药房,药店\nC3,,医院\n")
		report, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "customers", Source: "crm", Map: m})
		require.NoError(t, err)
		require.Equal(t, ingestCounts(1, 0, 2, 0), report.Totals)
		list, err := h.Quarantine(t.Context(), hub.QuarantineQuery{Lang: "zh"})
		require.NoError(t, err)
		require.Equal(t, 2, list.Total)

		ingestFile(t, dir, "m2.yaml", strings.ReplaceAll(text, "{医院: hospital}", "{医院: hospital, 药店: pharmacy}"))
		report, err = h.ReplayQuarantine(t.Context(), hub.ReplayRequest{Map: filepath.Join(dir, "m2.yaml")})
		require.NoError(t, err)
		require.Equal(t, ingestCounts(1, 0, 1, 0), report.Totals, "exactly the mended row is taken in")
		list, err = h.Quarantine(t.Context(), hub.QuarantineQuery{Lang: "en"})
		require.NoError(t, err)
		require.Equal(t, 1, list.Total)
		require.Equal(t, 2, list.Items[0].Attempts)

		report, err = h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "customers", Source: "crm", Map: filepath.Join(dir, "m2.yaml")})
		require.NoError(t, err)
		require.Equal(t, ingestCounts(0, 2, 1, 0), report.Totals, "the replayed row is known")

		id := list.Items[0].ID.String()
		shown, err := h.ShowQuarantined(t.Context(), id, "", "zh")
		require.NoError(t, err)
		require.Contains(t, shown.Reason, "name")
		require.NoError(t, h.DiscardQuarantined(t.Context(), []string{id}))
		require.Equal(t, "quarantine.decided", errs.CodeOf(h.DiscardQuarantined(t.Context(), []string{id})))
		_, err = h.ReplayQuarantine(t.Context(), hub.ReplayRequest{IDs: []string{id}})
		require.Equal(t, "quarantine.decided", errs.CodeOf(err))
		_, err = h.ShowQuarantined(t.Context(), "1", "", "zh")
		require.Equal(t, "quarantine.unknown", errs.CodeOf(err))
	})
}

func TestPersonsAreShownOnlyWithAReason(t *testing.T) {
	h := ingestHub(t, "sqlite:hub.db")
	file := ingestFile(t, t.TempDir(), "p.csv", "客户编码,客户名称,类型,出生日期\nP1,王小明,patient,1980-02-30\n")
	_, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: "customers", Source: "emr"})
	require.NoError(t, err)
	list, err := h.Quarantine(t.Context(), hub.QuarantineQuery{Lang: "zh"})
	require.NoError(t, err)
	require.Empty(t, list.Items[0].Raw)
	require.NotContains(t, list.Items[0].Reason, "1980")
	id := list.Items[0].ID.String()
	masked, err := h.ShowQuarantined(t.Context(), id, "", "zh")
	require.NoError(t, err)
	require.Empty(t, masked.Raw)
	open, err := h.ShowQuarantined(t.Context(), id, "患者来电更正", "zh")
	require.NoError(t, err)
	require.Contains(t, open.Raw, "王小明")
	h.Actor.Role = hub.Auditor
	masked, err = h.ShowQuarantined(t.Context(), id, "看看", "zh")
	require.NoError(t, err)
	require.Empty(t, masked.Raw, "a role that may not see it gets nothing for a reason")
}

func TestPullOfAFolder(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		inbox := t.TempDir()
		registry, err := connectors.NewRegistry(files.Driver)
		require.NoError(t, err)
		h.Registry = registry
		h.Now = func() time.Time { return time.Now().Add(time.Hour) } // files have settled
		h.Config.Connections = []config.Connection{{Name: "ddi", Connector: "files", Settings: map[string]any{"folder": inbox}}}
		rows := func(quantity string) string {
			return ingestSales + "2025-03-01,S1,1,C1,市一院,SKU1,百川片,10片,," + quantity + ",盒,x\n"
		}
		pull := func() (hub.IngestReport, error) {
			return h.Pull(t.Context(), hub.PullRequest{Lang: "zh"})
		}
		ingestFile(t, inbox, "SM_D1_青河医药_20250310.csv", rows("5"))
		ingestFile(t, inbox, "说明.csv", rows("5"))
		report, err := pull()
		require.Error(t, err, "a file that cannot be placed is reported")
		require.Equal(t, ingestCounts(1, 0, 0, 0), report.Totals, "and does not stop the others")
		require.NoError(t, os.Remove(filepath.Join(inbox, "说明.csv")))

		report, err = pull()
		require.NoError(t, err)
		require.Empty(t, report.Runs, "taken files are not read again")

		ingestFile(t, inbox, "SM_D1_青河医药_20250331.csv", ingestSales+"2025-03-05,S2,1,C1,市一院,SKU1,百川片,10片,,7,盒,x\n")
		report, err = pull()
		require.NoError(t, err)
		require.Equal(t, ingestCounts(1, 0, 0, 0), report.Totals)
		lines, err := h.DB.Book(t.Context(), "D1")
		require.NoError(t, err)
		require.Len(t, lines, 1, "the later file of the month replaces the earlier one")
		require.Equal(t, "S2", lines[0].DocNo)

		_, err = h.Pull(t.Context(), hub.PullRequest{Targets: []string{"ddi/flows"}})
		require.Equal(t, "ingest.no_stream", errs.CodeOf(err))
		_, err = h.Pull(t.Context(), hub.PullRequest{Targets: []string{"dd"}})
		require.Equal(t, "connection.unknown", errs.CodeOf(err))
		h.Config.Connections = nil
		_, err = pull()
		require.Equal(t, "ingest.no_connections", errs.CodeOf(err))
	})
}

// A file that lies there with new content under its old name, even with what it held before, counts as it lies there now.
func TestAFileInAFolderCountsAsItLiesThereNow(t *testing.T) {
	ingestHubOnBoth(t, func(t *testing.T, h *hub.Hub) {
		inbox := t.TempDir()
		registry, err := connectors.NewRegistry(files.Driver)
		require.NoError(t, err)
		h.Registry = registry
		h.Now = func() time.Time { return time.Now().Add(time.Hour) } // files have settled
		h.Config.Connections = []config.Connection{{Name: "ddi", Connector: "files", Settings: map[string]any{"folder": inbox}}}
		began := time.Now().Add(-time.Hour)
		for minute, quantity := range []string{"5", "6", "7", "8", "5", "9", "6"} {
			ingestFile(t, inbox, "SM_D1_青河医药_20250310.csv", ingestSales+"2025-03-01,S1,1,C1,市一院,SKU1,百川片,10片,,"+quantity+",盒,x\n")
			changed := began.Add(time.Duration(minute) * time.Minute)
			require.NoError(t, os.Chtimes(filepath.Join(inbox, "SM_D1_青河医药_20250310.csv"), changed, changed))
			_, err := h.Pull(t.Context(), hub.PullRequest{Lang: "zh"})
			require.NoError(t, err)
			lines, err := h.DB.Book(t.Context(), "D1")
			require.NoError(t, err)
			require.Len(t, lines, 1)
			require.Equal(t, quantity, lines[0].Quantity.String(), "after state %d", minute)
		}
	})
}
