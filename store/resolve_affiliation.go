package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// AffiliationRecord is a source record that links two customers of its source.
type AffiliationRecord = EntityRecord[canonical.Affiliation]

// DirtyAffiliations lists affiliation records that wait for resolution, at most limit.
func (db *DB) DirtyAffiliations(ctx context.Context, limit int) ([]AffiliationRecord, error) {
	return entityRecords[canonical.Affiliation](ctx, db, canonical.EntityAffiliation, `dirty = TRUE ORDER BY id LIMIT ?`, limit)
}

// AnyAffiliation reports whether any source states affiliations as records of their own.
func (db *DB) AnyAffiliation(ctx context.Context) (some bool, err error) {
	err = db.get(ctx, &some, `SELECT EXISTS (SELECT 1 FROM source_record WHERE entity = 'affiliation')`)
	return some, err
}

// AffiliationRecords reads affiliation records by their numbers; numbers of other records are left out.
func (db *DB) AffiliationRecords(ctx context.Context, ids []int64) ([]AffiliationRecord, error) {
	var out []AffiliationRecord
	err := inChunks(ids, func(part []int64) error {
		cond, args := anyOf(db.querier, "id", part)
		list, err := entityRecords[canonical.Affiliation](ctx, db, canonical.EntityAffiliation, cond+` ORDER BY id`, args...)
		out = append(out, list...)
		return err
	})
	return out, err
}

// CustomersByKey finds the numbers of customers' living records by what their sources call them.
func (db *DB) CustomersByKey(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]int64, error) {
	return db.customersByKey(ctx, keys, `deleted = FALSE`)
}

// CustomersEver is CustomersByKey of records that are gone, too.
func (db *DB) CustomersEver(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]int64, error) {
	return db.customersByKey(ctx, keys, `TRUE`)
}

func (db *DB) customersByKey(ctx context.Context, keys []canonical.RecordKey, which string) (map[canonical.RecordKey]int64, error) {
	bySource := map[string][]string{}
	for _, k := range keys {
		bySource[k.Source] = append(bySource[k.Source], k.ID)
	}
	out := make(map[canonical.RecordKey]int64, len(keys))
	for source, ids := range bySource {
		err := inChunks(ids, func(part []string) error {
			cond, args := anyOf(db.querier, "source_id", part)
			return db.each(ctx, `SELECT id, source_id FROM source_record WHERE entity = 'customer' AND `+which+` AND source = ? AND `+cond,
				append([]any{source}, args...), func(rows *sqlx.Rows) error {
					key := canonical.RecordKey{Source: source}
					var id int64
					err := rows.Scan(&id, &key.ID)
					out[key] = id
					return err
				})
		})
		if err != nil {
			return nil, fmt.Errorf("look records up: %w", err)
		}
	}
	return out, nil
}

// Affiliation is a link between two golden records.
type Affiliation struct {
	ID                 canonical.ID
	From, To           canonical.ID
	Role               string
	Department         string
	Primary            bool
	ValidFrom, ValidTo canonical.Date
	Sources            []canonical.RecordKey
	Active             bool
	Version            int64
}

const affiliationColumns = `id, from_golden, to_golden, role, department, is_primary, valid_from, valid_to, sources, active, entity_version`

// AffiliationsFrom reads the affiliations of golden records to others, those that ended too.
func (db *DB) AffiliationsFrom(ctx context.Context, goldens []canonical.ID) ([]Affiliation, error) {
	return db.affiliations(ctx, "from_golden", goldens)
}

// AffiliationsTo reads the affiliations of others to golden records.
func (db *DB) AffiliationsTo(ctx context.Context, goldens []canonical.ID) ([]Affiliation, error) {
	return db.affiliations(ctx, "to_golden", goldens)
}

// AffiliationsByID reads affiliations by their ids.
func (db *DB) AffiliationsByID(ctx context.Context, ids []canonical.ID) ([]Affiliation, error) {
	return db.affiliations(ctx, "id", ids)
}

func (db *DB) affiliations(ctx context.Context, column string, ids []canonical.ID) ([]Affiliation, error) {
	var out []Affiliation
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, column, part)
		return db.each(ctx, `SELECT `+affiliationColumns+` FROM affiliation WHERE `+cond+` ORDER BY id`, args, func(rows *sqlx.Rows) error {
			var a Affiliation
			var sources string
			if err := rows.Scan(&a.ID, &a.From, &a.To, &a.Role, &a.Department, &a.Primary, &a.ValidFrom, &a.ValidTo, &sources, &a.Active, &a.Version); err != nil {
				return err
			}
			out = append(out, a)
			return json.Unmarshal([]byte(sources), &out[len(out)-1].Sources)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read affiliations: %w", err)
	}
	return out, nil
}

// PutAffiliations writes affiliations whole.
func (tx *Tx) PutAffiliations(ctx context.Context, list []Affiliation) error {
	rows := make([][]any, len(list))
	for i, a := range list {
		sources, err := json.Marshal(a.Sources)
		if err != nil {
			return err
		}
		rows[i] = []any{a.ID, a.From, a.To, a.Role, a.Department, a.Primary, a.ValidFrom, a.ValidTo, string(sources), a.Active, a.Version, Micros(tx.Now)}
	}
	return tx.insertMany(ctx, "affiliation",
		[]string{"id", "from_golden", "to_golden", "role", "department", "is_primary", "valid_from", "valid_to", "sources", "active", "entity_version", "updated_at"}, rows,
		`ON CONFLICT (id) DO UPDATE SET from_golden = excluded.from_golden, to_golden = excluded.to_golden, role = excluded.role, department = excluded.department,
		is_primary = excluded.is_primary, valid_from = excluded.valid_from, valid_to = excluded.valid_to, sources = excluded.sources, active = excluded.active,
		entity_version = excluded.entity_version, updated_at = excluded.updated_at`)
}

// AffiliationHolders finds the customers' records at which affiliations begin that these affiliation records stated
// when they were last resolved: the customers they name, as far as their keys tell.
func (db *DB) AffiliationHolders(ctx context.Context, affiliationRecords []int64) ([]int64, error) {
	var out []int64
	err := inChunks(affiliationRecords, func(part []int64) error {
		cond, args := anyOf(db.querier, "v.record_id", part)
		var payloads []struct {
			Source  string `db:"source"`
			Payload []byte `db:"payload"`
		}
		// The version before the current one is the last that was resolved, unless two came in between: then the customer
		// at which the one in between began was never told of it.
		err := db.sel(ctx, &payloads, `SELECT r.source, v.payload FROM record_version v JOIN source_record r ON r.id = v.record_id
			WHERE v.stale = FALSE AND v.deleted = FALSE AND r.personal = FALSE AND `+cond, args...)
		if err != nil {
			return err
		}
		var keys []canonical.RecordKey
		for _, p := range payloads {
			var a canonical.Affiliation
			if err := json.Unmarshal(p.Payload, &a); err != nil {
				return err
			}
			keys = append(keys, canonical.RecordKey{Source: p.Source, ID: a.From})
		}
		found, err := db.CustomersByKey(ctx, keys)
		for _, id := range found {
			out = append(out, id)
		}
		return err
	})
	return out, err
}

// GoldenNames reads the names of golden records.
func (db *DB) GoldenNames(ctx context.Context, ids []canonical.ID) (map[canonical.ID]string, error) {
	out := make(map[canonical.ID]string, len(ids))
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "id", part)
		return db.each(ctx, `SELECT id, name FROM golden WHERE `+cond, args, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var name string
			err := rows.Scan(&id, &name)
			out[id] = name
			return err
		})
	})
	return out, err
}
