package remote_test

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/filesource/remote"
	"tributary/internal/errs"
)

func webServer(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestWebFolder(t *testing.T) {
	t.Parallel()
	dir, put, _ := onDisk(t, t.TempDir())
	put("SM_D1_青河_20250331.csv", "first")
	put("a b.csv", "second")
	put("sub/c.csv", "third")
	put("x.tmp", "half")
	base := webServer(t, http.StripPrefix("/ddi/", http.FileServer(http.Dir(dir)))) + "/ddi/"
	d := drop(t, site{cfg: remote.Config{URL: base}}, "")
	files := list(t, d)
	require.Equal(t, []string{"SM_D1_青河_20250331.csv", "a b.csv"}, names(files))
	require.Equal(t, "first", fetched(t, d, files[0]))
	require.Equal(t, "second", fetched(t, d, files[1]))
	require.True(t, files[0].Remote)
	require.NoError(t, d.Done(t.Context(), files[0]))
	require.Len(t, list(t, d), 2)
}

func TestWebFileResumes(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("2025-04-01,D001,250301,12\n", 100_000)
	for name, ranges := range map[string]bool{"with ranges": true, "without ranges": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var resumed atomic.Int64
			url := webServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") != "" {
					resumed.Add(1)
				}
				w.Header().Set("ETag", `"v1"`)
				if !ranges {
					w.Header().Set("Content-Length", fmt.Sprint(len(content)))
					if r.Method == http.MethodGet {
						_, _ = w.Write([]byte(content))
					}
					return
				}
				http.ServeContent(w, r, "big.csv", longAgo, strings.NewReader(content))
			})) + "/big.csv"
			cut := &cutter{}
			cut.after.Store(1 << 20)
			d := drop(t, site{cfg: remote.Config{URL: url, Dial: cut.dial}}, "")
			files := list(t, d)
			cut.times.Store(2)
			require.True(t, fetched(t, d, files[0]) == content)
			require.NotZero(t, resumed.Load())
		})
	}
}

// A server that tells nothing of a file's state gets it fetched every time: its content decides.
func TestWebFileWithoutDateOrTag(t *testing.T) {
	t.Parallel()
	url := webServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		_, _ = w.Write([]byte("abc"))
	})) + "/report?id=7"
	d := drop(t, site{cfg: remote.Config{URL: url}}, "")
	first := list(t, d)[0]
	require.Equal(t, "report", first.Name)
	require.Equal(t, "abc", fetched(t, d, first))
	require.True(t, list(t, d)[0].Same(first))
	require.False(t, list(t, drop(t, site{cfg: remote.Config{URL: url}}, ""))[0].Same(first))
}

func TestWebMistakes(t *testing.T) {
	t.Parallel()
	elsewhere := webServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { t.Error("the other machine was asked") }))
	mux := http.NewServeMux()
	mux.HandleFunc("/private/", func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "right" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, "<html>")
	})
	mux.HandleFunc("/forbidden/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	mux.HandleFunc("/broken/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) })
	mux.HandleFunc("/odd/", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusTeapot) })
	mux.HandleFunc("/away.csv", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+"/away.csv", http.StatusFound)
	})
	mux.HandleFunc("/round.csv", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round.csv", http.StatusFound) })
	mux.HandleFunc("/moved.csv", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/here.csv", http.StatusFound) })
	mux.HandleFunc("/here.csv", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "1") })
	mux.HandleFunc("/json/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "[]")
	})
	mux.HandleFunc("/links/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<a href="../x.csv">up</a><a href="%s/y.csv">away</a><a href="sub/z.csv">below</a><a href="?C=M">sort</a><a href="/links/a.csv">a</a><a href=a.csv#1>a</a><a name=q>`, elsewhere)
	})
	mux.HandleFunc("/links/a.csv", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "1") })
	base := webServer(t, mux)
	for path, code := range map[string]string{
		"/private/": "files.remote_credentials", "/forbidden/": "files.remote_denied", "/broken/": "files.remote_lost", "/odd/": "files.remote_refused",
		"/away.csv": "files.remote_redirect", "/round.csv": "files.remote_redirect", "/moved.csv": "", "/json/": "files.remote_no_index", "/none/": "files.remote_folder", "/none.csv": "files.missing",
	} {
		_, err := look(t, remote.Config{URL: base + path, User: "u", Password: connectors.NewSecret("wrong")})
		require.Equal(t, code, errs.CodeOf(err), "%s: %v", path, err)
	}
	files, err := look(t, remote.Config{URL: base + "/links/"})
	require.NoError(t, err)
	require.Equal(t, []string{"a.csv"}, names(files), "only what lies in the folder")
	files, err = look(t, remote.Config{URL: base + "/private/", User: "u", Password: connectors.NewSecret("right")})
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestWebCertificate(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "1") }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	_, err := look(t, remote.Config{URL: srv.URL + "/a.csv"})
	require.Equal(t, "files.remote_certificate", errs.CodeOf(err), "%v", err)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600))
	files, err := look(t, remote.Config{URL: srv.URL + "/a.csv", CAFile: ca})
	require.NoError(t, err)
	require.Len(t, files, 1)
	_, err = look(t, remote.Config{URL: strings.Replace(srv.URL, "https", "http", 1) + "/a.csv"})
	require.Error(t, err)
}
