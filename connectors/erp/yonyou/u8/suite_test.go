package u8_test

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/erp/yonyou/u8"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simu8"
	"tributary/connectors/sandbox/world"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

// bench is a simulated enterprise.
type bench struct {
	*simu8.Server
	url    string
	faults *fault.Set
	clock  connectortest.Clock
	rows   connectortest.Rows
}

func start(t *testing.T, change func(*simu8.Options, []*simu8.List)) *bench {
	t.Helper()
	b := &bench{faults: fault.New()}
	options, lists := sandbox.U8Enterprise(b.clock.Now, b.faults), sandbox.U8Lists(connectortest.SmallWorld(t), world.ERP)
	if change != nil {
		change(&options, lists)
	}
	b.Server = sandbox.NewU8(options, lists)
	srv := httptest.NewServer(fault.Transport{Faults: b.faults, Now: b.clock.Now, Delay: time.Hour}.Wrap(b.Server))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	b.rows = connectortest.Rows{Clock: &b.clock, Make: customer, Text: "name", Publish: func(rows []map[string]any) { b.SetRows(sandbox.U8Customers, rows) }}
	return b
}

func (b *bench) settings() map[string]any {
	s := sandbox.Settings("yonyou-u8", b.url)
	s["base_url"], s["offline_wait"] = b.url, "1ms"
	return s
}

func customer(i int, at time.Time) map[string]any {
	return map[string]any{"code": fmt.Sprintf("%06d", i), "name": fmt.Sprintf("医院%d", i), "ModifyDate": at.In(time.FixedZone("", 8*3600)).Format("2006-01-02 15:04:05.000")}
}

// empty are fields that the world of the sandbox has no values for.
var empty = []string{"abbrname", "mobile", "end_date"}

func TestConnector(t *testing.T) {
	driver, err := u8.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "name", Stream: "customers", BaseURL: []string{"base_url"}, Password: "app_secret", PageSize: "page_size", Optional: empty,
		Start: func(t *testing.T) *connectortest.System {
			b := start(t, nil)
			return &connectortest.System{Settings: b.settings(), Faults: b.faults, Now: b.clock.Now, Logins: b.Logins, Advance: b.clock.Advance, Before: b.BeforeQuery, Fill: b.rows.Fill, Touch: b.rows.Touch, Remove: b.rows.Remove, Write: b.rows.Write}
		},
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow},
		Failing: []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry, fault.TransientIn200},
	})
}

func open(t *testing.T, b *bench, change map[string]any) *objectsource.Taker {
	t.Helper()
	spec, err := connectors.SpecOf(u8.Settings{})
	require.NoError(t, err)
	raw := b.settings()
	raw["retry_first"], raw["retry_budget"], raw["calls_per_second"] = "1ms", "50ms", 0
	maps.Copy(raw, change)
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := u8.New(settings.(u8.Settings), connectors.Env{Now: b.clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

// The maker's ledger is read whole: lots from the bills, returns as negative quantities, nothing that nobody audited.
func TestTheLedgerIsReadWhole(t *testing.T) {
	w := connectortest.SmallWorld(t)
	want := map[string]int{}
	for _, l := range w.Ledgers.MakerSales {
		want[w.Products[l.Product].Code+" "+w.Lots[l.Lot].Number+" "+w.Lots[l.Lot].Expires.String()] += l.Quantity
	}
	for _, l := range w.Ledgers.MakerReturns {
		want[w.Products[l.Product].Code+" "+w.Lots[l.Lot].Number+" "+w.Lots[l.Lot].Expires.String()] -= l.Quantity
	}
	for name, c := range map[string]struct {
		change   func(*simu8.Options, []*simu8.List)
		settings map[string]any
	}{
		"lots in the bills":       {},
		"lots in the list":        {func(_ *simu8.Options, l []*simu8.List) { l[2].Hidden = nil }, map[string]any{"lots": "list"}},
		"limits of whole days":    {nil, map[string]any{"precision": "day", "page_size": 50}},
		"a lot with another name": {renameLots, map[string]any{"tenant_fields": map[string]any{"salesout.cbatch": "Serial"}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, c.change)
			rows, pages, _ := connectortest.Drain(t, open(t, b, c.settings), "salesout", nil)
			got, seen, drafts := map[string]int{}, map[string]bool{}, 0
			for _, r := range rows {
				if r.Op == connectors.Delete {
					drafts++
					continue
				}
				if seen[r.Key] {
					continue
				}
				seen[r.Key] = true
				var n int
				_, err := fmt.Sscanf(fmt.Sprint(r.Fields["quantity"]), "%d.000000", &n)
				require.NoError(t, err)
				until, _, _ := strings.Cut(fmt.Sprint(r.Fields["dvdate"]), " ")
				got[fmt.Sprint(r.Fields["inventorycode"], " ", r.Fields["cbatch"], " ", until)] += n
			}
			require.Equal(t, want, got)
			require.Positive(t, drafts)
			i := slices.IndexFunc(pages, func(p connectors.Batch) bool { return len(p.Rows) > 0 })
			require.Contains(t, string(pages[i].Raw), fmt.Sprint(pages[i].Rows[0].Fields["cbatch"]), "what was received is kept, the bills too")
		})
	}
}

func renameLots(_ *simu8.Options, lists []*simu8.List) {
	rows := lists[2].Rows
	lists[2].Rows = func() []map[string]any {
		out := rows()
		for _, row := range out {
			row["Serial"] = row["cBatch"]
			delete(row, "cBatch")
		}
		return out
	}
	lists[2].Hidden = []string{"Serial", "dMdate", "dVDate"}
}

// A list that takes no notice of the limits of time is found out, instead of being read whole for every slice.
func TestAListWithoutLimits(t *testing.T) {
	b := start(t, func(o *simu8.Options, _ []*simu8.List) { o.Deaf = true })
	src := open(t, b, nil)
	rows, _, last := connectortest.Drain(t, src, "customers", nil)
	require.NotEmpty(t, rows, "the first run asks for everything anyway")
	b.clock.Advance(time.Hour)
	require.NoError(t, src.Open(t.Context(), "customers", last))
	_, err := src.Read(t.Context())
	require.Equal(t, "connectors.shape", errs.CodeOf(err))
	require.Contains(t, err.Error(), "modifydate_begin")
	require.Contains(t, err.Error(), "changed")
}

// A list is read by another field when the settings say so.
func TestAnotherFieldOfChange(t *testing.T) {
	b := start(t, nil)
	row := customer(1, connectortest.Start.Add(-time.Hour))
	row["auditDate"] = row["ModifyDate"]
	delete(row, "ModifyDate")
	b.SetRows(sandbox.U8Customers, []map[string]any{row})
	src := open(t, b, map[string]any{"changed": map[string]any{"customers": "auditdate"}})
	rows, _, last := connectortest.Drain(t, src, "customers", nil)
	require.Len(t, rows, 1)
	require.Equal(t, connectortest.Start.Add(-time.Hour), rows[0].SourceTime)
	rows, _, _ = connectortest.Drain(t, src, "customers", last)
	require.Empty(t, rows)
}

// A U8 server that is switched off is a source that cannot be reached, not wrong credentials and not an empty list.
func TestTheEnterprisesServerIsOff(t *testing.T) {
	b := start(t, nil)
	b.faults.Always(fault.TransientIn200)
	found, err := open(t, b, nil).Check(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "connectors.unreachable", found[0].Code)
}

func TestAnAccountThatDoesNotExist(t *testing.T) {
	b := start(t, nil)
	found, err := open(t, b, map[string]any{"from_account": "another"}).Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, "connectors.credentials", found[0].Code)
}

func TestABillWithoutItsLines(t *testing.T) {
	b := start(t, nil)
	src := open(t, b, map[string]any{"detail_lines": "lines"})
	require.NoError(t, src.Open(t.Context(), "salesout", nil))
	_, err := src.Read(t.Context())
	require.Equal(t, "connectors.shape", errs.CodeOf(err))
	require.Contains(t, err.Error(), "detail_lines")
}
