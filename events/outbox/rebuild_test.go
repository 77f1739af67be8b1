package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/events"
	"tributary/events/outbox"
	"tributary/store"
)

// killed is a database that a kill takes away in the middle of a rebuild.
type killed struct {
	*store.DB
	after int // calls that still work
}

var errKilled = errors.New("killed")

func (k *killed) ReplayTopics(ctx context.Context, topics []string) (int64, error) {
	if k.after--; k.after < 0 {
		return 0, errKilled
	}
	return k.DB.ReplayTopics(ctx, topics)
}

func (k *killed) SetTopicLog(ctx context.Context, topic string, n int64) error {
	if k.after--; k.after < 0 {
		return errKilled
	}
	return k.DB.SetTopicLog(ctx, topic, n)
}

// logs counts the records of each topic of the fake broker.
func (b *broker) logs() map[string]int64 {
	out := map[string]int64{}
	for _, r := range b.records() {
		out[r.Topic]++
	}
	return out
}

func (b *broker) remove(topic string) error {
	b.cut(func(r record) bool { return r.Topic == topic })
	return nil
}

func (b *broker) cut(gone func(record) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var kept []record
	for _, r := range b.log {
		if !gone(r) {
			kept = append(kept, r)
		}
	}
	b.log = kept
}

// TestALostLogIsRebuiltFromTheOutbox loses parts of the log at any time, prunes the outbox meanwhile, and kills rebuilds
// half-way: in the end the broker's topics say what the database says, under the ids of old.
func TestALostLogIsRebuiltFromTheOutbox(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		// One world for all examples: each goes on where the last one stopped.
		db, b, next, want := open(), &broker{}, map[string]int64{}, map[string]record{}
		rapid.Check(t, func(rt *rapid.T) {
			ctx := context.Background()
			relay := newRelay(rt, db, b, c)
			publish := func() {
				rebuild(rt, db, b)
				require.NoError(rt, relay.Once(ctx))
			}
			rt.Repeat(map[string]func(*rapid.T){
				"append": func(rt *rapid.T) {
					var evs []events.Event
					for range rapid.IntRange(1, 20).Draw(rt, "events") {
						key := fmt.Sprint("K", rapid.IntRange(0, 4).Draw(rt, "key"))
						next[key]++
						e := productEvent(key, next[key])
						if rapid.IntRange(0, 4).Draw(rt, "gone") == 0 {
							e = events.ProductGone(events.Meta{Version: next[key], Time: e.Time}, key)
						}
						evs = append(evs, e)
						want[key] = record{e.Topic, key, e.ID().String(), fmt.Sprint(e.Version), e.Value}
					}
					appendEvents(rt, db, evs...)
				},
				"relay":         func(*rapid.T) { publish() },
				"lose a topic":  func(*rapid.T) { require.NoError(rt, b.remove(events.TopicProduct)) },
				"lose the tail": func(*rapid.T) { n := 0; b.cut(func(record) bool { n++; return n > 5 }) },
				"prune": func(*rapid.T) {
					_, err := db.PruneOutbox(ctx, c.Now())
					require.NoError(rt, err)
				},
				"killed rebuild": func(rt *rapid.T) {
					k := &killed{DB: db, after: rapid.IntRange(0, 2).Draw(rt, "after")}
					_, err := outbox.Rebuild(ctx, b.logs(), b.remove, k)
					if err != nil {
						require.ErrorIs(rt, err, errKilled)
					}
				},
			})
			publish()
			got := map[string]record{}
			for _, r := range b.records() {
				got[r.Key] = r
			}
			require.Equal(rt, want, got)
			require.Empty(rt, rebuild(rt, db, b), "a whole log is left alone")
		})
	})
}

func rebuild(t require.TestingT, db *store.DB, b *broker) []outbox.Rebuilt {
	out, err := outbox.Rebuild(context.Background(), b.logs(), b.remove, db)
	require.NoError(t, err)
	return out
}

func TestRebuildSaysWhy(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		db, b := open(), &broker{}
		appendEvents(t, db, productEvent("A", 1), productEvent("B", 1))
		require.Empty(t, rebuild(t, db, b), "nothing was published yet")
		require.NoError(t, newRelay(t, db, b, c).Once(t.Context()))

		why := func(records int64) []outbox.Rebuilt {
			published, err := db.TopicLog(t.Context())
			require.NoError(t, err)
			removed := ""
			out, err := outbox.Rebuild(t.Context(), map[string]int64{events.TopicProduct: records},
				func(topic string) error { removed = topic; return nil }, db)
			require.NoError(t, err)
			require.Equal(t, len(out) > 0, removed == events.TopicProduct)
			for i := range out {
				require.Equal(t, published[events.TopicProduct], out[i].Known)
				out[i].Known = 0
			}
			require.NoError(t, newRelay(t, db, b, c).Once(t.Context()))
			return out
		}
		is := func(reason outbox.Reason, records int64) []outbox.Rebuilt {
			return []outbox.Rebuilt{{Topic: events.TopicProduct, Reason: reason, Records: records}}
		}
		require.Equal(t, is(outbox.LogShort, 1), why(1))
		require.Equal(t, is(outbox.LogForeign, 20_000), why(20_000))
		require.Empty(t, why(5), "some were sent twice")
		require.Equal(t, is(outbox.LogShort, 4), why(4), "what was seen once must stay")
		require.NoError(t, db.SetTopicLog(t.Context(), events.TopicProduct, 150_000))
		require.Equal(t, is(outbox.LogGrown, 150_000), why(150_000))
	})
}
