package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
)

// ErrDelivered says that a delivery is a repetition of an earlier one.
var ErrDelivered = errors.New("the delivery came before")

// Delivery is what a sender posted in one request.
type Delivery struct {
	Connection string
	Streams    []string // each reads it by itself
	Split      bool     // they share its rows
	Marks      [][]byte // what it is known by
	MediaType  string
	Body       []byte
}

// Waiting is a delivery that waits for the reader of one stream.
type Waiting struct {
	Number    int64
	At        time.Time
	MediaType string
	Split     bool
	Body      []byte
}

// Deliver keeps a delivery for each of its streams and notes its marks. ErrDelivered, after any transaction under way with
// one of the marks has ended, says that it is a repetition: the caller must roll back.
func (tx *Tx) Deliver(ctx context.Context, in Delivery) error {
	marks := slices.Clone(in.Marks)
	slices.SortFunc(marks, bytes.Compare) // two deliveries that share marks must not wait for each other
	for _, mark := range marks {
		res, err := tx.exec(ctx, `INSERT INTO inbox_mark (connection, mark, seen_at) VALUES (?, ?, ?) ON CONFLICT (connection, mark) DO NOTHING`, in.Connection, mark, Micros(tx.Now))
		if err := oneRow(res, err, ErrDelivered); err != nil {
			return err
		}
	}
	id, err := tx.NewID()
	if err != nil {
		return err
	}
	sealed, err := tx.db.ring.wrap.Encrypt(in.Body, inboxContext(in.Connection))
	if err != nil {
		return fmt.Errorf("seal a delivery: %w", err)
	}
	rows := make([][]any, 0, len(in.Streams))
	for _, stream := range in.Streams {
		rows = append(rows, []any{id, in.Connection, stream, 0, Micros(tx.Now), in.MediaType, in.Split, sealed})
	}
	return tx.insertMany(ctx, "inbox", []string{"id", "connection", "stream", "number", "received_at", "media_type", "split", "body"}, rows, "")
}

func inboxContext(connection string) []byte { return []byte("inbox\x00" + connection) }

// InboxFull reports whether so many deliveries of a connection wait to be read.
func (q querier) InboxFull(ctx context.Context, connection string, limit int) (bool, error) {
	var n int
	if err := q.get(ctx, &n, `SELECT count(*) FROM (SELECT 1 FROM inbox WHERE connection = ? LIMIT ?) AS w`, connection, limit); err != nil {
		return false, fmt.Errorf("count deliveries: %w", err)
	}
	return n >= limit, nil
}

// InboxState tells how many deliveries to each stream of a connection wait, and when one last came: zero when none did, or
// longer ago than deliveries are remembered.
func (q querier) InboxState(ctx context.Context, connection string) (waiting map[string]int, last time.Time, err error) {
	waiting = map[string]int{}
	err = q.each(ctx, `SELECT stream, count(*) FROM inbox WHERE connection = ? GROUP BY stream`, []any{connection}, func(rows *sqlx.Rows) error {
		var stream string
		var n int
		err := rows.Scan(&stream, &n)
		waiting[stream] = n
		return err
	})
	var at int64
	if err == nil {
		err = q.get(ctx, &at, `SELECT COALESCE(MAX(seen_at), 0) FROM inbox_mark WHERE connection = ?`, connection)
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("look at the inbox: %w", err)
	}
	return waiting, FromMicros(at), nil
}

// numberAtOnce bounds a transaction that gives numbers (rule 6.9).
const numberAtOnce = 5000

// NumberDeliveries numbers what came for a stream and has no number yet, at most 5,000, in the order in which it came. It
// returns the last number that was ever given. A delivery that is committed later gets a later number: reading on from a
// number passes nothing by.
func (db *DB) NumberDeliveries(ctx context.Context, connection, stream string) (last int64, err error) {
	var waits bool
	err = db.get(ctx, &waits, `SELECT EXISTS (SELECT 1 FROM inbox WHERE connection = ? AND stream = ? AND number = 0)`, connection, stream)
	if err == nil && !waits {
		err = db.get(ctx, &last, `SELECT COALESCE(MAX(numbered), 0) FROM inbox_stream WHERE connection = ? AND stream = ?`, connection, stream)
		return last, err
	}
	if err != nil {
		return 0, fmt.Errorf("look for new deliveries: %w", err)
	}
	err = db.InTx(ctx, func(tx *Tx) error {
		// The row is locked by this, made or not: one reader at a time gives numbers.
		if _, err := tx.exec(ctx, `INSERT INTO inbox_stream (connection, stream, numbered) VALUES (?, ?, 0)
			ON CONFLICT (connection, stream) DO UPDATE SET numbered = inbox_stream.numbered`, connection, stream); err != nil {
			return err
		}
		if err := tx.get(ctx, &last, `SELECT numbered FROM inbox_stream WHERE connection = ? AND stream = ?`, connection, stream); err != nil {
			return err
		}
		res, err := tx.exec(ctx, `UPDATE inbox SET number = w.place + ? FROM (SELECT id, row_number() OVER (ORDER BY received_at, id) AS place FROM inbox
			WHERE connection = ? AND stream = ? AND number = 0 ORDER BY received_at, id LIMIT ?) AS w WHERE inbox.id = w.id AND inbox.stream = ?`,
			last, connection, stream, numberAtOnce, stream)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err != nil {
			return err
		}
		last += n
		return tx.execOne(ctx, `UPDATE inbox_stream SET numbered = ? WHERE connection = ? AND stream = ?`, last, connection, stream)
	})
	if err != nil {
		return 0, fmt.Errorf("number deliveries: %w", err)
	}
	return last, nil
}

// Deliveries lists the deliveries of a stream with after < number ≤ upTo, in order, until limit or maxBytes are reached.
func (db *DB) Deliveries(ctx context.Context, connection, stream string, after, upTo int64, limit, maxBytes int) ([]Waiting, error) {
	var out []Waiting
	enough := errors.New("enough")
	size := 0
	err := db.each(ctx, `SELECT number, received_at, media_type, split, body FROM inbox WHERE connection = ? AND stream = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?`,
		[]any{connection, stream, after, upTo, limit}, func(rows *sqlx.Rows) error {
			var d Waiting
			var at int64
			var sealed []byte
			if err := rows.Scan(&d.Number, &at, &d.MediaType, &d.Split, &sealed); err != nil {
				return err
			}
			var err error
			if d.Body, err = db.ring.wrap.Decrypt(sealed, inboxContext(connection)); err != nil {
				return fmt.Errorf("open delivery %d: the key ring does not fit this database: %w", d.Number, err)
			}
			d.At = FromMicros(at)
			out = append(out, d)
			if size += len(d.Body); size >= maxBytes {
				return enough
			}
			return nil
		})
	if err != nil && !errors.Is(err, enough) {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return out, nil
}

// DropDeliveries forgets the deliveries of a stream up to a number. Those without a number stay.
func (tx *Tx) DropDeliveries(ctx context.Context, connection, stream string, upTo int64) error {
	_, err := tx.exec(ctx, `DELETE FROM inbox WHERE connection = ? AND stream = ? AND number > 0 AND number <= ?`, connection, stream, upTo)
	if err != nil {
		return fmt.Errorf("forget deliveries: %w", err)
	}
	return nil
}

// ForgetDeliveries forgets what deliveries of a connection before a time are known by.
func (tx *Tx) ForgetDeliveries(ctx context.Context, connection string, before time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM inbox_mark WHERE connection = ? AND seen_at < ?`, connection, Micros(before))
	if err != nil {
		return fmt.Errorf("forget old deliveries: %w", err)
	}
	return nil
}
