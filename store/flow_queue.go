package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// FlowMark is a group of flow lines that waits for the join: the lines of one reporting party with one partner (0: stock
// and usage) and one product mention. Product is the SKU of the mention, 0 while it is unmatched.
type FlowMark struct {
	Party, Partner, Mention int64
	Generation              int64
	Product                 int64
}

// ReadyFlow lists marks behind the given one whose customers and product are looked up, at most limit, in their order.
// A mark whose mention is still dirty waits.
func (db *DB) ReadyFlow(ctx context.Context, after FlowMark, limit int) ([]FlowMark, error) {
	var out []FlowMark
	err := db.each(ctx, `SELECT d.party, d.partner, d.product_mention, d.generation, m.product_id
		FROM dirty_flow d
		JOIN product_mention m ON m.id = d.product_mention AND m.dirty = FALSE
		JOIN source_record p ON p.id = d.party AND p.dirty = FALSE
		LEFT JOIN source_record x ON x.id = d.partner
		WHERE (d.partner = 0 OR x.dirty = FALSE) AND (d.party > ? OR d.party = ? AND (d.partner > ? OR d.partner = ? AND d.product_mention > ?))
		ORDER BY d.party, d.partner, d.product_mention LIMIT ?`,
		[]any{after.Party, after.Party, after.Partner, after.Partner, after.Mention, limit}, func(rows *sqlx.Rows) error {
			var m FlowMark
			err := rows.Scan(&m.Party, &m.Partner, &m.Mention, &m.Generation, &m.Product)
			out = append(out, m)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read groups that wait for the join: %w", err)
	}
	return out, nil
}

// DoneFlow removes marks, except those that were set again since they were read.
func (tx *Tx) DoneFlow(ctx context.Context, marks []FlowMark) error {
	rows := make([][]int64, len(marks))
	for i, m := range marks {
		rows[i] = []int64{m.Party, m.Partner, m.Mention, m.Generation}
	}
	return tx.deleteTuples(ctx, "dirty_flow", []string{"party", "partner", "product_mention", "generation"}, rows)
}

// deleteTuples deletes the rows whose integer columns equal one of the tuples.
func (tx *Tx) deleteTuples(ctx context.Context, table string, columns []string, tuples [][]int64) error {
	return eachTupleChunk(tuples, func(values string, args []any) error {
		_, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE (`+strings.Join(columns, ", ")+`) IN `+values, args...)
		if err != nil {
			return fmt.Errorf("delete from %s: %w", table, err)
		}
		return nil
	})
}

// eachTupleChunk calls fn with the tuples as a table of integer columns column1, column2, …, a portion at a time.
func eachTupleChunk(tuples [][]int64, fn func(values string, args []any) error) error {
	const portion = 200
	for len(tuples) > 0 {
		part := tuples[:min(portion, len(tuples))]
		tuples = tuples[len(part):]
		args := make([]any, 0, len(part)*len(part[0]))
		for _, t := range part {
			for _, v := range t {
				args = append(args, v)
			}
		}
		n := len(part[0])
		// PostgreSQL takes the columns' types from the first row.
		text := "(VALUES (" + strings.Repeat("CAST(? AS bigint), ", n-1) + "CAST(? AS bigint))" +
			strings.Repeat(", ("+strings.Repeat("?, ", n-1)+"?)", len(part)-1)
		if err := fn(text+")", args); err != nil {
			return err
		}
	}
	return nil
}

// MarkFlowDirty makes the flow groups of records wait for the join: those that a party reported, and those that name a
// mention. The resolver calls it for every record that moved to another golden record.
func (tx *Tx) MarkFlowDirty(ctx context.Context, records []int64) error {
	return inChunks(records, func(part []int64) error {
		for _, side := range []struct{ join, match string }{
			{"", "l.party = r.id"},
			// The mentions of a party's ledger share its source; so the index on (party, partner) serves.
			{"JOIN source_record p ON p.entity = r.entity AND p.source = r.source AND p.source_id = '" + canonical.ReporterID + "'", "l.party = p.id AND l.partner = r.id"},
		} {
			cond, args := anyOf(tx.querier, "r.id", part)
			_, err := tx.exec(ctx, `INSERT INTO dirty_flow (party, partner, product_mention, generation)
				SELECT DISTINCT l.party, l.partner, l.product_mention, 1 FROM source_record r `+side.join+` JOIN flow_line l ON `+side.match+`
				WHERE r.entity = 'customer' AND `+cond+`
				ON CONFLICT (party, partner, product_mention) DO UPDATE SET generation = dirty_flow.generation + 1`, args...)
			if err != nil {
				return fmt.Errorf("mark flow groups: %w", err)
			}
		}
		return nil
	})
}

// ShareMark names the lot-less issues of a party whose shares wait to be computed again.
type ShareMark struct {
	Product, Party int64
	Generation     int64
}

// MarkSharesDirty makes shares wait.
func (tx *Tx) MarkSharesDirty(ctx context.Context, marks []ShareMark) error {
	rows := make([][]any, len(marks))
	for i, m := range marks {
		rows[i] = []any{m.Product, m.Party, 1}
	}
	return tx.insertMany(ctx, "dirty_share", []string{"product_id", "party", "generation"}, rows,
		"ON CONFLICT (product_id, party) DO UPDATE SET generation = dirty_share.generation + 1")
}

// DirtyShares lists the marks of the product with the smallest number, nothing when none waits.
func (db *DB) DirtyShares(ctx context.Context) ([]ShareMark, error) {
	var out []ShareMark
	err := db.each(ctx, `SELECT product_id, party, generation FROM dirty_share
		WHERE product_id = (SELECT MIN(product_id) FROM dirty_share) ORDER BY party`, nil, func(rows *sqlx.Rows) error {
		var m ShareMark
		err := rows.Scan(&m.Product, &m.Party, &m.Generation)
		out = append(out, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read shares that wait: %w", err)
	}
	return out, nil
}

// DoneShares removes marks, except those that were set again since they were read.
func (tx *Tx) DoneShares(ctx context.Context, marks []ShareMark) error {
	rows := make([][]int64, len(marks))
	for i, m := range marks {
		rows[i] = []int64{m.Product, m.Party, m.Generation}
	}
	return tx.deleteTuples(ctx, "dirty_share", []string{"product_id", "party", "generation"}, rows)
}

// CountFlowWaiting is the number of flow groups and shares that wait for the join.
func (db *DB) CountFlowWaiting(ctx context.Context) (int64, error) {
	var n int64
	err := db.get(ctx, &n, `SELECT (SELECT COUNT(*) FROM dirty_flow) + (SELECT COUNT(*) FROM dirty_share)`)
	return n, err
}
