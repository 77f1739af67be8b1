package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/test/secrets"
)

var update = flag.Bool("update", false, "rewrite docs/cli.md from the commands")

// asProgram makes the test binary run as the program itself, for tests of signals and of the process's end.
const asProgram = "TRIBUTARY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// installation is a working folder with its own data.
type installation struct {
	t   *testing.T
	dir string
}

func newInstallation(t *testing.T) installation {
	t.Helper()
	i := installation{t, t.TempDir()}
	t.Cleanup(func() { secrets.CheckFolder(t, i.dir, "tributary.yaml", "data/demo.yaml") }) // the configurations
	return i
}

// write puts a file into the folder and returns its path.
func (i installation) write(name, text string) string {
	i.t.Helper()
	path := filepath.Join(i.dir, name)
	require.NoError(i.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// configure writes the configuration: ports of its own, and what the test adds.
func (i installation) configure(text string) {
	i.t.Helper()
	if !strings.Contains("\n"+text, "\nkafka:") {
		text += "\nkafka: {listen: \"127.0.0.1:0\"}"
	}
	if !strings.Contains("\n"+text, "\nhttp:") {
		text += "\nhttp: {listen: \"127.0.0.1:0\"}"
	}
	i.write("tributary.yaml", text)
}

// answer is what a command printed and how it ended.
type answer struct {
	code     int
	out, err string
}

// run executes a command line in process. Messages are English unless --lang says otherwise.
func (i installation) run(argv ...string) answer { return i.runIn(context.Background(), "", argv...) }

func (i installation) runIn(ctx context.Context, stdin string, argv ...string) answer {
	i.t.Helper()
	full := []string{"--data", filepath.Join(i.dir, "data")}
	if file := filepath.Join(i.dir, "tributary.yaml"); exists(file) {
		full = append(full, "--config", file)
	}
	if !strings.Contains(strings.Join(argv, " "), "--lang") {
		full = append(full, "--lang", "en")
	}
	var out, errOut bytes.Buffer
	code := run(ctx, append(full, argv...), strings.NewReader(stdin), &out, &errOut)
	secrets.Check(i.t, strings.Join(argv, " "), out.String()+errOut.String())
	return answer{code, out.String(), errOut.String()}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// ok runs a command that must succeed.
func (i installation) ok(argv ...string) answer {
	i.t.Helper()
	a := i.run(argv...)
	require.Zero(i.t, a.code, "%v\n%s%s", argv, a.out, a.err)
	return a
}

// object is the JSON document that an answer holds, and nothing but it.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(a.out), &v), a.out)
	return v
}
