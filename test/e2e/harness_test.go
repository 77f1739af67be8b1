// Package e2e drives the built binary the way a person or a script does, on the embedded profile and on PostgreSQL with
// Apache Kafka.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/servers"
)

// hub is one installation: a working directory with its own store and broker.
type hub struct {
	t      *testing.T
	dir    string
	config string // path of the configuration file
	kafka  string // address of the cluster; "" on the embedded profile
}

// onBothProfiles runs a scenario on SQLite with the embedded broker and on PostgreSQL with Apache Kafka. extra is added
// to the configuration.
func onBothProfiles(t *testing.T, extra string, scenario func(t *testing.T, h *hub)) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		scenario(t, newHub(t, extra+"\nkafka: {embedded: true, listen: \"127.0.0.1:0\"}\n"))
	})
	t.Run("production", func(t *testing.T) {
		t.Parallel()
		broker := servers.Kafka(t)
		h := newHub(t, fmt.Sprintf("%s\nstore: {url: %q}\nkafka: {brokers: [%q], partitions: 3}\nauth: {local_role: admin}\n", extra, servers.PostgresSchema(t), broker))
		h.kafka = broker
		scenario(t, h)
	})
}

func newHub(t *testing.T, config string) *hub {
	dir := t.TempDir()
	h := &hub{t: t, dir: dir, config: filepath.Join(dir, "tributary.yaml")}
	require.NoError(t, os.WriteFile(h.config, []byte("data_dir: "+filepath.Join(dir, "data")+"\n"+config), 0o600))
	return h
}

// result is what a command printed and how it ended.
type result struct {
	code           int
	stdout, stderr string
}

// commandTimeout bounds one command: a hanging one is a failure with its output.
const commandTimeout = 4 * time.Minute

// run executes a command line on the installation.
func (h *hub) run(args ...string) result {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), commandTimeout)
	defer cancel()
	cmd := h.command(ctx, args...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	code := cmd.ProcessState.ExitCode()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		require.NoError(h.t, err, "tributary %v", args)
	}
	require.NoError(h.t, ctx.Err(), "tributary %v did not end\n%s%s", args, out.String(), errOut.String())
	return result{code, out.String(), errOut.String()}
}

func (h *hub) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary(h.t), append([]string{"--config", h.config}, args...)...)
	cmd.Dir = h.dir
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8", "LC_ALL=", "LC_MESSAGES=")
	return cmd
}

// ok runs a command that must succeed and returns its stdout.
func (h *hub) ok(args ...string) string {
	h.t.Helper()
	r := h.run(args...)
	require.Zero(h.t, r.code, "tributary %v\n%s%s", args, r.stdout, r.stderr)
	return r.stdout
}

// into runs a command with --json and decodes its one document.
func (h *hub) into(v any, args ...string) {
	h.t.Helper()
	out := h.ok(append(args, "--json")...)
	require.NoError(h.t, json.Unmarshal([]byte(out), v), "tributary %v printed\n%s", args, out)
}

// binary is the program under test: bin/tributary of this checkout, or TRIBUTARY_BIN.
func binary(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("TRIBUTARY_BIN"); path != "" {
		return path
	}
	path, err := filepath.Abs("../../bin/tributary")
	require.NoError(t, err)
	_, err = os.Stat(path)
	require.NoError(t, err, "build it first: make build")
	return path
}

func workedFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "worked", name))
	require.NoError(t, err)
	return path
}
