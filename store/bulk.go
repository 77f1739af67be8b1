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
// the key, v.column2 the first value. hit, unless nil, hears the key of each row that was changed.
func (tx *Tx) updateManyIf(ctx context.Context, table string, key column, set, more []column, condition string, rows [][]any, hit func(key int64)) error {
	if len(rows) == 0 {
		return nil
	}
	assign := make([]string, len(set))
	for i, c := range set {
		assign[i] = fmt.Sprintf("%s = v.column%d", c.name, i+2)
	}
	where := " WHERE " + table + "." + key.name + " = v.column1"
	if condition != "" {
		where += " AND " + condition
	}
	update := "UPDATE " + table + " SET " + strings.Join(assign, ", ")
	var err error
	if tx.db.Dialect() == "postgres" {
		err = tx.updateByList(ctx, update, where, table+"."+key.name, slices.Concat([]column{key}, set, more), rows, hit)
	} else {
		err = tx.updateOneByOne(ctx, update+where, rows, hit)
	}
	if err != nil {
		return fmt.Errorf("update %d rows of %s: %w", len(rows), table, err)
	}
	return nil
}

// updateByList saves round trips: many rows in one statement.
func (tx *Tx) updateByList(ctx context.Context, update, where, key string, columns []column, rows [][]any, hit func(int64)) error {
	const perStatement = 200
	first := make([]string, len(columns))
	for i, c := range columns {
		first[i] = "CAST(? AS " + c.pgType + ")"
	}
	rest := ", (" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	head, tail := update+" FROM (VALUES ("+strings.Join(first, ", ")+")", ") AS v"+where
	for len(rows) > 0 {
		part := rows[:min(perStatement, len(rows))]
		rows = rows[len(part):]
		query := head + strings.Repeat(rest, len(part)-1) + tail
		var err error
		if hit != nil {
			err = tx.each(ctx, query+" RETURNING "+key, flat(part), func(r *sqlx.Rows) error {
				var k int64
				err := r.Scan(&k)
				hit(k)
				return err
			})
		} else {
			_, err = tx.exec(ctx, query, flat(part)...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// updateOneByOne is for SQLite, where a statement costs no round trip, and a list of values is joined by scanning.
func (tx *Tx) updateOneByOne(ctx context.Context, query string, rows [][]any, hit func(int64)) error {
	stmt, err := tx.tx.PreparexContext(ctx, strings.ReplaceAll(query, "v.column", "?"))
	if err != nil {
		return err
	}
	defer stmt.Close()
	for _, r := range rows {
		res, err := stmt.ExecContext(ctx, r...)
		if err != nil {
			return err
		}
		if hit == nil {
			continue
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		if id, ok := r[0].(int64); ok && n > 0 {
			hit(id)
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
