package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/test/servers"
)

// BenchmarkFindCustomers searches for customers as a form asks before it creates one, while four writers each put 25
// records a second and the resolver works them off. On PostgreSQL the peer is a search for similar names by pg_trgm over a
// table of the same names, in the same minute.
func BenchmarkFindCustomers(b *testing.B) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		b.Run(dialect, func(b *testing.B) {
			url := "sqlite:hub.db"
			if dialect == "postgres" {
				url = servers.PostgresSchema(b)
			}
			h := openHub(b, url)
			fill(b, h, benchRows(b))
			_, err := h.Resolver().Run(b.Context())
			require.NoError(b, err)
			findBesideWriters(b, h, url)
		})
	}
}

// searches are how many a figure takes.
const searches = 1000

func findBesideWriters(t testing.TB, h *hub.Hub, url string) {
	asked := slices.Collect(changes(t, benchRows(t), searches, 5))
	peer := func(context.Context, string) error { return nil }
	if h.DB.Dialect() == "postgres" {
		peer = trigrams(t, url)
	}
	stop := write(t, h)
	defer stop()
	var own, other []time.Duration
	for _, k := range asked {
		began := time.Now()
		_, err := h.FindCustomers(t.Context(), hub.FindRequest{Customer: k.customer})
		own = append(own, time.Since(began))
		require.NoError(t, err)
		began = time.Now()
		require.NoError(t, peer(t.Context(), k.customer.Name))
		other = append(other, time.Since(began))
	}
	f := searched(t, "find/"+h.DB.Dialect(), own)
	if h.DB.Dialect() == "postgres" {
		p := searched(t, "find/postgres/pg_trgm", other)
		p.print()
		f.Peer, f.Ratio = p.Figure, f.P99/p.P99
	}
	f.print()
}

// search is one line of the benchmark's output: single requests.
type search struct {
	Figure string  `json:"figure"`
	Stored int     `json:"stored"`
	Asked  int     `json:"asked"`
	P50    float64 `json:"p50_ms"`
	P99    float64 `json:"p99_ms"`
	Ratio  float64 `json:"p99_ratio,omitempty"` // p99 against the peer's: below 1 is faster
	Peer   string  `json:"peer,omitempty"`
}

func (s search) print() {
	b, _ := json.Marshal(s) // numbers and texts
	fmt.Println(string(b))
}

func searched(t testing.TB, name string, took []time.Duration) search {
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return search{Figure: name, Stored: benchRows(t), Asked: len(took), P50: ms(took[len(took)/2]), P99: ms(took[len(took)*99/100])}
}

// write puts records from four writers until it is told to stop: new customers and changed ones by turns.
func write(t testing.TB, h *hub.Hub) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	some := slices.Collect(changes(t, benchRows(t), 2000, 7))
	for w := range 4 {
		all.Go(func() {
			tick := time.NewTicker(time.Second / 25)
			defer tick.Stop()
			for i := w; ; i += 4 {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				k := some[i%len(some)]
				if i%2 == 0 {
					k.id = fmt.Sprintf("new-%d", i)
				}
				put(t, h.DB, "3-"+strconv.Itoa(i), slices.Values([]known{k}))
			}
		})
	}
	all.Go(func() {
		for ctx.Err() == nil {
			if _, err := h.Resolver().Run(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("resolve beside the searches: %v", err)
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	})
	return func() { cancel(); all.Wait() }
}

// trigrams makes the peer: the names of all records in a table of its own with an index of pg_trgm.
func trigrams(t testing.TB, url string) func(context.Context, string) error {
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(ctx)) })
	for _, statement := range []string{
		`CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public`, `SET search_path = ` + conn.Config().RuntimeParams["search_path"] + `, public`,
		`CREATE TABLE IF NOT EXISTS peer_name (id bigint PRIMARY KEY, name text NOT NULL)`, `TRUNCATE peer_name`,
	} {
		_, err := conn.Exec(ctx, statement)
		require.NoError(t, err)
	}
	var rows [][]any
	for k := range population(t, benchRows(t)) {
		rows = append(rows, []any{int64(len(rows)), k.customer.Name})
	}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"peer_name"}, []string{"id", "name"}, pgx.CopyFromRows(rows))
	require.NoError(t, err)
	for _, statement := range []string{`CREATE INDEX IF NOT EXISTS peer_name_trigrams ON peer_name USING gin (name gin_trgm_ops)`, `ANALYZE peer_name`} {
		_, err := conn.Exec(ctx, statement)
		require.NoError(t, err)
	}
	return func(ctx context.Context, name string) error {
		found, err := conn.Query(ctx, `SELECT id, similarity(name, $1) AS s FROM peer_name WHERE name % $1 ORDER BY s DESC, id LIMIT 10`, name)
		if err != nil {
			return err
		}
		found.Close()
		return found.Err()
	}
}
