package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/events/embedded"
	"tributary/events/kafka"
)

// A broker that goes away and comes back at the same address, its log kept: the same publisher and subscribers go on,
// and nothing is lost. A member that could not say goodbye is waited for as long as its session lasts.
func TestBrokerRestart(t *testing.T) {
	dir := t.TempDir()
	run := func(listen string) *embedded.Broker {
		b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: listen})
		require.NoError(t, err)
		return b
	}
	b := run("127.0.0.1:0")
	address := b.Addr()
	cfg := kafka.Config{Brokers: []string{address}, DialTimeout: time.Second}
	createTopic(t, cfg, kafka.TopicSpec{Name: "t", Partitions: 2})
	pub := newPublisher(t, kafka.PublisherConfig{Config: cfg, WriteTimeout: time.Second, MaxAttempts: 1})
	subscribers := map[string]*kafka.Subscriber{
		"alone": newSubscriber(t, kafka.SubscriberConfig{Config: cfg}),
		"group": newSubscriber(t, kafka.SubscriberConfig{Config: cfg, Group: "g", Heartbeat: 100 * time.Millisecond, SessionTimeout: 6 * time.Second}),
	}
	seen := map[string]map[string]bool{}
	read := map[string]func(string){}
	for name, s := range subscribers {
		messages, err := s.Subscribe(context.Background(), "t")
		require.NoError(t, err)
		seen[name] = map[string]bool{}
		read[name] = func(id string) {
			for !seen[name][id] {
				m := next(t, messages)
				seen[name][m.UUID] = true
				m.Ack()
			}
		}
	}
	for n := range 3 {
		require.Eventually(t, func() bool { return pub.Publish("t", event("k", n)) == nil }, 20*time.Second, 50*time.Millisecond)
		for name := range subscribers {
			read[name](event("k", n).UUID)
		}
		require.NoError(t, b.Close())
		require.Error(t, pub.Publish("t", event("lost", n)))
		b = run(address)
	}
	t.Cleanup(func() { require.NoError(t, b.Close()) })
}
