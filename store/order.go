package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// ErrNoOrder says that no order has a key.
var ErrNoOrder = errors.New("no such order")

// Order is an order on its way into the system that takes it.
type Order struct {
	ID         canonical.ID
	Key        string // the requester's
	Connection string
	Requester  string
	Hash       string          // of the content
	Payload    json.RawMessage // canonical.OrderRequest
	Customer   string          // its customer's code in the system that takes it
	State      canonical.OrderState
	ExternalID string // in that system, "" before
	Number     string
	Step       string
	Problem    *Notice // what stood in the way
	Attempts   int
	BegunAt    time.Time // when the last call that may have done something began; zero = never
	NextAt     time.Time // when it is the order's turn again
	Version    int64     // entityversion of its events
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

const orderColumns = `id, key, connection, requester, hash, payload, customer, state, external_id, number, step, problem, attempts, begun_at, next_at, entity_version, created_at, updated_at`

// orderWaits is the condition of the index over orders that have not ended.
const orderWaits = `state IN ('accepted', 'sending', 'unknown')`

// AddOrder stores a new order at version 1. It reports false when its key is taken, after any transaction under way with
// the same key has ended.
func (tx *Tx) AddOrder(ctx context.Context, o *Order) (bool, error) {
	o.Version, o.CreatedAt, o.UpdatedAt, o.NextAt = 1, tx.Now, tx.Now, tx.Now
	res, err := tx.exec(ctx, `INSERT INTO sales_order (`+orderColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
		o.ID, o.Key, o.Connection, o.Requester, o.Hash, string(o.Payload), o.Customer, string(o.State), o.ExternalID, o.Number, o.Step, noticeText(o.Problem), o.Attempts,
		Micros(o.BegunAt), Micros(o.NextAt), o.Version, Micros(o.CreatedAt), Micros(o.UpdatedAt))
	if err != nil {
		return false, fmt.Errorf("store order: %w", err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// LockOrder reads an order for a change: until the transaction ends nobody else changes it.
func (tx *Tx) LockOrder(ctx context.Context, key string) (Order, error) {
	res, err := tx.exec(ctx, `UPDATE sales_order SET updated_at = updated_at WHERE key = ?`, key)
	if err := oneRow(res, err, ErrNoOrder); err != nil {
		return Order{}, err
	}
	return tx.Order(ctx, key)
}

// SaveOrder stores what became of an order. Key, content and connection never change.
func (tx *Tx) SaveOrder(ctx context.Context, o *Order) error {
	o.UpdatedAt = tx.Now
	err := tx.execOne(ctx, `UPDATE sales_order SET state = ?, external_id = ?, number = ?, step = ?, problem = ?, attempts = ?, begun_at = ?, next_at = ?, entity_version = ?, updated_at = ? WHERE id = ?`,
		string(o.State), o.ExternalID, o.Number, o.Step, noticeText(o.Problem), o.Attempts, Micros(o.BegunAt), Micros(o.NextAt), o.Version, Micros(o.UpdatedAt), o.ID)
	if err != nil {
		return fmt.Errorf("store order: %w", err)
	}
	return nil
}

// Order reads an order by its key.
func (q querier) Order(ctx context.Context, key string) (Order, error) {
	return q.oneOrder(ctx, `key = ?`, key)
}

// NextOrder is the order of a connection whose turn is next among those that have not ended; ErrNoOrder when none waits.
// Its turn may lie in the future.
func (db *DB) NextOrder(ctx context.Context, connection string) (Order, error) {
	return db.oneOrder(ctx, `connection = ? AND `+orderWaits+` ORDER BY next_at, id LIMIT 1`, connection)
}

// PlacedOrders are the keys of orders that were seen in the system that takes them, the newest first, without one key.
func (db *DB) PlacedOrders(ctx context.Context, connection, without string, limit int) ([]string, error) {
	var out []string
	err := db.sel(ctx, &out, `SELECT key FROM sales_order WHERE connection = ? AND external_id <> '' AND key <> ? ORDER BY created_at DESC, id DESC LIMIT ?`, connection, without, limit)
	if err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	return out, nil
}

// OrderFilter selects orders; empty fields do not.
type OrderFilter struct {
	State      canonical.OrderState
	Connection string
	Requester  string
	Limit      int
}

// Orders lists orders, newest first.
func (db *DB) Orders(ctx context.Context, f OrderFilter) ([]Order, error) {
	where, args := `TRUE`, []any{}
	for _, c := range []struct{ column, value string }{{"state", string(f.State)}, {"connection", f.Connection}, {"requester", f.Requester}} {
		if c.value != "" {
			where, args = where+` AND `+c.column+` = ?`, append(args, c.value)
		}
	}
	return db.someOrders(ctx, where+` ORDER BY created_at DESC, id DESC LIMIT ?`, append(args, f.Limit)...)
}

// OrderCount is how many orders of a connection are in a state.
type OrderCount struct {
	Connection string               `db:"connection"`
	State      canonical.OrderState `db:"state"`
	Count      int64                `db:"n"`
}

// CountOrders counts orders by connection and state.
func (db *DB) CountOrders(ctx context.Context) ([]OrderCount, error) {
	var out []OrderCount
	if err := db.sel(ctx, &out, `SELECT connection, state, count(*) AS n FROM sales_order GROUP BY connection, state ORDER BY connection, state`); err != nil {
		return nil, fmt.Errorf("count orders: %w", err)
	}
	return out, nil
}

// CodesIn lists the ids under which a source knows a customer.
func (db *DB) CodesIn(ctx context.Context, golden canonical.ID, source string) ([]string, error) {
	var out []string
	err := db.sel(ctx, &out, `SELECT r.source_id FROM crosswalk c JOIN source_record r ON r.id = c.record_id
		WHERE c.golden_id = ? AND c.known_to IS NULL AND r.source = ? ORDER BY r.source_id`, golden, source)
	if err != nil {
		return nil, fmt.Errorf("find the codes of a customer: %w", err)
	}
	return out, nil
}

func (q querier) oneOrder(ctx context.Context, where string, args ...any) (Order, error) {
	list, err := q.someOrders(ctx, where, args...)
	if err == nil && len(list) == 0 {
		err = ErrNoOrder
	}
	if err != nil {
		return Order{}, err
	}
	return list[0], nil
}

func (q querier) someOrders(ctx context.Context, where string, args ...any) ([]Order, error) {
	var out []Order
	err := q.each(ctx, `SELECT `+orderColumns+` FROM sales_order WHERE `+where, args, func(rows *sqlx.Rows) error {
		var o Order
		var payload, problem string
		var begun, next, created, updated int64
		err := rows.Scan(&o.ID, &o.Key, &o.Connection, &o.Requester, &o.Hash, &payload, &o.Customer, &o.State, &o.ExternalID, &o.Number, &o.Step, &problem, &o.Attempts,
			&begun, &next, &o.Version, &created, &updated)
		o.Payload = json.RawMessage(payload)
		if problem != "" && err == nil {
			err = json.Unmarshal([]byte(problem), &o.Problem)
		}
		o.BegunAt, o.NextAt, o.CreatedAt, o.UpdatedAt = FromMicros(begun), FromMicros(next), FromMicros(created), FromMicros(updated)
		out = append(out, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	return out, nil
}

// noticeText is a notice as a column keeps it; "" when there is none.
func noticeText(n *Notice) string {
	if n == nil {
		return ""
	}
	b, err := json.Marshal(n)
	if err != nil {
		return "" // made of texts and numbers
	}
	return string(b)
}
