package pipeline

import (
	"context"
	"maps"
	"slices"

	"tributary/store"
)

// products looks dirty product mentions up. A mention is dirty when it is new, or when a product, lot or alias arrived
// that may concern it.
func (r *joinRun) products(ctx context.Context) (bool, error) {
	list, err := r.db.DirtyProductMentions(ctx, mentionBatch)
	if err != nil || len(list) == 0 {
		return false, err
	}
	index, err := r.db.ProductIndex(ctx)
	if err != nil {
		return false, err
	}
	company, err := r.db.CompanyRecord(ctx)
	if err != nil {
		return false, err
	}
	var moved []int64
	stayed := map[int64]bool{}
	for i := range list {
		m := &list[i]
		was := m.Found
		m.Found = index.Find(m.Party, m.ProductMention)
		r.report.Mentions++
		if m.Found.Product == 0 {
			r.report.Unmatched++
			m.Found.Num, m.Found.Den = 1, 1
		}
		if m.Found.Product == was.Product && (was.Product == 0 || m.Found.Num == was.Num && m.Found.Den == was.Den) {
			stayed[was.Product] = was.Product != 0
			continue
		}
		if was.Rule != "" { // the groups of a mention that was never looked up are marked since their rows came in
			moved = append(moved, m.ID)
		}
		if was.Product != 0 && was.Product != m.Found.Product {
			if err := r.leave(ctx, *m, was.Product); err != nil {
				return false, err
			}
		}
	}
	return true, r.inTx(ctx, func(tx *store.Tx) error {
		if err := tx.SetProductMentions(ctx, list); err != nil {
			return err
		}
		if err := tx.MarkMentionFlow(ctx, moved); err != nil {
			return err
		}
		return r.markReleases(ctx, tx, stayed, company)
	})
}

// markReleases lets the maker's shares wait: a lot of the product may have been released or withdrawn.
func (r *joinRun) markReleases(ctx context.Context, tx *store.Tx, products map[int64]bool, company int64) error {
	var marks []store.ShareMark
	for _, product := range slices.Sorted(maps.Keys(products)) {
		if products[product] && company != 0 {
			marks = append(marks, store.ShareMark{Product: product, Party: company})
		}
	}
	return tx.MarkSharesDirty(ctx, marks)
}

// leave joins the groups of a product again without the rows of a mention that is about to become another product. The
// mention keeps its old product, and stays dirty, until that is stored.
func (r *joinRun) leave(ctx context.Context, m store.ProductMention, product int64) error {
	partners, err := r.db.PartnersOf(ctx, m.Party, m.ID)
	if err != nil {
		return err
	}
	for part := range slices.Chunk(partners, markBatch) {
		marks := make([]store.FlowMark, len(part))
		for i, partner := range part {
			marks[i] = store.FlowMark{Party: m.Party, Partner: partner, Mention: m.ID, Product: product}
		}
		if err := r.join(ctx, marks, &m.ID, func(context.Context, *store.Tx) error { return nil }); err != nil {
			return err
		}
	}
	return nil
}
