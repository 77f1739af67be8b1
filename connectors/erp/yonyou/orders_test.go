package yonyou_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/erp/yonyou"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simyonyou"
)

const late = 150 * time.Millisecond

// orderBench is a tenant that takes orders of one customer.
func orderBench(forgets bool, change map[string]any) func(t *testing.T) *connectortest.OrderSystem {
	return func(t *testing.T) *connectortest.OrderSystem {
		t.Helper()
		b := &bench{Site: connectortest.NewSite()}
		options := sandbox.YonyouTenant(b.Clock.Now, b.Faults)
		options.Late, options.Forgets = late, forgets
		codes := func(path string, codes ...string) *simyonyou.List {
			return &simyonyou.List{Path: path, Rows: func() (out []map[string]any) {
				for i, c := range codes {
					out = append(out, map[string]any{"id": i + 1, "code": c, "name": c, "pubts": "2025-03-01 00:00:00"})
				}
				return out
			}}
		}
		b.Server = sandbox.NewYonyou(options, []*simyonyou.List{codes(sandbox.YonyouCustomers, "C'1"), codes(sandbox.YonyouProducts, "P1", "P2"), codes(sandbox.YonyouSales)})
		b.Serve(t, b.Server)
		settings := b.settings()
		orders := map[string]any{"key_field": "headItem.define1", "org": "991", "transaction_type": "SO01", "tax": "VAT13", "units": map[string]any{"": "001", "盒": "002"}, "settle": "250ms"}
		maps.Copy(orders, change)
		settings["orders"] = orders
		edit := func(f func(o map[string]any) []map[string]any) func(string) {
			return func(string) { b.ChangeOrders(f) }
		}
		return &connectortest.OrderSystem{
			Settings: settings, Faults: b.Faults, Now: b.Clock.Now, Logins: b.Logins, Late: late, Order: connectortest.AnOrder("C'1", "P1"),
			Refuse: func(o *canonical.OrderRequest) string { o.Customer = "C9"; return "客户C9不存在" },
			Halt: func(o *canonical.OrderRequest) string {
				o.Lines[0].Quantity = canonical.Units(2_000_000)
				return "信用额度超限" // an application's limit, not one of the platform
			},
			Count: func(key string) (n int) {
				for _, o := range b.Orders() {
					if o[simyonyou.OrderKeyField] == key || o["code"] == key {
						n++
					}
				}
				return n
			},
			Double: edit(func(o map[string]any) []map[string]any {
				second := maps.Clone(o)
				second["id"] = o["id"].(int64) + 1
				return []map[string]any{o, second}
			}),
			Void: edit(func(o map[string]any) []map[string]any {
				o["nextStatus"] = "OPPOSE"
				return []map[string]any{o}
			}),
		}
	}
}

func TestOrders(t *testing.T) {
	driver, err := yonyou.Driver()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		forgets bool
		change  map[string]any
	}{
		"the platform knows a repeated call": {},
		"the platform has forgotten":         {forgets: true},
		"the order's number":                 {forgets: true, change: map[string]any{"key_field": "code"}},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.RunOrders(t, connectortest.Orders{
				Driver: driver, Start: orderBench(c.forgets, c.change), BaseURL: []string{"base_url"}, Group: "orders", Wrong: map[string]any{"app_secret": "wrong-and-long"}, Steps: []string{"saved", "audited"},
			})
		})
	}
}

func pusher(t *testing.T, s *connectortest.OrderSystem) connectors.Pusher {
	t.Helper()
	return connectortest.Open(t, yonyou.New, s.Now, s.Settings).Orders()
}

// An order goes as far as the settings say; what people took further is done.
func TestHowFarAnOrderGoes(t *testing.T) {
	for through, want := range map[string][]string{"save": {"saved"}, "submit": {"saved", "submitted"}, "audit": {"saved", "audited"}} {
		s := orderBench(false, map[string]any{"through": through})(t)
		p, o := pusher(t, s), s.Order("K1")
		var at *connectors.Placed
		var steps []string
		for at == nil || !at.Done {
			var err error
			at, err = p.PushOrder(t.Context(), &o, at)
			require.NoError(t, err)
			steps = append(steps, at.Step)
		}
		require.Equal(t, want, steps)
		there, err := p.FindOrder(t.Context(), "K1")
		require.NoError(t, err)
		require.Equal(t, at, there)
	}
}

// A line that lacks what the platform wants is refused here, in words that say which.
func TestALineWithoutPriceOrUnit(t *testing.T) {
	s := orderBench(false, map[string]any{"units": map[string]any{"盒": "002"}})(t)
	p := pusher(t, s)
	for _, change := range []func(l []canonical.OrderLine){func(l []canonical.OrderLine) { l[0].Price = 0; l[1].Unit = "盒" }, func([]canonical.OrderLine) {}} {
		o := s.Order("K1")
		change(o.Lines)
		_, err := p.PushOrder(t.Context(), &o, nil)
		require.Equal(t, connectors.Refused, connectors.OutcomeOf(err))
		require.ErrorContains(t, err, "unit or no price")
	}
	require.Zero(t, s.Count("K1"))
}

func TestTheOrderThatIsSaved(t *testing.T) {
	s := orderBench(false, map[string]any{"fields": map[string]any{"headItem.define2": "CRM"}})(t)
	var body string
	var srv *httptest.Server
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "getGatewayAddress"):
			_, _ = io.WriteString(w, `{"code":"00000","data":{"gatewayUrl":"`+srv.URL+`/g","tokenUrl":"`+srv.URL+`/t"}}`)
		case strings.HasSuffix(r.URL.Path, "getAccessToken"):
			_, _ = io.WriteString(w, `{"code":"00000","data":{"access_token":"x","expire":7200}}`)
		default:
			b, _ := io.ReadAll(r.Body)
			body = string(b)
			_, _ = io.WriteString(w, `{"code":"200","data":{"id":2446326816231680123,"code":"UO-1"}}`)
		}
	}))
	defer srv.Close()
	s.Settings["base_url"] = srv.URL
	o := s.Order("K-1")
	o.Note, o.Deliver = "急", o.Date.AddDays(3)
	p := pusher(t, s)
	_, err := p.FindOrder(t.Context(), "warm")
	require.Error(t, err, "an answer without a list")
	at, err := p.PushOrder(t.Context(), &o, nil)
	require.NoError(t, err)
	require.Equal(t, &connectors.Placed{ID: "2446326816231680123", Number: "UO-1", Step: "saved"}, at)
	line := `"_status":"Insert","stockOrgId":"991","settlementOrgId":"991","taxId":"VAT13","invExchRate":1,"invPriceExchRate":1,"unitExchangeType":0,"unitExchangeTypePrice":0,`
	key := strings.ReplaceAll(canonical.DeriveID("yonyou-order", "K-1").String(), "-", "")
	require.JSONEq(t, `{"data":{"resubmitCheckKey":"`+key+`","_status":"Insert","salesOrgId":"991","settlementOrgId":"991","transactionTypeId":"SO01","vouchdate":"2025-03-10 00:00:00","agentId":"C'1","invoiceAgentId":"C'1",
		"payMoney":246.91,"orderPrices!currency":"CNY","orderPrices!natCurrency":"CNY","orderPrices!exchRate":1,"orderPrices!exchangeRateType":"01","orderPrices!taxInclusive":true,
		"headItem!define1":"K-1","headItem!define2":"CRM","memo":"急","hopeReceiveDate":"2025-03-13 00:00:00","orderDetails":[
		{`+line+`"productId":"P1","orderProductType":"SALE","masterUnitId":"002","iProductAuxUnitId":"002","iProductUnitId":"002","qty":20,"subQty":20,"priceQty":20,"oriTaxUnitPrice":12.3456,"oriSum":246.91,
			"orderDetailPrices!oriUnitPrice":10.925310,"orderDetailPrices!natUnitPrice":10.925310,"orderDetailPrices!natTaxUnitPrice":12.3456,"orderDetailPrices!natSum":246.91,
			"orderDetailPrices!oriMoney":218.5,"orderDetailPrices!natMoney":218.5,"orderDetailPrices!oriTax":28.41,"orderDetailPrices!natTax":28.41},
		{`+line+`"productId":"P2","orderProductType":"GIFT","masterUnitId":"001","iProductAuxUnitId":"001","iProductUnitId":"001","qty":0.5,"subQty":0.5,"priceQty":0.5,"oriTaxUnitPrice":0,"oriSum":0,
			"orderDetailPrices!oriUnitPrice":0,"orderDetailPrices!natUnitPrice":0,"orderDetailPrices!natTaxUnitPrice":0,"orderDetailPrices!natSum":0,
			"orderDetailPrices!oriMoney":0,"orderDetailPrices!natMoney":0,"orderDetailPrices!oriTax":0,"orderDetailPrices!natTax":0}]}}`, body)
}

// An interface that the application was not given is found by the check.
func TestCheckLooksForOrders(t *testing.T) {
	b := start(t, false, nil)
	orders := map[string]any{"key_field": "headItem.define1", "org": "991", "transaction_type": "SO01", "tax": "VAT13"}
	fault := func(found []connectors.Finding) bool {
		return slices.ContainsFunc(found, func(f connectors.Finding) bool { return f.Severity == connectors.Fault })
	}
	found, err := open(t, b, map[string]any{"orders": orders}).Check(t.Context())
	require.NoError(t, err)
	require.False(t, fault(found), "%v", found)
	b.Withdraw("/yonbip/sd/voucherorder/list")
	found, err = open(t, b, map[string]any{"orders": orders}).Check(t.Context())
	require.NoError(t, err)
	require.True(t, fault(found))
}
