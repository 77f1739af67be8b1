package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"tributary/canonical"
	"tributary/events"
)

type lotRow struct {
	RecordID int64  `db:"record_id"`
	Active   bool   `db:"active"`
	Version  int64  `db:"entity_version"`
	Trust    int    `db:"trust"`
	Source   string `db:"source"`
}

const lotRowSQL = `SELECT l.record_id, l.active, l.entity_version, r.trust, r.source
	FROM lot l JOIN source_record r ON r.id = l.record_id WHERE l.product_id = ? AND l.lot = ?`

func (p *projection) lots(ctx context.Context, list []changed) error {
	for _, c := range list {
		var old, now canonical.Lot
		had, err := p.before(ctx, c, &old)
		if err != nil {
			return err
		}
		if !c.record.Deleted {
			if err := json.Unmarshal(c.record.Payload, &now); err != nil {
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
		found, err := p.putLot(ctx, c.id, c.record.Trust, c.record.Source, now)
		if err != nil {
			return err
		}
		if !found {
			if _, err := p.tx.exec(ctx, `UPDATE source_record SET dirty = TRUE WHERE id = ?`, c.id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *projection) productID(ctx context.Context, code string) (int64, error) {
	var id int64
	err := p.tx.get(ctx, &id, `SELECT id FROM product WHERE code = ?`, code)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
}

// putLot writes the lot of a record. It reports false when the product is not known yet.
func (p *projection) putLot(ctx context.Context, record int64, trust int, source string, v canonical.Lot) (bool, error) {
	product, err := p.productID(ctx, v.Product)
	if err != nil || product == 0 {
		return false, err
	}
	var row lotRow
	err = p.tx.get(ctx, &row, lotRowSQL, product, v.Lot)
	fresh := errors.Is(err, sql.ErrNoRows)
	if err != nil && !fresh {
		return false, err
	}
	args := []any{int64(v.Quantity), v.MfgDate, v.ExpDate, record, row.Version + 1, Micros(p.tx.Now), product, v.Lot}
	if fresh {
		_, err = p.tx.exec(ctx, `INSERT INTO lot (released, mfg_date, exp_date, record_id, entity_version, updated_at, product_id, lot, active)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, TRUE)`, args...)
	} else {
		if row.Active && row.RecordID != record && !outranks(trust, source, row.Trust, row.Source) {
			return true, nil
		}
		_, err = p.tx.exec(ctx, `UPDATE lot SET released = ?, mfg_date = ?, exp_date = ?, record_id = ?, entity_version = ?, updated_at = ?, active = TRUE
			WHERE product_id = ? AND lot = ?`, args...)
	}
	if p.tx.d.conflict(err) {
		return false, ErrRaced
	}
	if err != nil {
		return false, err
	}
	p.events = append(p.events, events.Lot(p.meta(row.Version, row.Active), events.LotValue{
		Product: v.Product, Lot: v.Lot, Quantity: v.Quantity, MfgDate: v.MfgDate, ExpDate: v.ExpDate,
	}))
	return true, p.markProduct(ctx, product)
}

func (p *projection) markProduct(ctx context.Context, product int64) error {
	if _, err := p.tx.exec(ctx, `UPDATE product_mention SET dirty = TRUE WHERE product_id = ? AND dirty = FALSE`, product); err != nil {
		return err
	}
	return p.tx.MarkProductFindings(ctx, []int64{product})
}

// waitingLots takes in the lots that came before their product.
func (p *projection) waitingLots(ctx context.Context, codes map[string]bool) error {
	if len(codes) == 0 {
		return nil
	}
	var waiting []struct {
		ID      int64  `db:"id"`
		Source  string `db:"source"`
		Trust   int    `db:"trust"`
		Payload []byte `db:"payload"`
	}
	if err := p.tx.sel(ctx, &waiting, `SELECT id, source, trust, payload FROM source_record WHERE entity = 'lot' AND dirty = TRUE ORDER BY id`); err != nil {
		return err
	}
	for _, w := range waiting {
		var v canonical.Lot
		if err := json.Unmarshal(w.Payload, &v); err != nil {
			return err
		}
		if !codes[v.Product] {
			continue
		}
		if _, err := p.putLot(ctx, w.ID, w.Trust, w.Source, v); err != nil {
			return err
		}
		if _, err := p.tx.exec(ctx, `UPDATE source_record SET dirty = FALSE WHERE id = ?`, w.ID); err != nil {
			return err
		}
	}
	return nil
}

// dropLot takes a lot from a record: the next best record that states it takes over, else the lot retires.
func (p *projection) dropLot(ctx context.Context, record int64, v canonical.Lot) error {
	product, err := p.productID(ctx, v.Product)
	if err != nil || product == 0 {
		return err
	}
	var row lotRow
	err = p.tx.get(ctx, &row, lotRowSQL, product, v.Lot)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (row.RecordID != record || !row.Active) {
		return nil
	}
	if err != nil {
		return err
	}
	heir, err := p.lotHeir(ctx, record, v)
	if err != nil {
		return err
	}
	if heir != nil {
		if _, err := p.tx.exec(ctx, `UPDATE lot SET record_id = ? WHERE product_id = ? AND lot = ?`, heir.id, product, v.Lot); err != nil {
			return err
		}
		_, err := p.putLot(ctx, heir.id, heir.trust, heir.source, heir.lot)
		return err
	}
	p.events = append(p.events, events.LotGone(events.Meta{Op: events.Deleted, Version: row.Version + 1, Time: p.tx.Now}, v.Product, v.Lot))
	_, err = p.tx.exec(ctx, `UPDATE lot SET active = FALSE, entity_version = ?, updated_at = ? WHERE product_id = ? AND lot = ?`,
		row.Version+1, Micros(p.tx.Now), product, v.Lot)
	if err != nil {
		return err
	}
	return p.markProduct(ctx, product)
}

type lotHeir struct {
	id     int64
	trust  int
	source string
	lot    canonical.Lot
}

// lotHeir looks for another source's record of the lot under the key that the dropped record had.
func (p *projection) lotHeir(ctx context.Context, record int64, v canonical.Lot) (*lotHeir, error) {
	var rows []struct {
		ID      int64  `db:"id"`
		Source  string `db:"source"`
		Trust   int    `db:"trust"`
		Payload []byte `db:"payload"`
	}
	err := p.tx.sel(ctx, &rows, `SELECT id, source, trust, payload FROM source_record WHERE entity = 'lot' AND deleted = FALSE AND id <> ?
		AND source_id IN (SELECT source_id FROM source_record WHERE id = ?) ORDER BY trust DESC, source`, record, record)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		h := lotHeir{id: r.ID, trust: r.Trust, source: r.Source}
		if err := json.Unmarshal(r.Payload, &h.lot); err != nil {
			return nil, err
		}
		if h.lot.Product == v.Product && h.lot.Lot == v.Lot {
			return &h, nil
		}
	}
	return nil, nil
}
