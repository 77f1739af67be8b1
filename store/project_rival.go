package store

import (
	"context"
	"encoding/json"
)

// rank orders the records that state the same thing: trust, then source and its key, so that arrival does not matter.
type rank struct {
	Trust    int    `db:"trust"`
	Source   string `db:"source"`
	SourceID string `db:"source_id"`
}

func rankOf(r *Record) rank { return rank{r.Trust, r.Source, r.ID} }

func (r rank) over(other rank) bool {
	switch {
	case r.Trust != other.Trust:
		return r.Trust > other.Trust
	case r.Source != other.Source:
		return r.Source < other.Source
	}
	return r.SourceID < other.SourceID
}

// rivalry is what records can differ about: a product, or one of its lots.
//
// Every record that is not deleted and whose product is known either holds what it states or is kept as a rival of the
// record that does. The rivals of what nobody holds are none.
type rivalry struct {
	product int64
	lot     string // '' = the product itself
}

// contest decides whether a record takes what a holder has, and keeps the one that does not get it as a rival.
func (p *projection) contest(ctx context.Context, over rivalry, record int64, by rank, holder int64, held rank, active bool) (bool, error) {
	switch {
	case !active || holder == record:
		return true, p.yield(ctx, record)
	case !by.over(held):
		return false, p.keepRival(ctx, over, record)
	}
	if err := p.yield(ctx, record); err != nil {
		return false, err
	}
	return true, p.keepRival(ctx, over, holder)
}

func (p *projection) keepRival(ctx context.Context, over rivalry, record int64) error {
	_, err := p.tx.exec(ctx, `INSERT INTO rival (record_id, product_id, lot) VALUES (?, ?, ?)
		ON CONFLICT (record_id) DO UPDATE SET product_id = excluded.product_id, lot = excluded.lot`, record, over.product, over.lot)
	return err
}

// yield ends a record's rivalry.
func (p *projection) yield(ctx context.Context, record int64) error {
	_, err := p.tx.exec(ctx, `DELETE FROM rival WHERE record_id = ?`, record)
	return err
}

type rivalRow struct {
	ID      int64  `db:"id"`
	Deleted bool   `db:"deleted"`
	Payload []byte `db:"payload"`
	rank
}

// heir is the best rival that still states the thing, and what it says; nil when there is none. The batch may have changed
// rivals whose turn has not come.
func heir[T any](ctx context.Context, p *projection, over rivalry, states func(*T) bool) (*rivalRow, *T, error) {
	var rows []rivalRow
	err := p.tx.sel(ctx, &rows, `SELECT r.id, r.deleted, r.payload, r.trust, r.source, r.source_id FROM rival v JOIN source_record r ON r.id = v.record_id
		WHERE v.product_id = ? AND v.lot = ?`, over.product, over.lot)
	if err != nil {
		return nil, nil, err
	}
	var best *rivalRow
	var says *T
	for i := range rows {
		r := &rows[i]
		if r.Deleted || best != nil && !r.over(best.rank) {
			continue
		}
		var now T
		if err := json.Unmarshal(r.Payload, &now); err != nil {
			return nil, nil, err
		}
		if states(&now) {
			best, says = r, &now
		}
	}
	return best, says, nil
}
