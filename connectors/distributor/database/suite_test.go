package database_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/distributor/database"
	"tributary/connectors/sandbox/fault"
	"tributary/test/servers"
)

var zone = time.FixedZone("Asia/Shanghai", 8*3600)

const (
	clockText = "2006-01-02 15:04:05.000000"
	right     = "planted-secret-reader"
	wrong     = "another-secret"
)

// ledgers is a distributor's database with a clock of its own, which the account sees instead of the server's.
type ledgers struct {
	site
	server, reader string
	clock          *connectortest.Clock // of the system that was started last
	faults         *fault.Set
	revoked        bool
	refused        bool
}

func newLedgers(t *testing.T, s site) *ledgers {
	l := &ledgers{site: s, server: s.settings["address"].(string), reader: s.settings["user"].(string)}
	text, moment := "TEXT", "TIMESTAMP(6)"
	if s.kind == "mysql" {
		text, moment = "LONGTEXT", "DATETIME(6)"
	}
	s.exec(t, fmt.Sprintf("CREATE TABLE sales (id BIGINT PRIMARY KEY, doc_date DATE NOT NULL, changed_at %s NULL, doc_no VARCHAR(40), cust_name VARCHAR(100), prod_name %s, lot VARCHAR(40), qty DECIMAL(18,6), deleted SMALLINT)", moment, text))
	for _, view := range []string{"v_sales", "v_purchases", "v_stock", "v_usage"} {
		s.exec(t, "CREATE VIEW "+view+" AS SELECT * FROM sales")
		s.settings[strings.TrimPrefix(view, "v_")] = "SELECT id, doc_date, changed_at, doc_no, cust_name, prod_name, lot, qty, deleted FROM " + view
	}
	l.rights(t, true)
	if s.kind == "postgres" {
		s.exec(t, "CREATE SCHEMA clock", "CREATE TABLE clock.hand (at timestamptz)", "INSERT INTO clock.hand VALUES (now())",
			"CREATE FUNCTION clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql SECURITY DEFINER AS 'SELECT at FROM clock.hand'",
			"GRANT USAGE ON SCHEMA clock TO "+l.reader, "ALTER ROLE "+l.reader+" SET search_path = clock, pg_catalog, public")
	} else {
		t.Cleanup(func() { s.exec(t, "SET GLOBAL init_connect = ''") })
	}
	s.settings["pause"], s.settings["tls"] = "0s", "off"
	return l
}

// rights gives and takes the account's rights.
func (l *ledgers) rights(t *testing.T, give bool) {
	for _, view := range []string{"v_sales", "v_purchases", "v_stock", "v_usage"} {
		statement := fmt.Sprintf(l.grant, view)
		if !give {
			statement = strings.NewReplacer("GRANT", "REVOKE", " TO ", " FROM ").Replace(statement)
		}
		l.exec(t, statement)
	}
	l.revoked = !give
}

// password gives the account its password, or another.
func (l *ledgers) password(t *testing.T, text string) {
	if l.kind == "postgres" {
		l.exec(t, "ALTER ROLE "+l.reader+" PASSWORD '"+text+"'")
	} else {
		l.exec(t, "ALTER USER '"+l.reader+"'@'127.0.0.1' IDENTIFIED BY '"+text+"'")
	}
	l.refused = text != right
}

// tell sets the clock that the account sees. MariaDB gives it to new connections.
func (l *ledgers) tell(t *testing.T) {
	if l.kind == "postgres" {
		_, err := l.admin.Exec("UPDATE clock.hand SET at = $1", l.clock.Now())
		require.NoError(t, err)
		return
	}
	l.exec(t, fmt.Sprintf(`SET GLOBAL init_connect = "SET time_zone = IF(CURRENT_USER() LIKE '%s@%%', '+08:00', @@GLOBAL.time_zone), timestamp = IF(CURRENT_USER() LIKE '%s@%%', %d, 0)"`, l.reader, l.reader, l.clock.Now().Unix()))
}

// publish writes the rows as the distributor's system does: in one transaction.
func (l *ledgers) publish(t *testing.T, rows []map[string]any) {
	tx, err := l.admin.Begin()
	require.NoError(t, err)
	_, err = tx.Exec("DELETE FROM sales")
	require.NoError(t, err)
	for len(rows) > 0 {
		n := min(len(rows), 1000)
		var values []string
		var args []any
		mark := func(v any) string {
			args = append(args, v)
			if l.kind == "postgres" {
				return fmt.Sprintf("$%d", len(args))
			}
			return "?"
		}
		for _, r := range rows[:n] {
			values = append(values, fmt.Sprintf("(%d, '2025-03-31', '%s', 'D%d', '市立医院', %s, '0250301', -12.500001, %d)", r["id"], r["changed_at"], r["id"], mark(r["prod_name"]), truth(r["deleted"])))
		}
		_, err = tx.Exec("INSERT INTO sales VALUES "+strings.Join(values, ","), args...)
		require.NoError(t, err)
		rows = rows[n:]
	}
	require.NoError(t, tx.Commit())
}

func truth(v any) int { return map[bool]int{true: 1}[v == true] }

// start starts the distributor's system anew.
func (l *ledgers) start(t *testing.T) *connectortest.System {
	l.clock, l.faults = &connectortest.Clock{}, fault.New()
	var before func()
	asking := false
	proxy := &connectortest.Proxy{
		Faults: l.faults, Query: []byte("SELECT "),
		Connected: func() {
			if l.revoked && !l.faults.Hit(fault.NoRights) {
				l.rights(t, true)
			}
			if refuse := l.faults.Hit(fault.BadCredentials); refuse != l.refused {
				l.password(t, map[bool]string{true: wrong, false: right}[refuse])
			}
		},
	}
	proxy.Asked = func() {
		if asking = true; before != nil {
			before()
		}
		asking = false
		if hide := l.faults.Hit(fault.NoRights); hide == !l.revoked {
			l.rights(t, !hide)
		}
		if l.faults.Hit(fault.BadCredentials) { // a password that was changed shows at the next login
			proxy.Cut()
		}
	}
	settings := map[string]any{}
	for name, v := range l.settings {
		settings[name] = v
	}
	settings["address"] = proxy.Start(t, l.server)
	rows := &connectortest.Rows{Clock: l.clock, Text: "prod_name", Gone: "deleted", Publish: func(rows []map[string]any) { l.publish(t, rows) },
		Make: func(i int, at time.Time) map[string]any {
			return map[string]any{"id": 100_001 + i, "changed_at": at.In(zone).Format(clockText), "prod_name": "药"}
		}}
	l.tell(t)
	rows.Fill(40)
	return &connectortest.System{
		Settings: settings, Faults: l.faults, Now: l.clock.Now, Fill: rows.Fill, Touch: rows.Touch, Remove: rows.Remove, Write: rows.Write,
		Before: func(do func()) { before = do },
		Advance: func(d time.Duration) {
			l.clock.Advance(d)
			l.tell(t)
			if l.kind == "mysql" && !asking {
				proxy.Cut()
			}
		},
		Server: &connectortest.Server{
			Kill: func() { l.kill(t) },
			Stop: func() func() { proxy.Refuse(true); return func() { proxy.Refuse(false) } },
			Lock: func() func() { return l.lock(t) },
		},
	}
}

// lock takes the table, so that readers wait.
func (l *ledgers) lock(t *testing.T) (unlock func()) {
	tx, err := l.admin.Begin()
	require.NoError(t, err)
	_, err = tx.Exec(map[string]string{"postgres": "LOCK TABLE sales IN ACCESS EXCLUSIVE MODE", "mysql": "LOCK TABLES sales WRITE"}[l.kind])
	require.NoError(t, err)
	return func() {
		if l.kind == "mysql" {
			_, err := tx.Exec("UNLOCK TABLES")
			require.NoError(t, err)
		}
		require.NoError(t, tx.Rollback())
	}
}

// greetings are the first words of servers that offer TLS, and how much clients say before it begins.
var greetings = map[string]struct {
	first  string // the server's
	asked  int    // bytes of the client's wish for TLS
	answer string
}{
	"postgres": {"", 8, "S"},
	"mysql":    {"\x47\x00\x00\x00\x0a8.0\x00\x01\x00\x00\x0012345678\x00\xff\xff\xff\x02\x00\xff\xdf\x15" + strings.Repeat("\x00", 10) + "123456789012\x00mysql_native_password\x00", 36, ""},
}

// untrusted leads to a server of the kind as far as its certificate, which nobody vouches for.
func (l *ledgers) untrusted(t *testing.T) map[string]any {
	known := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(known.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			words := greetings[l.kind]
			_, _ = io.WriteString(c, words.first)
			if _, err = io.ReadFull(c, make([]byte, words.asked)); err == nil {
				_, _ = io.WriteString(c, words.answer)
				_ = tls.Server(c, known.TLS).HandshakeContext(t.Context()) // the client turns away
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { require.NoError(t, listener.Close()); <-done })
	return map[string]any{"address": listener.Addr().String(), "tls": "verify"}
}

// careless takes a lost connection for the end of the rows.
type careless struct{ connectors.Source }

func (c careless) Read(ctx context.Context) (connectors.Batch, error) {
	b, err := c.Source.Read(ctx)
	if err != nil {
		return b, io.EOF
	}
	return b, nil
}

// The suite fails for the mistakes about databases that it is there to notice.
func TestTheSuiteNoticesFaultsAboutDatabases(t *testing.T) {
	servers.Postgres(t)
	t.Parallel()
	for _, f := range connectortest.FaultsOf("connectors/distributor/database") {
		connectortest.RequireNoticed(t, f)
	}
}

func TestConnector(t *testing.T) {
	driver, err := database.Driver()
	require.NoError(t, err)
	if made := driver.New; connectortest.Seed() != "" {
		driver.New = func(settings any, env connectors.Env) (connectors.Source, error) {
			src, err := made(settings, env)
			return careless{src}, err
		}
	}
	first, second := newLedgers(t, postgres(t)), newLedgers(t, mariadb(t))
	h := connectortest.Harness{
		Driver: driver, Medium: connectortest.Database, Start: first.start, Stream: "sales", BaseURL: []string{"address"},
		Password: "password", PageSize: "page_size", Text: "prod_name", Untrusted: first.untrusted,
		Failing: []fault.Name{fault.CutBody, fault.NoRights, fault.BadCredentials},
		Codes:   map[string]string{"wrong password": "database.credentials", "no rights": "database.rights"},
		Reasons: map[int]string{
			38: "one connection and one statement at a time, each within its limit; a run that fails waits for its next turn, there is no circuit over runs",
			39: "a pause follows each statement; there is no quota to keep",
		},
	}
	other := h
	other.Name, other.Start, other.Untrusted = "MariaDB", second.start, second.untrusted
	connectortest.Run(t, h, other)
}
