package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/events/embedded"
	"tributary/events/kafka"
	"tributary/test/servers"
)

// onBrokers runs a test on the embedded broker and on Apache Kafka; prefix keeps its topics apart from all others.
func onBrokers(t *testing.T, run func(t *testing.T, cfg kafka.Config, prefix string)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		run(t, startEmbedded(t), servers.TopicPrefix(t))
	})
	t.Run("kafka", func(t *testing.T) {
		t.Parallel()
		run(t, kafka.Config{Brokers: []string{servers.Kafka(t)}}, servers.TopicPrefix(t))
	})
}

func startEmbedded(t testing.TB) kafka.Config {
	t.Helper()
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return kafka.Config{Brokers: []string{b.Addr()}}
}

func newPublisher(t testing.TB, cfg kafka.PublisherConfig) *kafka.Publisher {
	t.Helper()
	p, err := kafka.NewPublisher(cfg, watermill.NopLogger{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func newSubscriber(t testing.TB, cfg kafka.SubscriberConfig) *kafka.Subscriber {
	t.Helper()
	if cfg.CloseTimeout == 0 {
		cfg.CloseTimeout = 200 * time.Millisecond
	}
	s, err := kafka.NewSubscriber(cfg, watermill.NopLogger{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func createTopic(t testing.TB, cfg kafka.Config, spec kafka.TopicSpec) {
	t.Helper()
	admin, err := kafka.NewAdmin(cfg)
	require.NoError(t, err)
	_, err = admin.EnsureTopics(deadline(t), []kafka.TopicSpec{spec})
	require.NoError(t, err)
}

// deadline is a context for whatever should take a moment.
func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// event makes a keyed message, its payload and id telling its number.
func event(key string, n int) *message.Message {
	m := message.NewMessage(fmt.Sprintf("%s-%d", key, n), fmt.Appendf(nil, "%d", n))
	m.Metadata.Set(kafka.KeyMetadata, key)
	return m
}

// next waits for a message; it does not acknowledge it.
func next(t testing.TB, from <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, open := <-from:
		require.True(t, open, "the channel is closed")
		return m
	case <-time.After(20 * time.Second):
		require.Fail(t, "no message came")
		return nil
	}
}

// readTopic reads all records a topic holds.
func readTopic(t testing.TB, cfg kafka.Config, topic string) []kafka.Record {
	t.Helper()
	r, err := kafka.NewReader(kafka.ReaderConfig{Config: cfg})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	var out []kafka.Record
	require.NoError(t, r.Read(deadline(t), topic, kafka.ReadOptions{}, func(rec kafka.Record) error {
		out = append(out, rec)
		return nil
	}))
	return out
}

func writeErrorOf(t testing.TB, err error) *kafka.WriteError {
	t.Helper()
	var w *kafka.WriteError
	require.True(t, errors.As(err, &w), "%v", err)
	return w
}
