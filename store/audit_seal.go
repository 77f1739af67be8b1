package store

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/jmoiron/sqlx"

	"tributary/internal/errs"
)

// The chain of a writer: head₀ = "", headₙ = SHA-256(headₙ₋₁ ‖ row n), every field preceded by its length. A root names
// the heads that moved since the root before and the hash of that root; it is signed with a key that follows from the key
// ring, so whoever has the database alone can neither change a sealed row nor make a root that fits.

const (
	sealLease   = "audit/seal"
	sealTTL     = 30 * time.Second
	sealPortion = 5000 // rows of one root (rule 6.9)
)

// AuditRoot is what a root says.
type AuditRoot struct {
	Seq      int64       `json:"seq"`
	At       int64       `json:"at"`       // microseconds
	Previous string      `json:"previous"` // hash of the root before, "" for the first
	Key      string      `json:"key"`      // base64 of the public key that verifies the signature
	Heads    []AuditHead `json:"heads"`    // by writer
}

// AuditHead is how far a writer's chain had come.
type AuditHead struct {
	Writer  string `json:"writer"`
	Counter int64  `json:"counter"`
	Hash    string `json:"hash"`
}

// storedRoot is a root as it lies in the database.
type storedRoot struct {
	Seq       int64  `db:"seq"`
	Body      string `db:"body"`
	Signature []byte `db:"signature"`
}

func (r *storedRoot) hash() string {
	h := sha256.New()
	hashField(h, []byte(r.Body))
	hashField(h, r.Signature)
	return hex.EncodeToString(h.Sum(nil))
}

func hashField(h hash.Hash, b []byte) {
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(len(b)))
	h.Write(n[:])
	h.Write(b)
}

// after is the head of a chain that grows by a row.
func (r *AuditRow) after(head []byte) []byte {
	h := sha256.New()
	hashField(h, head)
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], uint64(r.Counter))
	binary.BigEndian.PutUint64(n[8:], uint64(r.At))
	hashField(h, n[:])
	for _, text := range []string{r.Writer, r.Actor, r.Action, r.Subject, r.Reason, r.Body} {
		hashField(h, []byte(text))
	}
	return h.Sum(nil)
}

// auditKey is the signing key of the audit log; its public half is in every root.
func (r *KeyRing) auditKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(r.Hash("audit signing key"))
}

func publicText(k ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(k.Public().(ed25519.PublicKey))
}

// SealAudit chains the audit rows that are not chained yet and signs roots over them. It returns how many rows it sealed;
// 0 and no error when another worker is at it.
func (db *DB) SealAudit(ctx context.Context) (rows int64, err error) {
	if waits, err := db.auditUnsealed(ctx); err != nil || !waits {
		return 0, err
	}
	lease, err := db.Acquire(ctx, sealLease, sealTTL)
	if errors.Is(err, ErrLeased) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("seal the audit log: %w", err)
	}
	defer func() { err = errors.Join(err, db.Release(ctx, lease)) }()
	for {
		n, root, err := db.sealPortion(ctx, lease)
		if err != nil || n == 0 {
			return rows, err
		}
		rows += n
		if err := db.writeAnchor(root); err != nil {
			return rows, err
		}
	}
}

func (db *DB) auditUnsealed(ctx context.Context) (bool, error) {
	var n int
	err := db.get(ctx, &n, `SELECT count(*) FROM audit_writer WHERE sealed < counter`)
	return n > 0, err
}

// sealPortion makes one root.
func (db *DB) sealPortion(ctx context.Context, lease *Lease) (rows int64, root *storedRoot, err error) {
	err = db.InTx(ctx, func(tx *Tx) error {
		if err := tx.Hold(ctx, lease); err != nil {
			return err
		}
		last, err := tx.lastRoot(ctx)
		if err != nil {
			return err
		}
		key := db.ring.auditKey()
		body := AuditRoot{Seq: 1, At: Micros(tx.Now), Key: publicText(key)}
		if last != nil {
			var before AuditRoot
			if err := json.Unmarshal([]byte(last.Body), &before); err != nil {
				return fmt.Errorf("audit root %d: %w", last.Seq, err)
			}
			if before.Key != body.Key {
				return errs.New(errs.Unavailable, "audit.other_key", errs.Args{"dir": db.cfg.DataDir})
			}
			body.Seq, body.Previous = last.Seq+1, last.hash()
		}
		var writers []struct {
			Writer  string `db:"writer"`
			Counter int64  `db:"counter"`
			Sealed  int64  `db:"sealed"`
			Head    []byte `db:"head"`
		}
		if err := tx.sel(ctx, &writers, `SELECT writer, counter, sealed, head FROM audit_writer WHERE sealed < counter ORDER BY writer LIMIT 500`); err != nil {
			return err
		}
		for _, w := range writers {
			if rows >= sealPortion {
				break
			}
			to := min(w.Counter, w.Sealed+sealPortion)
			head := w.Head
			err := tx.eachAudit(ctx, w.Writer, w.Sealed, to, func(r *AuditRow) error {
				head = r.after(head)
				return nil
			})
			if err != nil {
				return err
			}
			if err := tx.execOne(ctx, `UPDATE audit_writer SET sealed = ?, head = ? WHERE writer = ?`, to, head, w.Writer); err != nil {
				return err
			}
			rows += to - w.Sealed
			body.Heads = append(body.Heads, AuditHead{Writer: w.Writer, Counter: to, Hash: hex.EncodeToString(head)})
		}
		if rows == 0 {
			return nil
		}
		text, err := canonicalJSON(body)
		if err != nil {
			return err
		}
		root = &storedRoot{Seq: body.Seq, Body: text, Signature: ed25519.Sign(key, []byte(text))}
		_, err = tx.exec(ctx, `INSERT INTO audit_root (seq, at, row_count, body, signature) VALUES (?, ?, ?, ?, ?)`, root.Seq, body.At, rows, root.Body, root.Signature)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("seal the audit log: %w", err)
	}
	return rows, root, nil
}

func (q querier) lastRoot(ctx context.Context) (*storedRoot, error) {
	var r storedRoot
	err := q.get(ctx, &r, `SELECT seq, body, signature FROM audit_root ORDER BY seq DESC LIMIT 1`)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &r, err
}

// eachAudit reads the rows of a writer after one number up to another, in order.
func (q querier) eachAudit(ctx context.Context, writer string, after, to int64, fn func(*AuditRow) error) error {
	return q.each(ctx, `SELECT `+auditColumns+` FROM audit WHERE writer = ? AND counter > ? AND counter <= ? ORDER BY counter`, []any{writer, after, to}, func(rows *sqlx.Rows) error {
		var r AuditRow
		if err := rows.StructScan(&r); err != nil {
			return err
		}
		return fn(&r)
	})
}

// auditAnchor is what is remembered of the last root outside the database, so that cutting the newest roots off shows.
type auditAnchor struct {
	Seq  int64  `json:"seq"`
	Hash string `json:"hash"`
}

func (db *DB) anchorPath() string { return filepath.Join(db.cfg.DataDir, "audit-anchor.json") }

func (db *DB) readAnchor() (a auditAnchor, err error) {
	b, err := os.ReadFile(db.anchorPath())
	if errors.Is(err, os.ErrNotExist) {
		return a, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		return a, errs.Wrap(errs.Unavailable, "audit.anchor_read", err, errs.Args{"path": db.anchorPath()})
	}
	return a, nil
}

func (db *DB) writeAnchor(root *storedRoot) error {
	b, err := json.Marshal(auditAnchor{Seq: root.Seq, Hash: root.hash()})
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(db.cfg.DataDir, ".audit-anchor-*")
	if err == nil {
		defer os.Remove(tmp.Name())
		_, err = io.WriteString(tmp, string(b)+"\n")
		if err = errors.Join(err, tmp.Close()); err == nil {
			err = os.Rename(tmp.Name(), db.anchorPath())
		}
	}
	if err != nil {
		return errs.Wrap(errs.Unavailable, "audit.anchor_write", err, errs.Args{"path": db.anchorPath()})
	}
	return nil
}
