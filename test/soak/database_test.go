package soak

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"tributary/test/e2e/harness"
	"tributary/test/servers"
)

// database is a distributor's PostgreSQL behind a cable that can be cut.
type database struct {
	db       *sql.DB
	cable    *harness.Proxy
	settings map[string]any
	rows     int
}

func startDatabase(t *testing.T) *database {
	address := servers.PostgresSchema(t)
	db, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	u, err := url.Parse(address)
	require.NoError(t, err)
	password, _ := u.User.Password()
	d := &database{db: db, cable: harness.StartProxy(t, u.Host), rows: 400}
	table := u.Query().Get("search_path") + ".sales"
	d.exec(t, `CREATE TABLE sales (id int PRIMARY KEY, doc_date date NOT NULL, changed_at timestamptz NOT NULL DEFAULT clock_timestamp(), deleted int NOT NULL DEFAULT 0,
		doc_no text, cust_code text, cust_name text, prod_code text, prod_name text, spec text, lot text, qty int, unit text)`)
	d.exec(t, fmt.Sprintf(`INSERT INTO sales (id, doc_date, doc_no, cust_code, cust_name, prod_code, prod_name, spec, lot, qty, unit)
		SELECT i, date '2025-01-01' + i %% 50, 'X' || i, 'K' || i %% 40, '直连客户第' || i %% 40 || '医院', 'P001', '复方丹参滴丸', '27mg×180丸/瓶', '240101', 1 + i %% 30, '盒' FROM generate_series(1, %d) i`, d.rows))
	d.settings = map[string]any{
		"kind": "postgres", "address": d.cable.Address, "database": u.Path[1:], "user": u.User.Username(), "password": password, "tls": "off", "lag": "1s", "overlap": "2m", "page_size": 50, "pause": "1ms",
		"sales": "SELECT id, doc_date, changed_at, deleted, doc_no, cust_code, cust_name, prod_code, prod_name, spec, lot, qty, unit FROM " + table,
	}
	return d
}

func (d *database) exec(t *testing.T, statement string, args ...any) {
	_, err := d.db.Exec(statement, args...)
	require.NoError(t, err, statement)
}

// change inserts, updates or takes back one row.
func (d *database) change(t *testing.T, r *rand.Rand) string {
	id := 1 + r.IntN(d.rows)
	switch r.IntN(4) {
	case 0:
		d.rows++
		d.exec(t, `INSERT INTO sales (id, doc_date, doc_no, cust_code, cust_name, prod_code, prod_name, spec, lot, qty, unit)
			SELECT $1::int, doc_date, 'X' || $1::int, cust_code, cust_name, prod_code, prod_name, spec, lot, $2, unit FROM sales WHERE id = $3`, d.rows, 1+r.IntN(50), id)
		return "inserted"
	case 1:
		d.exec(t, "UPDATE sales SET deleted = 1, changed_at = clock_timestamp() WHERE id = $1", id)
		return "deleted"
	case 2:
		d.exec(t, "UPDATE sales SET qty = $2, changed_at = clock_timestamp() - interval '20 s' WHERE id = $1", id, 1+r.IntN(50))
		return "updated late"
	default:
		d.exec(t, "UPDATE sales SET qty = $2, changed_at = clock_timestamp() WHERE id = $1", id, 1+r.IntN(50))
		return "updated"
	}
}
