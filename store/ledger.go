package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// BookLine is an active line of a ledger as it is stored.
type BookLine struct {
	ID       canonical.ID
	Ledger   canonical.Ledger
	Kind     canonical.FlowKind
	Date     canonical.Date
	DocNo    string
	Partner  int64 // record number of the mention; 0 = none
	Lot      string
	Quantity canonical.Quantity
	Version  string
	Suspect  bool // equals another line but for the document number
	Batch    int64
	Row      int
}

// Book reads the active lines of all ledgers of a reporting party by date and id.
func (q querier) Book(ctx context.Context, party string) ([]BookLine, error) {
	var out []BookLine
	err := q.each(ctx, `SELECT l.row_id, l.ledger, l.kind, l.biz_date, l.doc_no, l.partner, l.lot, l.quantity, l.version_key, l.suspect, l.batch_id, l.row_no
		FROM flow_line AS l JOIN source_record AS r ON r.id = l.party
		WHERE r.entity = 'customer' AND r.source = ? AND r.source_id = ? AND l.active = TRUE ORDER BY l.biz_date, l.row_id`,
		[]any{canonical.FlowSource(party), canonical.ReporterID}, func(rows *sqlx.Rows) error {
			var l BookLine
			var ledger, kind int
			if err := rows.Scan(&l.ID, &ledger, &kind, &l.Date, &l.DocNo, &l.Partner, &l.Lot, &l.Quantity, &l.Version, &l.Suspect, &l.Batch, &l.Row); err != nil {
				return err
			}
			l.Ledger, l.Kind = LedgerOf(ledger), KindOf(kind)
			out = append(out, l)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read the ledgers of %s: %w", party, err)
	}
	return out, nil
}
