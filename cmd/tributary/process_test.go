package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/secrets"
)

// process is the program running as a process of its own.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	lines chan string // of stderr
	mu    sync.Mutex
	out   bytes.Buffer
	errs  strings.Builder
	ended chan struct{}
}

// patience bounds every wait on a process; the machine may be busy.
const patience = 60 * time.Second

func (i installation) start(argv ...string) *process {
	i.t.Helper()
	p := &process{t: i.t, lines: make(chan string, 1000), ended: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], append([]string{"--data", filepath.Join(i.dir, "data"), "--lang", "en"}, argv...)...)
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout = i.dir, append(os.Environ(), asProgram+"=1"), &p.out
	stderr, err := p.cmd.StderrPipe()
	require.NoError(i.t, err)
	require.NoError(i.t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		p.collect(stderr)
		_ = p.cmd.Wait() // the exit code tells
	}()
	i.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if argv[0] != "sandbox" { // which prints a configuration
			secrets.Check(i.t, strings.Join(argv, " "), p.out.String())
		}
		secrets.Check(i.t, strings.Join(argv, " "), p.stderr())
	})
	return p
}

func (p *process) collect(r io.Reader) {
	defer close(p.lines)
	for s := bufio.NewScanner(r); s.Scan(); {
		p.mu.Lock()
		p.errs.WriteString(s.Text() + "\n")
		p.mu.Unlock()
		select {
		case p.lines <- s.Text():
		default:
		}
	}
}

func (p *process) stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.errs.String()
}

// line waits for a line of stderr that matches, and returns its first group.
func (p *process) line(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	limit := time.After(patience)
	for {
		select {
		case l, ok := <-p.lines:
			require.True(p.t, ok, "ended without a line %s\n%s", pattern, p.stderr())
			if m := re.FindStringSubmatch(l); m != nil {
				return m[len(m)-1]
			}
		case <-limit:
			require.Fail(p.t, "no line "+pattern, p.stderr())
		}
	}
}

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(s))
}

// wait is the exit code, once the process has ended.
func (p *process) wait() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.Fail(p.t, "did not end", p.stderr())
	}
	return p.cmd.ProcessState.ExitCode()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url) // the test's own server
	require.NoError(t, err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	secrets.Check(t, url, string(b))
	return res.StatusCode, string(b)
}

func TestServeEndsWithSuccessWhenToldTo(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			here := newInstallation(t)
			here.configure("")
			p := here.start("serve")
			address := p.line(`^API +http://([^/]+)/`)
			status, body := get(t, "http://"+address+"/readyz")
			require.Equal(t, http.StatusOK, status, body)
			status, body = get(t, "http://"+address+"/metrics")
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, body, "tributary_build_info")
			began := time.Now()
			p.signal(sig)
			require.Zero(t, p.wait(), p.stderr())
			require.Less(t, time.Since(began), 10*time.Second)
		})
	}
}

func TestSecondServeOnAFolderIsRefusedAndCommandsAreNot(t *testing.T) {
	t.Parallel()
	here := newInstallation(t)
	here.configure("")
	p := here.start("serve")
	kafka := p.line(`^Kafka +(\S+)`)
	for lang, want := range map[string]string{"en": "already serves this data folder", "zh": "已在使用该数据目录"} {
		a := here.run("serve", "--lang", lang)
		require.Equal(t, 3, a.code)
		require.Contains(t, a.err, want)
		require.Contains(t, a.err, kafka)
		require.Contains(t, a.err, "--data")
	}
	here.ok("runs", "list")
	here.ok("relay", "--once")
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), p.stderr())
	require.NotContains(t, p.stderr(), "panic")
}

func TestQuietServeWritesOnlyJSONLines(t *testing.T) {
	t.Parallel()
	here := newInstallation(t)
	// The system refuses the login: a warning of each pull, which holds no secret.
	system := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	defer system.Close()
	here.configure(`
connections:
  - {name: chain, connector: pharmacy, settings: {base_url: "` + system.URL + `/v1", token: planted-secret-token}}`)
	p := here.start("serve", "--quiet")
	p.line(`"connection":"(chain)"`)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), p.stderr())
	require.Empty(t, p.out.String())
	require.NotContains(t, p.stderr(), "planted-secret-token")
	for _, l := range strings.Split(strings.TrimSpace(p.stderr()), "\n") {
		var entry struct{ Time, Level, Msg string }
		require.NoError(t, json.Unmarshal([]byte(l), &entry), l)
		require.NotEqual(t, "INFO", entry.Level, l)
	}
}

// A pull from a system that answers late has something under way when it is told to stop.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	l := slowServer(t, hang)
	here := newInstallation(t)
	here.configure("connections:\n  - {name: chain, connector: pharmacy, settings: {base_url: \"http://" + l + "/v1\", token: t}}")
	p := here.start("pull")
	<-hang // it asks
	p.signal(syscall.SIGINT)
	p.signal(syscall.SIGINT)
	code := p.wait()
	require.Contains(t, []int{1, 128 + int(syscall.SIGINT)}, code, "either the first sufficed or the second ended it: %s", p.stderr())
}
