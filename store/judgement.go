package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/dedupe"
)

// Judgement is a binding word on two source records with the decision that gave it.
type Judgement struct {
	dedupe.Judgement
	Decision canonical.ID // zero for one that came without a decision
}

// JudgementsOf reads the judgements in force at asOf that name one of the records, each once, in a fixed order.
func (db *DB) JudgementsOf(ctx context.Context, keys []canonical.RecordKey, asOf int64) ([]Judgement, error) {
	var one int
	if err := db.get(ctx, &one, `SELECT COUNT(*) FROM (SELECT 1 FROM judgement LIMIT 1) AS j`); err != nil || one == 0 {
		return nil, err
	}
	bySource := map[string][]string{}
	for _, k := range keys {
		bySource[k.Source] = append(bySource[k.Source], k.ID)
	}
	var out []Judgement
	seen := map[canonical.ID]bool{}
	for source, ids := range bySource {
		err := inChunks(ids, func(part []string) error {
			for _, end := range []string{"a", "b"} {
				cond, args := anyOf(db.querier, end+"_id", part)
				err := db.each(ctx, `SELECT id, a_source, a_id, b_source, b_id, verdict, created_at, decision_id FROM judgement
					WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?) AND `+end+`_source = ? AND `+cond,
					append([]any{asOf, source}, args...), func(rows *sqlx.Rows) error {
						var id canonical.ID
						var j Judgement
						var verdict string
						var at int64
						err := rows.Scan(&id, &j.A.Source, &j.A.ID, &j.B.Source, &j.B.ID, &verdict, &at, &j.Decision)
						j.Same, j.At = verdict == "must", FromMicros(at)
						if !seen[id] {
							seen[id] = true
							out = append(out, j)
						}
						return err
					})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read judgements: %w", err)
		}
	}
	return out, nil
}

// JudgementsInForce reads all judgements in force at asOf, oldest first.
func (db *DB) JudgementsInForce(ctx context.Context, asOf int64) ([]Judgement, error) {
	var out []Judgement
	err := db.each(ctx, `SELECT a_source, a_id, b_source, b_id, verdict, created_at, decision_id FROM judgement
		WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?) ORDER BY created_at, id`, []any{asOf}, func(rows *sqlx.Rows) error {
		var j Judgement
		var verdict string
		var at int64
		err := rows.Scan(&j.A.Source, &j.A.ID, &j.B.Source, &j.B.ID, &verdict, &at, &j.Decision)
		j.Same, j.At = verdict == "must", FromMicros(at)
		out = append(out, j)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read judgements: %w", err)
	}
	return out, nil
}

// AddJudgements stores the judgements of a decision, in force from this transaction on, and makes the records they name
// wait for resolution. The resolver's lease must be held, or a run at work would not see them.
func (tx *Tx) AddJudgements(ctx context.Context, d *Decision, list []dedupe.Judgement) error {
	rows := make([][]any, len(list))
	for i, j := range list {
		id, err := tx.NewID()
		if err != nil {
			return err
		}
		verdict := "cannot"
		if j.Same {
			verdict = "must"
		}
		var expires any
		if !d.ExpiresAt.IsZero() {
			expires = Micros(d.ExpiresAt)
		}
		rows[i] = []any{id, j.A.Source, j.A.ID, j.B.Source, j.B.ID, verdict, d.Actor, d.Reason, Micros(tx.Now), expires, nil, d.ID}
	}
	if err := tx.bulk(ctx, "judgement", []string{"id", "a_source", "a_id", "b_source", "b_id", "verdict", "actor", "reason", "created_at", "expires_at", "revoked_at", "decision_id"}, rows); err != nil {
		return err
	}
	return tx.markJudged(ctx, `j.decision_id = ?`, d.ID)
}

// RevokeJudgements ends the judgements of a decision and makes the records they name wait for resolution.
func (tx *Tx) RevokeJudgements(ctx context.Context, decision canonical.ID) error {
	if err := tx.markJudged(ctx, `j.decision_id = ? AND j.revoked_at IS NULL`, decision); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `UPDATE judgement SET revoked_at = ? WHERE decision_id = ? AND revoked_at IS NULL`, Micros(tx.Now), decision); err != nil {
		return fmt.Errorf("revoke judgements: %w", err)
	}
	return nil
}

// JudgedBy lists the records that the judgements of a decision name, those revoked too.
func (db *DB) JudgedBy(ctx context.Context, decision canonical.ID) ([]canonical.RecordKey, error) {
	var out []canonical.RecordKey
	err := db.each(ctx, `SELECT a_source, a_id FROM judgement WHERE decision_id = ? UNION SELECT b_source, b_id FROM judgement WHERE decision_id = ?`,
		[]any{decision, decision}, func(rows *sqlx.Rows) error {
			var k canonical.RecordKey
			err := rows.Scan(&k.Source, &k.ID)
			out = append(out, k)
			return err
		})
	return out, err
}

// Expired reports whether something expired by asOf that the resolver does not know of yet.
func (db *DB) Expired(ctx context.Context, asOf int64) (bool, error) {
	var waits bool
	err := db.get(ctx, &waits, `SELECT EXISTS (SELECT 1 FROM judgement WHERE lapsed = FALSE AND expires_at IS NOT NULL AND expires_at <= ?)
		OR EXISTS (SELECT 1 FROM attribute_override WHERE ended_at = 0 AND expires_at > 0 AND expires_at <= ?)`, asOf, asOf)
	return waits, err
}

// LapseJudgements makes the records wait for resolution whose judgements have expired by asOf, each judgement once.
func (tx *Tx) LapseJudgements(ctx context.Context, asOf int64) error {
	const lapsed = `lapsed = FALSE AND expires_at IS NOT NULL AND expires_at <= ?`
	if err := tx.markJudged(ctx, `j.lapsed = FALSE AND j.expires_at IS NOT NULL AND j.expires_at <= ?`, asOf); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `UPDATE judgement SET lapsed = TRUE WHERE `+lapsed, asOf); err != nil {
		return fmt.Errorf("lapse judgements: %w", err)
	}
	return nil
}

// markJudged makes the records wait that the selected judgements (j) name.
func (tx *Tx) markJudged(ctx context.Context, where string, args ...any) error {
	for _, end := range []string{"a", "b"} {
		var ids []int64
		err := tx.sel(ctx, &ids, `SELECT DISTINCT r.id FROM judgement j JOIN source_record r ON r.entity = 'customer' AND r.source = j.`+end+`_source AND r.source_id = j.`+end+`_id WHERE `+where, args...)
		if err == nil {
			err = tx.MarkDirty(ctx, ids)
		}
		if err != nil {
			return fmt.Errorf("mark judged records: %w", err)
		}
	}
	return nil
}
