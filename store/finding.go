package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/trace/finding"
)

// FindingMark is a scope that waits to be checked.
type FindingMark struct {
	Scope      string `db:"scope"`
	Generation int64  `db:"generation"`
}

// Scopes of findings: what is checked as one.
const (
	productScope = "product/" // a SKU, by its number
	eventScope   = "event/"   // the packs of a captured event
	codeScope    = "code/"    // a pack; never marked
	allCodes     = "codes"    // every pack
)

// Product is the SKU that a mark is about, 0 when it is about packs.
func (m FindingMark) Product() int64 {
	var n int64
	if rest, ok := strings.CutPrefix(m.Scope, productScope); ok {
		fmt.Sscan(rest, &n)
	}
	return n
}

// Event is the captured event whose packs a mark is about, "" when it is about a product.
func (m FindingMark) Event() string {
	event, _ := strings.CutPrefix(m.Scope, eventScope)
	if event == m.Scope {
		return ""
	}
	return event
}

// ProductFindings and CodeFindings name what findings belong to.
func ProductFindings(product int64) string { return fmt.Sprintf("%s%d", productScope, product) }

// CodeFindings names the findings of a pack.
func CodeFindings(key string) string { return codeScope + key }

// MarkProductFindings makes products wait to be checked. Whoever changes what the rules look at calls it in the same
// transaction.
func (tx *Tx) MarkProductFindings(ctx context.Context, products []int64) error {
	scopes := make([]string, len(products))
	for i, p := range products {
		scopes[i] = ProductFindings(p)
	}
	return tx.markFindings(ctx, scopes)
}

func (tx *Tx) markFindings(ctx context.Context, scopes []string) error {
	slices.Sort(scopes) // two transactions take the same rows in the same order
	scopes = slices.Compact(scopes)
	rows := make([][]any, len(scopes))
	for i, s := range scopes {
		rows[i] = []any{s, 1}
	}
	return tx.insertMany(ctx, "finding_due", []string{"scope", "generation"}, rows, "ON CONFLICT (scope) DO UPDATE SET generation = finding_due.generation + 1")
}

// MarkAllFindings makes everything wait to be checked: every product and every pack.
func (tx *Tx) MarkAllFindings(ctx context.Context) error {
	var products []int64
	if err := tx.sel(ctx, &products, `SELECT id FROM product`); err != nil {
		return fmt.Errorf("mark findings: %w", err)
	}
	if err := tx.MarkProductFindings(ctx, products); err != nil {
		return err
	}
	return tx.markFindings(ctx, []string{allCodes})
}

// markCustomerFindings makes the products wait in whose movements golden customers take part: where and what they are
// decides what the rules say.
func (tx *Tx) markCustomerFindings(ctx context.Context, ids []canonical.ID) error {
	var moved int
	if err := tx.get(ctx, &moved, `SELECT COUNT(*) FROM (SELECT 1 FROM movement LIMIT 1) AS s`); err != nil || moved == 0 {
		return err
	}
	var products []int64
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(tx.querier, "c.golden_id", part)
		for _, side := range []string{"seller", "buyer"} {
			var list []int64
			err := tx.sel(ctx, &list, `SELECT DISTINCT m.product_id FROM crosswalk c JOIN movement m ON m.`+side+` = c.record_id WHERE c.known_to IS NULL AND `+cond, args...)
			if err != nil {
				return err
			}
			products = append(products, list...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark the findings of customers: %w", err)
	}
	return tx.MarkProductFindings(ctx, products)
}

// FindingsDue lists scopes that wait, at most limit. A mark on every pack is first spread to the events that tell of them.
func (db *DB) FindingsDue(ctx context.Context, limit int) ([]FindingMark, error) {
	var out []FindingMark
	err := db.InTx(ctx, func(tx *Tx) error {
		var all []FindingMark
		if err := tx.sel(ctx, &all, `SELECT scope, generation FROM finding_due WHERE scope = ?`, allCodes); err != nil || len(all) == 0 {
			return err
		}
		cond, args := anyOf(tx.querier, "biz_step", finding.Watched())
		_, err := tx.exec(ctx, `INSERT INTO finding_due (scope, generation) SELECT '`+eventScope+`' || id, 1 FROM epcis_event WHERE `+cond+`
			ON CONFLICT (scope) DO UPDATE SET generation = finding_due.generation + 1`, args...)
		if err != nil {
			return err
		}
		return tx.DoneFindings(ctx, all[0])
	})
	if err == nil {
		err = db.sel(ctx, &out, `SELECT scope, generation FROM finding_due ORDER BY scope DESC LIMIT ?`, limit)
	}
	if err != nil {
		return nil, fmt.Errorf("read what waits to be checked: %w", err)
	}
	return out, nil
}

// CountFindingsDue is the number of scopes that wait.
func (db *DB) CountFindingsDue(ctx context.Context) (int64, error) {
	var n int64
	err := db.get(ctx, &n, `SELECT COUNT(*) FROM finding_due`)
	return n, err
}

// DoneFindings takes a mark off, unless it was set again since it was read.
func (tx *Tx) DoneFindings(ctx context.Context, m FindingMark) error {
	_, err := tx.exec(ctx, `DELETE FROM finding_due WHERE scope = ? AND generation = ?`, m.Scope, m.Generation)
	return err
}

// Settlement is what a person said about a finding on the evidence that it had.
type Settlement struct {
	Evidence string
	Verdict  string
	Reason   string
	Actor    string
	At       time.Time
}

// Reopened is the verdict that takes an earlier one back.
const Reopened = "reopened"

// StoredFinding is a finding with its state in the store.
type StoredFinding struct {
	finding.Finding
	Settled   bool
	FirstSeen time.Time
	ChangedAt time.Time // when the evidence became what it is
}

// PutFindings makes list the findings of a scope: what is not in it any more goes, what is in it with other evidence is
// open again unless a person settled that evidence too.
func (tx *Tx) PutFindings(ctx context.Context, scope string, list []finding.Finding) error {
	have := map[canonical.ID]StoredFinding{}
	err := tx.each(ctx, `SELECT id, evidence, first_seen, changed_at FROM finding WHERE scope = ?`, []any{scope}, func(rows *sqlx.Rows) error {
		var f StoredFinding
		var first, changed int64
		err := rows.Scan(&f.ID, &f.Evidence, &first, &changed)
		f.FirstSeen, f.ChangedAt = FromMicros(first), FromMicros(changed)
		have[f.ID] = f
		return err
	})
	if err != nil {
		return fmt.Errorf("read findings: %w", err)
	}
	settled, err := tx.settlements(ctx, list)
	if err != nil {
		return err
	}
	rows := make([][]any, len(list))
	for i := range list {
		f := &list[i]
		payload, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("finding %s: %w", f.ID, err)
		}
		first, changed := tx.Now, tx.Now
		if old, known := have[f.ID]; known {
			first = old.FirstSeen
			if old.Evidence == f.Evidence {
				changed = old.ChangedAt
			}
			delete(have, f.ID)
		}
		rows[i] = []any{f.ID, scope, string(f.Rule), slices.Index(finding.Severities(), f.Severity), f.Product, f.Lot, parties(f), holds(settled[f.ID], f.Evidence), f.Evidence, f.Last, string(payload), Micros(first), Micros(changed)}
	}
	err = tx.insertMany(ctx, "finding", []string{"id", "scope", "rule", "severity", "product", "lot", "parties", "settled", "evidence", "last_date", "payload", "first_seen", "changed_at"}, rows,
		`ON CONFLICT (id) DO UPDATE SET scope = excluded.scope, severity = excluded.severity, product = excluded.product, lot = excluded.lot, parties = excluded.parties, settled = excluded.settled,
			evidence = excluded.evidence, last_date = excluded.last_date, payload = excluded.payload, changed_at = excluded.changed_at`)
	if err != nil {
		return err
	}
	gone := make([]canonical.ID, 0, len(have))
	for id := range have {
		gone = append(gone, id)
	}
	return inChunks(gone, func(part []canonical.ID) error {
		cond, args := anyOf(tx.querier, "id", part)
		_, err := tx.exec(ctx, `DELETE FROM finding WHERE `+cond, args...)
		return err
	})
}

func parties(f *finding.Finding) string {
	var ids []string
	for _, w := range []finding.Who{f.Party, f.Partner} {
		if w.GoldenID != "" {
			ids = append(ids, w.GoldenID)
		}
	}
	return lotsText(ids)
}

// holds reports whether the last word on the evidence settles it.
func holds(said []Settlement, evidence string) bool {
	settled := false
	for _, s := range said {
		if s.Evidence == evidence {
			settled = s.Verdict != Reopened
		}
	}
	return settled
}

func (q querier) settlements(ctx context.Context, list []finding.Finding) (map[canonical.ID][]Settlement, error) {
	out := map[canonical.ID][]Settlement{}
	ids := make([]canonical.ID, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	err := inChunks(ids, func(part []canonical.ID) error {
		cond, args := anyOf(q, "finding_id", part)
		return q.each(ctx, `SELECT finding_id, evidence, verdict, reason, actor, at FROM finding_settlement WHERE `+cond+` ORDER BY finding_id, seq`, args, func(rows *sqlx.Rows) error {
			var id canonical.ID
			var s Settlement
			var at int64
			err := rows.Scan(&id, &s.Evidence, &s.Verdict, &s.Reason, &s.Actor, &at)
			s.At = FromMicros(at)
			out[id] = append(out[id], s)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read what was said about findings: %w", err)
	}
	return out, nil
}

// SettlementsOf is what persons said about a finding, the oldest first.
func (q querier) SettlementsOf(ctx context.Context, id canonical.ID) ([]Settlement, error) {
	all, err := q.settlements(ctx, []finding.Finding{{ID: id}})
	return all[id], err
}

// SettleFinding records what a person says about a finding on its present evidence. ErrRaced when the evidence is no
// longer what the person saw.
func (tx *Tx) SettleFinding(ctx context.Context, id canonical.ID, s Settlement) error {
	res, err := tx.exec(ctx, `UPDATE finding SET settled = ? WHERE id = ? AND evidence = ?`, s.Verdict != Reopened, id, s.Evidence)
	if err := oneRow(res, err, ErrRaced); err != nil {
		return err
	}
	var last int64
	if err := tx.get(ctx, &last, `SELECT COALESCE(MAX(seq), 0) FROM finding_settlement WHERE finding_id = ?`, id); err != nil {
		return fmt.Errorf("settle a finding: %w", err)
	}
	_, err = tx.exec(ctx, `INSERT INTO finding_settlement (finding_id, seq, evidence, verdict, reason, actor, at) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		id, last+1, s.Evidence, s.Verdict, s.Reason, s.Actor, Micros(tx.Now))
	if err != nil {
		return fmt.Errorf("settle a finding: %w", err)
	}
	return nil
}

// FindingQuery selects findings. Empty fields select all.
type FindingQuery struct {
	Rule     finding.Rule
	Severity finding.Severity // this or graver
	Product  string           // code
	Lot      string
	Party    string // golden id
	Settled  *bool
	Limit    int // required
}

func (c *FindingQuery) where() (string, []any) {
	where, args := `TRUE`, []any{}
	add := func(cond string, v any) { where, args = where+" AND "+cond, append(args, v) }
	if c.Rule != "" {
		add(`rule = ?`, string(c.Rule))
	}
	if c.Severity != "" {
		add(`severity <= ?`, slices.Index(finding.Severities(), c.Severity))
	}
	if c.Product != "" {
		add(`product = ?`, c.Product)
	}
	if c.Lot != "" {
		add(`lot = ?`, c.Lot)
	}
	if c.Party != "" {
		add(`parties LIKE ? ESCAPE '!'`, "%|"+escapeLike(c.Party)+"|%")
	}
	if c.Settled != nil {
		add(`settled = ?`, *c.Settled)
	}
	return where, args
}

const findingColumns = `payload, settled, first_seen, changed_at`

func scanFinding(rows *sqlx.Rows) (StoredFinding, error) {
	var f StoredFinding
	var payload string
	var first, changed int64
	if err := rows.Scan(&payload, &f.Settled, &first, &changed); err != nil {
		return f, err
	}
	f.FirstSeen, f.ChangedAt = FromMicros(first), FromMicros(changed)
	return f, json.Unmarshal([]byte(payload), &f.Finding)
}

// Findings lists findings, the gravest first, then the latest, and tells how many there are.
func (q querier) Findings(ctx context.Context, c FindingQuery) (list []StoredFinding, total int64, err error) {
	where, args := c.where()
	if err := q.get(ctx, &total, `SELECT COUNT(*) FROM finding WHERE `+where, args...); err != nil {
		return nil, 0, fmt.Errorf("count findings: %w", err)
	}
	err = q.each(ctx, `SELECT `+findingColumns+` FROM finding WHERE `+where+` ORDER BY severity, CASE WHEN last_date IS NULL THEN 1 ELSE 0 END, last_date DESC, rule, product, lot, id LIMIT ?`,
		append(args, c.Limit), func(rows *sqlx.Rows) error {
			f, err := scanFinding(rows)
			list = append(list, f)
			return err
		})
	if err != nil {
		return nil, 0, fmt.Errorf("list findings: %w", err)
	}
	return list, total, nil
}

// Finding reads one; sql.ErrNoRows when there is none.
func (q querier) Finding(ctx context.Context, id canonical.ID) (StoredFinding, error) {
	var f StoredFinding
	found := false
	err := q.each(ctx, `SELECT `+findingColumns+` FROM finding WHERE id = ?`, []any{id}, func(rows *sqlx.Rows) (err error) {
		found = true
		f, err = scanFinding(rows)
		return err
	})
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return f, err
}

// FindingCounts counts open findings by rule.
func (q querier) FindingCounts(ctx context.Context) (map[finding.Rule]int64, error) {
	out := map[finding.Rule]int64{}
	err := q.each(ctx, `SELECT rule, COUNT(*) FROM finding WHERE settled = FALSE GROUP BY rule`, nil, func(rows *sqlx.Rows) error {
		var rule finding.Rule
		var n int64
		err := rows.Scan(&rule, &n)
		out[rule] = n
		return err
	})
	return out, err
}
