package outbox_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v4"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/events"
	"tributary/events/outbox"
	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

// onBoth runs a test on SQLite and on a real PostgreSQL; open may be called again for a process of its own.
func onBoth(t *testing.T, test func(t *testing.T, open func() *store.DB, c *clock)) {
	for _, on := range []struct {
		name string
		url  func(*testing.T) string
	}{
		{"sqlite", func(*testing.T) string { return "sqlite:hub.db" }},
		{"postgres", func(t *testing.T) string { return servers.PostgresSchema(t) }},
	} {
		t.Run(on.name, func(t *testing.T) {
			dir, url, c := t.TempDir(), on.url(t), &clock{t: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)}
			test(t, func() *store.DB {
				db, err := storetest.Open(t.Context(), store.Config{URL: url, DataDir: dir, Now: c.Now, Rand: rand.Reader, Verb: "test"})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, db.Close()) })
				require.NoError(t, db.Ready(t.Context()))
				return db
			}, c)
		})
	}
}

// world draws histories: every key's versions rise from 1, spread over transactions of any size.
func world(rt *rapid.T, prefix string) [][]events.Event {
	keys := rapid.IntRange(1, 20).Draw(rt, "keys")
	next := make([]int64, keys)
	var txs [][]events.Event
	for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
		var evs []events.Event
		for range rapid.IntRange(1, 40).Draw(rt, "events") {
			k := rapid.IntRange(0, keys-1).Draw(rt, "key")
			next[k]++
			id := fmt.Sprintf("%s-%d", prefix, k)
			meta := events.Meta{Op: events.Updated, Version: next[k], Time: time.Unix(1e9, 0)}
			if k%3 == 0 {
				evs = append(evs, events.Lot(meta, events.LotValue{Product: id, Lot: "L"}))
			} else {
				evs = append(evs, events.Product(meta, events.ProductValue{Code: id}))
			}
		}
		txs = append(txs, evs)
	}
	return txs
}

// checkLog is invariant 9: nothing lost, one id per version, and per key the log only ever goes on by one version or
// back to repeat, and ends with the newest.
func checkLog(t require.TestingT, sent [][]events.Event, log []record, prefix string) {
	want := map[string]int64{}
	ids := map[string]string{}
	for _, evs := range sent {
		for _, e := range evs {
			want[e.Topic+e.Key] = max(want[e.Topic+e.Key], e.Version)
			ids[fmt.Sprint(e.Topic, "|", e.Key, "|", e.Version)] = e.ID().String()
		}
	}
	last, top := map[string]int64{}, map[string]int64{}
	for _, r := range log {
		k := r.Topic + r.Key
		v, err := strconv.ParseInt(r.Version, 10, 64)
		require.NoError(t, err)
		require.LessOrEqual(t, v, last[k]+1, "%s: version %d came after %d", r.Key, v, last[k])
		require.Equal(t, ids[fmt.Sprint(r.Topic, "|", r.Key, "|", v)], r.ID, "the id of a version never changes")
		last[k], top[k] = v, max(top[k], v)
	}
	for k, v := range want {
		require.Equal(t, v, top[k], "%s: lost", k)
		require.Equal(t, v, last[k], "%s: a stale version came last", k)
	}
}

func TestRelayKeepsOrderAndLosesNothingUnderFaults(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db, round := open(), 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			prefix := fmt.Sprint("k", round)
			txs := world(rt, prefix)
			kinds := rapid.SliceOfN(rapid.SampledFrom([]fault{fine, refused, oneFails, unknown, vague}), 1, 40).Draw(rt, "faults")
			var mu sync.Mutex
			b := &broker{faults: func(string, int) fault {
				mu.Lock()
				defer mu.Unlock()
				if len(kinds) == 0 {
					return fine
				}
				f := kinds[0]
				kinds = kinds[1:]
				return f
			}}
			r := newRelay(rt, db, b, c, func(cfg *outbox.Config) {
				cfg.Window = rapid.SampledFrom([]int{1, 3, 50, 2000}).Draw(rt, "window")
				cfg.Workers = rapid.IntRange(1, 4).Draw(rt, "workers")
			})
			for i, evs := range txs {
				appendEvents(rt, db, evs...)
				if i%3 == 2 {
					_ = r.Once(context.Background()) // may give up; a later one goes on
				}
			}
			for tries := 0; ; tries++ {
				require.Less(rt, tries, 100, "the relay never gets done")
				if r.Once(context.Background()) == nil {
					break
				}
			}
			require.False(rt, b.clash, "two calls for one shard at once")
			checkLog(rt, txs, b.records(), prefix)
			s, err := db.OutboxStatus(context.Background())
			require.NoError(rt, err)
			require.Zero(rt, s.Pending)
		})
	})
}

// stealing is an outbox whose user is paused now and then: its leases run out and thief does all the work meanwhile.
type stealing struct {
	outbox.Queue
	c     *clock
	thief *outbox.Relay
	pause func(where string) bool
}

func (s *stealing) steal(where string) {
	if s.pause(where) {
		s.c.Advance(2 * time.Minute)
		if err := s.thief.Once(context.Background()); err != nil {
			panic(err)
		}
	}
}

func (s *stealing) PendingChunks(ctx context.Context, shard, limit int) ([]events.Chunk, error) {
	chunks, err := s.Queue.PendingChunks(ctx, shard, limit)
	s.steal("after reading")
	return chunks, err
}

func (s *stealing) MarkSent(ctx context.Context, l events.ShardLease, p []events.Progress, release bool) error {
	if len(p) > 0 {
		s.steal("before marking")
	}
	return s.Queue.MarkSent(ctx, l, p, release)
}

func TestAPausedRelayCannotSendOrMarkBehindItsSuccessor(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db, round := open(), 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			prefix := fmt.Sprint("s", round)
			txs := world(rt, prefix)
			pauses := rapid.SliceOfN(rapid.Bool(), 1, 20).Draw(rt, "pauses")
			b := &broker{}
			q := &stealing{Queue: db, c: c, thief: newRelay(rt, db, b, c), pause: func(string) bool {
				if len(pauses) == 0 {
					return false
				}
				p := pauses[0]
				pauses = pauses[1:]
				return p
			}}
			r := newRelay(rt, q, b, c, func(cfg *outbox.Config) {
				cfg.Workers, cfg.Window = 1, rapid.SampledFrom([]int{10, 40, 2000}).Draw(rt, "window")
			})
			for _, evs := range txs {
				appendEvents(rt, db, evs...)
			}
			require.NoError(rt, r.Once(context.Background()))
			checkLog(rt, txs, b.records(), prefix)
		})
	})
}

func TestSeveralRelaysShareTheWork(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		b := &broker{}
		var txs [][]events.Event
		db := open()
		for v := int64(1); v <= 5; v++ {
			var evs []events.Event
			for k := range 200 {
				evs = append(evs, productEvent(fmt.Sprint("P", k), v))
			}
			appendEvents(t, db, evs...)
			txs = append(txs, evs)
		}
		var wg sync.WaitGroup
		for range 3 {
			r := newRelay(t, open(), b, c)
			wg.Go(func() { require.NoError(t, r.Once(context.Background())) })
		}
		wg.Wait()
		require.False(t, b.clash)
		checkLog(t, txs, b.records(), "P")
		require.Len(t, b.records(), 1000, "without failures nothing is sent twice")
	})
}

func TestRunSendsWhatComesAndDrainsWhenStopped(t *testing.T) {
	ignore := goleak.IgnoreCurrent()
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db := open()
		entered, leave := make(chan struct{}), make(chan struct{})
		b := &broker{during: func() { entered <- struct{}{}; <-leave }}
		r := newRelay(t, db, b, c, func(cfg *outbox.Config) { cfg.Poll = time.Hour })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		appendEvents(t, db, productEvent("A", 1), productEvent("A", 2))
		r.Wake()
		<-entered
		cancel()
		select {
		case <-done:
			t.Fatal("Run returned while a send was under way")
		default:
		}
		close(leave)
		require.NoError(t, <-done)
		s, err := db.OutboxStatus(context.Background())
		require.NoError(t, err)
		require.Zero(t, s.Pending, "what was acknowledged is marked")
		_, err = db.AcquireShard(context.Background(), events.Shard("A"), time.Minute, true)
		require.NoError(t, err, "the lease was given back")
		require.EqualValues(t, 2, r.Sent())
	})
	goleak.VerifyNone(t, ignore, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

func TestRunSurvivesABrokerThatIsAwayForAWhile(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db, calls, back := open(), 0, make(chan struct{})
		b := &broker{}
		b.faults = func(string, int) fault { // one worker: calls come one by one
			if calls++; calls <= 5 {
				return refused
			}
			if calls == 6 {
				close(back)
			}
			return fine
		}
		appendEvents(t, db, productEvent("A", 1))
		r := newRelay(t, db, b, c, func(cfg *outbox.Config) { cfg.Workers = 1 })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		<-back
		cancel()
		require.NoError(t, <-done)
		require.EqualValues(t, 5, r.Failures())
		require.Len(t, b.records(), 1)
	})
}

func TestOnceGivesUpOnABrokerThatIsAway(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db := open()
		b := &broker{faults: func(string, int) fault { return refused }}
		appendEvents(t, db, productEvent("A", 1))
		r := newRelay(t, db, b, c)
		require.ErrorIs(t, r.Once(t.Context()), errBroker)
		s, err := db.OutboxStatus(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, s.Pending)
		b.faults = nil
		require.NoError(t, r.Once(t.Context()))
		require.NoError(t, r.Once(t.Context()))
		require.Len(t, b.records(), 1, "nothing is published when nothing waits")
	})
}

func TestOneShardThatFailsDoesNotStopTheOthers(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db := open()
		b := &broker{faults: func(topic string, _ int) fault {
			if topic == events.TopicRun {
				return refused
			}
			return fine
		}}
		var want []string
		for k := range 50 {
			code := fmt.Sprint("P", k)
			appendEvents(t, db, productEvent(code, 1))
			want = append(want, code)
		}
		stuck := events.Run(events.Meta{Version: 1, Time: time.Unix(1e9, 0)}, events.RunValue{RunID: canonical.ID{7}})
		for events.Shard("P0") == events.Shard(stuck.Key) {
			t.Fatal("the test wants them in two shards")
		}
		appendEvents(t, db, stuck)
		r := newRelay(t, db, b, c, func(cfg *outbox.Config) {
			cfg.Workers = 1
			cfg.NewBackOff = func() backoff.BackOff { return backoff.NewConstantBackOff(20 * time.Millisecond) }
		})
		require.ErrorIs(t, r.Once(t.Context()), errBroker)
		var got []string
		for _, rec := range b.records() {
			got = append(got, rec.Key)
		}
		require.ElementsMatch(t, want, got)
	})
}

func TestErasedEventsAreSkipped(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db := open()
		golden := func(version int64) events.Event {
			return events.Golden(events.Meta{Op: events.Updated, Version: version, Time: time.Unix(1e9, 0)},
				events.GoldenValue{GoldenID: canonical.ID{1}, Kind: canonical.Patient, Name: "张三丰"})
		}
		appendEvents(t, db, golden(1), golden(2))
		require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error {
			return tx.DestroyDataKeys(t.Context(), []canonical.RecordKey{{Source: "golden", ID: canonical.ID{1}.String()}})
		}))
		appendEvents(t, db, events.GoldenErased(events.Meta{Version: 3, Time: time.Unix(1e9, 0)}, canonical.ID{1})...)
		b := &broker{}
		require.NoError(t, newRelay(t, db, b, c).Once(t.Context()))
		log := b.records()
		require.Len(t, log, 2)
		require.JSONEq(t, `{"golden_id":"01000000-0000-0000-0000-000000000000","status":"erased"}`, string(log[0].Value))
		require.Nil(t, log[1].Value)
		published, err := db.TopicLog(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 2, published[events.TopicGolden], "only what was sent is counted")
	})
}

func TestALeaseMustOutlastASend(t *testing.T) {
	_, err := outbox.New(outbox.Config{}, nil, nil, nil)
	require.Error(t, err)
	c := &clock{}
	r := newRelay(t, queueWithWork{}, &broker{}, c, func(cfg *outbox.Config) { cfg.Lease = 15 * time.Second })
	require.ErrorContains(t, r.Once(t.Context()), "too long for a lease")
}

type queueWithWork struct{ outbox.Queue }

func (queueWithWork) PendingShards(context.Context) ([]int, error) { return []int{1}, nil }

// brokenQueue fails for a while.
type brokenQueue struct {
	outbox.Queue
	left int
}

func (q *brokenQueue) PendingShards(ctx context.Context) ([]int, error) {
	if q.left--; q.left >= 0 {
		return nil, errors.New("database is away")
	}
	return q.Queue.PendingShards(ctx)
}

func TestRunSurvivesADatabaseThatIsAwayForAWhile(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db, sent := open(), make(chan struct{}, math.MaxInt8)
		b := &broker{during: func() { sent <- struct{}{} }}
		appendEvents(t, db, productEvent("A", 1))
		r := newRelay(t, &brokenQueue{Queue: db, left: 3}, b, c)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- r.Run(ctx) }()
		select {
		case <-sent:
		case err := <-done:
			require.FailNow(t, "Run ended", "%v", err)
		}
		cancel()
		require.NoError(t, <-done)
		require.EqualValues(t, 3, r.Failures())
	})
}
