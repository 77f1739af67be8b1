package store

import (
	"context"
	"database/sql"
	"time"
)

// OutboxStatus counts the events in the outbox, not its rows. Published events stay in it until they are pruned.
type OutboxStatus struct {
	Pending         int64         `json:"pending"`
	Published       int64         `json:"published"`
	Topics          []TopicStatus `json:"topics"`
	OldestPendingAt *time.Time    `json:"oldest_pending_at"`
}

// TopicStatus is OutboxStatus for one topic: entries = pending + published.
type TopicStatus struct {
	Topic     string `json:"topic" db:"topic"`
	Entries   int64  `json:"entries" db:"entries"`
	Pending   int64  `json:"pending" db:"pending"`
	Published int64  `json:"published" db:"published"`
}

// OutboxStatus reads the state of the outbox; topics are sorted by name and those without events left out.
func (db *DB) OutboxStatus(ctx context.Context) (OutboxStatus, error) {
	s := OutboxStatus{Topics: []TopicStatus{}}
	err := db.sel(ctx, &s.Topics, `SELECT topic, CAST(SUM(events) AS bigint) AS entries,
		CAST(SUM(CASE WHEN published_at IS NULL THEN events - sent ELSE 0 END) AS bigint) AS pending,
		CAST(SUM(CASE WHEN published_at IS NULL THEN sent ELSE events END) AS bigint) AS published
		FROM outbox GROUP BY topic ORDER BY topic`)
	if err != nil {
		return s, db.d.explain(err, db.cfg)
	}
	for _, t := range s.Topics {
		s.Pending += t.Pending
		s.Published += t.Published
	}
	var oldest sql.NullInt64
	if err := db.get(ctx, &oldest, `SELECT MIN(created_at) FROM outbox WHERE published_at IS NULL`); err != nil {
		return s, db.d.explain(err, db.cfg)
	}
	if oldest.Valid {
		at := FromMicros(oldest.Int64)
		s.OldestPendingAt = &at
	}
	return s, nil
}

// TopicLog tells how many records the broker has acknowledged by topic, since the topic was last made.
func (db *DB) TopicLog(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		Topic     string `db:"topic"`
		Published int64  `db:"published"`
	}
	if err := db.sel(ctx, &rows, `SELECT topic, published FROM topic_log`); err != nil {
		return nil, db.d.explain(err, db.cfg)
	}
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.Topic] = r.Published
	}
	return out, nil
}

// SetTopicLog corrects what the broker is known to hold of a topic.
func (db *DB) SetTopicLog(ctx context.Context, topic string, published int64) error {
	return db.InTx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `INSERT INTO topic_log (topic, published) VALUES (?, ?)
			ON CONFLICT (topic) DO UPDATE SET published = excluded.published`, topic, published)
		return err
	})
}

// OutboxEvents counts the events that the outbox holds by topic, sent or not.
func (db *DB) OutboxEvents(ctx context.Context) (map[string]int64, error) {
	s, err := db.OutboxStatus(ctx)
	out := make(map[string]int64, len(s.Topics))
	for _, t := range s.Topics {
		out[t.Topic] = t.Entries
	}
	return out, err
}

// PendingEvents counts the events that wait, by the index of unpublished entries alone: cheap enough for every scrape.
func (db *DB) PendingEvents(ctx context.Context) (int64, error) {
	var n int64
	err := db.get(ctx, &n, `SELECT COALESCE(CAST(SUM(events - sent) AS bigint), 0) FROM outbox WHERE published_at IS NULL`)
	return n, db.d.explain(err, db.cfg)
}
