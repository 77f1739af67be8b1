package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/events"
	"tributary/events/kafka"
	"tributary/test/e2e/harness"
)

// orderKills is how often the service is killed while a storm of orders comes in.
const orderKills = 3

// stormSize is how many orders come; TRIBUTARY_CHAOS_ORDERS makes it another storm.
func stormSize(t *testing.T) int {
	text := os.Getenv("TRIBUTARY_CHAOS_ORDERS")
	if text == "" {
		return 60
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// Orders that come again and again, from files and from Kafka, while the service is killed, exist once each, and every
// requester hears one end.
func TestAStormOfOrdersCreatesEachOnce(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := l.Addr().String()
		require.NoError(t, l.Close())
		all := sites(t)
		storm(t, harness.New(t, harness.Options{Company: harness.NewCompany(), Config: connectionsOf(all) + fmt.Sprintf("kafka: {embedded: true, listen: %q}\nhttp: {listen: \"127.0.0.1:0\"}\n", address)}), all, address)
	})
	t.Run("production", func(t *testing.T) {
		t.Parallel()
		all := sites(t)
		h := harness.Production(t, harness.Options{Company: harness.NewCompany(), Config: connectionsOf(all)})
		storm(t, h, all, h.Kafka)
	})
}

func storm(t *testing.T, h *harness.Hub, all []site, broker string) {
	n := stormSize(t)
	k := newKiller(t, h)
	var orders []canonical.OrderRequest
	day, err := canonical.ParseDate("2026-03-01")
	require.NoError(t, err)
	for i := range n {
		o := canonical.OrderRequest{Key: fmt.Sprintf("%s-%05d", h.Company, i), Company: h.Company, Connection: all[i%len(all)].name, Customer: "C1", Date: day,
			Lines: []canonical.OrderLine{{Product: "P1", Quantity: canonical.Units(int64(i + 1)), Unit: "盒", Price: canonical.Units(12)}}}
		if i%5 == 4 { // in every system
			o.Customer = "nobody"
		}
		orders = append(orders, o)
	}
	file := func(name string, from, to int) string {
		var lines strings.Builder
		for _, o := range orders[from:to] {
			b, err := json.Marshal(o)
			require.NoError(t, err)
			lines.Write(append(b, '\n'))
		}
		return h.Write(name, lines.String())
	}
	first, second := file("first.jsonl", 0, n*2/3), file("second.jsonl", n/3, n)
	for range orderKills {
		serve := h.Start("serve")
		serve.Line("Stop with")
		publish(t, k.rand, broker, orders)
		one := h.Start("orders", "submit", first, "--no-send", "--quiet")
		two := h.Start("orders", "submit", second, "--quiet")
		time.Sleep(time.Duration(300+k.rand.IntN(2700)) * time.Millisecond)
		serve.Signal(syscall.SIGKILL)
		two.Signal(syscall.SIGKILL)
		for _, p := range []*harness.Process{serve, one, two} {
			p.Wait(time.Minute)
		}
	}
	began := time.Now()
	serve := h.Start("serve")
	serve.Line("Stop with")
	publish(t, k.rand, broker, orders)
	var list struct {
		Totals map[canonical.OrderState]int
		Orders []struct {
			Key   string
			State canonical.OrderState
		}
	}
	ended := func() int {
		clear(list.Totals) // what is decoded into a map is added to it
		h.Into(&list, "orders", "list", "--limit", "100000", "--quiet")
		return list.Totals[canonical.OrderConfirmed] + list.Totals[canonical.OrderRefused] + list.Totals[canonical.OrderSent]
	}
	for deadline := time.Now().Add(2*time.Minute + time.Duration(n)*300*time.Millisecond); ended() < n; time.Sleep(time.Second) {
		require.True(t, time.Now().Before(deadline), "%v", list.Totals)
	}
	t.Logf("%d orders: %v, last round %s", n, list.Totals, time.Since(began).Round(time.Second))

	changed := orders[0]
	changed.Note = "other content"
	text, err := json.Marshal(changed)
	require.NoError(t, err)
	require.Equal(t, 1, h.Run("orders", "submit", h.Write("changed.json", string(text)), "--quiet").Code)
	require.Zero(t, h.Run("orders", "submit", first, "--quiet").Code, "the same again is no mistake")
	serve.Signal(syscall.SIGTERM)
	serve.Wait(time.Minute)
	h.OK("relay", "--once")

	bills := map[string]int{}
	for _, s := range all {
		for _, bill := range s.orders() {
			key, _ := bill[s.key].(string)
			bills[s.name+" "+key]++
			require.Equal(t, s.done, fmt.Sprint(bill[s.state]), "%s %s", s.name, key)
		}
	}
	log := h.Log(events.TopicOrderStatus)
	log.CheckOrder(t)
	log.CheckSchemas(t)
	ends := map[string]map[string]string{} // by key: what each end says
	for _, r := range log {
		var v events.OrderStatusValue
		require.NoError(t, json.Unmarshal(r.Value, &v))
		if v.Final && !strings.Contains(r.Headers["ce_type"], "conflicted") {
			if ends[r.Key] == nil {
				ends[r.Key] = map[string]string{}
			}
			ends[r.Key][r.Headers["ce_id"]] = string(v.State)
		}
	}
	for _, o := range orders {
		want, state := 1, canonical.OrderConfirmed
		if o.Customer == "nobody" {
			want, state = 0, canonical.OrderRefused
		}
		require.Equal(t, want, bills[o.Connection+" "+o.Key], "bills of %s in %s", o.Key, o.Connection)
		require.Len(t, ends[o.Key], 1, "ends of %s", o.Key)
		for _, s := range ends[o.Key] {
			require.Equal(t, string(state), s, o.Key)
		}
	}
	require.Len(t, bills, len(orders)-len(orders)/5)
}

// publish sends orders to Kafka in an order of its own, as a requester does that resends until it is told that it was heard.
func publish(t *testing.T, r *rand.Rand, broker string, orders []canonical.OrderRequest) {
	t.Helper()
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: kafka.Config{Brokers: []string{broker}}, Now: time.Now}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, pub.Close()) }()
	var messages []*message.Message
	for _, i := range r.Perm(len(orders)) {
		b, err := json.Marshal(orders[i])
		require.NoError(t, err)
		m := message.NewMessage("", b)
		m.Metadata.Set(kafka.KeyMetadata, orders[i].Key)
		messages = append(messages, m)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		if err = pub.PublishContext(ctx, events.TopicOrders, messages...); err == nil {
			return
		}
		require.NoError(t, ctx.Err(), "%v", err)
		time.Sleep(100 * time.Millisecond)
	}
}
