package store_test

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tributary/internal/errs"
	"tributary/store"
	"tributary/test/servers"
)

// auditLog is a database with audit lines and a way to change it behind the program's back.
type auditLog struct {
	*testing.T
	db  *store.DB
	dir string
	url string
	raw *sql.DB
}

func onBothAudits(t *testing.T, test func(l *auditLog)) {
	t.Run("sqlite", func(t *testing.T) { test(newAuditLog(t, "sqlite:hub.db")) })
	t.Run("postgres", func(t *testing.T) { test(newAuditLog(t, servers.PostgresSchema(t))) })
}

func newAuditLog(t *testing.T, url string) *auditLog {
	l := &auditLog{T: t, dir: t.TempDir(), url: url}
	l.db = l.open(l.dir)
	require.NoError(t, l.db.Ready(t.Context()))
	driver, source := "pgx", url
	if l.db.Dialect() == "sqlite" {
		driver, source = "sqlite", "file:"+filepath.Join(l.dir, "hub.db")+"?_pragma=busy_timeout(5000)"
	}
	var err error
	l.raw, err = sql.Open(driver, source)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.raw.Close()) })
	return l
}

func (l *auditLog) open(dir string) *store.DB {
	db, err := store.Open(l.Context(), store.Config{URL: l.url, DataDir: dir, Now: time.Now, Rand: rand.Reader, Verb: "test"})
	require.NoError(l, err)
	l.Cleanup(func() { require.NoError(l, db.Close()) })
	return db
}

// lines appends n lines in one transaction.
func (l *auditLog) lines(n int) {
	l.Helper()
	require.NoError(l, l.write(n))
}

func (l *auditLog) write(n int) error {
	return l.db.InTx(l.Context(), func(tx *store.Tx) error {
		for i := range n {
			err := tx.Audit(l.Context(), store.AuditEntry{Actor: "os:林", Action: "recall.advance", Subject: fmt.Sprint("R-", i), Reason: "批件 <7>",
				Body: store.Change{Before: map[string]any{"state": "draft"}, After: map[string]any{"state": "assessed", "amount": 12345678901234567}}})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (l *auditLog) seal() int64 {
	l.Helper()
	n, err := l.db.SealAudit(l.Context())
	require.NoError(l, err)
	return n
}

func (l *auditLog) exec(query string) {
	l.Helper()
	_, err := l.raw.ExecContext(l.Context(), query)
	require.NoError(l, err)
}

// found are the codes that a verification finds.
func (l *auditLog) found() []string {
	l.Helper()
	proof, err := l.db.VerifyAudit(l.Context())
	require.NoError(l, err)
	var out []string
	for _, f := range proof.Findings {
		require.NotEqual(l, f.Code, errs.Lookup(f.Code).ZH.What, "the finding has a text")
		out = append(out, f.Code)
	}
	return out
}

func TestTheAuditLogIsSealedAndVerifies(t *testing.T) {
	onBothAudits(t, func(l *auditLog) {
		require.False(l, l.db.Audited())
		l.lines(3)
		require.True(l, l.db.Audited())
		require.EqualValues(l, 3, l.seal())
		require.EqualValues(l, 0, l.seal(), "nothing new, no root")
		l.lines(2)
		proof, err := l.db.VerifyAudit(l.Context())
		require.NoError(l, err)
		require.Empty(l, proof.Findings)
		require.Equal(l, []int64{5, 3, 1}, []int64{proof.Rows, proof.Sealed, proof.Roots})
		require.EqualValues(l, 2, l.seal())
		rows, err := l.db.AuditOf(l.Context(), "R-1")
		require.NoError(l, err)
		require.JSONEq(l, `{"before":{"state":"draft"},"after":{"amount":12345678901234567,"state":"assessed"}}`, rows[0].Body)
		require.Contains(l, rows[0].Body, `{"after":{"amount":12345678901234567,`, "keys are sorted")
	})
}

func TestARolledBackTransactionLeavesNoGapAndNoLine(t *testing.T) {
	onBothAudits(t, func(l *auditLog) {
		l.lines(1)
		err := l.db.InTx(l.Context(), func(tx *store.Tx) error {
			require.NoError(l, tx.Audit(l.Context(), store.AuditEntry{Action: "x", Subject: "lost"}))
			return sql.ErrNoRows
		})
		require.ErrorIs(l, err, sql.ErrNoRows)
		l.lines(1)
		l.seal()
		require.Empty(l, l.found())
		lost, err := l.db.AuditOf(l.Context(), "lost")
		require.NoError(l, err)
		require.Empty(l, lost)
	})
}

func TestTransactionsOfOneProcessAuditSideBySide(t *testing.T) {
	onBothAudits(t, func(l *auditLog) {
		var g errgroup.Group
		for range 8 {
			g.Go(func() error {
				for range 5 {
					if err := l.write(2); err != nil {
						return err
					}
				}
				return nil
			})
		}
		g.Go(func() error { _, err := l.db.SealAudit(l.Context()); return err })
		require.NoError(l, g.Wait())
		l.seal()
		proof, err := l.db.VerifyAudit(l.Context())
		require.NoError(l, err)
		require.Empty(l, proof.Findings)
		require.EqualValues(l, 80, proof.Sealed)
	})
}

func TestVerifyFindsWhatWasDoneToTheLog(t *testing.T) {
	for _, c := range []struct {
		name, query string
		want        []string
	}{
		{"a reason was edited", `UPDATE audit SET reason = 'x' WHERE counter = 2`, []string{"audit.found.edited"}},
		{"an actor was edited", `UPDATE audit SET actor = 'os:other' WHERE counter = 1`, []string{"audit.found.edited"}},
		{"a body was edited", `UPDATE audit SET body = '{}' WHERE counter = 3`, []string{"audit.found.edited"}},
		{"a time was edited", `UPDATE audit SET at = at + 1 WHERE counter = 4`, []string{"audit.found.edited"}},
		{"a row was taken out", `DELETE FROM audit WHERE counter = 2`, []string{"audit.found.missing"}},
		{"the tail was cut", `DELETE FROM audit WHERE counter >= 4`, []string{"audit.found.tail_cut"}},
		{"everything was deleted", `DELETE FROM audit`, []string{"audit.found.tail_cut"}},
		{"a line not sealed yet was deleted", `DELETE FROM audit WHERE counter = 6`, []string{"audit.found.tail_cut"}},
		{"the tail was cut and the count with it", `DELETE FROM audit WHERE counter >= 4; UPDATE audit_writer SET counter = 3, sealed = 3`, []string{"audit.found.tail_cut"}},
		{"a line was added by hand", `INSERT INTO audit SELECT writer, 99, at, actor, action, subject, reason, body FROM audit WHERE counter = 1`, []string{"audit.found.missing", "audit.found.unnumbered"}},
		{"the newest root was cut", `DELETE FROM audit_root WHERE seq = 2`, []string{"audit.found.roots_cut"}},
		{"a root in the middle was cut", `DELETE FROM audit_root WHERE seq = 1`, []string{"audit.found.root_missing"}},
		{"all roots were cut", `DELETE FROM audit_root`, []string{"audit.found.roots_cut"}},
		{"a root was rewritten", `UPDATE audit_root SET body = replace(body, '"seq":2', '"seq": 2') WHERE seq = 2`, []string{"audit.found.root_changed", "audit.found.root_changed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newAuditLog(t, "sqlite:hub.db")
			l.lines(3)
			l.seal()
			l.lines(2)
			l.seal()
			l.lines(1)
			require.Empty(t, l.found())
			l.exec(c.query)
			require.Equal(t, c.want, l.found())
		})
	}
}

func TestPostgresFindsAnEditToo(t *testing.T) {
	l := newAuditLog(t, servers.PostgresSchema(t))
	l.lines(3)
	l.seal()
	l.exec(`UPDATE audit SET reason = 'x' WHERE counter = 2`)
	require.Equal(t, []string{"audit.found.edited"}, l.found())
	l.exec(`DELETE FROM audit WHERE counter = 2`)
	require.Equal(t, []string{"audit.found.missing"}, l.found())
}

func TestAnotherKeyRingNeitherSealsNorVerifies(t *testing.T) {
	l := newAuditLog(t, servers.PostgresSchema(t))
	l.lines(1)
	l.seal()
	l.lines(1)
	other := l.open(t.TempDir())
	_, err := other.SealAudit(t.Context())
	require.Equal(t, "audit.other_key", errs.CodeOf(err))
	_, err = other.VerifyAudit(t.Context())
	require.Equal(t, "audit.other_key", errs.CodeOf(err))
	require.EqualValues(t, 1, l.seal(), "the lease was given back")
	require.NoError(t, os.WriteFile(filepath.Join(l.dir, "audit-anchor.json"), []byte("{"), 0o600))
	_, err = l.db.VerifyAudit(t.Context())
	require.Equal(t, "audit.anchor_read", errs.CodeOf(err))
}
