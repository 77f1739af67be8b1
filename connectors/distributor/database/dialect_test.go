package database

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"tributary/connectors"
)

// The statements that no server of ours can judge are kept as text, to be read by people who know them.
func TestStatements(t *testing.T) {
	t.Parallel()
	for name, d := range dialects {
		var got []txtar.File
		add := func(title, statement string, args ...any) {
			text := statement + "\n"
			for i, a := range args {
				text += fmt.Sprintf("%d: %T %v\n", i+1, a, a)
			}
			got = append(got, txtar.File{Name: title, Data: []byte(text)})
		}
		const query = "SELECT id, doc_date, changed_at FROM v_sales"
		s, args := d.page(query, "changed_at", window{to: "2025-04-01 08:00:00"}, 100)
		add("first page ever", s, args...)
		s, args = d.page(query, "changed_at", window{from: "2025-03-31 08:00:00", to: "2025-04-01 08:00:00"}, 100)
		add("first page of a run", s, args...)
		s, args = d.page(query, "changed_at", window{from: "2025-03-31 08:00:00", to: "2025-04-01 08:00:00", at: "2025-03-31 09:30:00.123", id: int64(77)}, 100)
		add("next page", s, args...)
		s, args = d.page(query, "doc_date", window{from: "2025-03-31 00:00:00", to: "2025-04-02 00:00:00", at: "2025-03-31 00:00:00", id: "D1-1"}, 100)
		add("by business date, id is text", s, args...)
		add("columns", d.columns(query))
		add("probe", d.probe(query))
		add("undated", d.undated(query, "changed_at"))
		add("clock", d.now)
		for i, b := range d.begin {
			add(fmt.Sprintf("before %d", i+1), b)
		}
		path := filepath.Join("testdata", name+".txtar")
		text := txtar.Format(&txtar.Archive{Files: got})
		if os.Getenv("UPDATE") != "" {
			require.NoError(t, os.WriteFile(path, text, 0o644))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(text))
	}
}

// What drivers are told holds the password and nothing that prints does.
func TestAddressesOfDrivers(t *testing.T) {
	t.Parallel()
	s := Settings{Address: "10.0.0.5:1433", Database: "erp", User: "ddi", Password: connectors.NewSecret("p@ss/w:rd"), TLS: "verify", Timeout: 30e9}
	require.Equal(t, "sqlserver://ddi:p%40ss%2Fw%3Ard@10.0.0.5:1433?app+name=tributary&applicationintent=ReadOnly&connection+timeout=60&database=erp&dial+timeout=30&encrypt=true", s.sqlserverURL())
	u, err := url.Parse(s.oracleURL("10.0.0.5", 1521))
	require.NoError(t, err)
	password, _ := u.User.Password()
	require.Equal(t, "oracle 10.0.0.5:1521 /erp ddi p@ss/w:rd", fmt.Sprintf("%s %s %s %s %s", u.Scheme, u.Host, u.Path, u.User.Username(), password))
	require.Equal(t, "true", u.Query().Get("SSL VERIFY"))
	require.NotContains(t, fmt.Sprintf("%+v %#v", s, s), "p@ss")
	for _, kind := range []string{"sqlserver", "oracle"} {
		s.Kind = kind
		src, err := New(s, connectors.Env{})
		require.NoError(t, err)
		require.NoError(t, src.Close())
	}
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{"SELECT 1", "WITH a AS (SELECT 1) SELECT * FROM a", "SELECT '(' || \"a;b\"", "SELECT 1)", "SELECT 1; DROP", "select\n1", "SELECT $$;$$"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		for kind := range dialects {
			if checkQuery(q, kind) != "" {
				continue
			}
			// What passes stays inside the parentheses: outside of quotes there is no end of a statement.
			depth, quote := 0, byte(0)
			for i := range len(q) {
				switch c := q[i]; {
				case quote != 0:
					if c == quote {
						quote = 0
					}
				case c == '\'' || c == '"' || c == '`':
					quote = c
				case c == ';':
					t.Fatalf("%q ends a statement", q)
				case c == '(':
					depth++
				case c == ')':
					depth--
					require.GreaterOrEqual(t, depth, 0, "%q", q)
				}
			}
			require.Zero(t, depth)
			require.Zero(t, quote)
		}
	})
}
