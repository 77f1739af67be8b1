package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// loadReplacements reads which months of the party were replaced by which version.
func (f *FlowSink) loadReplacements(ctx context.Context, tx *Tx) error {
	if f.replaced != nil {
		return nil
	}
	f.replaced = map[ledgerMonth]string{}
	err := tx.each(ctx, `SELECT ledger, month, version_key FROM flow_replacement WHERE party = ?`, []any{f.party}, func(rows *sqlx.Rows) error {
		var k ledgerMonth
		var version string
		if err := rows.Scan(&k.ledger, &k.month, &version); err != nil {
			return err
		}
		f.replaced[k] = version
		return nil
	})
	if err != nil {
		return fmt.Errorf("read replaced months: %w", err)
	}
	return nil
}

// replacement is the version below which a row's month was replaced; "" when it never was.
func (f *FlowSink) replacement(r *FlowRow) string {
	if len(f.replaced) == 0 {
		return ""
	}
	return f.replaced[ledgerMonth{LedgerNumber(r.Line.Ledger), r.Line.Date.Month()}]
}

// Replace records that a complete file is the new version of a month (rule 6.2): lines of the month below the highest
// such version are no longer active. Retire then takes them out.
func (f *FlowSink) Replace(ctx context.Context, tx *Tx, ledger canonical.Ledger, month, version string, file int64) error {
	if err := f.loadReplacements(ctx, tx); err != nil {
		return err
	}
	key := ledgerMonth{LedgerNumber(ledger), month}
	if version <= f.replaced[key] {
		return nil
	}
	_, err := tx.exec(ctx, `INSERT INTO flow_replacement (party, ledger, month, version_key, file_id) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (party, ledger, month) DO UPDATE SET version_key = excluded.version_key, file_id = excluded.file_id`,
		f.party, key.ledger, month, version, file)
	if err != nil {
		return fmt.Errorf("record the replacement of %s: %w", month, err)
	}
	f.replaced[key] = version
	return nil
}

// Retire takes at most limit lines of a month that its replacement leaves out; it reports how many it took. Call it, each
// time in a transaction of its own, until it takes none.
func (f *FlowSink) Retire(ctx context.Context, tx *Tx, ledger canonical.Ledger, month string, limit int) (int, error) {
	if err := f.loadReplacements(ctx, tx); err != nil {
		return 0, err
	}
	first, err := canonical.ParseDate(month + "-01")
	if err != nil {
		return 0, err
	}
	bound := f.replaced[ledgerMonth{LedgerNumber(ledger), month}]
	next := canonical.DateOf(first.Time().AddDate(0, 1, 0))
	dirty := map[flowGroup]bool{}
	var ids []canonical.ID
	// Versions are compared here: a database's own order of texts depends on its locale.
	err = tx.each(ctx, `SELECT row_id, version_key, partner, product_mention, biz_date FROM flow_line
		WHERE party = ? AND ledger = ? AND active = TRUE AND biz_date >= ? AND biz_date < ? AND version_key <> ?`,
		[]any{f.party, LedgerNumber(ledger), first, next, bound}, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var version string
			var g flowGroup
			var date canonical.Date
			if err := rows.Scan(&id, &version, &g.partner, &g.product, &date); err != nil {
				return err
			}
			if version < bound && len(ids) < limit {
				ids = append(ids, id)
				dirty[g] = true
				f.changedOn(date)
			}
			return nil
		})
	if err != nil {
		return 0, fmt.Errorf("read the lines that %s leaves out: %w", month, err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	cond, args := anyOf(tx.querier, "row_id", ids)
	if _, err := tx.exec(ctx, `UPDATE flow_line SET active = FALSE WHERE `+cond, args...); err != nil {
		return 0, fmt.Errorf("retire replaced lines: %w", err)
	}
	return len(ids), tx.markGroups(ctx, f.party, dirty)
}

// MarkSuspects marks the lines of a ledger, among those of the days that changed, that equal another line but for the
// document number, and clears marks that no longer hold. Marked lines count like any other. It reports how many
// are newly marked.
func (f *FlowSink) MarkSuspects(ctx context.Context, tx *Tx, ledger canonical.Ledger) (marked int, err error) {
	if f.to.IsZero() || ledger == canonical.Stock {
		return 0, nil
	}
	const lines = ` FROM flow_line WHERE party = ? AND ledger = ? AND active = TRUE AND biz_date >= ? AND biz_date <= ?`
	const key = `biz_date, kind, partner, product_mention, lot, quantity`
	args := []any{f.party, LedgerNumber(ledger), f.from, f.to}
	now := map[canonical.ID]bool{}
	collect := func(into map[canonical.ID]bool) func(*sqlx.Rows) error {
		return func(rows *sqlx.Rows) error {
			var id canonical.ID
			err := rows.Scan(&id)
			into[id] = true
			return err
		}
	}
	err = tx.each(ctx, `SELECT l.row_id FROM (SELECT `+key+lines+` GROUP BY `+key+` HAVING MIN(doc_no) <> MAX(doc_no)) AS g
		JOIN flow_line AS l ON l.party = ? AND l.ledger = ? AND l.active = TRUE AND l.biz_date = g.biz_date AND l.kind = g.kind AND l.partner = g.partner
		AND l.product_mention = g.product_mention AND l.lot = g.lot AND l.quantity = g.quantity`,
		append(args, f.party, LedgerNumber(ledger)), collect(now))
	if err != nil {
		return 0, fmt.Errorf("look for suspected duplicates: %w", err)
	}
	before := map[canonical.ID]bool{}
	err = tx.each(ctx, `SELECT row_id FROM flow_line WHERE party = ? AND ledger = ? AND biz_date >= ? AND biz_date <= ? AND suspect = TRUE`,
		args[:4], collect(before))
	if err != nil {
		return 0, fmt.Errorf("read suspected duplicates: %w", err)
	}
	for _, change := range []struct {
		ids map[canonical.ID]bool
		not map[canonical.ID]bool
		to  string
	}{{now, before, "TRUE"}, {before, now, "FALSE"}} {
		var ids []canonical.ID
		for id := range change.ids {
			if !change.not[id] {
				ids = append(ids, id)
			}
		}
		err := inChunks(ids, func(part []canonical.ID) error {
			cond, args := anyOf(tx.querier, "row_id", part)
			_, err := tx.exec(ctx, `UPDATE flow_line SET suspect = `+change.to+` WHERE `+cond, args...)
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("mark suspected duplicates: %w", err)
		}
		if change.to == "TRUE" {
			marked = len(ids)
		}
	}
	return marked, nil
}
