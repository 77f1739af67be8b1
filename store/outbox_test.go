package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/events"
	"tributary/store"
)

func productEvent(code string, version int64) events.Event {
	return events.Product(events.Meta{Op: events.Updated, Version: version, Time: time.Unix(1e9+version, 0)},
		events.ProductValue{Code: code, Name: fmt.Sprintf("%s as of version %d", code, version)})
}

func runEvent(n byte) events.Event {
	return events.Run(events.Meta{Version: 1, Time: time.Unix(1e9, 0)}, events.RunValue{RunID: canonical.ID{n}, Status: "done"})
}

func appendEvents(t *testing.T, db *store.DB, evs ...events.Event) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error { return tx.AppendEvents(t.Context(), evs) }))
}

// publishAll plays the relay: it marks everything that waits as sent and returns it in the order of sending.
func publishAll(t *testing.T, db *store.DB) []events.Event {
	t.Helper()
	var out []events.Event
	shards, err := db.PendingShards(t.Context())
	require.NoError(t, err)
	for _, shard := range shards {
		lease, err := db.AcquireShard(t.Context(), shard, time.Minute, true)
		require.NoError(t, err)
		chunks, err := db.PendingChunks(t.Context(), shard, 1_000_000)
		require.NoError(t, err)
		var progress []events.Progress
		for _, c := range chunks {
			out = append(out, c.Events[c.Sent:]...)
			progress = append(progress, events.Progress{Chunk: c.ID, Topic: c.Topic, Sent: len(c.Events), New: len(c.Events) - c.Sent, Done: true})
		}
		require.NoError(t, db.MarkSent(t.Context(), lease, progress, true))
	}
	return out
}

func eventNames(evs []events.Event) []string {
	out := make([]string, len(evs))
	for i, e := range evs {
		out[i] = fmt.Sprintf("%s@%d", e.Key, e.Version)
	}
	return out
}

func TestOutboxKeepsOrderAndIdentity(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		db := open()
		var sent []events.Event
		for v := int64(1); v <= 3; v++ {
			var evs []events.Event
			for i := range 1500 {
				evs = append(evs, productEvent(fmt.Sprintf("P%d", i), v))
			}
			appendEvents(t, db, evs...)
			sent = append(sent, evs...)
		}
		got := publishAll(t, db)
		require.Len(t, got, len(sent))
		byID := map[canonical.ID]events.Event{}
		for _, e := range sent {
			byID[e.ID()] = e
		}
		last := map[string]int64{}
		for _, e := range got {
			want := byID[e.ID()]
			want.Time = want.Time.UTC()
			require.Equal(t, want, e)
			require.Equal(t, last[e.Key]+1, e.Version, "events of one key in the order of their versions")
			last[e.Key] = e.Version
		}
		require.Empty(t, publishAll(t, db), "nothing is left")
	})
}

func TestOutboxIsPartOfTheUnitOfWork(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		db := open()
		fail := errors.New("no")
		err := db.InTx(t.Context(), func(tx *store.Tx) error {
			require.NoError(t, tx.AppendEvents(t.Context(), []events.Event{productEvent("P", 1)}))
			return fail
		})
		require.ErrorIs(t, err, fail)
		s, err := db.OutboxStatus(t.Context())
		require.NoError(t, err)
		require.Zero(t, s.Pending)
		require.Nil(t, s.OldestPendingAt)

		err = db.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.AppendEvents(t.Context(), []events.Event{{Topic: events.TopicProduct, Type: "x", Key: "P", Version: 1}})
		})
		require.ErrorContains(t, err, "does not belong")
	})
}

func TestOutboxStatusCountsEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db := open()
		appendEvents(t, db, productEvent("A", 1), productEvent("B", 1), runEvent(1))
		publishAll(t, db)
		c.Advance(time.Hour)
		now := c.Now()
		appendEvents(t, db, productEvent("A", 2), productEvent("C", 1))
		s, err := db.OutboxStatus(t.Context())
		require.NoError(t, err)
		require.Equal(t, store.OutboxStatus{Pending: 2, Published: 3, OldestPendingAt: &now, Topics: []store.TopicStatus{
			{Topic: events.TopicProduct, Entries: 4, Pending: 2, Published: 2},
			{Topic: events.TopicRun, Entries: 1, Published: 1},
		}}, s)
		log, err := db.TopicLog(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[string]int64{events.TopicProduct: 2, events.TopicRun: 1}, log)
	})
}

func TestOutboxPartialProgress(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		db := open()
		appendEvents(t, db, productEvent("A", 1), productEvent("A", 2), productEvent("A", 3))
		shard := events.Shard("A")
		lease, err := db.AcquireShard(t.Context(), shard, time.Minute, true)
		require.NoError(t, err)
		chunks, err := db.PendingChunks(t.Context(), shard, 10)
		require.NoError(t, err)
		require.Len(t, chunks, 1)
		require.NoError(t, db.MarkSent(t.Context(), lease, []events.Progress{{Chunk: chunks[0].ID, Topic: chunks[0].Topic, Sent: 2, New: 2}}, true))
		s, err := db.OutboxStatus(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, s.Pending)
		require.Equal(t, []string{"A@3"}, eventNames(publishAll(t, db)))
	})
}

func TestShardLeaseFencesALateRelay(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db := open()
		appendEvents(t, db, productEvent("A", 1))
		shard := events.Shard("A")
		first, err := db.AcquireShard(t.Context(), shard, time.Minute, true)
		require.NoError(t, err)
		chunks, err := db.PendingChunks(t.Context(), shard, 10)
		require.NoError(t, err)
		_, err = db.AcquireShard(t.Context(), shard, time.Minute, true)
		require.ErrorIs(t, err, events.ErrShardBusy)
		_, err = db.AcquireShard(t.Context(), shard, time.Minute, false)
		require.ErrorIs(t, err, events.ErrShardBusy, "its owner, this process, lives")

		c.Advance(time.Minute + time.Microsecond)
		second, err := db.AcquireShard(t.Context(), shard, time.Minute, true)
		require.NoError(t, err)
		require.Greater(t, second.Epoch, first.Epoch)
		err = db.MarkSent(t.Context(), first, []events.Progress{{Chunk: chunks[0].ID, Topic: chunks[0].Topic, Sent: 1, New: 1, Done: true}}, false)
		require.ErrorIs(t, err, events.ErrShardLost)
		s, err := db.OutboxStatus(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, s.Pending, "the late relay marked nothing")
		require.NoError(t, db.MarkSent(t.Context(), second, nil, false))
	})
}

func TestPersonalEventsAreSealedAtRestAndLostByErasure(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		db := open()
		const secret = "张三丰的手机"
		golden := func(n byte, version int64) events.Event {
			return events.Golden(events.Meta{Op: events.Updated, Version: version, Time: time.Unix(1e9, 0)},
				events.GoldenValue{GoldenID: canonical.ID{n}, Kind: canonical.Patient, Name: secret})
		}
		appendEvents(t, db, golden(1, 1), golden(2, 1))
		require.NoError(t, store.EachOutboxPayload(t.Context(), db, func(topic string, payload []byte) {
			evs, err := events.DecodeChunk(topic, payload)
			require.NoError(t, err)
			for _, e := range evs {
				require.True(t, e.Personal)
				require.NotContains(t, string(e.Value), secret)
				require.NotContains(t, string(e.Value), "golden_id")
			}
		}))
		erased := canonical.RecordKey{Source: "golden", ID: canonical.ID{1}.String()}
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.DestroyDataKeys(t.Context(), []canonical.RecordKey{erased})
		}))
		appendEvents(t, db, golden(1, 2)) // comes too late: there is nothing left to seal it with
		gone := events.GoldenErased(events.Meta{Version: 3, Time: time.Unix(1e9, 0)}, canonical.ID{1})
		appendEvents(t, db, gone...)
		var seen []string
		for _, e := range publishAll(t, db) {
			switch {
			case e.Erased:
				require.Nil(t, e.Value)
				require.Equal(t, erased.ID, e.Key)
				seen = append(seen, "erased")
			case e.Value == nil:
				seen = append(seen, "tombstone")
			case e.Key == erased.ID:
				require.NotContains(t, string(e.Value), secret)
				seen = append(seen, "deleted")
			default:
				require.Contains(t, string(e.Value), secret)
				seen = append(seen, "living")
			}
		}
		require.ElementsMatch(t, []string{"erased", "deleted", "tombstone", "living"}, seen)
	})
}

func TestReplaySendsTheLatestOfAStateTopicAndAllFacts(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		db := open()
		for v := int64(1); v <= 3; v++ {
			appendEvents(t, db, productEvent("A", v), productEvent("B", v), runEvent(byte(v)))
		}
		first := publishAll(t, db)
		appendEvents(t, db, productEvent("B", 4))

		n, err := db.ReplayTopics(t.Context(), []string{events.TopicProduct, events.TopicRun})
		require.NoError(t, err)
		require.EqualValues(t, 4, n, "A@3 and three runs; B@3 is overtaken by B@4, which waits anyway")
		again := publishAll(t, db)
		var products []string
		for _, e := range again {
			if e.Topic == events.TopicProduct {
				products = append(products, eventNames([]events.Event{e})...)
			}
		}
		require.ElementsMatch(t, []string{"A@3", "B@4"}, products)
		require.Len(t, again, 5)
		ids := map[canonical.ID]bool{}
		for _, e := range first {
			ids[e.ID()] = true
		}
		for _, e := range again {
			require.True(t, ids[e.ID()] || e.Version == 4, "a replayed event keeps its id")
		}
	})
}

func TestReplayOfAKeyComesBeforeWhatWaits(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		db := open()
		other := sameShard(t, "A")
		appendEvents(t, db, productEvent("A", 1), productEvent(other, 1), productEvent("A", 2))
		publishAll(t, db)
		appendEvents(t, db, productEvent("A", 3))
		for range 2 {
			n, err := db.ReplayKey(t.Context(), []string{events.TopicProduct}, "A")
			require.NoError(t, err)
			require.EqualValues(t, 1, n)
		}
		require.Equal(t, []string{"A@2", "A@2", "A@3"}, eventNames(publishAll(t, db)))
		appendEvents(t, db, productEvent("A", 4))
		require.Equal(t, []string{"A@4"}, eventNames(publishAll(t, db)))
	})
}

func TestPruneKeepsWhatCanRebuildATopic(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db := open()
		gone := events.ProductGone(events.Meta{Version: 3, Time: time.Unix(1e9, 0)}, "B")
		for v := int64(1); v <= 2; v++ {
			appendEvents(t, db, productEvent("A", v), productEvent("B", v), runEvent(byte(v)))
		}
		appendEvents(t, db, gone)
		publishAll(t, db)
		c.Advance(48 * time.Hour)
		appendEvents(t, db, productEvent("A", 3), runEvent(9))
		publishAll(t, db)
		appendEvents(t, db, productEvent("C", 1)) // not published

		removed, err := db.PruneOutbox(t.Context(), c.Now().Add(-24*time.Hour))
		require.NoError(t, err)
		require.EqualValues(t, 6, removed, "A@1 A@2 B@1 B@2 and two runs")
		have, err := db.OutboxEvents(t.Context())
		require.NoError(t, err)
		require.Equal(t, map[string]int64{events.TopicProduct: 3, events.TopicRun: 1}, have)
		removed, err = db.PruneOutbox(t.Context(), c.Now().Add(-24*time.Hour))
		require.NoError(t, err)
		require.Zero(t, removed)

		_, err = db.ReplayTopics(t.Context(), []string{events.TopicProduct})
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"A@3", "B@3", "C@1"}, eventNames(publishAll(t, db)))
	})
}

func TestCompactionJoinsSmallChunks(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db := open()
		for i := range 120 {
			appendEvents(t, db, productEvent(fmt.Sprintf("P%d", i), 1))
		}
		publishAll(t, db)
		_, err := db.PruneOutbox(t.Context(), c.Now().Add(time.Second))
		require.NoError(t, err)
		chunks := 0
		require.NoError(t, store.EachOutboxPayload(t.Context(), db, func(string, []byte) { chunks++ }))
		require.LessOrEqual(t, chunks, events.Shards)
		_, err = db.ReplayTopics(t.Context(), []string{events.TopicProduct})
		require.NoError(t, err)
		require.Len(t, publishAll(t, db), 120)
	})
}

// sameShard is another key of key's shard.
func sameShard(t *testing.T, key string) string {
	for i := range 10_000 {
		if k := fmt.Sprintf("%s%d", strings.ToLower(key), i); events.Shard(k) == events.Shard(key) {
			return k
		}
	}
	t.Fatal("no key found")
	return ""
}
