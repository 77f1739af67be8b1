package store

import (
	"context"
	"encoding/json"
	"fmt"
)

// AuditEntry is one line of the audit log: who did what to whom, and why.
type AuditEntry struct {
	Actor   string
	Action  string // customer.unmask, …
	Subject string // id of what it was done to; never a personal value
	Reason  string
	Body    any // details as JSON; nil = {}
}

// Audit appends to the audit log of this process (rule 6.10), in the transaction of what it tells of. Rows of a writer
// are numbered without a gap.
func (tx *Tx) Audit(ctx context.Context, e AuditEntry) error {
	body := []byte("{}")
	if e.Body != nil {
		var err error
		if body, err = json.Marshal(e.Body); err != nil {
			return fmt.Errorf("audit %s: %w", e.Action, err)
		}
	}
	_, err := tx.exec(ctx, `INSERT INTO audit (writer, counter, at, actor, action, subject, reason, body)
		SELECT CAST(? AS text), COALESCE(MAX(counter), 0) + 1, CAST(? AS bigint), CAST(? AS text), CAST(? AS text), CAST(? AS text), CAST(? AS text), CAST(? AS text) FROM audit WHERE writer = ?`,
		tx.db.owner, Micros(tx.Now), e.Actor, e.Action, e.Subject, e.Reason, string(body), tx.db.owner)
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	return nil
}

// AuditRow is a stored line of the audit log.
type AuditRow struct {
	Writer  string `db:"writer"`
	Counter int64  `db:"counter"`
	At      int64  `db:"at"`
	Actor   string `db:"actor"`
	Action  string `db:"action"`
	Subject string `db:"subject"`
	Reason  string `db:"reason"`
	Body    string `db:"body"`
}

// AuditOf reads what was done to a subject, oldest first.
func (db *DB) AuditOf(ctx context.Context, subject string) ([]AuditRow, error) {
	var out []AuditRow
	err := db.sel(ctx, &out, `SELECT writer, counter, at, actor, action, subject, reason, body FROM audit WHERE subject = ? ORDER BY at, writer, counter`, subject)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return out, nil
}
