package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/store"
	"tributary/store/storetest"
	"tributary/test/servers"
)

func TestSuite(t *testing.T) {
	for _, d := range []struct {
		name string
		url  func(t *testing.T) string
	}{
		{"sqlite", func(*testing.T) string { return "sqlite:hub.db" }},
		{"postgres", func(t *testing.T) string { return servers.PostgresSchema(t) }},
	} {
		t.Run(d.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) *store.DB {
				db, err := storetest.Open(t.Context(), store.Config{URL: d.url(t), DataDir: t.TempDir(), Now: time.Now, Rand: rand.Reader, Verb: "test"})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, db.Close()) })
				require.NoError(t, db.Ready(t.Context()))
				return db
			})
		})
	}
}
