package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/trace/flow"
)

// LotlessEdges calls fn for every current movement of a product that names no lot.
func (db *DB) LotlessEdges(ctx context.Context, product int64, fn func(canonical.Movement)) error {
	return db.movements(ctx, `m.product_id = ? AND m.lot = ''`, []any{product}, fn)
}

// MovementsOfParties calls fn once for every current movement of a product out of or into one of the mentions.
func (db *DB) MovementsOfParties(ctx context.Context, product int64, mentions []int64, fn func(canonical.Movement)) error {
	seen := map[canonical.ID]bool{}
	for _, side := range []string{"m.seller", "m.buyer"} {
		err := inChunks(mentions, func(part []int64) error {
			cond, args := anyOf(db.querier, side, part)
			return db.movements(ctx, cond+` AND m.product_id = ?`, append(args, product), func(m canonical.Movement) {
				if !seen[m.ID] {
					seen[m.ID] = true
					fn(m)
				}
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) movements(ctx context.Context, where string, args []any, fn func(canonical.Movement)) error {
	err := db.each(ctx, `SELECT `+movementColumns+` FROM movement m WHERE m.known_to IS NULL AND `+where, args, func(rows *sqlx.Rows) error {
		m, err := scanMovement(rows)
		fn(m.Movement)
		return err
	})
	if err != nil {
		return fmt.Errorf("read movements: %w", err)
	}
	return nil
}

// StoredShare is an attribution in the store. Party is the mention that issued the movement. A share with an empty lot
// is a shortage: Point is what no lot explains.
type StoredShare struct {
	canonical.Attribution
	Party     int64
	KnownFrom int64
}

// SharesOfParties reads the current shares in issues of the mentions.
func (db *DB) SharesOfParties(ctx context.Context, product int64, mentions []int64) ([]StoredShare, error) {
	var out []StoredShare
	err := inChunks(mentions, func(part []int64) error {
		cond, args := anyOf(db.querier, "a.party", part)
		list, err := db.shares(ctx, cond+` AND a.product_id = ?`, append(args, product)...)
		out = append(out, list...)
		return err
	})
	return out, err
}

// SharesOfMovements reads the current shares of lots in movements.
func (db *DB) SharesOfMovements(ctx context.Context, ids []canonical.ID) ([]StoredShare, error) {
	var out []StoredShare
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "a.movement_id", part)
		list, err := db.shares(ctx, `a.lot <> '' AND `+cond, args...)
		out = append(out, list...)
		return err
	})
	return out, err
}

func (db *DB) shares(ctx context.Context, where string, args ...any) ([]StoredShare, error) {
	var out []StoredShare
	err := db.each(ctx, `SELECT a.movement_id, a.lot, a.product_id, a.party, a.point, a.low, a.high, a.grade, a.known_from FROM attribution a
		WHERE a.known_to IS NULL AND `+where, args, func(rows *sqlx.Rows) error {
		var s StoredShare
		err := rows.Scan(&s.Movement, &s.Lot, &s.Product, &s.Party, (*int64)(&s.Point), (*int64)(&s.Low), (*int64)(&s.High), (*string)(&s.Grade), &s.KnownFrom)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read shares: %w", err)
	}
	return out, nil
}

// PutShares closes and opens shares as of the transaction's time.
func (tx *Tx) PutShares(ctx context.Context, closed, opened []StoredShare) error {
	at := Micros(tx.Now)
	for _, list := range [][]StoredShare{closed, opened} {
		for i := range list {
			at = max(at, list[i].KnownFrom+1)
		}
	}
	const perStatement = 200
	for len(closed) > 0 {
		part := closed[:min(perStatement, len(closed))]
		closed = closed[len(part):]
		values := "(VALUES (CAST(? AS uuid), CAST(? AS text))"
		if tx.db.Dialect() == "sqlite" {
			values = "(VALUES (?, ?)"
		}
		args := []any{at}
		for _, s := range part {
			args = append(args, s.Movement, s.Lot)
		}
		_, err := tx.exec(ctx, `UPDATE attribution SET known_to = ? FROM `+values+strings.Repeat(", (?, ?)", len(part)-1)+`) AS v
			WHERE attribution.movement_id = v.column1 AND attribution.lot = v.column2 AND attribution.known_to IS NULL`, args...)
		if err != nil {
			return fmt.Errorf("close shares: %w", err)
		}
	}
	rows := make([][]any, len(opened))
	for i, s := range opened {
		rows[i] = []any{s.Movement, s.Lot, at, nil, s.Product, s.Party, s.Point, s.Low, s.High, string(s.Grade)}
	}
	return tx.bulk(ctx, "attribution", []string{"movement_id", "lot", "known_from", "known_to", "product_id", "party", "point", "low", "high", "grade"}, rows)
}

// CurrentStock calls fn for every current stock position of a product at the mentions.
func (db *DB) CurrentStock(ctx context.Context, product int64, mentions []int64, fn func(canonical.StockPosition)) error {
	of := make([][2]int64, len(mentions))
	for i, m := range mentions {
		of[i] = [2]int64{m, product}
	}
	return db.StockOf(ctx, of, func(s StoredStock) {
		if s.Open {
			fn(s.StockPosition)
		}
	})
}

// ReleasedLots lists the released lots of a product as origins at the party numbered maker.
func (db *DB) ReleasedLots(ctx context.Context, product, maker int64) ([]flow.Origin, error) {
	var out []flow.Origin
	err := db.each(ctx, `SELECT lot, released, mfg_date FROM lot WHERE product_id = ? AND active = TRUE ORDER BY lot`, []any{product}, func(rows *sqlx.Rows) error {
		o := flow.Origin{Party: maker}
		err := rows.Scan(&o.Lot, (*int64)(&o.Quantity), &o.Date)
		out = append(out, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read released lots: %w", err)
	}
	return out, nil
}

// HasLotless reports whether a product has current movements without a lot, or shares of such.
func (db *DB) HasLotless(ctx context.Context, product int64) (bool, error) {
	var n int64
	err := db.get(ctx, &n, `SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM movement WHERE product_id = ? AND lot = '' AND known_to IS NULL LIMIT 1) AS m)
		+ (SELECT COUNT(*) FROM (SELECT 1 FROM attribution WHERE product_id = ? AND known_to IS NULL LIMIT 1) AS a)`, product, product)
	return n > 0, err
}
