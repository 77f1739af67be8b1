package kingdee_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/connectortest"
	"tributary/connectors/erp/kingdee"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/connectors/sandbox/world"
)

// small is a world that all tests share: it is immutable.
var small = sync.OnceValues(func() (*world.World, error) {
	until, err := canonical.NewDate(2025, 2, 28)
	if err != nil {
		return nil, err
	}
	return world.New(world.Config{Seed: 4, Scale: 0.05, Until: until})
})

func startWorld(t *testing.T) *connectortest.System {
	t.Helper()
	w, err := small()
	require.NoError(t, err)
	b := &bench{faults: fault.New()}
	b.Server = sandbox.NewKingdee(w, b.now, b.faults)
	mux := http.NewServeMux()
	mux.Handle("/kingdee/", fault.Transport{Faults: b.faults, Now: b.now, Delay: time.Hour}.Wrap(b.Server))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)

	var mu sync.Mutex
	var rows []map[string]any
	publish := func() {
		items := make([]map[string]any, len(rows))
		copy(items, rows)
		b.SetTable(simkingdee.Table{Form: "BD_Customer", Key: "FCUSTID", Columns: customerColumns, Rows: simkingdee.List{KeyColumn: "FCUSTID", Items: items}})
	}
	return &connectortest.System{
		Settings: sandbox.Settings("kingdee", srv.URL), Faults: b.faults, Now: b.now, Logins: b.Logins,
		Advance: func(d time.Duration) { b.clock.Add(int64(d)) },
		Before:  func(f func()) { b.BeforeQuery(func(string) { f() }) },
		Fill: func(n int) {
			mu.Lock()
			defer mu.Unlock()
			rows = nil
			for i := 1; i <= n; i++ {
				r := customer(i, "2025-03-01T10:00:00")
				r["F_TRB_LICENCE"] = nil
				rows = append(rows, r)
			}
			publish()
		},
		Touch: func(i int) {
			mu.Lock()
			defer mu.Unlock()
			changed := customer(i+1, b.now().In(time.FixedZone("", 8*3600)).Format("2006-01-02T15:04:05.123"))
			changed["FName"] = "更名" + changed["FModifyDate"].(string)
			rows[i] = changed
			publish()
		},
		Remove: func(i int) {
			mu.Lock()
			defer mu.Unlock()
			rows = append(rows[:i:i], rows[i+1:]...)
			publish()
		},
		Write: func(i int, text string) {
			mu.Lock()
			defer mu.Unlock()
			changed := customer(i+1, b.now().In(time.FixedZone("", 8*3600)).Format("2006-01-02T15:04:05.123"))
			changed["FName"] = text
			rows[i] = changed
			publish()
		},
	}
}

func TestConnector(t *testing.T) {
	driver, err := kingdee.Driver()
	require.NoError(t, err)
	connectortest.Run(t, connectortest.Harness{
		Driver: driver, Text: "FName", Start: startWorld, Stream: "BD_Customer", BaseURL: []string{"base_url"}, Password: "app_secret", PageSize: "page_size",
		Passing: []fault.Name{
			fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.HTML200, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.TransientIn200, fault.StringBody,
			fault.ShortPage, fault.EmptyAsSpace, fault.SessionExpiry, fault.ClockFast, fault.ClockSlow,
		},
		Failing:  []fault.Name{fault.ErrorIn200, fault.Shape, fault.NoRights, fault.HTML200, fault.HTTP502, fault.CutBody, fault.HalfJSON, fault.Throttle, fault.SessionExpiry},
		Optional: []string{"FReceiverID_FName", "FNote", "FSrcBillNo", "FShortName"},
	})
}
