package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// CorrectionNote is what a person says about the corrections that rows on their way in may make.
type CorrectionNote struct {
	Class  canonical.CorrectionClass // 0: late for rows that are new, normal for others
	Reason string                    // "" leaves them to be explained
	By     string
}

// Correction is half of a change of a closed month, booked in a later one: what a row said leaves (Sign -1), what it says
// comes (Sign 1). A row that is new has no first half, one that goes no second.
type Correction struct {
	ID          canonical.ID
	Party       int64
	Ledger      canonical.Ledger
	RealMonth   string
	BookedMonth string
	Row         canonical.ID // of the flow line
	Sign        int
	Partner     int64
	Mention     int64 // of the product
	Lot         string
	Kind        canonical.FlowKind
	Date        canonical.Date
	DocNo       string
	Quantity    canonical.Quantity // of the row, without the sign
	Class       canonical.CorrectionClass
	Reason      string
	ExplainedBy string // "" = nobody has
	Run         canonical.ID
	RecordedAt  time.Time
	UndoneAt    time.Time // the real month was opened again: its own book says it
}

// Signed is what the correction adds to its booked month.
func (c *Correction) Signed() canonical.Quantity { return canonical.Quantity(c.Sign) * c.Quantity }

// Booked counts the corrections that a run made, by the months they are of and are booked in.
type Booked map[BookedKey]int64

// BookedKey is a real month and the month that its corrections are booked in.
type BookedKey struct{ Real, In string }

// TakeBooked returns what was booked since it was last called, in transactions that were committed: call it after each.
// A transaction that failed leaves nothing, since Reset forgets it.
func (f *FlowSink) TakeBooked() Booked {
	b := f.booked
	f.booked = nil
	return b
}

// fixedMonths are the closed and sealed months of a party's ledgers.
type fixedMonths map[ledgerMonth]bool

// booked is the month in which changes of a closed month are booked: the first after it that is not closed.
func (m fixedMonths) booked(ledger int, month string) string {
	for m[ledgerMonth{ledger, month}] {
		month = canonical.NextMonth(month)
	}
	return month
}

// fixed reads which months of parties are closed, and keeps anybody from closing or opening one until the transaction
// ends. It must be read in every transaction: a month may have been closed between two units of work.
func (tx *Tx) fixed(ctx context.Context, parties []int64) (map[int64]fixedMonths, error) {
	slices.Sort(parties)
	out := map[int64]fixedMonths{}
	err := inChunks(parties, func(part []int64) error {
		cond, args := anyOf(tx.querier, "party", part)
		if tx.db.Dialect() == "postgres" { // SQLite has one writer, which holds the lock already
			if _, err := tx.exec(ctx, `SELECT party FROM flow_book WHERE `+cond+` ORDER BY party FOR SHARE`, args...); err != nil {
				return err
			}
		}
		return tx.each(ctx, `SELECT party, ledger, month FROM flow_month WHERE state IN ('closed', 'sealed') AND `+cond, args, func(rows *sqlx.Rows) error {
			var party int64
			var k ledgerMonth
			if err := rows.Scan(&party, &k.ledger, &k.month); err != nil {
				return err
			}
			if out[party] == nil {
				out[party] = fixedMonths{}
			}
			out[party][k] = true
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read which months are closed: %w", err)
	}
	return out, nil
}

// correctPut books what a unit of work changes in closed months. Call it before the lines are written.
func (w *flowWriter) correctPut(ctx context.Context, tx *Tx, closed fixedMonths) ([]Correction, error) {
	var out []Correction
	var stored []canonical.ID // lines whose stored content takes part
	for _, id := range w.order {
		s := w.states[id]
		if s == nil || s.was.active == s.active && (!s.active || s.was.hash == s.hash) {
			continue
		}
		leaves := s.was.active && closed[ledgerMonth{s.ledger, s.was.date.Month()}]
		comes := s.active && closed[ledgerMonth{s.ledger, s.date.Month()}]
		if comes && s.next != nil {
			l := &s.next.Line
			out = append(out, Correction{Row: id, Sign: 1, Partner: s.group.partner, Mention: s.group.product, Ledger: l.Ledger, Kind: l.Kind, Date: l.Date,
				DocNo: l.DocNo, Lot: l.Lot, Quantity: l.Quantity, Class: lateIf(!s.was.active)})
		}
		if leaves || comes && s.next == nil {
			stored = append(stored, id)
		}
	}
	lines, err := tx.contents(ctx, stored)
	if err != nil {
		return nil, err
	}
	for _, c := range lines {
		s := w.states[c.Row]
		if c.Sign = -1; !s.was.active {
			c.Sign = 1 // it came back
		}
		c.Class = lateIf(!s.was.active)
		out = append(out, c)
	}
	return w.f.complete(tx, out, closed, w.batch.Origin)
}

func lateIf(late bool) canonical.CorrectionClass {
	if late {
		return canonical.LateCorrection
	}
	return canonical.NormalCorrection
}

// contents reads lines as corrections without sign, class and months.
func (tx *Tx) contents(ctx context.Context, ids []canonical.ID) ([]Correction, error) {
	var out []Correction
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(tx.querier, "row_id", part)
		return tx.each(ctx, `SELECT row_id, partner, product_mention, ledger, kind, biz_date, doc_no, lot, quantity FROM flow_line WHERE `+cond, args, func(rows *sqlx.Rows) error {
			var c Correction
			var ledger, kind int
			err := rows.Scan(&c.Row, &c.Partner, &c.Mention, &ledger, &kind, &c.Date, &c.DocNo, &c.Lot, &c.Quantity)
			c.Ledger, c.Kind = LedgerOf(ledger), KindOf(kind)
			out = append(out, c)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read lines of closed months: %w", err)
	}
	return out, nil
}

// complete gives corrections of the sink's party their months, what is said of them, and ids; and counts them.
func (f *FlowSink) complete(tx *Tx, list []Correction, closed fixedMonths, from Origin) (_ []Correction, err error) {
	for i := range list {
		c := &list[i]
		c.Party, c.Run, c.RecordedAt = f.party, from.Run, tx.Now
		c.RealMonth = c.Date.Month()
		c.BookedMonth = closed.booked(LedgerNumber(c.Ledger), c.RealMonth)
		if from.Note.Class != 0 {
			c.Class = from.Note.Class
		}
		if c.Reason = from.Note.Reason; c.Reason != "" {
			c.ExplainedBy = from.Note.By
		}
		if c.ID, err = tx.NewID(); err != nil {
			return nil, err
		}
		if f.booked == nil {
			f.booked = Booked{}
		}
		f.booked[BookedKey{c.RealMonth, c.BookedMonth}]++
	}
	return list, nil
}

var correctionColumns = []string{"id", "party", "ledger", "real_month", "booked_month", "row_id", "sign", "partner", "product_mention", "lot", "kind", "biz_date",
	"doc_no", "quantity", "class", "reason", "explained_by", "run_id", "recorded_at", "undone_at"}

func (tx *Tx) putCorrections(ctx context.Context, list []Correction) error {
	rows := make([][]any, len(list))
	for i, c := range list {
		rows[i] = []any{c.ID, c.Party, LedgerNumber(c.Ledger), c.RealMonth, c.BookedMonth, c.Row, c.Sign, c.Partner, c.Mention, c.Lot, KindNumber(c.Kind), c.Date,
			c.DocNo, int64(c.Quantity), int(c.Class), c.Reason, c.ExplainedBy, c.Run, Micros(c.RecordedAt), Micros(c.UndoneAt)}
	}
	return tx.insertMany(ctx, "flow_correction", correctionColumns, rows, "")
}
