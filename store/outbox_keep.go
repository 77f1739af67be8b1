package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/events"
)

// Published events stay in the outbox, so that a topic can be published again with the same ids. Facts stay for the
// retention. Of a state topic the latest event of each key stays for ever: the outbox alone can rebuild the topic.

// PruneOutbox deletes published facts older than before and, on state topics, published events older than before that
// a later one of their key has overtaken. It takes the lease of one shard after the other, waiting for each at most
// until ctx ends, and returns how many events it removed.
func (db *DB) PruneOutbox(ctx context.Context, before time.Time) (int64, error) {
	var removed int64
	for _, t := range events.Catalogue() {
		if t.Kind == events.Fact {
			n, err := db.pruneFacts(ctx, t.Name, before)
			if removed += n; err != nil {
				return removed, fmt.Errorf("prune %s: %w", t.Name, err)
			}
		}
	}
	for _, t := range events.Catalogue() {
		if t.Kind != events.State {
			continue
		}
		err := db.eachShardOf(ctx, t.Name, func(l events.ShardLease) error {
			n, err := db.compactShard(ctx, l, t.Name, before)
			removed += n
			return err
		})
		if err != nil {
			return removed, fmt.Errorf("compact %s: %w", t.Name, err)
		}
	}
	return removed, nil
}

// eachShardOf runs fn under the lease of each shard that has events of the topic, one after the other.
func (db *DB) eachShardOf(ctx context.Context, topic string, fn func(events.ShardLease) error) error {
	var shards []int
	err := db.sel(ctx, &shards, `WITH s (n) AS (VALUES `+allShards()+`)
		SELECT n FROM s WHERE EXISTS (SELECT 1 FROM outbox WHERE topic = ? AND shard = n) ORDER BY n`, topic)
	if err != nil {
		return db.d.explain(err, db.cfg)
	}
	for _, shard := range shards {
		if err := db.withShard(ctx, shard, fn); err != nil {
			return err
		}
	}
	return nil
}

const (
	shardWork = time.Minute // lease of maintenance; extended with every transaction
	shardPoll = 50 * time.Millisecond
)

// withShard runs fn while it holds the lease of a shard, so that no relay sends from it meanwhile.
func (db *DB) withShard(ctx context.Context, shard int, fn func(events.ShardLease) error) error {
	lease, err := db.AcquireWait(ctx, shardLease(shard), shardWork, shardPoll)
	if err != nil {
		return fmt.Errorf("wait for shard %d: %w", shard, err)
	}
	err = fn(events.ShardLease{Shard: shard, Epoch: lease.Epoch, TTL: shardWork})
	return errors.Join(err, db.Release(ctx, lease))
}

func (db *DB) pruneFacts(ctx context.Context, topic string, before time.Time) (int64, error) {
	const slice = 500
	var removed int64
	for {
		var old []struct {
			ID     int64 `db:"id"`
			Events int64 `db:"events"`
		}
		err := db.sel(ctx, &old, `SELECT id, events FROM outbox WHERE topic = ? AND published_at < ? ORDER BY id LIMIT ?`,
			topic, Micros(before), slice)
		if err != nil || len(old) == 0 {
			return removed, err
		}
		var ids []int64
		var n int64
		for _, o := range old {
			ids = append(ids, o.ID)
			n += o.Events
		}
		err = db.InTx(ctx, func(tx *Tx) error {
			cond, args := anyOf(tx.querier, "id", ids)
			_, err := tx.exec(ctx, `DELETE FROM outbox WHERE published_at IS NOT NULL AND `+cond, args...)
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += n
	}
}

// compactShard keeps, of the published events older than before, those that are the latest of their key, and joins
// their chunks. Joined chunks keep the number of their first one, so the order of chunks stays.
func (db *DB) compactShard(ctx context.Context, l events.ShardLease, topic string, before time.Time) (int64, error) {
	latest := map[string]int64{}
	var old []int64
	err := db.eachChunk(ctx, topic, l.Shard, func(c events.Chunk, publishedAt int64) error {
		for i := range c.Events {
			latest[c.Events[i].Key] = max(latest[c.Events[i].Key], c.Events[i].Version)
		}
		if publishedAt != 0 && publishedAt < Micros(before) {
			old = append(old, c.ID)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	var removed int64
	const slice = 50 // chunks in one transaction
	for len(old) > 0 {
		n := min(slice, len(old))
		dropped, err := db.compactChunks(ctx, l, topic, old[:n], latest)
		if removed += dropped; err != nil {
			return removed, err
		}
		old = old[n:]
	}
	return removed, nil
}

func (db *DB) compactChunks(ctx context.Context, l events.ShardLease, topic string, ids []int64, latest map[string]int64) (int64, error) {
	var removed int64
	err := db.InTx(ctx, func(tx *Tx) error {
		removed = 0
		if err := tx.Hold(ctx, db.leaseOf(l)); err != nil {
			return err
		}
		var chunks []events.Chunk
		cond, args := anyOf(tx.querier, "id", ids)
		err := tx.each(ctx, `SELECT id, topic, sent, payload FROM outbox WHERE `+cond+` ORDER BY id`, args, func(rows *sqlx.Rows) error {
			c, err := scanChunk(rows)
			chunks = append(chunks, c)
			return err
		})
		if err != nil {
			return err
		}
		for _, g := range joinChunks(chunks, latest) {
			removed += int64(g.dropped)
			if err := tx.replaceChunks(ctx, g); err != nil {
				return err
			}
		}
		return nil
	})
	return removed, err
}

// joined is a group of chunks that become one, or none when kept is empty.
type joined struct {
	ids     []int64
	kept    []events.Event
	bytes   int
	dropped int
}

// joinChunks groups neighbours as long as what stays of them fits one chunk.
func joinChunks(chunks []events.Chunk, latest map[string]int64) []joined {
	var out []joined
	var g joined
	for _, c := range chunks {
		var kept []events.Event
		bytes := 0
		for _, e := range c.Events {
			if e.Version == latest[e.Key] {
				kept = append(kept, e)
				bytes += len(e.Value)
			}
		}
		if len(g.ids) > 0 && (len(g.kept)+len(kept) > events.MaxChunkEvents || g.bytes+bytes > events.MaxChunkBytes) {
			out = append(out, g)
			g = joined{}
		}
		g.ids, g.kept, g.bytes = append(g.ids, c.ID), append(g.kept, kept...), g.bytes+bytes
		g.dropped += len(c.Events) - len(kept)
	}
	if len(g.ids) > 0 {
		out = append(out, g)
	}
	return out
}

func (tx *Tx) replaceChunks(ctx context.Context, g joined) error {
	if g.dropped == 0 && len(g.ids) == 1 {
		return nil
	}
	gone := g.ids
	if len(g.kept) > 0 {
		personal := false
		for i := range g.kept {
			personal = personal || g.kept[i].Personal
		}
		err := tx.execOne(ctx, `UPDATE outbox SET events = ?, sent = ?, personal = ?, payload = ? WHERE id = ?`,
			len(g.kept), len(g.kept), personal, events.EncodeChunk(g.kept), g.ids[0])
		if err != nil {
			return err
		}
		gone = g.ids[1:]
	}
	return inChunks(gone, func(ids []int64) error {
		cond, args := anyOf(tx.querier, "id", ids)
		_, err := tx.exec(ctx, `DELETE FROM outbox WHERE `+cond, args...)
		return err
	})
}

// eachChunk reads all chunks of a topic in a shard in order, values still sealed; publishedAt is 0 for one not sent.
func (db *DB) eachChunk(ctx context.Context, topic string, shard int, fn func(c events.Chunk, publishedAt int64) error) error {
	return db.each(ctx, `SELECT id, payload, COALESCE(published_at, 0) FROM outbox WHERE topic = ? AND shard = ? ORDER BY id`,
		[]any{topic, shard}, func(rows *sqlx.Rows) error {
			c := events.Chunk{Topic: topic}
			var payload []byte
			var publishedAt int64
			err := rows.Scan(&c.ID, &payload, &publishedAt)
			if err != nil {
				return err
			}
			if c.Events, err = events.DecodeChunk(topic, payload); err != nil {
				return fmt.Errorf("outbox entry %d: %w", c.ID, err)
			}
			return fn(c, publishedAt)
		})
}
