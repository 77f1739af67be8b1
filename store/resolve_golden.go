package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
)

// The states of a golden record.
const (
	GoldenActive   = "active"
	GoldenInactive = "inactive"
	GoldenMerged   = "merged"
	GoldenErased   = "erased"
)

// Golden is a golden record as it is stored. Payload and Lineage are JSON in clear here and sealed in the database when
// Personal.
type Golden struct {
	ID           canonical.ID
	Kind         canonical.CustomerKind
	Status       string
	Survivor     canonical.ID
	Company      bool   // the marketing authorisation holder itself
	Code         string // the company's own code where it has one
	Name         string // "" for patients
	Search       string // "" for patients
	GLN          string // of an organisation
	Personal     bool
	Payload      []byte
	Lineage      []byte
	Completeness int
	Members      int
	Version      int64 // entityversion of its last event
	Resolve      canonical.ID
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

const goldenColumns = `id, kind, status, survivor, company, code, name, search, gln, personal, payload, lineage, completeness, members, entity_version, resolve_id, created_at, updated_at`

// briefColumns are goldenColumns with nothing in the place of the larger ones.
const briefColumns = `id, kind, status, survivor, company, code, name, '' AS search, gln, personal, payload, NULL AS lineage, completeness, members, entity_version, resolve_id, created_at, updated_at`

var goldenColumnList = []string{"id", "kind", "status", "survivor", "company", "code", "name", "search", "gln", "personal", "payload", "lineage",
	"completeness", "members", "entity_version", "resolve_id", "created_at", "updated_at"}

const replaceGolden = `ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, status = excluded.status, survivor = excluded.survivor, company = excluded.company,
	code = excluded.code, name = excluded.name, search = excluded.search, gln = excluded.gln, personal = excluded.personal, payload = excluded.payload, lineage = excluded.lineage,
	completeness = excluded.completeness, members = excluded.members, entity_version = excluded.entity_version, resolve_id = excluded.resolve_id,
	updated_at = excluded.updated_at`

// goldenKey names the data key that seals a golden record and its events.
func goldenKey(id canonical.ID) canonical.RecordKey {
	return canonical.RecordKey{Source: "golden", ID: id.String()}
}

func scanGolden(rows *sqlx.Rows) (Golden, error) {
	var g Golden
	var created, updated int64
	err := rows.Scan(&g.ID, &g.Kind, &g.Status, &g.Survivor, &g.Company, &g.Code, &g.Name, &g.Search, &g.GLN, &g.Personal, &g.Payload, &g.Lineage,
		&g.Completeness, &g.Members, &g.Version, &g.Resolve, &created, &updated)
	g.CreatedAt, g.UpdatedAt = FromMicros(created), FromMicros(updated)
	return g, err
}

// Goldens reads golden records by id, whatever their status.
func (db *DB) Goldens(ctx context.Context, ids []canonical.ID) (map[canonical.ID]Golden, error) {
	return db.goldensByID(ctx, goldenColumns, ids)
}

// GoldensBrief is Goldens without lineage and search text, the larger part of a record, for those who need neither.
func (db *DB) GoldensBrief(ctx context.Context, ids []canonical.ID) (map[canonical.ID]Golden, error) {
	return db.goldensByID(ctx, briefColumns, ids)
}

func (db *DB) goldensByID(ctx context.Context, columns string, ids []canonical.ID) (map[canonical.ID]Golden, error) {
	out := make(map[canonical.ID]Golden, len(ids))
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "id", part)
		list, err := db.goldens(ctx, `SELECT `+columns+` FROM golden WHERE `+cond, args...)
		for _, g := range list {
			out[g.ID] = g
		}
		return err
	})
	return out, err
}

// Golden reads one golden record; ErrNoGolden when there is none.
func (db *DB) Golden(ctx context.Context, id canonical.ID) (Golden, error) {
	list, err := db.goldens(ctx, `SELECT `+goldenColumns+` FROM golden WHERE id = ?`, id)
	if err != nil || len(list) == 0 {
		return Golden{}, errors.Join(err, ErrNoGolden)
	}
	return list[0], nil
}

// GoldenQuery selects active golden records. Zero fields select everything.
type GoldenQuery struct {
	Kind  canonical.CustomerKind
	Text  string // folded text that search must hold; or a code
	After canonical.ID
	Limit int // required
}

// ListGoldens reads active golden records in the order of their ids, the company first when it is selected.
func (db *DB) ListGoldens(ctx context.Context, q GoldenQuery) ([]Golden, error) {
	where, args := `status = 'active'`, []any{}
	if q.Kind != "" {
		where, args = where+` AND kind = ?`, append(args, string(q.Kind))
	}
	if q.Text != "" {
		where, args = where+` AND (search LIKE ? ESCAPE '!' OR code = ?)`, append(args, "%"+escapeLike(q.Text)+"%", q.Text)
	}
	if !q.After.IsZero() {
		where, args = where+` AND id > ?`, append(args, q.After)
	}
	return db.goldens(ctx, `SELECT `+goldenColumns+` FROM golden WHERE `+where+` ORDER BY id LIMIT ?`, append(args, q.Limit)...)
}

func escapeLike(s string) string {
	out := make([]byte, 0, len(s))
	for i := range len(s) {
		if s[i] == '%' || s[i] == '_' || s[i] == '!' {
			out = append(out, '!')
		}
		out = append(out, s[i])
	}
	return string(out)
}

// CompanyGolden is the id of the golden record of the company itself.
func (db *DB) CompanyGolden(ctx context.Context) (canonical.ID, bool, error) {
	var id canonical.ID
	err := db.get(ctx, &id, `SELECT id FROM golden WHERE company = TRUE AND status = 'active'`)
	if errors.Is(err, sql.ErrNoRows) {
		return id, false, nil
	}
	return id, err == nil, err
}

// GoldenByGLN finds the one active organisation with a GLN.
func (db *DB) GoldenByGLN(ctx context.Context, gln string) (canonical.ID, bool, error) {
	var ids []canonical.ID
	err := db.sel(ctx, &ids, `SELECT id FROM golden WHERE gln = ? AND gln <> '' AND status = 'active' ORDER BY id LIMIT 2`, gln)
	if err != nil || len(ids) != 1 {
		return canonical.ID{}, false, err
	}
	return ids[0], true, nil
}

// CountGoldens counts active golden records by kind.
func (db *DB) CountGoldens(ctx context.Context) (map[canonical.CustomerKind]int, error) {
	out := map[canonical.CustomerKind]int{}
	err := db.each(ctx, `SELECT kind, COUNT(*) FROM golden WHERE status = 'active' GROUP BY kind`, nil, func(rows *sqlx.Rows) error {
		var kind canonical.CustomerKind
		var n int
		err := rows.Scan(&kind, &n)
		out[kind] = n
		return err
	})
	return out, err
}

func (db *DB) goldens(ctx context.Context, query string, args ...any) ([]Golden, error) {
	var out []Golden
	var sealed []canonical.RecordKey
	err := db.each(ctx, query, args, func(rows *sqlx.Rows) error {
		g, err := scanGolden(rows)
		if g.Personal && len(g.Payload) > 0 {
			sealed = append(sealed, goldenKey(g.ID))
		}
		out = append(out, g)
		return err
	})
	if err != nil || len(sealed) == 0 {
		return out, err
	}
	keys, err := db.DataKeys(ctx, sealed)
	if err != nil {
		return nil, err
	}
	for i := range out {
		g := &out[i]
		if !g.Personal || len(g.Payload) == 0 {
			continue
		}
		key := keys[goldenKey(g.ID)]
		if key == nil {
			g.Payload, g.Lineage = nil, nil // erased
			continue
		}
		if g.Payload, err = key.Open(g.Payload); err == nil && len(g.Lineage) > 0 {
			g.Lineage, err = key.Open(g.Lineage)
		}
		if err != nil {
			return nil, fmt.Errorf("open golden record %s: %w", g.ID, err)
		}
	}
	return out, nil
}

// PutGoldens writes golden records whole. CreatedAt of one that exists stays. Only the resolver calls it, under its lease.
func (tx *Tx) PutGoldens(ctx context.Context, goldens []Golden) error {
	var sealed []canonical.RecordKey
	for _, g := range goldens {
		if g.Personal {
			sealed = append(sealed, goldenKey(g.ID))
		}
	}
	var keys map[canonical.RecordKey]*DataKey
	if len(sealed) > 0 {
		var err error
		if keys, err = tx.DataKeys(ctx, sealed); err != nil {
			return err
		}
	}
	rows := make([][]any, 0, len(goldens))
	for _, g := range goldens {
		payload, lineage := g.Payload, g.Lineage
		if g.Personal {
			key := keys[goldenKey(g.ID)]
			if key == nil {
				return fmt.Errorf("golden record %s: %w", g.ID, ErrErased)
			}
			var err error
			if payload, err = key.Seal(payload); err == nil {
				lineage, err = key.Seal(lineage)
			}
			if err != nil {
				return fmt.Errorf("seal golden record %s: %w", g.ID, err)
			}
		}
		rows = append(rows, []any{g.ID, string(g.Kind), g.Status, g.Survivor, g.Company, g.Code, g.Name, g.Search, g.GLN, g.Personal, payload, lineage,
			g.Completeness, g.Members, g.Version, g.Resolve, Micros(g.CreatedAt), Micros(g.UpdatedAt)})
	}
	if err := tx.insertMany(ctx, "golden", goldenColumnList, rows, replaceGolden); err != nil {
		return err
	}
	return tx.markOrganisations(ctx, goldens)
}

// markOrganisations makes findings wait that rest on where or what organisations are.
func (tx *Tx) markOrganisations(ctx context.Context, goldens []Golden) error {
	var ids []canonical.ID
	for i := range goldens {
		if !goldens[i].Personal {
			ids = append(ids, goldens[i].ID)
		}
	}
	return tx.markCustomerFindings(ctx, ids)
}

// Retirement ends the life of a golden id: merged into Survivor, or inactive.
type Retirement struct {
	ID       canonical.ID
	Survivor canonical.ID // zero: inactive
	Version  int64
	Resolve  canonical.ID
}

// RetireGoldens ends the life of golden ids. What they held is emptied: the survivor, or history, has it.
func (tx *Tx) RetireGoldens(ctx context.Context, all []Retirement) error {
	for _, r := range all {
		status := GoldenMerged
		if r.Survivor.IsZero() {
			status = GoldenInactive
		}
		err := tx.execOne(ctx, `UPDATE golden SET status = ?, survivor = ?, search = '', members = 0, company = FALSE, code = '', entity_version = ?, resolve_id = ?, updated_at = ? WHERE id = ?`,
			status, r.Survivor, r.Version, r.Resolve, Micros(tx.Now), r.ID)
		if err != nil {
			return fmt.Errorf("retire golden record %s: %w", r.ID, err)
		}
		if status == GoldenMerged {
			// Whoever was merged into it before follows to the survivor at once, so that a redirect is one step.
			if _, err := tx.exec(ctx, `UPDATE golden SET survivor = ? WHERE status = 'merged' AND survivor = ?`, r.Survivor, r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// LedgerEntry is one line of the id ledger (rule 6.5).
type LedgerEntry struct {
	Golden  canonical.ID
	Event   string // created, merged, split, inactivated, reactivated, erased, chosen, unchosen
	Other   canonical.ID
	Resolve canonical.ID
}

// AppendLedger adds to the id ledger, in order.
func (tx *Tx) AppendLedger(ctx context.Context, entries []LedgerEntry) error {
	next := map[canonical.ID]int64{}
	ids := make([]canonical.ID, len(entries))
	for i, e := range entries {
		ids[i] = e.Golden
	}
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(tx.querier, "golden_id", part)
		return tx.each(ctx, `SELECT golden_id, MAX(seq) FROM golden_ledger WHERE `+cond+` GROUP BY golden_id`, args, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var seq int64
			err := rows.Scan(&id, &seq)
			next[id] = seq
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("read the id ledger: %w", err)
	}
	rows := make([][]any, len(entries))
	for i, e := range entries {
		next[e.Golden]++
		rows[i] = []any{e.Golden, next[e.Golden], e.Event, e.Other, e.Resolve, Micros(tx.Now)}
	}
	return tx.bulk(ctx, "golden_ledger", []string{"golden_id", "seq", "event", "other", "resolve_id", "at"}, rows)
}

// ChosenGoldens tells which of the ids a steward chose as survivors and when, unless the choice was taken back.
func (db *DB) ChosenGoldens(ctx context.Context, ids []canonical.ID) (map[canonical.ID]time.Time, error) {
	out := map[canonical.ID]time.Time{}
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(db.querier, "golden_id", part)
		return db.each(ctx, `SELECT golden_id, event, at FROM golden_ledger WHERE event IN ('chosen', 'unchosen') AND `+cond+` ORDER BY golden_id, seq`, args, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var event string
			var at int64
			err := rows.Scan(&id, &event, &at)
			out[id] = FromMicros(at)
			if event == "unchosen" {
				delete(out, id)
			}
			return err
		})
	})
	return out, err
}

// EraseGoldens blanks golden records whose persons were erased and destroys their data keys: events that are not sent
// yet cannot be read any more. RetireGoldens ended them before.
func (tx *Tx) EraseGoldens(ctx context.Context, ids []canonical.ID) error {
	for _, id := range ids {
		if err := tx.execOne(ctx, `UPDATE golden SET status = 'erased' WHERE id = ?`, id); err != nil {
			return fmt.Errorf("erase golden record %s: %w", id, err)
		}
	}
	return tx.BlankGoldens(ctx, ids)
}

// BlankGoldens takes every value from golden records, whatever their status, and destroys their data keys.
func (tx *Tx) BlankGoldens(ctx context.Context, ids []canonical.ID) error {
	keys := make([]canonical.RecordKey, len(ids))
	for i, id := range ids {
		keys[i] = goldenKey(id)
		err := tx.execOne(ctx, `UPDATE golden SET name = '', search = '', payload = ?, lineage = ?, completeness = 0 WHERE id = ?`, []byte{}, []byte{}, id)
		if err != nil {
			return fmt.Errorf("blank golden record %s: %w", id, err)
		}
	}
	return tx.DestroyDataKeys(ctx, keys)
}

// MergedInto lists the ids that redirect to a golden record.
func (db *DB) MergedInto(ctx context.Context, id canonical.ID) ([]canonical.ID, error) {
	var out []canonical.ID
	err := db.sel(ctx, &out, `SELECT id FROM golden WHERE status = 'merged' AND survivor = ? ORDER BY id`, id)
	return out, err
}

// GoldensBySourceID finds active golden records by the id that any source gives one of their records.
func (db *DB) GoldensBySourceID(ctx context.Context, sourceID string) ([]Golden, error) {
	var ids []canonical.ID
	err := db.sel(ctx, &ids, `SELECT DISTINCT c.golden_id FROM source_record r JOIN crosswalk c ON c.record_id = r.id AND c.known_to IS NULL
		WHERE r.entity = 'customer' AND r.source_id = ?`, sourceID)
	if err != nil {
		return nil, fmt.Errorf("find customers by a source's id: %w", err)
	}
	found, err := db.Goldens(ctx, ids)
	out := make([]Golden, 0, len(found))
	for _, id := range ids {
		if g, ok := found[id]; ok && g.Status == GoldenActive {
			out = append(out, g)
		}
	}
	return out, err
}
