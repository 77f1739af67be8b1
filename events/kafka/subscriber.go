package kafka

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"

	"tributary/internal/errs"
)

// SubscriberConfig is a Config with the settings of the consumer; their zero values are the defaults.
type SubscriberConfig struct {
	Config
	// Group is the consumer group: its members share the partitions and the broker remembers what they acknowledged.
	// Empty: every Subscribe reads all partitions by itself and nothing is remembered.
	Group string
	// FromEnd begins with records that come later, where nothing is remembered. Default: from the first record kept.
	FromEnd bool
	// NackDelay is the pause before a message that was not acknowledged is given out again; default 100 ms.
	NackDelay time.Duration
	// CloseTimeout is how long Close, and a partition that moves to another member, waits for the message that is out
	// to be acknowledged; default 5 s. It must stay below RebalanceTimeout.
	CloseTimeout time.Duration
	// FetchBytes is what one request brings at most, per partition; default 1 MiB. A larger record still comes.
	FetchBytes int
	// Heartbeat, SessionTimeout and RebalanceTimeout are those of the group protocol; defaults 3 s, 10 s, 30 s. A
	// member that died, or lost its broker, holds its partitions for a SessionTimeout; brokers refuse less than 6 s.
	Heartbeat, SessionTimeout, RebalanceTimeout time.Duration
	// NewTopic shapes a topic that SubscribeInitialize has to make; its Name is ignored.
	NewTopic TopicSpec
}

// Subscriber reads messages from Kafka. It is safe for concurrent use.
type Subscriber struct {
	cfg    SubscriberConfig
	link   *link
	logger watermill.LoggerAdapter

	mu      sync.Mutex      // between Subscribe and Close
	closing context.Context // ends with Close
	close   context.CancelFunc
	running sync.WaitGroup
}

var (
	_ message.Subscriber           = (*Subscriber)(nil)
	_ message.SubscribeInitializer = (*Subscriber)(nil)
)

// NewSubscriber checks the configuration; it connects at the first Subscribe.
func NewSubscriber(cfg SubscriberConfig, logger watermill.LoggerAdapter) (*Subscriber, error) {
	cfg.NackDelay = cmp.Or(cfg.NackDelay, 100*time.Millisecond)
	cfg.CloseTimeout = cmp.Or(cfg.CloseTimeout, 5*time.Second)
	cfg.FetchBytes = cmp.Or(cfg.FetchBytes, 1<<20)
	cfg.Heartbeat = cmp.Or(cfg.Heartbeat, 3*time.Second)
	cfg.SessionTimeout = cmp.Or(cfg.SessionTimeout, 10*time.Second)
	cfg.RebalanceTimeout = cmp.Or(cfg.RebalanceTimeout, 30*time.Second)
	l, err := cfg.open()
	if err != nil {
		return nil, err
	}
	closing, closeAll := context.WithCancel(context.Background())
	return &Subscriber{cfg: cfg, link: l, logger: logger, closing: closing, close: closeAll}, nil
}

// Subscribe gives out the messages of a topic until ctx ends or the Subscriber is closed; then it closes the channel.
// Every message must be acknowledged, or not, before the next of its partition comes. The context of a message ends
// with its acknowledgement, CloseTimeout after the subscription was told to stop, or with ctx.
//
// Failures of the connection are logged and retried for ever. A topic that does not exist yet is waited for. When the
// records to go on from are gone, reading goes on from the first record kept.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Err() != nil {
		return nil, errs.New(errs.Unavailable, "kafka.closed", nil)
	}
	stop, cancel := context.WithCancel(ctx)
	sub := &subscription{
		cfg: s.cfg, link: s.link, topic: topic, values: ctx, stop: stop,
		out: make(chan *message.Message),
		log: orNop(s.logger).With(watermill.LogFields{"topic": topic, "group": s.cfg.Group}),
	}
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		defer cancel()
		defer context.AfterFunc(s.closing, cancel)()
		sub.run()
	}()
	return sub.out, nil
}

// SubscribeInitialize makes the topic when it does not exist, shaped as NewTopic says.
func (s *Subscriber) SubscribeInitialize(topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*netWait)
	defer cancel()
	spec := s.cfg.NewTopic
	spec.Name = topic
	admin := Admin{cfg: s.cfg.Config}
	_, err := admin.EnsureTopics(ctx, []TopicSpec{spec})
	return err
}

// Close stops all subscriptions: no message is given out any more, those that are out have CloseTimeout to be
// acknowledged. It returns when every channel is closed and the group is left; it may be called again.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.close()
	s.mu.Unlock()
	s.running.Wait()
	s.link.close()
	return nil
}

// groupConfig is the library's form of the settings.
func (s *subscription) groupConfig() kafkago.ConsumerGroupConfig {
	start := kafkago.FirstOffset
	if s.cfg.FromEnd {
		start = kafkago.LastOffset
	}
	return kafkago.ConsumerGroupConfig{
		ID: s.cfg.Group, Brokers: s.link.brokers, Dialer: s.link.dialer, Topics: []string{s.topic},
		HeartbeatInterval: s.cfg.Heartbeat, SessionTimeout: s.cfg.SessionTimeout,
		RebalanceTimeout: s.cfg.RebalanceTimeout, StartOffset: start,
		// A topic made later, or grown, is noticed.
		WatchPartitionChanges: true,
		// The default of 5 s is paid on every fresh broker, while it makes its offsets topic.
		JoinGroupBackoff: 250 * time.Millisecond,
		ErrorLogger: kafkago.LoggerFunc(func(format string, args ...any) {
			logf(s.log, format, args...)
		}),
	}
}

func orNop(l watermill.LoggerAdapter) watermill.LoggerAdapter {
	if l == nil {
		return watermill.NopLogger{}
	}
	return l
}
