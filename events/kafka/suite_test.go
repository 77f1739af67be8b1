package kafka_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/stretchr/testify/require"

	"tributary/events/kafka"
)

// watermill's own suite for transports, in each way the hub uses this one, on each broker.

func TestSuiteGroup(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		// The group's name comes from the test, for members of one group that want different topics rebalance for ever.
		open := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
			return suitePair(t, cfg, kafka.SubscriberConfig{Group: prefix + group, NewTopic: kafka.TopicSpec{Partitions: 4}})
		}
		tests.TestPubSub(t, suiteFeatures(prefix, tests.Features{ConsumerGroups: true, GuaranteedOrder: true, Persistent: true}),
			func(t *testing.T) (message.Publisher, message.Subscriber) { return open(t, groupName(t)) },
			open)
	})
}

func TestSuiteWithoutGroup(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		features := tests.Features{
			GuaranteedOrder: true, Persistent: true, NewSubscriberReceivesOldMessages: true,
			ForceShort: true, // its fifty subscribers would each read every message
		}
		tests.TestPubSub(t, suiteFeatures(prefix, features),
			func(t *testing.T) (message.Publisher, message.Subscriber) {
				return suitePair(t, cfg, kafka.SubscriberConfig{NewTopic: kafka.TopicSpec{Partitions: 4}})
			}, nil)
	})
}

func suiteFeatures(prefix string, f tests.Features) tests.Features {
	f.GenerateTopicFunc = func(c tests.TestContext) string { return prefix + string(c.TestID) }
	return f
}

func groupName(t *testing.T) string { return strings.ReplaceAll(t.Name(), "/", "-") }

func suitePair(t *testing.T, cfg kafka.Config, sub kafka.SubscriberConfig) (message.Publisher, message.Subscriber) {
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: cfg, BatchTimeout: time.Millisecond}, watermill.NopLogger{})
	require.NoError(t, err)
	sub.Config = cfg
	sub.NackDelay = time.Millisecond
	sub.CloseTimeout = 200 * time.Millisecond
	sub.Heartbeat = 200 * time.Millisecond
	s, err := kafka.NewSubscriber(sub, watermill.NopLogger{})
	require.NoError(t, err)
	return keyed{pub}, s
}

// keyed gives messages of one payload one key: order is promised within a key.
type keyed struct{ message.Publisher }

func (k keyed) Publish(topic string, messages ...*message.Message) error {
	for _, m := range messages {
		m.Metadata.Set(kafka.KeyMetadata, string(m.Payload))
	}
	return k.Publisher.Publish(topic, messages...)
}
