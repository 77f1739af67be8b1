package chaos

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/events"
	"tributary/events/kafka"
	"tributary/test/e2e/harness"
)

// Records that are no orders are set aside with their reason and origin and stop none behind them; what a dead process had
// acknowledged is stored, and nothing of it is done twice.
func TestOrdersInFromKafka(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		var lc net.ListenConfig
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := l.Addr().String()
		require.NoError(t, l.Close())
		ordersIn(t, harness.New(t, harness.Options{Company: harness.NewCompany(), Config: connectionsOf(sites(t)[:1]) + fmt.Sprintf("kafka: {embedded: true, listen: %q}\nhttp: {listen: \"127.0.0.1:0\"}\n", address)}), address)
	})
	t.Run("production", func(t *testing.T) {
		t.Parallel()
		h := harness.Production(t, harness.Options{Company: harness.NewCompany(), Config: connectionsOf(sites(t)[:1])})
		ordersIn(t, h, h.Kafka)
	})
}

func ordersIn(t *testing.T, h *harness.Hub, broker string) {
	order := func(n int) (key, text string) {
		key = fmt.Sprintf("%s-%d", h.Company, n)
		return key, fmt.Sprintf(`{"key":%q,"company":%q,"customer":"C1","date":"2026-03-01","lines":[{"product":"P1","quantity":"20"}]}`, key, h.Company)
	}
	poison := []string{"no JSON, " + h.Company, fmt.Sprintf(`{"note":"without a key, %s"}`, h.Company)}
	send := func(text, key string) {
		t.Helper()
		pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: kafka.Config{Brokers: []string{broker}}, Now: time.Now}, nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, pub.Close()) }()
		m := message.NewMessage("", []byte(text))
		if key != "" {
			m.Metadata.Set(kafka.KeyMetadata, key)
		}
		require.Eventually(t, func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			return pub.PublishContext(ctx, events.TopicOrders, m) == nil
		}, time.Minute, 100*time.Millisecond)
	}
	known := func(n int) func() bool {
		key, _ := order(n)
		return func() bool { return h.Run("orders", "show", key).Code == 0 }
	}
	for round := range 2 {
		serve := h.Start("serve")
		serve.Line("Stop with")
		for _, text := range poison {
			send(text, "")
		}
		key, text := order(round)
		send(text, key)
		send(text, "")
		h.Await("the order behind the poison", known(round))
		serve.Signal(syscall.SIGKILL)
		serve.Wait(time.Minute)
	}
	serve := h.Start("serve")
	serve.Line("Stop with")
	key, text := order(2)
	send(text, key)
	h.Await("the order after the kills", known(2))
	letters := deadLetters(t, broker, h.Company)
	serve.Signal(syscall.SIGTERM)
	serve.Wait(time.Minute)

	origins := map[string]string{}
	for _, m := range letters {
		head := func(name string) string { return m.Metadata.Get("__connect.errors." + name) }
		require.Equal(t, events.TopicOrders, head("topic"))
		require.Equal(t, "VALUE_CONVERTER", head("stage"))
		require.Equal(t, "order.message", head("exception.class.name"))
		require.NotEmpty(t, head("exception.message"))
		require.NotContains(t, head("exception.message"), "goroutine")
		origins[head("partition")+"/"+head("offset")] = string(m.Payload)
	}
	count := map[string]int{}
	for _, text := range origins {
		count[text]++
	}
	require.Equal(t, map[string]int{poison[0]: 2, poison[1]: 2}, count, "each record is set aside, unchanged")
	var list struct{ Orders []struct{ Key string } }
	h.Into(&list, "orders", "list", "--quiet")
	require.Len(t, list.Orders, 3)
}

// deadLetters are those that the hub of a company wrote: on a shared broker others read the same topic.
func deadLetters(t *testing.T, broker, company string) (out []*message.Message) {
	t.Helper()
	sub, err := kafka.NewSubscriber(kafka.SubscriberConfig{Config: kafka.Config{Brokers: []string{broker}}}, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, sub.Close()) }()
	messages, err := sub.Subscribe(t.Context(), events.InboundTopics()[0].Dead)
	require.NoError(t, err)
	for quiet := 10 * time.Second; ; {
		select {
		case m := <-messages:
			m.Ack()
			if strings.HasSuffix(m.Metadata.Get("__connect.errors.connector.name"), company) && strings.Contains(string(m.Payload), company) {
				out = append(out, m)
				quiet = 2 * time.Second
			}
		case <-time.After(quiet):
			return out
		}
	}
}
