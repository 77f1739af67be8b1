package store

import (
	"context"
	"database/sql"
	"errors"
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
func (f *FlowSink) Retire(ctx context.Context, tx *Tx, ledger canonical.Ledger, month string, limit int, from Origin) (int, error) {
	if err := f.loadReplacements(ctx, tx); err != nil {
		return 0, err
	}
	first, err := canonical.ParseDate(month + "-01")
	if err != nil {
		return 0, err
	}
	bound := f.replaced[ledgerMonth{LedgerNumber(ledger), month}]
	next := canonical.DateOf(first.Time().AddDate(0, 1, 0))
	f.changedOn(first) // the whole month: what a run that was cut off retired is not seen any more
	f.changedOn(next.AddDays(-1))
	dirty := map[flowGroup]bool{}
	var ids []canonical.ID
	// Versions are compared here: a database's own order of texts depends on its locale.
	err = tx.each(ctx, `SELECT row_id, version_key, partner, product_mention FROM flow_line
		WHERE party = ? AND ledger = ? AND active = TRUE AND biz_date >= ? AND biz_date < ? AND version_key <> ?`,
		[]any{f.party, LedgerNumber(ledger), first, next, bound}, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var version string
			var g flowGroup
			if err := rows.Scan(&id, &version, &g.partner, &g.product); err != nil {
				return err
			}
			if version < bound && len(ids) < limit {
				ids = append(ids, id)
				dirty[g] = true
			}
			return nil
		})
	if err != nil {
		return 0, fmt.Errorf("read the lines that %s leaves out: %w", month, err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	if err := f.correctRetired(ctx, tx, ids, from); err != nil {
		return 0, err
	}
	cond, args := anyOf(tx.querier, "row_id", ids)
	if _, err := tx.exec(ctx, `UPDATE flow_line SET active = FALSE WHERE `+cond, args...); err != nil {
		return 0, fmt.Errorf("retire replaced lines: %w", err)
	}
	return len(ids), tx.markGroups(ctx, f.party, dirty)
}

// correctRetired books the lines that leave a closed month.
func (f *FlowSink) correctRetired(ctx context.Context, tx *Tx, ids []canonical.ID, from Origin) error {
	closed, err := tx.fixed(ctx, []int64{f.party})
	if err != nil || len(closed[f.party]) == 0 {
		return err
	}
	lines, err := tx.contents(ctx, ids)
	if err != nil {
		return err
	}
	var out []Correction
	for _, c := range lines {
		if closed[f.party][ledgerMonth{LedgerNumber(c.Ledger), c.Date.Month()}] {
			c.Sign, c.Class = -1, canonical.NormalCorrection
			out = append(out, c)
		}
	}
	if out, err = f.complete(tx, out, closed[f.party], from); err != nil {
		return err
	}
	return tx.putCorrections(ctx, out)
}

// MonthHolder is the file whose version holds a month of a party's ledger; the zero DataFile when none does.
func (q querier) MonthHolder(ctx context.Context, party int64, ledger canonical.Ledger, month string) (DataFile, error) {
	var f DataFile
	err := q.get(ctx, &f, `SELECT f.* FROM flow_replacement AS r JOIN data_file AS f ON f.id = r.file_id WHERE r.party = ? AND r.ledger = ? AND r.month = ?`,
		party, LedgerNumber(ledger), month)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return f, fmt.Errorf("read which file holds %s: %w", month, err)
	}
	return f, nil
}

// LinesOf counts the active lines of a month of a party's ledger.
func (q querier) LinesOf(ctx context.Context, party string, ledger canonical.Ledger, month string) (n int64, err error) {
	first, last, err := canonical.MonthSpan(month)
	if err != nil {
		return 0, err
	}
	err = q.get(ctx, &n, `SELECT COUNT(*) FROM flow_line AS l JOIN source_record AS r ON r.id = l.party
		WHERE r.entity = 'customer' AND r.source = ? AND r.source_id = ? AND l.ledger = ? AND l.active = TRUE AND l.biz_date >= ? AND l.biz_date <= ?`,
		canonical.FlowSource(party), canonical.ReporterID, LedgerNumber(ledger), first, last)
	if err != nil {
		return 0, fmt.Errorf("count the lines of %s: %w", month, err)
	}
	return n, nil
}
