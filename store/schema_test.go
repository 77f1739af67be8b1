package store_test

import (
	"crypto/rand"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/store"
	"tributary/test/servers"
)

// TestBothDialectsHaveTheSameTablesColumnsAndIndexes reads the catalogues of two migrated databases with plain drivers.
func TestBothDialectsHaveTheSameTablesColumnsAndIndexes(t *testing.T) {
	dir, pgURL := t.TempDir(), servers.PostgresSchema(t)
	for _, url := range []string{"sqlite:hub.db", pgURL} {
		db, err := store.Open(t.Context(), store.Config{URL: url, DataDir: dir, Now: time.Now, Rand: rand.Reader})
		require.NoError(t, err)
		require.NoError(t, db.Ready(t.Context()))
		require.NoError(t, db.Close())
	}
	lite := catalogue(t, "sqlite", filepath.Join(dir, "hub.db"),
		`SELECT m.name, c.name || CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN ' not null' ELSE '' END FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`,
		`SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_autoindex_%'`)
	pg := catalogue(t, "pgx", pgURL,
		`SELECT table_name, column_name || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END FROM information_schema.columns WHERE table_schema = current_schema()`,
		`SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key'`)
	require.Equal(t, lite, pg)
	require.Greater(t, len(pg), 200)
}

func catalogue(t *testing.T, driver, url string, queries ...string) []string {
	db, err := sql.Open(driver, url)
	require.NoError(t, err)
	defer db.Close()
	var out []string
	for _, q := range queries {
		rows, err := db.QueryContext(t.Context(), q)
		require.NoError(t, err)
		for rows.Next() {
			var table, what string
			require.NoError(t, rows.Scan(&table, &what))
			if !strings.HasPrefix(table, "goose") && !strings.HasPrefix(table, "sqlite_") {
				out = append(out, table+": "+what)
			}
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	slices.Sort(out)
	return out
}
