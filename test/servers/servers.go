package servers

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"
	"os"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver of PostgresSchema
)

// Postgres returns the postgres:// URL of the test server. The user in it may create databases and schemas.
func Postgres(t testing.TB) string {
	t.Helper()
	return need(t, "TRIBUTARY_TEST_POSTGRES", "a PostgreSQL server")
}

// DatabaseTLS is how a database of the tests is reached over TLS. Who logs in as "certified", with the password hub-secret,
// must show the certificate himself.
type DatabaseTLS struct {
	CA  string // PEM file of the certificate that vouches for the server and, with the key, for a client
	Key string // PEM file of its key
}

// PostgresTLS returns the certificate of the server of Postgres.
func PostgresTLS(t testing.TB) DatabaseTLS {
	t.Helper()
	const what = "a PostgreSQL server with TLS"
	return DatabaseTLS{CA: need(t, "TRIBUTARY_TEST_POSTGRES_CA", what), Key: need(t, "TRIBUTARY_TEST_POSTGRES_KEY", what)}
}

// PostgresSchema returns the URL of the test server with a fresh, empty schema as its search_path. The schema and all
// in it are dropped when the test ends; those of a test that failed are kept where TRIBUTARY_KEEP_SCHEMA is set.
func PostgresSchema(t testing.TB) string {
	t.Helper()
	address := Postgres(t)
	schema := "test_" + random()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatalf("TRIBUTARY_TEST_POSTGRES is not a PostgreSQL URL: %v", err)
	}
	exec := func(statement string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		_, err := db.ExecContext(ctx, statement)
		return err
	}
	if err := exec("create schema " + schema); err != nil {
		_ = db.Close()
		t.Fatalf("create a schema for the test: %v", err)
	}
	t.Cleanup(func() {
		defer db.Close()
		if t.Failed() && os.Getenv("TRIBUTARY_KEEP_SCHEMA") != "" {
			t.Logf("kept for a look: schema %s", schema)
			return
		}
		if err := exec("drop schema " + schema + " cascade"); err != nil {
			t.Errorf("drop the schema of the test: %v", err)
		}
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("TRIBUTARY_TEST_POSTGRES is not a PostgreSQL URL: %v", err)
	}
	q := u.Query()
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String()
}

// Kafka returns host:port of the test broker's listener without login.
func Kafka(t testing.TB) string {
	t.Helper()
	return need(t, "TRIBUTARY_TEST_KAFKA", "a Kafka broker")
}

// KafkaLib returns the folder of Kafka's own jars, for checks by Kafka's own tools.
func KafkaLib(t testing.TB) string {
	t.Helper()
	return need(t, "TRIBUTARY_TEST_KAFKA_LIB", "the folder of Kafka's jars")
}

// Login is a way into the test broker that asks for a name and a password (SCRAM-SHA-512).
type Login struct {
	Plain    string // host:port, SCRAM without TLS
	TLS      string // host:port, SCRAM over TLS
	CA       string // PEM file of the only certificate that vouches for TLS
	User     string
	Password string
}

// KafkaLogin returns the listeners of the test broker that ask for a login.
func KafkaLogin(t testing.TB) Login {
	t.Helper()
	const what = "a Kafka broker with SASL listeners"
	return Login{
		Plain:    need(t, "TRIBUTARY_TEST_KAFKA_SASL", what),
		TLS:      need(t, "TRIBUTARY_TEST_KAFKA_SASL_TLS", what),
		CA:       need(t, "TRIBUTARY_TEST_KAFKA_CA", what),
		User:     need(t, "TRIBUTARY_TEST_KAFKA_USER", what),
		Password: need(t, "TRIBUTARY_TEST_KAFKA_PASSWORD", what),
	}
}

// TopicPrefix returns a prefix for topic and group names that no other test and no earlier run on the same broker
// uses; it ends in a dot.
func TopicPrefix(testing.TB) string { return "test-" + random() + "." }

func need(t testing.TB, variable, what string) string {
	t.Helper()
	if v := os.Getenv(variable); v != "" {
		return v
	}
	if testing.Short() {
		t.Skipf("needs %s (%s); left out by -short", what, variable)
	}
	t.Fatalf("this test needs %s and %s is not set: run `make test`, or `test/servers/run.sh go test ./…`, "+
		"which start one; `go test -short` leaves such tests out", what, variable)
	return ""
}

func random() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails; see crypto/rand
	return hex.EncodeToString(b[:])
}
