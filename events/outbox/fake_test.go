package outbox_test

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/cenkalti/backoff/v4"
	"github.com/stretchr/testify/require"

	"tributary/events"
	"tributary/events/kafka"
	"tributary/events/outbox"
	"tributary/store"
)

// clock moves by a millisecond each time it is read, and further when a test says so.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(time.Millisecond)
	return c.t
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// record is what the fake broker keeps.
type record struct {
	Topic, Key, ID, Version string
	Value                   []byte
}

// fault is what happens to one call.
type fault string

const (
	fine     fault = "fine"
	refused  fault = "refused"   // nothing is stored
	oneFails fault = "one fails" // the batch of one partition is not stored, the others are
	unknown  fault = "unknown"   // all is stored, and the answer gets lost
	vague    fault = "vague"     // all is stored, and the error does not even name a message
)

// broker is a Kafka whose faults the test decides.
type broker struct {
	mu     sync.Mutex
	log    []record
	faults func(topic string, n int) fault
	during func() // while a call is under way
	inside map[int]int
	clash  bool // two calls for one shard at once
}

const partitions = 3

func partitionOf(key string) uint32 {
	h := fnv.New32()
	_, _ = io.WriteString(h, key)
	return h.Sum32() % partitions
}

var errBroker = errors.New("broker says no")

func (b *broker) PublishContext(ctx context.Context, topic string, messages ...*message.Message) error {
	if err := ctx.Err(); err != nil {
		return &kafka.WriteError{Topic: topic, Count: len(messages), Err: err}
	}
	shard := events.Shard(messages[0].Metadata[kafka.KeyMetadata])
	b.enter(shard, 1)
	defer b.enter(shard, -1)
	f := fine
	if b.faults != nil {
		f = b.faults(topic, len(messages))
	}
	if b.during != nil {
		b.during()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bad := uint32(partitions)
	if f == oneFails {
		bad = partitionOf(messages[len(messages)/2].Metadata[kafka.KeyMetadata])
	}
	first := -1
	for i, m := range messages {
		key := m.Metadata[kafka.KeyMetadata]
		if f == refused || partitionOf(key) == bad {
			if first < 0 {
				first = i
			}
			continue
		}
		b.log = append(b.log, record{topic, key, m.Metadata["ce_id"], m.Metadata["ce_entityversion"], m.Payload})
	}
	switch {
	case f == vague:
		return errBroker
	case f == unknown:
		return &kafka.WriteError{Topic: topic, Count: len(messages), Err: errBroker}
	case first >= 0:
		return &kafka.WriteError{Topic: topic, Index: first, Count: len(messages), Err: errBroker}
	}
	return nil
}

func (b *broker) enter(shard, n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.inside == nil {
		b.inside = map[int]int{}
	}
	b.inside[shard] += n
	b.clash = b.clash || b.inside[shard] > 1
}

func (b *broker) Publish(topic string, messages ...*message.Message) error {
	return b.PublishContext(context.Background(), topic, messages...)
}
func (b *broker) MaxDuration() time.Duration { return 10 * time.Second }
func (b *broker) Close() error               { return nil }

func (b *broker) records() []record {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]record(nil), b.log...)
}

func newRelay(t require.TestingT, q outbox.Queue, b *broker, c *clock, change ...func(*outbox.Config)) *outbox.Relay {
	cfg := outbox.Config{
		Source: "/tributary/M", Now: c.Now, Lease: time.Minute, Poll: time.Millisecond, Patience: time.Millisecond, WaitOut: true,
		NewBackOff: func() backoff.BackOff { return &backoff.ZeroBackOff{} },
	}
	for _, f := range change {
		f(&cfg)
	}
	r, err := outbox.New(cfg, q, func() (outbox.Publisher, error) { return b, nil }, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return r
}

func productEvent(code string, version int64) events.Event {
	return events.Product(events.Meta{Op: events.Updated, Version: version, Time: time.Unix(1e9, 0)}, events.ProductValue{Code: code})
}

func appendEvents(t require.TestingT, db *store.DB, evs ...events.Event) {
	ctx := context.Background()
	require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.AppendEvents(ctx, evs) }))
}
