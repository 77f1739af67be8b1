package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"tributary/dedupe"
)

// Candidates finds the records that share keys with a record that is not stored: what a run would compare it with,
// bounded. Records of rare keys come first, of equal ones the smaller number; at most limit are given.
//
// A key of more records than the cap is refined by its second key, as a run does; of a part that is too large as well
// only real records count, and only so many as a run would take.
func (db *DB) Candidates(ctx context.Context, keys []dedupe.Key, b dedupe.Blocking, limit int) ([]int64, error) {
	members, err := db.members(ctx, keys, `SELECT record_id FROM block_key WHERE key = ?`, false, b.Cap+1)
	if err != nil {
		return nil, err
	}
	var large []dedupe.Key
	score := map[int64]float64{}
	count := func(ids []int64) {
		for _, id := range ids {
			score[id] += 1 / float64(len(ids))
		}
	}
	for _, k := range keys {
		if ids := members[k]; len(ids) <= b.Cap {
			count(ids)
		} else {
			large = append(large, k)
		}
	}
	parts, err := db.members(ctx, large, `SELECT record_id FROM block_key WHERE key = ? AND second = ?`, true, b.Cap+1)
	if err != nil {
		return nil, err
	}
	var crowded []dedupe.Key
	for _, k := range large {
		if ids := parts[k]; len(ids) <= b.Cap {
			count(ids)
		} else {
			crowded = append(crowded, k)
		}
	}
	real, err := db.members(ctx, crowded, `SELECT b.record_id FROM block_key b JOIN source_record r ON r.id = b.record_id WHERE r.trust > 0 AND b.key = ? AND b.second = ?`, true, b.Limit+1)
	if err != nil {
		return nil, err
	}
	for _, k := range crowded {
		if ids := real[k]; len(ids) <= b.Limit {
			count(ids)
		}
	}
	out := make([]int64, 0, len(score))
	for id := range score {
		out = append(out, id)
	}
	slices.SortFunc(out, func(x, y int64) int { return cmp.Or(cmp.Compare(score[y], score[x]), cmp.Compare(x, y)) })
	return out[:min(limit, len(out))], nil
}

// members reads at most limit records of each key in one statement.
func (db *DB) members(ctx context.Context, keys []dedupe.Key, query string, second bool, limit int) (map[dedupe.Key][]int64, error) {
	out := make(map[dedupe.Key][]int64, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	parts := make([]string, len(keys))
	var args []any
	for i, k := range keys {
		parts[i] = fmt.Sprintf(`SELECT %d, record_id FROM (%s LIMIT %d) AS k%d`, i, query, limit, i)
		if args = append(args, int64(k.Hash)); second {
			args = append(args, int64(k.Second))
		}
	}
	err := db.each(ctx, strings.Join(parts, " UNION ALL "), args, func(rows *sqlx.Rows) error {
		var key int
		var record int64
		err := rows.Scan(&key, &record)
		out[keys[key]] = append(out[keys[key]], record)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find candidates: %w", err)
	}
	return out, nil
}
