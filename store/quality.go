package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// KindQuality is what the living golden customers of a kind hold.
type KindQuality struct {
	Kind         canonical.CustomerKind
	Customers    int64
	Completeness int64 // sum of per cents
}

// GoldenQuality counts living golden customers by kind.
func (db *DB) GoldenQuality(ctx context.Context) ([]KindQuality, error) {
	var out []KindQuality
	err := db.each(ctx, `SELECT kind, COUNT(*), SUM(completeness) FROM golden WHERE status = 'active' GROUP BY kind ORDER BY kind`, nil, func(rows *sqlx.Rows) error {
		var k KindQuality
		err := rows.Scan(&k.Kind, &k.Customers, &k.Completeness)
		out = append(out, k)
		return err
	})
	return out, err
}

// ClusterSizes counts living golden customers by the number of their records.
func (db *DB) ClusterSizes(ctx context.Context) (map[int]int64, error) {
	out := map[int]int64{}
	err := db.each(ctx, `SELECT members, COUNT(*) FROM golden WHERE status = 'active' GROUP BY members`, nil, func(rows *sqlx.Rows) error {
		var members int
		var n int64
		err := rows.Scan(&members, &n)
		out[members] = n
		return err
	})
	return out, err
}

// AskedRecords is the number of records that an open question names.
func (db *DB) AskedRecords(ctx context.Context) (n int64, err error) {
	err = db.get(ctx, &n, `SELECT COUNT(*) FROM (SELECT a FROM review_item WHERE status = 'open' UNION SELECT b FROM review_item WHERE status = 'open') AS asked`)
	return n, err
}

// QuestionReasons counts open questions by reason.
func (db *DB) QuestionReasons(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	err := db.each(ctx, `SELECT reason, COUNT(*) FROM review_item WHERE status = 'open' GROUP BY reason`, nil, func(rows *sqlx.Rows) error {
		var reason string
		var n int64
		err := rows.Scan(&reason, &n)
		out[reason] = n
		return err
	})
	return out, err
}

// PairsFrom counts the stored pairs that reach each probability.
func (db *DB) PairsFrom(ctx context.Context, probabilities []float64) ([]int64, error) {
	out := make([]int64, len(probabilities))
	for i, p := range probabilities {
		if err := db.get(ctx, &out[i], `SELECT COUNT(*) FROM match_edge WHERE p >= ?`, p); err != nil {
			return nil, fmt.Errorf("count pairs: %w", err)
		}
	}
	return out, nil
}
