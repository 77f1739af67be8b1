package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// Feed is a ledger of a party as it comes in.
type Feed struct {
	Party    int64
	Ledger   canonical.Ledger
	LastDate canonical.Date // latest business date that came; none of the future
	LastAt   time.Time      // when rows last came; zero = never
	Cadence  string         // "" = the usual one
	Reason   string         // why it is silent, as a person said
	Note     string
	Until    canonical.Date // the last day for which the reason holds
	SaidBy   string
	SaidAt   time.Time
	Level    int   // of silence, as it was told
	Told     int64 // events about it
}

// hear notes what came of each ledger, whether it was news or not.
func (u *flowUnit) hear(ctx context.Context) error {
	today := canonical.DateOf(u.tx.Now.In(time.FixedZone("+08:00", 8*3600)))
	type key struct{ party, ledger int64 }
	latest := map[key]canonical.Date{}
	for _, w := range u.writers {
		for i := range w.batch.Rows {
			r := &w.batch.Rows[i]
			if r.Deleted || r.Line.Date.IsZero() {
				continue
			}
			k := key{w.f.party, int64(LedgerNumber(r.Line.Ledger))}
			latest[k] = max(latest[k], min(r.Line.Date, today))
		}
	}
	rows := make([][]any, 0, len(latest))
	for k, date := range latest {
		rows = append(rows, []any{k.party, k.ledger, date, Micros(u.tx.Now), "", "", "", nil, "", 0, 0, 0})
	}
	slices.SortFunc(rows, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[0].(int64), b[0].(int64)), cmp.Compare(a[1].(int64), b[1].(int64)))
	})
	return u.tx.insertMany(ctx, "feed", []string{"party", "ledger", "last_date", "last_at", "cadence", "reason", "note", "until", "said_by", "said_at", "level", "told"}, rows,
		`ON CONFLICT (party, ledger) DO UPDATE SET last_at = excluded.last_at,
		last_date = CASE WHEN feed.last_date IS NULL OR feed.last_date < excluded.last_date THEN excluded.last_date ELSE feed.last_date END`)
}

// Feeds lists what comes in, by party and ledger.
func (q querier) Feeds(ctx context.Context) ([]Feed, error) {
	var out []Feed
	err := q.each(ctx, `SELECT party, ledger, last_date, last_at, cadence, reason, note, until, said_by, said_at, level, told FROM feed ORDER BY party, ledger`, nil, func(rows *sqlx.Rows) error {
		var f Feed
		var ledger int
		var last, said int64
		err := rows.Scan(&f.Party, &ledger, &f.LastDate, &last, &f.Cadence, &f.Reason, &f.Note, &f.Until, &f.SaidBy, &said, &f.Level, &f.Told)
		f.Ledger, f.LastAt, f.SaidAt = LedgerOf(ledger), FromMicros(last), FromMicros(said)
		out = append(out, f)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read feeds: %w", err)
	}
	return out, nil
}

// PutFeed stores what a person said of a feed, and what was told of it; what came stays as it is.
func (tx *Tx) PutFeed(ctx context.Context, f Feed) error {
	_, err := tx.exec(ctx, `INSERT INTO feed (party, ledger, last_date, last_at, cadence, reason, note, until, said_by, said_at, level, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (party, ledger) DO UPDATE SET cadence = excluded.cadence, reason = excluded.reason, note = excluded.note, until = excluded.until,
		said_by = excluded.said_by, said_at = excluded.said_at, level = excluded.level, told = excluded.told`,
		f.Party, LedgerNumber(f.Ledger), f.LastDate, Micros(f.LastAt), f.Cadence, f.Reason, f.Note, f.Until, f.SaidBy, Micros(f.SaidAt), f.Level, f.Told)
	if err != nil {
		return fmt.Errorf("store what is expected of a feed: %w", err)
	}
	return nil
}
