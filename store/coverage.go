package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// CoverageRows counts the rows of a party's ledger that name one partner and one product.
type CoverageRows struct {
	Party   int64
	Ledger  canonical.Ledger
	Partner int64 // 0: stock and usage
	Product int64 // 0: not found
	Rows    int64
	WithLot int64
}

// CoverageDay counts the rows of a party's ledger of one date that came in at one time.
type CoverageDay struct {
	Party  int64
	Ledger canonical.Ledger
	Date   canonical.Date
	Came   time.Time
	Rows   int64
}

const coverageDates = ` FROM flow_line AS l %s WHERE l.active = TRUE AND l.biz_date >= ? AND l.biz_date <= ? %s`

// EachCoverage counts the rows of a period; of one product unless it is 0.
func (q querier) EachCoverage(ctx context.Context, from, to canonical.Date, product int64, fn func(CoverageRows)) error {
	and, args := "", []any{from, to}
	if product != 0 {
		and, args = "AND m.product_id = ?", append(args, product)
	}
	err := q.each(ctx, `SELECT l.party, l.ledger, l.partner, m.product_id, COUNT(*), SUM(CASE WHEN l.lot <> '' THEN 1 ELSE 0 END)`+
		fmt.Sprintf(coverageDates, "JOIN product_mention AS m ON m.id = l.product_mention", and)+` GROUP BY l.party, l.ledger, l.partner, m.product_id`, args, func(rows *sqlx.Rows) error {
		var c CoverageRows
		var ledger int
		err := rows.Scan(&c.Party, &ledger, &c.Partner, &c.Product, &c.Rows, &c.WithLot)
		c.Ledger = LedgerOf(ledger)
		fn(c)
		return err
	})
	if err != nil {
		return fmt.Errorf("count the rows of a period: %w", err)
	}
	return nil
}

// EachCoverageDay counts the rows of a period by their date and the time they came.
func (q querier) EachCoverageDay(ctx context.Context, from, to canonical.Date, fn func(CoverageDay)) error {
	err := q.each(ctx, `SELECT l.party, l.ledger, l.biz_date, l.recorded_at, COUNT(*)`+fmt.Sprintf(coverageDates, "", "")+
		` GROUP BY l.party, l.ledger, l.biz_date, l.recorded_at`, []any{from, to}, func(rows *sqlx.Rows) error {
		var c CoverageDay
		var ledger int
		var came int64
		err := rows.Scan(&c.Party, &ledger, &c.Date, &came, &c.Rows)
		c.Ledger, c.Came = LedgerOf(ledger), FromMicros(came)
		fn(c)
		return err
	})
	if err != nil {
		return fmt.Errorf("count the days of a period: %w", err)
	}
	return nil
}

// InMaster tells which mentions belong to a customer that some source of masters knows, or are the company.
func (q querier) InMaster(ctx context.Context, mentions []int64) (map[int64]bool, error) {
	out := map[int64]bool{}
	slices.Sort(mentions)
	err := inChunks(slices.Compact(mentions), func(part []int64) error {
		cond, args := anyOf(q, "c.record_id", part)
		return q.each(ctx, `SELECT DISTINCT c.record_id FROM crosswalk AS c JOIN crosswalk AS d ON d.golden_id = c.golden_id AND d.known_to IS NULL
			JOIN source_record AS r ON r.id = d.record_id WHERE c.known_to IS NULL AND r.source NOT LIKE 'flow:%' AND `+cond, args, func(rows *sqlx.Rows) error {
			var id int64
			err := rows.Scan(&id)
			out[id] = true
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look which partners are in the master: %w", err)
	}
	return out, nil
}

// Shipment is what a seller shipped to a customer in a period, in base units.
type Shipment struct {
	Buyer    int64 // a mention
	Quantity canonical.Quantity
}

// ShippedBy sums what mentions, none = everybody, sold in a period, returns not taken off; of one product unless it is 0.
func (q querier) ShippedBy(ctx context.Context, sellers []int64, from, to canonical.Date, product int64) ([]Shipment, error) {
	var out []Shipment
	cond, args := `biz_date >= ? AND biz_date <= ? AND kind <> ?`, []any{from, to, KindNumber(canonical.Return)}
	if product != 0 {
		cond, args = cond+` AND product_id = ?`, append(args, product)
	}
	if len(sellers) > 0 {
		some, more := anyOf(q, "seller", sellers)
		cond, args = cond+` AND `+some, append(args, more...)
	}
	err := q.each(ctx, `SELECT buyer, CAST(SUM(quantity) AS bigint) FROM movement WHERE known_to IS NULL AND buyer <> 0 AND `+cond+` GROUP BY buyer ORDER BY buyer`, args, func(rows *sqlx.Rows) error {
		var s Shipment
		err := rows.Scan(&s.Buyer, &s.Quantity)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sum what was shipped: %w", err)
	}
	return out, nil
}
