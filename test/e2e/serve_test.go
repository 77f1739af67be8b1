package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
	"tributary/test/secrets"
)

// stopWithin is how long a command may take to end after SIGTERM or SIGINT.
const stopWithin = 10 * time.Second

var address = regexp.MustCompile(`https?://[0-9.]+:[0-9]+`)

// The service answers its health, metrics and API, publishes what an import beside it brings, and ends in order.
func TestServeLivesBesideImportsAndStopsInOrder(t *testing.T) {
	t.Parallel()
	harness.OnBothProfiles(t, harness.Options{Company: harness.NewCompany()}, func(t *testing.T, h *harness.Hub) {
		serve := h.Start("serve", "--lang", "en")
		base := address.FindString(serve.Line("API "))
		require.NotEmpty(t, base)
		for _, path := range []string{"/livez", "/readyz", "/api/v1/customers"} {
			status, body := get(t, base+path)
			require.Equal(t, http.StatusOK, status, "%s\n%s", path, body)
		}
		_, metrics := get(t, base+"/metrics")
		require.Contains(t, metrics, "\ntributary_")

		importWorked(h, file{"customers.csv", "customers", ""})
		var page struct {
			Customers []struct{ Name string }
		}
		_, body := get(t, base+"/api/v1/customers")
		require.NoError(t, json.Unmarshal([]byte(body), &page))
		require.Len(t, page.Customers, 9, "eight customers and the company\n%s", body)

		h.OK("relay", "--once") // waits until the service has emptied the outbox
		require.Equal(t, 9, len(h.Log("customer.golden").Last()["tributary.customer.golden.v1"]))

		serve.Signal(syscall.SIGTERM)
		r := serve.Wait(stopWithin)
		require.Zero(t, r.Code, r.Stderr)
		require.NotContains(t, r.Stderr, "goroutine ")
		_, err := http.Get(base + "/livez")
		require.Error(t, err)
	})
}

// Without a configuration the service takes the next free ports and says which.
func TestServeWithoutConfigurationTakesFreePorts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	one, two := &harness.Hub{T: t, Dir: dir}, &harness.Hub{T: t, Dir: t.TempDir()}
	var bases []string
	var services []*harness.Process
	for _, h := range []*harness.Hub{one, two} {
		s := h.Start("serve", "--lang", "en")
		bases = append(bases, address.FindString(s.Line("API ")))
		services = append(services, s)
	}
	require.NotEqual(t, bases[0], bases[1])
	for i, s := range services {
		status, body := get(t, bases[i]+"/readyz")
		require.Equal(t, http.StatusOK, status, body)
		s.Signal(syscall.SIGINT)
		require.Zero(t, s.Wait(stopWithin).Code)
	}
	_, err := os.Stat(filepath.Join(dir, "tributary-data", "hub.db"))
	require.NoError(t, err)
}

// An interrupted import ends with its report and exit code 1; the next run goes on to the same end.
func TestAnInterruptedImportReportsAndGoesOn(t *testing.T) {
	t.Parallel()
	h := harness.Embedded(t, harness.Options{})
	importWorked(h, file{"products.csv", "products", ""})
	const rows = 60000
	path := h.Write("big.csv", manySales(rows))
	args := append(sales(path), "--json", "--no-resolve")
	p := h.Start(args...)
	h.Await("a batch of the import is stored", func() bool {
		var runs harness.Report
		h.Into(&runs, "runs", "list")
		return len(runs.Runs) > 1 && runs.Runs[0].Read > 0
	})
	p.Signal(syscall.SIGINT)
	r := p.Wait(stopWithin)
	require.Equal(t, 1, r.Code, r.Stdout+r.Stderr)
	var report harness.Report
	require.NoError(t, json.Unmarshal([]byte(r.Stdout), &report), r.Stdout+r.Stderr)
	require.Equal(t, "interrupted", report.Runs[0].Status)
	require.Less(t, report.Totals.Read, rows)
	report.AddsUp(t)

	again, r := h.Report(args...)
	require.Zero(t, r.Code, r.Stderr)
	again.AddsUp(t)
	require.Equal(t, rows, again.Totals.Read)
	require.Equal(t, "done", again.Runs[0].Status)
	last, _ := h.Report(args...)
	require.Equal(t, harness.Counts{Read: rows, Unchanged: rows}, last.Totals)
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	require.NoError(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	secrets.Check(t, url, string(b))
	return resp.StatusCode, string(b)
}
