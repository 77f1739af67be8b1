package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/canonical"
	"tributary/normalize"
)

// Question is a pair of records that a person should decide, A < B.
type Question struct {
	A, B       int64
	Weight     float64
	P          float64
	Reason     string
	Open       bool
	CreatedAt  time.Time
	Assignee   string
	LaterUntil time.Time // put off until then
}

// OpenQuestionsOf reads the open questions that name one of the records.
func (db *DB) OpenQuestionsOf(ctx context.Context, records []int64) (map[[2]int64]Question, error) {
	out := map[[2]int64]Question{}
	err := inChunks(records, func(part []int64) error {
		for _, end := range []string{"a", "b"} {
			cond, args := anyOf(db.querier, end, part)
			err := db.questions(ctx, `status = 'open' AND `+cond, args, func(q Question) { out[[2]int64{q.A, q.B}] = q })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// OpenQuestions reads open questions, the strongest first.
func (db *DB) OpenQuestions(ctx context.Context, limit int) ([]Question, error) {
	return db.SelectQuestions(ctx, QuestionQuery{Limit: limit})
}

// QuestionQuery selects open questions. Zero fields select everything.
type QuestionQuery struct {
	Kind     canonical.CustomerKind // of one of the two records
	Reason   string
	Assignee string
	Before   time.Time // asked before
	Awake    time.Time // leave out what is put off beyond this time
	Oldest   bool      // the oldest first, not the strongest
	Limit    int       // required by SelectQuestions
}

func (q *QuestionQuery) where() (string, []any) {
	where, args := `status = 'open'`, []any{}
	add := func(cond string, arg any) { where, args = where+" AND "+cond, append(args, arg) }
	if q.Kind != "" {
		add(`EXISTS (SELECT 1 FROM source_record r WHERE (r.id = review_item.a OR r.id = review_item.b) AND r.kind = ?)`, string(q.Kind))
	}
	if q.Reason != "" {
		add(`reason = ?`, q.Reason)
	}
	if q.Assignee != "" {
		add(`assignee = ?`, q.Assignee)
	}
	if !q.Before.IsZero() {
		add(`created_at < ?`, Micros(q.Before))
	}
	if !q.Awake.IsZero() {
		add(`later_until <= ?`, Micros(q.Awake))
	}
	return where, args
}

// SelectQuestions reads open questions.
func (db *DB) SelectQuestions(ctx context.Context, q QuestionQuery) ([]Question, error) {
	where, args := q.where()
	order := ` ORDER BY p DESC, a, b LIMIT ?`
	if q.Oldest {
		order = ` ORDER BY created_at, a, b LIMIT ?`
	}
	var out []Question
	err := db.questions(ctx, where+order, append(args, q.Limit), func(q Question) { out = append(out, q) })
	return out, err
}

// CountSelected is the number of open questions that a query selects.
func (db *DB) CountSelected(ctx context.Context, q QuestionQuery) (n int64, err error) {
	where, args := q.where()
	err = db.get(ctx, &n, `SELECT COUNT(*) FROM review_item WHERE `+where, args...)
	return n, err
}

// CountQuestions is the number of open questions.
func (db *DB) CountQuestions(ctx context.Context) (int64, error) {
	return db.CountSelected(ctx, QuestionQuery{})
}

// Question reads the question about two records, an answered one too; found is false when there never was one.
func (db *DB) Question(ctx context.Context, a, b int64) (q Question, found bool, err error) {
	err = db.questions(ctx, `a = ? AND b = ?`, []any{min(a, b), max(a, b)}, func(one Question) { q, found = one, true })
	return q, found, err
}

func (db *DB) questions(ctx context.Context, where string, args []any, fn func(Question)) error {
	err := db.each(ctx, `SELECT a, b, weight, p, reason, status = 'open', created_at, assignee, later_until FROM review_item WHERE `+where, args, func(rows *sqlx.Rows) error {
		var q Question
		var created, later int64
		err := rows.Scan(&q.A, &q.B, &q.Weight, &q.P, &q.Reason, &q.Open, &created, &q.Assignee, &later)
		q.CreatedAt, q.LaterUntil = FromMicros(created), FromMicros(later)
		fn(q)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the review queue: %w", err)
	}
	return nil
}

// AssignQuestion says who works on a question; "" for nobody.
func (tx *Tx) AssignQuestion(ctx context.Context, a, b int64, to string) error {
	return tx.execOne(ctx, `UPDATE review_item SET assignee = ? WHERE a = ? AND b = ?`, to, a, b)
}

// PutOffQuestion leaves a question out of the queue until a time.
func (tx *Tx) PutOffQuestion(ctx context.Context, a, b int64, until time.Time) error {
	return tx.execOne(ctx, `UPDATE review_item SET later_until = ? WHERE a = ? AND b = ?`, Micros(until), a, b)
}

// PutQuestions opens questions, or brings open ones up to date.
func (tx *Tx) PutQuestions(ctx context.Context, list []Question) error {
	rows := make([][]any, len(list))
	for i, q := range list {
		rows[i] = []any{q.A, q.B, q.Weight, q.P, q.Reason, "open", Micros(tx.Now), nil}
	}
	return tx.insertMany(ctx, "review_item", []string{"a", "b", "weight", "p", "reason", "status", "created_at", "closed_at"}, rows,
		`ON CONFLICT (a, b) DO UPDATE SET weight = excluded.weight, p = excluded.p, reason = excluded.reason, status = 'open', closed_at = NULL`)
}

// CloseQuestions closes questions that are none any more.
func (tx *Tx) CloseQuestions(ctx context.Context, list []Question) error {
	for _, q := range list {
		if _, err := tx.exec(ctx, `UPDATE review_item SET status = 'closed', closed_at = ? WHERE a = ? AND b = ?`, Micros(tx.Now), q.A, q.B); err != nil {
			return fmt.Errorf("close questions: %w", err)
		}
	}
	return nil
}

// PartyAliases are the words that aliases teach for the customers of reporting parties.
type PartyAliases struct {
	byName map[partyWord][]string
	byCode map[partyWord][]string
}

type partyWord struct{ source, word string }

// Targets are whom aliases name for a mention with this name and code: the company's own code, or one record as
// "source|id", in a fixed order. An alias of the party itself comes before one for all, one by code before one by name; of
// equal standing all count, whichever came first.
func (p *PartyAliases) Targets(source, name, code string) []string {
	form := normalize.Text(name)
	for _, s := range []string{source, ""} {
		if t := p.byCode[partyWord{s, code}]; len(t) > 0 && code != "" {
			return t
		}
		if t := p.byName[partyWord{s, form}]; len(t) > 0 && form != "" {
			return t
		}
	}
	return nil
}

// PartyAliases reads all aliases of customers: people make them, so they are few.
func (q querier) PartyAliases(ctx context.Context) (*PartyAliases, error) {
	out := &PartyAliases{byName: map[partyWord][]string{}, byCode: map[partyWord][]string{}}
	err := q.each(ctx, `SELECT DISTINCT COALESCE(r.source, ''), a.raw_name, a.raw_code, a.target_code FROM alias a LEFT JOIN source_record r ON r.id = a.party
		WHERE a.type <> 'product' ORDER BY a.target_code`, nil, func(rows *sqlx.Rows) error {
		var source, name, code, target string
		if err := rows.Scan(&source, &name, &code, &target); err != nil {
			return err
		}
		learn(out.byCode, partyWord{source, code}, target)
		learn(out.byName, partyWord{source, name}, target)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read aliases: %w", err)
	}
	return out, nil
}

func learn(words map[partyWord][]string, w partyWord, target string) {
	if w.word != "" && !slices.Contains(words[w], target) {
		words[w] = append(words[w], target)
		slices.Sort(words[w])
	}
}

// GoldenPayload is the JSON in Golden.Payload: the values that survived, the records they come from, and to whom the
// customer is affiliated. Personal values stand in clear.
type GoldenPayload struct {
	Customer     canonical.Customer    `json:"customer"`
	Sources      []canonical.RecordKey `json:"sources"`
	Affiliations []GoldenAffiliation   `json:"affiliations,omitempty"`
}

// GoldenAffiliation is the other end of an affiliation of a golden record.
type GoldenAffiliation struct {
	Golden     canonical.ID `json:"golden_id"`
	Name       string       `json:"name"`
	Role       string       `json:"role,omitempty"`
	Department string       `json:"department,omitempty"`
	Primary    bool         `json:"primary,omitempty"`
}
