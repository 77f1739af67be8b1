package store

import "context"

// Unsettled reports whether anything waits for the resolver or the join. It reads only indexes.
func (db *DB) Unsettled(ctx context.Context) (bool, error) {
	var waits bool
	err := db.get(ctx, &waits, `SELECT EXISTS (SELECT 1 FROM source_record WHERE dirty = TRUE AND entity IN ('customer', 'affiliation', 'activity', 'complaint'))
		OR EXISTS (SELECT 1 FROM product_mention WHERE dirty = TRUE)
		OR EXISTS (SELECT 1 FROM dirty_flow)`)
	if err == nil && !waits {
		waits, err = db.Expired(ctx, Micros(db.Now()))
	}
	return waits, db.d.explain(err, db.cfg)
}
