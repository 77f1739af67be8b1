package harness

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/test/secrets"
)

// Process is a command that runs beside the test. It is killed when the test ends.
type Process struct {
	h      *Hub
	cmd    *exec.Cmd
	name   string
	ended  chan struct{}
	lines  chan string // of stdout and stderr, while Line reads them
	mu     sync.Mutex
	out    strings.Builder
	errOut strings.Builder
}

// Start runs a command in the background.
func (h *Hub) Start(args ...string) *Process {
	h.T.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &Process{h: h, cmd: h.command(ctx, args...), name: strings.Join(args, " "), ended: make(chan struct{}), lines: make(chan string, 1000)}
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(h.T, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(h.T, err)
	require.NoError(h.T, p.cmd.Start())
	var readers sync.WaitGroup
	readers.Go(func() { p.collect(stdout, &p.out) })
	readers.Go(func() { p.collect(stderr, &p.errOut) })
	go func() {
		readers.Wait()
		_ = p.cmd.Wait() // how it ended is read from ProcessState
		close(p.ended)
	}()
	h.T.Cleanup(func() {
		cancel()
		<-p.ended
		stdout, stderr := p.Output()
		if args[0] != "sandbox" { // which prints a configuration
			secrets.Check(h.T, p.name, stdout)
		}
		secrets.Check(h.T, p.name, stderr)
	})
	return p
}

func (p *Process) collect(from io.Reader, into *strings.Builder) {
	s := bufio.NewScanner(from)
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		p.mu.Lock()
		into.WriteString(s.Text() + "\n")
		p.mu.Unlock()
		select {
		case p.lines <- s.Text():
		default: // nobody waits for a line any more
		}
	}
}

// Output is what the process has printed until now, stdout and stderr.
func (p *Process) Output() (stdout, stderr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String(), p.errOut.String()
}

// Line waits for a line, of either stream, that contains text. What the process wrote before on that stream is in Output.
func (p *Process) Line(text string) string {
	p.h.T.Helper()
	deadline := time.After(time.Minute)
	for {
		select {
		case line := <-p.lines:
			if strings.Contains(line, text) {
				return line
			}
		case <-p.ended:
			for len(p.lines) > 0 {
				if line := <-p.lines; strings.Contains(line, text) {
					return line
				}
			}
			_, stderr := p.Output()
			require.Fail(p.h.T, "ended without the line "+text, "tributary %s\n%s", p.name, stderr)
		case <-deadline:
			_, stderr := p.Output()
			require.Fail(p.h.T, "no line "+text, "tributary %s\n%s", p.name, stderr)
		}
	}
}

// Signal sends a signal; a process that has ended already is fine.
func (p *Process) Signal(s os.Signal) {
	p.h.T.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		require.ErrorIs(p.h.T, err, os.ErrProcessDone)
	}
}

// Wait waits for the end at most so long and returns what was printed and the exit code.
func (p *Process) Wait(limit time.Duration) Result {
	p.h.T.Helper()
	select {
	case <-p.ended:
	case <-time.After(limit):
		stdout, stderr := p.Output()
		require.Fail(p.h.T, "did not end in time", "tributary %s, %s\n%s%s", p.name, limit, stdout, stderr)
	}
	return p.result()
}

// result is that of a process that has ended.
func (p *Process) result() Result {
	stdout, stderr := p.Output()
	return Result{Code: p.cmd.ProcessState.ExitCode(), Stdout: stdout, Stderr: stderr}
}

// killed is the exit code of a process that a signal ended.
const killed = -1

// KillAfter runs a command and ends it with SIGKILL after a time, unless it has ended. It reports whether the kill hit.
func (h *Hub) KillAfter(d time.Duration, args ...string) bool {
	h.T.Helper()
	p := h.Start(args...)
	select {
	case <-p.ended:
	case <-time.After(d):
		p.Signal(syscall.SIGKILL)
		<-p.ended
	}
	r := p.result()
	if r.Code == killed {
		return true
	}
	require.Zero(h.T, r.Code, "tributary %v\n%s%s", args, r.Stdout, r.Stderr)
	return false
}

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }
