package kingdee_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/erp/kingdee"
	"tributary/connectors/sandbox/simkingdee"
)

const late = 150 * time.Millisecond

func orderSystem(change map[string]any) func(t *testing.T) *connectortest.OrderSystem {
	return func(t *testing.T) *connectortest.OrderSystem {
		b := start(t, simkingdee.Table{Form: "BD_MATERIAL", Key: "FMATERIALID", Columns: []string{"FMATERIALID", "FNumber"}, Rows: simkingdee.List{
			KeyColumn: "FMATERIALID", Items: []map[string]any{{"FMATERIALID": 1, "FNumber": "P1"}, {"FMATERIALID": 2, "FNumber": "P2"}}}}, many(3, "2025-03-01T00:00:00"))
		count := func(key string) (n int) {
			for _, o := range b.Orders() {
				if o[simkingdee.OrderKeyField] == key || o["FBillNo"] == key {
					n++
				}
			}
			return n
		}
		orders := map[string]any{"key_field": simkingdee.OrderKeyField, "org": "100", "settle": "250ms"}
		maps.Copy(orders, change)
		return &connectortest.OrderSystem{
			Settings: map[string]any{"base_url": b.URL, "acct_id": site.AcctID, "user": site.User, "app_id": site.AppID, "app_secret": site.AppSecret, "orders": orders},
			Faults:   b.Faults, Now: b.Clock.Now, Logins: b.Logins, Late: late, Count: count,
			Order: connectortest.AnOrder("C00001", "P1"),
			Refuse: func(o *canonical.OrderRequest) string {
				o.Customer = "C'9"
				return "客户“C'9”不存在或已禁用"
			},
			Halt: func(o *canonical.OrderRequest) string {
				o.Lines[0].Quantity = canonical.Units(2_000_000)
				return "信用额度不足"
			},
			Double: func(string) {
				err := b.ChangeOrders(func(bill map[string]any) []map[string]any {
					second := maps.Clone(bill)
					second["FID"] = bill["FID"].(int64) + 1
					return []map[string]any{bill, second}
				})
				require.NoError(t, err)
			},
			Void: func(string) {
				err := b.ChangeOrders(func(bill map[string]any) []map[string]any {
					bill["FCancelStatus"] = "B"
					return []map[string]any{bill}
				})
				require.NoError(t, err)
			},
		}
	}
}

func TestOrders(t *testing.T) {
	driver, err := kingdee.Driver()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change map[string]any
		steps  []string
	}{
		"a field of the tenant's own": {nil, []string{"saved", "submitted", "audited"}},
		"the bill's number":           {map[string]any{"key_field": "FBillNo"}, []string{"saved", "submitted", "audited"}},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.RunOrders(t, connectortest.Orders{
				Driver: driver, Start: orderSystem(c.change), BaseURL: []string{"base_url"}, Group: "orders", Wrong: map[string]any{"app_secret": "wrong-and-long"}, Steps: c.steps,
			})
		})
	}
}

// A bill goes as far as the settings say, and an order that people took further is done.
func TestHowFarABillGoes(t *testing.T) {
	for through, steps := range map[string]int{"save": 1, "submit": 2, "audit": 3} {
		s := orderSystem(map[string]any{"through": through})(t)
		p := pusher(t, s)
		o := s.Order("K1")
		at, err := p.PushOrder(t.Context(), &o, nil)
		n := 1
		for ; err == nil && !at.Done; n++ {
			at, err = p.PushOrder(t.Context(), &o, at)
		}
		require.NoError(t, err)
		require.Equal(t, steps, n)
	}
}

func pusher(t *testing.T, s *connectortest.OrderSystem) connectors.Pusher {
	t.Helper()
	return connectortest.Open(t, kingdee.New, s.Now, s.Settings).Orders()
}

// Numbers, references and the order of fields are Kingdee's own.
func TestTheBillThatIsSent(t *testing.T) {
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(b)
		body = string(b)
		_, _ = w.Write([]byte(`{"Result":{"ResponseStatus":{"IsSuccess":true,"SuccessEntitys":[{"Id":"100001","Number":"XSDD1","DIndex":0}]}}}`))
	}))
	defer srv.Close()
	s := orderSystem(map[string]any{"units": map[string]any{"盒": "he"}, "fields": map[string]any{"FSaleDeptId.FNumber": "BM01", "F_X": "1"}})(t)
	s.Settings["base_url"], s.Settings["auth"] = srv.URL, "signature"
	o := s.Order("K-1")
	o.Note, o.Deliver = "急", o.Date.AddDays(3)
	at, err := pusher(t, s).PushOrder(t.Context(), &o, nil)
	require.NoError(t, err)
	require.Equal(t, &connectors.Placed{ID: "100001", Number: "XSDD1", Step: "saved"}, at)
	require.Equal(t, `{"data":{"IsDeleteEntry":false,"Model":{"FBillTypeID":{"FNumber":"XSDD01_SYS"},"FDate":"2025-03-10","FSaleOrgId":{"FNumber":"100"},"FCustId":{"FNumber":"C00001"},`+
		`"FSaleDeptId":{"FNumber":"BM01"},"F_X":"1","F_TRB_ORDER_KEY":"K-1","FNote":"急","FSaleOrderFinance":{"FSettleCurrId":{"FNumber":"PRE001"}},"FSaleOrderEntry":[`+
		`{"FMaterialId":{"FNumber":"P1"},"FUnitID":{"FNumber":"he"},"FQty":20,"FTaxPrice":12.3456,"FDeliveryDate":"2025-03-13"},`+
		`{"FMaterialId":{"FNumber":"P2"},"FQty":0.5,"FIsFree":true,"FDeliveryDate":"2025-03-13"}]},"NeedReturnFields":[]},"formid":"SAL_SaleOrder"}`, body)
}

// A field that is to hold the key and does not exist is found by the check, not by the first order.
func TestCheckLooksAtTheKeyField(t *testing.T) {
	for field, bad := range map[string]bool{simkingdee.OrderKeyField: false, "F_NO_SUCH": true} {
		b := start(t, many(3, "2025-03-01T00:00:00"))
		src := b.source(t, func(s *kingdee.Settings) { s.Orders.KeyField = field })
		found, err := src.Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, bad, slices.ContainsFunc(found, func(f connectors.Finding) bool {
			return f.Severity == connectors.Fault && f.Code == "connectors.refused"
		}), "%v", found)
	}
}
