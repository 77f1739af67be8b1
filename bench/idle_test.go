package bench_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
)

const (
	idleConnections = 200
	idleTime        = time.Minute
	ticks           = 100 // a second, of the times in /proc
)

// idle is the line of the benchmark of waiting connections: the whole service with them, and its memory without any.
type idle struct {
	Figure      string  `json:"figure"`
	Connections int     `json:"connections"`
	Seconds     float64 `json:"seconds"`
	Core        float64 `json:"share_of_a_core"`
	RSS         int64   `json:"rss_bytes"`
	Without     int64   `json:"rss_bytes_without_connections"`
}

// BenchmarkIdle tells what a service costs whose connections all wait for their turn: memory after each was pulled once,
// and processor time of a minute. Most of the memory is the program's own, so the same service without a connection is
// measured beside it.
func BenchmarkIdle(b *testing.B) {
	var asked atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"rows":[{"id":1,"changed":"2025-04-01T08:00:00Z","date":"2025-03-01","customer":"青河市人民医院","product":"百川胶囊","unit":"盒","quantity":"1"}],"next":null}`)) // who reads has gone: it asks again
	}))
	b.Cleanup(api.Close)
	serve := func(connections int) (pid int) {
		h := harness.New(b, harness.Options{Config: idleConfig(api.URL, connections)})
		h.Write("lines.yaml", salesMap)
		pid = h.Start("serve").PID()
		h.Await("every connection pulled once", func() bool {
			time.Sleep(100 * time.Millisecond)
			return asked.Load() >= int64(connections)
		})
		return pid
	}
	without, with := serve(0), serve(idleConnections)
	time.Sleep(15 * time.Second) // what the pulls left over is worked off
	began, before := time.Now(), cpuOf(b, with)
	time.Sleep(idleTime)
	took := time.Since(began).Seconds()
	line, err := json.Marshal(idle{Figure: "idle", Connections: idleConnections, Seconds: took, Core: (cpuOf(b, with) - before) / took, RSS: rssOf(b, with), Without: rssOf(b, without)})
	require.NoError(b, err)
	fmt.Println(string(line))
}

func idleConfig(api string, connections int) string {
	one := strings.TrimPrefix(fmt.Sprintf(salesAPI, "sqlite:hub.db", api), "\nstore: {url: \"sqlite:hub.db\"}\nconnections:\n")
	var out strings.Builder
	out.WriteString("\nkafka: {embedded: true, listen: \"127.0.0.1:0\"}\nhttp: {listen: \"127.0.0.1:0\"}\n")
	if connections > 0 {
		out.WriteString("connections:\n")
	}
	for i := range connections {
		out.WriteString(strings.Replace(one, "name: sales", fmt.Sprintf("name: sales%d", i), 1))
	}
	return out.String()
}

// cpuOf is user and system time of a process in seconds, by fields 14 and 15 of /proc/PID/stat.
func cpuOf(t testing.TB, pid int) float64 {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	_, after, ok := strings.Cut(string(stat), ") ") // the name may hold spaces
	require.True(t, ok)
	fields := strings.Fields(after)
	user, err := strconv.ParseFloat(fields[11], 64)
	require.NoError(t, err)
	system, err := strconv.ParseFloat(fields[12], 64)
	require.NoError(t, err)
	return (user + system) / ticks
}

// rssOf is the resident memory of a process in bytes.
func rssOf(t testing.TB, pid int) int64 {
	t.Helper()
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	require.NoError(t, err)
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	require.NoError(t, err)
	return pages * int64(os.Getpagesize())
}
