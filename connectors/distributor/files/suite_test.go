package files_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/connectortest"
	"tributary/connectors/distributor/files"
	"tributary/connectors/sandbox/fault"
)

const header = "销售日期,客户名称,品名,批号,数量"

// folder is where a distributor leaves its ledgers: those of Fill, and one addition for each row that changes.
type folder struct {
	dir    string
	clock  connectortest.Clock
	added  int
	before func()
}

func line(i int, product string) string {
	return fmt.Sprintf(`2025-03-01,市立医院,"%s",L%05d,-1.50`, strings.ReplaceAll(product, `"`, `""`), i)
}

func (f *folder) put(t *testing.T, name string, content string, at time.Time) {
	path := filepath.Join(f.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	require.NoError(t, os.Chtimes(path, at, at))
}

func (f *folder) fill(t *testing.T, n int) {
	old, err := filepath.Glob(filepath.Join(f.dir, "*"))
	require.NoError(t, err)
	for _, name := range old {
		require.NoError(t, os.Remove(name))
	}
	f.added = 0
	size := max(8, n/10)
	for day, from := 1, 0; from < n; day, from = day+1, from+size {
		lines := []string{header}
		for i := from; i < min(n, from+size); i++ {
			lines = append(lines, line(i, "药"))
		}
		f.put(t, fmt.Sprintf("SM_D1_n_202503%02d.csv", day), strings.Join(lines, "\n")+"\n", f.clock.Now().Add(-time.Hour))
	}
}

// add leaves a row in a file of its own, now.
func (f *folder) add(t *testing.T, i int, product string) {
	f.added++
	f.put(t, fmt.Sprintf("SM_D1_n_20250331_补传%d.csv", f.added), header+"\n"+line(i, product)+"\n", f.clock.Now())
}

func (f *folder) system(t *testing.T, settings map[string]any, faults *fault.Set) *connectortest.System {
	f.fill(t, 40)
	settings["settle"] = "10ms"
	return &connectortest.System{
		Settings: settings, Faults: faults, Now: f.clock.Now, Advance: f.clock.Advance,
		Fill: func(n int) { f.fill(t, n) }, Write: func(i int, text string) { f.add(t, i, text) },
		Touch:  func(i int) { f.add(t, i, fmt.Sprintf("更名%d", f.clock.Now().UnixMilli())) },
		Before: func(do func()) { f.before = do },
		Place: &connectortest.Place{
			Header: header, Row: func(i int) string { return line(i, "药") },
			Name: func(n int, ext string) string { return fmt.Sprintf("SM_D1_n_202504%02d.%s", n+1, ext) },
			Put:  func(name string, content []byte) { f.put(t, name, string(content), f.clock.Now()) },
			Rename: func(from, to string) {
				require.NoError(t, os.Rename(filepath.Join(f.dir, from), filepath.Join(f.dir, to)))
			},
			Remove: func(name string) { require.NoError(t, os.Remove(filepath.Join(f.dir, name))) },
		},
	}
}

// local is the folder of this machine.
func local(t *testing.T) *connectortest.System {
	f := &folder{dir: t.TempDir()}
	return f.system(t, map[string]any{"folder": f.dir}, fault.New())
}

const user, password = "ddi", "planted-secret-web"

// web is the folder as a web server shows it, behind TLS and a login.
func web(t *testing.T) *connectortest.System {
	f := &folder{dir: t.TempDir()}
	faults := fault.New()
	shown := http.FileServer(http.Dir(f.dir))
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, secret, _ := r.BasicAuth()
		switch {
		case name != user || secret != password || faults.Hit(fault.BadCredentials):
			http.Error(w, "no", http.StatusUnauthorized)
		case faults.Hit(fault.NoRights):
			http.Error(w, "no", http.StatusForbidden)
		default:
			shown.ServeHTTP(w, r)
		}
	})
	faulty := fault.Transport{Faults: faults, Now: f.clock.Now, Delay: time.Hour}.Wrap(guarded)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.before != nil && r.Method == http.MethodGet && r.URL.Path != "/" {
			f.before()
		}
		faulty.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	return f.system(t, map[string]any{"url": server.URL + "/", "user": user, "password": password, "ca_file": ca}, faults)
}

// careless is the connector with the fault that a test of the suite seeds.
type careless struct{ connectors.Source }

// Read takes a file that cannot be read for one without rows.
func (c careless) Read(ctx context.Context) (connectors.Batch, error) {
	b, err := c.Source.Read(ctx)
	if err != nil {
		return b, io.EOF
	}
	return b, nil
}

func driver() connectors.Driver {
	d := files.Driver
	d.New = func(settings any, env connectors.Env) (connectors.Source, error) {
		s := settings.(files.Settings)
		if connectortest.Seed() == "waits for no upload" {
			s.Settle = -24 * time.Hour
		}
		src, err := files.Driver.New(s, env)
		if err == nil && connectortest.Seed() == "a bad file is no rows" {
			src = careless{src}
		}
		return src, err
	}
	return d
}

// The suite fails for the mistakes about files that it is there to notice.
func TestTheSuiteNoticesFaultsAboutFiles(t *testing.T) {
	t.Parallel()
	for _, f := range connectortest.FaultsOf("connectors/distributor/files") {
		connectortest.RequireNoticed(t, f)
	}
}

func TestConnector(t *testing.T) {
	h := connectortest.Harness{
		Driver: driver(), Medium: connectortest.Files, Name: "web", Start: web, Stream: files.Stream, BaseURL: []string{"url"}, Password: "password", Text: "品名",
		Which:   func(r connectors.Row) string { return fmt.Sprint(r.Fields["批号"]) },
		Passing: []fault.Name{fault.HTTP502, fault.HTTP500, fault.HTTP429, fault.CutBody},
		Failing: []fault.Name{fault.Redirect, fault.HTTP502, fault.CutBody, fault.HTML200, fault.Shape, fault.NoRights, fault.BadCredentials},
		Codes: map[string]string{
			"good": "files.check_ok", "wrong password": "files.remote_credentials", "wrong host": "files.remote_unreachable", "certificate": "files.remote_certificate", "no rights": "files.remote_denied",
		},
		Untrusted: func(t *testing.T) map[string]any { // test servers share a certificate, which ca_file vouches for
			server := httptest.NewTLSServer(http.NotFoundHandler())
			t.Cleanup(server.Close)
			return map[string]any{"url": server.URL + "/", "ca_file": ""}
		},
		Reasons: map[int]string{
			19: "files are never taken back; a row that is missing from a file sent anew is voided by the import that replaces the month (pipeline.TestTheOrderOfFilesDoesNotMatter)",
			21: "a file is read whole: what is missing is sent or imported again",
			38: "each call of a place is tried four times, then the run waits for its next turn; there is no circuit over runs",
			39: "files are fetched one at a time; there are no calls to limit",
		},
	}
	folder := h
	folder.Name, folder.Start, folder.Passing, folder.Failing = "folder", local, nil, nil
	folder.Reasons = map[int]string{
		2: "a folder has no secret", 5: "a folder has no login", 7: "a folder cannot hang", 17: "a folder tells nobody that it is read", 22: "a folder has no faults of its own", 34: "a folder is not HTTP",
		19: h.Reasons[19], 21: h.Reasons[21],
	}
	connectortest.Run(t, h, folder)
}
