package store

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// EachOutboxPayload shows the stored bytes to tests of what lies at rest.
func EachOutboxPayload(ctx context.Context, db *DB, fn func(topic string, payload []byte)) error {
	return db.each(ctx, `SELECT topic, payload FROM outbox ORDER BY id`, nil, func(rows *sqlx.Rows) error {
		var topic string
		var payload []byte
		err := rows.Scan(&topic, &payload)
		fn(topic, payload)
		return err
	})
}
