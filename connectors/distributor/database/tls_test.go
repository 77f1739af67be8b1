package database_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest"
	"tributary/internal/errs"
	"tributary/test/servers"
)

// encrypted asks for one row that tells whether the connection is encrypted.
var encrypted = map[string]string{
	"postgres": "SELECT 1 AS id, DATE '2025-01-01' AS doc_date, (SELECT CASE WHEN ssl THEN 'yes' ELSE '' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS remark",
	"mysql":    "SELECT 1 AS id, DATE '2025-01-01' AS doc_date, (SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER') AS remark",
}

func tlsSites(t *testing.T, run func(t *testing.T, s site, with servers.DatabaseTLS)) {
	sites(t, func(t *testing.T, s site) {
		with := map[string]func(testing.TB) servers.DatabaseTLS{"postgres": servers.PostgresTLS, "mysql": servers.MariaDBTLS}[s.kind](t)
		s.settings["sales"], s.settings["pause"] = encrypted[s.kind], "0s"
		if s.kind == "mysql" {
			s.settings["database"] = "information_schema" // which everybody may see
		}
		run(t, s, with)
	})
}

// stranger is a self-signed certificate that no server knows, with its key.
func stranger(t *testing.T) (cert, key string) {
	t.Helper()
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &pair.PublicKey, pair)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(pair)
	require.NoError(t, err)
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return cert, key
}

func TestConnectionsAreEncrypted(t *testing.T) {
	t.Parallel()
	tlsSites(t, func(t *testing.T, s site, with servers.DatabaseTLS) {
		for name, c := range map[string]struct {
			change    map[string]any
			encrypted bool
		}{
			"verified":           {map[string]any{"tls": "verify", "ca_file": with.CA}, true},
			"an authority alone": {map[string]any{"ca_file": with.CA}, true},
			"under another name": {map[string]any{"tls": "verify", "ca_file": with.CA, "server_name": "localhost"}, true},
			"preferred":          {map[string]any{"tls": "prefer"}, true},
			"off":                {map[string]any{"tls": "off"}, false},
		} {
			rows, _, _ := connectortest.Drain(t, s.source(t, c.change), "sales", nil)
			require.Len(t, rows, 1, name)
			require.Equal(t, c.encrypted, rows[0].Fields["remark"] != nil && rows[0].Fields["remark"] != "", "%s: %v", name, rows[0].Fields["remark"])
		}
	})
}

func TestTLSThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	tlsSites(t, func(t *testing.T, s site, with servers.DatabaseTLS) {
		unknown, _ := stranger(t)
		for name, c := range map[string]struct {
			change map[string]any
			code   string
		}{
			"an authority nobody trusts":   {map[string]any{"tls": "verify"}, "connectors.certificate"},
			"another authority":            {map[string]any{"tls": "verify", "ca_file": unknown}, "connectors.certificate"},
			"another authority, preferred": {map[string]any{"ca_file": unknown}, "connectors.certificate"},
			"another host":                 {map[string]any{"tls": "verify", "ca_file": with.CA, "server_name": "erp.example"}, "connectors.certificate"},
			"no file":                      {map[string]any{"tls": "verify", "ca_file": "/nowhere.pem"}, "connectors.ca_file"},
			"no TLS":                       {map[string]any{"tls": "verify", "ca_file": with.CA, "address": plainServer(t, s.kind)}, "database.no_tls"},
		} {
			require.Equal(t, c.code, verdict(t, s, c.change), name)
		}
	})
}

// A server that wants a certificate gets one; without it, or with that of a stranger, the message says so.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	tlsSites(t, func(t *testing.T, s site, with servers.DatabaseTLS) {
		s.settings["user"], s.settings["password"], s.settings["ca_file"] = "certified", "hub-secret", with.CA
		if s.kind == "postgres" {
			s.settings["database"] = "tributary"
		}
		rows, _, _ := connectortest.Drain(t, s.source(t, map[string]any{"client_cert": with.CA, "client_key": with.Key}), "sales", nil)
		require.Len(t, rows, 1)
		without := map[string]string{"postgres": "database.client_certificate", "mysql": "database.credentials"}[s.kind] // MariaDB does not say what it lacks
		require.Equal(t, without, verdict(t, s, nil))
		cert, key := stranger(t)
		strange := map[string]string{"postgres": "database.client_certificate", "mysql": "database.lost"}[s.kind] // the driver drops the alert
		require.Equal(t, strange, verdict(t, s, map[string]any{"client_cert": cert, "client_key": key}))
		require.Equal(t, "database.client_cert", verdict(t, s, map[string]any{"client_cert": cert, "client_key": with.Key}))
	})
}

// verdict is the code of what the check finds, or of why it cannot be made.
func verdict(t *testing.T, s site, change map[string]any) string {
	t.Helper()
	src, err := s.open(t, change)
	if err != nil {
		return errs.CodeOf(err)
	}
	found, err := src.Check(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, found)
	for _, lang := range []string{"en", "zh"} {
		require.NotRegexp(t, `\{[a-z_]+\}`, errs.New(errs.Invalid, found[0].Code, found[0].Args).Text(lang))
	}
	return found[0].Code
}

// plainServer speaks as much of a database's protocol as tells that it has no TLS.
func plainServer(t *testing.T, kind string) string {
	t.Helper()
	words := greetings[kind]
	if kind == "mysql" {
		words.first = strings.Replace(words.first, "\x00\xff\xff\xff", "\x00\xff\xf7\xff", 1) // without CLIENT_SSL
	}
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
			_, _ = io.WriteString(c, words.first)
			if kind == "postgres" {
				_, _ = io.ReadFull(c, make([]byte, words.asked))
				_, _ = io.WriteString(c, "N")
			}
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { require.NoError(t, listener.Close()); <-done })
	return listener.Addr().String()
}
