package hub

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"

	"tributary/events"
	"tributary/events/kafka"
	"tributary/events/outbox"
	"tributary/internal/errs"
	"tributary/store"
)

// OutboxStatus counts the events that wait and those that are published.
func (h *Hub) OutboxStatus(ctx context.Context) (store.OutboxStatus, error) {
	return h.DB.OutboxStatus(ctx)
}

// ReplayReport says what waits for the relay again.
type ReplayReport struct {
	Queued int64    `json:"queued"` // events
	Topics []string `json:"topics"`
	Key    string   `json:"key,omitempty"`
}

// OutboxReplay makes published events wait for the relay again, with their ids and versions: of the topics named, else
// of all; with a key only those of that key.
func (h *Hub) OutboxReplay(ctx context.Context, topics []string, key string) (ReplayReport, error) {
	if h.Actor.Role != Admin && h.Actor.Role != IT {
		return ReplayReport{}, errs.New(errs.Denied, "outbox.denied", errs.Args{"actor": h.Actor.Name})
	}
	names, err := topicNames(topics)
	if err != nil {
		return ReplayReport{}, err
	}
	report := ReplayReport{Topics: names, Key: key}
	if key != "" {
		report.Queued, err = h.DB.ReplayKey(ctx, names, key)
	} else {
		report.Queued, err = h.DB.ReplayTopics(ctx, names)
	}
	h.Log.InfoContext(ctx, "outbox replayed", "actor", h.Actor.Name, "topics", names, "one_key", key != "", "events", report.Queued)
	return report, err
}

// OutboxPrune removes published events that are older than the retention and not needed to rebuild a state topic. It
// returns how many.
func (h *Hub) OutboxPrune(ctx context.Context) (int64, error) {
	return h.DB.PruneOutbox(ctx, h.Now().Add(-time.Duration(h.Config.Retention.Outbox)))
}

// RelayReport says what one run of the relay published.
type RelayReport struct {
	Published int64           `json:"published"` // by this command; others may have sent some too
	Created   []string        `json:"created_topics"`
	Rebuilt   []RebuiltReport `json:"rebuilt_topics"`
}

// RebuiltReport names a topic of the embedded broker that is published anew, and why.
type RebuiltReport struct {
	Topic  string        `json:"topic"`
	Reason outbox.Reason `json:"reason"`
}

// RelayOnce creates missing topics and publishes what waits. It returns without an error only when nothing waits any
// more, whoever sent it.
func (h *Hub) RelayOnce(ctx context.Context) (report RelayReport, err error) {
	b, err := h.OpenBroker(ctx, BrokerUse{})
	if err != nil {
		return RelayReport{}, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if report, err = h.PrepareTopics(ctx, b); err != nil {
		return report, err
	}
	report.Published, err = h.Publish(ctx, b)
	return report, err
}

// Publish sends what waits to a broker whose topics are prepared, and returns how many events it sent.
func (h *Hub) Publish(ctx context.Context, b *Broker) (sent int64, err error) {
	relay, closeRelay, err := h.Relay(b)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, closeRelay()) }()
	err = relay.Once(ctx)
	return relay.Sent(), err
}

// PrepareTopics makes the broker fit for a relay: lost logs of an embedded broker of this process are queued to be
// published anew, missing topics are created. What differs on an existing topic is logged and left as it is.
func (h *Hub) PrepareTopics(ctx context.Context, b *Broker) (RelayReport, error) {
	report := RelayReport{Created: []string{}, Rebuilt: []RebuiltReport{}}
	if b.Embedded != nil {
		if err := h.rebuildLogs(ctx, b, &report); err != nil {
			return report, err
		}
	}
	admin, err := kafka.NewAdmin(b.Kafka)
	if err != nil {
		return report, err
	}
	findings, err := admin.EnsureTopics(ctx, h.topicSpecs())
	for _, f := range findings {
		if f.Kind == kafka.TopicCreated {
			report.Created = append(report.Created, f.Topic)
			continue
		}
		h.Log.WarnContext(ctx, "a topic differs from the configuration", "topic", f.Topic, "what", f.Kind, "setting", f.Config, "want", f.Want, "have", f.Have)
	}
	return report, err
}

func (h *Hub) rebuildLogs(ctx context.Context, b *Broker, report *RelayReport) error {
	logs, err := b.Embedded.Logs(ctx)
	if err != nil {
		return err
	}
	have := make(map[string]int64, len(logs))
	for topic, log := range logs {
		have[topic] = log.Records
	}
	rebuilt, err := outbox.Rebuild(ctx, have, b.Embedded.Remove, h.DB)
	for _, r := range rebuilt {
		h.Log.WarnContext(ctx, "the embedded broker's log is published anew", "topic", r.Topic, "reason", r.Reason, "records", r.Records, "known", r.Known)
		report.Rebuilt = append(report.Rebuilt, RebuiltReport{Topic: r.Topic, Reason: r.Reason})
	}
	return err
}

func (h *Hub) topicSpecs() []kafka.TopicSpec {
	var specs []kafka.TopicSpec
	add := func(name string, config map[string]string) {
		s := kafka.TopicSpec{Name: name, Partitions: events.DefaultPartitions, Config: config}
		if h.Config.Kafka.Partitions > 0 {
			s.Partitions = h.Config.Kafka.Partitions
		}
		if !h.Config.Kafka.Embedded {
			s.Replication = h.Config.Kafka.Replication
		}
		specs = append(specs, s)
	}
	for _, t := range events.Catalogue() {
		add(t.Name, t.Config())
	}
	for _, in := range events.InboundTopics() {
		add(in.Name, in.Config())
		add(in.Dead, in.Config())
	}
	return specs
}

// Timing of one send. What is under way when the service is told to stop must end before it has to be gone (CLI §1), so
// the relay's own attempts, not the writer's, bridge a longer failure.
const (
	sendTimeout  = 4 * time.Second
	sendAttempts = 1
	sendBatch    = 2000
)

// Relay makes a relay for the broker. Call the second result after Run or Once has returned.
func (h *Hub) Relay(b *Broker) (*outbox.Relay, func() error, error) {
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{
		Config: b.Kafka, Compression: h.Config.Kafka.Compression,
		WriteTimeout: sendTimeout, MaxAttempts: sendAttempts, BatchSize: sendBatch, Now: h.Now,
	}, watermill.NewSlogLogger(h.Log))
	if err != nil {
		return nil, nil, fmt.Errorf("relay: %w", err)
	}
	relay, err := outbox.New(outbox.Config{
		Source: events.Source(h.Config.Company.Code), Now: h.Now,
		WaitOut: !h.Config.Kafka.Embedded,
	}, h.DB, func() (outbox.Publisher, error) { return pub.Fork(), nil }, h.Log)
	if err != nil {
		return nil, nil, errors.Join(err, pub.Close())
	}
	return relay, pub.Close, nil
}
