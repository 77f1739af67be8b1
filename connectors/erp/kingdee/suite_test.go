package kingdee_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest"
	"tributary/connectors/erp/kingdee"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simkingdee"
)

func startWorld(t *testing.T) *connectortest.System {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	b.Server = sandbox.NewKingdee(connectortest.SmallWorld(t), b.Clock.Now, b.Faults)
	b.Serve(t, b.Server)
	shanghai := time.FixedZone("", 8*3600)
	b.Rows = connectortest.Rows{
		Clock: &b.Clock, Text: "FName",
		Make: func(i int, changed time.Time) map[string]any {
			r := customer(i+1, changed.In(shanghai).Format("2006-01-02T15:04:05.123"))
			r["F_TRB_LICENCE"] = nil
			return r
		},
		Publish: func(rows []map[string]any) {
			b.SetTable(simkingdee.Table{Form: "BD_Customer", Key: "FCUSTID", Columns: customerColumns, Rows: simkingdee.List{KeyColumn: "FCUSTID", Items: rows}})
		},
	}
	return b.System(sandbox.Settings("kingdee", b.URL), b.BeforeQuery, b.Logins)
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
