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
	s := suspects{sink: f, ledger: LedgerNumber(ledger), now: map[canonical.ID]bool{}, before: map[canonical.ID]bool{}}
	if groups, known := f.first.suspectGroups(); known {
		for _, g := range groups {
			if err := s.look(ctx, tx, ` AND partner = ? AND product_mention = ?`, g.partner, g.product); err != nil {
				return 0, err
			}
		}
	} else if err := s.look(ctx, tx, ""); err != nil {
		return 0, err
	}
	return s.write(ctx, tx)
}

type suspects struct {
	sink        *FlowSink
	ledger      int
	now, before map[canonical.ID]bool
}

// look compares the lines that fit a further condition.
func (s *suspects) look(ctx context.Context, tx *Tx, more string, args ...any) error {
	const key = `biz_date, kind, partner, product_mention, lot, quantity`
	where := ` FROM flow_line WHERE party = ? AND ledger = ? AND biz_date >= ? AND biz_date <= ?` + more
	args = append([]any{s.sink.party, s.ledger, s.sink.from, s.sink.to}, args...)
	err := tx.each(ctx, `SELECT l.row_id FROM (SELECT `+key+where+` AND active = TRUE GROUP BY `+key+` HAVING MIN(doc_no) <> MAX(doc_no)) AS g
		JOIN flow_line AS l ON l.party = ? AND l.ledger = ? AND l.active = TRUE AND l.biz_date = g.biz_date AND l.kind = g.kind AND l.partner = g.partner
		AND l.product_mention = g.product_mention AND l.lot = g.lot AND l.quantity = g.quantity`,
		append(args, s.sink.party, s.ledger), collect(s.now))
	if err != nil {
		return fmt.Errorf("look for suspected duplicates: %w", err)
	}
	if err := tx.each(ctx, `SELECT row_id`+where+` AND suspect = TRUE`, args[:len(args):len(args)], collect(s.before)); err != nil {
		return fmt.Errorf("read suspected duplicates: %w", err)
	}
	return nil
}

func collect(into map[canonical.ID]bool) func(*sqlx.Rows) error {
	return func(rows *sqlx.Rows) error {
		var id canonical.ID
		err := rows.Scan(&id)
		into[id] = true
		return err
	}
}

func (s *suspects) write(ctx context.Context, tx *Tx) (marked int, err error) {
	for _, change := range []struct {
		ids, not map[canonical.ID]bool
		to       string
	}{{s.now, s.before, "TRUE"}, {s.before, s.now, "FALSE"}} {
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
