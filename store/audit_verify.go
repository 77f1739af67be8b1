package store

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/internal/errs"
)

// AuditFinding is one thing that does not fit in the audit log.
type AuditFinding struct {
	Code    string `json:"code"` // audit.found.edited, …: a message of the catalogue
	Writer  string `json:"writer,omitempty"`
	From    int64  `json:"from,omitempty"` // first and last row, or the number of a root
	To      int64  `json:"to,omitempty"`
	Root    int64  `json:"root,omitempty"`
	Message string `json:"message"` // in the reader's language; filled by who shows it
}

// Args are those of the finding's message.
func (f *AuditFinding) Args() errs.Args {
	return errs.Args{"writer": f.Writer, "from": f.From, "to": f.To, "root": f.Root}
}

// AuditProof is the outcome of a verification.
type AuditProof struct {
	Rows     int64          `json:"rows"`
	Sealed   int64          `json:"sealed"`  // rows under a signed root; the others follow within a minute while the service runs
	Writers  int            `json:"writers"` //
	Roots    int64          `json:"roots"`   //
	LastRoot *time.Time     `json:"last_root"`
	LastHash string         `json:"last_hash"` // keep it elsewhere: a later log must still contain it
	Findings []AuditFinding `json:"findings"`
}

// VerifyAudit reads the whole audit log and proves that no sealed row was changed, left out or added, that the numbers of
// every writer have no gap up to its last row, that no root is missing or foreign, and that the log still reaches as far as
// the anchor beside the key ring says. Invariant 11.
func (db *DB) VerifyAudit(ctx context.Context) (AuditProof, error) {
	v := verifier{db: db, heads: map[string][]AuditHead{}, proof: AuditProof{Findings: []AuditFinding{}}}
	// One snapshot, so that a root sealed meanwhile does not look like a missing one.
	err := db.readTx(ctx, func(q querier) error {
		if err := v.roots(ctx, q); err != nil {
			return err
		}
		return v.writers(ctx, q)
	})
	if err != nil {
		return v.proof, fmt.Errorf("verify the audit log: %w", err)
	}
	return v.proof, nil
}

type verifier struct {
	db    *DB
	heads map[string][]AuditHead // what the roots say of each writer, in order
	proof AuditProof
}

func (v *verifier) found(f AuditFinding) { v.proof.Findings = append(v.proof.Findings, f) }

// roots checks the chain of roots, their signatures and the anchor.
func (v *verifier) roots(ctx context.Context, q querier) error {
	anchor, err := v.db.readAnchor()
	if err != nil {
		return err
	}
	key := v.db.ring.auditKey().Public().(ed25519.PublicKey)
	previous, next, anchored := "", int64(1), anchor.Seq == 0
	err = q.each(ctx, `SELECT seq, body, signature FROM audit_root ORDER BY seq`, nil, func(rows *sqlx.Rows) error {
		var r storedRoot
		if err := rows.StructScan(&r); err != nil {
			return err
		}
		var body AuditRoot
		if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
			v.found(AuditFinding{Code: "audit.found.root_changed", Root: r.Seq})
			return nil
		}
		if r.Seq == 1 && body.Key != base64.StdEncoding.EncodeToString(key) {
			return errs.New(errs.Unavailable, "audit.other_key", errs.Args{"dir": v.db.cfg.DataDir})
		}
		switch {
		case r.Seq != next:
			v.found(AuditFinding{Code: "audit.found.root_missing", From: next, To: r.Seq - 1})
		case !ed25519.Verify(key, []byte(r.Body), r.Signature) || body.Seq != r.Seq:
			v.found(AuditFinding{Code: "audit.found.root_changed", Root: r.Seq})
		case body.Previous != previous:
			v.found(AuditFinding{Code: "audit.found.root_changed", Root: r.Seq - 1})
		}
		for _, h := range body.Heads {
			v.heads[h.Writer] = append(v.heads[h.Writer], h)
		}
		previous, next = r.hash(), r.Seq+1
		anchored = anchored || r.Seq == anchor.Seq && previous == anchor.Hash
		v.proof.Roots++
		at := FromMicros(body.At)
		v.proof.LastRoot, v.proof.LastHash = &at, previous
		return nil
	})
	if err == nil && !anchored {
		if next <= anchor.Seq {
			v.found(AuditFinding{Code: "audit.found.roots_cut", From: next, To: anchor.Seq})
		} else {
			v.found(AuditFinding{Code: "audit.found.root_changed", Root: anchor.Seq})
		}
	}
	return err
}

// writers checks the rows of every writer against the heads.
func (v *verifier) writers(ctx context.Context, q querier) error {
	var known []struct {
		Writer  string `db:"writer"`
		Counter int64  `db:"counter"`
	}
	if err := q.sel(ctx, &known, `SELECT writer, counter FROM audit_writer`); err != nil {
		return err
	}
	last := map[string]int64{}
	for _, w := range known {
		last[w.Writer] = w.Counter
	}
	at := map[string]*chainCheck{}
	err := q.each(ctx, `SELECT `+auditColumns+` FROM audit ORDER BY writer, counter`, nil, func(rows *sqlx.Rows) error {
		var r AuditRow
		if err := rows.StructScan(&r); err != nil {
			return err
		}
		c := at[r.Writer]
		if c == nil {
			c = &chainCheck{v: v, writer: r.Writer, heads: v.heads[r.Writer]}
			at[r.Writer] = c
		}
		c.row(&r)
		if most, ok := last[r.Writer]; !ok || r.Counter > most {
			v.found(AuditFinding{Code: "audit.found.unnumbered", Writer: r.Writer, From: r.Counter, To: r.Counter})
		}
		v.proof.Rows++
		return nil
	})
	if err != nil {
		return err
	}
	for writer, heads := range v.heads {
		v.proof.Sealed += heads[len(heads)-1].Counter
		if at[writer] == nil {
			at[writer] = &chainCheck{v: v, writer: writer, heads: heads}
		}
		last[writer] = max(last[writer], heads[len(heads)-1].Counter)
	}
	for writer, counter := range last {
		c := at[writer]
		if c == nil {
			c = &chainCheck{v: v, writer: writer}
		}
		if c.at < counter {
			v.found(AuditFinding{Code: "audit.found.tail_cut", Writer: writer, From: c.at + 1, To: counter})
		}
	}
	v.proof.Writers = len(last)
	slices.SortStableFunc(v.proof.Findings, func(a, b AuditFinding) int {
		if a.Writer != b.Writer {
			return strings.Compare(a.Writer, b.Writer)
		}
		return int(a.From - b.From)
	})
	return nil
}

// chainCheck follows the rows of one writer.
type chainCheck struct {
	v      *verifier
	writer string
	heads  []AuditHead
	at     int64 // last row seen
	head   []byte
	from   int64 // last row of the head before
	broken bool  // since the last head that fitted
}

func (c *chainCheck) row(r *AuditRow) {
	if r.Counter != c.at+1 {
		c.v.found(AuditFinding{Code: "audit.found.missing", Writer: c.writer, From: c.at + 1, To: r.Counter - 1})
		c.broken = true
	}
	c.at = r.Counter
	c.head = r.after(c.head)
	for len(c.heads) > 0 && c.heads[0].Counter <= r.Counter {
		want, err := hex.DecodeString(c.heads[0].Hash)
		if !c.broken && (err != nil || c.heads[0].Counter == r.Counter && !slices.Equal(want, c.head)) {
			c.v.found(AuditFinding{Code: "audit.found.edited", Writer: c.writer, From: c.from + 1, To: r.Counter})
		}
		if c.heads[0].Counter == r.Counter {
			c.head, c.broken = want, false // what follows is judged by itself
		}
		c.from = c.heads[0].Counter
		c.heads = c.heads[1:]
	}
}

// EachAudit calls fn for the lines of the audit log in a span of time, by time; the zero time is open.
func (db *DB) EachAudit(ctx context.Context, from, to time.Time, fn func(*AuditRow) error) error {
	until := Micros(to)
	if to.IsZero() {
		until = 1<<63 - 1
	}
	return db.each(ctx, `SELECT `+auditColumns+` FROM audit WHERE at >= ? AND at < ? ORDER BY at, writer, counter`, []any{Micros(from), until}, func(rows *sqlx.Rows) error {
		var r AuditRow
		if err := rows.StructScan(&r); err != nil {
			return err
		}
		return fn(&r)
	})
}

// EachAuditRoot calls fn for every signed root in order, with the text that is signed and its signature.
func (db *DB) EachAuditRoot(ctx context.Context, fn func(body string, signature []byte) error) error {
	return db.each(ctx, `SELECT seq, body, signature FROM audit_root ORDER BY seq`, nil, func(rows *sqlx.Rows) error {
		var r storedRoot
		if err := rows.StructScan(&r); err != nil {
			return err
		}
		return fn(r.Body, r.Signature)
	})
}
