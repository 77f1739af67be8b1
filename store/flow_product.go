package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/trace/flow"
)

// ProductMention is a product as a reporting party names it, and what it was found to be.
type ProductMention struct {
	ID    int64
	Party int64
	canonical.ProductMention
	Found flow.Found
}

// DirtyProductMentions lists mentions that wait for look-up, at most limit.
func (db *DB) DirtyProductMentions(ctx context.Context, limit int) ([]ProductMention, error) {
	return db.productMentions(ctx, `dirty = TRUE ORDER BY id LIMIT ?`, limit)
}

// MentionsOfProducts lists the mentions of SKUs in the ledgers of parties.
func (db *DB) MentionsOfProducts(ctx context.Context, products, parties []int64) ([]ProductMention, error) {
	var out []ProductMention
	err := inChunks(parties, func(part []int64) error {
		product, args := anyOf(db.querier, "product_id", products)
		party, more := anyOf(db.querier, "party", part)
		list, err := db.productMentions(ctx, product+` AND `+party, append(args, more...)...)
		out = append(out, list...)
		return err
	})
	return out, err
}

// ProductMentions reads mentions by number.
func (db *DB) ProductMentions(ctx context.Context, ids []int64) ([]ProductMention, error) {
	var out []ProductMention
	err := inChunks(ids, func(part []int64) error {
		cond, args := anyOf(db.querier, "id", part)
		list, err := db.productMentions(ctx, cond, args...)
		out = append(out, list...)
		return err
	})
	return out, err
}

func (db *DB) productMentions(ctx context.Context, where string, args ...any) ([]ProductMention, error) {
	var out []ProductMention
	err := db.each(ctx, `SELECT id, party, code, name, spec, approval_no, maker, unit, product_id, num, den, rule FROM product_mention WHERE `+where, args, func(rows *sqlx.Rows) error {
		var m ProductMention
		err := rows.Scan(&m.ID, &m.Party, &m.Code, &m.Name, &m.Spec, &m.ApprovalNo, &m.Maker, &m.Unit, &m.Found.Product, (*int64)(&m.Found.Num), (*int64)(&m.Found.Den), &m.Found.Rule)
		out = append(out, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read product mentions: %w", err)
	}
	return out, nil
}

// SetProductMentions stores what mentions were found to be and takes them off the queue.
func (tx *Tx) SetProductMentions(ctx context.Context, list []ProductMention) error {
	rows := make([][]any, len(list))
	for i, m := range list {
		rows[i] = []any{m.ID, m.Found.Product, int64(m.Found.Num), int64(m.Found.Den), m.Found.Rule, false}
	}
	return tx.updateMany(ctx, "product_mention", column{"id", "bigint"},
		[]column{{"product_id", "bigint"}, {"num", "bigint"}, {"den", "bigint"}, {"rule", "text"}, {"dirty", "boolean"}}, rows)
}

// MarkMentionFlow makes the flow groups of product mentions wait for the join.
func (tx *Tx) MarkMentionFlow(ctx context.Context, mentions []int64) error {
	return inChunks(mentions, func(part []int64) error {
		cond, args := anyOf(tx.querier, "m.id", part)
		_, err := tx.exec(ctx, `INSERT INTO dirty_flow (party, partner, product_mention, generation)
			SELECT DISTINCT l.party, l.partner, l.product_mention, 1 FROM product_mention m JOIN flow_line l ON l.party = m.party AND l.product_mention = m.id
			WHERE `+cond+` ON CONFLICT (party, partner, product_mention) DO UPDATE SET generation = dirty_flow.generation + 1`, args...)
		if err != nil {
			return fmt.Errorf("mark flow groups of products: %w", err)
		}
		return nil
	})
}

// PartnersOf lists the partners (0: stock and usage) with which a party's ledgers name a product mention.
func (db *DB) PartnersOf(ctx context.Context, party, mention int64) ([]int64, error) {
	var out []int64
	err := db.sel(ctx, &out, `SELECT DISTINCT partner FROM flow_line WHERE party = ? AND product_mention = ? ORDER BY partner`, party, mention)
	return out, err
}

// ProductIndex reads the product master and the parties' words for it.
func (db *DB) ProductIndex(ctx context.Context) (*flow.ProductIndex, error) {
	var skus []flow.SKU
	err := db.eachProduct(ctx, `active = TRUE`, nil, func(s flow.SKU) { skus = append(skus, s) })
	if err != nil {
		return nil, err
	}
	var aliases []flow.Alias
	err = db.each(ctx, `SELECT party, raw_name, raw_spec, raw_code, target_code, op, factor FROM alias WHERE type = 'product' ORDER BY record_id`, nil, func(rows *sqlx.Rows) error {
		var a flow.Alias
		err := rows.Scan(&a.Party, &a.RawName, &a.RawSpec, &a.RawCode, &a.Target, &a.Op, (*int64)(&a.Factor))
		aliases = append(aliases, a)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read product aliases: %w", err)
	}
	return flow.NewProductIndex(skus, aliases), nil
}

func (db *DB) eachProduct(ctx context.Context, where string, args []any, fn func(flow.SKU)) error {
	err := db.each(ctx, `SELECT id, code, name, spec, approval_no, maker, gtin, unit, case_factor, inner_factor FROM product WHERE `+where, args, func(rows *sqlx.Rows) error {
		var s flow.SKU
		err := rows.Scan(&s.ID, &s.Code, &s.Name, &s.Spec, &s.ApprovalNo, &s.Maker, &s.GTIN, &s.Unit, (*int64)(&s.CaseFactor), (*int64)(&s.InnerFactor))
		fn(s)
		return err
	})
	if err != nil {
		return fmt.Errorf("read products: %w", err)
	}
	return nil
}

// Products reads SKUs by number, retired ones too.
func (db *DB) Products(ctx context.Context, ids []int64) (map[int64]flow.SKU, error) {
	out := map[int64]flow.SKU{}
	err := inChunks(ids, func(part []int64) error {
		cond, args := anyOf(db.querier, "id", part)
		return db.eachProduct(ctx, cond, args, func(s flow.SKU) { out[s.ID] = s })
	})
	return out, err
}

// ProductByCode finds a SKU by its code.
func (db *DB) ProductByCode(ctx context.Context, code string) (flow.SKU, bool, error) {
	var out []flow.SKU
	err := db.eachProduct(ctx, `code = ?`, []any{code}, func(s flow.SKU) { out = append(out, s) })
	if err != nil || len(out) == 0 {
		return flow.SKU{}, false, err
	}
	return out[0], true, nil
}
