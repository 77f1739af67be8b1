package servers

import "testing"

// SFTPServer is the OpenSSH server of the tests. Its user starts in the folder Root and may write there; files that a
// test puts there by the file system are read by the user as anybody else.
type SFTPServer struct {
	Address  string // host:port
	User     string
	Password string
	Key      string // file of a private key that may log in too
	HostKey  string // fingerprint of the server's ed25519 key, SHA256:…
	Root     string // local path of the folder
}

// SFTP returns the SFTP server.
func SFTP(t testing.TB) SFTPServer {
	t.Helper()
	const what = "an SFTP server"
	return SFTPServer{
		Address: need(t, "TRIBUTARY_TEST_SFTP", what), User: need(t, "TRIBUTARY_TEST_SFTP_USER", what), Password: need(t, "TRIBUTARY_TEST_SFTP_PASSWORD", what),
		Key: need(t, "TRIBUTARY_TEST_SFTP_KEY", what), HostKey: need(t, "TRIBUTARY_TEST_SFTP_HOST_KEY", what), Root: need(t, "TRIBUTARY_TEST_SFTP_ROOT", what),
	}
}

// FTPServer is the FTP server of the tests, one folder behind three ports. The user hub may do everything, the user
// reader may only read; the password of both is hub-secret.
type FTPServer struct {
	Plain    string // host:port
	Explicit string // host:port, refuses logins before AUTH TLS
	Implicit string // host:port, TLS from the first byte
	CA       string // PEM file of the certificate that vouches for TLS
	Root     string // local path of the folder
}

// FTP returns the FTP server.
func FTP(t testing.TB) FTPServer {
	t.Helper()
	const what = "an FTP server"
	return FTPServer{
		Plain: need(t, "TRIBUTARY_TEST_FTP", what), Explicit: need(t, "TRIBUTARY_TEST_FTP_EXPLICIT", what), Implicit: need(t, "TRIBUTARY_TEST_FTP_IMPLICIT", what),
		CA: need(t, "TRIBUTARY_TEST_FTP_CA", what), Root: need(t, "TRIBUTARY_TEST_FTP_ROOT", what),
	}
}

// IMAPServer is the mail server of the tests. Any user name has a mailbox of its own under the one password.
type IMAPServer struct {
	StartTLS string // host:port
	TLS      string // host:port, TLS from the first byte
	CA       string // PEM file of the certificate that vouches for both
	Password string
}

// IMAP returns the mail server.
func IMAP(t testing.TB) IMAPServer {
	t.Helper()
	const what = "an IMAP server"
	return IMAPServer{
		StartTLS: need(t, "TRIBUTARY_TEST_IMAP", what), TLS: need(t, "TRIBUTARY_TEST_IMAP_TLS", what),
		CA: need(t, "TRIBUTARY_TEST_IMAP_CA", what), Password: need(t, "TRIBUTARY_TEST_IMAP_PASSWORD", what),
	}
}

// S3Server is the object store of the tests: plain HTTP, signatures and rights are checked.
type S3Server struct {
	Address                 string // host:port
	Key, Secret             string // may do everything
	ReaderKey, ReaderSecret string // may list and read
}

// S3 returns the object store.
func S3(t testing.TB) S3Server {
	t.Helper()
	const what = "an S3 server"
	return S3Server{
		Address: need(t, "TRIBUTARY_TEST_S3", what), Key: need(t, "TRIBUTARY_TEST_S3_KEY", what), Secret: need(t, "TRIBUTARY_TEST_S3_SECRET", what),
		ReaderKey: need(t, "TRIBUTARY_TEST_S3_READER_KEY", what), ReaderSecret: need(t, "TRIBUTARY_TEST_S3_READER_SECRET", what),
	}
}

// MariaDBServer is the MariaDB of the tests. Its user may make databases and users.
type MariaDBServer struct {
	Address  string // host:port
	User     string
	Password string
}

// MariaDB returns the MariaDB server.
func MariaDB(t testing.TB) MariaDBServer {
	t.Helper()
	const what = "a MariaDB server"
	return MariaDBServer{
		Address: need(t, "TRIBUTARY_TEST_MARIADB", what), User: need(t, "TRIBUTARY_TEST_MARIADB_USER", what), Password: need(t, "TRIBUTARY_TEST_MARIADB_PASSWORD", what),
	}
}

// MariaDBTLS returns the certificate of the server of MariaDB.
func MariaDBTLS(t testing.TB) DatabaseTLS {
	t.Helper()
	const what = "a MariaDB server with TLS"
	return DatabaseTLS{CA: need(t, "TRIBUTARY_TEST_MARIADB_CA", what), Key: need(t, "TRIBUTARY_TEST_MARIADB_KEY", what)}
}

// Name returns a name that no other test and no earlier run uses: for a folder, a bucket, a mailbox, a database.
func Name(testing.TB) string { return "test" + random() }
