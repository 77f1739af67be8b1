package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// FlowParty is a mention as the join sees it: which golden record it belongs to, and to which it belonged.
type FlowParty struct {
	Record int64
	Key    canonical.RecordKey
	Golden canonical.ID   // zero while it has none
	Since  int64          // when it came to Golden, in microseconds; 0 while it has none
	Past   []canonical.ID // earlier ones
}

// Identity is the golden id, or one that stands for the record alone while it has none.
func (p *FlowParty) Identity() canonical.ID {
	if !p.Golden.IsZero() {
		return p.Golden
	}
	return canonical.DeriveID("record", p.Key.Source, p.Key.ID)
}

// FlowParties reads mentions by record number.
func (db *DB) FlowParties(ctx context.Context, records []int64) (map[int64]*FlowParty, error) {
	out := make(map[int64]*FlowParty, len(records))
	err := inChunks(records, func(part []int64) error {
		cond, args := anyOf(db.querier, "r.id", part)
		return db.each(ctx, `SELECT r.id, r.source, r.source_id, c.golden_id, c.known_to IS NULL, COALESCE(c.known_from, 0) FROM source_record r
			LEFT JOIN crosswalk c ON c.record_id = r.id WHERE `+cond+` ORDER BY r.id, c.known_from`, args, func(rows *sqlx.Rows) error {
			var id int64
			var key canonical.RecordKey
			var golden canonical.ID
			var open bool
			var since int64
			if err := rows.Scan(&id, &key.Source, &key.ID, &golden, &open, &since); err != nil {
				return err
			}
			p := out[id]
			if p == nil {
				p = &FlowParty{Record: id, Key: key}
				out[id] = p
			}
			if open {
				p.Golden, p.Since = golden, since
			} else {
				p.Past = append(p.Past, golden)
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read flow parties: %w", err)
	}
	return out, nil
}

// FlowMembers reads the mentions, in any party's ledger, that belong to golden records now.
func (db *DB) FlowMembers(ctx context.Context, goldens []canonical.ID) ([]FlowParty, error) {
	var out []FlowParty
	err := inChunks(goldens, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "c.golden_id", part)
		return db.each(ctx, `SELECT r.id, r.source, r.source_id, c.golden_id, c.known_from FROM crosswalk c JOIN source_record r ON r.id = c.record_id
			WHERE c.known_to IS NULL AND r.source LIKE 'flow:%' AND `+cond+` ORDER BY r.id`, args, func(rows *sqlx.Rows) error {
			var p FlowParty
			err := rows.Scan(&p.Record, &p.Key.Source, &p.Key.ID, &p.Golden, &p.Since)
			out = append(out, p)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the mentions of customers: %w", err)
	}
	return out, nil
}

// GoldenCodes gives the company's own codes of golden records that have one.
func (db *DB) GoldenCodes(ctx context.Context, goldens []canonical.ID) (map[canonical.ID]string, error) {
	out := map[canonical.ID]string{}
	err := inChunks(goldens, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "id", part)
		return db.each(ctx, `SELECT id, code FROM golden WHERE code <> '' AND `+cond, args, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var code string
			err := rows.Scan(&id, &code)
			out[id] = code
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read customer codes: %w", err)
	}
	return out, nil
}

// CompanyRecord is the number of the company's own record, 0 before the configuration made it.
func (db *DB) CompanyRecord(ctx context.Context) (int64, error) {
	var ids []int64
	err := db.sel(ctx, &ids, `SELECT id FROM source_record WHERE entity = 'customer' AND source = ? AND deleted = FALSE ORDER BY id`, canonical.CompanySource)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}
