package dynamics365_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox/simdataverse"
	"tributary/connectors/sfa/dynamics365"
)

const (
	priceList = "00000000-0000-0000-0000-00000000000a"
	unit      = "00000000-0000-0000-0000-00000000000b"
	late      = 150 * time.Millisecond
)

// orderBench is an environment that takes orders of one account.
func orderBench(t *testing.T) *connectortest.OrderSystem {
	t.Helper()
	b := &bench{Site: connectortest.NewSite()}
	options := b.options()
	options.Late = late
	b.Server = simdataverse.New(options, simdataverse.Table{Set: "accounts", Logical: "account", ID: "accountid", Rows: func() []map[string]any {
		return []map[string]any{{"accountid": "1", "accountnumber": "C'1"}}
	}})
	b.Serve(t, b.Server)
	settings := b.settings()
	settings["orders"] = map[string]any{"customer_key": "accountnumber", "price_list": priceList, "units": map[string]any{"盒": unit}, "settle": "250ms"}
	return &connectortest.OrderSystem{
		Settings: settings, Faults: b.Faults, Now: b.Clock.Now, Logins: b.Logins, Late: late,
		Order:  connectortest.AnOrder("C'1", "P/1"),
		Refuse: func(o *canonical.OrderRequest) string { o.Customer = "C9"; return "Do Not Exist" },
		Count: func(key string) (n int) {
			for _, o := range b.Orders() {
				if o["name"] == key {
					n++
				}
			}
			return n
		},
		Void: func(string) { b.CancelOrders() },
	}
}

func TestOrders(t *testing.T) {
	driver, err := dynamics365.Driver()
	require.NoError(t, err)
	connectortest.RunOrders(t, connectortest.Orders{
		Driver: driver, Start: orderBench, BaseURL: []string{"base_url"}, Group: "orders", Wrong: map[string]any{"client_secret": "wrong-and-long"}, Steps: []string{"created"},
	})
}

func pusher(t *testing.T, s *connectortest.OrderSystem) connectors.Pusher {
	t.Helper()
	return connectortest.Open(t, dynamics365.New, s.Now, s.Settings).Orders()
}

// An order that is sent a second time is refused by the system itself and stays one.
func TestTheSameOrderIsTheSameRow(t *testing.T) {
	s := orderBench(t)
	p, o := pusher(t, s), s.Order("K-1")
	first, err := p.PushOrder(t.Context(), &o, nil)
	require.NoError(t, err)
	_, err = p.PushOrder(t.Context(), &o, nil)
	require.Equal(t, connectors.Refused, connectors.OutcomeOf(err))
	there, err := p.FindOrder(t.Context(), o.Key)
	require.NoError(t, err)
	require.Equal(t, first, there)
	require.Equal(t, 1, s.Count(o.Key))
}

func TestTheRowThatIsSent(t *testing.T) {
	s := orderBench(t)
	var method, path, only, body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/token") {
			_, _ = w.Write([]byte(`{"access_token":"t","expires_in":3599}`))
			return
		}
		b, _ := io.ReadAll(r.Body)
		method, path, only, body = r.Method, r.URL.Path, r.Header.Get("If-None-Match"), string(b)
		id := path[strings.Index(path, "(")+1 : len(path)-1]
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"salesorderid":"` + id + `","ordernumber":"ORD-1"}`))
	}))
	defer srv.Close()
	s.Settings["base_url"], s.Settings["authority"] = srv.URL, srv.URL
	o := s.Order("K-1")
	o.Note, o.Deliver = "急", o.Date.AddDays(3)
	at, err := pusher(t, s).PushOrder(t.Context(), &o, nil)
	require.NoError(t, err)
	require.Equal(t, "ORD-1", at.Number)
	require.Equal(t, "PATCH * /api/data/v9.2/salesorders("+at.ID+")", method+" "+only+" "+path)
	require.JSONEq(t, `{"name":"K-1","customerid_account@odata.bind":"/accounts(accountnumber='C%27%271')","pricelevelid@odata.bind":"/pricelevels(`+priceList+`)","description":"急","requestdeliveryby":"2025-03-13",
		"order_details":[{"productid@odata.bind":"/products(productnumber='P%2F1')","uomid@odata.bind":"/uoms(`+unit+`)","quantity":20,"ispriceoverridden":true,"priceperunit":12.3456},
		{"productid@odata.bind":"/products(productnumber='P2')","quantity":0.5,"ispriceoverridden":true,"priceperunit":0}]}`, body)
}
