package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// Kinds of quality cases.
const (
	CaseComplaint = "complaint"
	CaseRecall    = "recall"
)

// Case is a complaint or a recall as it is stored: what it holds is JSON, what is looked for stands beside it.
type Case struct {
	ID       canonical.ID
	Kind     string
	Number   string
	Source   string // of what another system sent, with its id there
	SourceID string
	State    string
	Product  string // code
	Lots     []string
	Owner    string
	DueAt    *time.Time
	Payload  json.RawMessage
	// Personal is what must be sealed; nil = nothing. On reading it is nil unless PersonalOf was asked.
	Personal  json.RawMessage
	Version   int64 // entityversion of its events
	OpenedAt  time.Time
	UpdatedAt time.Time
	ClosedAt  *time.Time
}

// DataKey names the data key that seals what is personal in a case.
func (c *Case) DataKey() canonical.RecordKey {
	return canonical.RecordKey{Source: "case", ID: c.ID.String()}
}

const caseColumns = `id, kind, number, source, source_id, state, product, lots, owner, due_at, payload, entity_version, opened_at, updated_at, closed_at`

type caseRow struct {
	ID       canonical.ID  `db:"id"`
	Kind     string        `db:"kind"`
	Number   string        `db:"number"`
	Source   string        `db:"source"`
	SourceID string        `db:"source_id"`
	State    string        `db:"state"`
	Product  string        `db:"product"`
	Lots     string        `db:"lots"`
	Owner    string        `db:"owner"`
	DueAt    sql.NullInt64 `db:"due_at"`
	Payload  string        `db:"payload"`
	Version  int64         `db:"entity_version"`
	OpenedAt int64         `db:"opened_at"`
	Updated  int64         `db:"updated_at"`
	ClosedAt sql.NullInt64 `db:"closed_at"`
}

func (r *caseRow) asCase() Case {
	c := Case{ID: r.ID, Kind: r.Kind, Number: r.Number, Source: r.Source, SourceID: r.SourceID, State: r.State, Product: r.Product, Owner: r.Owner,
		DueAt: timeOf(r.DueAt), Payload: json.RawMessage(r.Payload), Version: r.Version, OpenedAt: FromMicros(r.OpenedAt), UpdatedAt: FromMicros(r.Updated), ClosedAt: timeOf(r.ClosedAt)}
	if lots := strings.Trim(r.Lots, "|"); lots != "" {
		c.Lots = strings.Split(lots, "|")
	}
	return c
}

func timeOf(v sql.NullInt64) *time.Time {
	if !v.Valid {
		return nil
	}
	t := FromMicros(v.Int64)
	return &t
}

func microsOf(t *time.Time) sql.NullInt64 {
	if t == nil {
		return sql.NullInt64{}
	}
	return sql.NullInt64{Int64: Micros(*t), Valid: true}
}

func lotsText(lots []string) string {
	if len(lots) == 0 {
		return ""
	}
	return "|" + strings.Join(lots, "|") + "|"
}

// NextNumber takes the next number of a series (C-2026); numbers of a series have no gap. It waits for another transaction
// that took one.
func (tx *Tx) NextNumber(ctx context.Context, series string) (int64, error) {
	var n int64
	err := tx.get(ctx, &n, `INSERT INTO case_number (series, last) VALUES (?, 1) ON CONFLICT (series) DO UPDATE SET last = case_number.last + 1 RETURNING last`, series)
	if err != nil {
		return 0, fmt.Errorf("number a case: %w", err)
	}
	return n, nil
}

// CreateCase stores a new case at version 1. It reports false when a case of the same source and source id exists.
func (tx *Tx) CreateCase(ctx context.Context, c *Case) (bool, error) {
	sealed, err := tx.sealCase(ctx, c)
	if err != nil {
		return false, err
	}
	c.Version, c.OpenedAt, c.UpdatedAt = 1, tx.Now, tx.Now
	res, err := tx.exec(ctx, `INSERT INTO quality_case (id, kind, number, source, source_id, state, product, lots, owner, due_at, payload, sealed, entity_version, opened_at, updated_at, closed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, source_id) WHERE source_id <> '' DO NOTHING`,
		c.ID, c.Kind, c.Number, c.Source, c.SourceID, c.State, c.Product, lotsText(c.Lots), c.Owner, microsOf(c.DueAt), string(c.Payload), sealed, c.Version, Micros(c.OpenedAt), Micros(c.UpdatedAt), microsOf(c.ClosedAt))
	if err != nil {
		return false, fmt.Errorf("store case %s: %w", c.Number, err)
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

func (tx *Tx) sealCase(ctx context.Context, c *Case) ([]byte, error) {
	if c.Personal == nil {
		return nil, nil
	}
	keys, err := tx.DataKeys(ctx, []canonical.RecordKey{c.DataKey()})
	if err != nil {
		return nil, err
	}
	key := keys[c.DataKey()]
	if key == nil {
		return nil, ErrErased
	}
	return key.Seal(c.Personal)
}

// LockCase reads a case for a change: until the transaction ends nobody else changes it. Its version is raised already.
// sql.ErrNoRows when there is none.
func (tx *Tx) LockCase(ctx context.Context, kind, number string) (Case, error) {
	res, err := tx.exec(ctx, `UPDATE quality_case SET entity_version = entity_version + 1 WHERE kind = ? AND number = ?`, kind, number)
	if err := oneRow(res, err, sql.ErrNoRows); err != nil {
		return Case{}, err
	}
	return tx.CaseByNumber(ctx, kind, number)
}

// SaveCase stores what became of a case that LockCase gave. Personal is stored again only when it is set.
func (tx *Tx) SaveCase(ctx context.Context, c *Case) error {
	c.UpdatedAt = tx.Now
	err := tx.execOne(ctx, `UPDATE quality_case SET state = ?, product = ?, lots = ?, owner = ?, due_at = ?, payload = ?, updated_at = ?, closed_at = ? WHERE id = ? AND entity_version = ?`,
		c.State, c.Product, lotsText(c.Lots), c.Owner, microsOf(c.DueAt), string(c.Payload), Micros(c.UpdatedAt), microsOf(c.ClosedAt), c.ID, c.Version)
	if err != nil {
		return fmt.Errorf("store case %s: %w", c.Number, err)
	}
	sealed, err := tx.sealCase(ctx, c)
	if err != nil || sealed == nil {
		return err
	}
	return tx.execOne(ctx, `UPDATE quality_case SET sealed = ? WHERE id = ?`, sealed, c.ID)
}

// EraseCase stores a case that LockCase gave without what is personal in it: its data key is destroyed, and the record of
// another system that it came from is erased too.
func (tx *Tx) EraseCase(ctx context.Context, c *Case) error {
	c.Personal = nil
	if err := tx.SaveCase(ctx, c); err != nil {
		return err
	}
	if err := tx.execOne(ctx, `UPDATE quality_case SET sealed = NULL WHERE id = ?`, c.ID); err != nil {
		return fmt.Errorf("erase what is personal in case %s: %w", c.Number, err)
	}
	if err := tx.DestroyDataKeys(ctx, []canonical.RecordKey{c.DataKey()}); err != nil || c.SourceID == "" {
		return err
	}
	return tx.Erase(ctx, []canonical.RecordKey{{Source: c.Source, ID: c.SourceID}})
}

// ReportedBy lists the complaints that a golden customer reported.
func (q querier) ReportedBy(ctx context.Context, id canonical.ID) ([]string, error) {
	var out []string
	err := q.sel(ctx, &out, `SELECT number FROM quality_case WHERE kind = ? AND payload LIKE ? ORDER BY number`, CaseComplaint, `%"reporter_golden_id":"`+id.String()+`"%`)
	return out, err
}

// CaseByNumber reads a case; sql.ErrNoRows when there is none.
func (q querier) CaseByNumber(ctx context.Context, kind, number string) (Case, error) {
	var r caseRow
	err := q.get(ctx, &r, `SELECT `+caseColumns+` FROM quality_case WHERE kind = ? AND number = ?`, kind, number)
	return r.asCase(), err
}

// CaseBySource finds the case of another system's id.
func (q querier) CaseBySource(ctx context.Context, source, id string) (Case, bool, error) {
	var r caseRow
	err := q.get(ctx, &r, `SELECT `+caseColumns+` FROM quality_case WHERE source = ? AND source_id = ?`, source, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Case{}, false, nil
	}
	return r.asCase(), err == nil, err
}

// CaseNumbers lists the numbers of a kind, newest first, at most limit.
func (q querier) CaseNumbers(ctx context.Context, kind string, limit int) ([]string, error) {
	var out []string
	err := q.sel(ctx, &out, `SELECT number FROM quality_case WHERE kind = ? ORDER BY opened_at DESC, number DESC LIMIT ?`, kind, limit)
	return out, err
}

// PersonalOf opens what is personal in a case; nil when nothing is. ErrErased when it was erased.
func (db *DB) PersonalOf(ctx context.Context, c *Case) (json.RawMessage, error) {
	var sealed []byte
	if err := db.get(ctx, &sealed, `SELECT sealed FROM quality_case WHERE id = ?`, c.ID); err != nil || sealed == nil {
		return nil, err
	}
	keys, err := db.DataKeys(ctx, []canonical.RecordKey{c.DataKey()})
	if err != nil {
		return nil, err
	}
	key := keys[c.DataKey()]
	if key == nil {
		return nil, ErrErased
	}
	return key.Open(sealed)
}

// CaseQuery selects cases. Empty fields select all.
type CaseQuery struct {
	Kind    string
	State   string
	Open    bool // not closed
	Product string
	Lot     string
	Owner   string
	DueBy   time.Time // an open deadline before this
	Limit   int
}

// Cases lists cases, those with the earliest deadline first, then the newest.
func (q querier) Cases(ctx context.Context, c CaseQuery) ([]Case, error) {
	where, args := `kind = ?`, []any{c.Kind}
	add := func(cond string, v any) {
		where += " AND " + cond
		args = append(args, v)
	}
	if c.State != "" {
		add(`state = ?`, c.State)
	}
	if c.Open {
		where += ` AND closed_at IS NULL`
	}
	if c.Product != "" {
		add(`product = ?`, c.Product)
	}
	if c.Owner != "" {
		add(`owner = ?`, c.Owner)
	}
	if c.Lot != "" {
		add(`lots LIKE ? ESCAPE '!'`, "%|"+strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(c.Lot)+"|%")
	}
	if !c.DueBy.IsZero() {
		add(`due_at < ?`, Micros(c.DueBy))
	}
	var rows []caseRow
	err := q.sel(ctx, &rows, `SELECT `+caseColumns+` FROM quality_case WHERE `+where+` ORDER BY CASE WHEN due_at IS NULL THEN 1 ELSE 0 END, due_at, opened_at DESC, number DESC LIMIT ?`, append(args, c.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	out := make([]Case, len(rows))
	for i := range rows {
		out[i] = rows[i].asCase()
	}
	return out, nil
}

// CaseParty is a row of the affected list of a recall.
type CaseParty struct {
	Party   string
	Lot     string
	Payload json.RawMessage
}

// PutCaseParties stores rows of a case's list, replacing those of the same party and lot.
func (tx *Tx) PutCaseParties(ctx context.Context, id canonical.ID, rows []CaseParty) error {
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = []any{id, r.Party, r.Lot, string(r.Payload)}
	}
	return tx.insertMany(ctx, "case_party", []string{"case_id", "party", "lot", "payload"}, values, `ON CONFLICT (case_id, party, lot) DO UPDATE SET payload = excluded.payload`)
}

// DropCaseParties takes rows off a case's list.
func (tx *Tx) DropCaseParties(ctx context.Context, id canonical.ID, rows []CaseParty) error {
	for _, r := range rows {
		if err := tx.execOne(ctx, `DELETE FROM case_party WHERE case_id = ? AND party = ? AND lot = ?`, id, r.Party, r.Lot); err != nil {
			return fmt.Errorf("take a party off the list: %w", err)
		}
	}
	return nil
}

// CaseParties reads the list of a case, by lot and party.
func (q querier) CaseParties(ctx context.Context, id canonical.ID) ([]CaseParty, error) {
	var out []CaseParty
	err := q.each(ctx, `SELECT party, lot, payload FROM case_party WHERE case_id = ? ORDER BY lot, party`, []any{id}, func(rows *sqlx.Rows) error {
		var p CaseParty
		var payload string
		if err := rows.Scan(&p.Party, &p.Lot, &payload); err != nil {
			return err
		}
		p.Payload = json.RawMessage(payload)
		out = append(out, p)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the list of a case: %w", err)
	}
	return out, nil
}

// CaseEntry is one thing that happened in a case. Entries are never changed.
type CaseEntry struct {
	Seq     int64
	Kind    string
	Party   string
	Lot     string
	At      time.Time
	Actor   string
	Payload json.RawMessage
}

// AddCaseEntries appends to the history of a case that the transaction has locked or created.
func (tx *Tx) AddCaseEntries(ctx context.Context, id canonical.ID, entries []CaseEntry) error {
	if len(entries) == 0 {
		return nil
	}
	var last int64
	if err := tx.get(ctx, &last, `SELECT COALESCE(MAX(seq), 0) FROM case_entry WHERE case_id = ?`, id); err != nil {
		return fmt.Errorf("append to a case: %w", err)
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		at := e.At
		if at.IsZero() {
			at = tx.Now
		}
		rows[i] = []any{id, last + int64(i) + 1, e.Kind, e.Party, e.Lot, Micros(at), plain(e.Actor), string(e.Payload)}
	}
	return tx.insertMany(ctx, "case_entry", []string{"case_id", "seq", "kind", "party", "lot", "at", "actor", "payload"}, rows, "")
}

// CaseEntries reads the history of a case in order.
func (q querier) CaseEntries(ctx context.Context, id canonical.ID) ([]CaseEntry, error) {
	var out []CaseEntry
	err := q.each(ctx, `SELECT seq, kind, party, lot, at, actor, payload FROM case_entry WHERE case_id = ? ORDER BY seq`, []any{id}, func(rows *sqlx.Rows) error {
		var e CaseEntry
		var at int64
		var payload string
		if err := rows.Scan(&e.Seq, &e.Kind, &e.Party, &e.Lot, &at, &e.Actor, &payload); err != nil {
			return err
		}
		e.At, e.Payload = FromMicros(at), json.RawMessage(payload)
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the history of a case: %w", err)
	}
	return out, nil
}
