package remote_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"tributary/connectors"
	"tributary/connectors/filesource"
	"tributary/connectors/filesource/remote"
	"tributary/internal/errs"
	"tributary/test/servers"
)

func look(t *testing.T, cfg remote.Config) ([]filesource.RemoteFile, error) {
	t.Helper()
	tr := transport(t, cfg)
	defer tr.Close()
	return tr.List(t.Context())
}

func TestHostKeys(t *testing.T) {
	t.Parallel()
	s, server := sftpSite(t), servers.SFTP(t)
	s.put("a.csv", "1")

	unset := s.cfg
	unset.HostKeys = nil
	_, err := look(t, unset)
	require.Equal(t, "files.remote_host_key_unset", errs.CodeOf(err))
	require.Contains(t, err.Error(), server.HostKey, "the message shows the key to confirm")

	other := s.cfg
	other.HostKeys = []string{"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}
	_, err = look(t, other)
	require.Equal(t, "files.remote_host_key", errs.CodeOf(err))
	require.Contains(t, err.Error(), server.HostKey)

	_, rest, _ := strings.Cut(err.Error(), server.HostKey+", ") // the second key offered is the RSA one
	rsa, _, _ := strings.Cut(rest, ".")
	byRSA := s.cfg
	byRSA.HostKeys = []string{strings.Fields(rsa)[0]}
	files, err := look(t, byRSA)
	require.NoError(t, err, "any of the server's keys will do")
	require.Len(t, files, 1)

	host, port, err := net.SplitHostPort(server.Address)
	require.NoError(t, err)
	var key ssh.PublicKey
	conn, err := ssh.Dial("tcp", server.Address, &ssh.ClientConfig{User: "x", HostKeyAlgorithms: []string{ssh.KeyAlgoED25519}, HostKeyCallback: func(_ string, _ net.Addr, k ssh.PublicKey) error {
		key = k
		return nil
	}})
	require.Error(t, err)
	require.Nil(t, conn)
	known := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(known, []byte("["+host+"]:"+port+" "+string(ssh.MarshalAuthorizedKey(key))), 0o600))
	byFile := unset
	byFile.KnownHosts = known
	_, err = look(t, byFile)
	require.NoError(t, err)
	byFile.KnownHosts = known + "no"
	_, err = look(t, byFile)
	require.Equal(t, "files.known_hosts", errs.CodeOf(err))
}

func TestLoginByKey(t *testing.T) {
	t.Parallel()
	s, server := sftpSite(t), servers.SFTP(t)
	s.put("a.csv", "1")
	pem, err := os.ReadFile(server.Key)
	require.NoError(t, err)
	s.cfg.Password, s.cfg.PrivateKey = connectors.Secret{}, connectors.NewSecret(string(pem))
	files, err := look(t, s.cfg)
	require.NoError(t, err)
	require.Len(t, files, 1)
	s.cfg.PrivateKey = connectors.NewSecret("-----BEGIN OPENSSH PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END OPENSSH PRIVATE KEY-----\n")
	_, err = look(t, s.cfg)
	require.Equal(t, "files.remote_private_key", errs.CodeOf(err))
	require.NotContains(t, err.Error(), "bm9u")
}

func TestFolderThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	s := sftpSite(t)
	dir := filepath.Join(servers.SFTP(t).Root, filepath.Base(s.cfg.URL))
	require.NoError(t, os.Chmod(dir, 0o700)) // of root
	_, err := look(t, s.cfg)
	require.Equal(t, "files.remote_denied", errs.CodeOf(err))
	require.NoError(t, os.Chmod(dir, 0o755))
	s.put("a.csv", "1")
	require.NoError(t, os.Chmod(filepath.Join(dir, "a.csv"), 0o600))
	d := drop(t, s, "")
	_, err = d.Fetch(t.Context(), list(t, d)[0])
	require.Equal(t, "files.remote_denied", errs.CodeOf(err))
}

func TestCertificatesThatAreNotTrusted(t *testing.T) {
	t.Parallel()
	mail := servers.IMAP(t)
	for _, cfg := range []remote.Config{
		ftpSite("ftpes")(t).cfg, ftpSite("ftps")(t).cfg,
		{URL: "imaps://" + mail.TLS, User: servers.Name(t), Password: connectors.NewSecret(mail.Password)},
		{URL: "imap://" + mail.StartTLS, User: servers.Name(t), Password: connectors.NewSecret(mail.Password)},
	} {
		cfg.CAFile = ""
		_, err := look(t, cfg)
		require.Equal(t, "files.remote_certificate", errs.CodeOf(err), "%s: %v", cfg.URL, err)
		cfg.CAFile = filepath.Join(t.TempDir(), "no.pem")
		_, err = look(t, cfg)
		require.Equal(t, "connectors.ca_file", errs.CodeOf(err))
	}
}

func TestTLSTheOtherWayRound(t *testing.T) {
	t.Parallel()
	ftp, mail := servers.FTP(t), servers.IMAP(t)
	for address, code := range map[string]string{
		"ftp://" + ftp.Explicit:    "files.remote_login", // it wants TLS first
		"ftpes://" + ftp.Plain:     "files.remote_not_tls",
		"ftps://" + ftp.Explicit:   "files.remote_not_tls",
		"imaps://" + mail.StartTLS: "files.remote_not_tls",
	} {
		_, err := look(t, remote.Config{URL: address + "/x", User: "hub", Password: connectors.NewSecret("hub-secret"), CAFile: ftp.CA})
		require.Equal(t, code, errs.CodeOf(err), "%s: %v", address, err)
	}
}

func TestPathsFromTheLogin(t *testing.T) {
	t.Parallel()
	s, server := sftpSite(t), servers.SFTP(t)
	s.put("a.csv", "1")
	base := filepath.Base(s.cfg.URL)
	s.cfg.URL = "sftp://" + server.User + "@" + server.Address + "/~/" + base
	d := drop(t, s, "done")
	require.NoError(t, d.Probe(t.Context()))
	files := list(t, d)
	require.Equal(t, []string{"a.csv"}, names(files))
	require.NoError(t, d.Done(t.Context(), files[0]))
	_, there := s.get("done/a.csv")
	require.True(t, there)
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for address, code := range map[string]string{
		"": "files.url", "inbox": "files.url", "gopher://host/x": "files.url", "sftp://": "files.url", "sftp:host": "files.url", "https://host/x#y": "files.url", "ftp://h:99999999/": "files.remote_unreachable",
		"sftp://u:p@host/x": "files.url_password", "s3://host": "files.url_bucket", "s3://host/": "files.url_bucket", "s3://host/b/x": "files.url_bucket", "::": "files.url",
	} {
		tr, err := remote.New(remote.Config{URL: address})
		if err == nil {
			_, err = tr.List(t.Context())
			require.NoError(t, tr.Close())
		}
		require.Equal(t, code, errs.CodeOf(err), "%q: %v", address, err)
		require.NotContains(t, errs.Render(err, "en"), "u:p")
	}
}

// A listener that accepts and never says a word must not hold up a run for longer than its time limit.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	for _, scheme := range []string{"sftp", "ftp", "ftps", "ftpes", "https", "s3+http", "imaps", "imap"} {
		_, err := look(t, remote.Config{URL: scheme + "://" + l.Addr().String() + "/bucket/x", User: "u", Password: connectors.NewSecret("p"), Idle: 100 * time.Millisecond,
			HostKeys: []string{"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}})
		require.Equal(t, "files.remote_lost", errs.CodeOf(err), "%s: %v", scheme, err)
	}
}
