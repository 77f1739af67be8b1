package servers_test

import (
	"database/sql"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/servers"
)

func TestSchemaIsFreshAndDropped(t *testing.T) {
	servers.Postgres(t)
	var first string
	t.Run("use", func(t *testing.T) {
		first = servers.PostgresSchema(t)
		other := servers.PostgresSchema(t)
		require.NotEqual(t, first, other)
		db := open(t, first)
		_, err := db.Exec("create table kept (id int)")
		require.NoError(t, err)
		_, err = open(t, other).Exec("select id from kept")
		require.ErrorContains(t, err, "does not exist", "the schemas see each other")
	})
	_, err := open(t, first).Exec("select id from kept")
	require.ErrorContains(t, err, "does not exist", "the schema outlived its test")
}

func TestServerIsDurable(t *testing.T) {
	var fsync string
	require.NoError(t, open(t, servers.Postgres(t)).QueryRow("show fsync").Scan(&fsync))
	require.Equal(t, "on", fsync, "crash tests prove nothing on a server that does not sync")
}

func TestKafkaListens(t *testing.T) {
	login := servers.KafkaLogin(t)
	for _, address := range []string{servers.Kafka(t), login.Plain, login.TLS} {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
	jars, err := filepath.Glob(filepath.Join(servers.KafkaLib(t), "kafka-clients-*.jar"))
	require.NoError(t, err)
	require.Len(t, jars, 1)
}

func TestPrefixesDiffer(t *testing.T) {
	require.NotEqual(t, servers.TopicPrefix(t), servers.TopicPrefix(t))
}

// The child is this very binary without the variables: with -short it must pass by leaving out, without it must fail
// and say what to do.
func TestWithoutServers(t *testing.T) {
	child := func(args ...string) (string, error) {
		cmd := exec.Command(os.Args[0], append(args, "-test.run=^TestServerIsDurable$", "-test.v")...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := child()
	require.Error(t, err)
	require.Contains(t, out, "make test")
	out, err = child("-test.short")
	require.NoError(t, err)
	require.Contains(t, out, "SKIP: TestServerIsDurable")
}

func TestRunEndsWithTheCommandsCode(t *testing.T) {
	cmd := exec.Command("bash", "run.sh", "sh", "-c", `[ -n "$TRIBUTARY_TEST_KAFKA_LIB" ] && exit 7`)
	allGiven(t) // nothing is started
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", out)
	require.Equal(t, 7, exit.ExitCode(), "%s", out)
	require.Contains(t, string(out), "as given in TRIBUTARY_TEST_POSTGRES")
}

// allGiven fails when a server is not there: run.sh passes on what it finds in the environment.
func allGiven(t *testing.T) {
	t.Helper()
	servers.Postgres(t)
	servers.Kafka(t)
	servers.SFTP(t)
	servers.FTP(t)
	servers.IMAP(t)
	servers.S3(t)
	servers.MariaDB(t)
	servers.CAP(t)
	servers.HAPI(t)
}

func TestPlacesListen(t *testing.T) {
	ftp, mail := servers.FTP(t), servers.IMAP(t)
	for _, address := range []string{servers.SFTP(t).Address, ftp.Plain, ftp.Explicit, ftp.Implicit, mail.StartTLS, mail.TLS, servers.S3(t).Address, servers.MariaDB(t).Address} {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
}

// A server that cannot be had ends the run with a sentence; the command never runs without it.
func TestRunRefusesWithoutAServer(t *testing.T) {
	allGiven(t)
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "mvn"), []byte("#!/bin/sh\nexit 1\n"), 0o755))
	cmd := exec.Command("bash", "run.sh", "echo", "ran all the same")
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"),
		"TRIBUTARY_TEST_KAFKA=", "TRIBUTARY_TEST_KAFKA_LIB="+filepath.Join(bin, "nothing-here"))
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "Maven could not fetch Kafka")
	require.Contains(t, string(out), "nothing was run")
	require.NotContains(t, string(out), "ran all the same")
}

func open(t *testing.T, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}
