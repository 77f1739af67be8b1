package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/epcis"
	"tributary/trace/finding"
)

// KnownEvent is what captured events are compared by.
type KnownEvent struct {
	Hash  string
	Wrong bool // declared wrong
}

// EPCISKnown tells which events were captured before, by id.
func (q querier) EPCISKnown(ctx context.Context, ids []string) (map[string]KnownEvent, error) {
	out := map[string]KnownEvent{}
	err := inChunks(ids, func(part []string) error {
		cond, args := anyOf(q, "id", part)
		return q.each(ctx, `SELECT id, hash, wrong_at FROM epcis_event WHERE `+cond, args, func(rows *sqlx.Rows) error {
			var id string
			var k KnownEvent
			var wrong int64
			err := rows.Scan(&id, &k.Hash, &wrong)
			k.Wrong = wrong != 0
			out[id] = k
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look up captured events: %w", err)
	}
	return out, nil
}

// PutEPCIS stores new events. An id that is stored already fails the transaction.
func (tx *Tx) PutEPCIS(ctx context.Context, list []*epcis.Event, by string) error {
	var events, items [][]any
	var watched []string
	for _, e := range list {
		if slices.Contains(finding.Watched(), e.BizStep) {
			watched = append(watched, eventScope+e.ID)
		}
		parties, err := json.Marshal(e.Partners)
		if err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		wrong, reason, corrective := int64(0), "", []string{}
		if d := e.Error; d != nil {
			wrong, reason, corrective = Micros(d.Time), d.Reason, append(corrective, d.Corrective...)
		}
		corrected, err := json.Marshal(corrective)
		if err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		events = append(events, []any{e.ID, e.Hash, e.Type, e.Action, Micros(e.Time), e.Offset, e.BizStep, e.Disposition, e.ReadPoint, e.BizLocation, e.Lot, e.Expiry, string(parties),
			e.Body, Micros(tx.Now), by, wrong, reason, string(corrected)})
		for i, item := range e.Items {
			uri := item.URI
			if uri == item.ID.Key {
				uri = ""
			}
			items = append(items, []any{e.ID, int64(i), string(item.Role), item.ID.Key, uri, item.ID.Class, item.Quantity, item.Unit})
		}
	}
	err := tx.bulk(ctx, "epcis_event", []string{"id", "hash", "type", "action", "event_time", "zone", "biz_step", "disposition", "read_point", "biz_location", "lot", "exp_date", "parties",
		"body", "captured_at", "captured_by", "wrong_at", "wrong_reason", "corrected_by"}, events)
	if err != nil {
		return err
	}
	if err := tx.bulk(ctx, "epcis_item", []string{"event_id", "seq", "role", "key", "uri", "class", "quantity", "unit"}, items); err != nil {
		return err
	}
	return tx.markFindings(ctx, watched)
}

// DeclareEPCIS marks a stored event as wrong. The first declaration stands.
func (tx *Tx) DeclareEPCIS(ctx context.Context, id string, d *epcis.Declaration) error {
	corrected, err := json.Marshal(append([]string{}, d.Corrective...))
	if err != nil {
		return fmt.Errorf("event %s: %w", id, err)
	}
	_, err = tx.exec(ctx, `UPDATE epcis_event SET wrong_at = ?, wrong_reason = ?, corrected_by = ? WHERE id = ? AND wrong_at = 0`, Micros(d.Time), d.Reason, string(corrected), id)
	if err != nil {
		return fmt.Errorf("declare an event wrong: %w", err)
	}
	return tx.markFindings(ctx, []string{eventScope + id})
}

// CapturedEvent is a stored event as traces need it.
type CapturedEvent struct {
	ID, Type, Action, Offset, BizStep, Disposition, ReadPoint, BizLocation, Lot string
	Expiry                                                                      canonical.Date
	Time                                                                        time.Time
	Partners                                                                    []epcis.Partner
	Wrong                                                                       bool
	WrongReason                                                                 string
	CorrectedBy                                                                 []string
	Items                                                                       []CapturedItem
}

// CapturedItem is an object or class in a stored event.
type CapturedItem struct {
	Role     epcis.Role
	Key, URI string
	Class    bool
	Quantity string
	Unit     string
}

// EPCISWith reads the events in which any of the keys takes part, at most limit of them, the oldest first. more says that
// there are others.
func (db *DB) EPCISWith(ctx context.Context, keys []string, limit int) (list []CapturedEvent, more bool, err error) {
	at := map[string]int{}
	err = inChunks(keys, func(part []string) error {
		cond, args := anyOf(db.querier, "key", part)
		return db.each(ctx, `SELECT e.id, e.type, e.action, e.event_time, e.zone, e.biz_step, e.disposition, e.read_point, e.biz_location, e.lot, e.exp_date, e.parties, e.wrong_at, e.wrong_reason, e.corrected_by
			FROM epcis_event e WHERE e.id IN (SELECT event_id FROM epcis_item WHERE `+cond+`) ORDER BY e.event_time, e.id`+fmt.Sprintf(" LIMIT %d", limit+1), args, func(rows *sqlx.Rows) error {
			var e CapturedEvent
			var when, wrong int64
			var parties, corrected string
			err := rows.Scan(&e.ID, &e.Type, &e.Action, &when, &e.Offset, &e.BizStep, &e.Disposition, &e.ReadPoint, &e.BizLocation, &e.Lot, &e.Expiry, &parties, &wrong, &e.WrongReason, &corrected)
			if err != nil {
				return err
			}
			if _, have := at[e.ID]; have {
				return nil
			}
			if len(list) == limit {
				more = true
				return nil
			}
			e.Time, e.Wrong = FromMicros(when), wrong != 0
			if err := json.Unmarshal([]byte(parties), &e.Partners); err != nil {
				return fmt.Errorf("event %s: %w", e.ID, err)
			}
			if err := json.Unmarshal([]byte(corrected), &e.CorrectedBy); err != nil {
				return fmt.Errorf("event %s: %w", e.ID, err)
			}
			at[e.ID] = len(list)
			list = append(list, e)
			return nil
		})
	})
	if err != nil {
		return nil, false, fmt.Errorf("read captured events: %w", err)
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	err = inChunks(ids, func(part []string) error {
		cond, args := anyOf(db.querier, "event_id", part)
		return db.each(ctx, `SELECT event_id, role, key, uri, class, quantity, unit FROM epcis_item WHERE `+cond+` ORDER BY event_id, seq`, args, func(rows *sqlx.Rows) error {
			var id string
			var i CapturedItem
			err := rows.Scan(&id, (*string)(&i.Role), &i.Key, &i.URI, &i.Class, &i.Quantity, &i.Unit)
			if i.URI == "" {
				i.URI = i.Key
			}
			list[at[id]].Items = append(list[at[id]].Items, i)
			return err
		})
	})
	if err != nil {
		return nil, false, fmt.Errorf("read what captured events tell of: %w", err)
	}
	return list, more, nil
}

// EPCISBody is a captured event as it was sent; false when there is none with the id.
func (db *DB) EPCISBody(ctx context.Context, id string) ([]byte, bool, error) {
	var body []byte
	err := db.get(ctx, &body, `SELECT body FROM epcis_event WHERE id = ?`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read a captured event: %w", err)
	}
	return body, true, nil
}

// PackCode is a code that stands on the packs of a product.
type PackCode struct {
	Product string // code
	GTIN    string // as the master has it
	DrugIDs []string
}

// PackCodes reads by which codes the packs of products are known.
func (db *DB) PackCodes(ctx context.Context) ([]PackCode, error) {
	var out []PackCode
	err := db.each(ctx, `SELECT p.code, p.gtin, r.payload FROM product p JOIN source_record r ON r.id = p.record_id WHERE p.active = TRUE ORDER BY p.code`, nil, func(rows *sqlx.Rows) error {
		var c PackCode
		var payload []byte
		if err := rows.Scan(&c.Product, &c.GTIN, &payload); err != nil {
			return err
		}
		var p canonical.Product
		if len(payload) > 0 {
			if err := json.Unmarshal(payload, &p); err != nil {
				return fmt.Errorf("product %s: %w", c.Product, err)
			}
		}
		c.DrugIDs = p.Prefixes
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read codes of packs: %w", err)
	}
	return out, nil
}

// EPCISObjects lists the keys of the single objects that a captured event tells of.
func (db *DB) EPCISObjects(ctx context.Context, event string) ([]string, error) {
	var out []string
	if err := db.sel(ctx, &out, `SELECT DISTINCT key FROM epcis_item WHERE event_id = ? AND class = FALSE ORDER BY key`, event); err != nil {
		return nil, fmt.Errorf("read what a captured event tells of: %w", err)
	}
	return out, nil
}
