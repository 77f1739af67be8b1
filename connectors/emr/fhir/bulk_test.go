package fhir_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simfhir"
	"tributary/internal/errs"
)

func byKey(rows []connectors.Row) map[string]connectors.Row {
	out := map[string]connectors.Row{}
	for _, r := range rows {
		out[r.Key] = r
	}
	return out
}

// The rows of an export are those of searches, and of the patient there is nothing in them either, though a server exports
// resources whole.
func TestExportedRowsAreThoseOfSearches(t *testing.T) {
	for _, stream := range []string{"Organization", "Practitioner", "PractitionerRole", "MedicationDispense"} {
		b := start(t, nil)
		searched, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": "never"}), stream, nil)
		src := open(t, b, map[string]any{"bulk": "always", "bulk_page_size": 30})
		exported, pages, _ := connectortest.Drain(t, src, stream, nil)
		begun, kept, _ := b.Exports()
		require.Equal(t, 1, begun)
		require.Equal(t, 1, kept)
		require.NoError(t, src.Close())
		_, kept, _ = b.Exports()
		require.Zero(t, kept, "an export that was read is given back")
		require.Equal(t, len(searched), len(exported))
		got := byKey(exported)
		for _, want := range searched {
			have := got[want.Key]
			require.Equal(t, want.Fields, have.Fields)
			require.Equal(t, want.Op, have.Op)
			require.Equal(t, want.SourceTime, have.SourceTime)
		}
		for _, p := range pages {
			require.NotContains(t, string(p.Raw), "患者")
			for _, r := range p.Rows {
				_, id, _ := strings.Cut(r.Key, "/")
				require.Contains(t, string(p.Raw[r.RawOff:r.RawOff+r.RawLen]), id)
			}
		}
	}
}

// An export tells what was deleted since the last one. What came back is alive.
func TestExportsTellDeletes(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(40)
	src := open(t, b, map[string]any{"bulk": "always"})
	_, _, last := connectortest.Drain(t, src, "Organization", nil)
	b.Clock.Advance(time.Hour)
	b.Rows.Remove(7)
	b.Rows.Touch(3)
	b.Clock.Advance(time.Hour)
	rows, _, last := connectortest.Drain(t, src, "Organization", last)
	require.Len(t, rows, 2)
	met := byKey(rows)
	require.Equal(t, connectors.Delete, met["Organization/00007"].Op)
	require.False(t, met["Organization/00007"].SourceTime.IsZero())
	require.Equal(t, connectors.Upsert, met["Organization/00003"].Op)
	b.Clock.Advance(time.Hour)
	b.SetRows("Organization", append([]map[string]any{organisation(7, b.Clock.Now())}, organisation(3, connectortest.Start)))
	b.Clock.Advance(time.Hour)
	rows, _, _ = connectortest.Drain(t, src, "Organization", last)
	require.Equal(t, connectors.Upsert, byKey(rows)["Organization/00007"].Op)
}

// The server says when to look again; who looks sooner is refused.
func TestExportsAreLookedAtAtTheServersPace(t *testing.T) {
	b := start(t, func(o *simfhir.Options) { o.ExportLooks, o.ExportPause = 1, time.Second })
	b.Rows.Fill(10)
	began, advanced := time.Now(), time.Duration(0)
	b.BeforeQuery(func() {
		now := time.Since(began)
		b.Clock.Advance(now - advanced)
		advanced = now
	})
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": "always", "bulk_poll": "1ms"}), "Organization", nil)
	require.Len(t, rows, 10)
	_, _, early := b.Exports()
	require.Zero(t, early)

	b.Clock.Advance(time.Hour)
	err := failed(t, open(t, b, map[string]any{"bulk": "always", "bulk_wait": "500ms"}))
	require.Equal(t, "connectors.failing", errs.CodeOf(err))
	require.Contains(t, err.Error(), "bulk_wait")
}

func failed(t *testing.T, src connectors.Source) error {
	t.Helper()
	require.NoError(t, src.Open(t.Context(), "Organization", nil))
	for range 100 {
		if _, err := src.Read(t.Context()); err != nil {
			return err
		}
	}
	require.FailNow(t, "the run does not end")
	return nil
}

// A link to a file that expired is asked for again; an export that the server forgot is begun again.
func TestExportsThatExpire(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(40)
	b.Faults.Arm(fault.DeadLocator, 1)
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": "always"}), "Organization", nil)
	require.Len(t, rows, 40)
	require.Equal(t, 1, b.Faults.Hits(fault.DeadLocator))
	begun, _, _ := b.Exports()
	require.Equal(t, 1, begun)

	src := open(t, b, map[string]any{"bulk": "always", "bulk_page_size": 10})
	require.NoError(t, src.Open(t.Context(), "Organization", nil))
	_, err := src.Read(t.Context())
	require.NoError(t, err)
	first, err := src.Read(t.Context())
	require.NoError(t, err)
	require.Len(t, first.Rows, 10)
	b.ForgetExports()
	rows, _, _ = connectortest.Drain(t, open(t, b, map[string]any{"bulk": "always"}), "Organization", first.Position)
	require.Len(t, byKey(rows), 40)
	begun, _, _ = b.Exports()
	require.Equal(t, 3, begun)
}

// Files that want no token may lie on another host of the site, and no token goes there; elsewhere nothing is fetched.
func TestFilesOnAnotherHost(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(40)
	files := httptest.NewServer(b.Server)
	t.Cleanup(files.Close)
	b.SetFileHost(files.URL)
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": "always"}), "Organization", nil)
	require.Len(t, rows, 40)

	b.SetFileHost("http://files.elsewhere.example")
	err := failed(t, open(t, b, map[string]any{"bulk": "always"}))
	require.Equal(t, "connectors.shape", errs.CodeOf(err))
}

// What the server could not export would be missing: the export fails, and where the choice is free searches take its place.
func TestExportsWithErrors(t *testing.T) {
	b := start(t, func(o *simfhir.Options) { o.ExportErrors = []string{"shard 7 is not there"} })
	b.Rows.Fill(40)
	err := failed(t, open(t, b, map[string]any{"bulk": "always"}))
	require.Equal(t, "connectors.refused", errs.CodeOf(err))
	require.Contains(t, err.Error(), "shard 7")
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": "auto", "bulk_from": 1}), "Organization", nil)
	require.Len(t, byKey(rows), 40)
}

// What an export is too old for is searched.
func TestExportsThatLagBehind(t *testing.T) {
	b := start(t, func(o *simfhir.Options) { o.ExportLag = 2 * time.Hour })
	b.Rows.Fill(40)
	for i := range 15 {
		b.Rows.Touch(i)
	}
	b.Clock.Advance(time.Minute)
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"bulk": "always", "page_size": 10}), "Organization", nil)
	require.Len(t, byKey(rows), 40)
}

// By itself only a large first load is exported, and a server that does not offer it is searched.
func TestBulkIsChosenBySize(t *testing.T) {
	b := start(t, nil)
	b.Rows.Fill(40)
	for from, want := range map[int]int{41: 0, 40: 1} {
		before, _, _ := b.Exports()
		src := open(t, b, map[string]any{"bulk_from": from})
		rows, _, last := connectortest.Drain(t, src, "Organization", nil)
		require.Len(t, rows, 40)
		b.Clock.Advance(time.Hour)
		connectortest.Drain(t, src, "Organization", last)
		begun, _, _ := b.Exports()
		require.Equal(t, want, begun-before)
	}
}

// HAPI's own exports give the rows of its searches. It asks for two minutes between two looks, which this test cannot wait: a
// proxy takes that out of its answers.
func TestHAPIExports(t *testing.T) {
	h := startHAPI(t)
	h.put(t, organisations(30)...)
	parts := hospital(t)
	for _, typ := range []string{"Medication", "Patient", "MedicationDispense"} {
		h.put(t, parts[typ]...)
	}
	target, err := url.Parse(h.url)
	require.NoError(t, err)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host },
		Transport: caller.Transport,
		ModifyResponse: func(r *http.Response) error {
			r.Header.Del("Retry-After")
			return nil
		},
	})
	t.Cleanup(proxy.Close)
	settings := map[string]any{"base_url": proxy.URL + target.Path, "bulk_poll": "100ms", "page_size": 500}
	for _, stream := range []string{"Organization", "MedicationDispense"} {
		settings["bulk"] = "never"
		searched, _, _ := connectortest.Drain(t, h.open(t, settings), stream, nil)
		settings["bulk"] = "always"
		rows, pages, last := connectortest.Drain(t, h.open(t, settings), stream, nil)
		got := h.mine(rows)
		require.Len(t, got, len(h.mine(searched)))
		for key, want := range h.mine(searched) {
			require.Equal(t, want.Fields, got[key].Fields, key)
		}
		for _, p := range pages {
			require.NotContains(t, string(p.Raw), "Patient")
		}
		if stream == "Organization" {
			h.put(t, organisation(7, connectortest.Start))
			rows, _, _ = connectortest.Drain(t, h.open(t, settings), stream, last)
			require.Contains(t, h.mine(rows), "Organization/00007")
		}
	}
}
