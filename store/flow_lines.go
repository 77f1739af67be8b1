package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// StoredLine is a flow line as the join needs it. Quantity is in the row's own unit.
type StoredLine struct {
	ID       canonical.ID
	Party    int64
	Partner  int64
	Mention  int64 // of the product
	Ledger   canonical.Ledger
	Kind     canonical.FlowKind
	Date     canonical.Date
	DocNo    string
	Lot      string
	Quantity canonical.Quantity
	Active   bool // false: deleted at the source, or its period was replaced
}

// LineGroup selects flow lines: those of a reporting party with a partner (0: stock and usage) and a product mention.
type LineGroup struct{ Party, Partner, Mention int64 }

// EachFlowLine calls fn for every line of the groups, inactive ones too. Groups must not repeat.
func (db *DB) EachFlowLine(ctx context.Context, groups []LineGroup, fn func(*StoredLine)) error {
	tuples := make([][]int64, len(groups))
	for i, g := range groups {
		tuples[i] = []int64{g.Party, g.Partner, g.Mention}
	}
	err := eachTupleChunk(tuples, func(values string, args []any) error {
		// CROSS JOIN keeps SQLite from walking the lines and looking the groups up.
		return db.each(ctx, `SELECT l.row_id, l.party, l.partner, l.product_mention, l.ledger, l.kind, l.biz_date, l.doc_no, l.lot, l.quantity, l.active
			FROM `+values+` AS v CROSS JOIN flow_line l WHERE l.party = v.column1 AND l.partner = v.column2 AND l.product_mention = v.column3`, args, func(rows *sqlx.Rows) error {
			var l StoredLine
			var ledger, kind int
			if err := rows.Scan(&l.ID, &l.Party, &l.Partner, &l.Mention, &ledger, &kind, &l.Date, &l.DocNo, &l.Lot, (*int64)(&l.Quantity), &l.Active); err != nil {
				return err
			}
			l.Ledger, l.Kind = LedgerOf(ledger), KindOf(kind)
			fn(&l)
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("read flow lines: %w", err)
	}
	return nil
}
