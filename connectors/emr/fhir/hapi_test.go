package fhir_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/emr/fhir"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
	"tributary/test/servers"
)

// hapi is HAPI's own server, and the prefix of the ids that belong to one test: the server is shared and never empty.
type hapi struct {
	url, prefix string
	began       time.Time
}

// caller writes to the server. The first call may have to wait until it has started.
var caller = http.Client{Timeout: 4 * time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

func startHAPI(t *testing.T) hapi {
	t.Helper()
	h := hapi{url: servers.HAPI(t), prefix: servers.Name(t) + "-"}
	h.call(t, http.MethodGet, "/metadata", nil)
	h.began = time.Now()
	return h
}

func (h hapi) call(t *testing.T, method, path string, body any) {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, h.url+path, bytes.NewReader(text))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/fhir+json")
	answer, err := caller.Do(req)
	require.NoError(t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Less(t, answer.StatusCode, 300, "%s %s: %.600s", method, path, said)
}

// put writes resources under the prefix, all in one transaction.
func (h hapi) put(t *testing.T, resources ...map[string]any) {
	t.Helper()
	var entries []any
	for _, r := range resources {
		r = h.own(r).(map[string]any)
		delete(r, "meta")
		r["id"] = h.prefix + fmt.Sprint(r["id"])
		entries = append(entries, map[string]any{"resource": r, "request": map[string]any{"method": http.MethodPut, "url": fmt.Sprint(r["resourceType"], "/", r["id"])}})
	}
	h.call(t, http.MethodPost, "", map[string]any{"resourceType": "Bundle", "type": "transaction", "entry": entries})
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // a run reads to the second before its own
}

// own copies a value with its references below the prefix and relative: the server takes no others.
func (h hapi) own(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			if text, ok := inner.(string); ok && k == "reference" && !strings.HasPrefix(text, "#") {
				text, _, _ = strings.Cut(strings.TrimPrefix(text, "https://emr.example/fhir/"), "/_history/")
				typ, id, _ := strings.Cut(text, "/")
				inner = typ + "/" + h.prefix + id
			}
			out[k] = h.own(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = h.own(v[i])
		}
		return out
	}
	return v
}

// mine are the rows of this test with the prefix taken off, by key.
func (h hapi) mine(rows []connectors.Row) map[string]connectors.Row {
	out := map[string]connectors.Row{}
	for _, r := range rows {
		if strings.Contains(r.Key, h.prefix) {
			r.Key = strings.Replace(r.Key, h.prefix, "", 1)
			out[r.Key] = r
		}
	}
	return out
}

// open makes a source. The upper bound of its runs is the second that has begun.
func (h hapi) open(t *testing.T, change map[string]any) *objectsource.Source {
	t.Helper()
	return connectortest.Open(t, fhir.New, time.Now, map[string]any{
		"base_url": h.url, "auth": "none", "retry_budget": "5s", "tenant_fields": sandbox.Settings("fhir", h.url)["tenant_fields"],
	}, change)
}

// window is what was written since the test began.
func (h hapi) window(t *testing.T, src *objectsource.Source, stream string) json.RawMessage {
	t.Helper()
	out, err := src.Backfill(stream, h.began, time.Now())
	require.NoError(t, err)
	return out
}

func organisations(n int) (out []map[string]any) {
	for i := range n {
		out = append(out, organisation(i, connectortest.Start))
	}
	return out
}

// hospital is a part of the world that keeps its references: the server refuses those that lead nowhere.
func hospital(t *testing.T) map[string][]map[string]any {
	t.Helper()
	out, known := map[string][]map[string]any{}, map[string]bool{}
	add := func(r map[string]any) {
		name := fmt.Sprint(r["resourceType"], "/", r["id"])
		typ := fmt.Sprint(r["resourceType"])
		out[typ], known[name] = append(out[typ], r), true
	}
	target := func(r map[string]any, field string) string {
		ref, _ := r[field].(map[string]any)
		text, _, _ := strings.Cut(strings.TrimPrefix(fmt.Sprint(ref["reference"]), "https://emr.example/fhir/"), "/_history/")
		return text
	}
	for _, typ := range sandbox.FHIRTypes(connectortest.SmallWorld(t), world.SFA) {
		for _, r := range typ.Rows() {
			if len(out[typ.Name]) == 40 {
				break
			}
			switch typ.Name {
			case "PractitionerRole":
				if !known[target(r, "organization")] || !known[target(r, "practitioner")] {
					continue
				}
			case "MedicationDispense":
				if ref := target(r, "medicationReference"); strings.HasPrefix(ref, "Medication/") && !known[ref] {
					continue
				}
				_, patient, _ := strings.Cut(target(r, "subject"), "/")
				add(map[string]any{"resourceType": "Patient", "id": patient, "name": []any{map[string]any{"text": "患者"}}})
			}
			add(r)
		}
	}
	return out
}

// The simulator is a true double: what the connector makes of the same resources does not depend on which of the two gave
// them.
func TestHAPIGivesTheSameRows(t *testing.T) {
	h := startHAPI(t)
	parts := hospital(t)
	for _, typ := range []string{"Organization", "Practitioner", "PractitionerRole", "Medication", "Patient", "MedicationDispense"} {
		require.NotEmpty(t, parts[typ], typ)
		h.put(t, parts[typ]...)
	}
	sim := start(t, nil)
	for _, typ := range []string{"Organization", "Practitioner", "PractitionerRole", "Medication", "MedicationDispense"} {
		sim.SetRows(typ, parts[typ])
	}
	src := h.open(t, map[string]any{"page_size": 15})
	found, err := src.Check(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "connectors.check_ok", found[0].Code, "%v", found)
	for _, typ := range []string{"Organization", "Practitioner", "PractitionerRole", "MedicationDispense"} {
		want, _, _ := connectortest.Drain(t, open(t, sim, nil), typ, nil)
		rows, pages, _ := connectortest.Drain(t, src, typ, h.window(t, src, typ))
		got := h.mine(rows)
		require.Len(t, got, len(want), typ)
		for _, w := range want {
			g := got[w.Key]
			require.Equal(t, w.Op, g.Op, w.Key)
			for name, v := range w.Fields {
				if name == "meta_lastUpdated" {
					continue
				}
				require.Equal(t, fmt.Sprint(v), strings.ReplaceAll(fmt.Sprint(g.Fields[name]), h.prefix, ""), "%s of %s", name, w.Key)
			}
		}
		for _, p := range pages {
			require.NotContains(t, string(p.Raw), "Patient")
		}
	}
}

// Links to further pages stand at the base address; a run that ends anywhere goes on from where it ended.
func TestHAPIResumes(t *testing.T) {
	h := startHAPI(t)
	h.put(t, organisations(45)...)
	src := h.open(t, map[string]any{"page_size": 15})
	_, pages, _ := connectortest.Drain(t, src, "Organization", h.window(t, src, "Organization"))
	require.GreaterOrEqual(t, len(pages), 3)
	var met []connectors.Row
	for _, p := range pages {
		met = append(met, p.Rows...)
		rest, _, _ := connectortest.Drain(t, h.open(t, map[string]any{"page_size": 15}), "Organization", p.Position)
		require.Len(t, h.mine(append(rest, met...)), 45, "from %s", p.Position)
	}
}

// What changed is found by its time; what was deleted is no key any more.
func TestHAPITellsWhatChanged(t *testing.T) {
	h := startHAPI(t)
	h.put(t, organisations(30)...)
	src := h.open(t, nil)
	rows, _, last := connectortest.Drain(t, src, "Organization", nil)
	require.Len(t, h.mine(rows), 30)

	changed := organisation(7, connectortest.Start)
	changed["name"] = "北京 “协和” & 医院"
	h.put(t, changed)
	h.call(t, http.MethodDelete, "/Organization/"+h.prefix+"00009", nil)
	rows, _, _ = connectortest.Drain(t, src, "Organization", last)
	require.Equal(t, changed["name"], h.mine(rows)["Organization/00007"].Fields["name"])
	keys, err := src.Keys(t.Context(), "Organization")
	require.NoError(t, err)
	require.Contains(t, keys, "Organization/"+h.prefix+"00007")
	require.NotContains(t, keys, "Organization/"+h.prefix+"00009")

	window, err := src.Backfill("Organization", time.Now().Add(-24*time.Hour), time.Now().Add(-23*time.Hour))
	require.NoError(t, err)
	rows, _, _ = connectortest.Drain(t, src, "Organization", window)
	require.Empty(t, h.mine(rows), "outside the window")
}

// A search that the server forgot begins its window again.
func TestHAPIForgetsASearch(t *testing.T) {
	h := startHAPI(t)
	h.put(t, organisations(30)...)
	src := h.open(t, map[string]any{"page_size": 10})
	_, pages, _ := connectortest.Drain(t, src, "Organization", h.window(t, src, "Organization"))
	position := bytes.Replace(pages[0].Position, []byte("_getpages="), []byte("_getpages=00000000"), 1)
	require.NotEqual(t, string(pages[0].Position), string(position))
	rows, _, _ := connectortest.Drain(t, src, "Organization", position)
	require.Len(t, h.mine(rows), 30)
}

func TestWhatHAPIDoesNotOffer(t *testing.T) {
	h := startHAPI(t)
	err := h.open(t, map[string]any{"base_url": h.url + "/nothing"}).Open(t.Context(), "Organization", nil)
	require.Equal(t, "connectors.refused", errs.CodeOf(err))
	found, err := h.open(t, map[string]any{"auth": "smart", "client_id": "c", "private_key": first(sandbox.FHIRKey())}).Check(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, found)
	require.NotEqual(t, connectors.OK, found[0].Severity, "the server has no SMART login")
}

func first(key string, _ any, _ error) string { return key }
