package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// AuditEntry is one line of the audit log: who did what to whom, and why.
type AuditEntry struct {
	Actor   string
	Action  string // customer.unmask, recall.advance, …
	Subject string // id of what it was done to; never a personal value
	Reason  string
	Body    any // details as JSON, for a change best a Change; nil = {}. No personal values.
}

// Change is the body of an audit line that tells what was there before and after. Either may be nil.
type Change struct {
	Before any `json:"before,omitempty"`
	After  any `json:"after,omitempty"`
}

// Audit appends to the audit log of this process (rule 6.10), in the transaction of what it tells of. Rows of a writer
// are numbered without a gap. The row is written as the last act of the transaction, so that transactions of one
// process wait for each other no longer than their commit takes, and never in a circle.
func (tx *Tx) Audit(_ context.Context, e AuditEntry) error {
	body, err := canonicalJSON(e.Body)
	if err != nil {
		return fmt.Errorf("audit %s: %w", e.Action, err)
	}
	tx.audits = append(tx.audits, AuditRow{Writer: tx.db.owner, At: Micros(tx.Now), Actor: plain(e.Actor), Action: e.Action, Subject: plain(e.Subject), Reason: plain(e.Reason), Body: body})
	return nil
}

// plain keeps what both databases can store as text.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// canonicalJSON renders a value with sorted keys and without spaces, so that equal bodies are equal texts.
func canonicalJSON(v any) (string, error) {
	if v == nil {
		return "{}", nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return "", err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// writeAudits numbers and stores the lines of the transaction. The update of the writer's row holds until commit: rows
// become visible in the order of their numbers, and a rolled back transaction gives its numbers back.
func (tx *Tx) writeAudits(ctx context.Context) error {
	if len(tx.audits) == 0 {
		return nil
	}
	var last int64
	err := tx.get(ctx, &last, `INSERT INTO audit_writer (writer, counter, sealed, head) VALUES (?, ?, 0, ?)
		ON CONFLICT (writer) DO UPDATE SET counter = audit_writer.counter + excluded.counter RETURNING counter`, tx.db.owner, len(tx.audits), []byte{})
	if err != nil {
		return fmt.Errorf("number the audit lines: %w", err)
	}
	rows := make([][]any, len(tx.audits))
	for i, r := range tx.audits {
		rows[i] = []any{r.Writer, last - int64(len(tx.audits)-1-i), r.At, r.Actor, r.Action, r.Subject, r.Reason, r.Body}
	}
	if err := tx.insertMany(ctx, "audit", strings.Split(strings.ReplaceAll(auditColumns, " ", ""), ","), rows, ""); err != nil {
		return err
	}
	tx.db.audited.Store(true)
	return nil
}

const auditColumns = `writer, counter, at, actor, action, subject, reason, body`

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
	err := db.sel(ctx, &out, `SELECT `+auditColumns+` FROM audit WHERE subject = ? ORDER BY at, writer, counter`, subject)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return out, nil
}

// Audited reports whether this process has written audit lines since it opened the database.
func (db *DB) Audited() bool { return db.audited.Load() }
