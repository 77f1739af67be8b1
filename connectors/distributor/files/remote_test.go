package files_test

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/distributor/files"
	"tributary/internal/errs"
	"tributary/test/servers"
)

// sftpFolder is a fresh folder on the real SFTP server and the settings that lead to it.
func sftpFolder(t *testing.T) (dir string, settings map[string]any) {
	t.Helper()
	s := servers.SFTP(t)
	dir = filepath.Join(s.Root, servers.Name(t))
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.NoError(t, os.Chmod(dir, 0o777)) // past the umask: the server's user is another one
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir, map[string]any{"url": "sftp://" + s.User + "@" + s.Address + dir, "password": s.Password, "host_key": s.HostKey, "archive": "done", "settle": "1ms"}
}

// drop puts a file there that everybody may read.
func drop(t *testing.T, dir, name, content string) {
	t.Helper()
	put(t, dir, name, content)
	require.NoError(t, os.Chmod(filepath.Join(dir, name), 0o644))
}

func TestFilesOnAnotherMachine(t *testing.T) {
	t.Parallel()
	dir, settings := sftpFolder(t)
	drop(t, dir, "SM_D1_n_20250331.csv", ledger(2500, "a"))
	drop(t, dir, "PM_D1_n_20250331.csv", ledger(10, "b"))
	keys, end := drain(t, newSource(t, settings), nil, -1)
	require.Len(t, keys, 2510)
	require.FileExists(t, filepath.Join(dir, "done", "SM_D1_n_20250331.csv"))
	none, _ := drain(t, newSource(t, settings), end, -1)
	require.Empty(t, none)
}

// A run that ends between the commit of a file and its move leaves the file behind: the next one moves it and reads
// nothing twice.
func TestLostAckIsMadeUpFor(t *testing.T) {
	t.Parallel()
	dir, settings := sftpFolder(t)
	drop(t, dir, "SM_D1_n_20250331.csv", ledger(3, "a"))
	feed := newSource(t, settings).(files.Feed)
	pending, err := feed.Pending(t.Context(), nil)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	_, err = feed.Fetch(t.Context(), pending[0])
	require.NoError(t, err)
	position, err := feed.Taken(t.Context(), nil, pending[0])
	require.NoError(t, err)

	next := newSource(t, settings).(files.Feed)
	pending, err = next.Pending(t.Context(), position)
	require.NoError(t, err)
	require.Empty(t, pending)
	require.FileExists(t, filepath.Join(dir, "done", "SM_D1_n_20250331.csv"))
	require.NoFileExists(t, filepath.Join(dir, "SM_D1_n_20250331.csv"))
}

// The server's time orders files whose name says nothing; a local copy's does not.
func TestVersionOfRemoteFiles(t *testing.T) {
	t.Parallel()
	dir, settings := sftpFolder(t)
	settings["ledgers"], settings["party"] = map[string]any{"*": "sales"}, "D1"
	drop(t, dir, "report.csv", ledger(3, "a"))
	drop(t, dir, "SM_D1_n_20250331.csv", ledger(3, "a"))
	pending, err := newSource(t, settings).(files.Feed).Pending(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, "2025-03-31#000", pending[0].Version)
	require.Equal(t, noon.Add(-time.Hour).Format(time.RFC3339), pending[1].Version)
}

func TestCheckOfAnotherMachine(t *testing.T) {
	t.Parallel()
	dir, settings := sftpFolder(t)
	drop(t, dir, "SM_D1_n_20250331.csv", "x")
	drop(t, dir, "notes.txt", "x")
	check := func(change map[string]any) []connectors.Finding {
		all := map[string]any{}
		for _, m := range []map[string]any{settings, change} {
			for k, v := range m {
				all[k] = v
			}
		}
		findings, err := newSource(t, all).Check(t.Context())
		require.NoError(t, err)
		for _, f := range findings {
			for _, lang := range []string{"en", "zh"} {
				text := errs.New(errs.Invalid, f.Code, f.Args).Text(lang)
				require.NotRegexp(t, `\{[a-z_]+\}`, text, f.Code)
				require.NotContains(t, text, "hub-secret")
			}
		}
		return findings
	}
	findings := check(nil)
	require.Len(t, findings, 2)
	require.Equal(t, "files.check_ok", findings[0].Code)
	require.Equal(t, "files.no_ledger", findings[1].Code)
	for code, change := range map[string]map[string]any{
		"files.remote_credentials": {"password": "wrong"},
		"files.remote_host_key":    {"host_key": "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"},
		"files.remote_folder":      {"url": settings["url"].(string) + "/no"},
		"files.remote_unreachable": {"url": "sftp://hub@" + closedPort(t) + "/x"},
		"files.remote_archive":     {"archive": "/root/done"},
		"files.remote_private_key": {"private_key": "no key"},
		"files.known_hosts":        {"known_hosts": filepath.Join(dir, "no")},
	} {
		findings := check(change)
		require.Len(t, findings, 1, code)
		require.Equal(t, connectors.Fault, findings[0].Severity)
		require.Equal(t, code, findings[0].Code)
	}
	unknown := newSource(t, map[string]any{"url": settings["url"], "password": "hub-secret", "host_key": []any{}})
	_, err := unknown.Discover(t.Context())
	require.Equal(t, "files.remote_host_key_unset", errs.CodeOf(err))

	ftp := servers.FTP(t)
	plain, err := newSource(t, map[string]any{"url": "ftp://" + ftp.Plain + "/", "user": "hub", "password": "hub-secret"}).Check(t.Context())
	require.NoError(t, err)
	require.Equal(t, "files.check_plain", plain[1].Code)
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

func TestPlacesInSettings(t *testing.T) {
	t.Parallel()
	r, err := connectors.NewRegistry(files.Driver)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		settings map[string]any
		code     string
	}{
		"none":                 {map[string]any{}, "files.setting_no_place"},
		"two":                  {map[string]any{"folder": "x", "url": "ftp://h"}, "files.setting_two_places"},
		"no address":           {map[string]any{"url": "inbox"}, "files.url"},
		"password in it":       {map[string]any{"url": "sftp://u:hub-secret@h/x"}, "files.url_password"},
		"no bucket":            {map[string]any{"url": "s3://h"}, "files.url_bucket"},
		"no user":              {map[string]any{"url": "sftp://h/x", "password": "p"}, "connectors.setting_needed"},
		"no password":          {map[string]any{"url": "imaps://u@h"}, "connectors.setting_needed"},
		"FTP without password": {map[string]any{"url": "ftp://u@h"}, "connectors.setting_needed"},
		"no fingerprint":       {map[string]any{"url": "sftp://u@h", "password": "p", "host_key": "ab:cd"}, "files.setting_host_key"},
		"archive of a page":    {map[string]any{"url": "https://h/", "archive": "done"}, "files.setting_archive"},
	} {
		_, err := r.New("files", "connections.ddi.settings", tc.settings, connectors.Env{Now: time.Now})
		require.Equal(t, tc.code, errs.CodeOf(err), name)
		for _, lang := range []string{"en", "zh"} {
			require.NotContains(t, err.(connectors.Problems).Text(lang), "{path}")
			require.NotContains(t, err.(connectors.Problems).Text(lang), "hub-secret")
		}
	}
	src, err := r.New("files", "connections.ddi.settings", map[string]any{"url": "ftp://h"}, connectors.Env{Now: time.Now})
	require.NoError(t, err, "anonymous FTP needs nothing")
	require.NoError(t, src.Close())
}

// Positions that were kept before places had tags still fit.
func TestPositionsOfFoldersDoNotChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "SM_D1_n_20250331.csv", "x")
	feed := newSource(t, map[string]any{"folder": dir}).(files.Feed)
	pending, err := feed.Pending(t.Context(), nil)
	require.NoError(t, err)
	position, err := feed.Taken(t.Context(), nil, pending[0])
	require.NoError(t, err)
	require.JSONEq(t, `{"v":1,"taken":"`+oldMark+`"}`, string(json.RawMessage(position)))
}

// oldMark was written by the first release for this name, size and time.
const oldMark = "l6gHSib1VHuB"
