package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// StoredStock is a stock position with its state in the store.
type StoredStock struct {
	canonical.StockPosition
	KnownFrom int64
	Open      bool
	Version   int64 // of the last event of (party, product, lot), when this row was written or closed
}

// StockOf reads the stock positions of parties and products, closed ones too. Each tuple is a party and a product.
func (db *DB) StockOf(ctx context.Context, of [][2]int64, fn func(StoredStock)) error {
	tuples := make([][]int64, len(of))
	for i, t := range of {
		tuples[i] = t[:]
	}
	err := eachTupleChunk(tuples, func(values string, args []any) error {
		return db.each(ctx, `SELECT s.party, s.product_id, s.lot, s.biz_date, s.kind, s.quantity, s.known_from, s.known_to IS NULL, s.entity_version
			FROM `+values+` AS v CROSS JOIN stock_position s WHERE s.party = v.column1 AND s.product_id = v.column2
			ORDER BY s.party, s.product_id, s.lot, s.biz_date, s.kind, s.known_from`, args, func(rows *sqlx.Rows) error {
			var s StoredStock
			var kind int
			err := rows.Scan(&s.Party, &s.Product, &s.Lot, &s.Date, &kind, (*int64)(&s.Quantity), &s.KnownFrom, &s.Open, &s.Version)
			s.Kind = KindOf(kind)
			fn(s)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("read stock positions: %w", err)
	}
	return nil
}

// PutStock closes and opens stock positions as of the transaction's time. Version is the one of the event that tells of it.
func (tx *Tx) PutStock(ctx context.Context, closed, opened []StoredStock) error {
	at := Micros(tx.Now)
	for _, list := range [][]StoredStock{closed, opened} {
		for i := range list {
			at = max(at, list[i].KnownFrom+1)
		}
	}
	for _, s := range closed {
		if err := tx.execOne(ctx, `UPDATE stock_position SET known_to = ?, entity_version = ? WHERE party = ? AND product_id = ? AND lot = ? AND biz_date = ? AND kind = ? AND known_to IS NULL`,
			at, s.Version, s.Party, s.Product, s.Lot, s.Date, KindNumber(s.Kind)); err != nil {
			return fmt.Errorf("close stock position: %w", err)
		}
	}
	rows := make([][]any, len(opened))
	for i, s := range opened {
		rows[i] = []any{s.Party, s.Product, s.Lot, s.Date, KindNumber(s.Kind), s.Quantity, s.Version, at, nil}
	}
	return tx.bulk(ctx, "stock_position", []string{"party", "product_id", "lot", "biz_date", "kind", "quantity", "entity_version", "known_from", "known_to"}, rows)
}
