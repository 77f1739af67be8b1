package kafka_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/events/embedded"
	"tributary/events/kafka"
	"tributary/internal/errs"
)

func TestRecordsArriveAsPublished(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
			topic := prefix + codec
			createTopic(t, cfg, kafka.TopicSpec{Name: topic, Partitions: 1})
			pub := newPublisher(t, kafka.PublisherConfig{Config: cfg, Compression: codec})
			at := time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC)

			value := event("金-1", 1)
			value.Metadata.Set("ce_type", "tributary.customer.golden.updated.v1")
			value.Metadata.Set("ce_id", value.UUID)
			value.Metadata.Set(kafka.TimeMetadata, at.Format(time.RFC3339Nano))
			tombstone := message.NewMessage("gone", nil)
			tombstone.Metadata.Set(kafka.KeyMetadata, "金-1")
			empty := message.NewMessage("empty", []byte{})
			require.NoError(t, pub.Publish(topic, value, tombstone, empty))

			got := readTopic(t, cfg, topic)
			require.Len(t, got, 3, codec)
			require.Equal(t, "金-1", string(got[0].Key))
			require.Equal(t, "1", string(got[0].Value))
			require.Equal(t, kafka.Position{Topic: topic, Partition: 0, Offset: 0, Time: at}, got[0].Position)
			require.Equal(t, []kafka.Header{
				{Key: "ce_id", Value: []byte(value.UUID)},
				{Key: "ce_type", Value: []byte("tributary.customer.golden.updated.v1")},
			}, got[0].Headers)
			require.Nil(t, got[1].Value, "a nil payload is a tombstone")
			require.Equal(t, "金-1", string(got[1].Key))
			require.NotNil(t, got[2].Value, "an empty payload is none")
			require.Nil(t, got[2].Key)
			require.WithinDuration(t, time.Now(), got[2].Time, time.Minute)
		}
	})
}

// The vectors are those of Kafka's own partitioner test; Java producers put these keys where we do.
func TestKeysGoWhereJavaPutsThem(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		const partitions = 12
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: partitions})
		hashes := map[string]int32{
			"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536,
			"a-little-bit-longer-string": -1486304829, "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
			"abc": 479470107,
		}
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		for key := range hashes {
			require.NoError(t, pub.Publish(prefix, event(key, 0)))
		}
		got := readTopic(t, cfg, prefix)
		require.Len(t, got, len(hashes))
		for _, r := range got {
			require.EqualValues(t, (hashes[string(r.Key)]&0x7fffffff)%partitions, r.Partition, string(r.Key))
		}
	})
}

// One message the broker refuses: the error names it, what was before it is stored, and nothing after its batch is sent.
func TestWriteErrorNamesTheFirstNotStored(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 1, Config: map[string]string{"max.message.bytes": "2000"}})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg, BatchSize: 1})
		big := event("k", 2)
		big.Payload = []byte(strings.Repeat("x", 5000))
		err := pub.Publish(prefix, event("k", 0), event("k", 1), big, event("k", 3))
		w := writeErrorOf(t, err)
		require.Equal(t, 2, w.Index)
		require.Equal(t, 4, w.Count)
		require.Equal(t, 2, w.Failed())
		require.Equal(t, prefix, w.Topic)
		require.Equal(t, "kafka.broker_too_large", errs.CodeOf(err))
		require.True(t, errs.Is(err, errs.Invalid))
		require.ErrorContains(t, err, "message 3 of 4")
		require.Equal(t, []error{nil, nil}, w.Errs[:2])
		require.Len(t, readTopic(t, cfg, prefix), 2)
	})
}

func TestPublishRefusesBeforeSending(t *testing.T) {
	cfg := startEmbedded(t)
	createTopic(t, cfg, kafka.TopicSpec{Name: "t", Partitions: 1})
	pub := newPublisher(t, kafka.PublisherConfig{Config: cfg, BatchBytes: 1000})
	big := event("k", 1)
	big.Payload = make([]byte, 1001)
	w := writeErrorOf(t, pub.Publish("t", event("k", 0), big))
	require.Zero(t, w.Index, "nothing was sent, so the first is not stored")
	require.Equal(t, 2, w.Failed())
	require.Equal(t, "kafka.too_large", errs.CodeOf(w))
	require.ErrorContains(t, w, "message 2 of 2")

	ended, cancel := context.WithCancel(context.Background())
	cancel()
	w = writeErrorOf(t, pub.PublishContext(ended, "t", event("k", 0)))
	require.ErrorIs(t, w, context.Canceled)
	require.Empty(t, readTopic(t, cfg, "t"))

	err := pub.Publish("nobody-made-this", event("k", 0))
	require.Equal(t, "kafka.no_topic", errs.CodeOf(err))
	require.True(t, errs.Is(err, errs.NotFound))

	require.NoError(t, pub.Publish("t"))
	require.NoError(t, pub.Close())
	require.NoError(t, pub.Close())
	require.Equal(t, "kafka.closed", errs.CodeOf(pub.Publish("t", event("k", 0))))
}

// A topic made after the publisher learned the cluster's layout is found.
func TestPublishFindsANewTopic(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		for _, name := range []string{"1", "2", "3"} {
			createTopic(t, cfg, kafka.TopicSpec{Name: prefix + name, Partitions: 1})
			require.NoError(t, pub.Publish(prefix+name, event("k", 0)))
		}
	})
}

// A call larger than a batch keeps the order of each key, and forks do not wait for each other's queues.
func TestLargeCallsKeepOrder(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 3})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg, BatchSize: 50})
		const senders, each = 4, 500
		var all sync.WaitGroup
		errors := make([]error, senders)
		for s := range senders {
			fork := pub.Fork()
			all.Go(func() {
				defer func() { _ = fork.Close() }()
				var messages []*message.Message
				for n := range each {
					messages = append(messages, event(string(rune('a'+s)), n))
				}
				errors[s] = fork.Publish(prefix, messages...)
			})
		}
		all.Wait()
		require.Equal(t, make([]error, senders), errors)
		seen := map[string]int{}
		for _, r := range readTopic(t, cfg, prefix) {
			require.Equal(t, string(event(string(r.Key), seen[string(r.Key)]).Payload), string(r.Value))
			seen[string(r.Key)]++
		}
		require.Equal(t, map[string]int{"a": each, "b": each, "c": each, "d": each}, seen)
	})
}

// A broker that takes connections and never answers, and one that is gone: the call ends within what MaxDuration says.
func TestPublishIsBounded(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = silent.Close() }() // nobody accepts: the kernel does
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	gone := kafka.Config{Brokers: []string{b.Addr()}, DialTimeout: 200 * time.Millisecond}
	createTopic(t, gone, kafka.TopicSpec{Name: "t", Partitions: 1})
	for name, cfg := range map[string]kafka.Config{
		"silent": {Brokers: []string{silent.Addr().String()}, DialTimeout: 200 * time.Millisecond},
		"gone":   gone,
	} {
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg, WriteTimeout: 200 * time.Millisecond, MaxAttempts: 2})
		if name == "gone" {
			require.NoError(t, pub.Publish("t", event("k", 0)))
			require.NoError(t, b.Close())
		}
		began := time.Now()
		err := pub.Publish("t", event("k", 1))
		require.Less(t, time.Since(began), pub.MaxDuration()+2*time.Second, name)
		require.True(t, errs.Is(err, errs.Unavailable), "%s: %v", name, err)
		require.Zero(t, writeErrorOf(t, err).Index)
	}
}
