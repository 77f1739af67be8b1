package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/events"
)

type productRow struct {
	ID       int64 `db:"id"`
	RecordID int64 `db:"record_id"`
	Active   bool  `db:"active"`
	Version  int64 `db:"entity_version"`
	rank
}

const productRowSQL = `SELECT p.id, p.record_id, p.active, p.entity_version, r.trust, r.source, r.source_id
	FROM product p JOIN source_record r ON r.id = p.record_id WHERE p.code = ?`

func (p *projection) products(ctx context.Context, list []changed) error {
	list, appeared, err := p.newProducts(ctx, list)
	if err != nil {
		return err
	}
	for _, c := range list {
		var old, now canonical.Product
		had, err := p.before(ctx, c, &old)
		if err != nil {
			return err
		}
		if !c.record.Deleted {
			if now, err = valueOf[canonical.Product](c.record); err != nil {
				return err
			}
		}
		if had && old.Code != "" && old.Code != now.Code {
			if err := p.dropProduct(ctx, c.id, old.Code); err != nil {
				return err
			}
		}
		if c.record.Deleted {
			continue
		}
		fresh, err := p.putProduct(ctx, c.id, rankOf(c.record), &now)
		if err != nil {
			return err
		}
		if fresh {
			appeared[now.Code] = true
		}
	}
	if err := p.waitingLots(ctx, appeared); err != nil {
		return err
	}
	// Any mention may now be found, or found elsewhere. The joiner looks each up and re-joins only what moved.
	_, err = p.tx.exec(ctx, `UPDATE product_mention SET dirty = TRUE WHERE dirty = FALSE`)
	return err
}

// newProducts writes the products of new records whose code nothing else has, all at once, and returns the others: a first
// catalogue is long, and one by one each costs two round trips.
func (p *projection) newProducts(ctx context.Context, list []changed) (others []changed, appeared map[string]bool, err error) {
	values := make([]canonical.Product, len(list))
	stated := make(map[string]int, len(list)) // by code: how often, by these records or in the table
	var codes []string
	for i, c := range list {
		if c.record.Deleted {
			continue
		}
		if values[i], err = valueOf[canonical.Product](c.record); err != nil {
			return nil, nil, err
		}
		if stated[values[i].Code]++; !c.existed {
			codes = append(codes, values[i].Code)
		}
	}
	err = inChunks(codes, func(part []string) error {
		cond, args := anyOf(p.tx.querier, "code", part)
		return p.tx.each(ctx, `SELECT code FROM product WHERE `+cond, args, func(r *sqlx.Rows) error {
			var code string
			err := r.Scan(&code)
			stated[code]++
			return err
		})
	})
	if err != nil {
		return nil, nil, err
	}
	appeared = map[string]bool{}
	var rows [][]any
	for i, c := range list {
		v := &values[i]
		if c.existed || c.record.Deleted || stated[v.Code] > 1 {
			others = append(others, c)
			continue
		}
		appeared[v.Code] = true
		rows = append(rows, append(productValues(v, c.id, 1, p.tx.Now), v.Code))
		p.events = append(p.events, productEvent(p.meta(0, false), v))
	}
	return others, appeared, p.insertProducts(ctx, rows)
}

// insertProducts writes rows of productValues, each with its code.
func (p *projection) insertProducts(ctx context.Context, rows [][]any) error {
	columns := []string{"name", "spec", "approval_no", "maker", "gtin", "unit", "case_factor", "inner_factor", "record_id", "entity_version", "updated_at", "active", "code"}
	return p.tx.raced(p.tx.bulk(ctx, "product", columns, rows))
}

// productValues are what a record says of a product, with its version.
func productValues(v *canonical.Product, record, version int64, now time.Time) []any {
	return []any{v.Name, v.Spec, v.ApprovalNo, v.Maker, v.GTIN, v.Unit, int64(v.CaseFactor), int64(v.InnerFactor), record, version, Micros(now), true}
}

func productEvent(m events.Meta, v *canonical.Product) events.Event {
	return events.Product(m, events.ProductValue{
		Code: v.Code, Name: v.Name, Spec: v.Spec, ApprovalNo: v.ApprovalNo, Maker: v.Maker, GTIN: v.GTIN, Unit: v.Unit,
		CaseFactor: v.CaseFactor, InnerFactor: v.InnerFactor,
	})
}

// putProduct writes the product of a record, or notes the record as a rival when a better one has the code. It reports
// whether the code is new.
func (p *projection) putProduct(ctx context.Context, record int64, by rank, v *canonical.Product) (bool, error) {
	var row productRow
	err := p.tx.get(ctx, &row, productRowSQL, v.Code)
	fresh := errors.Is(err, sql.ErrNoRows)
	if err != nil && !fresh {
		return false, err
	}
	if !fresh {
		wins, err := p.contest(ctx, rivalry{product: row.ID}, record, by, row.RecordID, row.rank, row.Active)
		if err != nil || !wins {
			return false, err
		}
	}
	values := productValues(v, record, row.Version+1, p.tx.Now)
	if fresh {
		err = p.insertProducts(ctx, [][]any{append(values, v.Code)})
	} else {
		_, err = p.tx.exec(ctx, `UPDATE product SET name = ?, spec = ?, approval_no = ?, maker = ?, gtin = ?, unit = ?, case_factor = ?, inner_factor = ?,
			record_id = ?, entity_version = ?, updated_at = ?, active = ? WHERE id = ?`, append(values, row.ID)...)
	}
	if err != nil {
		return false, err
	}
	p.events = append(p.events, productEvent(p.meta(row.Version, row.Active), v))
	return fresh, nil
}

// dropProduct takes a code from a record: the next best record that states it takes over, else the product retires.
func (p *projection) dropProduct(ctx context.Context, record int64, code string) error {
	var row productRow
	err := p.tx.get(ctx, &row, productRowSQL, code)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err != nil || row.RecordID != record || !row.Active {
		return p.yield(ctx, record)
	}
	next, now, err := heir(ctx, p, rivalry{product: row.ID}, func(now *canonical.Product) bool { return now.Code == code })
	if err != nil {
		return err
	}
	if next != nil {
		if _, err := p.tx.exec(ctx, `UPDATE product SET record_id = ? WHERE id = ?`, next.ID, row.ID); err != nil {
			return err
		}
		_, err := p.putProduct(ctx, next.ID, next.rank, now)
		return err
	}
	p.events = append(p.events, events.ProductGone(events.Meta{Op: events.Deleted, Version: row.Version + 1, Time: p.tx.Now}, code))
	_, err = p.tx.exec(ctx, `UPDATE product SET active = FALSE, entity_version = ?, updated_at = ? WHERE id = ?`, row.Version+1, Micros(p.tx.Now), row.ID)
	return err
}
