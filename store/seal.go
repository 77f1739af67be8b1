package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jmoiron/sqlx"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"tributary/canonical"
)

// ErrErased says that the data key of a row was destroyed: its person was erased.
var ErrErased = errors.New("the data key was destroyed by an erasure")

// DataKey seals and opens what belongs to one source record of a person (rule 6.7). Safe for concurrent use.
type DataKey struct {
	aead *subtle.AESGCM
	ad   []byte
}

// Seal encrypts a payload.
func (k *DataKey) Seal(plain []byte) ([]byte, error) { return k.aead.Encrypt(plain, k.ad) }

// Open decrypts what Seal made.
func (k *DataKey) Open(sealed []byte) ([]byte, error) { return k.aead.Decrypt(sealed, k.ad) }

func keyContext(key canonical.RecordKey) []byte { return []byte(key.Source + "\x00" + key.ID) }

// DataKeys returns the data keys of the records, making those that do not exist. A key that was destroyed is missing
// from the answer.
func (tx *Tx) DataKeys(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]*DataKey, error) {
	found, seen, err := tx.db.readDataKeys(ctx, tx.querier, keys)
	if err != nil {
		return nil, err
	}
	var rows [][]any
	for _, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		secret := make([]byte, 32)
		if _, err := io.ReadFull(tx.db.cfg.Rand, secret); err != nil {
			return nil, fmt.Errorf("make a data key: %w", err)
		}
		wrapped, err := tx.db.ring.wrap.Encrypt(secret, keyContext(key))
		if err != nil {
			return nil, fmt.Errorf("wrap a data key: %w", err)
		}
		if found[key], err = newDataKey(secret, key); err != nil {
			return nil, err
		}
		rows = append(rows, []any{key.Source, key.ID, wrapped, Micros(tx.Now)})
	}
	return found, tx.insertMany(ctx, "data_key", []string{"source", "source_id", "wrapped", "created_at"}, rows, "")
}

// DataKeys returns the data keys that exist and were not destroyed.
func (db *DB) DataKeys(ctx context.Context, keys []canonical.RecordKey) (map[canonical.RecordKey]*DataKey, error) {
	found, _, err := db.readDataKeys(ctx, db.querier, keys)
	return found, err
}

func (db *DB) readDataKeys(ctx context.Context, q querier, keys []canonical.RecordKey) (map[canonical.RecordKey]*DataKey, map[canonical.RecordKey]bool, error) {
	found, seen := map[canonical.RecordKey]*DataKey{}, map[canonical.RecordKey]bool{}
	bySource := map[string][]string{}
	for _, k := range keys {
		bySource[k.Source] = append(bySource[k.Source], k.ID)
	}
	for source, ids := range bySource {
		err := inChunks(ids, func(part []string) error {
			cond, args := anyOf(q, "source_id", part)
			return q.each(ctx, `SELECT source_id, wrapped FROM data_key WHERE source = ? AND `+cond, append([]any{source}, args...), func(rows *sqlx.Rows) error {
				key := canonical.RecordKey{Source: source}
				var wrapped []byte
				if err := rows.Scan(&key.ID, &wrapped); err != nil {
					return err
				}
				seen[key] = true
				if wrapped == nil {
					return nil
				}
				secret, err := db.ring.wrap.Decrypt(wrapped, keyContext(key))
				if err != nil {
					return fmt.Errorf("unwrap the data key of %s %s: the key ring does not fit this database: %w", key.Source, key.ID, err)
				}
				found[key], err = newDataKey(secret, key)
				return err
			})
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return found, seen, nil
}

func newDataKey(secret []byte, key canonical.RecordKey) (*DataKey, error) {
	a, err := subtle.NewAESGCM(secret)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	return &DataKey{aead: a, ad: keyContext(key)}, nil
}

// DestroyDataKeys makes everything sealed for the records unreadable for ever.
func (tx *Tx) DestroyDataKeys(ctx context.Context, keys []canonical.RecordKey) error {
	for _, k := range keys {
		_, err := tx.exec(ctx, `INSERT INTO data_key (source, source_id, wrapped, created_at, destroyed_at) VALUES (?, ?, NULL, ?, ?)
			ON CONFLICT (source, source_id) DO UPDATE SET wrapped = NULL, destroyed_at = excluded.destroyed_at`,
			k.Source, k.ID, Micros(tx.Now), Micros(tx.Now))
		if err != nil {
			return fmt.Errorf("destroy the data key of %s: %w", k.Source, err)
		}
	}
	return nil
}
