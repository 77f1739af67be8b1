package u8_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/erp/yonyou/u8"
	"tributary/connectors/sandbox"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simu8"
	"tributary/internal/errs"
)

const late = 150 * time.Millisecond

type orderSystem struct {
	*connectortest.OrderSystem
	*simu8.Server
}

// orderBench is an enterprise that takes orders of one customer.
func orderBench(t *testing.T, options func(*simu8.Options), change map[string]any) orderSystem {
	t.Helper()
	b := &bench{faults: fault.New()}
	o := sandbox.U8Enterprise(b.clock.Now, b.faults)
	o.Late = late
	if options != nil {
		options(&o)
	}
	codes := func(object string, codes ...string) *simu8.List {
		return &simu8.List{Object: object, Rows: func() (out []map[string]any) {
			for i, c := range codes {
				row := customer(i, connectortest.Start.Add(-time.Hour))
				row["code"] = c
				out = append(out, row)
			}
			return out
		}}
	}
	b.Server = sandbox.NewU8(o, []*simu8.List{codes(sandbox.U8Customers, "C'1"), codes(sandbox.U8Products, "P1", "P2"), codes(sandbox.U8Sales)})
	srv := httptest.NewServer(fault.Transport{Faults: b.faults, Now: b.clock.Now, Delay: time.Hour}.Wrap(b.Server))
	t.Cleanup(srv.Close)
	b.url = srv.URL
	settings := b.settings()
	orders := map[string]any{"key_field": "define10", "sale_type": "01", "department": "0301", "units": map[string]any{"": "0101", "盒": "0101"}, "settle": "250ms"}
	maps.Copy(orders, change)
	settings["orders"] = orders
	return orderSystem{Server: b.Server, OrderSystem: &connectortest.OrderSystem{
		Settings: settings, Faults: b.faults, Now: b.clock.Now, Logins: b.Logins, Late: late,
		Order: func(key string) canonical.OrderRequest {
			day, err := canonical.ParseDate("2025-03-10")
			require.NoError(t, err)
			return canonical.OrderRequest{Key: key, Customer: "C'1", Date: day, Lines: []canonical.OrderLine{
				{Product: "P1", Quantity: canonical.Units(20), Unit: "盒", Price: 12_345_600}, {Product: "P2", Quantity: 500_000, Free: true}}}
		},
		Refuse: func(o *canonical.OrderRequest) string { o.Customer = "C9"; return "客户C9不存在" },
		Halt: func(o *canonical.OrderRequest) string {
			o.Lines[0].Quantity = canonical.Units(2_000_000)
			return "信用额度超限" // U8's limit, not one of the platform
		},
		Mend: func(string) {
			b.ChangeOrders(func(o map[string]any) []map[string]any { o["quantity"] = 1.0; return []map[string]any{o} })
		},
		Count: func(key string) (n int) {
			for _, o := range b.Orders() {
				if o["define10"] == key || o["code"] == key {
					n++
				}
			}
			return n
		},
		Double: func(string) {
			b.ChangeOrders(func(o map[string]any) []map[string]any {
				second := maps.Clone(o)
				second["code"] = "9999999999"
				return []map[string]any{o, second}
			})
		},
		Void: func(string) {
			b.ChangeOrders(func(o map[string]any) []map[string]any {
				o["closer"], o["state"] = "张三", "Opening"
				return []map[string]any{o}
			})
		},
	}}
}

func TestOrders(t *testing.T) {
	driver, err := u8.Driver()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		options func(*simu8.Options)
		orders  map[string]any
		steps   []string
	}{
		"saved and verified":                      {steps: []string{"saved", "verified"}},
		"a platform that makes replays once more": {options: func(o *simu8.Options) { o.Forgets = true }, steps: []string{"saved", "verified"}},
		"only saved":                              {orders: map[string]any{"through": "save"}, steps: []string{"saved"}},
	} {
		t.Run(name, func(t *testing.T) {
			connectortest.RunOrders(t, connectortest.Orders{
				Driver: driver, BaseURL: []string{"base_url"}, Group: "orders", Wrong: map[string]any{"app_secret": "wrong-and-long"}, Steps: c.steps, Ahead: 1,
				Start: func(t *testing.T) *connectortest.OrderSystem {
					s := orderBench(t, c.options, c.orders).OrderSystem
					if len(c.steps) == 1 {
						s.Halt = nil
					}
					return s
				},
			})
		})
	}
}

func pusher(t *testing.T, s orderSystem, change map[string]any) connectors.Pusher {
	t.Helper()
	spec, err := connectors.SpecOf(u8.Settings{})
	require.NoError(t, err)
	raw := maps.Clone(s.Settings)
	raw["retry_first"], raw["retry_budget"], raw["timeout"] = "1ms", "50ms", "300ms"
	maps.Copy(raw, change)
	settings, problems := spec.Parse("p", raw)
	require.Empty(t, problems)
	src, err := u8.New(settings.(u8.Settings), connectors.Env{Now: s.Now})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, src.Close()) })
	return src.Orders()
}

// A write that nobody saw the end of keeps its number: made again, it is the same to the platform, though it was still at work.
func TestAnAttemptThatIsMadeAgainHasTheSameNumber(t *testing.T) {
	s := orderBench(t, nil, nil)
	p, o := pusher(t, s, nil), s.Order("K-1")
	s.Faults.Arm(fault.WriteLate, 1)
	_, err := p.PushOrder(t.Context(), &o, nil)
	require.Equal(t, connectors.Undecided, connectors.OutcomeOf(err))
	at, err := p.PushOrder(t.Context(), &o, nil) // before the settings allow it
	require.NoError(t, err)
	require.Eventually(t, func() bool { return s.Count("K-1") > 0 }, time.Second, time.Millisecond)
	time.Sleep(2 * late)
	require.Equal(t, 1, s.Count("K-1"))

	// A number that is not known any more is no refusal of the order.
	s.Faults.Every(fault.HTTP502, 2) // the number comes, the write does not
	_, err = p.PushOrder(t.Context(), &o, at)
	require.Error(t, err)
	require.Equal(t, connectors.Undecided, connectors.OutcomeOf(err))
	s.Faults.Clear()
	s.Forget()
	_, err = p.PushOrder(t.Context(), &o, at)
	require.Equal(t, connectors.Unsent, connectors.OutcomeOf(err))
	at, err = p.PushOrder(t.Context(), &o, at)
	require.NoError(t, err)
	require.Equal(t, "verified", at.Step)
}

// A key is found among keys that contain it, on any page, and never mistaken for one of them.
func TestKeysThatContainOneAnother(t *testing.T) {
	s := orderBench(t, nil, nil)
	p := pusher(t, s, map[string]any{"page_size": 2})
	for _, key := range []string{"K-10", "K-11", "K-12", "K-1", "K-13"} {
		o := s.Order(key)
		_, err := p.PushOrder(t.Context(), &o, nil)
		require.NoError(t, err)
	}
	at, err := p.FindOrder(t.Context(), "K-1")
	require.NoError(t, err)
	require.Equal(t, "0000000004", at.Number)
	at, err = p.FindOrder(t.Context(), "K-")
	require.NoError(t, err)
	require.Nil(t, at)
}

// Where an order cannot be found again, none is written: the list takes no notice of the field, or hides it.
func TestListsInWhichNoOrderIsFound(t *testing.T) {
	s := orderBench(t, func(o *simu8.Options) { o.Deaf = true }, nil)
	p, o := pusher(t, s, nil), s.Order("K-1")
	_, err := p.PushOrder(t.Context(), &o, nil)
	require.NoError(t, err)
	_, err = p.FindOrder(t.Context(), "another")
	require.Equal(t, "connectors.shape", errs.CodeOf(err))
	s.ChangeOrders(func(o map[string]any) []map[string]any { delete(o, "define10"); return []map[string]any{o} })
	_, err = p.FindOrder(t.Context(), "K-1")
	require.Equal(t, "connectors.shape", errs.CodeOf(err))
	require.Contains(t, err.Error(), "define10")
}

func TestNumbersGivenByHand(t *testing.T) {
	s := orderBench(t, func(o *simu8.Options) { o.Forgets = true }, map[string]any{"key_field": "code", "key_length": 30})
	p, o := pusher(t, s, nil), s.Order("K-1")
	for range 2 {
		_, _ = p.PushOrder(t.Context(), &o, nil) // the second is refused by U8 itself
	}
	require.Equal(t, 1, s.Count("K-1"))
	at, err := p.FindOrder(t.Context(), "K-1")
	require.NoError(t, err)
	require.Equal(t, "K-1", at.Number)
	o = s.Order(strings.Repeat("K", 31))
	_, err = p.PushOrder(t.Context(), &o, nil)
	require.Equal(t, "connectors.order_key_long", errs.CodeOf(err))
	o = s.Order("K-2")
	o.Lines[0].Price = 0
	_, err = p.PushOrder(t.Context(), &o, nil)
	require.Equal(t, "connectors.order_line", errs.CodeOf(err))
}

func TestTheBillThatIsSent(t *testing.T) {
	s := orderBench(t, nil, map[string]any{"fields": map[string]any{"personcode": "00001"}})
	var query string
	var body map[string]any
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			_, _ = w.Write([]byte(`{"errcode":"0","token":{"id":"t"}}`))
		case strings.HasSuffix(r.URL.Path, "/tradeid"):
			_, _ = w.Write([]byte(`{"errcode":"0","trade":{"id":"n"}}`))
		default:
			b, _ := io.ReadAll(r.Body)
			_ = json.Unmarshal(b, &body)
			query = r.Method + " " + r.URL.Path + " " + r.URL.Query().Get("tradeid") + " " + r.URL.Query().Get("sync")
			_, _ = w.Write([]byte(`{"errcode":"0","id":"0000000007","tradeid":"n"}`))
		}
	}))
	defer srv.Close()
	o := s.Order("K-1")
	o.Note, o.Deliver = "急", o.Date.AddDays(3)
	at, err := pusher(t, s, map[string]any{"base_url": srv.URL}).PushOrder(t.Context(), &o, nil)
	require.NoError(t, err)
	require.Equal(t, "0000000007", at.Number)
	require.Equal(t, "POST /api/saleorder/add n 1", query)
	text, err := json.Marshal(body)
	require.NoError(t, err)
	require.JSONEq(t, `{"saleorder":{"date":"2025-03-10","businesstype":"普通销售","typecode":"01","deptcode":"0301","custcode":"C'1","personcode":"00001","define10":"K-1","memo":"急","dpredatebt":"2025-03-13","taxrate":13,"entry":[
		{"rowno":1,"inventorycode":"P1","unitcode":"0101","quantity":20,"taxunitprice":12.3456,"taxrate":13,"bgift":0,"sum":246.91,"natsum":246.91,"money":218.5,"natmoney":218.5,"tax":28.41,"nattax":28.41,"unitprice":10.92531,"natunitprice":10.92531},
		{"rowno":2,"inventorycode":"P2","unitcode":"0101","quantity":0.5,"taxunitprice":0,"taxrate":13,"bgift":1,"sum":0,"natsum":0,"money":0,"natmoney":0,"tax":0,"nattax":0,"unitprice":0,"natunitprice":0}]}}`, string(text))
}
