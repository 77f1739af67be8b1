package kingdee_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/erp/kingdee"
	"tributary/connectors/httpsource"
	"tributary/connectors/objectsource"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simkingdee"
	"tributary/internal/errs"
)

func TestMain(m *testing.M) { leak.Main(m) }

var site = simkingdee.Options{
	AcctID: "6400aabbccdd", User: "integration", Password: "planted-secret-password",
	AppID: "100001_QUJDREVGR0hJSktMTU5PUFFSU1RVVldY", AppSecret: "0123456789abcdef0123456789abcdef",
}

// bench is a simulated site and a way to make sources for it.
type bench struct {
	*connectortest.Site
	*simkingdee.Server
}

func start(t *testing.T, tables ...simkingdee.Table) *bench {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	o := site
	o.Faults, o.Now, o.Late = b.Faults, b.Clock.Now, late
	b.Server = simkingdee.New(o, tables...)
	b.Serve(t, b.Server)
	return b
}

func (b *bench) settings(change ...func(*kingdee.Settings)) kingdee.Settings {
	s := kingdee.Settings{
		BaseURL: b.URL, AcctID: site.AcctID, User: site.User, Auth: "login_sign", AppID: site.AppID,
		AppSecret: connectors.NewSecret(site.AppSecret), Password: connectors.NewSecret(site.Password),
		LCID: 2052, Digest: "sha256", PageSize: 7, Method: "BillQuery", Overlap: 2 * time.Minute,
		Common: httpsource.Common{Timeout: 5 * time.Second, RetryFirst: time.Millisecond, RetryBudget: time.Second},
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func (b *bench) source(t *testing.T, change ...func(*kingdee.Settings)) *objectsource.Taker {
	t.Helper()
	src, err := kingdee.New(b.settings(change...), connectors.Env{Now: b.Clock.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src
}

func keys(rows []connectors.Row) []string {
	var out []string
	for _, r := range rows {
		out = append(out, r.Key)
	}
	return out
}

var customerColumns = []string{"FCUSTID", "FNumber", "FName", "FCreateOrgId.FNumber", "FUseOrgId.FNumber", "FDocumentStatus", "FForbidStatus", "FCreateDate", "FModifyDate", "FShortName", "F_TRB_LICENCE"}

func customer(id int, at string) map[string]any {
	return map[string]any{
		"FCUSTID": id, "FNumber": fmt.Sprintf("C%05d", id), "FName": fmt.Sprintf("客户%d", id), "FCreateOrgId.FNumber": "100", "FUseOrgId.FNumber": "100",
		"FDocumentStatus": "C", "FForbidStatus": "A", "FCreateDate": "2025-01-01T00:00:00", "FModifyDate": at, "FShortName": nil,
	}
}

func customers(rows ...map[string]any) simkingdee.Table {
	slices.SortFunc(rows, func(a, b map[string]any) int { return a["FCUSTID"].(int) - b["FCUSTID"].(int) })
	for _, r := range rows {
		r["FCUSTID"] = r["FCUSTID"].(int)
	}
	return simkingdee.Table{Form: "BD_Customer", Key: "FCUSTID", Columns: customerColumns, Rows: simkingdee.List{KeyColumn: "FCUSTID", Items: rows}}
}

func many(n int, at string) simkingdee.Table {
	var rows []map[string]any
	for i := 1; i <= n; i++ {
		rows = append(rows, customer(i, at))
	}
	return customers(rows...)
}

func TestEveryLoginReadsTheSame(t *testing.T) {
	t.Parallel()
	b := start(t, many(30, "2025-03-01T10:00:00.5"))
	for _, auth := range []string{"login_sign", "login_secret", "password", "signature"} {
		for _, method := range []string{"BillQuery", "ExecuteBillQuery"} {
			rows, _, _ := connectortest.Drain(t, b.source(t, func(s *kingdee.Settings) { s.Auth, s.Method = auth, method }), "BD_Customer", nil)
			require.Len(t, rows, 30, auth+method)
			require.Equal(t, "C00001", rows[0].Key)
			require.Equal(t, "100", rows[0].Fields["FUseOrgId_FNumber"])
			require.Equal(t, time.Date(2025, 3, 1, 2, 0, 0, 5e8, time.UTC), rows[0].SourceTime.UTC(), "times without zone are Chinese")
		}
	}
}

func TestRowsEditedBetweenPagesAreNeitherLostNorKeptOld(t *testing.T) {
	t.Parallel()
	b := start(t, many(30, "2025-03-01T10:00:00"))
	pages := 0
	b.BeforeQuery(func() {
		if pages++; pages != 2 {
			return
		}
		var rows []map[string]any
		for i := 1; i <= 30; i++ {
			rows = append(rows, customer(i, "2025-03-01T10:00:00"))
		}
		rows[2] = customer(3, "2025-03-10T20:00:30")   // read already, edited within the run's last minute
		rows[20] = customer(21, "2025-03-10T20:00:31") // not read yet, edited: leaves the window
		rows = append(rows, customer(31, "2025-03-10T20:00:32"))
		b.SetTable(customers(rows...))
	})
	src := b.source(t)
	first, _, position := connectortest.Drain(t, src, "BD_Customer", nil)
	b.Clock.Advance(time.Hour)
	second, _, _ := connectortest.Drain(t, src, "BD_Customer", position)
	latest := map[string]time.Time{}
	for _, r := range append(first, second...) {
		latest[r.Key] = r.SourceTime
	}
	require.Len(t, latest, 31)
	require.Equal(t, 30, latest["C00003"].In(time.UTC).Second())
	require.Equal(t, 31, latest["C00021"].In(time.UTC).Second())
}

func TestLateCommittedRowInsideTheOverlapIsRead(t *testing.T) {
	t.Parallel()
	b := start(t, many(3, "2025-03-01T10:00:00"))
	src := b.source(t)
	_, _, position := connectortest.Drain(t, src, "BD_Customer", nil)
	b.SetTable(customers(customer(1, "2025-03-01T10:00:00"), customer(2, "2025-03-01T10:00:00"), customer(3, "2025-03-01T10:00:00"), customer(4, "2025-03-10T19:59:00")))
	rows, _, _ := connectortest.Drain(t, src, "BD_Customer", position)
	require.Equal(t, []string{"C00004"}, keys(rows))
}

func TestAllocatedMasterDataAndEmptyValues(t *testing.T) {
	t.Parallel()
	own, used := customer(1, "2025-03-01T10:00:00"), customer(2, "")
	used["FNumber"], used["FUseOrgId.FNumber"], used["FModifyDate"] = "C00001", "200", nil
	b := start(t, customers(own, used))
	b.Faults.Always(fault.EmptyAsSpace)
	rows, _, _ := connectortest.Drain(t, b.source(t), "BD_Customer", nil)
	require.Equal(t, []string{"C00001", "C00001@200"}, keys(rows))
	require.Nil(t, rows[1].Fields["FModifyDate"], "a space is empty")
	require.Equal(t, 2024, rows[1].SourceTime.UTC().Year(), "never modified: the time of creation counts")
	require.Contains(t, rows[0].Fields, "FShortName")
	require.NotContains(t, rows[0].Fields, "FTEL", "fields the tenant lacks are not asked for")
}

func bill(entry int, status, cancel string) map[string]any {
	return map[string]any{
		"FID": entry / 3, "FEntity_FEntryID": entry, "FBillNo": fmt.Sprintf("XSCKD%04d", entry/3), "FDate": "2025-02-01T00:00:00",
		"FDocumentStatus": status, "FCancelStatus": cancel, "FCreateDate": "2025-02-01T08:00:00", "FModifyDate": "2025-03-10T19:59:30",
		"FCustomerID.FNumber": "C1", "FCustomerID.FName": "甲公司", "FMaterialID.FNumber": "P1", "FMaterialID.FName": "阿莫西林胶囊",
		"FUnitID.FName": "盒", "FRealQty": 12.5, "FLot_Text": "250301",
	}
}

func bills(rows ...map[string]any) simkingdee.Table {
	t := simkingdee.Table{Form: "SAL_OUTSTOCK", Key: "FEntity_FEntryID", Rows: simkingdee.List{KeyColumn: "FEntity_FEntryID", Items: rows}}
	for c := range rows[0] {
		t.Columns = append(t.Columns, c)
	}
	return t
}

func TestBillsThatLoseTheirApprovalAreTakenBack(t *testing.T) {
	t.Parallel()
	b := start(t, bills(bill(1, "C", "A"), bill(2, "C", "A"), bill(3, "B", "A"), bill(4, "C", "B")))
	src := b.source(t)
	ops := func(rows []connectors.Row) map[string]connectors.Op {
		out := map[string]connectors.Op{}
		for _, r := range rows {
			out[r.Key] = r.Op
		}
		return out
	}
	rows, _, position := connectortest.Drain(t, src, "SAL_OUTSTOCK", nil)
	require.Equal(t, map[string]connectors.Op{"1": connectors.Upsert, "2": connectors.Upsert, "3": connectors.Delete, "4": connectors.Delete}, ops(rows),
		"a read from the beginning may follow a reset: lines that went before it are told too")
	require.Equal(t, "12.5", fmt.Sprint(rows[0].Fields["FRealQty"]))

	b.SetTable(bills(bill(1, "D", "A"), bill(2, "C", "A"), bill(3, "C", "A"), bill(4, "C", "B")))
	rows, _, _ = connectortest.Drain(t, src, "SAL_OUTSTOCK", position)
	require.Equal(t, map[string]connectors.Op{"1": connectors.Delete, "2": connectors.Upsert, "3": connectors.Upsert, "4": connectors.Delete}, ops(rows))
}

func TestWrongCredentialsAreTriedOnce(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"login_sign", "password"} {
		b := start(t, many(3, "2025-03-01T10:00:00"))
		src := b.source(t, func(s *kingdee.Settings) {
			s.Auth, s.AppSecret, s.Password = auth, connectors.NewSecret("wrong-secret"), connectors.NewSecret("wrong-secret")
		})
		for range 3 {
			err := src.Open(t.Context(), "BD_Customer", nil)
			require.Equal(t, "connectors.credentials", errs.CodeOf(err))
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, src), "wrong-secret")
		}
		require.Equal(t, 1, b.Logins(), "the account must not be locked")
	}
}

func TestSignatureRefusedIsConfiguration(t *testing.T) {
	t.Parallel()
	b := start(t, many(3, "2025-03-01T10:00:00"))
	src := b.source(t, func(s *kingdee.Settings) { s.Auth, s.AppSecret = "signature", connectors.NewSecret("wrong-secret") })
	require.Equal(t, "connectors.credentials", errs.CodeOf(src.Open(t.Context(), "BD_Customer", nil)))
	src = b.source(t, func(s *kingdee.Settings) { s.Auth, s.AcctID = "signature", "another" })
	require.Equal(t, "connectors.credentials", errs.CodeOf(src.Open(t.Context(), "BD_Customer", nil)))
}

func TestStockIsASnapshotOfTheDay(t *testing.T) {
	t.Parallel()
	columns := []string{"FID", "FMaterialId.FNumber", "FMaterialId.FName", "FStockId.FNumber", "FLot.FNumber", "FBaseQty"}
	var rows []map[string]any
	for i := range 20 {
		rows = append(rows, map[string]any{"FID": fmt.Sprintf("inv-%04d", i), "FMaterialId.FNumber": "P1", "FMaterialId.FName": "药", "FStockId.FNumber": "CK1", "FLot.FNumber": "L", "FBaseQty": i})
	}
	b := start(t, simkingdee.Table{Form: "STK_Inventory", Key: "FID", Columns: columns, Rows: simkingdee.List{KeyColumn: "FID", Items: rows}})
	src := b.source(t)
	got, _, position := connectortest.Drain(t, src, "STK_Inventory", nil)
	require.Len(t, got, 20)
	require.Equal(t, "2025-03-10|inv-0000", got[0].Key)
	require.Equal(t, "2025-03-10", got[0].Fields["snapshot_date"])
	again, _, _ := connectortest.Drain(t, src, "STK_Inventory", position)
	require.Equal(t, keys(got), keys(again), "every run reads the whole stock")
}

func TestTenantFieldsArriveUnderTheirOwnNames(t *testing.T) {
	t.Parallel()
	table := many(2, "2025-03-01T10:00:00")
	table.Columns = append(slices.Clone(table.Columns), "F_ABCD_Licence")
	table.Rows.(simkingdee.List).Items[0]["F_ABCD_Licence"] = "沪AA0210001"
	b := start(t, table)
	src := b.source(t, func(s *kingdee.Settings) {
		s.Tenant = map[string]string{"BD_Customer.licence_no": "F_ABCD_Licence"}
	})
	rows, _, _ := connectortest.Drain(t, src, "BD_Customer", nil)
	require.Equal(t, "沪AA0210001", rows[0].Fields["licence_no"])
	found, err := src.Discover(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1, "the other forms do not exist at this site")
	require.Equal(t, "licence_no", found[0].Fields[len(found[0].Fields)-1].Name)
}

func TestKeysListWhatExists(t *testing.T) {
	t.Parallel()
	b := start(t, many(30, "2025-03-01T10:00:00"))
	got, err := b.source(t).Keys(t.Context(), "BD_Customer")
	require.NoError(t, err)
	require.Len(t, got, 30)
	_, err = b.source(t).Keys(t.Context(), "nothing")
	require.Equal(t, "connectors.stream_unknown", errs.CodeOf(err))
}

func TestCancelledReadReturnsTheContextsError(t *testing.T) {
	t.Parallel()
	b := start(t, many(3, "2025-03-01T10:00:00"))
	src := b.source(t)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, src.Open(ctx, "BD_Customer", nil))
	cancel()
	_, err := src.Read(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
