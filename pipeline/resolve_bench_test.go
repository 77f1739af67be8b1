package pipeline_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
	"tributary/dedupe"
	"tributary/pipeline"
	"tributary/store"
)

// A first resolve of the sandbox world of 20,000 records and of nothing but 100 changed ones after it, on SQLite.
func BenchmarkResolver(b *testing.B) {
	until, err := canonical.ParseDate("2026-06-30")
	require.NoError(b, err)
	w, err := world.New(world.Config{Seed: 1, Scale: 1, Until: until})
	require.NoError(b, err)
	for b.Loop() {
		db, err := store.Open(b.Context(), store.Config{URL: "sqlite:hub.db", DataDir: b.TempDir(), Now: time.Now, Rand: rand.Reader})
		require.NoError(b, err)
		require.NoError(b, db.Ready(b.Context()))
		engine, err := dedupe.New(dedupe.DefaultModel(), dedupe.Options{Secret: db.KeyRing().Hash("blocking"), CompanySource: "erp"})
		require.NoError(b, err)
		m := &master{t: b, ctx: b.Context, db: db, resolver: pipeline.Resolver{DB: db, Engine: fixed(engine), Policy: dedupe.DefaultPolicy(), Company: "erp"}}
		var batch, all []rec
		for _, sys := range world.Systems() {
			for r := range w.Records(sys) {
				batch = append(batch, rec{string(sys), r.ID, 50, &r.Customer})
				if len(batch) == 4000 {
					m.put(batch...)
					all, batch = append(all, batch...), nil
				}
			}
		}
		m.put(batch...)
		start := time.Now()
		report := m.run()
		b.ReportMetric(time.Since(start).Seconds(), "s/first")
		b.ReportMetric(float64(report.Records)/time.Since(start).Seconds(), "records/s")
		for i := range 100 {
			all[i*7].customer.Level = "三级"
		}
		m.put(all[:700]...)
		start = time.Now()
		m.run()
		b.ReportMetric(time.Since(start).Seconds(), "s/changed")
		require.NoError(b, db.Close())
	}
}
