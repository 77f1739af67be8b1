package database_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"tributary/canonical"
	"tributary/connectors"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/distributor/database"
	"tributary/internal/errs"
	"tributary/test/servers"
)

func TestMain(m *testing.M) { leak.Main(m) }

// site is a fresh database on a real server, with an account that may only read what it is granted.
type site struct {
	kind     string
	admin    *sql.DB
	settings map[string]any
	grant    string // "GRANT SELECT ON %s TO …"
	now      string // SQL of the server's clock
}

func (s site) exec(t require.TestingT, statements ...string) {
	for _, q := range statements {
		_, err := s.admin.Exec(q)
		require.NoError(t, err, q[:min(len(q), 120)])
	}
}

// nextSecond waits until the server's clock shows another second: a run's bound is a whole one.
func (s site) nextSecond(t *testing.T) {
	second := func() (text string) {
		require.NoError(t, s.admin.QueryRow("SELECT SUBSTRING(CAST("+s.now+" AS CHAR(19)), 1, 19)").Scan(&text))
		return text
	}
	began := second()
	require.Eventually(t, func() bool { return second() != began }, 10*time.Second, 20*time.Millisecond)
}

func postgres(t *testing.T) site {
	address := servers.Postgres(t)
	name := servers.Name(t)
	admin, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, admin.Close()) })
	s := site{kind: "postgres", admin: admin, now: "localtimestamp"}
	s.exec(t, "CREATE DATABASE "+name, "CREATE ROLE "+name+" LOGIN PASSWORD 'planted-secret-reader'")
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.Path = name
	inside, err := sql.Open("pgx", u.String())
	require.NoError(t, err)
	s.admin = inside
	t.Cleanup(func() {
		require.NoError(t, inside.Close())
		_, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		require.NoError(t, err)
		_, err = admin.Exec("DROP ROLE " + name)
		require.NoError(t, err)
	})
	s.exec(t, "ALTER DATABASE "+name+" SET timezone = 'Asia/Shanghai'")
	s.grant = "GRANT SELECT ON %s TO " + name
	s.settings = map[string]any{"kind": "postgres", "address": u.Host, "database": name, "user": name, "password": "planted-secret-reader"}
	return s
}

func mariadb(t *testing.T) site {
	server := servers.MariaDB(t)
	name := servers.Name(t)
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd = "tcp", server.Address, server.User, server.Password
	connector, err := mysql.NewConnector(cfg)
	require.NoError(t, err)
	admin := sql.OpenDB(connector)
	s := site{kind: "mysql", admin: admin, now: "NOW(6)", grant: "GRANT SELECT ON " + name + ".%s TO '" + name + "'@'127.0.0.1'"}
	admin.SetMaxOpenConns(1) // USE holds for one connection
	s.exec(t, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4", "CREATE USER '"+name+"'@'127.0.0.1' IDENTIFIED BY 'planted-secret-reader'", "USE "+name)
	t.Cleanup(func() {
		s.exec(t, "DROP DATABASE "+name, "DROP USER '"+name+"'@'127.0.0.1'")
		require.NoError(t, admin.Close())
	})
	s.settings = map[string]any{"kind": "mysql", "address": server.Address, "database": name, "user": name, "password": "planted-secret-reader"}
	return s
}

func sites(t *testing.T, run func(t *testing.T, s site)) {
	for name, start := range map[string]func(t *testing.T) site{"PostgreSQL": postgres, "MariaDB": mariadb} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, start(t))
		})
	}
}

// table makes a sales table with a time of change and grants it.
func (s site) table(t *testing.T) {
	s.exec(t, "CREATE TABLE sales (line_id BIGINT PRIMARY KEY, doc_date DATE NOT NULL, changed_at TIMESTAMP(6) NULL, doc_no VARCHAR(40), cust_name VARCHAR(100), prod_name VARCHAR(100), spec VARCHAR(40), lot VARCHAR(40), qty DECIMAL(18,6), gone SMALLINT DEFAULT 0)",
		fmt.Sprintf(s.grant, "sales"))
	s.settings["sales"] = "SELECT line_id AS id, doc_date, changed_at, doc_no, cust_name, prod_name, spec, lot, qty, gone AS deleted FROM sales"
	s.settings["pause"], s.settings["page_size"], s.settings["lag"] = "0s", 100, "0s"
}

func (s site) insert(t require.TestingT, from, to int, changed string) {
	var b strings.Builder
	b.WriteString("INSERT INTO sales (line_id, doc_date, changed_at, doc_no, cust_name, prod_name, spec, lot, qty) VALUES ")
	for i := from; i < to; i++ {
		if i > from {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "(%d, '2025-03-31', %s, 'D%05d', '市立医院', '清热颗粒', '10g*9', '0250301', 12.500000)", i, changed, i)
	}
	s.exec(t, b.String())
}

func (s site) source(t *testing.T, change map[string]any) *database.Source {
	t.Helper()
	src, err := s.open(t, change)
	require.NoError(t, err)
	return src
}

func (s site) open(t *testing.T, change map[string]any) (*database.Source, error) {
	t.Helper()
	all := map[string]any{}
	for _, m := range []map[string]any{s.settings, change} {
		for k, v := range m {
			all[k] = v
		}
	}
	spec, err := connectors.SpecOf(database.Settings{})
	require.NoError(t, err)
	parsed, problems := spec.Parse("connections.ddi.settings", all)
	require.Empty(t, problems)
	src, err := database.New(parsed.(database.Settings), connectors.Env{Now: time.Now})
	if err == nil {
		t.Cleanup(func() { require.NoError(t, src.Close()) })
	}
	return src, err
}

// pull reads a run to its end or for some pages.
func pull(t *testing.T, src *database.Source, position json.RawMessage, pages int) (rows []connectors.Row, last json.RawMessage) {
	t.Helper()
	require.NoError(t, src.Open(t.Context(), "sales", position))
	last = position
	for n := 0; pages < 0 || n < pages; n++ {
		batch, err := src.Read(t.Context())
		if errors.Is(err, io.EOF) {
			return rows, last
		}
		require.NoError(t, err)
		rows, last = append(rows, batch.Rows...), batch.Position
	}
	return rows, last
}

func keys(rows []connectors.Row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Key
	}
	return out
}

func TestRowsArriveExactly(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		s.insert(t, 1, 2, "'2025-04-01 08:00:00.123456'")
		s.exec(t, "UPDATE sales SET qty = 123456789012.000001, cust_name = '市立医院 😀', gone = 1")
		rows, _ := pull(t, s.source(t, nil), nil, -1)
		require.Len(t, rows, 1)
		require.Equal(t, connectors.Delete, rows[0].Op)
		require.Equal(t, "1", rows[0].Key)
		require.Equal(t, time.Date(2025, 4, 1, 0, 0, 0, 123456000, time.UTC), rows[0].SourceTime)
		require.Equal(t, "2025-03-31", rows[0].Fields["doc_date"])
		require.Equal(t, "123456789012.000001", fmt.Sprint(rows[0].Fields["qty"]))
		require.Equal(t, "0250301", rows[0].Fields["lot"])
		require.Equal(t, "市立医院 😀", rows[0].Fields["cust_name"])
	})
}

// Three thousand rows of one moment over many pages, stopped and gone on with after every one.
func TestEqualTimesAcrossPages(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		for i := 0; i < 3000; i += 1000 {
			s.insert(t, i+1, i+1001, "'2025-04-01 08:00:00.123456'")
		}
		all, end := pull(t, s.source(t, map[string]any{"page_size": 700}), nil, -1)
		require.Len(t, all, 3000)
		var got []string
		var position json.RawMessage
		for len(got) < len(all) {
			rows, p := pull(t, s.source(t, map[string]any{"page_size": 700}), position, 1)
			got, position = append(got, keys(rows)...), p
		}
		require.Equal(t, keys(all), got)
		rows, _ := pull(t, s.source(t, map[string]any{"overlap": "0s"}), end, -1)
		require.Empty(t, rows)
	})
}

// A row that commits late with an older time, within the overlap, is read by the next run; so is one that moves on while
// pages are read.
func TestLateAndMovingRows(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		s.insert(t, 1, 301, s.now)
		src := s.source(t, nil)
		s.nextSecond(t)
		require.NoError(t, src.Open(t.Context(), "sales", nil))
		seen := map[string]bool{}
		var last json.RawMessage
		for n := 0; ; n++ {
			batch, err := src.Read(t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			for _, k := range keys(batch.Rows) {
				seen[k] = true
			}
			last = batch.Position
			if n == 0 {
				s.exec(t, "UPDATE sales SET changed_at = "+s.now+" WHERE line_id > 250")
			}
		}
		s.insert(t, 1000, 1001, "'"+time.Now().In(time.FixedZone("", 8*3600)).Add(-5*time.Minute).Format("2006-01-02 15:04:05")+"'")
		if s.kind == "mysql" {
			s.exec(t, "UPDATE sales SET changed_at = NOW() - INTERVAL 5 MINUTE WHERE line_id = 1000")
		}
		s.nextSecond(t)
		rows, _ := pull(t, s.source(t, nil), last, -1)
		for _, k := range keys(rows) {
			seen[k] = true
		}
		require.Len(t, seen, 301)
		require.True(t, seen["1000"])
	})
}

func TestBusinessDatesAreReadAgain(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		s.insert(t, 1, 4, "NULL")
		s.exec(t, "UPDATE sales SET doc_date = CURRENT_DATE WHERE line_id = 2")
		s.settings["sales"] = "SELECT line_id AS id, doc_date, lot, qty FROM sales"
		src := s.source(t, map[string]any{"page_size": 2, "replica_delay": "1m"})
		rows, end := pull(t, src, nil, -1)
		require.Equal(t, []string{"1", "3", "2"}, keys(rows))
		whole := func(pages int) (shown *connectors.Days) {
			require.NoError(t, src.Open(t.Context(), "sales", end))
			for range pages {
				batch, err := src.Read(t.Context())
				require.NoError(t, err)
				shown = batch.Shown
			}
			return shown
		}
		today := canonical.DateOf(time.Now().In(time.FixedZone("", 8*3600)))
		shown := whole(1)
		require.NotNil(t, shown, "the run has shown every row of the days it read again")
		require.Less(t, shown.From, today)
		require.Greater(t, shown.To, shown.From)
		require.Equal(t, time.Minute, shown.Behind, "a replica may lack what another one showed")
		found, err := src.Discover(t.Context())
		require.NoError(t, err)
		require.Equal(t, "window", found[0].Deletes)
		again, _ := pull(t, src, end, -1)
		require.Equal(t, []string{"2"}, keys(again), "the last days only")
		since, _ := pull(t, s.source(t, map[string]any{"since": "2025-04-01"}), nil, -1)
		require.Equal(t, []string{"2"}, keys(since))

		window, err := src.Backfill("sales", time.Date(2025, 3, 31, 0, 0, 0, 0, time.Local), time.Date(2025, 4, 2, 0, 0, 0, 0, time.Local))
		require.NoError(t, err)
		old, _ := pull(t, src, window, -1)
		require.Equal(t, []string{"1", "3"}, keys(old))

		require.NoError(t, src.Open(t.Context(), "sales", nil))
		first, err := src.Read(t.Context())
		require.NoError(t, err)
		require.NotNil(t, first.Shown)
		require.NoError(t, src.Open(t.Context(), "sales", first.Position))
		second, err := src.Read(t.Context())
		require.NoError(t, err)
		require.Equal(t, &connectors.Days{}, second.Shown, "a run that went on in the middle of its days has not shown them whole")

		s.settings["sales"] = "SELECT line_id AS id, doc_date, changed_at FROM sales"
		err = s.source(t, nil).Open(t.Context(), "sales", end)
		require.Equal(t, "database.cursor_changed", errs.CodeOf(err))
	})
}

func TestRunsAreBounded(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		s.insert(t, 1, 1001, "'2025-04-01 08:00:00'")
		change := map[string]any{"max_rows": 300}
		first, position := pull(t, s.source(t, change), nil, -1)
		require.Len(t, first, 300)
		rest, _ := pull(t, s.source(t, nil), position, -1)
		require.Len(t, rest, 700)
		require.NotContains(t, keys(rest), "300")
	})
}

// The distributor's database is not hurt: nothing is written, long statements end, and one connection is used.
func TestTheDistributorIsNotHurt(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		s.insert(t, 1, 11, "'2025-04-01 08:00:00'")
		slow := map[string]string{"postgres": "(SELECT pg_sleep(30))::text", "mysql": "SLEEP(30)"}[s.kind]
		src := s.source(t, map[string]any{"timeout": "1s", "sales": "SELECT line_id AS id, doc_date, changed_at, " + slow + " AS lot FROM sales"})
		require.NoError(t, src.Open(t.Context(), "sales", nil))
		began := time.Now()
		_, err := src.Read(t.Context())
		require.Equal(t, "database.timeout", errs.CodeOf(err), "%v", err)
		require.Less(t, time.Since(began), 10*time.Second)

		if s.kind == "postgres" {
			s.exec(t, "CREATE FUNCTION harm() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ DELETE FROM sales RETURNING 'x' $$")
		} else {
			s.exec(t, "CREATE FUNCTION harm() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM sales; RETURN 1; END", strings.Replace(fmt.Sprintf(s.grant, "harm"), "SELECT ON ", "EXECUTE ON FUNCTION ", 1))
		}
		src = s.source(t, map[string]any{"sales": "SELECT line_id AS id, doc_date, changed_at, harm() AS lot FROM sales"})
		if err = src.Open(t.Context(), "sales", nil); err == nil {
			_, err = src.Read(t.Context())
		}
		require.Equal(t, "database.writes", errs.CodeOf(err), "%v", err)
		var n int
		require.NoError(t, s.admin.QueryRow("SELECT count(*) FROM sales").Scan(&n))
		require.Equal(t, 10, n)
	})
}

func TestConnectionLostMidRead(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		s.insert(t, 1, 501, "'2025-04-01 08:00:00'")
		src := s.source(t, nil)
		require.NoError(t, src.Open(t.Context(), "sales", nil))
		first, err := src.Read(t.Context())
		require.NoError(t, err)
		s.kill(t)
		seen := map[string]bool{}
		for _, k := range keys(first.Rows) {
			seen[k] = true
		}
		position := first.Position
		for range 3 { // the driver may notice at once and connect anew, or fail one call
			rows, p := []connectors.Row(nil), position
			if src.Open(t.Context(), "sales", position) == nil {
				rows, p = pull(t, src, position, -1)
			}
			for _, k := range keys(rows) {
				seen[k] = true
			}
			position = p
		}
		require.Len(t, seen, 500)
	})
}

// kill ends the connections of the reader at the server.
func (s site) kill(t *testing.T) {
	user := s.settings["user"].(string)
	if s.kind == "postgres" {
		s.exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '"+user+"'")
		return
	}
	s.exec(t, "KILL USER '"+user+"'@'127.0.0.1'")
}

func TestEachMistakeHasItsCode(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		s.insert(t, 1, 3, "'2025-04-01 08:00:00'")
		s.exec(t, "CREATE TABLE secret (id INT)", "CREATE TABLE empty (id INT, doc_date DATE)", fmt.Sprintf(s.grant, "empty"))
		check := func(change map[string]any) []string {
			findings, err := s.source(t, change).Check(t.Context())
			require.NoError(t, err)
			var codes []string
			for _, f := range findings {
				codes = append(codes, f.Code)
				for _, lang := range []string{"en", "zh"} {
					text := errs.New(errs.Invalid, f.Code, f.Args).Text(lang)
					require.NotContains(t, text, "planted-secret-reader")
					require.NotContains(t, text, "wrong-secret")
					require.NotRegexp(t, `\{[a-z_]+\}`, text, f.Code)
				}
			}
			return codes
		}
		clock := "connectors.check_clock" // the test server may keep another zone
		got := check(nil)
		require.Equal(t, "connectors.check_ok", got[0])
		require.Empty(t, slices.DeleteFunc(got[1:], func(c string) bool { return c == clock }))
		for code, change := range map[string]map[string]any{
			"database.credentials":          {"password": "wrong-secret"},
			"database.missing":              {"database": "nowhere"},
			"connectors.unreachable":        {"address": "127.0.0.1:1"},
			"database.query":                {"sales": "SELECT nothing FROM sales"},
			"database.column":               {"sales": "SELECT line_id AS id FROM sales"},
			"database.rights":               {"sales": "SELECT id, id AS doc_date FROM secret"},
			"connectors.check_no_rows":      {"sales": "SELECT id, doc_date FROM empty"},
			"database.check_no_change_time": {"sales": "SELECT line_id AS id, doc_date FROM sales"},
			"database.check_undated":        {"sales": "SELECT line_id AS id, doc_date, NULLIF(changed_at, changed_at) AS changed_at FROM sales"},
		} {
			if code == "database.missing" && s.kind == "mysql" {
				code = "database.rights" // MySQL does not tell strangers which databases exist
			}
			require.Contains(t, check(change), code)
		}
	})
}

func TestSettingsThatContradict(t *testing.T) {
	t.Parallel()
	d, err := database.Driver()
	require.NoError(t, err)
	r, err := connectors.NewRegistry(d)
	require.NoError(t, err)
	base := map[string]any{"kind": "postgres", "address": "h:1", "database": "d", "user": "u", "password": "p"}
	for name, tc := range map[string]struct {
		change map[string]any
		code   string
	}{
		"no query":      {nil, "database.setting_no_query"},
		"two":           {map[string]any{"sales": "SELECT 1; DROP TABLE x"}, "database.setting_query"},
		"update":        {map[string]any{"sales": "UPDATE x SET y = 1"}, "database.setting_query"},
		"comment":       {map[string]any{"sales": "SELECT 1 -- x"}, "database.setting_query"},
		"out of it":     {map[string]any{"sales": "SELECT 1) t WHERE 1=1 OR (1=1"}, "database.setting_query"},
		"quote":         {map[string]any{"sales": "SELECT 'x"}, "database.setting_query"},
		"since":         {map[string]any{"sales": "SELECT 1", "since": "01.02.2025"}, "database.setting_since"},
		"zone":          {map[string]any{"sales": "SELECT 1", "zone": "Mars/Crater"}, "database.setting_zone"},
		"address":       {map[string]any{"sales": "SELECT 1", "address": "host"}, "database.setting_address"},
		"CA without":    {map[string]any{"sales": "SELECT 1", "tls": "off", "ca_file": "/x"}, "database.setting_tls_off"},
		"half a pair":   {map[string]any{"sales": "SELECT 1", "client_cert": "/x"}, "database.setting_client_key"},
		"kind":          {map[string]any{"sales": "SELECT 1", "kind": "dbase"}, "connectors.setting_choice"},
		"with at MSSQL": {map[string]any{"sales": "WITH a AS (SELECT 1) SELECT 1", "kind": "sqlserver"}, "database.setting_query"},
	} {
		all := map[string]any{}
		for _, m := range []map[string]any{base, tc.change} {
			for k, v := range m {
				all[k] = v
			}
		}
		_, err := r.New("database", "connections.x.settings", all, connectors.Env{Now: time.Now})
		require.Equal(t, tc.code, errs.CodeOf(err), name)
		require.NotRegexp(t, `\{[a-z_]+\}`, err.(connectors.Problems).Text("zh"))
	}
}

func TestPositionsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := site{settings: map[string]any{"kind": "postgres", "address": "h:1", "database": "d", "user": "u", "password": "p", "sales": "SELECT 1"}}
	src := s.source(t, nil)
	for raw, code := range map[string]string{
		`{"v":2}`: "connectors.position_newer", `{"v":0}`: "connectors.position", `[]`: "connectors.position", `{`: "connectors.position",
		`{"v":1,"done":"yesterday"}`: "connectors.position", `{"v":1,"id":"7"}`: "connectors.position", `{"v":1,"window":true}`: "connectors.position",
	} {
		require.Equal(t, code, errs.CodeOf(src.Open(t.Context(), "sales", json.RawMessage(raw))), raw)
	}
	require.Equal(t, "connectors.stream_unknown", errs.CodeOf(src.Open(t.Context(), "stock", nil)))
}

func TestCancelEndsAStatement(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.table(t)
		s.insert(t, 1, 2, "'2025-04-01 08:00:00'")
		slow := map[string]string{"postgres": "(SELECT pg_sleep(30))::text", "mysql": "SLEEP(30)"}[s.kind]
		src := s.source(t, map[string]any{"sales": "SELECT line_id AS id, doc_date, changed_at, " + slow + " AS lot FROM sales"})
		require.NoError(t, src.Open(t.Context(), "sales", nil))
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := src.Read(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}
