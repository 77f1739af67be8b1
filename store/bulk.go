package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// column is a column with its PostgreSQL type, which a list of values needs there; SQLite takes values as they are.
type column struct{ name, pgType string }

// updateMany sets columns of many rows, each row being its key and then the values.
func (tx *Tx) updateMany(ctx context.Context, table string, key column, set []column, rows [][]any) error {
	return tx.updateManyIf(ctx, table, key, set, nil, "", rows, nil)
}

// updateManyIf is updateMany of the rows that also fit a condition on more values, which follow the others: v.column1 is
// the key, v.column2 the first value. hit, unless nil, hears of each row that was changed, its key being the only column.
func (tx *Tx) updateManyIf(ctx context.Context, table string, key column, set, more []column, condition string, rows [][]any, hit func(*sqlx.Rows) error) error {
	const perStatement = 200
	all := slices.Concat([]column{key}, set, more)
	assign := make([]string, len(set))
	for i, c := range set {
		assign[i] = fmt.Sprintf("%s = v.column%d", c.name, i+2)
	}
	first := make([]string, len(all))
	for i, c := range all {
		first[i] = "?"
		if tx.db.Dialect() == "postgres" {
			first[i] = "CAST(? AS " + c.pgType + ")"
		}
	}
	rest := ", (" + strings.TrimSuffix(strings.Repeat("?, ", len(all)), ", ") + ")"
	head := "UPDATE " + table + " SET " + strings.Join(assign, ", ") + " FROM (VALUES (" + strings.Join(first, ", ") + ")"
	tail := ") AS v WHERE " + table + "." + key.name + " = v.column1"
	if condition != "" {
		tail += " AND " + condition
	}
	for len(rows) > 0 {
		part := rows[:min(perStatement, len(rows))]
		rows = rows[len(part):]
		query := head + strings.Repeat(rest, len(part)-1) + tail
		var err error
		if hit != nil {
			err = tx.each(ctx, query+" RETURNING "+table+"."+key.name, flat(part), hit)
		} else {
			_, err = tx.exec(ctx, query, flat(part)...)
		}
		if err != nil {
			return fmt.Errorf("update %d rows of %s: %w", len(part), table, err)
		}
	}
	return nil
}

// insertReturning is insertMany with a RETURNING clause at the end of tail.
func (tx *Tx) insertReturning(ctx context.Context, table string, columns []string, rows [][]any, tail string, fn func(*sqlx.Rows) error) error {
	const perStatement = 200
	for len(rows) > 0 {
		part := rows[:min(perStatement, len(rows))]
		rows = rows[len(part):]
		if err := tx.each(ctx, insertSQL(table, columns, len(part))+" "+tail, flat(part), fn); err != nil {
			return fmt.Errorf("insert into %s: %w", table, err)
		}
	}
	return nil
}

func flat(rows [][]any) []any {
	out := make([]any, 0, len(rows)*len(rows[0]))
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}
