package remote_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest/leak"
	"tributary/connectors/filesource"
	"tributary/connectors/filesource/remote"
	"tributary/internal/errs"
	"tributary/test/servers"
)

func TestMain(m *testing.M) { leak.Main(m) }

// site is a fresh folder on a real server and the ways to look behind the server's back.
type site struct {
	cfg     remote.Config
	archive string                                         // as the setting says it
	put     func(name, content string)                     // long ago, where the server lets the test choose
	get     func(name string) (content string, there bool) // name relative to the folder
	reader  *remote.Config                                 // an account that may only read; nil: see deny
	deny    func()                                         // takes the right to write from the account
	missing string                                         // an address whose folder does not exist
}

var longAgo = time.Date(2025, 4, 1, 12, 0, 0, 0, time.UTC)

// onDisk is a folder that lies on this machine, too.
func onDisk(t *testing.T, root string) (dir string, put func(name, content string), get func(name string) (string, bool)) {
	dir = filepath.Join(root, servers.Name(t))
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.NoError(t, os.Chmod(dir, 0o777)) // past the umask: the server's user is another one
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	put = func(name, content string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.Chmod(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		require.NoError(t, os.Chtimes(path, longAgo, longAgo))
	}
	get = func(name string) (string, bool) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, os.ErrNotExist) {
			return "", false
		}
		require.NoError(t, err)
		return string(b), true
	}
	return dir, put, get
}

func sftpSite(t *testing.T) site {
	s := servers.SFTP(t)
	dir, put, get := onDisk(t, s.Root)
	return site{
		cfg:     remote.Config{URL: "sftp://" + s.User + "@" + s.Address + dir, Password: connectors.NewSecret(s.Password), HostKeys: []string{s.HostKey}},
		archive: "done", put: put, get: get, missing: "sftp://" + s.User + "@" + s.Address + dir + "/no",
		deny: func() { require.NoError(t, os.Chmod(dir, 0o755)) },
	}
}

func ftpSite(scheme string) func(t *testing.T) site {
	return func(t *testing.T) site {
		s := servers.FTP(t)
		dir, put, get := onDisk(t, s.Root)
		address := map[string]string{"ftp": s.Plain, "ftpes": s.Explicit, "ftps": s.Implicit}[scheme]
		base := scheme + "://" + address + "/" + filepath.Base(dir)
		cfg := remote.Config{URL: base, User: "hub", Password: connectors.NewSecret("hub-secret"), CAFile: s.CA}
		reader := cfg
		reader.User = "reader"
		return site{cfg: cfg, archive: "/" + filepath.Base(dir) + "/done", put: put, get: get, reader: &reader, missing: base + "/no"}
	}
}

func s3Site(t *testing.T) site {
	s := servers.S3(t)
	admin, err := minio.New(s.Address, &minio.Options{Creds: credentials.NewStaticV4(s.Key, s.Secret, "")})
	require.NoError(t, err)
	bucket, ctx := servers.Name(t), context.Background()
	require.NoError(t, admin.MakeBucket(ctx, bucket, minio.MakeBucketOptions{}))
	t.Cleanup(func() {
		for o := range admin.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
			require.NoError(t, admin.RemoveObject(ctx, bucket, o.Key, minio.RemoveObjectOptions{}))
		}
		require.NoError(t, admin.RemoveBucket(ctx, bucket))
	})
	base := "s3+http://" + s.Address + "/" + bucket + "/in"
	cfg := remote.Config{URL: base, User: s.Key, Password: connectors.NewSecret(s.Secret)}
	reader := cfg
	reader.User, reader.Password = s.ReaderKey, connectors.NewSecret(s.ReaderSecret)
	return site{
		cfg: cfg, archive: "done", reader: &reader, missing: "s3+http://" + s.Address + "/" + bucket + "no",
		put: func(name, content string) {
			_, err := admin.PutObject(ctx, bucket, "in/"+name, strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
			require.NoError(t, err)
		},
		get: func(name string) (string, bool) {
			o, err := admin.GetObject(ctx, bucket, "in/"+name, minio.GetObjectOptions{})
			require.NoError(t, err)
			defer o.Close()
			var b bytes.Buffer
			_, err = b.ReadFrom(o)
			if minio.ToErrorResponse(err).Code == "NoSuchKey" {
				return "", false
			}
			require.NoError(t, err)
			return b.String(), true
		},
	}
}

// sites are all protocols with folders that can be written to.
func sites(t *testing.T, run func(t *testing.T, s site)) {
	for name, start := range map[string]func(t *testing.T) site{"sftp": sftpSite, "ftp": ftpSite("ftp"), "ftpes": ftpSite("ftpes"), "ftps": ftpSite("ftps"), "s3": s3Site} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, start(t))
		})
	}
}

func transport(t *testing.T, cfg remote.Config) filesource.Transport {
	t.Helper()
	tr, err := remote.New(cfg)
	require.NoError(t, err)
	return tr
}

// drop is a file source that has waited long enough for everything that was there before.
func drop(t *testing.T, s site, archive string) *filesource.Drop {
	t.Helper()
	d := filesource.NewDrop(filesource.DropConfig{Transport: transport(t, s.cfg), Archive: archive, Settle: time.Millisecond, Now: func() time.Time { return time.Now().Add(time.Hour) }, Spool: t.TempDir()})
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func names(files []filesource.RemoteFile) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.Name
	}
	return out
}

func fetched(t *testing.T, d *filesource.Drop, f filesource.RemoteFile) string {
	t.Helper()
	path, err := d.Fetch(t.Context(), f)
	require.NoError(t, err)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, filepath.Base(f.Name), filepath.Base(path))
	return string(b)
}

func list(t *testing.T, d *filesource.Drop) []filesource.RemoteFile {
	t.Helper()
	files, err := d.List(t.Context())
	require.NoError(t, err)
	return files
}

func TestListFetchArchive(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.put("SM_D1_青河_20250331.csv", "first")
		s.put("north/a b.csv", "second")
		s.put("upload.csv.part", "half")
		s.put(".hidden.csv", "x")
		d := drop(t, s, s.archive)
		files := list(t, d)
		require.Equal(t, []string{"SM_D1_青河_20250331.csv", "north/a b.csv"}, names(files))
		require.EqualValues(t, 5, files[0].Size)
		require.True(t, files[0].Remote)
		require.Equal(t, "first", fetched(t, d, files[0]))
		require.Equal(t, "second", fetched(t, d, files[1]))

		require.NoError(t, d.Probe(t.Context()))
		require.NoError(t, d.Done(t.Context(), files[1]))
		require.NoError(t, d.Done(t.Context(), files[1]), "a lost answer may be asked for again")
		kept, there := s.get("done/north/a b.csv")
		require.True(t, there)
		require.Equal(t, "second", kept)
		_, there = s.get("north/a b.csv")
		require.False(t, there)
		require.Equal(t, []string{"SM_D1_青河_20250331.csv"}, names(list(t, d)), "the archive is not read, and the probe left nothing")

		s.put("north/a b.csv", "third")
		again := list(t, d)
		require.Len(t, again, 2)
		require.NoError(t, d.Done(t.Context(), files[1]), "the same name with new content is another file")
		require.Equal(t, "third", fetched(t, d, again[1]))
		require.NoError(t, d.Done(t.Context(), again[1]))
		kept, _ = s.get("done/north/a b.csv")
		require.Equal(t, "second", kept, "nothing in the archive is overwritten")
	})
}

func TestFileThatChangesWhileItIsFetched(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.put("a.csv", "first")
		s.put("b.csv", "second")
		d := drop(t, s, "")
		files := list(t, d)
		s.put("a.csv", "first and more")
		_, err := d.Fetch(t.Context(), files[0])
		require.Equal(t, "files.changed", errs.CodeOf(err), "%v", err)
		require.Equal(t, "second", fetched(t, d, files[1]), "the connection is of use after a refusal")
		require.Equal(t, "first and more", fetched(t, d, list(t, d)[0]))
	})
}

// cutter breaks connections after a number of bytes, a number of times.
type cutter struct {
	after, times atomic.Int64
	dials        atomic.Int64
}

func (c *cutter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c.dials.Add(1)
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &cutConn{Conn: conn, c: c}, nil
}

type cutConn struct {
	net.Conn
	c    *cutter
	read int64
}

func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.read += int64(n); c.c.times.Load() > 0 && c.read > c.c.after.Load() {
		c.c.times.Add(-1)
		_ = c.Conn.Close()
		return 0, net.ErrClosed
	}
	return n, err
}

func TestConnectionLostMidDownload(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		content := strings.Repeat("2025-04-01,D001,250301,12\n", 200_000) // 5 MB
		s.put("big.csv", content)
		cut := &cutter{}
		cut.after.Store(2 << 20)
		s.cfg.Dial = cut.dial
		d := drop(t, s, "")
		files := list(t, d)
		cut.times.Store(2)
		require.True(t, fetched(t, d, files[0]) == content, "what was fetched is not what lay there")
		require.Zero(t, cut.times.Load(), "the connection was never cut")

		cut.after.Store(1000)
		cut.times.Store(100)
		_, err := d.Fetch(t.Context(), files[0])
		require.True(t, errs.Is(err, errs.Unavailable), "%v", err)
		cut.times.Store(0)
		require.True(t, fetched(t, d, files[0]) == content, "the next run begins anew")
	})
}

func TestCancelEndsADownload(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.put("big.csv", strings.Repeat("x", 1<<20))
		ctx, cancel := context.WithCancel(t.Context())
		reads := &stalled{after: 200 << 10, then: cancel}
		s.cfg.Dial = reads.dial
		d := drop(t, s, "")
		_, err := d.Fetch(ctx, list(t, d)[0])
		require.ErrorIs(t, err, context.Canceled)
	})
}

// stalled calls then once a connection has read enough, and hears no more after it.
type stalled struct {
	after int64
	then  func()
}

func (s *stalled) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return &stalledConn{Conn: conn, s: s}, err
}

type stalledConn struct {
	net.Conn
	s    *stalled
	read int64
}

func (c *stalledConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), 16<<10)])
	if c.read += int64(n); c.read > c.s.after && c.s.then != nil {
		c.s.then()
	}
	return n, err
}

func TestSizeCap(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.put("a.csv", strings.Repeat("x", 2000))
		d := filesource.NewDrop(filesource.DropConfig{Transport: transport(t, s.cfg), Settle: time.Millisecond, MaxBytes: 1000, Now: func() time.Time { return time.Now().Add(time.Hour) }})
		defer d.Close()
		_, err := d.Fetch(t.Context(), list(t, d)[0])
		require.Equal(t, "files.remote_too_large", errs.CodeOf(err))
	})
}

// A file in the middle of its upload is not taken, however the clocks differ; a finished one is.
func TestYoungFilesAreLookedAtTwice(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		began := time.Now()
		tr := &watched{Transport: transport(t, s.cfg), listed: func() { s.put("growing.csv", "half and more") }}
		d := filesource.NewDrop(filesource.DropConfig{Transport: tr, Settle: 50 * time.Millisecond, Now: func() time.Time { return longAgo.Add(time.Since(began)) }})
		defer d.Close()
		s.put("growing.csv", "half")
		s.put("whole.csv", "all of it")
		require.Equal(t, []string{"whole.csv"}, names(list(t, d)))
	})
}

// watched does something after the first listing.
type watched struct {
	filesource.Transport
	listed func()
}

func (w *watched) List(ctx context.Context) ([]filesource.RemoteFile, error) {
	files, err := w.Transport.List(ctx)
	if w.listed != nil {
		w.listed()
		w.listed = nil
	}
	return files, err
}

func TestMarkerFiles(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.put("a.csv", "1")
		s.put("b.csv", "2")
		s.put("b.csv.ok", "")
		d := filesource.NewDrop(filesource.DropConfig{Transport: transport(t, s.cfg), Marker: ".ok", Settle: time.Hour, Now: time.Now})
		defer d.Close()
		require.Equal(t, []string{"b.csv"}, names(list(t, d)))
	})
}

// What is wrong has a code of its own and a remedy, and is found by one look.
func TestEachMistakeHasItsCode(t *testing.T) {
	t.Parallel()
	sites(t, func(t *testing.T, s site) {
		s.put("a.csv", "1")
		look := func(cfg remote.Config, archive string) string {
			tr := transport(t, cfg)
			defer tr.Close()
			d := filesource.NewDrop(filesource.DropConfig{Transport: tr, Archive: archive, Now: time.Now})
			_, err := d.Look(t.Context())
			if err == nil {
				err = d.Probe(t.Context())
			}
			for _, lang := range []string{"en", "zh"} {
				if err != nil {
					text := errs.Render(err, lang)
					require.NotContains(t, text, "{")
					require.NotContains(t, text, s.cfg.Password.Reveal())
					require.NotContains(t, text, "wrong-password")
				}
			}
			return errs.CodeOf(err)
		}
		require.Empty(t, look(s.cfg, s.archive))

		wrong := s.cfg
		wrong.Password = connectors.NewSecret("wrong-password")
		require.Equal(t, "files.remote_credentials", look(wrong, ""))

		wrong = s.cfg
		wrong.URL = s.missing
		require.Equal(t, "files.remote_folder", look(wrong, ""))

		wrong = s.cfg
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		wrong.URL = s.cfg.URL[:strings.Index(s.cfg.URL, "://")] + "://u@" + l.Addr().String() + "/bucket/x"
		require.NoError(t, l.Close())
		require.Equal(t, "files.remote_unreachable", look(wrong, ""), s.cfg.URL)

		readOnly := s.cfg
		if s.reader != nil {
			readOnly = *s.reader
		} else {
			s.deny()
		}
		require.Equal(t, "files.remote_archive", look(readOnly, s.archive))
		require.Empty(t, look(readOnly, ""), "reading needs no right to write")
	})
}
