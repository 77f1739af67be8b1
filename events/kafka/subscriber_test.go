package kafka_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tributary/events/embedded"
	"tributary/events/kafka"
	"tributary/internal/errs"
)

// What was acknowledged does not come again; what was not, does.
func TestAckCommitsAndNackDoesNot(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 1})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		require.NoError(t, pub.Publish(prefix, event("k", 0), event("k", 1), event("k", 2)))
		group := kafka.SubscriberConfig{Config: cfg, Group: prefix + "g", NackDelay: time.Millisecond}

		first := newSubscriber(t, group)
		messages, err := first.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		require.True(t, next(t, messages).Ack())
		for range 3 {
			m := next(t, messages)
			require.Equal(t, "k-1", m.UUID)
			require.True(t, m.Nack())
		}
		require.NoError(t, first.Close())

		second := newSubscriber(t, group)
		messages, err = second.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		m := next(t, messages)
		require.Equal(t, "k-1", m.UUID)
		require.Equal(t, "k", m.Metadata.Get(kafka.KeyMetadata))
		at, ok := kafka.PositionOf(m.Context())
		require.True(t, ok)
		require.Equal(t, prefix, at.Topic)
		require.EqualValues(t, 1, at.Offset)
		require.True(t, m.Ack())
	})
}

// A handler that is at work when Close is called may finish, and its acknowledgement counts.
func TestCloseWaitsForTheMessageThatIsOut(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 1})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		require.NoError(t, pub.Publish(prefix, event("k", 0), event("k", 1)))
		group := kafka.SubscriberConfig{Config: cfg, Group: prefix + "g", CloseTimeout: 10 * time.Second}
		first := newSubscriber(t, group)
		messages, err := first.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		m := next(t, messages)
		closed := make(chan error, 1)
		go func() { closed <- first.Close() }()
		select {
		case <-closed:
			require.Fail(t, "Close did not wait")
		case <-m.Context().Done():
			require.Fail(t, "the handler was not given its time")
		case <-time.After(300 * time.Millisecond):
		}
		require.True(t, m.Ack())
		require.NoError(t, <-closed)
		_, open := <-messages
		require.False(t, open, "no message after Close")

		second := newSubscriber(t, group)
		messages, err = second.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		m = next(t, messages)
		require.Equal(t, "k-1", m.UUID)
		m.Ack()

		_, err = first.Subscribe(context.Background(), prefix)
		require.Equal(t, "kafka.closed", errs.CodeOf(err))
	})
}

// A handler that never answers holds Close up no longer than CloseTimeout, and sees its context end.
func TestCloseGivesUpOnASilentHandler(t *testing.T) {
	cfg := startEmbedded(t)
	createTopic(t, cfg, kafka.TopicSpec{Name: "t", Partitions: 1})
	require.NoError(t, newPublisher(t, kafka.PublisherConfig{Config: cfg}).Publish("t", event("k", 0)))
	for _, group := range []string{"", "g"} {
		s := newSubscriber(t, kafka.SubscriberConfig{Config: cfg, Group: group, CloseTimeout: 100 * time.Millisecond})
		messages, err := s.Subscribe(context.Background(), "t")
		require.NoError(t, err)
		m := next(t, messages)
		require.NoError(t, s.Close())
		<-m.Context().Done()
	}
}

// Two members share the partitions; when one leaves, the other takes its share, in order and without loss.
func TestMembersShareAndHandOver(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 4})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		keys := []string{"a", "b", "c", "d", "e", "f"}
		const each = 40
		for n := range each {
			for _, k := range keys {
				require.NoError(t, pub.Publish(prefix, event(k, n)))
			}
		}
		group := kafka.SubscriberConfig{Config: cfg, Group: prefix + "g", Heartbeat: 100 * time.Millisecond, CloseTimeout: 5 * time.Second}
		var mu sync.Mutex
		order := map[string][]string{}
		note := func(m *message.Message) (total int) {
			mu.Lock()
			defer mu.Unlock()
			k := m.Metadata.Get(kafka.KeyMetadata)
			order[k] = append(order[k], string(m.Payload))
			for _, v := range order {
				total += len(v)
			}
			return total
		}
		leaver, stayer := newSubscriber(t, group), newSubscriber(t, group)
		leaving, err := leaver.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		for range 10 {
			m := next(t, leaving)
			note(m)
			m.Ack()
		}
		staying, err := stayer.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for m := range staying {
				total := note(m)
				m.Ack()
				if total == each*len(keys) {
					return
				}
			}
		}()
		go func() { _ = leaver.Close() }()
		for m := range leaving {
			note(m)
			m.Ack()
		}
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			require.Fail(t, "messages are missing or came twice", "%v", order)
		}
		for _, k := range keys {
			for n, got := range order[k] {
				require.Equal(t, string(event(k, n).Payload), got, "key %s", k)
			}
		}
	})
}

// The log behind a committed offset was made anew and is shorter: reading begins again instead of waiting for ever.
func TestOffsetBeyondTheLogBeginsAgain(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 1})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		require.NoError(t, pub.Publish(prefix, event("k", 0), event("k", 1)))
		client := kafkago.Client{Addr: kafkago.TCP(cfg.Brokers...)}
		var committed *kafkago.OffsetCommitResponse
		require.Eventually(t, func() bool { // a fresh broker makes its offsets topic first
			res, err := client.OffsetCommit(deadline(t), &kafkago.OffsetCommitRequest{
				GroupID: prefix + "g", GenerationID: -1,
				Topics: map[string][]kafkago.OffsetCommit{prefix: {{Partition: 0, Offset: 1000}}},
			})
			committed = res
			return err == nil && res.Topics[prefix][0].Error == nil
		}, 20*time.Second, 100*time.Millisecond, "%v", committed)
		s := newSubscriber(t, kafka.SubscriberConfig{Config: cfg, Group: prefix + "g"})
		messages, err := s.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		m := next(t, messages)
		require.Equal(t, "k-0", m.UUID)
		m.Ack()
	})
}

func TestFromEndSkipsWhatIsThere(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 1})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		require.NoError(t, pub.Publish(prefix, event("old", 0)))
		s := newSubscriber(t, kafka.SubscriberConfig{Config: cfg, FromEnd: true})
		messages, err := s.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		stop := make(chan struct{})
		var feed sync.WaitGroup
		feed.Go(func() { // until the subscription, which begins at some moment, has seen one
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					_ = pub.Publish(prefix, event("new", n))
				}
			}
		})
		m := next(t, messages)
		m.Ack()
		close(stop)
		feed.Wait()
		require.Equal(t, "new", m.Metadata.Get(kafka.KeyMetadata))
	})
}

// A topic that comes later is waited for.
func TestSubscribeBeforeTheTopicExists(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		s := newSubscriber(t, kafka.SubscriberConfig{Config: cfg})
		messages, err := s.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 2})
		require.NoError(t, newPublisher(t, kafka.PublisherConfig{Config: cfg}).Publish(prefix, event("k", 0)))
		next(t, messages).Ack()
	})
}

func TestNothingRunsAfterClose(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	require.NoError(t, err)
	cfg := kafka.Config{Brokers: []string{b.Addr()}}
	createTopic(t, cfg, kafka.TopicSpec{Name: "t", Partitions: 3})
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: cfg}, watermill.NopLogger{})
	require.NoError(t, err)
	require.NoError(t, pub.Publish("t", event("k", 0)))
	for _, group := range []string{"", "g"} {
		s, err := kafka.NewSubscriber(kafka.SubscriberConfig{Config: cfg, Group: group}, nil)
		require.NoError(t, err)
		messages, err := s.Subscribe(context.Background(), "t")
		require.NoError(t, err)
		next(t, messages).Ack()
		var closers sync.WaitGroup
		for range 3 {
			closers.Go(func() { _ = s.Close() })
		}
		closers.Wait()
	}
	require.Len(t, readTopic(t, cfg, "t"), 1)
	require.NoError(t, pub.Close())
	require.NoError(t, b.Close())
}
