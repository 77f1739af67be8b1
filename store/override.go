package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/dedupe"
)

// The modes of an override.
const (
	OverrideSet = "set" // the value stands in the place of what sources say
	OverrideAdd = "add" // the values of a list stand beside what sources say
)

// Override is a value that a steward gives to a customer. It belongs to the customer that holds the first living one of
// its anchors, so it follows the records through merges and splits and does not hang on a golden id.
type Override struct {
	ID        canonical.ID
	Attribute string
	Mode      string
	Personal  bool               // sealed at rest under the data key of the first anchor
	Value     canonical.Customer // only the attribute's field counts
	Actor     string
	Reason    string
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	Anchors   []canonical.RecordKey
}

// Dedupe is the override as survivorship takes it.
func (o *Override) Dedupe() dedupe.Override {
	return dedupe.Override{Attribute: o.Attribute, Value: o.Value, Add: o.Mode == OverrideAdd, By: o.Actor, At: o.CreatedAt}
}

// PutOverride stores an override and makes its anchors wait for resolution. The resolver's lease must be held.
func (tx *Tx) PutOverride(ctx context.Context, o *Override) error {
	value, err := json.Marshal(o.Value)
	if err != nil {
		return fmt.Errorf("render override: %w", err)
	}
	if o.Personal {
		keys, err := tx.DataKeys(ctx, o.Anchors[:1])
		if err != nil {
			return err
		}
		key := keys[o.Anchors[0]]
		if key == nil {
			return fmt.Errorf("override: %w", ErrErased)
		}
		if value, err = key.Seal(value); err != nil {
			return fmt.Errorf("seal override: %w", err)
		}
	}
	err = tx.insertMany(ctx, "attribute_override",
		[]string{"id", "attribute", "mode", "personal", "value", "actor", "reason", "created_at", "expires_at", "ended_by", "ended_at", "end_reason"},
		[][]any{{o.ID, o.Attribute, o.Mode, o.Personal, value, o.Actor, o.Reason, Micros(o.CreatedAt), Micros(o.ExpiresAt), "", 0, ""}}, "")
	if err != nil {
		return err
	}
	rows := make([][]any, len(o.Anchors))
	for i, k := range o.Anchors {
		rows[i] = []any{o.ID, i, k.Source, k.ID}
	}
	if err := tx.insertMany(ctx, "override_anchor", []string{"override_id", "place", "source", "source_id"}, rows, ""); err != nil {
		return err
	}
	return tx.markAnchors(ctx, `o.id = ?`, o.ID)
}

// EndOverride ends an override and makes its anchors wait for resolution. The resolver's lease must be held.
func (tx *Tx) EndOverride(ctx context.Context, id canonical.ID, by, reason string) error {
	if err := tx.markAnchors(ctx, `o.id = ?`, id); err != nil {
		return err
	}
	return tx.execOne(ctx, `UPDATE attribute_override SET ended_by = ?, ended_at = ?, end_reason = ? WHERE id = ?`, by, Micros(tx.Now), reason, id)
}

// LapseOverrides ends the overrides that have expired by asOf.
func (tx *Tx) LapseOverrides(ctx context.Context, asOf int64) error {
	if err := tx.markAnchors(ctx, `o.ended_at = 0 AND o.expires_at > 0 AND o.expires_at <= ?`, asOf); err != nil {
		return err
	}
	_, err := tx.exec(ctx, `UPDATE attribute_override SET ended_at = expires_at, end_reason = 'expired' WHERE ended_at = 0 AND expires_at > 0 AND expires_at <= ?`, asOf)
	return err
}

// markAnchors makes the records wait at which the selected overrides (o) hang.
func (tx *Tx) markAnchors(ctx context.Context, where string, args ...any) error {
	var ids []int64
	err := tx.sel(ctx, &ids, `SELECT DISTINCT r.id FROM attribute_override o JOIN override_anchor a ON a.override_id = o.id
		JOIN source_record r ON r.entity = 'customer' AND r.source = a.source AND r.source_id = a.source_id WHERE `+where, args...)
	if err == nil {
		err = tx.MarkDirty(ctx, ids)
	}
	if err != nil {
		return fmt.Errorf("mark overridden records: %w", err)
	}
	return nil
}

// OverridesOf reads the overrides in force at asOf that hang at one of the records, oldest first. What was sealed for a
// person who was erased is left out.
func (db *DB) OverridesOf(ctx context.Context, keys []canonical.RecordKey, asOf int64) ([]Override, error) {
	var one int
	if err := db.get(ctx, &one, `SELECT COUNT(*) FROM (SELECT 1 FROM attribute_override LIMIT 1) AS o`); err != nil || one == 0 {
		return nil, err
	}
	bySource := map[string][]string{}
	for _, k := range keys {
		bySource[k.Source] = append(bySource[k.Source], k.ID)
	}
	found := map[canonical.ID]bool{}
	for source, ids := range bySource {
		err := inChunks(ids, func(part []string) error {
			cond, args := anyOf(db.querier, "source_id", part)
			return db.each(ctx, `SELECT override_id FROM override_anchor WHERE source = ? AND `+cond, append([]any{source}, args...), func(rows *sqlx.Rows) error {
				var id canonical.ID
				err := rows.Scan(&id)
				found[id] = true
				return err
			})
		})
		if err != nil {
			return nil, fmt.Errorf("read overrides: %w", err)
		}
	}
	wanted := make([]canonical.ID, 0, len(found))
	for id := range found {
		wanted = append(wanted, id)
	}
	var out []Override
	err := inChunks(wanted, func(part []canonical.ID) error {
		list, err := db.overrides(ctx, part, asOf)
		out = append(out, list...)
		return err
	})
	return out, err
}

func (db *DB) overrides(ctx context.Context, ids []canonical.ID, asOf int64) ([]Override, error) {
	cond, args := anyOf(db.querier, "override_id", ids)
	anchors := map[canonical.ID][]canonical.RecordKey{}
	err := db.each(ctx, `SELECT override_id, source, source_id FROM override_anchor WHERE `+cond+` ORDER BY override_id, place`, args, func(rows *sqlx.Rows) error {
		var id canonical.ID
		var k canonical.RecordKey
		err := rows.Scan(&id, &k.Source, &k.ID)
		anchors[id] = append(anchors[id], k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read overrides: %w", err)
	}
	var out []Override
	var values [][]byte
	var sealed []canonical.RecordKey
	cond, args = anyOf(db.querier, "id", ids)
	err = db.each(ctx, `SELECT id, attribute, mode, personal, value, actor, reason, created_at, expires_at FROM attribute_override
		WHERE ended_at = 0 AND (expires_at = 0 OR expires_at > ?) AND `+cond+` ORDER BY created_at, id`, append([]any{asOf}, args...), func(rows *sqlx.Rows) error {
		var o Override
		var value []byte
		var created, expires int64
		err := rows.Scan(&o.ID, &o.Attribute, &o.Mode, &o.Personal, &value, &o.Actor, &o.Reason, &created, &expires)
		o.CreatedAt, o.ExpiresAt, o.Anchors = FromMicros(created), FromMicros(expires), anchors[o.ID]
		if o.Personal {
			sealed = append(sealed, o.Anchors[0])
		}
		out, values = append(out, o), append(values, value)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read overrides: %w", err)
	}
	keys, err := db.DataKeys(ctx, sealed)
	if err != nil {
		return nil, err
	}
	kept := out[:0]
	for i, o := range out {
		if o.Personal {
			key := keys[o.Anchors[0]]
			if key == nil {
				continue
			}
			if values[i], err = key.Open(values[i]); err != nil {
				return nil, fmt.Errorf("open override %s: %w", o.ID, err)
			}
		}
		if err := json.Unmarshal(values[i], &o.Value); err != nil {
			return nil, fmt.Errorf("read override %s: %w", o.ID, err)
		}
		kept = append(kept, o)
	}
	return kept, nil
}
