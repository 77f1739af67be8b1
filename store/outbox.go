package store

import (
	"context"
	"fmt"

	"tributary/canonical"
	"tributary/events"
)

var outboxColumns = []string{"topic", "shard", "events", "sent", "personal", "payload", "created_at"}

// AppendEvents puts events into the outbox of this transaction, in their order (invariant 1). The version of each event
// must have been taken while the row of its entity was locked: then the chunks of a key get rising numbers and are sent
// in the order of its versions (rule 6.8). The chunks are written when the transaction commits, so that all its events of
// a topic and shard share them.
//
// Events that Check refuses fail the transaction. A personal value is sealed under the data key of its owner; when that
// key was destroyed by an erasure the event is left out.
func (tx *Tx) AppendEvents(_ context.Context, evs []events.Event) error {
	for i := range evs {
		if err := evs[i].Check(); err != nil {
			return fmt.Errorf("append events: %w", err)
		}
	}
	tx.events = append(tx.events, evs...)
	return nil
}

// writeEvents writes the events of the transaction as chunks.
func (tx *Tx) writeEvents(ctx context.Context) error {
	if len(tx.events) == 0 {
		return nil
	}
	evs, err := tx.sealEvents(ctx, tx.events)
	if err != nil {
		return fmt.Errorf("seal events: %w", err)
	}
	return tx.bulk(ctx, "outbox", outboxColumns, tx.chunkRows(cutChunks(evs)))
}

func (tx *Tx) chunkRows(chunks []*chunk) [][]any {
	rows := make([][]any, len(chunks))
	for i, c := range chunks {
		rows[i] = []any{c.topic, c.shard, len(c.events), 0, c.personal, events.EncodeChunk(c.events), Micros(tx.Now)}
	}
	return rows
}

// sealEvents returns the events with personal values sealed; the caller's slice stays as it is.
func (tx *Tx) sealEvents(ctx context.Context, evs []events.Event) ([]events.Event, error) {
	var owners []canonical.RecordKey
	seen := map[canonical.RecordKey]bool{}
	for i := range evs {
		if key := evs[i].DataKey(); evs[i].Personal && !seen[key] {
			seen[key] = true
			owners = append(owners, key)
		}
	}
	if len(owners) == 0 {
		return evs, nil
	}
	keys, err := tx.DataKeys(ctx, owners)
	if err != nil {
		return nil, err
	}
	out := make([]events.Event, 0, len(evs))
	for _, e := range evs {
		if e.Personal && e.Value != nil {
			key := keys[e.DataKey()]
			if key == nil {
				continue
			}
			if e.Value, err = key.Seal(e.Value); err != nil {
				return nil, err
			}
		}
		out = append(out, e)
	}
	return out, nil
}

type chunk struct {
	topic    string
	shard    int
	personal bool
	bytes    int
	events   []events.Event
}

// cutChunks groups events by topic and shard; within a group their order stays.
func cutChunks(evs []events.Event) []*chunk {
	type place struct {
		topic string
		shard int
	}
	var out []*chunk
	open := map[place]*chunk{}
	for _, e := range evs {
		at := place{e.Topic, events.Shard(e.Key)}
		c := open[at]
		if c == nil || len(c.events) == events.MaxChunkEvents || c.bytes > events.MaxChunkBytes {
			c = &chunk{topic: at.topic, shard: at.shard}
			open[at] = c
			out = append(out, c)
		}
		c.events = append(c.events, e)
		c.bytes += len(e.Value)
		c.personal = c.personal || e.Personal
	}
	return out
}
