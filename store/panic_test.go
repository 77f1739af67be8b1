package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/store"
)

// A fault of our own inside a transaction reaches whoever can tell of it, and leaves the store usable and unchanged.
func TestAPanicInATransactionPassesThrough(t *testing.T) {
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:hub.db", DataDir: t.TempDir(), Now: time.Now, Rand: rand.Reader})
	require.NoError(t, err)
	require.NoError(t, db.Ready(t.Context()))
	ended := make(chan any, 1)
	go func() {
		defer func() { ended <- recover() }()
		_ = db.InTx(t.Context(), func(tx *store.Tx) error {
			if err := tx.SetSetting(t.Context(), "company.code", "X"); err != nil {
				return err
			}
			panic("a fault")
		})
	}()
	select {
	case p := <-ended:
		require.Equal(t, "a fault", p)
	case <-time.After(10 * time.Second):
		require.FailNow(t, "the panic hangs")
	}
	code, err := db.Setting(t.Context(), "company.code")
	require.NoError(t, err)
	require.NotEqual(t, "X", code)
	require.NoError(t, db.InTx(t.Context(), func(tx *store.Tx) error { return tx.SetSetting(t.Context(), "company.code", "M") }))
	require.NoError(t, db.Close())
}
