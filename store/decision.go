package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// The states of a decision.
const (
	DecisionPending = "pending" // a second person has to confirm it; it binds nobody yet
	DecisionDone    = "done"
	DecisionUndone  = "undone"
)

// ErrNoDecision says that no decision has an id.
var ErrNoDecision = errors.New("no such decision")

// Decision is what a steward decided, with the judgements it gave under its id. It is never rewritten but for its state.
type Decision struct {
	ID          canonical.ID
	Verb        string
	Request     string // JSON of what was asked for; never a personal value
	State       string
	Actor       string
	Reason      string
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	ConfirmedBy string
	ConfirmedAt time.Time
	UndoneBy    string
	UndoneAt    time.Time
	UndoReason  string
	Batch       canonical.ID // what it was decided with; zero: alone
}

const decisionColumns = `id, verb, request, state, actor, reason, created_at, expires_at, confirmed_by, confirmed_at, undone_by, undone_at, undo_reason, batch_id`

// PutDecision writes a decision whole.
func (tx *Tx) PutDecision(ctx context.Context, d *Decision) error {
	row := []any{d.ID, d.Verb, d.Request, d.State, d.Actor, d.Reason, Micros(d.CreatedAt), Micros(d.ExpiresAt), d.ConfirmedBy, Micros(d.ConfirmedAt), d.UndoneBy, Micros(d.UndoneAt), d.UndoReason, orNull(d.Batch)}
	return tx.insertMany(ctx, "decision", []string{"id", "verb", "request", "state", "actor", "reason", "created_at", "expires_at", "confirmed_by", "confirmed_at", "undone_by", "undone_at", "undo_reason", "batch_id"},
		[][]any{row}, `ON CONFLICT (id) DO UPDATE SET state = excluded.state, confirmed_by = excluded.confirmed_by, confirmed_at = excluded.confirmed_at,
		undone_by = excluded.undone_by, undone_at = excluded.undone_at, undo_reason = excluded.undo_reason`)
}

// Decision reads one decision; ErrNoDecision when there is none.
func (q querier) Decision(ctx context.Context, id canonical.ID) (Decision, error) {
	list, err := q.decisions(ctx, `id = ?`, id)
	if err == nil && len(list) == 0 {
		err = ErrNoDecision
	}
	if err != nil {
		return Decision{}, err
	}
	return list[0], nil
}

// DecisionsByID reads decisions; ids of none are left out.
func (db *DB) DecisionsByID(ctx context.Context, ids []canonical.ID) (map[canonical.ID]Decision, error) {
	out := make(map[canonical.ID]Decision, len(ids))
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "id", part)
		list, err := db.decisions(ctx, cond, args...)
		for _, d := range list {
			out[d.ID] = d
		}
		return err
	})
	return out, err
}

// Decisions reads the last decisions, newest first; of one state unless it is "".
func (db *DB) Decisions(ctx context.Context, state string, limit int) ([]Decision, error) {
	if state == "" {
		return db.decisions(ctx, `TRUE ORDER BY created_at DESC, id DESC LIMIT ?`, limit)
	}
	return db.decisions(ctx, `state = ? ORDER BY created_at DESC, id DESC LIMIT ?`, state, limit)
}

// DecisionsOfBatch reads the decisions of a batch in the order in which they were made.
func (db *DB) DecisionsOfBatch(ctx context.Context, batch canonical.ID) ([]Decision, error) {
	return db.decisions(ctx, `batch_id = ? ORDER BY created_at, id`, batch)
}

func orNull(id canonical.ID) any {
	if id.IsZero() {
		return nil
	}
	return id
}

func (q querier) decisions(ctx context.Context, where string, args ...any) ([]Decision, error) {
	var out []Decision
	err := q.each(ctx, `SELECT `+decisionColumns+` FROM decision WHERE `+where, args, func(rows *sqlx.Rows) error {
		var d Decision
		var created, expires, confirmed, undone int64
		err := rows.Scan(&d.ID, &d.Verb, &d.Request, &d.State, &d.Actor, &d.Reason, &created, &expires, &d.ConfirmedBy, &confirmed, &d.UndoneBy, &undone, &d.UndoReason, &d.Batch)
		d.CreatedAt, d.ExpiresAt, d.ConfirmedAt, d.UndoneAt = FromMicros(created), FromMicros(expires), FromMicros(confirmed), FromMicros(undone)
		out = append(out, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read decisions: %w", err)
	}
	return out, nil
}
