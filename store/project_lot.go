package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/events"
)

type lotRow struct {
	RecordID int64 `db:"record_id"`
	Active   bool  `db:"active"`
	Version  int64 `db:"entity_version"`
	rank
}

const lotRowSQL = `SELECT l.record_id, l.active, l.entity_version, r.trust, r.source, r.source_id
	FROM lot l JOIN source_record r ON r.id = l.record_id WHERE l.product_id = ? AND l.lot = ?`

func (p *projection) lots(ctx context.Context, list []changed) error {
	list, err := p.newLots(ctx, list)
	if err != nil {
		return err
	}
	for _, c := range list {
		var old, now canonical.Lot
		had, err := p.before(ctx, c, &old)
		if err != nil {
			return err
		}
		if !c.record.Deleted {
			if now, err = valueOf[canonical.Lot](c.record); err != nil {
				return err
			}
		}
		if had && old.Lot != "" && (old.Lot != now.Lot || old.Product != now.Product) {
			if err := p.dropLot(ctx, c.id, old); err != nil {
				return err
			}
		}
		if c.record.Deleted {
			continue
		}
		product, err := p.productID(ctx, now.Product)
		if err == nil && product == 0 {
			err = p.tx.setDirty(ctx, true, []int64{c.id})
		} else if err == nil {
			err = p.putLot(ctx, product, c.id, rankOf(c.record), now)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type lotName struct {
	product int64 // 0 while nobody knows it
	lot     string
}

// newLots is newProducts for lots. Those whose product is not known yet wait for it.
func (p *projection) newLots(ctx context.Context, list []changed) (others []changed, err error) {
	values := make([]canonical.Lot, len(list))
	codes := map[string]int64{}
	for i, c := range list {
		if c.record.Deleted {
			continue
		}
		if values[i], err = valueOf[canonical.Lot](c.record); err != nil {
			return nil, err
		}
		codes[values[i].Product] = 0
	}
	if err := p.productIDs(ctx, codes); err != nil {
		return nil, err
	}
	name := func(i int) lotName { return lotName{codes[values[i].Product], values[i].Lot} }
	stated := make(map[lotName]int, len(list)) // how often, by these records or in the table
	for i, c := range list {
		if !c.record.Deleted {
			stated[name(i)]++
		}
	}
	if err := p.countLots(ctx, stated); err != nil {
		return nil, err
	}
	var rows [][]any
	var waiting []int64
	for i, c := range list {
		v, n := &values[i], name(i)
		switch {
		case c.existed || c.record.Deleted || n.product != 0 && stated[n] > 1:
			others = append(others, c)
		case n.product == 0:
			waiting = append(waiting, c.id)
		default:
			rows = append(rows, []any{int64(v.Quantity), v.MfgDate, v.ExpDate, c.id, 1, Micros(p.tx.Now), n.product, n.lot, true})
			p.lotChanged(p.meta(0, false), n.product, v)
		}
	}
	if err := p.tx.setDirty(ctx, true, waiting); err != nil {
		return nil, err
	}
	return others, p.insertLots(ctx, rows)
}

func (p *projection) insertLots(ctx context.Context, rows [][]any) error {
	columns := []string{"released", "mfg_date", "exp_date", "record_id", "entity_version", "updated_at", "product_id", "lot", "active"}
	return p.tx.raced(p.tx.bulk(ctx, "lot", columns, rows))
}

// productIDs fills in the numbers of the codes that are known.
func (p *projection) productIDs(ctx context.Context, codes map[string]int64) error {
	return inChunks(slices.Collect(maps.Keys(codes)), func(part []string) error {
		cond, args := anyOf(p.tx.querier, "code", part)
		return p.tx.each(ctx, `SELECT code, id FROM product WHERE `+cond, args, func(r *sqlx.Rows) error {
			var code string
			var id int64
			err := r.Scan(&code, &id)
			codes[code] = id
			return err
		})
	})
}

// countLots counts up the lots that are stored.
func (p *projection) countLots(ctx context.Context, stated map[lotName]int) error {
	return inChunks(slices.Collect(maps.Keys(stated)), func(part []lotName) error {
		products, lots := map[int64]bool{}, map[string]bool{}
		for _, n := range part {
			products[n.product], lots[n.lot] = true, true
		}
		product, args := anyOf(p.tx.querier, "product_id", slices.Collect(maps.Keys(products)))
		lot, more := anyOf(p.tx.querier, "lot", slices.Collect(maps.Keys(lots)))
		return p.tx.each(ctx, `SELECT product_id, lot FROM lot WHERE `+product+` AND `+lot, append(args, more...), func(r *sqlx.Rows) error {
			var n lotName
			err := r.Scan(&n.product, &n.lot)
			stated[n]++
			return err
		})
	})
}

// lotChanged tells of a lot, and remembers that what is known of its product must be looked at again.
func (p *projection) lotChanged(m events.Meta, product int64, v *canonical.Lot) {
	p.events = append(p.events, events.Lot(m, events.LotValue{Product: v.Product, Lot: v.Lot, Quantity: v.Quantity, MfgDate: v.MfgDate, ExpDate: v.ExpDate}))
	p.touched = append(p.touched, product)
}

func (p *projection) productID(ctx context.Context, code string) (int64, error) {
	var id int64
	err := p.tx.get(ctx, &id, `SELECT id FROM product WHERE code = ?`, code)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// putLot writes the lot of a record, or notes the record as a rival when a better one states the lot.
func (p *projection) putLot(ctx context.Context, product, record int64, by rank, v canonical.Lot) error {
	var row lotRow
	err := p.tx.get(ctx, &row, lotRowSQL, product, v.Lot)
	fresh := errors.Is(err, sql.ErrNoRows)
	if err != nil && !fresh {
		return err
	}
	wins := true
	if !fresh {
		if wins, err = p.contest(ctx, rivalry{product, v.Lot}, record, by, row.RecordID, row.rank, row.Active); err != nil || !wins {
			return err
		}
	}
	args := []any{int64(v.Quantity), v.MfgDate, v.ExpDate, record, row.Version + 1, Micros(p.tx.Now), product, v.Lot}
	if fresh {
		err = p.insertLots(ctx, [][]any{append(args, true)})
	} else {
		_, err = p.tx.exec(ctx, `UPDATE lot SET released = ?, mfg_date = ?, exp_date = ?, record_id = ?, entity_version = ?, updated_at = ?, active = TRUE
			WHERE product_id = ? AND lot = ?`, args...)
	}
	if err == nil {
		p.lotChanged(p.meta(row.Version, row.Active), product, &v)
	}
	return err
}

// markTouched lets the joiner look up again the mentions of products whose lots changed, and check the products.
func (p *projection) markTouched(ctx context.Context) error {
	products := unique(p.touched)
	err := inChunks(products, func(part []int64) error {
		cond, args := anyOf(p.tx.querier, "product_id", part)
		_, err := p.tx.exec(ctx, `UPDATE product_mention SET dirty = TRUE WHERE dirty = FALSE AND `+cond, args...)
		return err
	})
	if err != nil {
		return err
	}
	return p.tx.MarkProductFindings(ctx, products)
}

// waitingLots takes in the lots that came before their product.
func (p *projection) waitingLots(ctx context.Context, codes map[string]bool) error {
	if len(codes) == 0 {
		return nil
	}
	var came []changed
	var ids []int64
	err := p.tx.each(ctx, `SELECT id, source, source_id, trust, payload FROM source_record WHERE entity = 'lot' AND dirty = TRUE ORDER BY id`, nil, func(rows *sqlx.Rows) error {
		c := changed{record: &Record{Entity: canonical.EntityLot}}
		if err := rows.Scan(&c.id, &c.record.Source, &c.record.ID, &c.record.Trust, &c.record.Payload); err != nil {
			return err
		}
		v, err := valueOf[canonical.Lot](c.record)
		if c.record.Value = &v; err == nil && codes[v.Product] {
			came, ids = append(came, c), append(ids, c.id)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := p.tx.setDirty(ctx, false, ids); err != nil {
		return err
	}
	return p.lots(ctx, came)
}

// setDirty puts records on the list of those that wait, or takes them off it.
func (tx *Tx) setDirty(ctx context.Context, dirty bool, records []int64) error {
	return inChunks(records, func(part []int64) error {
		cond, args := anyOf(tx.querier, "id", part)
		_, err := tx.exec(ctx, `UPDATE source_record SET dirty = ? WHERE `+cond, append([]any{dirty}, args...)...)
		return err
	})
}

// dropLot takes a lot from a record: the next best record that states it takes over, else the lot retires.
func (p *projection) dropLot(ctx context.Context, record int64, v canonical.Lot) error {
	product, err := p.productID(ctx, v.Product)
	if err != nil || product == 0 {
		return err
	}
	var row lotRow
	err = p.tx.get(ctx, &row, lotRowSQL, product, v.Lot)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err != nil || row.RecordID != record || !row.Active {
		return p.yield(ctx, record)
	}
	next, now, err := heir(ctx, p, rivalry{product, v.Lot}, func(now *canonical.Lot) bool { return now.Product == v.Product && now.Lot == v.Lot })
	if err != nil {
		return err
	}
	if next != nil {
		if _, err := p.tx.exec(ctx, `UPDATE lot SET record_id = ? WHERE product_id = ? AND lot = ?`, next.ID, product, v.Lot); err != nil {
			return err
		}
		return p.putLot(ctx, product, next.ID, next.rank, *now)
	}
	p.events = append(p.events, events.LotGone(events.Meta{Op: events.Deleted, Version: row.Version + 1, Time: p.tx.Now}, v.Product, v.Lot))
	_, err = p.tx.exec(ctx, `UPDATE lot SET active = FALSE, entity_version = ?, updated_at = ? WHERE product_id = ? AND lot = ?`,
		row.Version+1, Micros(p.tx.Now), product, v.Lot)
	p.touched = append(p.touched, product)
	return err
}
