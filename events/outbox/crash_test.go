package outbox_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
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

// A child of the test binary that finds this variable is a relay on that database, to be killed.
const childVariable = "OUTBOX_CRASH_CHILD" // url|data folder|brokers

func TestMain(m *testing.M) {
	if spec := os.Getenv(childVariable); spec != "" {
		if err := crashChild(strings.Split(spec, "|")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func crashChild(spec []string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, store.Config{URL: spec[0], DataDir: spec[1], Now: time.Now, Rand: rand.Reader, Verb: "relay"})
	if err != nil {
		return err
	}
	relay, pub, err := realRelay(db, spec[2])
	if err != nil {
		return err
	}
	fmt.Println("ready")
	if err := relay.Once(ctx); err != nil {
		return err
	}
	fmt.Println("done")
	return pub.Close()
}

func realRelay(db *store.DB, broker string) (*outbox.Relay, *kafka.Publisher, error) {
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{
		Config: kafka.Config{Brokers: []string{broker}}, WriteTimeout: 4 * time.Second, MaxAttempts: 1,
	}, watermill.NopLogger{})
	if err != nil {
		return nil, nil, err
	}
	r, err := outbox.New(outbox.Config{Source: "/tributary/M", Now: time.Now, Window: 100},
		db, func() (outbox.Publisher, error) { return pub.Fork(), nil }, slog.New(slog.DiscardHandler))
	return r, pub, err
}

// TestKilledRelaysLoseAndReorderNothing kills relays on a real Kafka at moments of their work until one gets done.
func TestKilledRelaysLoseAndReorderNothing(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{
		"sqlite":   func(testing.TB) string { return "sqlite:hub.db" },
		"postgres": servers.PostgresSchema,
	} {
		t.Run(name, func(t *testing.T) {
			dir, address, prefix, broker := t.TempDir(), url(t), servers.TopicPrefix(t), servers.Kafka(t)
			db, err := store.Open(t.Context(), store.Config{URL: address, DataDir: dir, Now: time.Now, Rand: rand.Reader, Verb: "test"})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, db.Close()) })
			require.NoError(t, db.Ready(t.Context()))
			admin, err := kafka.NewAdmin(kafka.Config{Brokers: []string{broker}})
			require.NoError(t, err)
			_, err = admin.EnsureTopics(t.Context(), []kafka.TopicSpec{{Name: events.TopicProduct, Config: map[string]string{"cleanup.policy": "compact", "retention.ms": "-1"}}})
			require.NoError(t, err)
			ranges, err := admin.Offsets(t.Context(), events.TopicProduct)
			require.NoError(t, err)
			from := map[int]int64{} // the topic belongs to other tests too
			for _, r := range ranges {
				from[r.Partition] = r.End
			}
			var txs [][]events.Event
			for v := int64(1); v <= 20; v++ {
				var evs []events.Event
				for k := range 300 {
					evs = append(evs, productEvent(fmt.Sprint(prefix, k), v))
				}
				appendEvents(t, db, evs...)
				txs = append(txs, evs)
			}
			kills, finished := 0, false
			for delay := 5 * time.Millisecond; !finished; delay += delay/2 + 5*time.Millisecond {
				require.Less(t, kills, 100)
				child := exec.CommandContext(t.Context(), os.Args[0])
				child.Env = append(os.Environ(), childVariable+"="+strings.Join([]string{address, dir, broker}, "|"))
				var errOut strings.Builder
				child.Stderr = &errOut
				out, err := child.StdoutPipe()
				require.NoError(t, err)
				require.NoError(t, child.Start())
				word := make([]byte, len("ready\n"))
				_, err = out.Read(word)
				require.NoError(t, err, errOut.String())
				alarm := time.AfterFunc(delay, func() { _ = child.Process.Signal(syscall.SIGKILL) })
				rest := make([]byte, 16)
				n, _ := out.Read(rest)
				finished = strings.Contains(string(rest[:n]), "done")
				if err := child.Wait(); err != nil && !finished {
					require.Contains(t, err.Error(), "killed", errOut.String())
					kills++
				}
				alarm.Stop()
			}
			require.Greater(t, kills, 1, "the test wants to kill some")
			reader, err := kafka.NewReader(kafka.ReaderConfig{Config: kafka.Config{Brokers: []string{broker}}})
			require.NoError(t, err)
			defer func() { require.NoError(t, reader.Close()) }()
			var log []record
			require.NoError(t, reader.Read(t.Context(), events.TopicProduct, kafka.ReadOptions{From: from}, func(r kafka.Record) error {
				if strings.HasPrefix(string(r.Key), prefix) {
					rec := record{Topic: r.Topic, Key: string(r.Key), Value: r.Value}
					for _, h := range r.Headers {
						switch h.Key {
						case "ce_id":
							rec.ID = string(h.Value)
						case "ce_entityversion":
							rec.Version = string(h.Value)
						}
					}
					log = append(log, rec)
				}
				return nil
			}))
			checkLog(t, txs, log, prefix)
			t.Logf("%d kills, %d of 6000 events were sent again", kills, len(log)-6000)
		})
	}
}
