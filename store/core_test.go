package store_test

import (
	"context"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/internal/errs"
	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

// clock is a settable wall clock.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// onBoth runs a test on SQLite and on a real PostgreSQL. open may be called more than once: each call is a process of its
// own on the same database.
func onBoth(t *testing.T, test func(t *testing.T, open func() *store.DB, c *clock)) {
	run := func(name string, url func(t *testing.T) string) {
		t.Run(name, func(t *testing.T) {
			dir, u, c := t.TempDir(), url(t), &clock{t: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
			test(t, func() *store.DB {
				db, err := storetest.Open(t.Context(), store.Config{URL: u, DataDir: dir, Now: c.Now, Rand: rand.Reader, Verb: "test"})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, db.Close()) })
				require.NoError(t, db.Ready(t.Context()))
				return db
			}, c)
		})
	}
	run("sqlite", func(*testing.T) string { return "sqlite:hub.db" })
	run("postgres", func(t *testing.T) string { return servers.PostgresSchema(t) })
}

func TestATransactionCommitsWholeOrNotAtAll(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		ctx, db := t.Context(), open()
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, "a", "1") }))
		boom := errors.New("boom")
		err := db.InTx(ctx, func(tx *store.Tx) error {
			require.NoError(t, tx.SetSetting(ctx, "a", "2"))
			v, err := tx.Setting(ctx, "a")
			require.NoError(t, err)
			require.Equal(t, "2", v, "a transaction sees its own writes")
			return boom
		})
		require.ErrorIs(t, err, boom)
		v, err := open().Setting(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, "1", v)

		cancelled, cancel := context.WithCancel(ctx)
		err = db.InTx(cancelled, func(tx *store.Tx) error {
			require.NoError(t, tx.SetSetting(ctx, "a", "3"))
			cancel()
			return nil
		})
		require.Error(t, err, "a commit on a cancelled context reports that it did not happen")
		v, err = db.Setting(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, "1", v)
	})
}

func TestALeaseHasOneOwnerAtATime(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, c *clock) {
		ctx, db := t.Context(), open()
		first, err := db.Acquire(ctx, "resolve", time.Minute)
		require.NoError(t, err)
		_, err = open().Acquire(ctx, "resolve", time.Minute)
		require.ErrorIs(t, err, store.ErrLeased, "this process lives")
		other, err := db.Acquire(ctx, "join", time.Minute)
		require.NoError(t, err, "leases of other names are free")
		require.NoError(t, db.Release(ctx, other))

		c.Advance(50 * time.Second)
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.Hold(ctx, first) }))
		c.Advance(50 * time.Second)
		_, err = db.Acquire(ctx, "resolve", time.Minute)
		require.ErrorIs(t, err, store.ErrLeased, "Hold extends the lease")

		c.Advance(11 * time.Second)
		second, err := db.Acquire(ctx, "resolve", time.Minute)
		require.NoError(t, err)
		require.Greater(t, second.Epoch, first.Epoch)
		err = db.InTx(ctx, func(tx *store.Tx) error {
			require.NoError(t, tx.SetSetting(ctx, "late", "yes"))
			return tx.Hold(ctx, first)
		})
		require.ErrorIs(t, err, store.ErrLeaseLost)
		v, err := db.Setting(ctx, "late")
		require.NoError(t, err)
		require.Empty(t, v, "a paused worker cannot commit behind its successor")

		require.NoError(t, db.Release(ctx, first), "a lost lease is not an error to release")
		_, err = db.Acquire(ctx, "resolve", time.Minute)
		require.ErrorIs(t, err, store.ErrLeased, "and its release does not take the successor's")
		require.NoError(t, db.Release(ctx, second))
		_, err = db.Acquire(ctx, "resolve", time.Minute)
		require.NoError(t, err)
	})
}

func TestOnlyOneOfManyGetsALease(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		ctx, db := t.Context(), open()
		var wg sync.WaitGroup
		won := make(chan int64, 16)
		for range 16 {
			wg.Go(func() {
				l, err := db.Acquire(ctx, "race", time.Minute)
				if err == nil {
					won <- l.Epoch
				} else if !errors.Is(err, store.ErrLeased) {
					t.Errorf("acquire: %v", err)
				}
			})
		}
		wg.Wait()
		require.Len(t, won, 1)
	})
}

func TestSealedRowsOpenOnlyWithTheirOwnKeyAndNeverAfterErasure(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		ctx, db := t.Context(), open()
		zhang, li := canonical.RecordKey{Source: "sfa", ID: "1"}, canonical.RecordKey{Source: "sfa", ID: "2"}
		var sealed []byte
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
			keys, err := tx.DataKeys(ctx, []canonical.RecordKey{zhang, li, zhang})
			require.NoError(t, err)
			require.Len(t, keys, 2)
			sealed, err = keys[zhang].Seal([]byte("张伟 13800000000"))
			return err
		}))
		require.NotContains(t, string(sealed), "张伟")
		keys, err := open().DataKeys(ctx, []canonical.RecordKey{zhang, li})
		require.NoError(t, err)
		plain, err := keys[zhang].Open(sealed)
		require.NoError(t, err)
		require.Equal(t, "张伟 13800000000", string(plain))
		_, err = keys[li].Open(sealed)
		require.Error(t, err)

		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.DestroyDataKeys(ctx, []canonical.RecordKey{zhang}) }))
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error {
			keys, err := tx.DataKeys(ctx, []canonical.RecordKey{zhang, li})
			require.NoError(t, err)
			require.NotContains(t, keys, zhang, "a destroyed key is not made anew")
			require.Contains(t, keys, li)
			return nil
		}))
	})
}

func TestKeyRingIsMadeOnceAndKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyring.json")
	var wg sync.WaitGroup
	hashes := make(chan string, 8)
	for range 8 {
		wg.Go(func() {
			r, err := store.OpenKeyRing(path, rand.Reader)
			if err != nil {
				t.Error(err)
				return
			}
			hashes <- string(r.Hash("a", "b"))
		})
	}
	wg.Wait()
	close(hashes)
	first := <-hashes
	for h := range hashes {
		require.Equal(t, first, h, "processes that start at once end with one key ring")
	}
	st, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), st.Mode().Perm())
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = store.OpenKeyRing(path, rand.Reader)
	require.Equal(t, "store.keyring_read", errs.CodeOf(err))
}

func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		ctx, db := t.Context(), open()
		state, err := db.Migrations(ctx)
		require.NoError(t, err)
		require.Equal(t, state.Latest, state.Current)
		for state.Current > 0 {
			undone, err := db.MigrateDown(ctx)
			require.NoError(t, err)
			require.Equal(t, state.Current, undone)
			state, err = db.Migrations(ctx)
			require.NoError(t, err)
			require.Less(t, state.Current, undone)
		}
		require.NoError(t, db.Ready(ctx), "an empty database is migrated")
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, "a", "1") }))
	})
}

// A kill between two migrations of a new database leaves an older schema with nothing in it; the next command goes on.
func TestAnOlderSchemaIsMigratedWhileNothingIsStored(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *store.DB, _ *clock) {
		ctx, db := t.Context(), open()
		undo := func() {
			_, err := db.MigrateDown(ctx)
			require.NoError(t, err)
		}
		undo()
		require.NoError(t, db.Ready(ctx), "nothing is stored")
		require.NoError(t, db.InTx(ctx, func(tx *store.Tx) error { return tx.SetSetting(ctx, "a", "1") }))
		undo()
		err := db.Ready(ctx)
		if db.Dialect() == "postgres" {
			require.Equal(t, "store.schema_older", errs.CodeOf(err))
			return
		}
		require.NoError(t, err, "an older file is copied beside itself and migrated")
	})
}

func TestOpenExplainsWhatAPersonCanMend(t *testing.T) {
	dir := t.TempDir()
	cfg := func(url string) store.Config {
		return store.Config{URL: url, DataDir: dir, Now: time.Now, Rand: rand.Reader}
	}
	code := func(url string) string {
		db, err := store.Open(t.Context(), cfg(url))
		if err == nil {
			defer db.Close()
			err = db.Ready(t.Context())
		}
		require.Error(t, err)
		return errs.CodeOf(err)
	}
	require.Equal(t, "store.url", code("mysql://x"))
	require.Equal(t, "store.unreachable", code("postgres://hub:secret@127.0.0.1:1/hub"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("this is not a database, but it is long enough to be looked at"), 0o600))
	require.Equal(t, "store.not_a_database", code("sqlite:notes.txt"))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	require.Equal(t, "store.not_a_file", code("sqlite:folder"))

	_, err := store.Open(t.Context(), cfg("postgres://hub:secret@127.0.0.1:1/hub"))
	require.NotContains(t, err.Error(), "secret")
}

func TestPostgresSaysWhyALoginFails(t *testing.T) {
	u, err := url.Parse(servers.Postgres(t))
	require.NoError(t, err)
	u.User = url.UserPassword(u.User.Username(), "wrong")
	_, err = store.Open(t.Context(), store.Config{URL: u.String(), DataDir: t.TempDir(), Now: time.Now, Rand: rand.Reader})
	require.Equal(t, "store.login", errs.CodeOf(err))
	require.True(t, errs.Is(err, errs.Unavailable))
}

// With verify-full the connection is encrypted, and only to the server that the certificate names.
func TestPostgresOverTLS(t *testing.T) {
	u, err := url.Parse(servers.Postgres(t))
	require.NoError(t, err)
	open := func(ca string) (*store.DB, error) {
		at := *u
		at.RawQuery = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {ca}}.Encode()
		return store.Open(t.Context(), store.Config{URL: at.String(), DataDir: t.TempDir(), Now: time.Now, Rand: rand.Reader})
	}
	db, err := open(servers.PostgresTLS(t).CA)
	require.NoError(t, err)
	require.NoError(t, db.Ping(t.Context()))
	require.NoError(t, db.Close())

	other := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	strange := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(strange, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw}), 0o600))
	_, err = open(strange)
	require.Equal(t, "store.certificate", errs.CodeOf(err))
}
