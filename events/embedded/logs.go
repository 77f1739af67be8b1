package embedded

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TopicLog is how much of a topic the broker holds.
type TopicLog struct {
	Partitions int
	Records    int64 // kept; every record ever acknowledged unless someone deleted some, for nothing else drops any
	Bytes      int64
}

// Logs tells what the broker holds, by topic. The caller compares it with what its database says was published: a
// topic that is missing, holds fewer records, or has grown too large is to be made anew and published again.
func (b *Broker) Logs(ctx context.Context) (map[string]TopicLog, error) {
	opts := []kgo.Opt{kgo.SeedBrokers(b.addr)}
	if b.dialer != nil {
		opts = append(opts, kgo.Dialer(b.dialer))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to the embedded broker: %w", err)
	}
	defer client.Close()
	req := kmsg.NewPtrMetadataRequest()
	req.Topics = nil // all
	res, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("list the topics of the embedded broker: %w", err)
	}
	out := make(map[string]TopicLog, len(res.Topics))
	for _, t := range res.Topics {
		if t.Topic == nil {
			continue
		}
		var log TopicLog
		for _, p := range b.cluster.PartitionInfos(*t.Topic) {
			log.Partitions++
			log.Records += p.HighWatermark - p.LogStartOffset
			log.Bytes += p.NumBytes
		}
		out[*t.Topic] = log
	}
	return out, nil
}

// Remove deletes a topic with all its records, to make it anew. Consumers that remember an offset begin from the first
// record again.
func (b *Broker) Remove(topic string) error {
	if err := b.cluster.DeleteTopic(topic); err != nil {
		return fmt.Errorf("delete topic %s of the embedded broker: %w", topic, err)
	}
	return nil
}
