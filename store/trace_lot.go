package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// Known selects a state of knowledge: what was committed by a time. The zero value is now.
type Known struct{ at int64 }

// KnownAt is the state of knowledge at a time; the zero time means now.
func KnownAt(t time.Time) Known { return Known{Micros(t)} }

// of is the condition that a row with known_from and known_to, in a table by its alias, was known.
func (k Known) of(alias string) string {
	if k.at == 0 {
		return alias + ".known_to IS NULL"
	}
	return fmt.Sprintf("%s.known_from <= %d AND (%s.known_to IS NULL OR %s.known_to > %d)", alias, k.at, alias, alias, k.at)
}

// LotFlow is all that a trace needs of one lot: its movements, those without a lot that may have carried it, with its
// shares in them. The movements are without their evidence rows.
type LotFlow struct {
	Moves  []canonical.Movement
	Shares []canonical.Attribution
}

// LotFlow reads a lot by index.
func (db *DB) LotFlow(ctx context.Context, product int64, lot string, known Known) (LotFlow, error) {
	var f LotFlow
	const columns = `m.id, m.seller, m.buyer, m.quantity, m.biz_date, m.kind, m.grade, m.match, m.difference, m.doc_no`
	var kind int
	m := canonical.Movement{Product: product}
	fields := []any{&m.ID, &m.Seller, &m.Buyer, (*int64)(&m.Quantity), &m.Date, &kind, (*string)(&m.Grade), &m.Match, (*int64)(&m.Difference), &m.DocNo}
	add := func(rows *sqlx.Rows, fields []any) error {
		err := rows.Scan(fields...)
		m.Kind = KindOf(kind)
		f.Moves = append(f.Moves, m)
		return err
	}
	m.Lot = lot
	err := db.each(ctx, `SELECT `+columns+` FROM movement m WHERE m.product_id = ? AND m.lot = ? AND `+known.of("m"), []any{product, lot}, func(rows *sqlx.Rows) error {
		return add(rows, fields)
	})
	if err != nil {
		return f, fmt.Errorf("read the movements of a lot: %w", err)
	}
	m.Lot = ""
	s := canonical.Attribution{Product: product, Lot: lot}
	fields = append(fields, (*int64)(&s.Point), (*int64)(&s.Low), (*int64)(&s.High), (*string)(&s.Grade))
	err = db.each(ctx, `SELECT `+columns+`, a.point, a.low, a.high, a.grade FROM attribution a JOIN movement m ON m.id = a.movement_id
		WHERE a.product_id = ? AND a.lot = ? AND m.lot = '' AND `+known.of("a")+` AND `+known.of("m"), []any{product, lot}, func(rows *sqlx.Rows) error {
		err := add(rows, fields)
		s.Movement = m.ID
		f.Shares = append(f.Shares, s)
		return err
	})
	if err != nil {
		return f, fmt.Errorf("read the shares of a lot: %w", err)
	}
	return f, nil
}

// ClosedLotMovement is an earlier version of a movement, known until a time.
type ClosedLotMovement struct {
	canonical.Movement
	Until time.Time
	By    canonical.ID // the movement that took its rows; zero: none, or a later version of itself
}

// ClosedLotMovements reads how movements that named a lot were known before, the oldest first.
func (db *DB) ClosedLotMovements(ctx context.Context, product int64, lot string) ([]ClosedLotMovement, error) {
	var out []ClosedLotMovement
	err := db.each(ctx, `SELECT `+movementColumns+`, m.known_to, m.superseded_by FROM movement m WHERE m.product_id = ? AND m.lot = ? AND m.known_to IS NOT NULL
		ORDER BY m.known_to, m.id, m.known_from`, []any{product, lot}, func(rows *sqlx.Rows) error {
		var c ClosedLotMovement
		var until int64
		m, err := scanMovement(rows, &until, &c.By)
		c.Movement, c.Until = m.Movement, FromMicros(until)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read earlier movements of a lot: %w", err)
	}
	return out, nil
}

// ShortMovement is a lot-less movement that issues more than its issuer can have had.
type ShortMovement struct {
	canonical.Movement
	Short canonical.Quantity
}

// Shortages reads what no lot explains in the lot-less rows that the mentions issued.
func (db *DB) Shortages(ctx context.Context, product int64, mentions []int64, known Known) ([]ShortMovement, error) {
	var out []ShortMovement
	err := inChunks(mentions, func(part []int64) error {
		cond, args := anyOf(db.querier, "a.party", part)
		return db.each(ctx, `SELECT `+movementColumns+`, a.point FROM attribution a JOIN movement m ON m.id = a.movement_id
			WHERE a.lot = '' AND `+known.of("a")+` AND `+known.of("m")+` AND a.product_id = ? AND `+cond, append([]any{product}, args...), func(rows *sqlx.Rows) error {
			var s ShortMovement
			m, err := scanMovement(rows, (*int64)(&s.Short))
			s.Movement = m.Movement
			out = append(out, s)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read shortages: %w", err)
	}
	return out, nil
}

// Mention is a party as ledgers name it, and the golden record it belonged to at a state of knowledge.
type Mention struct {
	Record int64
	Key    canonical.RecordKey
	Golden canonical.ID // zero: none
	Name   string       // as the rows write it; empty for a person
}

// Mentions reads mentions by record number.
func (db *DB) Mentions(ctx context.Context, records []int64, known Known) (map[int64]Mention, error) {
	out := make(map[int64]Mention, len(records))
	err := inChunks(records, func(part []int64) error {
		cond, args := anyOf(db.querier, "r.id", part)
		// A look-up of the link for each record: a join is planned as a scan of all links while they are few enough.
		return db.each(ctx, `SELECT r.id, r.source, r.source_id, r.personal, r.payload, (SELECT c.golden_id FROM crosswalk c WHERE c.record_id = r.id AND `+known.of("c")+`)
			FROM source_record r WHERE `+cond, args, func(rows *sqlx.Rows) error {
			var m Mention
			var personal bool
			var payload []byte
			if err := rows.Scan(&m.Record, &m.Key.Source, &m.Key.ID, &personal, &payload, &m.Golden); err != nil {
				return err
			}
			var named struct{ Name string }
			if !personal && len(payload) > 0 {
				if err := json.Unmarshal(payload, &named); err != nil {
					return fmt.Errorf("record %d: %w", m.Record, err)
				}
			}
			m.Name = named.Name
			out[m.Record] = m
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read mentions: %w", err)
	}
	return out, nil
}

// MembersKnown lists the mentions in ledgers that belonged to a golden record.
func (db *DB) MembersKnown(ctx context.Context, golden canonical.ID, known Known) ([]int64, error) {
	var out []int64
	err := db.sel(ctx, &out, `SELECT c.record_id FROM crosswalk c JOIN source_record r ON r.id = c.record_id
		WHERE c.golden_id = ? AND r.source LIKE 'flow:%' AND `+known.of("c")+` ORDER BY c.record_id`, golden)
	return out, err
}

// LastStock calls fn for the stock positions by which a party's last word on a lot can be told: those of its last report
// on the product by a date (NoDate: ever), and of its last report that names the lot.
func (db *DB) LastStock(ctx context.Context, product int64, lot string, parties []int64, by canonical.Date, known Known, fn func(canonical.StockPosition)) error {
	until, args := "", []any(nil)
	if !by.IsZero() {
		until, args = " AND t.biz_date <= ?", []any{by}
	}
	last := `(SELECT MAX(t.biz_date) FROM stock_position t WHERE t.party = v.column1 AND t.product_id = ? AND ` + known.of("t") + until
	err := inChunks(parties, func(part []int64) error {
		values, list := db.d.table(part)
		all := append([]any{product}, args...)
		all = append(append(append(all, product), args...), lot)
		all = append(all, list...)
		all = append(all, product)
		return db.each(ctx, `SELECT s.party, s.product_id, s.lot, s.biz_date, s.kind, s.quantity FROM (
				SELECT v.column1 AS party, `+last+`) AS any_lot, `+last+` AND t.lot = ?) AS this_lot FROM `+values+` AS v) AS d
			CROSS JOIN stock_position s WHERE s.party = d.party AND s.product_id = ? AND `+known.of("s")+` AND (s.biz_date = d.any_lot OR s.biz_date = d.this_lot)`, all, func(rows *sqlx.Rows) error {
			var s canonical.StockPosition
			var kind int
			err := rows.Scan(&s.Party, &s.Product, &s.Lot, &s.Date, &kind, (*int64)(&s.Quantity))
			s.Kind = KindOf(kind)
			fn(s)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("read last stock: %w", err)
	}
	return nil
}

// UsageReporters tells which of the mentions report use of the product in a usage ledger.
func (db *DB) UsageReporters(ctx context.Context, product int64, mentions []int64, known Known) (map[int64]bool, error) {
	out := map[int64]bool{}
	err := inChunks(mentions, func(part []int64) error {
		values, args := db.d.table(part)
		// A look-up each, and nothing said of the buyer, whom use has not: else all use of the product by anybody is read.
		return db.each(ctx, `SELECT v.column1 FROM `+values+` AS v WHERE (SELECT 1 FROM movement m
			WHERE m.seller = v.column1 AND m.product_id = ? AND m.kind = ? AND `+known.of("m")+` LIMIT 1) = 1`,
			append(args, product, KindNumber(canonical.Used)), func(rows *sqlx.Rows) error {
				var id int64
				err := rows.Scan(&id)
				out[id] = true
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read who reports usage: %w", err)
	}
	return out, nil
}

// ReleasedLot reads a released lot.
func (db *DB) ReleasedLot(ctx context.Context, product int64, lot string) (canonical.Lot, bool, error) {
	l := canonical.Lot{Lot: lot}
	var row struct {
		Released int64          `db:"released"`
		Mfg      canonical.Date `db:"mfg_date"`
		Exp      canonical.Date `db:"exp_date"`
	}
	err := db.get(ctx, &row, `SELECT released, mfg_date, exp_date FROM lot WHERE product_id = ? AND lot = ? AND active = TRUE`, product, lot)
	if errors.Is(err, sql.ErrNoRows) {
		return l, false, nil
	}
	l.Quantity, l.MfgDate, l.ExpDate = canonical.Quantity(row.Released), row.Mfg, row.Exp
	return l, err == nil, err
}

// LotReported reports whether any stock report names a lot.
func (db *DB) LotReported(ctx context.Context, product int64, lot string) (bool, error) {
	var n int
	err := db.get(ctx, &n, `SELECT COUNT(*) FROM (SELECT 1 FROM stock_position WHERE product_id = ? AND lot = ? AND known_to IS NULL LIMIT 1) AS s`, product, lot)
	return n > 0, err
}

// LotsOf lists every lot number of a product that is released or stands in a ledger.
func (db *DB) LotsOf(ctx context.Context, product int64) ([]string, error) {
	var out []string
	err := db.sel(ctx, &out, `SELECT lot FROM lot WHERE product_id = ? AND active = TRUE
		UNION SELECT lot FROM movement WHERE product_id = ? AND lot <> '' AND known_to IS NULL
		UNION SELECT lot FROM stock_position WHERE product_id = ? AND lot <> '' AND known_to IS NULL ORDER BY lot`, product, product, product)
	return out, err
}

// AllProducts lists the active SKUs by code.
func (db *DB) AllProducts(ctx context.Context) ([]ProductName, error) {
	var out []ProductName
	err := db.sel(ctx, &out, `SELECT id, code, name, spec FROM product WHERE active = TRUE ORDER BY code`)
	return out, err
}

// ProductName is a SKU by its names.
type ProductName struct {
	ID   int64  `db:"id"`
	Code string `db:"code"`
	Name string `db:"name"`
	Spec string `db:"spec"`
}

// LotTouched is a lot that mentions received, or may have.
type LotTouched struct {
	Product int64  `db:"product_id"`
	Lot     string `db:"lot"`
}

// LotsReceived lists the lots that reached the mentions from a date to another (NoDate: open), in rows that name them or
// may have carried them.
func (db *DB) LotsReceived(ctx context.Context, mentions []int64, from, to canonical.Date, known Known) ([]LotTouched, error) {
	var out []LotTouched
	within, dates := "", []any(nil)
	if !from.IsZero() {
		within, dates = within+" AND m.biz_date >= ?", append(dates, from)
	}
	if !to.IsZero() {
		within, dates = within+" AND m.biz_date <= ?", append(dates, to)
	}
	err := inChunks(mentions, func(part []int64) error {
		buyer, one := anyOf(db.querier, "m.buyer", part)
		seller, two := anyOf(db.querier, "m.seller", part)
		// In a return the goods flow to the commercial seller.
		received := `(` + buyer + ` AND m.kind <> ? OR ` + seller + ` AND m.kind = ?)` + within
		args := slices.Concat(one, []any{KindNumber(canonical.Return)}, two, []any{KindNumber(canonical.Return)}, dates)
		var rows []LotTouched
		err := db.sel(ctx, &rows, `SELECT DISTINCT m.product_id, m.lot FROM movement m WHERE m.lot <> '' AND `+known.of("m")+` AND `+received+`
			UNION SELECT a.product_id, a.lot FROM movement m JOIN attribution a ON a.movement_id = m.id
			WHERE m.lot = '' AND a.lot <> '' AND `+known.of("m")+` AND `+known.of("a")+` AND `+received+` ORDER BY 1, 2`, slices.Concat(args, args)...)
		out = append(out, rows...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the lots of a customer: %w", err)
	}
	return out, nil
}

// GoldenCalled finds active golden records by id text, the company's code, or an exact name.
func (db *DB) GoldenCalled(ctx context.Context, text string) ([]canonical.ID, error) {
	var out []canonical.ID
	err := db.sel(ctx, &out, `SELECT id FROM golden WHERE status = 'active' AND code = ? ORDER BY id`, text)
	if err == nil && len(out) == 0 {
		err = db.sel(ctx, &out, `SELECT id FROM golden WHERE status = 'active' AND name = ? ORDER BY id LIMIT 3`, text)
	}
	return out, err
}

// StockHolders lists the parties whose stock reports name a lot.
func (db *DB) StockHolders(ctx context.Context, product int64, lot string, known Known) ([]int64, error) {
	var out []int64
	err := db.sel(ctx, &out, `SELECT DISTINCT s.party FROM stock_position s WHERE s.product_id = ? AND s.lot = ? AND `+known.of("s")+` ORDER BY s.party`, product, lot)
	if err != nil {
		return nil, fmt.Errorf("read who reported a lot: %w", err)
	}
	return out, nil
}

// ReportersOf lists, for golden records, their own records as reporting parties.
func (db *DB) ReportersOf(ctx context.Context, goldens []canonical.ID, known Known) (map[canonical.ID][]int64, error) {
	out := map[canonical.ID][]int64{}
	err := inChunks(goldens, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "c.golden_id", part)
		// As in Mentions, a look-up each: the records with this source id are more than those of a few customers.
		return db.each(ctx, `SELECT c.golden_id, c.record_id FROM crosswalk c WHERE `+known.of("c")+` AND `+cond+`
			AND (SELECT r.source FROM source_record r WHERE r.id = c.record_id AND r.source_id = '`+canonical.ReporterID+`') LIKE 'flow:%' ORDER BY c.record_id`, args, func(rows *sqlx.Rows) error {
			var golden canonical.ID
			var record int64
			err := rows.Scan(&golden, &record)
			out[golden] = append(out[golden], record)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read reporting parties: %w", err)
	}
	return out, nil
}
