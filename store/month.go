package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/trace/flow"
)

// MonthKey names the book of a party's ledger in a month.
type MonthKey struct {
	Party  int64
	Ledger canonical.Ledger
	Month  string // yyyy-MM
}

// Month is where a book stands.
type Month struct {
	MonthKey
	State     canonical.MonthState
	Lines     int64 // active lines of the month now
	ClosedAt  time.Time
	ChangedAt time.Time // zero while nobody moved it on
	ChangedBy string
	Reason    string
}

// Figure is a sum of a book: what it says of a product as the party names it, a lot and a kind.
type Figure struct {
	Correction bool // of corrections of earlier months that are booked in this one
	Mention    int64
	Lot        string
	Kind       canonical.FlowKind
	Rows       int64
	Quantity   canonical.Quantity // in the row's own unit
	Found      flow.Found         // how the product was understood when the month was closed, else how it is now
}

// ensureBook makes the row that is locked for a party's books.
func (tx *Tx) ensureBook(ctx context.Context, party int64) error {
	_, err := tx.exec(ctx, `INSERT INTO flow_book (party) VALUES (?) ON CONFLICT (party) DO NOTHING`, party)
	if err != nil {
		return fmt.Errorf("make the book of a party: %w", err)
	}
	return nil
}

// LockBook keeps everybody from writing a party's books, and from moving its months, until the transaction ends.
func (tx *Tx) LockBook(ctx context.Context, party int64) error {
	if err := tx.ensureBook(ctx, party); err != nil {
		return err
	}
	var n int64
	if err := tx.get(ctx, &n, `SELECT party FROM flow_book WHERE party = ?`+tx.forUpdate("party"), party); err != nil {
		return fmt.Errorf("lock the books of a party: %w", err)
	}
	return nil
}

// MonthsOf lists the months that parties have lines or a state in, by party, month and ledger. Empty arguments select all.
func (q querier) MonthsOf(ctx context.Context, parties []int64, ledger canonical.Ledger, month string) ([]Month, error) {
	at := map[MonthKey]*Month{}
	get := func(k MonthKey) *Month {
		if at[k] == nil {
			at[k] = &Month{MonthKey: k, State: canonical.MonthUploading}
		}
		return at[k]
	}
	cond, args := `1 = 1`, []any{}
	if len(parties) > 0 {
		cond, args = anyOf(q, "party", parties)
	}
	if ledger != "" {
		cond, args = cond+` AND ledger = ?`, append(args, LedgerNumber(ledger))
	}
	days, dayArgs := cond, slices.Clone(args)
	states, stateArgs := cond, slices.Clone(args)
	if month != "" {
		first, last, err := canonical.MonthSpan(month)
		if err != nil {
			return nil, err
		}
		days, dayArgs = days+` AND biz_date >= ? AND biz_date <= ?`, append(dayArgs, first, last)
		states, stateArgs = states+` AND month = ?`, append(stateArgs, month)
	}
	err := q.each(ctx, `SELECT party, ledger, biz_date, COUNT(*) FROM flow_line WHERE active = TRUE AND `+days+` GROUP BY party, ledger, biz_date`, dayArgs, func(rows *sqlx.Rows) error {
		var k MonthKey
		var number int
		var day canonical.Date
		var n int64
		if err := rows.Scan(&k.Party, &number, &day, &n); err != nil {
			return err
		}
		k.Ledger, k.Month = LedgerOf(number), day.Month()
		get(k).Lines += n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the lines of months: %w", err)
	}
	err = q.each(ctx, `SELECT party, ledger, month, state, closed_at, changed_at, changed_by, reason FROM flow_month WHERE `+states, stateArgs, func(rows *sqlx.Rows) error {
		var k MonthKey
		var number int
		var m Month
		var closed, changed int64
		if err := rows.Scan(&k.Party, &number, &k.Month, &m.State, &closed, &changed, &m.ChangedBy, &m.Reason); err != nil {
			return err
		}
		k.Ledger = LedgerOf(number)
		m.MonthKey, m.Lines, m.ClosedAt, m.ChangedAt = k, get(k).Lines, FromMicros(closed), FromMicros(changed)
		*get(k) = m
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the states of months: %w", err)
	}
	out := make([]Month, 0, len(at))
	for _, m := range at {
		out = append(out, *m)
	}
	slices.SortFunc(out, func(a, b Month) int {
		return cmp.Or(cmp.Compare(a.Party, b.Party), cmp.Compare(a.Month, b.Month), cmp.Compare(LedgerNumber(a.Ledger), LedgerNumber(b.Ledger)))
	})
	return out, nil
}

// MonthOf reads one month; a month that nobody moved on is open, or uploading when it has lines.
func (q querier) MonthOf(ctx context.Context, k MonthKey) (Month, error) {
	list, err := q.MonthsOf(ctx, []int64{k.Party}, k.Ledger, k.Month)
	if err != nil || len(list) == 0 {
		return Month{MonthKey: k, State: canonical.MonthOpen}, err
	}
	return list[0], nil
}

// PutMonth stores the state of a month. Call it under LockBook.
func (tx *Tx) PutMonth(ctx context.Context, m Month) error {
	_, err := tx.exec(ctx, `INSERT INTO flow_month (party, ledger, month, state, closed_at, changed_at, changed_by, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (party, ledger, month) DO UPDATE SET state = excluded.state, closed_at = excluded.closed_at, changed_at = excluded.changed_at,
		changed_by = excluded.changed_by, reason = excluded.reason`,
		m.Party, LedgerNumber(m.Ledger), m.Month, m.State, Micros(m.ClosedAt), Micros(m.ChangedAt), m.ChangedBy, m.Reason)
	if err != nil {
		return fmt.Errorf("store the state of a month: %w", err)
	}
	return nil
}

// Figures is what the book of a month says: as it was closed, or as it stands when it is not.
func (q querier) Figures(ctx context.Context, k MonthKey) ([]Figure, error) {
	m, err := q.MonthOf(ctx, k)
	if err != nil {
		return nil, err
	}
	if m.State.Fixed() {
		return q.closedFigures(ctx, k)
	}
	return q.FiguresNow(ctx, k)
}

func (q querier) closedFigures(ctx context.Context, k MonthKey) ([]Figure, error) {
	return q.figures(ctx, `SELECT correction, product_mention, lot, kind, row_count, quantity, product_id, num, den FROM flow_month_figure
		WHERE party = ? AND ledger = ? AND month = ?`, k.Party, LedgerNumber(k.Ledger), k.Month)
}

// FiguresNow is what the book of a month would say if it were closed now: its lines, and the corrections booked in it.
func (q querier) FiguresNow(ctx context.Context, k MonthKey) ([]Figure, error) {
	first, last, err := canonical.MonthSpan(k.Month)
	if err != nil {
		return nil, err
	}
	const found = `, COALESCE(m.product_id, 0), COALESCE(m.num, 0), COALESCE(m.den, 0) FROM (`
	lines, err := q.figures(ctx, `SELECT FALSE, l.product_mention, l.lot, l.kind, l.n, l.q`+found+`
			SELECT product_mention, lot, kind, COUNT(*) AS n, CAST(SUM(quantity) AS bigint) AS q FROM flow_line
			WHERE party = ? AND ledger = ? AND active = TRUE AND biz_date >= ? AND biz_date <= ? GROUP BY product_mention, lot, kind) AS l
		LEFT JOIN product_mention AS m ON m.id = l.product_mention`, k.Party, LedgerNumber(k.Ledger), first, last)
	if err != nil {
		return nil, err
	}
	corrections, err := q.figures(ctx, `SELECT TRUE, l.product_mention, l.lot, l.kind, l.n, l.q`+found+`
			SELECT product_mention, lot, kind, COUNT(*) AS n, CAST(SUM(sign * quantity) AS bigint) AS q FROM flow_correction
			WHERE party = ? AND ledger = ? AND booked_month = ? AND undone_at = 0 GROUP BY product_mention, lot, kind) AS l
		LEFT JOIN product_mention AS m ON m.id = l.product_mention`, k.Party, LedgerNumber(k.Ledger), k.Month)
	return append(lines, corrections...), err
}

func (q querier) figures(ctx context.Context, query string, args ...any) ([]Figure, error) {
	out := []Figure{}
	err := q.each(ctx, query, args, func(rows *sqlx.Rows) error {
		var f Figure
		var kind int
		err := rows.Scan(&f.Correction, &f.Mention, &f.Lot, &kind, &f.Rows, &f.Quantity, &f.Found.Product, (*int64)(&f.Found.Num), (*int64)(&f.Found.Den))
		f.Kind = KindOf(kind)
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the figures of a month: %w", err)
	}
	slices.SortFunc(out, func(a, b Figure) int {
		return cmp.Or(compareBools(a.Correction, b.Correction), cmp.Compare(a.Mention, b.Mention), cmp.Compare(a.Lot, b.Lot), cmp.Compare(KindNumber(a.Kind), KindNumber(b.Kind)))
	})
	return out, nil
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// FixFigures keeps what the book of a month says now as what it says from now on. Call it under LockBook.
func (tx *Tx) FixFigures(ctx context.Context, k MonthKey) ([]Figure, error) {
	list, err := tx.FiguresNow(ctx, k)
	if err != nil {
		return nil, err
	}
	if err := tx.dropFigures(ctx, k); err != nil {
		return nil, err
	}
	rows := make([][]any, len(list))
	for i, f := range list {
		rows[i] = []any{k.Party, LedgerNumber(k.Ledger), k.Month, f.Correction, f.Mention, f.Lot, KindNumber(f.Kind), f.Rows, int64(f.Quantity),
			f.Found.Product, int64(f.Found.Num), int64(f.Found.Den)}
	}
	return list, tx.insertMany(ctx, "flow_month_figure", []string{"party", "ledger", "month", "correction", "product_mention", "lot", "kind", "row_count", "quantity",
		"product_id", "num", "den"}, rows, "")
}

func (tx *Tx) dropFigures(ctx context.Context, k MonthKey) error {
	_, err := tx.exec(ctx, `DELETE FROM flow_month_figure WHERE party = ? AND ledger = ? AND month = ?`, k.Party, LedgerNumber(k.Ledger), k.Month)
	if err != nil {
		return fmt.Errorf("drop the figures of a month: %w", err)
	}
	return nil
}

// ReopenBook lets the lines of a closed month speak again: its figures go, and the corrections of its rows do not count
// any more. Those that are booked in a month that is closed itself stand in the way: their months are returned, and
// nothing is changed. Call it under LockBook.
func (tx *Tx) ReopenBook(ctx context.Context, k MonthKey) (inTheWay []string, err error) {
	err = tx.sel(ctx, &inTheWay, `SELECT DISTINCT c.booked_month FROM flow_correction c
		JOIN flow_month m ON m.party = c.party AND m.ledger = c.ledger AND m.month = c.booked_month AND m.state IN ('closed', 'sealed')
		WHERE c.party = ? AND c.ledger = ? AND c.real_month = ? AND c.undone_at = 0 ORDER BY c.booked_month`, k.Party, LedgerNumber(k.Ledger), k.Month)
	if err != nil {
		return nil, fmt.Errorf("read where a month was corrected: %w", err)
	}
	if len(inTheWay) > 0 {
		return inTheWay, nil
	}
	_, err = tx.exec(ctx, `UPDATE flow_correction SET undone_at = ? WHERE party = ? AND ledger = ? AND real_month = ? AND undone_at = 0`,
		Micros(tx.Now), k.Party, LedgerNumber(k.Ledger), k.Month)
	if err != nil {
		return nil, fmt.Errorf("undo the corrections of a month: %w", err)
	}
	return nil, tx.dropFigures(ctx, k)
}

// CorrectionQuery selects corrections; empty fields select all.
type CorrectionQuery struct {
	Party       int64
	Ledger      canonical.Ledger
	Real        string // month the rows are of
	Booked      string // month they are booked in
	Unexplained bool
	Undone      bool // also those that do not count any more
	ID          canonical.ID
	Limit       int
}

// Corrections lists corrections in the order in which they were made.
func (q querier) Corrections(ctx context.Context, by CorrectionQuery) ([]Correction, error) {
	cond, args := `1 = 1`, []any{}
	and := func(text string, more ...any) { cond, args = cond+` AND `+text, append(args, more...) }
	if by.Party != 0 {
		and(`party = ?`, by.Party)
	}
	if by.Ledger != "" {
		and(`ledger = ?`, LedgerNumber(by.Ledger))
	}
	if by.Real != "" {
		and(`real_month = ?`, by.Real)
	}
	if by.Booked != "" {
		and(`booked_month = ?`, by.Booked)
	}
	if by.Unexplained {
		and(`explained_by = ''`)
	}
	if !by.Undone {
		and(`undone_at = 0`)
	}
	if !by.ID.IsZero() {
		and(`id = ?`, by.ID)
	}
	if cond += ` ORDER BY recorded_at, biz_date, doc_no, row_id, sign, id`; by.Limit > 0 {
		cond, args = cond+` LIMIT ?`, append(args, by.Limit)
	}
	out := []Correction{}
	err := q.each(ctx, `SELECT id, party, ledger, real_month, booked_month, row_id, sign, partner, product_mention, lot, kind, biz_date, doc_no, quantity, class,
		reason, explained_by, run_id, recorded_at, undone_at FROM flow_correction WHERE `+cond, args, func(rows *sqlx.Rows) error {
		var c Correction
		var ledger, kind int
		var recorded, undone int64
		err := rows.Scan(&c.ID, &c.Party, &ledger, &c.RealMonth, &c.BookedMonth, &c.Row, &c.Sign, &c.Partner, &c.Mention, &c.Lot, &kind, &c.Date, &c.DocNo,
			&c.Quantity, &c.Class, &c.Reason, &c.ExplainedBy, &c.Run, &recorded, &undone)
		c.Ledger, c.Kind, c.RecordedAt, c.UndoneAt = LedgerOf(ledger), KindOf(kind), FromMicros(recorded), FromMicros(undone)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read corrections: %w", err)
	}
	return out, nil
}

// ExplainCorrections says why corrections were made; class 0 leaves theirs.
func (tx *Tx) ExplainCorrections(ctx context.Context, ids []canonical.ID, class canonical.CorrectionClass, reason, by string) error {
	return inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(tx.querier, "id", part)
		_, err := tx.exec(ctx, `UPDATE flow_correction SET reason = ?, explained_by = ?, class = CASE WHEN CAST(? AS bigint) = 0 THEN class ELSE CAST(? AS bigint) END WHERE `+cond,
			append([]any{reason, by, int(class), int(class)}, args...)...)
		if err != nil {
			return fmt.Errorf("explain corrections: %w", err)
		}
		return nil
	})
}

// ExplainedGap is what a person said about a gap of a party's month.
type ExplainedGap struct {
	Party    int64
	Month    string
	Product  int64
	Lot      string
	Quantity canonical.Quantity // the gap that it is about; another one is not explained by it
	Reason   string
	By       string
	At       time.Time
}

// PutGap keeps what a person says about a gap, instead of what was said before.
func (tx *Tx) PutGap(ctx context.Context, g ExplainedGap) error {
	_, err := tx.exec(ctx, `INSERT INTO flow_gap (party, month, product_id, lot, quantity, reason, explained_by, explained_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (party, month, product_id, lot) DO UPDATE SET quantity = excluded.quantity, reason = excluded.reason, explained_by = excluded.explained_by,
		explained_at = excluded.explained_at`, g.Party, g.Month, g.Product, g.Lot, int64(g.Quantity), g.Reason, g.By, Micros(tx.Now))
	if err != nil {
		return fmt.Errorf("keep what was said about a gap: %w", err)
	}
	return nil
}

// GapsOf lists what was said about the gaps of a month.
func (q querier) GapsOf(ctx context.Context, month string) ([]ExplainedGap, error) {
	var out []ExplainedGap
	err := q.each(ctx, `SELECT party, product_id, lot, quantity, reason, explained_by, explained_at FROM flow_gap WHERE month = ? ORDER BY party, product_id, lot`, []any{month}, func(rows *sqlx.Rows) error {
		g := ExplainedGap{Month: month}
		var at int64
		err := rows.Scan(&g.Party, &g.Product, &g.Lot, &g.Quantity, &g.Reason, &g.By, &at)
		g.At = FromMicros(at)
		out = append(out, g)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was said about gaps: %w", err)
	}
	return out, nil
}

// FlowWaits reports whether rows of a party wait for the join: its figures in base units are not final yet.
func (q querier) FlowWaits(ctx context.Context, party int64) (bool, error) {
	var one int
	err := q.get(ctx, &one, `SELECT 1 FROM dirty_flow WHERE party = ? LIMIT 1`, party)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look whether rows of a party wait: %w", err)
	}
	return true, nil
}

// Reporter is a party that reports ledgers.
type Reporter struct {
	Record int64
	Key    string
	Name   string
	Golden canonical.ID // zero while it has none
}

// Reporters lists the parties that ever reported, by key.
func (q querier) Reporters(ctx context.Context) ([]Reporter, error) {
	var out []Reporter
	err := q.each(ctx, `SELECT r.id, r.source, r.payload, c.golden_id FROM source_record AS r LEFT JOIN crosswalk AS c ON c.record_id = r.id AND c.known_to IS NULL
		WHERE r.entity = 'customer' AND r.source LIKE 'flow:%' AND r.source_id = ? ORDER BY r.source`, []any{canonical.ReporterID}, func(rows *sqlx.Rows) error {
		var r Reporter
		var source string
		var payload []byte
		if err := rows.Scan(&r.Record, &source, &payload, &r.Golden); err != nil {
			return err
		}
		r.Key = source[len(canonical.FlowSource("")):]
		name, err := nameOf(payload)
		r.Name = name
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list reporting parties: %w", err)
	}
	return out, nil
}
