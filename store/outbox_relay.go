package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/events"
)

// PendingShards lists the shards that have events to send, ascending.
func (db *DB) PendingShards(ctx context.Context) ([]int, error) {
	var out []int
	return out, db.sel(ctx, &out, `WITH s (n) AS (VALUES `+allShards()+`)
		SELECT n FROM s WHERE EXISTS (SELECT 1 FROM outbox WHERE shard = n AND published_at IS NULL) ORDER BY n`)
}

var allShards = sync.OnceValue(func() string {
	var b strings.Builder
	for n := range events.Shards {
		if n > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%d)", n)
	}
	return b.String()
})

func shardLease(shard int) string { return "relay/" + strconv.Itoa(shard) }

func (db *DB) leaseOf(l events.ShardLease) *Lease {
	return &Lease{Name: shardLease(l.Shard), Epoch: l.Epoch, ttl: l.TTL}
}

// AcquireShard leases a shard for ttl or fails with events.ErrShardBusy. With waitOut an unexpired lease is respected
// even when its process is known to be dead: what that process sent last may still reach a broker elsewhere. An embedded
// broker dies with its process, so there the lease is free at once.
func (db *DB) AcquireShard(ctx context.Context, shard int, ttl time.Duration, waitOut bool) (events.ShardLease, error) {
	if waitOut {
		var busy int
		err := db.get(ctx, &busy, `SELECT count(*) FROM lease WHERE name = ? AND expires_at > ?`, shardLease(shard), Micros(db.Now()))
		if err != nil {
			return events.ShardLease{}, db.d.explain(err, db.cfg)
		}
		if busy > 0 {
			return events.ShardLease{}, events.ErrShardBusy
		}
	}
	l, err := db.Acquire(ctx, shardLease(shard), ttl)
	if errors.Is(err, ErrLeased) {
		return events.ShardLease{}, events.ErrShardBusy
	}
	if err != nil {
		return events.ShardLease{}, err
	}
	return events.ShardLease{Shard: shard, Epoch: l.Epoch, TTL: ttl}, nil
}

// ReleaseShard gives the lease back at once. It works on a context that was cancelled; a lost lease is no error.
func (db *DB) ReleaseShard(ctx context.Context, l events.ShardLease) error {
	return db.Release(ctx, db.leaseOf(l))
}

// PendingChunks reads the next events of a shard to send, in order: whole chunks, at least one, until limit events are
// reached. Values are opened; an event whose data key was destroyed is marked Erased.
func (db *DB) PendingChunks(ctx context.Context, shard, limit int) ([]events.Chunk, error) {
	var out []events.Chunk
	count := 0
	err := db.each(ctx, `SELECT id, topic, sent, payload FROM outbox WHERE shard = ? AND published_at IS NULL ORDER BY id LIMIT ?`,
		[]any{shard, limit}, func(rows *sqlx.Rows) error {
			c, err := scanChunk(rows)
			if err != nil {
				return err
			}
			out = append(out, c)
			if count += len(c.Events) - c.Sent; count >= limit {
				return errEnough
			}
			return nil
		})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("read the outbox: %w", db.d.explain(err, db.cfg))
	}
	return out, db.openEvents(ctx, out)
}

// errEnough ends a reading loop early.
var errEnough = errors.New("enough")

func scanChunk(rows *sqlx.Rows) (events.Chunk, error) {
	var c events.Chunk
	var payload []byte
	if err := rows.Scan(&c.ID, &c.Topic, &c.Sent, &payload); err != nil {
		return c, err
	}
	evs, err := events.DecodeChunk(c.Topic, payload)
	if err != nil {
		return c, fmt.Errorf("outbox entry %d: %w", c.ID, err)
	}
	c.Events = evs
	return c, nil
}

// openEvents opens sealed values in place.
func (db *DB) openEvents(ctx context.Context, chunks []events.Chunk) error {
	var owners []canonical.RecordKey
	seen := map[canonical.RecordKey]bool{}
	for _, c := range chunks {
		for i := range c.Events {
			if e := &c.Events[i]; e.Personal && e.Value != nil && !seen[e.DataKey()] {
				seen[e.DataKey()] = true
				owners = append(owners, e.DataKey())
			}
		}
	}
	if len(owners) == 0 {
		return nil
	}
	keys, err := db.DataKeys(ctx, owners)
	if err != nil {
		return fmt.Errorf("open sealed events: %w", err)
	}
	for _, c := range chunks {
		for i := range c.Events {
			e := &c.Events[i]
			if !e.Personal || e.Value == nil {
				continue
			}
			key := keys[e.DataKey()]
			if key == nil {
				e.Erased, e.Value = true, nil
				continue
			}
			if e.Value, err = key.Open(e.Value); err != nil {
				return fmt.Errorf("open a sealed event of outbox entry %d: %w", c.ID, err)
			}
		}
	}
	return nil
}

// MarkSent records progress under the epoch of the lease and extends it, or gives it back with release. It fails with
// events.ErrShardLost, marking nothing, when the shard has passed to another relay. Without progress it only extends.
func (db *DB) MarkSent(ctx context.Context, l events.ShardLease, progress []events.Progress, release bool) error {
	err := db.InTx(ctx, func(tx *Tx) error {
		lease := db.leaseOf(l)
		if release {
			lease.ttl = 0
		}
		if err := tx.Hold(ctx, lease); err != nil {
			return err
		}
		return tx.markSent(ctx, progress)
	})
	if errors.Is(err, ErrLeaseLost) {
		return events.ErrShardLost
	}
	return err
}

func (tx *Tx) markSent(ctx context.Context, progress []events.Progress) error {
	var done []int64
	added := map[string]int{}
	for _, p := range progress {
		added[p.Topic] += p.New
		if p.Done {
			done = append(done, p.Chunk)
			continue
		}
		if _, err := tx.exec(ctx, `UPDATE outbox SET sent = ? WHERE id = ?`, p.Sent, p.Chunk); err != nil {
			return err
		}
	}
	err := inChunks(done, func(ids []int64) error {
		cond, args := anyOf(tx.querier, "id", ids)
		_, err := tx.exec(ctx, `UPDATE outbox SET sent = events, published_at = ? WHERE `+cond, append([]any{Micros(tx.Now)}, args...)...)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range events.Catalogue() { // in one order, so that relays do not lock each other out
		if added[t.Name] > 0 {
			if err := tx.addToTopicLog(ctx, t.Name, added[t.Name]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) addToTopicLog(ctx context.Context, topic string, n int) error {
	_, err := tx.exec(ctx, `INSERT INTO topic_log (topic, published) VALUES (?, ?)
		ON CONFLICT (topic) DO UPDATE SET published = topic_log.published + excluded.published`, topic, n)
	return err
}
