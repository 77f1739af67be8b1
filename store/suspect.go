package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// MarkSuspects marks the lines of a ledger, among those of the days that changed, that equal another line but for the
// document number, and clears marks that no longer hold. Marked lines count like any other. It reports how many are
// newly marked.
func (f *FlowSink) MarkSuspects(ctx context.Context, tx *Tx, ledger canonical.Ledger) (marked int, err error) {
	if f.to.IsZero() || ledger == canonical.Stock {
		return 0, nil
	}
	days := []any{f.party, LedgerNumber(ledger), f.from, f.to}
	groups, known := f.first.suspectGroups()
	if !known {
		if groups, err = tx.suspectGroups(ctx, days); err != nil {
			return 0, fmt.Errorf("look for suspected duplicates: %w", err)
		}
	}
	var mark, clear []canonical.ID
	for _, g := range groups {
		lines, err := tx.suspectLines(ctx, g, days)
		if err != nil {
			return 0, fmt.Errorf("read suspected duplicates: %w", err)
		}
		on, off := judgeSuspects(lines)
		mark, clear = append(mark, on...), append(clear, off...)
	}
	for _, change := range []struct {
		ids []canonical.ID
		to  string
	}{{mark, "TRUE"}, {clear, "FALSE"}} {
		err := inChunks(change.ids, func(part []canonical.ID) error {
			cond, args := anyOf(tx.querier, "row_id", part)
			_, err := tx.exec(ctx, `UPDATE flow_line SET suspect = `+change.to+` WHERE `+cond, args...)
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("mark suspected duplicates: %w", err)
		}
	}
	return len(mark), nil
}

const suspectDays = ` FROM flow_line WHERE party = ? AND ledger = ? AND biz_date >= ? AND biz_date <= ?`

// suspectGroups finds the groups that hold suspected duplicates now, or held some.
func (tx *Tx) suspectGroups(ctx context.Context, days []any) (groups []flowGroup, err error) {
	query := `SELECT partner, product_mention` + suspectDays + ` AND active = TRUE
		GROUP BY biz_date, kind, partner, product_mention, lot, quantity HAVING MIN(doc_no) <> MAX(doc_no)
		UNION SELECT partner, product_mention` + suspectDays + ` AND suspect = TRUE`
	err = tx.each(ctx, query, append(days[:len(days):len(days)], days...), func(rows *sqlx.Rows) error {
		var g flowGroup
		err := rows.Scan(&g.partner, &g.product)
		groups = append(groups, g)
		return err
	})
	return groups, err
}

// suspectLine is what tells two lines of one group apart.
type suspectLine struct {
	id      canonical.ID
	doc     string
	same    suspectKey
	active  bool
	suspect bool
}

type suspectKey struct {
	date     canonical.Date
	kind     int
	lot      string
	quantity int64
}

func (tx *Tx) suspectLines(ctx context.Context, g flowGroup, days []any) (lines []suspectLine, err error) {
	err = tx.each(ctx, `SELECT row_id, doc_no, biz_date, kind, lot, quantity, active, suspect`+suspectDays+` AND partner = ? AND product_mention = ?`,
		append(days[:len(days):len(days)], g.partner, g.product), func(rows *sqlx.Rows) error {
			var l suspectLine
			err := rows.Scan(&l.id, &l.doc, &l.same.date, &l.same.kind, &l.same.lot, &l.same.quantity, &l.active, &l.suspect)
			lines = append(lines, l)
			return err
		})
	return lines, err
}

// judgeSuspects compares the lines of a group: those to mark, and those to clear.
func judgeSuspects(lines []suspectLine) (mark, clear []canonical.ID) {
	doc, several := map[suspectKey]string{}, map[suspectKey]bool{}
	for _, l := range lines {
		if !l.active {
			continue
		}
		if first, seen := doc[l.same]; seen && first != l.doc {
			several[l.same] = true
		} else if !seen {
			doc[l.same] = l.doc
		}
	}
	for _, l := range lines {
		switch suspect := l.active && several[l.same]; {
		case suspect && !l.suspect:
			mark = append(mark, l.id)
		case !suspect && l.suspect:
			clear = append(clear, l.id)
		}
	}
	return mark, clear
}
