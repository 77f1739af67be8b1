package soak

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors/sandbox/world"
	"tributary/test/e2e/harness"
)

// afterwards is how long after a caller gave up a system may still do its work; settings say more.
const (
	afterwards   = 700 * time.Millisecond
	settleOrders = "2s"
)

// keyed are the keys of orders by the field that holds them.
func keyed(orders func() []map[string]any, field string) func() []string {
	return func() (out []string) {
		for _, o := range orders() {
			out = append(out, fmt.Sprint(o[field]))
		}
		return out
	}
}

// desk is who orders: it sends every order again and again, as one does who is not sure to have been heard.
type desk struct {
	hub    *harness.Hub
	orders []canonical.OrderRequest
	files  []string // of one order each
	came   int      // how many were sent once at least
}

// openDesk writes orders for every system that takes some.
func openDesk(h *harness.Hub, w *world.World, systems []*system, n int) *desk {
	d := &desk{hub: h}
	day := canonical.DateOf(time.Now())
	for i := range n {
		for _, s := range systems {
			if s.buyer == "" {
				continue
			}
			o := canonical.OrderRequest{Key: fmt.Sprintf("%s-%s-%04d", h.Company, s.connector[:3], i), Company: h.Company, Connection: connection(s.connector), Customer: s.buyer, Date: day,
				Lines: []canonical.OrderLine{{Product: w.Products[0].Code, Quantity: canonical.Units(int64(i + 1)), Unit: w.Products[0].Unit, Price: canonical.Units(12)}}}
			text, err := json.Marshal(o)
			require.NoError(h.T, err)
			d.orders = append(d.orders, o)
			d.files = append(d.files, h.Write("orders/"+o.Key+".json", string(text)))
		}
	}
	return d
}

// tryOut sends the first order to every system, as one does before orders come by themselves: by it the hub tells later
// whether it sees its orders there.
func (d *desk) tryOut() {
	for first := d.orders[0].Connection; d.came < len(d.orders) && (d.came == 0 || d.orders[d.came].Connection != first); d.came++ {
		d.hub.OK("orders", "submit", d.files[d.came], "--quiet")
	}
}

// order sends a new order, or one that was sent before.
func (d *desk) order(r *rand.Rand) string {
	at := d.came
	if again := at > 0 && r.IntN(3) == 0; again || at == len(d.orders) {
		at = r.IntN(at)
	} else {
		d.came++
	}
	d.hub.OK("orders", "submit", d.files[at], "--no-send", "--quiet")
	return "order sent"
}

// end waits until every order has ended, then looks for each in its system: one that was refused is not there, any other is
// once, also one of which a later step was refused. It returns how they ended.
func (d *desk) end(t *testing.T, systems []*system) map[string]int {
	type ordered struct {
		Key, Connection string
		State           canonical.OrderState
	}
	var list struct{ Orders []ordered }
	ended := func() bool {
		d.hub.Into(&list, "orders", "list", "--limit", "100000", "--quiet")
		return len(list.Orders) == d.came && !slices.ContainsFunc(list.Orders, func(o ordered) bool { return !o.State.Final() })
	}
	for deadline := time.Now().Add(2 * time.Minute); !ended(); time.Sleep(time.Second) {
		require.True(t, time.Now().Before(deadline), "%d orders came: %+v", d.came, list)
	}
	there := map[string]int{}
	for _, s := range systems {
		if s.orders != nil {
			for _, key := range s.orders() {
				there[connection(s.connector)+" "+key]++
			}
		}
	}
	states := map[string]int{}
	for _, o := range list.Orders {
		states[string(o.State)]++
		want := 1
		if o.State == canonical.OrderRefused {
			want = 0
		}
		require.Equal(t, want, there[o.Connection+" "+o.Key], "how often the order %s is in %s, which is %s", o.Key, o.Connection, o.State)
		require.True(t, strings.HasPrefix(o.Key, d.hub.Company))
		delete(there, o.Connection+" "+o.Key)
	}
	require.Empty(t, there, "orders in systems that nobody sent")
	return states
}
