package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// RecordLink is the crosswalk entry of a record: the open one, else the last one it had.
type RecordLink struct {
	Record int64
	Golden canonical.ID
	Open   bool
}

// LastLinks reads the last crosswalk entry of each record that ever had one.
func (db *DB) LastLinks(ctx context.Context, records []int64) ([]RecordLink, error) {
	var out []RecordLink
	err := inChunks(records, func(part []int64) error {
		cond, args := anyOf(db.querier, "record_id", part)
		last := -1
		return db.each(ctx, `SELECT record_id, golden_id, known_to IS NULL FROM crosswalk WHERE `+cond+` ORDER BY record_id, known_from`, args, func(rows *sqlx.Rows) error {
			var l RecordLink
			if err := rows.Scan(&l.Record, &l.Golden, &l.Open); err != nil {
				return err
			}
			if last >= 0 && out[last].Record == l.Record {
				out[last] = l
				return nil
			}
			last = len(out)
			out = append(out, l)
			return nil
		})
	})
	return out, err
}

// MembersOf reads the open links of golden records.
func (db *DB) MembersOf(ctx context.Context, goldens []canonical.ID) ([]RecordLink, error) {
	var out []RecordLink
	err := inChunks(goldens, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "golden_id", part)
		return db.each(ctx, `SELECT record_id, golden_id FROM crosswalk WHERE known_to IS NULL AND `+cond, args, func(rows *sqlx.Rows) error {
			l := RecordLink{Open: true}
			err := rows.Scan(&l.Record, &l.Golden)
			out = append(out, l)
			return err
		})
	})
	return out, err
}

// LastMembersOf reads the records whose last link, open or closed, leads to one of the golden records: those that are
// gone too.
func (db *DB) LastMembersOf(ctx context.Context, goldens []canonical.ID) ([]RecordLink, error) {
	var ids []int64
	err := inChunks(goldens, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "golden_id", part)
		var some []int64
		err := db.sel(ctx, &some, `SELECT DISTINCT record_id FROM crosswalk WHERE `+cond, args...)
		ids = append(ids, some...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	links, err := db.LastLinks(ctx, ids)
	return slices.DeleteFunc(links, func(l RecordLink) bool { return !slices.Contains(goldens, l.Golden) }), err
}

// GoldenOf is the golden id a record belongs to now; ok is false when it belongs to none.
func (db *DB) GoldenOf(ctx context.Context, record int64) (id canonical.ID, ok bool, err error) {
	links, err := db.LastLinks(ctx, []int64{record})
	if err != nil || len(links) == 0 || !links[0].Open {
		return canonical.ID{}, false, err
	}
	return links[0].Golden, true, nil
}

// GoldensByKey finds the golden ids that records belong to now. Records that are not known, are gone or belong to none are
// left out.
func (db *DB) GoldensByKey(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]canonical.ID, error) {
	numbers, err := db.CustomersByKey(ctx, keys)
	if err != nil {
		return nil, err
	}
	byNumber := make(map[int64]canonical.RecordKey, len(numbers))
	for key, n := range numbers {
		byNumber[n] = key
	}
	links, err := db.LastLinks(ctx, slices.Collect(maps.Keys(byNumber)))
	out := make(map[canonical.RecordKey]canonical.ID, len(links))
	for _, l := range links {
		if l.Open {
			out[byNumber[l.Record]] = l.Golden
		}
	}
	return out, err
}

// Relink moves records to golden ids from now on; the zero id leaves a record without one.
func (tx *Tx) Relink(ctx context.Context, links []RecordLink) error {
	now := Micros(tx.Now)
	ids := make([]int64, len(links))
	var open [][]any
	for i, l := range links {
		ids[i] = l.Record
		if !l.Golden.IsZero() {
			open = append(open, []any{l.Record, l.Golden, now, nil})
		}
	}
	err := inChunks(ids, func(part []int64) error {
		cond, args := anyOf(tx.querier, "record_id", part)
		// A link of this very microsecond never was: two changes within one tick of the clock leave one entry.
		if _, err := tx.exec(ctx, `DELETE FROM crosswalk WHERE known_to IS NULL AND known_from >= ? AND `+cond, append([]any{now}, args...)...); err != nil {
			return err
		}
		_, err := tx.exec(ctx, `UPDATE crosswalk SET known_to = ? WHERE known_to IS NULL AND `+cond, append([]any{now}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("close crosswalk: %w", err)
	}
	return tx.bulk(ctx, "crosswalk", []string{"record_id", "golden_id", "known_from", "known_to"}, open)
}

// SetLinkVersions stores the entityversion of the crosswalk event of each record.
func (tx *Tx) SetLinkVersions(ctx context.Context, versions []RecordVersion) error {
	rows := make([][]any, len(versions))
	for i, v := range versions {
		rows[i] = []any{v.ID, v.Version}
	}
	return tx.updateMany(ctx, "source_record", column{"id", "bigint"}, []column{{"link_version", "bigint"}}, rows)
}

// CrosswalkEntry is an open link by the names both sides have.
type CrosswalkEntry struct {
	canonical.RecordKey
	Golden canonical.ID
}

// EachCrosswalk calls fn for every open link, ordered by source and source id.
func (db *DB) EachCrosswalk(ctx context.Context, fn func(CrosswalkEntry) error) error {
	return db.each(ctx, `SELECT r.source, r.source_id, c.golden_id FROM crosswalk c JOIN source_record r ON r.id = c.record_id
		WHERE c.known_to IS NULL ORDER BY r.source, r.source_id`, nil, func(rows *sqlx.Rows) error {
		var e CrosswalkEntry
		if err := rows.Scan(&e.Source, &e.ID, &e.Golden); err != nil {
			return err
		}
		return fn(e)
	})
}
