package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// Erase carries out the erasure of persons (rule 6.7) for the records that bear these keys: their data keys are
// destroyed, so that records, versions, raw rows and quarantined rows can never be read again; the keys are suppressed,
// so that rows the source sends later are filtered; the records become deleted and dirty, so that the resolver takes
// them out of their golden records. Ids, counts and judgements stay.
func (tx *Tx) Erase(ctx context.Context, keys []canonical.RecordKey) error {
	if err := tx.DestroyDataKeys(ctx, keys); err != nil {
		return err
	}
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{tx.suppressionHash(k), Micros(tx.Now)}
	}
	if err := tx.insertMany(ctx, "suppression", []string{"key_hash", "created_at"}, rows, "ON CONFLICT (key_hash) DO NOTHING"); err != nil {
		return fmt.Errorf("suppress erased keys: %w", err)
	}
	for _, k := range keys {
		_, err := tx.exec(ctx, `UPDATE source_record SET payload = ?, hash = ?, deleted = TRUE, dirty = (entity = 'customer' OR entity = 'affiliation'), version = version + 1, updated_at = ?
			WHERE source = ? AND source_id = ? AND (personal = TRUE OR entity = 'customer')`, []byte("{}"), []byte("erased"), Micros(tx.Now), k.Source, k.ID)
		if err != nil {
			return fmt.Errorf("blank the records of %s: %w", k.Source, err)
		}
		_, err = tx.exec(ctx, `UPDATE quarantine SET raw = ?, status = 'discarded', decided_by = 'erasure', decided_at = ? WHERE sealed = TRUE AND source = ? AND source_id = ? AND status = 'open'`,
			[]byte{}, Micros(tx.Now), k.Source, k.ID)
		if err != nil {
			return fmt.Errorf("discard quarantined rows of %s: %w", k.Source, err)
		}
	}
	return nil
}

func (tx *Tx) suppressionHash(k canonical.RecordKey) []byte {
	return tx.db.ring.Hash("suppress", k.Source, k.ID)
}

// suppressedKeys says which keys were erased. Nothing is hashed while nobody ever was.
func (tx *Tx) suppressedKeys(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]bool, error) {
	var any int
	if err := tx.get(ctx, &any, `SELECT COUNT(*) FROM (SELECT 1 FROM suppression LIMIT 1) AS s`); err != nil || any == 0 {
		return nil, err
	}
	byHash := make(map[string]canonical.RecordKey, len(keys))
	hashes := make([][]byte, 0, len(keys))
	for _, k := range keys {
		h := tx.suppressionHash(k)
		if _, seen := byHash[string(h)]; !seen {
			byHash[string(h)] = k
			hashes = append(hashes, h)
		}
	}
	out := map[canonical.RecordKey]bool{}
	err := inChunks(hashes, func(part [][]byte) error {
		cond, args := anyOf(tx.querier, "key_hash", part)
		return tx.each(ctx, `SELECT key_hash FROM suppression WHERE `+cond, args, func(rows *sqlx.Rows) error {
			var h []byte
			if err := rows.Scan(&h); err != nil {
				return err
			}
			out[byHash[string(h)]] = true
			return nil
		})
	})
	return out, err
}
