package store

import (
	"context"

	"tributary/canonical"
)

// ComplaintRecord is a complaint as another system sent it.
type ComplaintRecord = EntityRecord[canonical.Complaint]

// WaitingComplaints lists complaint records after a number that did not become a case yet, at most limit.
func (db *DB) WaitingComplaints(ctx context.Context, after int64, limit int) ([]ComplaintRecord, error) {
	return entityRecords[canonical.Complaint](ctx, db, canonical.EntityComplaint, `dirty = TRUE AND id > ? ORDER BY id LIMIT ?`, after, limit)
}
