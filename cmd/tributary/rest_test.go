package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const restConfig = `
connections:
  - name: wms
    connector: rest
    settings:
      base_url: %s
      auth: {kind: header, header: X-Key, token: "planted-secret-rest-key"}
      errors: {ok: code, message: msg}
      streams:
        customers:
          path: /customers
          params: {since: "{from}", page: "{page}", size: "{limit}"}
          rows: data.rows
          key: [id]
          time: changed
          time_format: yyyy-MM-dd HH:mm:ss
          paging: {kind: page, total: data.total, pages: data.pages}
    streams:
      - {stream: customers, every: 10m, map: customers.yaml}
`

const restMap = "entity: customer\nkey: [id]\nfields:\n  code: id\n  name: title\n  kind: {const: hospital}\n"

// A REST source is read with settings and a map alone.
func TestARestSourceNeedsNoCode(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "planted-secret-rest-key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		page := r.URL.Query().Get("page")
		row := `{"id":10000000000000000%s,"title":"医院%s","changed":"2025-03-01 08:00:00"}`
		fmt.Fprintf(w, `{"code":0,"data":{"total":"2","pages":2,"rows":[`+row+`]}}`, page, page)
	}))
	defer api.Close()
	here := newInstallation(t)
	t.Chdir(here.dir)
	here.write("customers.yaml", restMap)
	here.configure(fmt.Sprintf(restConfig, api.URL))
	here.ok("config", "lint")
	require.Contains(t, here.ok("connectors", "check").out, "✓")
	require.Contains(t, here.ok("connectors", "discover", "wms").out, "customers")
	totals := here.ok("pull", "wms", "--json").object(t)["totals"].(map[string]any)
	require.EqualValues(t, 2, totals["canonical"])
	require.Contains(t, here.ok("customers", "list", "--json").out, "医院2")
	require.EqualValues(t, 0, here.ok("pull", "wms", "--json").object(t)["totals"].(map[string]any)["canonical"])

	// What is wrong in the settings is said with its place in the file.
	for broken, want := range map[string]string{
		"{kind: page, total: data.total, pages: data.pages}": "{kind: pages}",
		`"{page}"`:  `"{pgae}"`,
		"key: [id]": "kee: [id]",
	} {
		text := fmt.Sprintf(restConfig, api.URL)
		here.configure(replaceOnce(t, text, broken, want))
		a := here.run("config", "lint")
		require.Equal(t, 2, a.code)
		require.Regexp(t, `tributary.yaml:1\d:`, a.out+a.err)
		require.Contains(t, a.out+a.err, "connections.wms.settings.streams.customers")
		require.NotContains(t, a.out+a.err, "planted-secret-rest-key")
	}
	here.configure(replaceOnce(t, fmt.Sprintf(restConfig, api.URL), "stream: customers, every: 10m, map: customers.yaml", "stream: customer, every: 10m, map: customers.yaml"))
	require.Contains(t, here.run("config", "lint").out, "customers", "a stream that the settings do not declare")
	require.Zero(t, here.run("connectors", "init", "rest", "--name", "other", "--set", "base_url=https://api.example/v1").code)
	require.Contains(t, here.config(), "path: /customers", "the example to start from")
}

// A check that takes long says what it waits for.
func TestACheckSaysWhatItWaitsFor(t *testing.T) {
	asked := make(chan struct{}, 1)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
			time.Sleep(silence + 200*time.Millisecond)
		default:
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer api.Close()
	here := newInstallation(t)
	here.write("customers.yaml", restMap)
	here.configure(fmt.Sprintf(restConfig, api.URL))
	a := here.run("connectors", "check")
	require.NotZero(t, a.code)
	require.Contains(t, a.err, "waiting for an answer from wms")
	require.NotContains(t, here.run("connectors", "check").err, "waiting", "it answers at once")
}

func replaceOnce(t *testing.T, text, from, to string) string {
	t.Helper()
	require.Equal(t, 1, strings.Count(text, from), from)
	return strings.Replace(text, from, to, 1)
}
