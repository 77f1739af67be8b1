package kafka_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/events/kafka"
	"tributary/test/servers"
)

// What the relay does: calls of 500 keyed events of 512 bytes, from several senders at once.
func BenchmarkPublish(b *testing.B) {
	const call, size = 500, 512
	cfg := kafka.Config{Brokers: []string{servers.Kafka(b)}}
	topic := servers.TopicPrefix(b) + "bench"
	createTopic(b, cfg, kafka.TopicSpec{Name: topic, Partitions: 3})
	for _, senders := range []int{1, 4, 16} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: cfg}, nil)
			require.NoError(b, err)
			defer func() { _ = pub.Close() }()
			messages := make([]*message.Message, call)
			for i := range messages {
				messages[i] = message.NewMessage(fmt.Sprint(i), make([]byte, size))
				messages[i].Metadata = message.Metadata{kafka.KeyMetadata: fmt.Sprint("key-", i), "ce_id": fmt.Sprint(i)}
			}
			b.ReportAllocs()
			b.SetBytes(call * size)
			work := make(chan struct{}, b.N)
			for range b.N {
				work <- struct{}{}
			}
			close(work)
			b.ResetTimer()
			var all sync.WaitGroup
			for range senders {
				fork := pub.Fork()
				all.Go(func() {
					defer func() { _ = fork.Close() }()
					for range work {
						if err := fork.Publish(topic, messages...); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(call*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
