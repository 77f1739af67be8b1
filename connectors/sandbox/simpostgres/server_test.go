package simpostgres_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest/leak"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simpostgres"
)

func TestMain(m *testing.M) { leak.Main(m) }

func start(t *testing.T, f *fault.Set) string {
	t.Helper()
	day := time.Date(2025, 3, 31, 9, 30, 0, 5000, time.UTC)
	server, err := simpostgres.New(simpostgres.Options{Database: "d", User: "u", Password: "p", Now: func() time.Time { return day }, Faults: f, Delay: time.Minute}, simpostgres.Table{
		Name:    "v",
		Columns: []simpostgres.Column{{Name: "n", Type: simpostgres.Bigint}, {Name: "d", Type: simpostgres.Date}, {Name: "at", Type: simpostgres.Timestamp}, {Name: "q", Type: simpostgres.Numeric}, {Name: "s", Type: simpostgres.Text}, {Name: "b", Type: simpostgres.Boolean}},
		Rows:    [][]any{{1, day, day, "12.50", "盒", true}, {2, nil, nil, nil, nil, nil}},
	})
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, net.ErrClosed)
	})
	return "postgres://u:p@" + l.Addr().String() + "/d?timezone=Asia/Shanghai"
}

func connect(t *testing.T, url string, mode pgx.QueryExecMode) *pgx.Conn {
	t.Helper()
	cfg, err := pgx.ParseConfig(url)
	require.NoError(t, err)
	cfg.DefaultQueryExecMode = mode
	c, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(context.WithoutCancel(t.Context()))) })
	return c
}

func number(err error) string {
	var pg *pgconn.PgError
	errors.As(err, &pg)
	if pg == nil {
		return ""
	}
	return pg.Code
}

// Values come whole in every way of asking: text and binary, with and without a prepared statement.
func TestValuesInEveryForm(t *testing.T) {
	t.Parallel()
	url := start(t, nil)
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeDescribeExec, pgx.QueryExecModeCacheStatement, pgx.QueryExecModeSimpleProtocol} {
		c := connect(t, url, mode)
		var n int64
		var d, at time.Time
		var q, s string
		var b bool
		require.NoError(t, c.QueryRow(t.Context(), "SELECT n, d, at, q, s, b FROM v WHERE d = '2025-03-31'").Scan(&n, &d, &at, &q, &s, &b), mode)
		require.Equal(t, []any{int64(1), "2025-03-31", "2025-03-31T09:30:00.000005", "12.50", "盒", true}, []any{n, d.Format(time.DateOnly), at.Format("2006-01-02T15:04:05.999999"), q, s, b})
		var none *time.Time
		require.NoError(t, c.QueryRow(t.Context(), "SELECT d FROM v WHERE n = 2").Scan(&none))
		require.Nil(t, none)
		if mode != pgx.QueryExecModeSimpleProtocol {
			require.NoError(t, c.QueryRow(t.Context(), "SELECT n FROM v t WHERE t.at >= $1 AND t.n < $2", "2025-03-31 09:30:00", 5).Scan(&n))
		}
		var clock string
		require.NoError(t, c.QueryRow(t.Context(), "SELECT to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS')").Scan(&clock))
		require.Equal(t, "2025-03-31 17:30:00", clock, "in the zone of the session")
	}
}

// Failures have the numbers of the real server, and a transaction that failed takes nothing more.
func TestNumbersOfFailures(t *testing.T) {
	t.Parallel()
	url := start(t, nil)
	c := connect(t, url, pgx.QueryExecModeDescribeExec)
	for statement, want := range map[string]string{
		"SELECT * FROM nowhere": "42P01", "SELECT nosuch FROM v": "42703", "SELECT FROM FROM": "42601", "SELECT nosuch(1)": "42883", "DELETE FROM v": "42501", "SET nonsense = 1": "42704",
		"SET statement_timeout = soon": "22023", "SET": "42601",
	} {
		_, err := c.Exec(t.Context(), statement)
		require.Equal(t, want, number(err), "%s: %v", statement, err)
	}
	_, err := c.Exec(t.Context(), "SELECT n FROM v t WHERE t.d > $1", "not a day")
	require.Equal(t, "22007", number(err))
	tx, err := c.BeginTx(t.Context(), pgx.TxOptions{AccessMode: pgx.ReadOnly})
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "UPDATE v SET n = 3")
	require.Equal(t, "25006", number(err))
	_, err = tx.Exec(t.Context(), "SELECT n FROM v")
	require.Equal(t, "25P02", number(err))
	require.NoError(t, tx.Rollback(t.Context()))
	_, err = c.Exec(t.Context(), "SELECT n FROM v")
	require.NoError(t, err)
}

// A statement ends at the session's limit, at the transaction's, and when its client asks for it.
func TestStatementsEnd(t *testing.T) {
	t.Parallel()
	f := fault.New()
	c := connect(t, start(t, f), pgx.QueryExecModeDescribeExec)
	f.Always(fault.Slow)
	tx, err := c.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SET LOCAL statement_timeout = 20")
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT n FROM v")
	require.Equal(t, "57014", number(err))
	require.NoError(t, tx.Rollback(t.Context()))
	done, all := make(chan struct{}), sync.WaitGroup{}
	all.Go(func() { // before the statement is at work there is nothing to stop
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
				if err := c.PgConn().CancelRequest(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	})
	_, err = c.Exec(t.Context(), "SELECT n FROM v")
	close(done)
	all.Wait()
	require.Equal(t, "57014", number(err))
	f.Clear()
	_, err = c.Exec(t.Context(), "SET statement_timeout = '60000'")
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), "SELECT n FROM v")
	require.NoError(t, err)
}
