package store

import (
	"context"
	"encoding/json"
	"fmt"

	"tributary/canonical"
)

// EntityRecord is a source record of an entity that the resolver links to customers, opened.
type EntityRecord[T any] struct {
	ID      int64
	Key     canonical.RecordKey
	Version int64
	Deleted bool // or erased: Value is empty
	Value   T
}

// ActivityRecord is a source record of something done with a customer of its source.
type ActivityRecord = EntityRecord[canonical.Activity]

// WaitingActivities lists activity records after a number whose event was not written yet, at most limit.
func (db *DB) WaitingActivities(ctx context.Context, after int64, limit int) ([]ActivityRecord, error) {
	return entityRecords[canonical.Activity](ctx, db, canonical.EntityActivity, `dirty = TRUE AND id > ? ORDER BY id LIMIT ?`, after, limit)
}

func entityRecords[T any](ctx context.Context, db *DB, entity canonical.Entity, where string, args ...any) ([]EntityRecord[T], error) {
	var rows []customerRow
	err := db.sel(ctx, &rows, `SELECT `+customerRecordColumns+` FROM source_record WHERE entity = ? AND `+where, append([]any{string(entity)}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read %s records: %w", entity, err)
	}
	keys, err := db.keysOfRows(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make([]EntityRecord[T], 0, len(rows))
	for _, row := range rows {
		r := EntityRecord[T]{ID: row.ID, Key: canonical.RecordKey{Source: row.Source, ID: row.SourceID}, Version: row.Version, Deleted: row.Deleted}
		payload := row.Payload
		if row.Personal && !r.Deleted {
			key := keys[r.Key]
			if key == nil {
				r.Deleted = true
			} else if payload, err = key.Open(payload); err != nil {
				return nil, fmt.Errorf("open %s record %d: %w", entity, r.ID, err)
			}
		}
		if !r.Deleted {
			if err := json.Unmarshal(payload, &r.Value); err != nil {
				return nil, fmt.Errorf("read %s record %d: %w", entity, r.ID, err)
			}
		}
		out = append(out, r)
	}
	return out, nil
}
