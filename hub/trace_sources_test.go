package hub_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/builtin"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simepcis"
	"tributary/connectors/sandbox/simmsfx"
	"tributary/hub"
	"tributary/internal/config"
)

// The codes of one lot as the platform and a distributor's repository have them.
const (
	tracedCase, tracedBox = "81234570000000000011", "81234560000000000018"
	tracedLot             = "Z260101"
)

// traceSources serves the traceability platform and a distributor's repository. The platform is given to change it.
func traceSources(t *testing.T, now func() time.Time) (url string, platform *simmsfx.Server) {
	maker := simmsfx.Party{EntID: "900001", RefID: "REFM", Name: "百川制药有限公司"}
	dealer := simmsfx.Party{EntID: "900002", RefID: "REFD", Name: "青河医药有限公司"}
	at := now().Add(-72 * time.Hour)
	goods := []simmsfx.Item{{ProductCode: "8123457", ProdCode: "P1", Name: "阿莫西林胶囊", Spec: "0.25g×24粒", Unit: "盒", Lot: tracedLot, Made: "2026-01-01", Expires: "2027-12-31", Packages: 400, Codes: []string{tracedCase}}}
	platform = simmsfx.New(simmsfx.Options{AppKey: "31234567", Secret: "planted-secret-msfx-app-secret", Enterprises: map[string]string{"REFM": "900001", "REFD": "900002"}, Now: now},
		simmsfx.Bill{Enterprise: "REFM", Code: "RK1", Type: "101", Time: at, From: maker, To: maker, Items: goods},
		simmsfx.Bill{Enterprise: "REFM", Code: "CK1", Type: "201", Time: at.Add(time.Hour), From: maker, To: dealer, Items: goods},
		simmsfx.Bill{Enterprise: "REFD", Code: "GJ1", Type: "102", Time: at.Add(9 * time.Hour), From: maker, To: dealer, Items: goods},
	)
	platform.SetPacks(map[string]simmsfx.Pack{tracedCase: {Level: 2, Status: "O", Lot: tracedLot, Children: []string{tracedBox}}})
	event := func(id, step string, hours int, more map[string]any) map[string]any {
		e := map[string]any{"type": "ObjectEvent", "eventID": "urn:uuid:" + id, "eventTime": at.Add(time.Duration(hours) * time.Hour).Format(time.RFC3339), "eventTimeZoneOffset": "+08:00",
			"recordTime": now().Add(-time.Hour).UTC().Format(time.RFC3339), "action": "OBSERVE", "bizStep": step, "epcList": []any{"https://codes.example/" + tracedBox}}
		for k, v := range more {
			e[k] = v
		}
		return e
	}
	repository := simepcis.New(simepcis.Options{Prefix: "/epcis", Token: "planted-secret-of-the-partner", Now: now}, []map[string]any{
		event("00000000-0000-4000-8000-000000000001", "shipping", 30, map[string]any{"destinationList": []any{map[string]any{"type": "owning_party", "destination": "https://id.gs1.org/417/9520001000010"}}}),
		event("00000000-0000-4000-8000-000000000002", "retail_selling", 40, map[string]any{"errorDeclaration": map[string]any{"declarationTime": at.Add(50 * time.Hour).Format(time.RFC3339), "reason": "did_not_occur"}}),
		event("00000000-0000-4000-8000-000000000003", "no_such_step", 41, nil),
	})
	mux := http.NewServeMux()
	mux.Handle("/router/", fault.Transport{Now: now}.Wrap(platform))
	mux.Handle("/epcis/", fault.Transport{Now: now}.Wrap(repository))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL, platform
}

// A lot's codes that came through both connectors answer `trace code`, its bills take part in the trace of the lot, and a
// bill that the platform deleted takes its codes and boxes back.
func TestCodesAndBillsOfConnectors(t *testing.T) {
	onBoth(t, func(t *testing.T, h *hub.Hub) {
		now := time.Date(2026, 2, 10, 4, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		url, platform := traceSources(t, clock)
		registry, err := builtin.Registry()
		require.NoError(t, err)
		h.Registry, h.Now = registry, clock
		fast := map[string]any{"calls_per_second": 0, "retry_first": "1ms"}
		with := func(settings map[string]any) map[string]any {
			for k, v := range fast {
				settings[k] = v
			}
			return settings
		}
		h.Config.Connections = []config.Connection{
			{Name: "msfx", Connector: "msfx", Settings: with(map[string]any{"base_url": url, "app_key": "31234567", "app_secret": "planted-secret-msfx-app-secret", "ref_ent_id": "REFM", "partners": []any{"REFD"}, "since": "2026-01-01"})},
			{Name: "dealer", Connector: "epcis", Settings: with(map[string]any{"base_url": url + "/epcis", "auth": "bearer", "token": "planted-secret-of-the-partner"})},
		}
		file := filepath.Join(t.TempDir(), "products.csv")
		require.NoError(t, os.WriteFile(file, []byte("code,name,spec,approval_no,unit,case_factor,inner_factor,gtin,code_prefixes\nAMX24,阿莫西林胶囊,0.25g×24粒,国药准字H20250001,盒,40,10,09520001123467,8123456/8123457\n"), 0o600))
		takeIn(t, h, file, "products", "")

		report, err := h.Pull(t.Context(), hub.PullRequest{Lang: "en"})
		require.NoError(t, err)
		require.Equal(t, int64(11), report.Totals.Read, "bills 1, purchases 1, codes 3 and a pack in each, events 3")
		require.Equal(t, int64(10), report.Totals.Canonical)
		require.Equal(t, int64(1), report.Totals.Quarantined, "a word that the standard does not have")
		again, err := h.Pull(t.Context(), hub.PullRequest{Lang: "en"})
		require.NoError(t, err)
		require.Zero(t, again.Totals.Canonical)
		_, err = h.Settle(t.Context())
		require.NoError(t, err)

		a, err := h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: tracedBox, Lang: "en"})
		require.NoError(t, err)
		require.Equal(t, tracedLot, a.Code.Lot)
		require.Equal(t, "AMX24", a.Product.Code)
		require.Equal(t, tracedCase, a.Code.Parents[0].Parent)
		steps := map[string]int{}
		for _, e := range a.Code.History {
			if !e.Wrong {
				steps[e.BizStep]++
			}
		}
		require.Equal(t, map[string]int{"commissioning": 1, "packing": 3, "shipping": 2, "receiving": 1}, steps, "its own in the repository and the case's on the platform; the retail sale was declared wrong")
		require.NotEmpty(t, a.Parties, "the boxes of the bills")
		lot, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Product: "AMX24", Lot: tracedLot, Lang: "en"})
		require.NoError(t, err)
		require.Equal(t, lot, a.Result)
		received := map[string]string{}
		for _, p := range lot.Parties {
			received[p.Customer.RawNames[0]] = p.Received.String()
		}
		require.Equal(t, "400", received["青河医药有限公司"], "the sale of the maker and the purchase of the distributor are one movement: %v", received)

		c, err := h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: tracedCase, Lang: "en"})
		require.NoError(t, err)
		require.Equal(t, tracedLot, c.Code.Lot)
		require.Equal(t, tracedBox, c.Code.Children[0].Object)

		platform.Delete("REFM", "201", "CK1")
		now = now.Add(time.Hour)
		_, err = h.Pull(t.Context(), hub.PullRequest{Lang: "en"})
		require.NoError(t, err)
		_, err = h.Settle(t.Context())
		require.NoError(t, err)
		c, err = h.TraceCode(t.Context(), hub.TraceCodeRequest{Code: tracedCase, Lang: "en"})
		require.NoError(t, err)
		for _, e := range c.Code.History {
			require.False(t, e.BizStep == "shipping" && !e.Wrong, "the bill is gone, and what it said of the case")
		}
	})
}
