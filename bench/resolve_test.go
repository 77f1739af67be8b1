package bench_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/pipeline"
	"tributary/test/servers"
)

// BenchmarkResolve compares the resolve of a thousand changed records with that of all records that are stored.
func BenchmarkResolve(b *testing.B) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		b.Run(dialect, func(b *testing.B) {
			url := "sqlite:hub.db"
			if dialect == "postgres" {
				url = servers.PostgresSchema(b)
			}
			h := openHub(b, url)
			rows := fill(b, h, benchRows(b))
			resolve(b, h, "resolve/"+dialect+"/first", rows, (*pipeline.Resolver).Run).print()
			var changed []figure
			for round := range 3 {
				n := put(b, h.DB, "2", changes(b, benchRows(b), 1000, round))
				changed = append(changed, resolve(b, h, "resolve/"+dialect+"/changed", n, (*pipeline.Resolver).Run))
			}
			all := resolve(b, h, "resolve/"+dialect+"/all", rows, (*pipeline.Resolver).All)
			all.print()
			slices.SortFunc(changed, func(x, y figure) int { return int(x.Seconds*1e6) - int(y.Seconds*1e6) })
			for _, f := range changed {
				f.Peer, f.Ratio = all.Figure, all.Seconds/f.Seconds
				f.print()
			}
		})
	}
}

// resolve runs the resolver; the peak of memory is that of this run.
func resolve(t testing.TB, h *hub.Hub, name string, rows int, run func(*pipeline.Resolver, context.Context) (pipeline.ResolveReport, error)) figure {
	t.Helper()
	r := h.Resolver()
	return measure(t, name, rows, func() {
		report, err := run(r, t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, report.Records, int64(rows))
		t.Logf("%s: %+v", name, report)
	})
}
