package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// CustomerRecord is a source record of a customer, or a mention, as the resolver takes it.
type CustomerRecord struct {
	ID          int64
	Key         canonical.RecordKey
	Reference   string // of a mention: the source whose ids its codes may be
	Trust       int
	Version     int64
	LinkVersion int64 // entityversion of its last crosswalk event
	Deleted     bool
	MergedInto  string // of a deleted one: the record of its source that took it in; "" = none
	Erased      bool   // its person was erased: nothing can be read
	Personal    bool
	// Updated is the source's own time of the version; zero when it has none: when we stored it must not matter. Mentions have
	// none: their rows say when goods moved, and every import moves that on.
	Updated  time.Time
	Customer canonical.Customer
}

// Living reports whether the record takes part in resolution.
func (r *CustomerRecord) Living() bool { return !r.Deleted && !r.Erased }

const customerRecordColumns = `id, source, source_id, stream, trust, version, link_version, deleted, personal, source_time, hash, payload`

// ofCustomer selects records of customers among rows found by their numbers. The column is hidden in an expression: for
// the plain one SQLite walks all customers along the index of names.
const ofCustomer = `entity || '' = 'customer'`

type customerRow struct {
	ID          int64  `db:"id"`
	Source      string `db:"source"`
	SourceID    string `db:"source_id"`
	Stream      string `db:"stream"`
	Trust       int    `db:"trust"`
	Version     int64  `db:"version"`
	LinkVersion int64  `db:"link_version"`
	Deleted     bool   `db:"deleted"`
	Personal    bool   `db:"personal"`
	SourceTime  int64  `db:"source_time"`
	Hash        []byte `db:"hash"`
	Payload     []byte `db:"payload"`
}

// DirtyCustomers lists records of organisations, or of persons, that wait for resolution, with numbers above after, at
// most limit, smallest number first.
func (db *DB) DirtyCustomers(ctx context.Context, persons bool, after int64, limit int) ([]int64, error) {
	kinds := `kind NOT IN ('hcp', 'patient')`
	if persons {
		kinds = `kind IN ('hcp', 'patient')`
	}
	var ids []int64
	err := db.sel(ctx, &ids, `SELECT id FROM source_record WHERE entity = 'customer' AND dirty = TRUE AND `+kinds+` AND id > ? ORDER BY id LIMIT ?`, after, limit)
	return ids, err
}

// DirtyPersonsInOrganisations lists the records of persons that wait for resolution and belong to a golden organisation: they
// were taken for organisations before.
func (db *DB) DirtyPersonsInOrganisations(ctx context.Context) ([]int64, error) {
	var ids []int64
	err := db.sel(ctx, &ids, `SELECT r.id FROM source_record r JOIN crosswalk c ON c.record_id = r.id AND c.known_to IS NULL JOIN golden g ON g.id = c.golden_id
		WHERE r.entity = 'customer' AND r.dirty = TRUE AND r.kind IN ('hcp', 'patient') AND g.kind NOT IN ('hcp', 'patient') ORDER BY r.id`)
	if err != nil {
		return nil, fmt.Errorf("find persons among organisations: %w", err)
	}
	return ids, nil
}

// CountDirtyCustomers is the number of records of customers that wait for resolution.
func (db *DB) CountDirtyCustomers(ctx context.Context) (n int64, err error) {
	err = db.get(ctx, &n, `SELECT COUNT(*) FROM source_record WHERE entity = 'customer' AND dirty = TRUE`)
	return n, err
}

// CountCustomers gives the number of records of customers, and how many of them are dirty. It reads them all.
func (db *DB) CountCustomers(ctx context.Context) (all, dirty int64, err error) {
	err = db.get(ctx, &all, `SELECT COUNT(*) FROM source_record WHERE entity = 'customer'`)
	if err == nil {
		dirty, err = db.CountDirtyCustomers(ctx)
	}
	return all, dirty, err
}

// CustomerRecords reads records by their numbers, in no certain order. Numbers that do not exist are left out.
func (db *DB) CustomerRecords(ctx context.Context, ids []int64) ([]CustomerRecord, error) {
	out := make([]CustomerRecord, 0, len(ids))
	err := inChunks(ids, func(part []int64) error {
		cond, args := anyOf(db.querier, "id", part)
		var rows []customerRow
		if err := db.sel(ctx, &rows, `SELECT `+customerRecordColumns+` FROM source_record WHERE `+ofCustomer+` AND `+cond, args...); err != nil {
			return err
		}
		records, err := db.openCustomers(ctx, rows)
		out = append(out, records...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read customer records: %w", err)
	}
	return out, nil
}

// EachCustomer calls fn for every record of a customer, in the order of numbers, portion by portion.
func (db *DB) EachCustomer(ctx context.Context, fn func([]CustomerRecord) error) error {
	const portion = 5000
	last := int64(-1)
	for {
		var rows []customerRow
		err := db.sel(ctx, &rows, `SELECT `+customerRecordColumns+` FROM source_record WHERE `+ofCustomer+` AND id > ? ORDER BY id LIMIT ?`, last, portion)
		if err != nil {
			return fmt.Errorf("read customer records: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		last = rows[len(rows)-1].ID
		records, err := db.openCustomers(ctx, rows)
		if err != nil {
			return err
		}
		if err := fn(records); err != nil {
			return err
		}
	}
}

// CustomerByKey finds the number of a customer's record by what its source calls it.
func (db *DB) CustomerByKey(ctx context.Context, key canonical.RecordKey) (int64, bool, error) {
	var ids []int64
	err := db.sel(ctx, &ids, `SELECT id FROM source_record WHERE entity = 'customer' AND source = ? AND source_id = ?`, key.Source, key.ID)
	if err != nil || len(ids) == 0 {
		return 0, false, err
	}
	return ids[0], true, nil
}

func (db *DB) openCustomers(ctx context.Context, rows []customerRow) ([]CustomerRecord, error) {
	keys, err := db.keysOfRows(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make([]CustomerRecord, len(rows))
	for i, row := range rows {
		r := &out[i]
		*r = CustomerRecord{
			ID: row.ID, Key: canonical.RecordKey{Source: row.Source, ID: row.SourceID}, Reference: row.Stream, Trust: row.Trust,
			Version: row.Version, LinkVersion: row.LinkVersion, Deleted: row.Deleted, Personal: row.Personal,
		}
		if !r.Key.Mention() {
			r.Updated = FromMicros(row.SourceTime)
		}
		if r.Deleted {
			r.Erased = string(row.Hash) == "erased"
			var gone goneRecord
			if err := json.Unmarshal(row.Payload, &gone); err == nil && !r.Erased {
				r.MergedInto = gone.MergedInto
			}
			continue
		}
		payload := row.Payload
		if row.Personal {
			key := keys[r.Key]
			if key == nil {
				r.Erased = true
				continue
			}
			if payload, err = key.Open(payload); err != nil {
				return nil, fmt.Errorf("open record %d: %w", r.ID, err)
			}
		}
		if err := json.Unmarshal(payload, &r.Customer); err != nil {
			return nil, fmt.Errorf("read record %d: %w", r.ID, err)
		}
	}
	return out, nil
}

func (db *DB) keysOfRows(ctx context.Context, rows []customerRow) (map[canonical.RecordKey]*DataKey, error) {
	var sealed []canonical.RecordKey
	for _, row := range rows {
		if row.Personal && !row.Deleted {
			sealed = append(sealed, canonical.RecordKey{Source: row.Source, ID: row.SourceID})
		}
	}
	if len(sealed) == 0 {
		return nil, nil
	}
	return db.DataKeys(ctx, sealed)
}

// MarkDirty makes records wait for resolution.
func (tx *Tx) MarkDirty(ctx context.Context, ids []int64) error {
	return inChunks(ids, func(part []int64) error {
		cond, args := anyOf(tx.querier, "id", part)
		_, err := tx.exec(ctx, `UPDATE source_record SET dirty = TRUE WHERE dirty = FALSE AND `+cond, args...)
		return err
	})
}

// MarkAllCustomersDirty makes every record wait for resolution, a portion of numbers at a time. It returns the first
// number of the next portion, 0 when done.
func (tx *Tx) MarkAllCustomersDirty(ctx context.Context, from int64) (next int64, err error) {
	const portion = 5000
	var ids []int64
	if err := tx.sel(ctx, &ids, `SELECT id FROM source_record WHERE `+ofCustomer+` AND id >= ? ORDER BY id LIMIT ?`, from, portion); err != nil {
		return 0, err
	}
	if len(ids) == 0 {
		return 0, nil
	}
	return ids[len(ids)-1] + 1, tx.MarkDirty(ctx, ids)
}

// RecordVersion is a version of a record that was resolved.
type RecordVersion struct{ ID, Version int64 }

// ClearDirty says that these versions are resolved. A record that changed meanwhile stays dirty.
func (tx *Tx) ClearDirty(ctx context.Context, records []RecordVersion) error {
	const perStatement = 400
	for len(records) > 0 {
		part := records[:min(perStatement, len(records))]
		records = records[len(part):]
		ids := make([]int64, len(part))
		for i, r := range part {
			ids[i] = r.ID
		}
		versions := map[int64]int64{}
		cond, args := anyOf(tx.querier, "id", ids)
		err := tx.each(ctx, `SELECT id, version FROM source_record WHERE `+cond+tx.forUpdate("id"), args, func(rows *sqlx.Rows) error {
			var id, version int64
			err := rows.Scan(&id, &version)
			versions[id] = version
			return err
		})
		if err != nil {
			return err
		}
		var done []int64
		for _, r := range part {
			if versions[r.ID] == r.Version {
				done = append(done, r.ID)
			}
		}
		cond, args = anyOf(tx.querier, "id", done)
		if _, err := tx.exec(ctx, `UPDATE source_record SET dirty = FALSE WHERE `+cond, args...); err != nil {
			return err
		}
	}
	return nil
}

// ErrNoGolden says that no golden record has an id.
var ErrNoGolden = errors.New("no such golden record")
