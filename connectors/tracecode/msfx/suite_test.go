package msfx_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simmsfx"
	"tributary/connectors/tracecode/msfx"
	"tributary/epcis"
	"tributary/internal/errs"
	"tributary/mapping"
)

func TestMain(m *testing.M) { leak.Main(m) }

const (
	appKey, secret = "31234567", "planted-secret-msfx-app-secret"
	own, partner   = "REFM", "REFD1"
)

var (
	maker  = simmsfx.Party{EntID: "900001", RefID: own, Name: "百川制药有限公司"}
	dealer = simmsfx.Party{EntID: "900002", RefID: partner, Name: "青河医药有限公司"}
)

// bench is a simulated platform.
type bench struct {
	*connectortest.Site
	*simmsfx.Server
}

// code is the n-th code of a pack level.
func code(level, n int) string { return fmt.Sprintf("81234%02d%013d", level, n) }

func start(t *testing.T) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	at := connectortest.Start.Add(-48 * time.Hour)
	goods := func(codes ...string) []simmsfx.Item {
		return []simmsfx.Item{{ProductCode: "8123401", ProdCode: "P1", Name: "阿莫西林胶囊", Spec: "0.25g*24粒", Unit: "盒", Lot: "250301", Made: "2025-03-01", Expires: "2027-02-28", Packages: 2 * len(codes), Codes: codes}}
	}
	b.Server = simmsfx.New(simmsfx.Options{AppKey: appKey, Secret: secret, Enterprises: map[string]string{own: maker.EntID, partner: dealer.EntID}, Now: b.Clock.Now, Faults: b.Faults},
		simmsfx.Bill{Enterprise: own, Code: "RK1", Type: "101", Time: at, From: maker, To: maker, Items: goods(code(3, 1), code(3, 2))},
		simmsfx.Bill{Enterprise: own, Code: "CK1", Type: "201", Time: at.Add(time.Hour), From: maker, To: dealer, Items: goods(code(3, 1), code(3, 2))},
		simmsfx.Bill{Enterprise: own, Code: "TH1", Type: "103", Time: at.Add(9 * time.Hour), From: dealer, To: maker, Items: goods(code(3, 2))},
		simmsfx.Bill{Enterprise: partner, Code: "GJ1", Type: "102", Time: at.Add(5 * time.Hour), From: maker, To: dealer, Items: goods(code(3, 1), code(3, 2))},
	)
	b.SetPacks(map[string]simmsfx.Pack{
		code(3, 1): {Level: 3, Status: "O", Lot: "250301", Children: []string{code(2, 1)}}, code(2, 1): {Level: 2, Status: "O", Lot: "250301", Children: []string{code(1, 1), code(1, 2)}},
		code(3, 2): {Level: 1, Status: "A", Lot: "250301"},
	})
	b.Serve(t, b.Server)
	return b
}

func (b *bench) settings() map[string]any {
	return map[string]any{"base_url": b.URL, "app_key": appKey, "app_secret": secret, "ref_ent_id": own, "partners": []any{partner}, "since": "2025-02-01", "reread": "2m"}
}

// bill is the i-th bill that the suite fills in.
func bill(i int, name string) simmsfx.Bill {
	return simmsfx.Bill{Enterprise: own, Code: fmt.Sprintf("XS%06d", i), Type: "201", Time: connectortest.Start.Add(-time.Hour), From: maker, To: dealer, Items: []simmsfx.Item{{
		ProductCode: "8123401", ProdCode: "P1", Name: name, Spec: "24粒", Unit: "盒", Lot: "250301", Made: "2025-03-01", Expires: "2027-02-28", Packages: 10, Codes: []string{code(3, 100+i)}}}}
}

func system(t *testing.T) *connectortest.System {
	b := start(t)
	s := b.System(b.settings(), b.BeforeQuery, nil)
	s.Fill = func(n int) {
		var list []simmsfx.Bill
		for i := range n {
			list = append(list, bill(i, "药"))
		}
		b.SetBills(list)
	}
	s.Write = func(i int, name string) { b.Put(bill(i, name)) }
	s.Touch = func(i int) { s.Write(i, fmt.Sprintf("更名%d", b.Clock.Now().UnixMilli())) }
	s.Remove = func(i int) { b.Delete(own, "201", bill(i, "").Code) }
	return s
}

func TestConnector(t *testing.T) {
	driver, err := msfx.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "physic_name", Stream: "bills", BaseURL: []string{"base_url"}, Password: "app_secret", PageSize: "page_size", MaxPage: 100, Start: system,
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.CodeAsText, fault.ClockFast, fault.ClockSlow},
		Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.BadCredentials},
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Source {
	t.Helper()
	return connectortest.Open(t, msfx.New, b.Clock.Now, b.settings(), change)
}

// Calls are signed by the platform's clock, whose difference the first refusal tells; a clock that is set later tells it again.
func TestCallsAreSignedByThePlatformsClock(t *testing.T) {
	for _, ahead := range []time.Duration{25 * time.Minute, -25 * time.Minute} {
		b := start(t)
		b.Clock.Advance(ahead)
		src := connectortest.Open(t, msfx.New, func() time.Time { return connectortest.Start }, b.settings())
		rows, _, last := connectortest.Drain(t, src, "bills", nil)
		require.Len(t, rows, 2)
		b.Clock.Advance(-2 * ahead)
		_, _, _ = connectortest.Drain(t, src, "bills", last)
	}
}

// A clock that the answers do not tell cannot be signed by: after one more try the connection stands still.
func TestATimestampRefusedTwiceStops(t *testing.T) {
	b := start(t)
	refused := 0
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refused++
		w.Header().Set("Date", connectortest.Start.UTC().Format(http.TimeFormat))
		b.Clock.Advance(25 * time.Minute)
		b.ServeHTTP(w, r)
	}))
	t.Cleanup(platform.Close)
	src := connectortest.Open(t, msfx.New, func() time.Time { return connectortest.Start }, b.settings(), map[string]any{"base_url": platform.URL})
	for range 2 {
		require.Equal(t, httpsource.ConfigStop, httpsource.ClassOf(src.Open(t.Context(), "bills", nil)))
	}
	require.Equal(t, 2, refused, "asked twice, and never more")
}

// applied are the values that the built-in map of a stream makes of rows; rows that it cannot read are left out.
func applied(t *testing.T, stream string, rows []connectors.Row) (out []any, bad []mapping.Result) {
	t.Helper()
	driver, err := msfx.Driver()
	require.NoError(t, err)
	m, err := mapping.Parse(stream, driver.Maps[stream])
	require.NoError(t, err)
	for _, r := range rows {
		if res := m.Apply(r.Fields); len(res.Issues) > 0 {
			bad = append(bad, res)
		} else {
			out = append(out, res.Value)
		}
	}
	return out, bad
}

// What was made, shipped, received and packed: events of the standard, with the lot also where the standard has no place.
func TestCodesBecomeEvents(t *testing.T) {
	b := start(t)
	rows, _, _ := connectortest.Drain(t, open(t, b, nil), "codes", nil)
	values, bad := applied(t, "codes", rows)
	require.Empty(t, bad)
	seen := map[string]int{}
	for _, v := range values {
		e := v.(*epcis.Event)
		seen[e.Action+" "+e.BizStep+" "+e.Disposition]++
		require.Equal(t, "250301", e.Lot)
		require.Equal(t, "+08:00", e.Offset)
	}
	require.Equal(t, map[string]int{"ADD commissioning active": 1, "OBSERVE shipping in_transit": 1, "OBSERVE receiving returned": 1, "OBSERVE receiving in_progress": 1, "OBSERVE packing ": 6}, seen,
		"packs in packs: two levels in each of three bills that hold the case")
	require.Positive(t, b.Calls("kyt.yy.querysubcodes"))
}

// Sales and returns are the company's; the distributor's purchases come from its own books, with both ids of the partner.
func TestBillsAreLines(t *testing.T) {
	b := start(t)
	src := open(t, b, nil)
	for _, method := range []string{"hmac", "md5"} {
		rows, _, _ := connectortest.Drain(t, open(t, b, map[string]any{"sign_method": method}), "bills", nil)
		require.Len(t, rows, 2)
	}
	sales, _, _ := connectortest.Drain(t, src, "bills", nil)
	require.Len(t, sales, 2)
	require.Equal(t, []any{"销售", "4", partner, "900002"}, []any{sales[0].Fields["kind"], sales[0].Fields["min_pkg_count"], sales[0].Fields["partner_ref_id"], sales[0].Fields["partner_id"]})
	require.Equal(t, []any{"退货", partner}, []any{sales[1].Fields["kind"], sales[1].Fields["partner_ref_id"]})
	purchases, _, _ := connectortest.Drain(t, src, "purchases", nil)
	require.Len(t, purchases, 1)
	require.Equal(t, []any{partner, own}, []any{purchases[0].Fields["ref_ent_id"], purchases[0].Fields["partner_ref_id"]})
	for stream, rows := range map[string][]connectors.Row{"bills": sales, "purchases": purchases} {
		_, bad := applied(t, stream, rows)
		require.Empty(t, bad)
	}
}

// Codes that are cut, malformed, cancelled or unknown are never lost without a word: a row that no map can read says so.
func TestWhatIsMissingIsSaid(t *testing.T) {
	b := start(t)
	large := bill(1, "药")
	for n := range 10_050 {
		large.Items[0].Codes = append(large.Items[0].Codes, code(1, 1000+n))
	}
	odd := bill(2, "药")
	odd.Items[0].Codes = []string{code(1, 7), "8123", "9" + code(1, 8)[1:], code(1, 9)}
	b.SetBills([]simmsfx.Bill{large, odd})
	b.SetPacks(map[string]simmsfx.Pack{code(1, 9): {Level: 1, Status: "C"}})
	rows, _, _ := connectortest.Drain(t, open(t, b, nil), "codes", nil)
	values, bad := applied(t, "codes", rows)
	require.Len(t, values, 2)
	require.Len(t, values[0].(*epcis.Event).Items, 10_000)
	require.Len(t, values[1].(*epcis.Event).Items, 1)
	require.Len(t, bad, 2)
	var notes []string
	for _, r := range rows {
		if note, ok := r.Fields["note"].(string); ok {
			notes = append(notes, note)
		}
	}
	require.Contains(t, notes[0], "10000 codes")
	for _, wrong := range odd.Items[0].Codes[1:] {
		require.Contains(t, notes[1], wrong)
	}
}

// A bill that is uploaded twenty days late is found by the sliding window; a deleted one by the log.
func TestLateAndDeletedBills(t *testing.T) {
	b := start(t)
	src := open(t, b, map[string]any{"reread": "720h"})
	first, _, last := connectortest.Drain(t, src, "bills", nil)
	require.Len(t, first, 2)
	b.Clock.Advance(24 * time.Hour)
	late := bill(9, "药")
	late.Time = connectortest.Start.Add(-20 * 24 * time.Hour)
	b.Put(late)
	b.Delete(own, "201", "CK1")
	b.Clock.Advance(time.Hour)
	second, _, _ := connectortest.Drain(t, src, "bills", last)
	var keys []string
	for _, r := range second {
		keys = append(keys, fmt.Sprint(r.Op == connectors.Delete, " ", r.Document))
	}
	require.Contains(t, keys, "true REFM|201|CK1")
	require.Contains(t, keys, "false REFM|201|XS000009")
	require.NotContains(t, keys, "false REFM|201|CK1")
}

func TestOnlyTheScopeOfTheConnection(t *testing.T) {
	b := start(t)
	b.Foul()
	src := open(t, b, map[string]any{"partners": []any{}})
	err := src.Open(t.Context(), "bills", nil)
	for err == nil {
		_, err = src.Read(t.Context())
	}
	require.Equal(t, "msfx.scope", errs.CodeOf(err))
	require.Contains(t, errs.Render(err, "zh"), partner)

	src = open(t, start(t), map[string]any{"partners": []any{}, "ref_ent_id": maker.EntID}) // the other id
	found, err := src.Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, "msfx.enterprise", found[0].Code)
	require.Contains(t, fmt.Sprint(found[0].Args), "REF_ENT_ID_ERROR")
	require.Contains(t, errs.Fill(errs.Lookup("msfx.enterprise").In("zh").Next, found[0].Args), "ent_id")
}

// The gateway says in words how long to wait.
func TestTheBanIsWaitedFor(t *testing.T) {
	b := start(t)
	b.Faults.Arm(fault.Throttle, 1)
	src := open(t, b, map[string]any{"retry_budget": "50ms"})
	require.NoError(t, src.Open(t.Context(), "bills", nil), "a ban that is over")

	spec, err := connectors.SpecOf(msfx.Settings{})
	require.NoError(t, err)
	raw := b.settings()
	raw["lag"], raw["since"] = "5m", "yesterday"
	_, problems := spec.Parse("p", raw)
	require.Len(t, problems, 2)
	require.True(t, strings.HasPrefix(problems[0].Err.Code, "msfx."))
}
