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

// EventRow is an event on its way in.
type EventRow struct {
	Event *epcis.Event
	// Stands says that the source has the event now: a declaration that it was wrong is lifted. Without it the first
	// declaration of an event stands.
	Stands bool
}

// TakeEvents brings events in, in their order. What was captured before is left as it is, so that sending an event again
// changes nothing; a declaration that an event was wrong is kept with it, and may come first. The outcomes are Stored,
// Declared, Unchanged, and Clash for an event whose id another event has: of that nothing is kept.
func (tx *Tx) TakeEvents(ctx context.Context, rows []EventRow, by string) ([]Outcome, error) {
	known, err := tx.knownEvents(ctx, rows)
	if err != nil {
		return nil, err
	}
	out := make([]Outcome, len(rows))
	var fresh []*epcis.Event
	for i := range rows {
		e := rows[i].Event
		have, again := known[e.ID]
		out[i] = Unchanged
		switch {
		case !again:
			known[e.ID] = knownEvent{e.Hash, e.Errs()}
			fresh = append(fresh, e)
			out[i] = Stored
		case e.Errs() && !have.wrong:
			known[e.ID] = knownEvent{have.hash, true}
			if fresh, err = tx.putEvents(ctx, fresh, by); err != nil {
				return nil, err
			}
			if err := tx.DeclareEvents(ctx, []string{e.ID}, e.Error); err != nil {
				return nil, err
			}
			out[i] = Declared
		case have.hash != e.Hash && !e.Errs():
			out[i] = Clash
		case have.wrong && rows[i].Stands:
			known[e.ID] = knownEvent{have.hash, false}
			if fresh, err = tx.putEvents(ctx, fresh, by); err != nil {
				return nil, err
			}
			if err := tx.DeclareEvents(ctx, []string{e.ID}, nil); err != nil {
				return nil, err
			}
			out[i] = Stored
		}
	}
	_, err = tx.putEvents(ctx, fresh, by)
	return out, err
}

// knownEvent is what captured events are compared by.
type knownEvent struct {
	hash  string
	wrong bool // declared wrong
}

func (tx *Tx) knownEvents(ctx context.Context, rows []EventRow) (map[string]knownEvent, error) {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].Event.ID
	}
	out := map[string]knownEvent{}
	err := inChunks(unique(ids), func(part []string) error {
		cond, args := anyOf(tx.querier, "id", part)
		return tx.each(ctx, `SELECT id, hash, wrong_at FROM epcis_event WHERE `+cond, args, func(rows *sqlx.Rows) error {
			var id string
			var k knownEvent
			var wrong int64
			err := rows.Scan(&id, &k.hash, &wrong)
			k.wrong = wrong != 0
			out[id] = k
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("look up captured events: %w", err)
	}
	return out, nil
}

// putEvents stores new events and returns the empty list.
func (tx *Tx) putEvents(ctx context.Context, list []*epcis.Event, by string) ([]*epcis.Event, error) {
	var events, items [][]any
	var watched []string
	for _, e := range list {
		if slices.Contains(finding.Watched(), e.BizStep) {
			watched = append(watched, eventScope+e.ID)
		}
		parties, err := json.Marshal(e.Partners)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
		}
		wrong, reason, corrective := int64(0), "", []string{}
		if d := e.Error; d != nil {
			wrong, reason, corrective = Micros(d.Time), d.Reason, append(corrective, d.Corrective...)
		}
		corrected, err := json.Marshal(corrective)
		if err != nil {
			return nil, fmt.Errorf("event %s: %w", e.ID, err)
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
	if tx.d.conflict(err) {
		return nil, ErrRaced
	}
	if err != nil {
		return nil, err
	}
	if err := tx.bulk(ctx, "epcis_item", []string{"event_id", "seq", "role", "key", "uri", "class", "quantity", "unit"}, items); err != nil {
		return nil, err
	}
	return nil, tx.markFindings(ctx, watched)
}

// DeclareEvents marks stored events as wrong; the first declaration of an event stands. Without a declaration they are
// right again.
func (tx *Tx) DeclareEvents(ctx context.Context, ids []string, d *epcis.Declaration) error {
	at, reason, corrective, cond := int64(0), "", []string{}, "wrong_at <> 0"
	if d != nil {
		at, reason, corrective, cond = Micros(d.Time), d.Reason, append(corrective, d.Corrective...), "wrong_at = 0"
	}
	corrected, err := json.Marshal(corrective)
	if err != nil {
		return fmt.Errorf("declaration of an event: %w", err)
	}
	return inChunks(ids, func(part []string) error {
		which, args := anyOf(tx.querier, "id", part)
		_, err := tx.exec(ctx, `UPDATE epcis_event SET wrong_at = ?, wrong_reason = ?, corrected_by = ? WHERE `+cond+` AND `+which, append([]any{at, reason, string(corrected)}, args...)...)
		if err != nil {
			return fmt.Errorf("declare events wrong: %w", err)
		}
		marks := make([]string, len(part))
		for i, id := range part {
			marks[i] = eventScope + id
		}
		return tx.markFindings(ctx, marks)
	})
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
