package kafka

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"

	"tributary/internal/errs"
)

// PublisherConfig is a Config with the settings of the producer; their zero values are the defaults.
type PublisherConfig struct {
	Config
	// Compression is none, gzip, snappy, lz4 or zstd; default none.
	Compression string
	// BatchTimeout is how long a batch waits for more messages; every call waits so long at least. Default 5 ms.
	BatchTimeout time.Duration
	// WriteTimeout is how long one attempt may take; default 10 s.
	WriteTimeout time.Duration
	// MaxAttempts of one batch; default 3. See MaxDuration.
	MaxAttempts int
	// BatchSize is how many messages go out together at most; default 500.
	BatchSize int
	// BatchBytes is how many bytes go out together at most, and the largest message that is accepted. It must stay
	// below max.message.bytes of the topics. Default 1,000,000.
	BatchBytes int
	// Now is the clock for record times; default time.Now.
	Now func() time.Time
}

// Publisher sends messages to Kafka. It is safe for concurrent use; concurrent calls share batches.
type Publisher struct {
	cfg    PublisherConfig
	link   *link
	owner  bool // of link
	writer *kafkago.Writer
	logger watermill.LoggerAdapter
}

var _ message.Publisher = (*Publisher)(nil)

// NewPublisher checks the configuration; it connects at the first Publish.
func NewPublisher(cfg PublisherConfig, logger watermill.LoggerAdapter) (*Publisher, error) {
	cfg.BatchTimeout = cmp.Or(cfg.BatchTimeout, 5*time.Millisecond)
	cfg.WriteTimeout = cmp.Or(cfg.WriteTimeout, 10*time.Second)
	cfg.MaxAttempts = cmp.Or(cfg.MaxAttempts, 3)
	cfg.BatchSize = cmp.Or(cfg.BatchSize, 500)
	cfg.BatchBytes = cmp.Or(cfg.BatchBytes, 1_000_000)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if _, err := compression(cfg.Compression); err != nil {
		return nil, err
	}
	l, err := cfg.open()
	if err != nil {
		return nil, err
	}
	p := &Publisher{cfg: cfg, link: l, owner: true, logger: logger}
	p.writer = p.newWriter()
	return p, nil
}

// Fork returns a Publisher with queues of its own on the connections of p. Two senders that must not wait for each
// other, or must know an upper bound for their calls (MaxDuration), use one each. Close forks before p.
func (p *Publisher) Fork() *Publisher {
	f := &Publisher{cfg: p.cfg, link: p.link, logger: p.logger}
	f.writer = f.newWriter()
	return f
}

const (
	backoffMin = 100 * time.Millisecond
	backoffMax = time.Second
)

func (p *Publisher) newWriter() *kafkago.Writer {
	codec, _ := compression(p.cfg.Compression) // checked by NewPublisher
	return &kafkago.Writer{
		Addr:      p.link.addr,
		Transport: p.link.transport,
		// The library's own default is to wait for no acknowledgement at all.
		RequiredAcks: kafkago.RequireAll,
		// As Java producers, so that both put a key into the same partition.
		Balancer:        kafkago.Murmur2Balancer{},
		BatchTimeout:    p.cfg.BatchTimeout,
		BatchSize:       p.cfg.BatchSize,
		BatchBytes:      int64(p.cfg.BatchBytes),
		MaxAttempts:     p.cfg.MaxAttempts,
		WriteBackoffMin: backoffMin,
		WriteBackoffMax: backoffMax,
		WriteTimeout:    p.cfg.WriteTimeout,
		ReadTimeout:     p.cfg.WriteTimeout,
		Compression:     codec,
		ErrorLogger: kafkago.LoggerFunc(func(format string, args ...any) {
			logf(p.logger, format, args...)
		}),
	}
}

// MaxDuration is how long sending the messages of one call that fit one batch may take at most, given that no other
// call is in flight on this Publisher. A call that exceeds a batch takes as often as long; PublishContext begins no
// batch after its context has ended.
func (p *Publisher) MaxDuration() time.Duration {
	attempts := time.Duration(p.cfg.MaxAttempts)
	return p.cfg.BatchTimeout + attempts*p.cfg.WriteTimeout + (attempts-1)*backoffMax + topicWait
}

// Publish is PublishContext without a limit, as watermill wants it.
func (p *Publisher) Publish(topic string, messages ...*message.Message) error {
	return p.PublishContext(context.Background(), topic, messages...)
}

// PublishContext sends messages to a topic and returns when all of them are stored on every in-sync replica, or with a
// *WriteError. After a batch that failed, no later message of the call is sent, save that of the failed batch the parts
// for other partitions may be stored.
//
// The end of ctx stops the call between batches only: once it has returned, nothing of it is on the way (unless other
// calls filled the queues, see MaxDuration).
func (p *Publisher) PublishContext(ctx context.Context, topic string, messages ...*message.Message) error {
	records := make([]kafkago.Message, len(messages))
	now := p.cfg.Now()
	for i, m := range messages {
		r, err := marshal(topic, m, now)
		if err == nil && sizeOf(&r) > p.cfg.BatchBytes {
			err = errs.New(errs.Invalid, "kafka.too_large",
				errs.Args{"bytes": sizeOf(&r), "limit": p.cfg.BatchBytes, "topic": topic})
		}
		if err != nil {
			// Nothing was sent, so the first message is not stored either.
			out := failedFrom(topic, 0, len(messages), errNotSent)
			out.Err, out.Errs[i], out.culprit = err, err, i
			return out
		}
		records[i] = r
	}
	for start := 0; start < len(records); {
		end := p.batchEnd(records, start)
		if err := ctx.Err(); err != nil {
			return failedFrom(topic, start, len(records), err)
		}
		if err := p.write(ctx, topic, records[start:end]); err != nil {
			p.link.refresh() // a leader may have moved; the next call finds it
			return p.writeError(topic, start, len(records), err)
		}
		start = end
	}
	return nil
}

// batchEnd cuts where a batch is full even if all of it goes to one partition, so that one write is one batch per
// partition.
func (p *Publisher) batchEnd(records []kafkago.Message, start int) int {
	bytes, i := 0, start
	for ; i < len(records) && i-start < p.cfg.BatchSize; i++ {
		if bytes += sizeOf(&records[i]); bytes > p.cfg.BatchBytes && i > start {
			break
		}
	}
	return i
}

// topicWait is how long a topic may stay unknown before the call fails: a topic made a moment ago is not yet known to
// every broker.
const topicWait = 2 * time.Second

func (p *Publisher) write(ctx context.Context, topic string, records []kafkago.Message) error {
	// A batch that left cannot be called back, so the caller's context does not end the wait for its outcome.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.MaxDuration()+time.Second)
	defer cancel()
	for wait := backoffMin; ; wait *= 2 {
		err := p.writer.WriteMessages(ctx, records...)
		if wait > topicWait/2 || !errors.Is(err, kafkago.UnknownTopicOrPartition) {
			return err
		}
		p.link.refresh()
		if !pause(ctx, wait) {
			return err
		}
	}
}

// writeError maps the library's error onto the messages of the whole call, of which those from start on were tried.
func (p *Publisher) writeError(topic string, start, count int, err error) error {
	var each kafkago.WriteErrors
	if !errors.As(err, &each) {
		if errors.Is(err, io.ErrClosedPipe) {
			return failedFrom(topic, start, count, errs.New(errs.Unavailable, "kafka.closed", nil))
		}
		return failedFrom(topic, start, count, refused(topic, err))
	}
	out := &WriteError{Topic: topic, Index: -1, Count: count, Errs: make([]error, count)}
	for i := start; i < count; i++ {
		if i-start < len(each) {
			if each[i-start] == nil {
				continue
			}
			out.Errs[i] = refused(topic, each[i-start])
		} else {
			out.Errs[i] = errNotSent
		}
		if out.Index < 0 {
			out.Index, out.Err, out.culprit = i, out.Errs[i], i
		}
	}
	return out
}

var errNotSent = errors.New("not sent because of another message")

func failedFrom(topic string, start, count int, err error) *WriteError {
	out := &WriteError{Topic: topic, Index: start, Count: count, Errs: make([]error, count), Err: err, culprit: start}
	for i := start; i < count; i++ {
		out.Errs[i] = err
	}
	return out
}

func refused(topic string, err error) error {
	if errors.Is(err, kafkago.UnknownTopicOrPartition) {
		return errs.Wrap(errs.NotFound, "kafka.no_topic", err, errs.Args{"topic": topic})
	}
	if errors.Is(err, kafkago.MessageSizeTooLarge) {
		return errs.Wrap(errs.Invalid, "kafka.broker_too_large", err, errs.Args{"topic": topic})
	}
	if errors.Is(err, kafkago.TopicAuthorizationFailed) {
		return errs.Wrap(errs.Denied, "kafka.denied", err, errs.Args{"topic": topic})
	}
	return errs.Wrap(errs.Unavailable, "kafka.write_failed", err, errs.Args{"topic": topic})
}

// Close waits for the calls in flight and closes the connections. It may be called again.
func (p *Publisher) Close() error {
	err := p.writer.Close()
	if p.owner {
		p.link.close()
	}
	return err
}

func compression(name string) (kafkago.Compression, error) {
	switch name {
	case "", "none":
		return 0, nil
	case "gzip":
		return kafkago.Gzip, nil
	case "snappy":
		return kafkago.Snappy, nil
	case "lz4":
		return kafkago.Lz4, nil
	case "zstd":
		return kafkago.Zstd, nil
	}
	return 0, errs.New(errs.Invalid, "kafka.compression", errs.Args{"value": name})
}
