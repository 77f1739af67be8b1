package yonyou_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/erp/yonyou"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simyonyou"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

// bench is a simulated tenant.
type bench struct {
	*connectortest.Site
	*simyonyou.Server
}

func start(t *testing.T, hideLots bool, change func(*simyonyou.Options)) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	options := sandbox.YonyouTenant(b.Clock.Now, b.Faults)
	if change != nil {
		change(&options)
	}
	b.Server = sandbox.NewYonyou(options, sandbox.YonyouLists(connectortest.SmallWorld(t), world.ERP, hideLots))
	b.Serve(t, b.Server)
	b.Rows = connectortest.Rows{Clock: &b.Clock, Make: customer, Text: "name", Publish: func(rows []map[string]any) { b.SetRows(sandbox.YonyouCustomers, rows) }}
	return b
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("yonyou", b.URL)
	s["base_url"] = b.URL
	return s
}

var shanghai = time.FixedZone("", 8*3600)

func customer(i int, at time.Time) map[string]any {
	return map[string]any{"id": 1_500_000_000_000_000_001 + int64(i), "code": fmt.Sprintf("C%05d", i), "name": fmt.Sprintf("医院%d", i), "pubts": at.In(shanghai).Format(time.DateTime)}
}

func TestConnector(t *testing.T) {
	driver, err := yonyou.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "name", Stream: "customers", BaseURL: []string{"base_url"}, Password: "app_secret", PageSize: "page_size",
		Start: func(t *testing.T) *connectortest.System {
			b := start(t, false, nil)
			return b.System(b.settings(), b.BeforeQuery, b.Logins)
		},
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
		Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry},
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Taker {
	t.Helper()
	return connectortest.Open(t, yonyou.New, b.Clock.Now, b.settings(), change)
}

// The maker's ledger is read whole, wherever the platform names lots; what is not audited is no delivery.
func TestLotsOfTheListAndOfTheBills(t *testing.T) {
	w := connectortest.SmallWorld(t)
	want := map[string]int{}
	for _, l := range w.Ledgers.MakerSales {
		want[w.Products[l.Product].Code+" "+w.Lots[l.Lot].Number+" "+w.Lots[l.Lot].Expires.String()] += l.Quantity
	}
	for _, l := range w.Ledgers.MakerReturns {
		want[w.Products[l.Product].Code+" "+w.Lots[l.Lot].Number+" "+w.Lots[l.Lot].Expires.String()] -= l.Quantity
	}
	for _, lots := range []string{"list", "detail"} {
		t.Run(lots, func(t *testing.T) {
			b := start(t, lots == "detail", nil)
			rows, pages, _ := connectortest.Drain(t, open(t, b, map[string]any{"lots": lots}), "salesout", nil)
			got, drafts := map[string]int{}, 0
			for _, r := range rows {
				require.Len(t, r.Key, 19)
				require.Equal(t, r.Key, r.Fields["details_id"])
				if r.Op == connectors.Delete {
					drafts++
					continue
				}
				n, err := r.Fields["qty"].(json.Number).Int64()
				require.NoError(t, err)
				until, _, _ := strings.Cut(fmt.Sprint(r.Fields["invaliddate"]), " ")
				got[fmt.Sprint(r.Fields["product_cCode"], " ", r.Fields["batchno"], " ", until)] += int(n)
			}
			require.Equal(t, want, got)
			require.Positive(t, drafts)
			raw := string(pages[0].Raw)
			require.Contains(t, raw, fmt.Sprint(pages[0].Rows[0].Fields["batchno"]), "what was received is kept, the bills too")
		})
	}
}

// A login is signed by the tenant's clock, also one in the middle of a run, after that clock was set.
func TestLoginsAfterTheClockWasSet(t *testing.T) {
	for _, ahead := range []time.Duration{40 * time.Minute, -40 * time.Minute} {
		b := start(t, false, nil)
		src := connectortest.Open(t, yonyou.New, func() time.Time { return connectortest.Start }, b.settings())
		require.NoError(t, src.Open(t.Context(), "customers", nil))
		b.Clock.Advance(ahead)
		b.Faults.Arm(fault.SessionExpiry, 1)
		_, err := src.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, 3, b.Logins(), "one refused for its time, and never more")
	}
}

// Many rows are read in slices of time, each once, though rows of one second cannot be parted.
func TestManyRowsAreReadInSlices(t *testing.T) {
	b := start(t, false, nil)
	var rows []map[string]any
	for i := range 3000 {
		at := connectortest.Start.Add(-time.Duration(i%500) * 7 * time.Hour)
		if i >= 2000 {
			at = connectortest.Start.Add(-100 * 24 * time.Hour)
		}
		rows = append(rows, customer(i, at))
	}
	b.SetRows(sandbox.YonyouCustomers, rows)
	b.Clock.Advance(time.Second)
	read, pages, last := connectortest.Drain(t, open(t, b, map[string]any{"page_size": 10}), "customers", nil)
	seen := map[string]int{}
	for _, r := range read {
		seen[r.Key]++
	}
	require.Len(t, seen, 3000)
	for key, n := range seen {
		require.Equal(t, 1, n, key)
	}
	require.Less(t, len(pages), 3000/10*2, "slices grow again where there is little")
	again, _, _ := connectortest.Drain(t, open(t, b, nil), "customers", last)
	require.Len(t, again, 4, "the rows of the overlap")
}

// Rows that change while the list is read leave the window and move those behind them up: the slice is halved and begun
// again until it holds still.
func TestRowsThatMoveAreReadAgain(t *testing.T) {
	b := start(t, false, nil)
	rows := make([]map[string]any, 200)
	for i := range rows {
		rows[i] = customer(i, connectortest.Start.Add(-time.Duration(200-i)*time.Hour))
	}
	b.SetRows(sandbox.YonyouCustomers, rows)
	calls := 0
	b.BeforeQuery(func() {
		if calls++; calls%3 == 0 && calls/3 <= 20 { // the first row of those still there
			b.Clock.Advance(time.Second)
			changed := append([]map[string]any{}, rows...)
			changed[calls/3-1] = customer(calls/3-1, b.Clock.Now())
			rows = changed
			b.SetRows(sandbox.YonyouCustomers, rows)
		}
	})
	src := open(t, b, map[string]any{"page_size": 10})
	first, _, last := connectortest.Drain(t, src, "customers", nil)
	b.Clock.Advance(time.Hour)
	second, _, _ := connectortest.Drain(t, src, "customers", last)
	require.Greater(t, calls, 60)
	seen := map[string]bool{}
	for _, r := range slices.Concat(first, second) {
		seen[r.Key] = true
	}
	require.Len(t, seen, 200)
}

func TestPagesThatAreCutBelowTheSizeAskedFor(t *testing.T) {
	b := start(t, false, func(o *simyonyou.Options) { o.PageCap = 20 })
	b.Rows.Fill(130)
	rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"page_size": 500}), "customers", nil)
	require.Len(t, rows, 130)
}

// An interface takes so many calls a minute, each by itself.
func TestCallsOfOneInterfaceAMinute(t *testing.T) {
	b := start(t, false, nil)
	b.Rows.Fill(5)
	src := open(t, b, map[string]any{"calls_per_minute": 1200}) // one in 50 ms
	began := time.Now()
	for range 2 {
		connectortest.Drain(t, src, "customers", nil)
	}
	require.Greater(t, time.Since(began), 140*time.Millisecond, "two runs of two calls, the first at once")
}

func TestATenantThatDoesNotExist(t *testing.T) {
	b := start(t, false, nil)
	src := open(t, b, map[string]any{"tenant_id": "another"})
	found, err := src.Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, "connectors.credentials", found[0].Code)
}

// A list that the edition keeps elsewhere is a warning until its path is said.
func TestAListElsewhere(t *testing.T) {
	b := start(t, false, nil)
	found, err := open(t, b, map[string]any{"paths": map[string]any{"products": "/yonbip/other/list"}}).Check(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "connectors.check_stream", found[0].Code)
	require.Equal(t, "products", found[0].Args["stream"])
}

// A clock of ours that runs a quarter of an hour fast does not spoil the signature: its time is the platform's.
func TestTheSignatureUsesThePlatformsTime(t *testing.T) {
	b := start(t, false, nil)
	src := connectortest.Open(t, yonyou.New, func() time.Time { return b.Clock.Now().Add(20 * time.Minute) }, b.settings())
	require.NoError(t, src.Open(t.Context(), "customers", nil))
	require.Equal(t, 1, b.Logins())
}

func TestABillWithoutItsLines(t *testing.T) {
	b := start(t, true, nil)
	src := open(t, b, map[string]any{"lots": "detail", "detail_lines": "saleOutDetails"})
	require.NoError(t, src.Open(t.Context(), "salesout", nil))
	_, err := src.Read(t.Context())
	require.Equal(t, "connectors.shape", errs.CodeOf(err))
	require.Contains(t, err.Error(), "detail_lines")
}
