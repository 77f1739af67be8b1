// Package servers gives tests the real servers that run.sh started: PostgreSQL and MariaDB, Apache Kafka, and places where
// partners leave files: OpenSSH, FTP with and without TLS, IMAP, S3, and source systems: SAP's application server and
// HAPI FHIR.
//
// A test that needs a server fails, with the remedy, when there is none: a suite that skips what it should prove
// rots. Only `go test -short` (make test-embedded) leaves these tests out.
//
//	func TestStore(t *testing.T) {
//		db, err := sql.Open("pgx", servers.PostgresSchema(t)) // a schema of its own, dropped at the end
//		…
//	}
//
// The scripts beside it install and start the servers on loopback, on free ports, below var/ of the checkout:
//
//	test/servers/run.sh go test ./store/...
package servers
