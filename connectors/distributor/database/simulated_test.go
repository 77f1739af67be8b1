package database_test

import (
	"fmt"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/sandbox/fault"
	"tributary/connectors/sandbox/simpostgres"
	"tributary/internal/errs"
)

// simulated is the double of a distributor's server with the table of site.table and rows like those of site.insert.
func simulated(t *testing.T, rows int, f *fault.Set) site {
	t.Helper()
	changed := time.Date(2025, 3, 31, 9, 0, 0, 123456000, time.UTC)
	table := salesTable()
	for i := range rows {
		table.Rows = append(table.Rows, salesRow(i, changed, "12.500000"))
	}
	return double(t, simpostgres.Options{Now: time.Now, Faults: f}, table).site
}

// salesTable is the table of site.table without rows.
func salesTable() simpostgres.Table {
	return simpostgres.Table{Name: "sales", Columns: []simpostgres.Column{
		{Name: "line_id", Type: simpostgres.Bigint}, {Name: "doc_date", Type: simpostgres.Date}, {Name: "changed_at", Type: simpostgres.Timestamp}, {Name: "doc_no", Type: simpostgres.Text},
		{Name: "cust_name", Type: simpostgres.Text}, {Name: "prod_name", Type: simpostgres.Text}, {Name: "spec", Type: simpostgres.Text}, {Name: "lot", Type: simpostgres.Text}, {Name: "qty", Type: simpostgres.Numeric}, {Name: "gone", Type: simpostgres.Bigint}}}
}

func salesRow(id int, changed time.Time, qty string) []any {
	return []any{id, changed, changed, fmt.Sprintf("D%05d", id), "市立医院", "清热颗粒", "10g*9", "0250301", qty, 0}
}

// doubled is a double that runs until the test ends.
type doubled struct {
	site
	server *simpostgres.Server
}

func double(t *testing.T, o simpostgres.Options, tables ...simpostgres.Table) doubled {
	t.Helper()
	o.Database, o.User, o.Password, o.Delay = "ddi", "reader", right, time.Minute
	server, err := simpostgres.New(o, tables...)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		require.ErrorIs(t, <-ended, net.ErrClosed)
	})
	return doubled{site{kind: "postgres", settings: map[string]any{
		"kind": "postgres", "address": l.Addr().String(), "database": "ddi", "user": "reader", "password": right, "pause": "0s", "page_size": 100, "lag": "0s",
		"sales": "SELECT line_id AS id, doc_date, changed_at, doc_no, cust_name, prod_name, spec, lot, qty, gone AS deleted FROM sales",
	}}, server}
}

// told is all that a source tells: what it finds, what it discovers, its rows, and the codes of what goes wrong.
func told(t *testing.T, s site) map[string]any {
	out := map[string]any{}
	for name, change := range map[string]map[string]any{
		"as it is": {}, "by days": {"sales": "SELECT line_id AS id, doc_date, cust_name, qty FROM sales WHERE line_id < 150"},
		"no such view": {"sales": "SELECT * FROM v_sales"}, "no such column": {"sales": "SELECT id, doc_date FROM sales"}, "no dates": {"sales": "SELECT line_id AS id FROM sales"},
		"no SQL": {"sales": "SELECT line_id id doc_date FROM sales"}, "wrong password": {"password": "wrong"}, "no such database": {"database": "nowhere"},
	} {
		src := s.source(t, change)
		found, err := src.Check(t.Context())
		require.NoError(t, err, name)
		var codes []string
		for _, f := range found {
			codes = append(codes, f.Code)
		}
		streams, err := src.Discover(t.Context())
		out[name] = []any{codes, streams, errs.CodeOf(err)}
		if err != nil {
			require.Error(t, src.Open(t.Context(), "sales", nil))
		}
	}
	for _, name := range []string{"as it is", "by days"} {
		query := map[string]map[string]any{"by days": {"sales": "SELECT line_id AS id, doc_date, cust_name, qty FROM sales"}}[name]
		rows, pages, _ := connectortest.Drain(t, s.source(t, query), "sales", nil)
		fields := make([]map[string]any, len(rows))
		for i, r := range rows {
			fields[i] = maps.Clone(r.Fields)
			delete(fields[i], "changed_at") // the server's own clock
		}
		out[name+": rows"], out[name+": pages"] = fields, len(pages)
	}
	return out
}

// The double answers every statement of the connector as a real server does.
func TestTheDoubleAnswersLikeAServer(t *testing.T) {
	t.Parallel()
	real := postgres(t)
	real.table(t)
	real.insert(t, 0, 250, "localtimestamp - interval '1 hour'")
	want, got := told(t, real), told(t, simulated(t, 250, nil))
	for name := range want {
		require.Equal(t, want[name], got[name], name)
	}
}

func TestFaultsOfTheDouble(t *testing.T) {
	t.Parallel()
	for name, code := range map[fault.Name]string{
		fault.Throttle: "database.lost", fault.BadCredentials: "database.credentials", fault.NoRights: "database.rights", fault.SessionExpiry: "database.lost", fault.CutBody: "database.lost", fault.Slow: "database.timeout",
	} {
		f := fault.New()
		s := simulated(t, 250, f)
		src := s.source(t, map[string]any{"timeout": "1s"})
		if name != fault.Throttle && name != fault.BadCredentials {
			require.NoError(t, src.Open(t.Context(), "sales", nil))
		}
		f.Always(name)
		err := src.Open(t.Context(), "sales", nil)
		if err == nil {
			_, err = src.Read(t.Context())
		}
		require.Equal(t, code, errs.CodeOf(err), "%s: %v", name, err)
		f.Clear()
		rows, _, _ := connectortest.Drain(t, src, "sales", nil)
		require.Len(t, rows, 250, name)
	}
	f := fault.New()
	f.Always(fault.HiddenRows)
	found, err := simulated(t, 250, f).source(t, nil).Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, connectors.Warn, found[1].Severity)
	require.Equal(t, "connectors.check_no_rows", found[1].Code)
}
