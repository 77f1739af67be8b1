package bench_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
	"tributary/test/servers"
)

// pageRows are the rows of one answer.
const pageRows = 1000

const salesAPI = `
store: {url: %q}
connections:
  - name: sales
    connector: rest
    settings:
      base_url: %s
      calls_per_second: 10000
      page_size: 1000
      streams:
        lines:
          path: /lines
          params: {since: "{from}", limit: "{limit}"}
          rows: rows
          key: [id]
          time: changed
          paging: {kind: link, next: next, next_required: true}
    streams:
      - {stream: lines, every: 1h, map: lines.yaml}
`

const salesMap = `entity: flow
ledger: sales
key: [id]
source_time: changed
fields:
  date: date
  doc_no: doc_no
  source_row: id
  partner.code: customer_code
  partner.name: customer
  product.code: product_code
  product.name: product
  product.spec: spec
  product.unit: unit
  lot: lot
  quantity: quantity
`

// salesPages answers rows of sales lines in pages of a thousand, each with the address of the next one. Answers are ready
// before anybody asks: what is measured is the hub.
func salesPages(t testing.TB, rows int) string {
	t.Helper()
	pages := make([]string, 0, rows/pageRows+1)
	for from := 0; from < rows; from += pageRows {
		lines := make([]string, 0, pageRows)
		for i := from; i < min(from+pageRows, rows); i++ {
			partner, product := i*7919%20000, i*31%200
			lines = append(lines, fmt.Sprintf(`{"id":%d,"changed":"2025-04-01T08:00:%02d.%03dZ","date":"2025-03-%02d","doc_no":"XS%08d","customer_code":"K%05d","customer":"青河市第%d人民医院","product_code":"P%03d","product":"百川胶囊%d号","spec":"0.25g*%d粒","unit":"盒","lot":"2503%02d","quantity":"%d"}`,
				i, i/1000%60, i%1000, 1+i*31/rows, i/5, partner, partner, product, product, 10+product%5, i%5+1, 1+i%200))
		}
		pages = append(pages, strings.Join(lines, ","))
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("page")) // none: the first
		next := "null"
		if page+1 < len(pages) {
			next = fmt.Sprintf(`"http://%s/lines?page=%d"`, r.Host, page+1)
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"rows":[%s],"next":%s}`, pages[page], next) // who reads has gone: it asks again
	}))
	t.Cleanup(api.Close)
	return api.URL
}

// BenchmarkPull pulls lines over HTTP by the program itself, from its start until all are committed.
func BenchmarkPull(b *testing.B) {
	for _, c := range []struct {
		dialect string
		url     func() string
	}{{"sqlite", func() string { return "sqlite:hub.db" }}, {"postgres", func() string { return servers.PostgresSchema(b) }}} {
		b.Run(c.dialect, func(b *testing.B) {
			rows := min(benchRows(b), 300_000)
			h := harness.New(b, harness.Options{Config: fmt.Sprintf(salesAPI, c.url(), salesPages(b, rows))})
			h.Write("lines.yaml", salesMap)
			h.OK("doctor", "--quiet") // migrates
			began := time.Now()
			report, result := h.Report("pull", "sales", "--no-resolve")
			require.EqualValues(b, rows, report.Totals.Canonical, result.Stderr)
			ran("pull/"+c.dialect, rows, time.Since(began), result).print()
		})
	}
}

// ran is the figure of a command of the program.
func ran(name string, rows int, took time.Duration, r harness.Result) figure {
	return figure{Figure: name, Rows: rows, Seconds: took.Seconds(), CPU: r.CPU.Seconds(), PeakRSS: r.PeakRSS, PerSec: float64(rows) / took.Seconds()}
}
