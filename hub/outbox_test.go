package hub_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/events"
	"tributary/events/outbox"
	"tributary/hub"
	"tributary/internal/config"
	"tributary/internal/errs"
	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

// eventHub is a hub on a fresh SQLite file with its own embedded broker, or with the Kafka cluster of the tests.
func eventHub(t *testing.T, cluster bool) *hub.Hub {
	conf := config.Defaults()
	conf.DataDir = t.TempDir()
	if cluster {
		conf.Kafka.Embedded, conf.Kafka.Brokers = false, []string{servers.Kafka(t)}
	}
	db, err := storetest.Open(t.Context(), store.Config{URL: "sqlite:hub.db", DataDir: conf.DataDir, Now: time.Now, Rand: rand.Reader, Verb: "test"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Ready(t.Context()))
	return &hub.Hub{DB: db, Config: &conf, Now: time.Now, Actor: hub.Actor{Name: "os:test", Role: hub.Admin}, Log: slog.New(slog.DiscardHandler)}
}

func publishable(code string, version int64) events.Event {
	return events.Product(events.Meta{Op: events.Updated, Version: version, Time: time.Unix(1e9, 0)}, events.ProductValue{Code: code, Name: "药"})
}

func put(t *testing.T, h *hub.Hub, evs ...events.Event) {
	t.Helper()
	require.NoError(t, h.DB.InTx(t.Context(), func(tx *store.Tx) error { return tx.AppendEvents(t.Context(), evs) }))
}

// tailed reads a topic from the beginning, the records of this test only.
func tailed(t *testing.T, h *hub.Hub, topic string, mine func(key string) bool) []hub.TailRecord {
	t.Helper()
	var out []hub.TailRecord
	err := h.EventsTail(t.Context(), hub.TailRequest{Topics: []string{topic}, FromBeginning: true}, func(r hub.TailRecord) error {
		if mine(r.Key) {
			out = append(out, r)
		}
		return nil
	})
	require.NoError(t, err)
	return out
}

func TestRelayOnceOnBothBrokers(t *testing.T) {
	for name, cluster := range map[string]bool{"embedded": false, "cluster": true} {
		t.Run(name, func(t *testing.T) {
			h, prefix := eventHub(t, cluster), servers.TopicPrefix(t)
			var want []string
			for v := int64(1); v <= 3; v++ {
				for k := range 40 {
					put(t, h, publishable(fmt.Sprint(prefix, k), v))
				}
			}
			put(t, h, events.ProductGone(events.Meta{Version: 4, Time: time.Unix(1e9, 0)}, prefix+"0"))
			keys := map[string]bool{}
			for k := range 40 {
				keys[fmt.Sprint(prefix, k)] = true
				want = append(want, "1", "2", "3")
			}
			report, err := h.RelayOnce(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, 121, report.Published)
			status, err := h.OutboxStatus(t.Context())
			require.NoError(t, err)
			require.Zero(t, status.Pending)
			require.EqualValues(t, 121, status.Published)

			// At least once: after a failed write a shard's events may come twice, with the same ids and in order.
			seen := map[string]bool{}
			var got []hub.TailRecord
			for _, r := range tailed(t, h, "master.product", func(key string) bool { return keys[key] }) {
				if !seen[r.Headers["ce_id"]] {
					seen[r.Headers["ce_id"]] = true
					got = append(got, r)
				}
			}
			require.Len(t, got, len(want)+1)
			last := map[string]string{}
			for _, r := range got {
				require.Equal(t, events.TopicProduct, r.Topic)
				require.Equal(t, events.Source(h.Config.Company.Code), r.Headers["ce_source"])
				require.Greater(t, r.Headers["ce_entityversion"], last[r.Key])
				last[r.Key] = r.Headers["ce_entityversion"]
				if r.Headers["ce_entityversion"] == "4" {
					require.Equal(t, "null", string(r.Value))
					require.NotContains(t, r.Headers, "content-type")
				} else {
					require.JSONEq(t, fmt.Sprintf(`{"code":%q,"name":"药","spec":"","approval_no":"","maker":"","gtin":"","unit":"","case_factor":"0","inner_factor":"0"}`, r.Key), string(r.Value))
				}
			}

			report, err = h.RelayOnce(t.Context())
			require.NoError(t, err)
			require.Zero(t, report.Published)
			require.Empty(t, report.Created, "topics exist now")
			require.Empty(t, report.Rebuilt)
		})
	}
}

func TestOutboxReplayRepeatsIds(t *testing.T) {
	h := eventHub(t, false)
	put(t, h, publishable("A", 1), publishable("A", 2), publishable("B", 1))
	_, err := h.RelayOnce(t.Context())
	require.NoError(t, err)
	report, err := h.OutboxReplay(t.Context(), []string{"master.product"}, "A")
	require.NoError(t, err)
	require.EqualValues(t, 1, report.Queued)
	require.Equal(t, []string{events.TopicProduct}, report.Topics)
	_, err = h.RelayOnce(t.Context())
	require.NoError(t, err)
	var versions []string
	ids := map[string]string{}
	for _, r := range tailed(t, h, events.TopicProduct, func(key string) bool { return key == "A" }) {
		v := r.Headers["ce_entityversion"]
		versions = append(versions, v)
		require.Contains(t, []string{"", r.Headers["ce_id"]}, ids[v])
		ids[v] = r.Headers["ce_id"]
	}
	require.Equal(t, []string{"1", "2", "2"}, versions)

	h.Actor.Role = hub.Auditor
	_, err = h.OutboxReplay(t.Context(), nil, "")
	require.True(t, errs.Is(err, errs.Denied))
}

func TestALostLogIsPublishedAnew(t *testing.T) {
	h := eventHub(t, false)
	put(t, h, publishable("A", 1), publishable("A", 2), publishable("B", 1))
	_, err := h.RelayOnce(t.Context())
	require.NoError(t, err)
	first := tailed(t, h, events.TopicProduct, func(string) bool { return true })
	require.NoError(t, os.RemoveAll(filepath.Join(h.Config.DataDir, "kafka")))

	report, err := h.RelayOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hub.RebuiltReport{{Topic: events.TopicProduct, Reason: outbox.LogShort}}, report.Rebuilt)
	require.Contains(t, report.Created, events.TopicProduct)
	again := tailed(t, h, events.TopicProduct, func(string) bool { return true })
	ids := func(in []hub.TailRecord) (out []string) {
		for _, r := range in {
			if r.Key != "A" || r.Headers["ce_entityversion"] == "2" {
				out = append(out, r.Headers["ce_id"])
			}
		}
		slices.Sort(out)
		return out
	}
	require.Len(t, again, 2, "the latest of each key")
	require.Equal(t, ids(first), ids(again))
}

func TestALogOfAnotherDatabaseIsReplaced(t *testing.T) {
	h := eventHub(t, false)
	put(t, h, publishable("OLD", 1))
	_, err := h.RelayOnce(t.Context())
	require.NoError(t, err)
	fresh := eventHub(t, false)
	require.NoError(t, os.Rename(filepath.Join(h.Config.DataDir, "kafka"), filepath.Join(fresh.Config.DataDir, "kafka")))
	put(t, fresh, publishable("NEW", 1))
	report, err := fresh.RelayOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, []hub.RebuiltReport{{Topic: events.TopicProduct, Reason: outbox.LogForeign}}, report.Rebuilt)
	got := tailed(t, fresh, events.TopicProduct, func(string) bool { return true })
	require.Len(t, got, 1)
	require.Equal(t, "NEW", got[0].Key)
}

func TestRelayOnceBesideARunningRelay(t *testing.T) {
	h := eventHub(t, false)
	h.Config.Kafka.Listen = "127.0.0.1:0"
	b, err := h.OpenBroker(t.Context(), hub.BrokerUse{Listen: true})
	require.NoError(t, err)
	defer func() { require.NoError(t, b.Close()) }()
	_, err = h.PrepareTopics(t.Context(), b)
	require.NoError(t, err)
	relay, closeRelay, err := h.Relay(b)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- relay.Run(ctx) }()
	for k := range 200 {
		put(t, h, publishable(fmt.Sprint("P", k), 1))
	}
	_, err = h.RelayOnce(t.Context())
	require.NoError(t, err)
	status, err := h.OutboxStatus(t.Context())
	require.NoError(t, err)
	require.Zero(t, status.Pending)
	require.Len(t, tailed(t, h, events.TopicProduct, func(string) bool { return true }), 200)

	// A tail from the end sees what comes next.
	seen := make(chan hub.TailRecord, 1)
	tailDone := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		close(started)
		tailDone <- h.EventsTail(ctx, hub.TailRequest{Topics: []string{"ops.run", "master.product"}, Count: 1}, func(r hub.TailRecord) error {
			seen <- r
			return nil
		})
	}()
	<-started
	for v := int64(2); ; v++ {
		put(t, h, publishable("LATER", v))
		relay.Wake()
		select {
		case r := <-seen:
			require.Equal(t, "LATER", r.Key)
		case <-time.After(50 * time.Millisecond):
			continue
		}
		break
	}
	require.NoError(t, <-tailDone)
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, closeRelay())
}

func TestRelayOnceWhenTheBrokerIsAway(t *testing.T) {
	h := eventHub(t, false)
	h.Config.Kafka.Embedded, h.Config.Kafka.Brokers = false, []string{"127.0.0.1:1"}
	put(t, h, publishable("A", 1))
	_, err := h.RelayOnce(t.Context())
	require.True(t, errs.Is(err, errs.Unavailable), "%v", err)
	status, err := h.OutboxStatus(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, status.Pending)
}

func TestEventsTailSaysWhatIsWrong(t *testing.T) {
	h := eventHub(t, false)
	err := h.EventsTail(t.Context(), hub.TailRequest{Topics: []string{"customer.gold"}}, nil)
	require.Equal(t, "events.unknown_topic", errs.CodeOf(err))
	err = h.EventsTail(t.Context(), hub.TailRequest{}, nil)
	require.Equal(t, "events.nobody_publishes", errs.CodeOf(err))
	require.NoError(t, h.EventsTail(t.Context(), hub.TailRequest{FromBeginning: true}, nil), "nothing published yet is no mistake")
}

func TestEventsListIsTheCatalogue(t *testing.T) {
	list := (&hub.Hub{}).EventsList()
	require.Len(t, list, len(events.Catalogue()))
	require.Equal(t, events.TopicGolden, list[0].Name)
	require.Contains(t, list[0].Types, "tributary.customer.golden.merged.v1")
	require.Equal(t, "compact", list[0].Config["cleanup.policy"])
}
