package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// StoredMovement is the last known version of a movement.
type StoredMovement struct {
	canonical.Movement
	KnownFrom int64
	Open      bool // false: it was voided or superseded
	Version   int64
}

const movementColumns = `m.id, m.known_from, m.known_to IS NULL, m.seller, m.buyer, m.product_id, m.lot, m.lot_adopted, m.quantity, m.biz_date, m.kind,
	m.grade, m.match, m.difference, m.seller_line, m.buyer_line, m.doc_no, m.entity_version`

var movementColumnList = []string{"id", "known_from", "known_to", "seller", "buyer", "product_id", "lot", "lot_adopted", "quantity", "biz_date", "kind",
	"grade", "match", "difference", "seller_line", "buyer_line", "doc_no", "superseded_by", "entity_version"}

func scanMovement(rows *sqlx.Rows, extra ...any) (StoredMovement, error) {
	var m StoredMovement
	var kind int
	err := rows.Scan(append([]any{&m.ID, &m.KnownFrom, &m.Open, &m.Seller, &m.Buyer, &m.Product, &m.Lot, &m.LotAdopted, (*int64)(&m.Quantity), &m.Date, &kind,
		(*string)(&m.Grade), &m.Match, (*int64)(&m.Difference), &m.SellerLine, &m.BuyerLine, &m.DocNo, &m.Version}, extra...)...)
	m.Kind = KindOf(kind)
	return m, err
}

// MovementsByID reads the last version of each movement that exists.
func (db *DB) MovementsByID(ctx context.Context, ids []canonical.ID) (map[canonical.ID]*StoredMovement, error) {
	out := map[canonical.ID]*StoredMovement{}
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "m.id", part)
		return db.each(ctx, `SELECT `+movementColumns+` FROM movement m WHERE `+cond, args, func(rows *sqlx.Rows) error {
			m, err := scanMovement(rows)
			if have := out[m.ID]; have == nil || have.KnownFrom < m.KnownFrom {
				out[m.ID] = &m
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read movements: %w", err)
	}
	return out, db.moreLines(ctx, out)
}

func (db *DB) moreLines(ctx context.Context, moves map[canonical.ID]*StoredMovement) error {
	ids := make([]canonical.ID, 0, len(moves))
	for id, m := range moves {
		if !m.BuyerLine.IsZero() && !m.SellerLine.IsZero() {
			ids = append(ids, id)
		}
	}
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "movement_id", part)
		return db.each(ctx, `SELECT movement_id, known_from, line_id FROM movement_line WHERE `+cond+` ORDER BY movement_id, line_id`, args, func(rows *sqlx.Rows) error {
			var id, line canonical.ID
			var known int64
			err := rows.Scan(&id, &known, &line)
			if m := moves[id]; m != nil && m.KnownFrom == known {
				m.MoreLines = append(m.MoreLines, line)
			}
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("read further lines of movements: %w", err)
	}
	return nil
}

// ClosedMovement ends a version of a movement. By is the movement that took its row as evidence, zero when it was voided or
// changed.
type ClosedMovement struct {
	ID        canonical.ID
	By        canonical.ID
	KnownFrom int64
	Version   int64 // entityversion that the movement has reached
}

// PutMovements closes and opens versions of movements as of the transaction's time. A movement that changes stands in
// both lists. Closed versions stay, so that earlier states of knowledge can be asked for.
func (tx *Tx) PutMovements(ctx context.Context, closed []ClosedMovement, opened []StoredMovement) error {
	at := Micros(tx.Now)
	for _, c := range closed {
		at = max(at, c.KnownFrom+1)
	}
	for i := range opened {
		at = max(at, opened[i].KnownFrom+1) // two states of knowledge never share a time, whatever the clock does
	}
	if err := tx.closeMovements(ctx, closed, at); err != nil {
		return err
	}
	rows := make([][]any, len(opened))
	var more [][]any
	for i := range opened {
		m := &opened[i]
		rows[i] = []any{m.ID, at, nil, m.Seller, m.Buyer, m.Product, m.Lot, m.LotAdopted, m.Quantity, m.Date, KindNumber(m.Kind),
			string(m.Grade), m.Match, m.Difference, m.SellerLine, m.BuyerLine, m.DocNo, nil, m.Version}
		for _, line := range m.MoreLines {
			more = append(more, []any{m.ID, at, line})
		}
	}
	if err := tx.bulk(ctx, "movement", movementColumnList, rows); err != nil {
		return err
	}
	return tx.bulk(ctx, "movement_line", []string{"movement_id", "known_from", "line_id"}, more)
}

func (tx *Tx) closeMovements(ctx context.Context, closed []ClosedMovement, at int64) error {
	const perStatement = 200
	for len(closed) > 0 {
		part := closed[:min(perStatement, len(closed))]
		closed = closed[len(part):]
		values := "(VALUES (CAST(? AS uuid), CAST(? AS uuid), CAST(? AS bigint))"
		if tx.db.Dialect() == "sqlite" {
			values = "(VALUES (?, ?, ?)"
		}
		values += strings.Repeat(", (?, ?, ?)", len(part)-1) + ")"
		args := []any{at}
		for _, c := range part {
			args = append(args, c.ID, c.By, c.Version)
		}
		_, err := tx.exec(ctx, `UPDATE movement SET known_to = ?, superseded_by = v.column2, entity_version = v.column3
			FROM `+values+` AS v WHERE movement.id = v.column1 AND movement.known_to IS NULL`, args...)
		if err != nil {
			return fmt.Errorf("close movements: %w", err)
		}
	}
	return nil
}
