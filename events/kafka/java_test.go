package kafka_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/events/kafka"
	"tributary/test/servers"
)

// java runs one of Kafka's own tools.
func java(t *testing.T, stdin string, class string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "java", append([]string{"-Xmx128m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
		"-cp", filepath.Join(servers.KafkaLib(t), "*"), class}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, complaints strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaints
	require.NoError(t, cmd.Run(), "%s%s", out.String(), complaints.String())
	return out.String()
}

const (
	consoleConsumer = "org.apache.kafka.tools.consumer.ConsoleConsumer"
	consoleProducer = "org.apache.kafka.tools.ConsoleProducer"
	getOffsets      = "org.apache.kafka.tools.GetOffsetShell"
	topicCommand    = "org.apache.kafka.tools.TopicCommand"
)

// Kafka's own consumer, which joins a group, reads what we write: key, headers, tombstone.
func TestJavaReadsWhatWeWrite(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		servers.KafkaLib(t)
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 3,
			Config: map[string]string{"cleanup.policy": "compact", "retention.ms": "-1"}})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg, Compression: "zstd"})
		m := event("g-1", 1)
		m.Payload = []byte(`{"name":"东阳市人民医院"}`)
		m.Metadata.Set("ce_id", m.UUID)
		gone := message.NewMessage("g-1-2", nil)
		gone.Metadata = message.Metadata{kafka.KeyMetadata: "g-1", "ce_id": "g-1-2"}
		require.NoError(t, pub.Publish(prefix, m, gone))

		at := cfg.Brokers[0]
		out := java(t, "", consoleConsumer, "--bootstrap-server", at, "--topic", prefix, "--from-beginning", "--max-messages", "2",
			"--timeout-ms", "30000", "--formatter-property", "print.key=true", "--formatter-property", "print.headers=true")
		require.Equal(t, "ce_id:g-1-1\tg-1\t{\"name\":\"东阳市人民医院\"}\nce_id:g-1-2\tg-1\tnull\n", out)

		require.Contains(t, java(t, "", getOffsets, "--bootstrap-server", at, "--topic", prefix), prefix+":")
		require.Contains(t, java(t, "", topicCommand, "--bootstrap-server", at, "--describe", "--topic", prefix), "cleanup.policy=compact")
	})
}

// We read what Kafka's own producer writes, an idempotent one, and both put a key into one partition.
func TestWeReadWhatJavaWrites(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		servers.KafkaLib(t)
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 12})
		java(t, "ce_id:e-1\tk-1\tfirst\nce_id:e-2\tk-2\tNULL\nce_id:e-3\t钥匙\tthird\n", consoleProducer,
			"--bootstrap-server", cfg.Brokers[0], "--topic", prefix, "--reader-property", "parse.key=true",
			"--reader-property", "parse.headers=true", "--reader-property", "null.marker=NULL")
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		for _, key := range []string{"k-1", "k-2", "钥匙"} {
			require.NoError(t, pub.Publish(prefix, event(key, 1)))
		}
		partition := map[string]map[int]bool{}
		for _, r := range readTopic(t, cfg, prefix) {
			if partition[string(r.Key)] == nil {
				partition[string(r.Key)] = map[int]bool{}
			}
			partition[string(r.Key)][r.Partition] = true
		}
		require.Len(t, partition, 3)
		for key, where := range partition {
			require.Len(t, where, 1, "Java and we disagree on the partition of %s", key)
		}

		s := newSubscriber(t, kafka.SubscriberConfig{Config: cfg})
		messages, err := s.Subscribe(context.Background(), prefix)
		require.NoError(t, err)
		got := map[string]message.Payload{}
		for range 6 {
			m := next(t, messages)
			got[m.UUID] = m.Payload
			m.Ack()
		}
		require.Equal(t, "first", string(got["e-1"]))
		require.Contains(t, got, "e-2")
		require.Nil(t, got["e-2"])
	})
}
