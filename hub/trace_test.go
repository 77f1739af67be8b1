package hub_test

import (
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

const workedFolder = "../test/e2e/testdata/worked"

// traceHub is a hub that took in the worked example of a lot.
func traceHub(t *testing.T, url string) *hub.Hub {
	h := bareHub(t, url)
	for _, f := range []struct{ file, as, party string }{
		{"products", "products", ""}, {"lots", "lots", ""}, {"customers", "customers", ""},
		{"M_sales", "sales", "self"}, {"M_usage", "usage", "self"}, {"M_stock", "stock", "self"},
		{"D1_sales", "sales", "D1"}, {"D1_purchases", "purchases", "D1"}, {"D1_stock", "stock", "D1"},
		{"D2_sales", "sales", "D2"}, {"D2_purchases", "purchases", "D2"}, {"D2_stock", "stock", "D2"},
		{"D3_sales", "sales", "D3"}, {"D3_purchases", "purchases", "D3"}, {"D3_stock", "stock", "D3"},
		{"H1_stock", "stock", "H1"}, {"H2_stock", "stock", "H2"}, {"P1_stock", "stock", "P1"}, {"P2_stock", "stock", "P2"}, {"C1_stock", "stock", "C1"},
	} {
		takeIn(t, h, filepath.Join(workedFolder, f.file+".csv"), f.as, f.party)
	}
	_, err := h.Settle(t.Context())
	require.NoError(t, err)
	return h
}

func bareHub(t testing.TB, url string) *hub.Hub {
	conf := config.Defaults()
	conf.DataDir = t.TempDir()
	conf.Company.Code = "M"
	db, err := storetest.Open(t.Context(), store.Config{URL: url, DataDir: conf.DataDir, Now: time.Now, Rand: rand.Reader, Verb: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	h := &hub.Hub{DB: db, Config: &conf, Now: time.Now, Actor: hub.Actor{Name: "os:test", Role: hub.Admin}, Log: slog.New(slog.DiscardHandler)}
	require.NoError(t, h.EnsureCompany(t.Context()))
	return h
}

func takeIn(t *testing.T, h *hub.Hub, file, as, party string) {
	t.Helper()
	report, err := h.Import(t.Context(), hub.ImportRequest{Files: []string{file}, As: as, Source: "erp", Party: party, Lang: "en"})
	require.NoError(t, err)
	require.Zero(t, report.Totals.Quarantined, file)
}

func traceOnBoth(t *testing.T, test func(t *testing.T, h *hub.Hub)) {
	t.Run("sqlite", func(t *testing.T) { test(t, traceHub(t, "sqlite:hub.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, traceHub(t, servers.PostgresSchema(t))) })
}

func TestTraceLot(t *testing.T) {
	traceOnBoth(t, func(t *testing.T, h *hub.Hub) {
		r, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Product: "AMX24", Lot: "250301", Lang: "en"})
		require.NoError(t, err)
		type row struct{ received, stock, gap, grade string }
		got := map[string]row{}
		for _, p := range r.Parties {
			got[p.Customer.Code] = row{p.Received.String(), p.Stock.String(), p.Gap.String(), string(p.Grade)}
			require.True(t, p.Customer.Resolved)
			require.NotEmpty(t, p.Customer.GoldenID)
			require.NotEmpty(t, p.Customer.RawNames)
		}
		require.Equal(t, map[string]row{
			"M": {"10300", "640", "0", "A"}, "D1": {"6320", "1120", "0", "B"}, "D2": {"4100", "880", "20", "A"}, "D3": {"2000", "150", "0", "A"},
			"H1": {"2400", "480", "0", "B"}, "H2": {"900", "200", "0", "B"}, "P1": {"3000", "550", "0", "B"}, "P2": {"500", "120", "0", "B"}, "C1": {"350", "70", "0", "C"},
		}, got)
		require.Equal(t, "M", r.Parties[0].Customer.Code)
		require.Equal(t, "9300", r.Totals.NetShipped.String())
		require.Equal(t, "20", r.Totals.Gap.String())

		// The JSON is a contract: no null list, quantities are text.
		body, err := json.Marshal(r)
		require.NoError(t, err)
		require.NotContains(t, string(body), ":null,\"tier\"")
		require.Contains(t, string(body), `"received":"10300"`)
		require.Contains(t, string(body), `"contacts":[`)

		early, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Product: "阿莫西林胶囊", Lot: " 250301 ", AsOf: "2025-03-05"})
		require.NoError(t, err)
		require.Len(t, early.Parties, 2, "the maker and its first sale")

		before, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Product: "AMX24", Lot: "250301", KnownAt: "2020-01-01T00:00:00+08:00"})
		require.NoError(t, err)
		require.Len(t, before.Parties, 1, "nothing was known then but the release")
	})
}

func TestTraceRefusesWhatItDoesNotKnow(t *testing.T) {
	h := traceHub(t, "sqlite:hub.db")
	for _, c := range []struct {
		req        hub.TraceLotRequest
		code, near string
	}{
		{hub.TraceLotRequest{Product: "AMX42", Lot: "250301"}, "trace.unknown_product", "AMX24"},
		{hub.TraceLotRequest{Product: "AMX24", Lot: "250310"}, "trace.unknown_lot", "250301"},
		{hub.TraceLotRequest{Product: "AMX24", Lot: "250301", AsOf: "31.3.2025"}, "trace.bad_date", "as-of"},
		{hub.TraceLotRequest{Product: "AMX24", Lot: "250301", KnownAt: "yesterday"}, "trace.bad_date", "known-at"},
	} {
		_, err := h.TraceLot(t.Context(), c.req)
		require.Equal(t, c.code, errs.CodeOf(err))
		require.Contains(t, errs.Render(err, "zh"), c.near)
	}
	_, err := h.TraceCustomer(t.Context(), hub.TraceCustomerRequest{Customer: "nobody"})
	require.Equal(t, "trace.unknown_customer", errs.CodeOf(err))
}

func TestTraceCustomer(t *testing.T) {
	traceOnBoth(t, func(t *testing.T, h *hub.Hub) {
		r, err := h.TraceCustomer(t.Context(), hub.TraceCustomerRequest{Customer: "C1"})
		require.NoError(t, err)
		require.Equal(t, "C1", r.Customer.Code)
		require.Len(t, r.Lots, 2, "the row without a lot may have carried both")
		require.Equal(t, []string{"250301", "250302"}, []string{r.Lots[0].Lot, r.Lots[1].Lot})
		require.Equal(t, []string{"350", "0", "500", "C"}, []string{r.Lots[0].Received.String(), r.Lots[0].ReceivedLow.String(), r.Lots[0].ReceivedHigh.String(), string(r.Lots[0].Grade)})

		require.Equal(t, []string{"0.5833", "0.4167"}, []string{r.Lots[0].Probability, r.Lots[1].Probability}, "350 of 600, and 250")

		r, err = h.TraceCustomer(t.Context(), hub.TraceCustomerRequest{Customer: r.Customer.GoldenID, From: "2025-04-01"})
		require.NoError(t, err)
		require.Empty(t, r.Lots)

		r, err = h.TraceCustomer(t.Context(), hub.TraceCustomerRequest{Customer: "P1"})
		require.NoError(t, err)
		require.Len(t, r.Lots, 1)
		require.Equal(t, "2634", r.Lots[0].Paths[0].Quantity.String())
		require.Equal(t, []string{"M", "D2", "P1"}, r.Lots[0].Paths[0].Via)
	})
}

func TestBalance(t *testing.T) {
	traceOnBoth(t, func(t *testing.T, h *hub.Hub) {
		r, err := h.Balance(t.Context(), hub.BalanceRequest{Product: "AMX24", Lot: "250301", Lang: "en"})
		require.NoError(t, err)
		require.Len(t, r.Rows, 9)
		require.Equal(t, "D2", r.Rows[0].Customer.Code)
		require.Equal(t, "20", r.Rows[0].Gap.String())
		require.NotEmpty(t, r.Rows[0].Explanation)
		for _, row := range r.Rows[1:] {
			require.Zero(t, row.Gap, row.Customer.Code)
		}
		r, err = h.Balance(t.Context(), hub.BalanceRequest{Product: "AMX24", Party: "D3"})
		require.NoError(t, err)
		require.Len(t, r.Rows, 2, "a row a lot")
		_, err = h.Balance(t.Context(), hub.BalanceRequest{Product: "AMX24", Lot: "999999"})
		require.Equal(t, "trace.unknown_lot", errs.CodeOf(err))
	})
}

// A complaint about a mistyped lot: what a distributor sold under a number that was never released is found, and said.
func TestALotThatWasNeverReleased(t *testing.T) {
	h := traceHub(t, "sqlite:hub.db")
	path := filepath.Join(t.TempDir(), "s.csv")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join([]string{
		"销售日期,销售单号,行号,客户编码,客户名称,产品名称,规格,批号,数量,单位",
		"2025-03-27,D1-900,1,,不知名药店,阿莫西林胶囊,0.25g×24粒,250391,5,盒",
	}, "\n")+"\n"), 0o600))
	takeIn(t, h, path, "sales", "D1")
	_, err := h.Settle(t.Context())
	require.NoError(t, err)
	r, err := h.TraceLot(t.Context(), hub.TraceLotRequest{Product: "AMX24", Lot: "250391"})
	require.NoError(t, err)
	require.Zero(t, r.Released)
	require.Len(t, r.Parties, 2)
	unknown := r.Parties[1].Customer
	require.Equal(t, "不知名药店", unknown.Name)
	require.False(t, unknown.Resolved)
	require.Equal(t, []string{"不知名药店"}, unknown.RawNames)
	require.True(t, r.Parties[1].EndCustomer)
	require.Equal(t, []string{"D1", unknown.GoldenID}, r.Parties[1].Paths[0].Via)
	require.Equal(t, "-5", r.Gaps[0].Quantity.String())
}
