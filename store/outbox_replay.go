package store

import (
	"context"
	"fmt"
	"time"

	"tributary/events"
)

// ReplayTopics makes the published events of the topics wait for the relay again, with the ids they had: of a state
// topic the latest event of each key, of a fact topic all that are kept. It returns how many events wait.
//
// Shard after shard is leased meanwhile, so a relay never sends an old event of a key behind a newer one: whatever was
// sent later is sent again too.
func (db *DB) ReplayTopics(ctx context.Context, topics []string) (int64, error) {
	var queued int64
	for _, name := range topics {
		err := db.eachShardOf(ctx, name, func(l events.ShardLease) error {
			n, err := db.replayShard(ctx, l, name)
			queued += n
			return err
		})
		if err != nil {
			return queued, fmt.Errorf("replay %s: %w", name, err)
		}
	}
	return queued, nil
}

func (db *DB) replayShard(ctx context.Context, l events.ShardLease, topic string) (int64, error) {
	if t, ok := events.TopicOf(topic); ok && t.Kind == events.State {
		if _, err := db.compactShard(ctx, l, topic, farFuture); err != nil {
			return 0, err
		}
	}
	var queued int64
	err := db.InTx(ctx, func(tx *Tx) error {
		if err := tx.Hold(ctx, db.leaseOf(l)); err != nil {
			return err
		}
		// What was sent of an entry that still waits is sent again too.
		err := tx.get(ctx, &queued, `SELECT COALESCE(CAST(SUM(sent) AS bigint), 0) FROM outbox WHERE topic = ? AND shard = ?`, topic, l.Shard)
		if err != nil || queued == 0 {
			return err
		}
		_, err = tx.exec(ctx, `UPDATE outbox SET sent = 0, published_at = NULL WHERE topic = ? AND shard = ? AND sent > 0`, topic, l.Shard)
		return err
	})
	return queued, err
}

// farFuture is later than any time a row can have.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// ReplayKey is ReplayTopics for one key. Its published events are put in front of everything that waits, so that no
// event made meanwhile is overtaken.
func (db *DB) ReplayKey(ctx context.Context, topics []string, key string) (int64, error) {
	shard := events.Shard(key)
	var queued int64
	err := db.withShard(ctx, shard, func(l events.ShardLease) error {
		var again []events.Event
		for _, name := range topics {
			evs, err := db.publishedOfKey(ctx, name, shard, key)
			if err != nil {
				return err
			}
			again = append(again, evs...)
		}
		queued = int64(len(again))
		return db.InTx(ctx, func(tx *Tx) error {
			if err := tx.Hold(ctx, db.leaseOf(l)); err != nil {
				return err
			}
			return tx.insertInFront(ctx, again)
		})
	})
	if err != nil {
		return 0, fmt.Errorf("replay of one key: %w", err)
	}
	return queued, nil
}

// publishedOfKey reads the published events of a key in rising versions, each once, values still sealed.
func (db *DB) publishedOfKey(ctx context.Context, topic string, shard int, key string) ([]events.Event, error) {
	var out []events.Event
	err := db.eachChunk(ctx, topic, shard, func(c events.Chunk, publishedAt int64) error {
		for _, e := range c.Events {
			if publishedAt != 0 && e.Key == key && (len(out) == 0 || e.Version > out[len(out)-1].Version) {
				out = append(out, e)
			}
		}
		return nil
	})
	if t, ok := events.TopicOf(topic); ok && t.Kind == events.State && len(out) > 1 {
		out = out[len(out)-1:]
	}
	return out, err
}

// insertInFront stores events under numbers below all others: negative ones, which no sequence hands out.
func (tx *Tx) insertInFront(ctx context.Context, evs []events.Event) error {
	var first int64
	if err := tx.get(ctx, &first, `SELECT COALESCE(MIN(id), 0) FROM outbox`); err != nil {
		return err
	}
	rows := tx.chunkRows(cutChunks(evs))
	first = min(first, 0) - int64(len(rows))
	for i := range rows {
		rows[i] = append(rows[i], first+int64(i))
	}
	return tx.bulk(ctx, "outbox", append(outboxColumns[:len(outboxColumns):len(outboxColumns)], "id"), rows)
}
