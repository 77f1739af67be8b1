package outbox_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/stretchr/testify/require"

	"tributary/events"
	"tributary/events/kafka"
	"tributary/events/outbox"
	"tributary/store"
	"tributary/test/servers"
)

// BenchmarkRelay sends keyed events of about 512 bytes from the outbox to a real Kafka with acks=all, and beside it runs
// Kafka's own ProducerPerformance with as many records of as many bytes: the figure that counts is the ratio.
//
//	go test ./events/outbox -run - -bench Relay -benchtime 1x -timeout 20m
func BenchmarkRelay(b *testing.B) {
	count := 200_000
	if n, err := strconv.Atoi(os.Getenv("RELAY_EVENTS")); err == nil {
		count = n
	}
	for _, on := range []struct {
		name string
		url  func(testing.TB) string
	}{
		{"sqlite", func(testing.TB) string { return "sqlite:hub.db" }},
		{"postgres", servers.PostgresSchema},
	} {
		b.Run(on.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db, err := store.Open(b.Context(), store.Config{URL: on.url(b), DataDir: b.TempDir(), Now: time.Now, Rand: rand.Reader, Verb: "bench"})
				require.NoError(b, err)
				require.NoError(b, db.Ready(b.Context()))
				fillOutbox(b, db, count)
				relay := benchRelay(b, db)
				b.StartTimer()
				began := time.Now()
				require.NoError(b, relay.Once(b.Context()))
				own := float64(count) / time.Since(began).Seconds()
				b.StopTimer()
				require.EqualValues(b, count, relay.Sent())
				require.NoError(b, db.Close())
				peer := producerPerformance(b, count)
				b.ReportMetric(own, "events/s")
				b.ReportMetric(peer, "peer-events/s")
				b.ReportMetric(own/peer, "ratio")
				b.StartTimer()
			}
		})
	}
}

func benchRelay(b *testing.B, db *store.DB) *outbox.Relay {
	conf := kafka.Config{Brokers: []string{servers.Kafka(b)}}
	admin, err := kafka.NewAdmin(conf)
	require.NoError(b, err)
	_, err = admin.EnsureTopics(b.Context(), []kafka.TopicSpec{{Name: events.TopicProduct, Config: map[string]string{"cleanup.policy": "compact", "retention.ms": "-1"}}})
	require.NoError(b, err)
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: conf, BatchSize: 2000, WriteTimeout: 4 * time.Second, MaxAttempts: 1}, watermill.NopLogger{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, pub.Close()) })
	r, err := outbox.New(outbox.Config{Source: "/tributary/M", Now: time.Now}, db,
		func() (outbox.Publisher, error) { return pub.Fork(), nil }, slog.New(slog.DiscardHandler))
	require.NoError(b, err)
	return r
}

func fillOutbox(b *testing.B, db *store.DB, count int) {
	const perTx = 5000
	filler := make([]byte, 190)
	for done := 0; done < count; {
		evs := make([]events.Event, 0, perTx)
		for ; len(evs) < perTx && done < count; done++ {
			_, _ = rand.Read(filler)
			evs = append(evs, events.Product(events.Meta{Op: events.Created, Version: 1, Time: time.Unix(1e9, 0)},
				events.ProductValue{Code: fmt.Sprintf("bench-%d-%d", os.Getpid(), done), Name: fmt.Sprintf("%x", filler)}))
		}
		require.NoError(b, db.InTx(context.Background(), func(tx *store.Tx) error { return tx.AppendEvents(context.Background(), evs) }))
	}
}

var perSecond = regexp.MustCompile(`([0-9.]+) records/sec`)

// producerPerformance is the rate of Kafka's own load tool with the same settings that matter.
func producerPerformance(b *testing.B, count int) float64 {
	topic := servers.TopicPrefix(b) + "perf"
	admin, err := kafka.NewAdmin(kafka.Config{Brokers: []string{servers.Kafka(b)}})
	require.NoError(b, err)
	_, err = admin.EnsureTopics(b.Context(), []kafka.TopicSpec{{Name: topic}})
	require.NoError(b, err)
	out, err := exec.CommandContext(b.Context(), "java", "-cp", filepath.Join(servers.KafkaLib(b), "*")+":"+filepath.Join(servers.KafkaLib(b), "libs", "*"),
		"org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records", strconv.Itoa(count), "--record-size", "512", "--throughput", "-1",
		"--producer-props", "bootstrap.servers="+servers.Kafka(b), "acks=all").CombinedOutput()
	require.NoError(b, err, string(out))
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	m := perSecond.FindStringSubmatch(lines[len(lines)-1])
	require.NotNil(b, m, string(out))
	rate, err := strconv.ParseFloat(m[1], 64)
	require.NoError(b, err)
	return rate
}
