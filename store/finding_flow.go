package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// TradeRow is a movement between two mentions with the price of its row, as the rules of diversion need it.
type TradeRow struct {
	ID            canonical.ID
	Seller, Buyer int64 // record numbers
	Kind          canonical.FlowKind
	Date          canonical.Date
	Quantity      canonical.Quantity
	Price         canonical.Quantity // for one base unit; 0 = not told
}

// Traders lists the mentions between which a product moved.
func (db *DB) Traders(ctx context.Context, product int64) ([]canonical.Movement, error) {
	var out []canonical.Movement
	err := db.each(ctx, `SELECT DISTINCT seller, buyer FROM movement WHERE product_id = ? AND buyer <> 0 AND known_to IS NULL`, []any{product}, func(rows *sqlx.Rows) error {
		var m canonical.Movement
		err := rows.Scan(&m.Seller, &m.Buyer)
		out = append(out, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who trades a product: %w", err)
	}
	return out, nil
}

// EachTrade calls fn for every movement of a product between two parties.
func (db *DB) EachTrade(ctx context.Context, product int64, fn func(*TradeRow)) error {
	// A movement bears the id of the row that it is first evidenced by.
	err := db.each(ctx, `SELECT m.id, m.seller, m.buyer, m.kind, m.biz_date, m.quantity, l.price, l.amount, p.num, p.den
		FROM movement m JOIN flow_line l ON l.row_id = m.id JOIN product_mention p ON p.id = l.product_mention
		WHERE m.product_id = ? AND m.buyer <> 0 AND m.known_to IS NULL`, []any{product}, func(rows *sqlx.Rows) error {
		var t TradeRow
		var kind int
		var price, amount, num, den canonical.Quantity
		if err := rows.Scan(&t.ID, &t.Seller, &t.Buyer, &kind, &t.Date, (*int64)(&t.Quantity), (*int64)(&price), (*int64)(&amount), (*int64)(&num), (*int64)(&den)); err != nil {
			return err
		}
		t.Kind, t.Price = KindOf(kind), basePrice(price, amount, t.Quantity, num, den)
		fn(&t)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the trade in a product: %w", err)
	}
	return nil
}

// basePrice is the price of one base unit: of the row's own unit, divided by the base units in it, or the amount divided
// by the quantity. 0 when neither is told or the division makes no sense.
func basePrice(price, amount, quantity, num, den canonical.Quantity) canonical.Quantity {
	var q canonical.Quantity
	var err error
	switch {
	case price > 0 && num > 0:
		q, err = price.MulDiv(den, num)
	case amount > 0 && quantity > 0:
		q, err = amount.MulDiv(canonical.QuantityScale, quantity)
	}
	if err != nil {
		return 0
	}
	return q
}

// DoubtfulLine is a flow row that is doubtful by itself. Quantity is in the row's own unit.
type DoubtfulLine struct {
	ID       canonical.ID
	Party    int64
	Ledger   canonical.Ledger
	Date     canonical.Date
	Lot      string
	LotRaw   string
	Doubt    string
	Quantity canonical.Quantity
}

// DoubtfulLines reads the active rows of a product with a quantity below zero or a lot that went through a number cell.
func (db *DB) DoubtfulLines(ctx context.Context, product int64) ([]DoubtfulLine, error) {
	var out []DoubtfulLine
	err := db.each(ctx, `SELECT l.row_id, l.party, l.ledger, l.biz_date, l.lot, l.lot_raw, l.lot_doubt, l.quantity FROM product_mention p JOIN flow_line l ON l.product_mention = p.id
		WHERE p.product_id = ? AND l.active = TRUE AND (l.quantity < 0 OR l.lot_doubt <> '')`, []any{product}, func(rows *sqlx.Rows) error {
		var d DoubtfulLine
		var ledger int
		err := rows.Scan(&d.ID, &d.Party, &ledger, &d.Date, &d.Lot, &d.LotRaw, &d.Doubt, (*int64)(&d.Quantity))
		d.Ledger = LedgerOf(ledger)
		if d.LotRaw == "" {
			d.LotRaw = d.Lot
		}
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read doubtful rows: %w", err)
	}
	return out, nil
}

// LotNumbers lists the released lots of a product by number.
func (db *DB) LotNumbers(ctx context.Context, product int64) ([]string, error) {
	var out []string
	err := db.sel(ctx, &out, `SELECT lot FROM lot WHERE product_id = ? AND active = TRUE ORDER BY lot`, product)
	return out, err
}

// RowSource is a flow row with where it came from.
type RowSource struct {
	ID       canonical.ID
	Party    string // who sent it, by the key of its ledgers
	Ledger   canonical.Ledger
	Kind     canonical.FlowKind
	Date     canonical.Date
	DocNo    string
	Lot      string
	Quantity canonical.Quantity // in the row's own unit
	Unit     string
	File     string // "" = it was pulled
	Stream   string // connection/stream
	Row      int
}

// RowSources reads where flow rows came from, by date and id.
func (db *DB) RowSources(ctx context.Context, ids []canonical.ID) ([]RowSource, error) {
	var out []RowSource
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "l.row_id", part)
		return db.each(ctx, `SELECT l.row_id, s.source, l.ledger, l.kind, l.biz_date, l.doc_no, l.lot, l.quantity, p.unit, COALESCE(f.name, ''), COALESCE(r.connection, ''), COALESCE(r.stream, ''), l.row_no
			FROM flow_line l JOIN source_record s ON s.id = l.party JOIN product_mention p ON p.id = l.product_mention
			LEFT JOIN raw_batch b ON b.id = l.batch_id LEFT JOIN data_file f ON f.id = b.file_id LEFT JOIN run r ON r.id = b.run_id
			WHERE `+cond+` ORDER BY l.biz_date, l.row_id`, args, func(rows *sqlx.Rows) error {
			var x RowSource
			var source, connection string
			var ledger, kind int
			err := rows.Scan(&x.ID, &source, &ledger, &kind, &x.Date, &x.DocNo, &x.Lot, (*int64)(&x.Quantity), &x.Unit, &x.File, &connection, &x.Stream, &x.Row)
			x.Party, x.Ledger, x.Kind = source[min(len(source), len(canonical.FlowSource(""))):], LedgerOf(ledger), KindOf(kind)
			if connection != "" {
				x.Stream = connection + "/" + x.Stream
			}
			out = append(out, x)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read where rows came from: %w", err)
	}
	return out, nil
}
