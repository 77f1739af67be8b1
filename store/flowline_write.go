package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

var lineColumns = []string{"row_id", "party", "partner", "bill_to", "product_mention", "ledger", "kind", "biz_date", "doc_no", "lot", "lot_raw",
	"lot_doubt", "quantity", "price", "amount", "mfg_date", "exp_date", "branch", "remark", "hash", "version_key", "batch_id", "row_no", "active",
	"suspect", "recorded_at"}

func (w *flowWriter) lineRow(s *lineState, now time.Time) []any {
	r, l := s.next, &s.next.Line
	return []any{r.ID, w.f.party, s.group.partner, r.billTo.id, s.group.product, LedgerNumber(l.Ledger), KindNumber(l.Kind), l.Date,
		l.DocNo, l.Lot, l.LotRaw, l.LotDoubt, int64(l.Quantity), int64(l.Price), int64(l.Amount), l.MfgDate, l.ExpDate, l.Branch, l.Remark,
		s.hash[:], s.version, w.batch.Raw, r.Number, s.active, false, Micros(now)}
}

// pastPayload is what is kept of a version of a line that is not the current one.
type pastPayload struct {
	Partner  int64              `json:"partner,omitempty"` // record number
	BillTo   int64              `json:"bill_to,omitempty"`
	Product  int64              `json:"product_mention"`
	Kind     canonical.FlowKind `json:"kind"`
	Date     canonical.Date     `json:"date"`
	DocNo    string             `json:"doc_no,omitempty"`
	Lot      string             `json:"lot,omitempty"`
	LotRaw   string             `json:"lot_raw,omitempty"`
	LotDoubt string             `json:"lot_doubt,omitempty"`
	Quantity canonical.Quantity `json:"quantity"`
	Price    canonical.Quantity `json:"price,omitempty"`
	Amount   canonical.Quantity `json:"amount,omitempty"`
	MfgDate  canonical.Date     `json:"mfg_date,omitzero"`
	ExpDate  canonical.Date     `json:"exp_date,omitzero"`
	Branch   string             `json:"branch,omitempty"`
	Remark   string             `json:"remark,omitempty"`
	Deleted  bool               `json:"deleted,omitempty"`
	Recorded int64              `json:"recorded_at,omitempty"` // when the version had become current, microseconds
}

var pastColumns = []string{"row_id", "recorded_at", "hash", "version_key", "batch_id", "row_no", "stale", "payload"}

// keepReplaced moves the stored versions that are about to be overwritten to the history.
func (tx *Tx) keepReplaced(ctx context.Context, ids []canonical.ID) error {
	if len(ids) == 0 {
		return nil
	}
	var rows [][]any
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(tx.querier, "row_id", part)
		err := tx.each(ctx, `SELECT row_id, hash, version_key, batch_id, row_no, partner, bill_to, product_mention, kind, biz_date, doc_no, lot, lot_raw,
			lot_doubt, quantity, price, amount, mfg_date, exp_date, branch, remark, recorded_at FROM flow_line WHERE `+cond, args, func(r *sqlx.Rows) error {
			var id canonical.ID
			var hash []byte
			var version string
			var batch, row int64
			var kind int
			var p pastPayload
			if err := r.Scan(&id, &hash, &version, &batch, &row, &p.Partner, &p.BillTo, &p.Product, &kind, &p.Date, &p.DocNo, &p.Lot, &p.LotRaw,
				&p.LotDoubt, &p.Quantity, &p.Price, &p.Amount, &p.MfgDate, &p.ExpDate, &p.Branch, &p.Remark, &p.Recorded); err != nil {
				return err
			}
			p.Kind = KindOf(kind)
			payload, err := json.Marshal(p)
			rows = append(rows, []any{id, Micros(tx.Now), hash, version, batch, row, false, string(payload)})
			return err
		})
		if err != nil {
			return err
		}
		cond, args = anyOf(tx.querier, "row_id", part)
		_, err = tx.exec(ctx, `DELETE FROM flow_line WHERE `+cond, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep replaced versions: %w", err)
	}
	return tx.insertMany(ctx, "flow_line_version", pastColumns, rows, "ON CONFLICT (row_id, hash, version_key) DO NOTHING")
}

// pastRows are the versions of this batch that never were, or no longer are, the current one.
func (w *flowWriter) pastRows(now time.Time) ([][]any, error) {
	rows := make([][]any, 0, len(w.past))
	for _, p := range w.past {
		r, l := p.row, &p.row.Line
		g := w.groupOf(r)
		payload, err := json.Marshal(pastPayload{Partner: g.partner, BillTo: r.billTo.id, Product: g.product, Kind: l.Kind, Date: l.Date,
			DocNo: l.DocNo, Lot: l.Lot, LotRaw: l.LotRaw, LotDoubt: l.LotDoubt, Quantity: l.Quantity, Price: l.Price, Amount: l.Amount,
			MfgDate: l.MfgDate, ExpDate: l.ExpDate, Branch: l.Branch, Remark: l.Remark, Deleted: r.Deleted})
		if err != nil {
			return nil, err
		}
		rows = append(rows, []any{r.ID, Micros(now), r.Hash[:], r.Version, w.batch.Raw, r.Number, p.stale, string(payload)})
	}
	return rows, nil
}
