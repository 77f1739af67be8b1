package leak_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/connectortest/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// seed tells a copy of this test binary what to leak.
const seed = "TRIBUTARY_TEST_SEED"

// kept holds what was leaked, so that the garbage collector does not close it.
var kept []io.Closer

// leaks are what tests may leave behind, with words of the report.
var leaks = map[string]struct {
	words string
	seed  func(*testing.T)
}{
	"a goroutine": {"leak_test.init", func(*testing.T) { go func() { select {} }() }},
	"a file": {"forgotten.csv", func(t *testing.T) {
		f, err := os.Create(filepath.Join(t.TempDir(), "forgotten.csv"))
		require.NoError(t, err)
		kept = append(kept, f)
	}},
	"a connection": {"connected to 127.0.0.1:", func(t *testing.T) {
		server, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer server.Close()
		conn, err := net.Dial("tcp", server.Addr().String())
		require.NoError(t, err)
		accepted, err := server.Accept()
		require.NoError(t, err)
		kept = append(kept, conn, accepted)
	}},
}

// TestChecked and TestUnchecked leak what is seeded; alone they leak nothing.
func TestChecked(t *testing.T) {
	leak.Check(t)
	TestUnchecked(t)
}

func TestUnchecked(t *testing.T) {
	if l, ok := leaks[os.Getenv(seed)]; ok {
		l.seed(t)
	}
}

func TestLeaksAreNoticed(t *testing.T) {
	for name, l := range leaks {
		if runtime.GOOS != "linux" && name != "a goroutine" {
			continue
		}
		for test, words := range map[string]string{"TestChecked": "--- FAIL: TestChecked", "TestUnchecked": "after all tests of the package"} {
			t.Run(name+" in "+test, func(t *testing.T) {
				t.Parallel()
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+test+"$", "-test.v")
				cmd.Env = append(os.Environ(), seed+"="+name)
				out, err := cmd.CombinedOutput()
				require.Error(t, err, "%s", out)
				require.Contains(t, string(out), words)
				require.Contains(t, string(out), l.words)
			})
		}
	}
}

// What ends soon after the test is no leak.
func TestWhatEndsSoonIsNoLeak(t *testing.T) {
	leak.Check(t)
	read, write, err := os.Pipe()
	require.NoError(t, err)
	go func() {
		_, _ = io.Copy(io.Discard, read)
		_ = read.Close()
	}()
	require.NoError(t, write.Close())
}
