package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// querier runs statements written with ? placeholders on a pool or in a transaction.
type querier struct {
	ext sqlx.ExtContext
	d   dialect
}

// get reads one row into dest; sql.ErrNoRows when there is none.
func (q querier) get(ctx context.Context, dest any, query string, args ...any) error {
	return sqlx.GetContext(ctx, q.ext, dest, q.d.rebind(query), args...)
}

// sel reads all rows into the slice dest.
func (q querier) sel(ctx context.Context, dest any, query string, args ...any) error {
	return sqlx.SelectContext(ctx, q.ext, dest, q.d.rebind(query), args...)
}

// each calls fn for every row without holding them all.
func (q querier) each(ctx context.Context, query string, args []any, fn func(*sqlx.Rows) error) (err error) {
	rows, err := q.ext.QueryxContext(ctx, q.d.rebind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (tx *Tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return tx.ext.ExecContext(ctx, tx.d.rebind(query), args...)
}

// execOne is exec for a statement that must hit exactly one row.
func (tx *Tx) execOne(ctx context.Context, query string, args ...any) error {
	res, err := tx.exec(ctx, query, args...)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n != 1 {
		return fmt.Errorf("statement changed %d rows instead of one: %s", n, query)
	}
	return nil
}

// insertID inserts one row into a table with a surrogate key and returns the key.
func (tx *Tx) insertID(ctx context.Context, query string, args ...any) (int64, error) {
	var id int64
	err := tx.get(ctx, &id, query+` RETURNING id`, args...)
	return id, err
}

// maxArgs bounds the placeholders of one statement on both databases.
const maxArgs = 30_000

// bulk inserts many rows the fast way (COPY on PostgreSQL). A row that violates a constraint fails the transaction.
func (tx *Tx) bulk(ctx context.Context, table string, columns []string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	if err := tx.d.bulk(ctx, tx, table, columns, rows); err != nil {
		return fmt.Errorf("insert %d rows into %s: %w", len(rows), table, err)
	}
	return nil
}

// insertMany inserts rows with multi-row statements; tail is what follows VALUES (ON CONFLICT …), or "".
func (tx *Tx) insertMany(ctx context.Context, table string, columns []string, rows [][]any, tail string) error {
	const perStatement = 200
	step := min(perStatement, maxArgs/len(columns))
	for start := 0; start < len(rows); start += step {
		part := rows[start:min(start+step, len(rows))]
		args := make([]any, 0, len(part)*len(columns))
		for _, r := range part {
			args = append(args, r...)
		}
		if _, err := tx.exec(ctx, insertSQL(table, columns, len(part))+" "+tail, args...); err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	return nil
}

// anyOf is the condition "column is one of values" with its arguments. Chunk values by inChunks first.
func anyOf[T any](q querier, column string, values []T) (string, []any) {
	return q.d.anyOf(column, values, toAny(values))
}

func toAny[T any](values []T) []any {
	out := make([]any, len(values))
	for i, v := range values {
		out[i] = v
	}
	return out
}

// inChunks calls fn with slices of at most 5,000 values.
func inChunks[T any](values []T, fn func([]T) error) error {
	const size = 5000
	for start := 0; start < len(values); start += size {
		if err := fn(values[start:min(start+size, len(values))]); err != nil {
			return err
		}
	}
	return nil
}
