package pipeline_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/filesource"
	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

// ingestBench is a database with an ingest, and a folder for files.
type ingestBench struct {
	t      testing.TB
	db     *store.DB
	ingest pipeline.Ingest
	dir    string
}

func ingestOnBoth(t *testing.T, test func(t *testing.T, b *ingestBench)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openIngest(t, "sqlite:hub.db", t.TempDir())) })
	t.Run("postgres", func(t *testing.T) { test(t, openIngest(t, servers.PostgresSchema(t), t.TempDir())) })
}

func openIngest(t testing.TB, url, dir string) *ingestBench {
	t.Helper()
	return openIngestAt(t, url, dir, time.Now)
}

func openIngestAt(t testing.TB, url, dir string, now func() time.Time) *ingestBench {
	t.Helper()
	db, err := storetest.Open(t.Context(), store.Config{URL: url, DataDir: dir, Now: now, Rand: rand.Reader, Verb: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	require.NoError(t, db.EnsureCompany(t.Context(), store.Company{Name: "百川制药有限公司", Code: "M", Source: "erp"}))
	return &ingestBench{t: t, db: db, ingest: pipeline.Ingest{DB: db}, dir: t.TempDir()}
}

func (b *ingestBench) write(name string, lines ...string) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	require.NoError(b.t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

type option func(*pipeline.FileImport)

func replacing(month string) option {
	return func(r *pipeline.FileImport) { r.Replace = month }
}

func version(v string) option { return func(r *pipeline.FileImport) { r.Version = v } }

func dry(r *pipeline.FileImport) { r.DryRun = true }

func (b *ingestBench) request(path string, kind mapping.Kind, party string, opts ...option) pipeline.FileImport {
	b.t.Helper()
	files, err := filesource.Files(b.t.Context(), path)
	require.NoError(b.t, err)
	req := pipeline.FileImport{File: files[0], Kind: kind, Source: "erp", Trust: 50, Actor: "os:test"}
	if party != "" {
		req.Source = "d-" + party
		req.Party, err = b.db.FindParty(b.t.Context(), party)
		require.NoError(b.t, err)
	}
	for _, o := range opts {
		o(&req)
	}
	return req
}

func (b *ingestBench) take(path string, kind mapping.Kind, party string, opts ...option) store.Run {
	b.t.Helper()
	run, err := b.ingest.File(b.t.Context(), b.request(path, kind, party, opts...))
	require.NoError(b.t, err)
	require.Equal(b.t, store.RunDone, run.Status)
	require.True(b.t, run.Counts.Balanced(), "%+v", run.Counts)
	return run
}

func counts(canonical, unchanged, quarantined, filtered int64) store.Counts {
	return store.Counts{Read: canonical + unchanged + quarantined + filtered, Canonical: canonical, Unchanged: unchanged, Quarantined: quarantined, Filtered: filtered}
}

const salesHeader = "销售日期,销售单号,行号,客户编码,客户名称,产品编码,产品名称,规格,批号,数量,单位"

func TestCustomersAndSalesFromFiles(t *testing.T) {
	ingestOnBoth(t, func(t *testing.T, b *ingestBench) {
		customers := b.write("customers.csv", "客户编码,客户名称,类型,城市,出生日期",
			"C1,青河市第一人民医院,hospital,青河市,", "C2,百姓大药房,pharmacy,青河市,", "P1,王小明,patient,,1980-02-03", "P2,,patient,,", "C3,某公司,什么,,")
		require.Equal(t, counts(3, 0, 2, 0), b.take(customers, mapping.Customers, "").Counts)
		require.Equal(t, counts(0, 3, 2, 0), b.take(customers, mapping.Customers, "").Counts)

		sales := b.write("s.csv", salesHeader,
			"2025-03-01,S1,1,C1,青河市第一人民医院,SKU1,百川片,10片,250301,20,盒",
			"2025-03-01,S1,2,C2,百姓大药房,SKU1,百川片,10片,,5,盒",
			"2025-03-02,S2,1,C2,百姓大药房,SKU1,百川片,10片,,abc,盒",
			"合计,,,,,,,,,25,")
		run := b.take(sales, mapping.Sales, "D1")
		require.Equal(t, counts(2, 0, 1, 0), run.Counts)
		require.Equal(t, counts(0, 2, 1, 0), b.take(sales, mapping.Sales, "D1").Counts)
		total, items, err := b.db.ListQuarantine(t.Context(), store.QuarantineFilter{Status: "open", Limit: 10})
		require.NoError(t, err)
		require.Equal(t, 3, total)
		for _, i := range items {
			for _, lang := range []string{"zh", "en"} {
				require.NotContains(t, i.Issues[0].Text(lang), "{", "every placeholder is filled")
				require.Contains(t, i.Issues[0].Text(lang), "→", "and the text says what to do")
			}
		}
		require.Equal(t, "s.csv 4 quantity", fmt.Sprintf("%s %d %s", items[2].File, items[2].Row, items[2].Issues[0].Field))
		require.Equal(t, "2025-03-02,S2,1,C2,百姓大药房,SKU1,百川片,10片,,abc,盒", string(items[2].Raw), "the row as it was received")
	})
}
