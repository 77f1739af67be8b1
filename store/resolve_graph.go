package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"

	"tributary/dedupe"
)

// Block keys are stored as signed integers: both databases have no unsigned ones.

// RecordKeys are the blocking keys of one record.
type RecordKeys struct {
	Record int64
	Keys   []dedupe.Key
}

// BlockKeys reads the stored keys of records.
func (db *DB) BlockKeys(ctx context.Context, records []int64) (map[int64][]dedupe.Key, error) {
	out := make(map[int64][]dedupe.Key, len(records))
	err := inChunks(records, func(part []int64) error {
		cond, args := anyOf(db.querier, "record_id", part)
		return db.each(ctx, `SELECT record_id, key, second FROM block_key WHERE `+cond+` ORDER BY record_id, key`, args, func(rows *sqlx.Rows) error {
			var record, key, second int64
			err := rows.Scan(&record, &key, &second)
			out[record] = append(out[record], dedupe.Key{Hash: uint64(key), Second: uint64(second)})
			return err
		})
	})
	return out, err
}

// BlockMember is a record that has a key.
type BlockMember struct {
	dedupe.Key
	Record int64
	Real   bool // not a mention
}

// BlockMembers calls fn for every record that has one of the keys.
func (db *DB) BlockMembers(ctx context.Context, hashes []uint64, fn func(BlockMember)) error {
	return inChunks(signed(hashes), func(part []int64) error {
		cond, args := anyOf(db.querier, "b.key", part)
		return db.blockMembers(ctx, `SELECT b.key, b.second, b.record_id, r.trust FROM block_key b JOIN source_record r ON r.id = b.record_id WHERE `+cond, args, fn)
	})
}

// BlockParts calls fn for every record that has one of the keys with its second key.
func (db *DB) BlockParts(ctx context.Context, parts []dedupe.Key, fn func(BlockMember)) error {
	return inChunks(parts, func(list []dedupe.Key) error {
		args := make([]any, 0, 2*len(list))
		for _, k := range list {
			args = append(args, int64(k.Hash), int64(k.Second))
		}
		// CROSS JOIN keeps SQLite from walking the keys along the records.
		return db.blockMembers(ctx, `SELECT b.key, b.second, b.record_id, r.trust FROM (VALUES (CAST(? AS bigint), CAST(? AS bigint))`+strings.Repeat(", (?, ?)", len(list)-1)+`) AS v
			CROSS JOIN block_key b CROSS JOIN source_record r WHERE b.key = v.column1 AND b.second = v.column2 AND r.id = b.record_id`, args, fn)
	})
}

func (db *DB) blockMembers(ctx context.Context, query string, args []any, fn func(BlockMember)) error {
	return db.each(ctx, query, args, func(rows *sqlx.Rows) error {
		var key, second, record int64
		var trust int
		err := rows.Scan(&key, &second, &record, &trust)
		fn(BlockMember{dedupe.Key{Hash: uint64(key), Second: uint64(second)}, record, trust > 0})
		return err
	})
}

// BlockRecords calls fn for every record that has one of the keys, without looking at the record.
func (db *DB) BlockRecords(ctx context.Context, hashes []uint64, fn func(hash uint64, record int64)) error {
	return inChunks(signed(hashes), func(part []int64) error {
		cond, args := anyOf(db.querier, "key", part)
		return db.each(ctx, `SELECT key, record_id FROM block_key WHERE `+cond, args, func(rows *sqlx.Rows) error {
			var key, record int64
			err := rows.Scan(&key, &record)
			fn(uint64(key), record)
			return err
		})
	})
}

// BlockSizes counts the records of each key as far as a bound: a key that is larger counts as the bound. A key without
// records is left out.
func (db *DB) BlockSizes(ctx context.Context, hashes []uint64, bound int) (map[uint64]int, error) {
	out := make(map[uint64]int, len(hashes))
	err := inChunks(signed(hashes), func(part []int64) error {
		query := `SELECT v.column1, (SELECT COUNT(*) FROM (SELECT 1 FROM block_key b WHERE b.key = v.column1 LIMIT ` + strconv.Itoa(bound) + `) AS few)
			FROM (VALUES (CAST(? AS bigint))` + strings.Repeat(", (?)", len(part)-1) + `) AS v`
		return db.each(ctx, query, toAny(part), func(rows *sqlx.Rows) error {
			var key int64
			var n int
			err := rows.Scan(&key, &n)
			if n > 0 {
				out[uint64(key)] = n
			}
			return err
		})
	})
	return out, err
}

func signed(hashes []uint64) []int64 {
	out := make([]int64, len(hashes))
	for i, h := range hashes {
		out[i] = int64(h)
	}
	return out
}

// ReplaceBlockKeys sets the keys of records.
func (tx *Tx) ReplaceBlockKeys(ctx context.Context, records []RecordKeys) error {
	ids := make([]int64, len(records))
	var rows [][]any
	for i, r := range records {
		ids[i] = r.Record
		for _, k := range r.Keys {
			rows = append(rows, []any{int64(k.Hash), r.Record, int64(k.Second)})
		}
	}
	if err := tx.deleteIn(ctx, "block_key", "record_id", ids); err != nil {
		return fmt.Errorf("replace block keys: %w", err)
	}
	return tx.bulk(ctx, "block_key", []string{"key", "record_id", "second"}, rows)
}

func (tx *Tx) deleteIn(ctx context.Context, table, column string, ids []int64) error {
	return inChunks(ids, func(part []int64) error {
		cond, args := anyOf(tx.querier, column, part)
		_, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE `+cond, args...)
		return err
	})
}

// Edge is a stored pair of the keep-graph, A < B.
type Edge struct {
	A      int64   `db:"a"`
	B      int64   `db:"b"`
	Weight float64 `db:"weight"`
	P      float64 `db:"p"`
	Rule   string  `db:"rule"`
	Veto   string  `db:"veto"`
	Model  string  `db:"model"`
}

// MatchEdges calls fn for every edge at one of the records; an edge between two of them comes twice.
func (db *DB) MatchEdges(ctx context.Context, records []int64, fn func(Edge)) error {
	return inChunks(records, func(part []int64) error {
		for _, end := range []string{"a", "b"} {
			cond, args := anyOf(db.querier, end, part)
			err := db.each(ctx, `SELECT a, b, weight, p, rule, veto, model FROM match_edge WHERE `+cond, args, func(rows *sqlx.Rows) error {
				var e Edge
				err := rows.Scan(&e.A, &e.B, &e.Weight, &e.P, &e.Rule, &e.Veto, &e.Model)
				fn(e)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteEdges removes edges.
func (tx *Tx) DeleteEdges(ctx context.Context, edges []Edge) error {
	for _, e := range edges {
		if _, err := tx.exec(ctx, `DELETE FROM match_edge WHERE a = ? AND b = ?`, e.A, e.B); err != nil {
			return fmt.Errorf("delete match edges: %w", err)
		}
	}
	return nil
}

// PutEdges writes edges, replacing those that exist.
func (tx *Tx) PutEdges(ctx context.Context, edges []Edge) error {
	rows := make([][]any, len(edges))
	for i, e := range edges {
		rows[i] = []any{e.A, e.B, e.Weight, e.P, e.Rule, e.Veto, e.Model}
	}
	return tx.insertMany(ctx, "match_edge", []string{"a", "b", "weight", "p", "rule", "veto", "model"}, rows,
		`ON CONFLICT (a, b) DO UPDATE SET weight = excluded.weight, p = excluded.p, rule = excluded.rule, veto = excluded.veto, model = excluded.model`)
}
