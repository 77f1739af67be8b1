package harness

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/secrets"
	"tributary/test/servers"
)

// Hub is one installation: a working directory with its configuration, its own store and its own broker or its own
// company on the shared one. Methods fail the test they were made for; a Hub may be used by one goroutine at a time.
type Hub struct {
	T       testing.TB
	Dir     string
	Config  string   // path of the configuration file; "" = none
	Company string   // code of the company: ce_source of its events
	Kafka   string   // address of the cluster; "" on the embedded profile
	Env     []string // added to the environment of every command
	written []string // files of Dir that the test wrote itself
}

// Options shape an installation.
type Options struct {
	Company string // code of the company; "" = M
	Config  string // YAML added to the configuration
}

// OnBothProfiles runs a scenario on SQLite with the embedded broker and on PostgreSQL with Apache Kafka, side by side.
func OnBothProfiles(t *testing.T, o Options, scenario func(t *testing.T, h *Hub)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		scenario(t, Embedded(t, o))
	})
	t.Run("production", func(t *testing.T) {
		t.Parallel()
		scenario(t, Production(t, o))
	})
}

// Embedded makes an installation on SQLite and the embedded broker, which listens on a free port.
func Embedded(t testing.TB, o Options) *Hub {
	o.Config += "\nkafka: {embedded: true, listen: \"127.0.0.1:0\"}\nhttp: {listen: \"127.0.0.1:0\"}\n"
	return New(t, o)
}

// Production makes an installation on a schema of its own of the test PostgreSQL, and on the test Kafka. All
// installations share that broker's topics, so a test that reads them gives its company a code of its own.
func Production(t testing.TB, o Options) *Hub {
	broker := servers.Kafka(t)
	o.Config += fmt.Sprintf("\nstore: {url: %q}\nkafka: {brokers: [%q], partitions: 3}\nhttp: {listen: \"127.0.0.1:0\"}\nauth: {local_role: admin}\n",
		servers.PostgresSchema(t), broker)
	h := New(t, o)
	h.Kafka = broker
	return h
}

// New makes an installation with a configuration as given.
func New(t testing.TB, o Options) *Hub {
	dir := t.TempDir()
	h := &Hub{T: t, Dir: dir, Config: filepath.Join(dir, "tributary.yaml"), Company: o.Company}
	if h.Company == "" {
		h.Company = "M"
	}
	t.Cleanup(func() { secrets.CheckFolder(t, dir, h.written...) })
	h.Reconfigure(o.Config)
	return h
}

// Reconfigure replaces the configuration but for company and data folder.
func (h *Hub) Reconfigure(config string) {
	h.T.Helper()
	head := fmt.Sprintf("company: {name: 本公司, code: %s, source: erp}\ndata_dir: %s\n", h.Company, filepath.Join(h.Dir, "data"))
	h.Write("tributary.yaml", head+config)
}

// Write puts a file into the working directory and returns its path.
func (h *Hub) Write(name, content string) string {
	h.T.Helper()
	path := filepath.Join(h.Dir, name)
	h.written = append(h.written, name)
	require.NoError(h.T, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(h.T, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// Result is what a command printed, how it ended and what it took.
type Result struct {
	Code           int
	Stdout, Stderr string
	CPU            time.Duration // user and system time
	PeakRSS        int64         // bytes
}

// commandTimeout bounds one command: a hanging one is a failure with its output.
const commandTimeout = 2 * time.Minute

// Run executes a command line on the installation.
func (h *Hub) Run(args ...string) Result {
	h.T.Helper()
	ctx, cancel := context.WithTimeout(h.T.Context(), commandTimeout)
	defer cancel()
	cmd := h.command(ctx, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if exited := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exited) {
		require.NoError(h.T, err, "tributary %v", args)
	}
	require.NoError(h.T, ctx.Err(), "tributary %v did not end\n%s%s", args, out.String(), errOut.String())
	state := cmd.ProcessState
	r := Result{Code: state.ExitCode(), Stdout: out.String(), Stderr: errOut.String(), CPU: state.UserTime() + state.SystemTime()}
	if used, ok := state.SysUsage().(*syscall.Rusage); ok {
		r.PeakRSS = used.Maxrss << 10
	}
	require.NotContains(h.T, r.Stderr, "goroutine ", "tributary %v: a panic reached the user", args)
	secrets.Check(h.T, strings.Join(args, " "), r.Stdout+r.Stderr)
	return r
}

func (h *Hub) command(ctx context.Context, args ...string) *exec.Cmd {
	if h.Config != "" {
		args = append([]string{"--config", h.Config}, args...)
	}
	cmd := exec.CommandContext(ctx, Binary(h.T), args...)
	cmd.Dir = h.Dir
	cmd.Env = append(append(os.Environ(), "LANG=C.UTF-8", "LC_ALL=", "LC_MESSAGES="), h.Env...)
	return cmd
}

// OK runs a command that must succeed and returns its stdout.
func (h *Hub) OK(args ...string) string {
	h.T.Helper()
	r := h.Run(args...)
	require.Zero(h.T, r.Code, "tributary %v\n%s%s", args, r.Stdout, r.Stderr)
	return r.Stdout
}

// Into runs a command with --json that must succeed, and decodes its one document.
func (h *Hub) Into(v any, args ...string) {
	h.T.Helper()
	out := h.OK(append(args, "--json")...)
	require.NoError(h.T, json.Unmarshal([]byte(out), v), "tributary %v printed\n%s", args, out)
}

// Report runs an import, a pull or a replay with --json and decodes the report it prints also when it fails.
func (h *Hub) Report(args ...string) (Report, Result) {
	h.T.Helper()
	r := h.Run(append(args, "--json")...)
	var report Report
	require.NoError(h.T, json.Unmarshal([]byte(r.Stdout), &report), "tributary %v printed\n%s%s", args, r.Stdout, r.Stderr)
	return report, r
}

// CSV runs a command that writes a file and returns the file's rows by column name.
func (h *Hub) CSV(args ...string) []map[string]string {
	h.T.Helper()
	name := strings.Join(args, "-") + ".csv"
	h.OK(append(args, "--out", filepath.Join(h.Dir, name), "--quiet")...)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(h.Read(name), "\ufeff"))).ReadAll()
	require.NoError(h.T, err)
	require.NotEmpty(h.T, rows)
	var out []map[string]string
	for _, r := range rows[1:] {
		row := map[string]string{}
		for i, column := range rows[0] {
			row[column] = r[i]
		}
		out = append(out, row)
	}
	return out
}

// Binary is the path of the program under test.
func Binary(t testing.TB) string {
	t.Helper()
	path := os.Getenv("TRIBUTARY_BIN")
	if path == "" {
		path = filepath.Join(Root(), "bin", "tributary")
	}
	_, err := os.Stat(path)
	require.NoError(t, err, "build it first: make build")
	return path
}

// Root is the folder of the checkout.
func Root() string {
	_, file, _, _ := runtime.Caller(0) // only the file is of interest
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// NewCompany is a code that no other installation uses: its events are told apart on a shared broker.
func NewCompany() string { return fmt.Sprintf("M%08X", rand.Uint32()) }

// Read returns a file of the working directory.
func (h *Hub) Read(name string) string {
	h.T.Helper()
	b, err := os.ReadFile(filepath.Join(h.Dir, name))
	require.NoError(h.T, err)
	return string(b)
}

// Await asks until something is so; asking takes time itself, so there is no pause.
func (h *Hub) Await(what string, so func() bool) {
	h.T.Helper()
	for deadline := time.Now().Add(commandTimeout); !so(); {
		require.True(h.T, time.Now().Before(deadline), "never came true: %s", what)
	}
}
