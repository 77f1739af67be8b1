package store

import (
	"context"
	"encoding/json"

	"tributary/canonical"
)

// Territories reads the register of territories.
func (db *DB) Territories(ctx context.Context) ([]EntityRecord[canonical.Territory], error) {
	return entityRecords[canonical.Territory](ctx, db, canonical.EntityTerritory, `deleted = FALSE ORDER BY id`)
}

// Channels reads the register of channels.
func (db *DB) Channels(ctx context.Context) ([]EntityRecord[canonical.Channel], error) {
	return entityRecords[canonical.Channel](ctx, db, canonical.EntityChannel, `deleted = FALSE ORDER BY id`)
}

// registers marks what must be checked again since an entry of a register changed: its product, before and after; all
// when it is about every product.
func (p *projection) registers(ctx context.Context, list []changed) error {
	type about struct{ Product string }
	codes := map[string]bool{}
	for _, c := range list {
		var old, now about
		had, err := p.before(ctx, c, &old)
		if err != nil {
			return err
		}
		if had {
			codes[old.Product] = true
		}
		if !c.record.Deleted {
			if err := json.Unmarshal(c.record.Payload, &now); err != nil {
				return err
			}
			codes[now.Product] = true
		}
	}
	if codes[""] {
		return p.tx.MarkAllFindings(ctx)
	}
	var products []int64
	for code := range codes {
		product, err := p.productID(ctx, code)
		if err != nil {
			return err
		}
		if product != 0 {
			products = append(products, product)
		}
	}
	return p.tx.MarkProductFindings(ctx, products)
}
