package sap_test

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
	"tributary/connectors/erp/sap"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/simsap"
)

const late = 150 * time.Millisecond

// orderBench is a system that takes orders of one customer.
func orderBench(oauth bool, change map[string]any) func(t *testing.T) *connectortest.OrderSystem {
	return func(t *testing.T) *connectortest.OrderSystem {
		t.Helper()
		b := &bench{Site: connectortest.NewSite(), v4: oauth}
		options := sandbox.SAPSystem(b.Clock.Now, b.Faults)
		options.Late = late
		b.Server = simsap.New(options,
			simsap.Set{Service: "/sap/opu/odata/sap/API_BUSINESS_PARTNER", Name: "A_BusinessPartner", Rows: func() []map[string]any { return []map[string]any{{"Customer": "C'1"}} }},
			simsap.Set{Service: "/sap/opu/odata/sap/API_PRODUCT_SRV", Name: "A_Product", Rows: func() []map[string]any { return []map[string]any{{"Product": "P1"}, {"Product": "P2"}} }})
		b.Serve(t, b.Server)
		settings := b.settings()
		delete(settings, "services")
		orders := map[string]any{"sales_org": "1000", "units": map[string]any{"盒": "BOX"}, "settle": "250ms"}
		maps.Copy(orders, change)
		settings["orders"] = orders
		edit := func(f func(o map[string]any) []map[string]any) func(string) {
			return func(string) { b.ChangeOrders(f) }
		}
		return &connectortest.OrderSystem{
			Settings: settings, Faults: b.Faults, Now: b.Clock.Now, Logins: b.Logins, Late: late, Order: connectortest.AnOrder("C'1", "P1"),
			Refuse: func(o *canonical.OrderRequest) string { o.Customer = "C9"; return "Sold-to party C9" },
			Halt: func(o *canonical.OrderRequest) string {
				o.Lines[0].Quantity = canonical.Units(2_000_000)
				return "TotalCreditCheckStatus B"
			},
			Count: func(key string) (n int) {
				for _, o := range b.Orders() {
					if o["PurchaseOrderByCustomer"] == key || o[simsap.OrderKeyField] == key {
						n++
					}
				}
				return n
			},
			Mend: edit(func(o map[string]any) []map[string]any {
				o["TotalCreditCheckStatus"] = "D" // released by hand
				return []map[string]any{o}
			}),
			Double: edit(func(o map[string]any) []map[string]any {
				second := maps.Clone(o)
				second["SalesOrder"] = "9" + o["SalesOrder"].(string)
				return []map[string]any{o, second}
			}),
			Void: edit(func(o map[string]any) []map[string]any {
				o["OverallSDDocumentRejectionSts"] = "C"
				return []map[string]any{o}
			}),
		}
	}
}

func TestOrders(t *testing.T) {
	driver, err := sap.Driver()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		oauth  bool
		change map[string]any
		wrong  map[string]any
	}{
		"the customer's number": {wrong: map[string]any{"password": "wrong-and-long"}},
		"a field of their own":  {oauth: true, change: map[string]any{"key_field": simsap.OrderKeyField}, wrong: map[string]any{"client_secret": "wrong-and-long"}},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.RunOrders(t, connectortest.Orders{
				Driver: driver, Start: orderBench(c.oauth, c.change), BaseURL: []string{"base_url"}, Group: "orders", Wrong: c.wrong, Steps: []string{"created"},
			})
		})
	}
}

func pusher(t *testing.T, s *connectortest.OrderSystem) connectors.Pusher {
	t.Helper()
	return connectortest.Open(t, sap.New, s.Now, s.Settings).Orders()
}

// A token is good for some writes and dies with its session: neither costs an order.
func TestTokensThatExpire(t *testing.T) {
	s := orderBench(false, nil)(t)
	p := pusher(t, s)
	for i := range 50 {
		o := s.Order("K-" + string(rune('A'+i%26)) + string(rune('a'+i/26)))
		_, err := p.PushOrder(t.Context(), &o, nil)
		require.NoError(t, err)
		require.Equal(t, 1, s.Count(o.Key))
	}
}

// Where cookies are lost on the way, every token is refused: no order is created, and none is in doubt.
func TestCookiesThatAreLost(t *testing.T) {
	calls := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			calls++
			w.Header().Set("X-Csrf-Token", "Required")
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("X-Csrf-Token", "T")
		w.WriteHeader(http.StatusNotFound) // carries the token all the same
	}))
	defer srv.Close()
	s := orderBench(false, nil)(t)
	s.Settings["base_url"] = srv.URL
	o := s.Order("K-1")
	_, err := pusher(t, s).PushOrder(t.Context(), &o, nil)
	require.Equal(t, connectors.Unsent, connectors.OutcomeOf(err))
	require.Equal(t, 2, calls, "a fresh token is tried once")
}

func TestAKeyThatDoesNotFit(t *testing.T) {
	s := orderBench(false, nil)(t)
	p, o := pusher(t, s), s.Order(strings.Repeat("k", 36))
	at, err := p.FindOrder(t.Context(), o.Key)
	require.NoError(t, err)
	require.Nil(t, at)
	_, err = p.PushOrder(t.Context(), &o, nil)
	require.Equal(t, connectors.Refused, connectors.OutcomeOf(err))
	require.Contains(t, err.Error(), "35 characters")
	require.Zero(t, s.Count(o.Key))
}

// A block that the order gets from its settings is told, and seen lifted.
func TestADeliveryBlock(t *testing.T) {
	s := orderBench(false, map[string]any{"fields": map[string]any{"DeliveryBlockReason": "01"}})(t)
	p, o := pusher(t, s), s.Order("K-1")
	at, err := p.PushOrder(t.Context(), &o, nil)
	require.NoError(t, err)
	require.Equal(t, "blocked", at.Step)
	_, err = p.PushOrder(t.Context(), &o, at)
	require.ErrorContains(t, err, "DeliveryBlockReason 01")
}

func TestTheOrderThatIsSent(t *testing.T) {
	s := orderBench(false, map[string]any{"fields": map[string]any{"SalesOffice": "110"}})(t)
	var path, body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Csrf-Token", "T")
		if r.Method == http.MethodPost {
			b, _ := io.ReadAll(r.Body)
			path, body = r.URL.Path, string(b)
		}
		_, _ = w.Write([]byte(`{"d":{"SalesOrder":"4711"}}`))
	}))
	defer srv.Close()
	s.Settings["base_url"] = srv.URL
	o := s.Order("K-1")
	o.Note, o.Deliver = "急", o.Date.AddDays(3)
	at, err := pusher(t, s).PushOrder(t.Context(), &o, nil)
	require.NoError(t, err)
	require.Equal(t, &connectors.Placed{ID: "4711", Number: "4711", Step: "created", Done: true}, at)
	require.Equal(t, "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder", path)
	require.JSONEq(t, `{"SalesOrderType":"OR","SalesOrganization":"1000","DistributionChannel":"10","OrganizationDivision":"00","SoldToParty":"C'1","PurchaseOrderByCustomer":"K-1","SalesOffice":"110",
		"CustomerPurchaseOrderDate":"/Date(1741564800000)/","RequestedDeliveryDate":"/Date(1741824000000)/","to_Text":[{"Language":"ZH","LongTextID":"TX01","LongText":"急"}],
		"to_Item":[{"Material":"P1","RequestedQuantity":"20","RequestedQuantityUnit":"BOX","to_PricingElement":[{"ConditionType":"PMP0","ConditionRateValue":"1234.56","ConditionCurrency":"CNY","ConditionQuantity":"100"}]},
		{"Material":"P2","RequestedQuantity":"0.5","SalesOrderItemCategory":"TANN"}]}`, body)
}

// A service of orders that is not active is found by the check, not by the first order.
func TestCheckLooksForOrders(t *testing.T) {
	for set, bad := range map[string]bool{"/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder": false, "/sap/opu/odata/sap/ZNONE/A_SalesOrder": true} {
		b := start(t, false, nil)
		found, err := open(t, b, map[string]any{"orders": map[string]any{"sales_org": "1000", "entity_set": set}}).Check(t.Context())
		require.NoError(t, err)
		require.Equal(t, bad, slices.ContainsFunc(found, func(f connectors.Finding) bool { return f.Severity == connectors.Fault }), "%v", found)
	}
}
