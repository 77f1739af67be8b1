package bench_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/filesource"
	"tributary/mapping"
	"tributary/pipeline"
	"tributary/store"
	"tributary/test/servers"
)

// rows of the benchmark; TRIBUTARY_BENCH_ROWS makes a smaller or larger one.
func benchRows(t testing.TB) int {
	text := os.Getenv("TRIBUTARY_BENCH_ROWS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// figure is one line of the benchmark's output.
type figure struct {
	Figure  string  `json:"figure"`
	Rows    int     `json:"rows"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"` // of this process; the server's own is not in it
	PeakRSS int64   `json:"peak_rss_bytes"`
	Ratio   float64 `json:"ratio,omitempty"` // speed against the peer in the same run: 1 = as fast
	Peer    string  `json:"peer,omitempty"`
	PerSec  float64 `json:"rows_per_second"`
}

func (f figure) print() {
	b, _ := json.Marshal(f) // numbers and texts
	fmt.Println(string(b))
}

// measure runs fn and says what it took. The peak is that of fn where the system lets it be reset, else of the process
// so far.
func measure(t testing.TB, name string, rows int, fn func()) figure {
	t.Helper()
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // resets the high-water mark of Linux
	began, cpu := time.Now(), cpuSeconds(t)
	fn()
	f := figure{Figure: name, Rows: rows, Seconds: time.Since(began).Seconds(), CPU: cpuSeconds(t) - cpu, PeakRSS: peakRSS(t)}
	f.PerSec = float64(rows) / f.Seconds
	return f
}

func cpuSeconds(t testing.TB) float64 {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func peakRSS(t testing.TB) int64 {
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		if _, after, ok := strings.Cut(string(status), "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
			require.NoError(t, err)
			return kb << 10
		}
	}
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return u.Maxrss << 10
}

func openStore(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Config{URL: url, DataDir: t.TempDir(), Now: time.Now, Rand: rand.Reader, Verb: "bench"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	require.NoError(t, db.EnsureCompany(t.Context(), store.Company{Name: "百川制药有限公司", Code: "M", Source: "erp"}))
	return db
}

func importSales(t testing.TB, db *store.DB, path string, rows int) {
	t.Helper()
	files, err := filesource.Files(t.Context(), path)
	require.NoError(t, err)
	party, err := db.FindParty(t.Context(), "D1")
	require.NoError(t, err)
	run, err := pipeline.Ingest{DB: db}.File(t.Context(), pipeline.FileImport{File: files[0], Kind: mapping.Sales, Source: "d1", Party: party, Actor: "bench"})
	require.NoError(t, err)
	require.Equal(t, store.Counts{Read: int64(rows), Canonical: int64(rows)}, run.Counts)
}

// BenchmarkIngestPostgres compares an import with COPY of the same columns into a table with the same keys and indexes, and
// with COPY of the raw columns as text.
func BenchmarkIngestPostgres(t *testing.B) {
	rows := benchRows(t)
	path := salesFile(t, rows)
	url := servers.PostgresSchema(t)
	db := openStore(t, url)
	own := measure(t, "ingest/postgres", rows, func() { importSales(t, db, path, rows) })
	same := measure(t, "ingest/postgres/copy-same-columns", rows, func() { copySame(t, url, rows) })
	raw := measure(t, "ingest/postgres/copy-raw-text", rows, func() { copyRaw(t, url, path) })
	same.print()
	raw.print()
	own.Peer, own.Ratio = same.Figure, same.Seconds/own.Seconds
	own.print()
	own.Peer, own.Ratio = raw.Figure, raw.Seconds/own.Seconds
	own.print()
}

// BenchmarkIngestSQLite has no peer: the aim is a rate.
func BenchmarkIngestSQLite(t *testing.B) {
	rows := min(benchRows(t), 300_000)
	path := salesFile(t, rows)
	db := openStore(t, "sqlite:hub.db")
	measure(t, "ingest/sqlite", rows, func() { importSales(t, db, path, rows) }).print()
}

// copySame copies the stored lines, read from the table that the import filled, into a twin of it.
func copySame(t testing.TB, url string, rows int) {
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `CREATE TABLE twin (LIKE flow_line INCLUDING ALL)`)
	require.NoError(t, err)
	var columns []string
	names, err := conn.Query(ctx, `SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'flow_line' ORDER BY ordinal_position`)
	require.NoError(t, err)
	columns, err = pgx.CollectRows(names, pgx.RowTo[string])
	require.NoError(t, err)
	gen := &twinRows{left: rows, columns: columns}
	n, err := conn.CopyFrom(ctx, pgx.Identifier{"twin"}, columns, gen)
	require.NoError(t, err)
	require.EqualValues(t, rows, n)
}

// twinRows makes lines like those of the file, ready to be sent.
type twinRows struct {
	left    int
	columns []string
	n       int
}

func (r *twinRows) Next() bool { r.n++; return r.n <= r.left }
func (r *twinRows) Err() error { return nil }
func (r *twinRows) Values() ([]any, error) {
	i := r.n
	id := canonical.DeriveID("twin", strconv.Itoa(i))
	day := time.Date(2025, 3, 1+i*30/(r.left+1), 0, 0, 0, 0, time.UTC)
	all := map[string]any{
		"row_id": [16]byte(id), "party": int64(1), "partner": int64(2 + i*7919%20000), "bill_to": int64(0), "product_mention": int64(1 + i*31%200),
		"ledger": int64(1), "kind": int64(1), "biz_date": day, "doc_no": fmt.Sprintf("XS202503%02d%06d", day.Day(), i/5), "lot": "250301", "lot_raw": "", "lot_doubt": "",
		"quantity": int64(i%200+1) * 1_000_000, "price": int64(12_340_000), "amount": int64(1_234_000_000), "mfg_date": nil,
		"exp_date": day, "branch": "", "remark": "", "hash": id[:], "version_key": "E2025-B3-C31#0~0123456789abcdef", "batch_id": int64(i / 5000),
		"row_no": int64(i), "active": true, "suspect": false, "recorded_at": int64(1_700_000_000_000_000),
	}
	out := make([]any, len(r.columns))
	for n, c := range r.columns {
		out[n] = all[c]
	}
	return out, nil
}

// copyRaw lets the server itself parse the file into text columns.
func copyRaw(t testing.TB, url, path string) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer conn.Close(ctx)
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	head := make([]byte, 4096)
	n, err := f.Read(head)
	require.NoError(t, err)
	header, _, _ := strings.Cut(string(head[:n]), "\n")
	columns := make([]string, len(strings.Split(header, ",")))
	for i := range columns {
		columns[i] = fmt.Sprintf("c%d text", i)
	}
	_, err = conn.Exec(ctx, "CREATE TABLE raw_text ("+strings.Join(columns, ", ")+")")
	require.NoError(t, err)
	_, err = f.Seek(0, io.SeekStart)
	require.NoError(t, err)
	tag, err := conn.PgConn().CopyFrom(ctx, f, "COPY raw_text FROM STDIN WITH (FORMAT csv, HEADER true)")
	require.NoError(t, errors.Join(err))
	require.Positive(t, tag.RowsAffected())
}
