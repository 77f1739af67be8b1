package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"

	"tributary/events/embedded"
	"tributary/events/kafka"
	"tributary/internal/errs"
)

// TestMain lets the test binary be a second process: with the variable set it runs a broker instead of the tests.
func TestMain(m *testing.M) {
	if dir := os.Getenv("EMBEDDED_TEST_CHILD"); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// child runs a broker and prints each record it knows to be stored, until it is ended from outside.
func child(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	b, err := embedded.Start(ctx, embedded.Config{Dir: dir, Listen: anyPort})
	if err != nil {
		fmt.Println("refused:", errs.CodeOf(err), err)
		return 1
	}
	defer func() { _ = b.Close() }()
	fmt.Println("listening", b.Addr())
	cfg := kafka.Config{Brokers: []string{b.Addr()}}
	admin, err := kafka.NewAdmin(cfg)
	if err == nil {
		_, err = admin.EnsureTopics(ctx, []kafka.TopicSpec{stateTopic})
	}
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: cfg, BatchTimeout: time.Millisecond}, watermill.NopLogger{})
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	defer func() { _ = pub.Close() }()
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprint(n)
		m := message.NewMessage(id, []byte(id))
		m.Metadata.Set(kafka.KeyMetadata, id)
		if err := pub.PublishContext(ctx, stateTopic.Name, m); err == nil {
			fmt.Println("stored", id)
		}
	}
	return 0
}

type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func spawn(t *testing.T, dir string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "EMBEDDED_TEST_CHILD="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return &process{cmd: cmd, lines: bufio.NewScanner(out)}
}

func (p *process) line(t *testing.T) string {
	t.Helper()
	require.True(t, p.lines.Scan(), "the child ended")
	return p.lines.Text()
}

func TestSecondProcessIsRefusedAndToldWhere(t *testing.T) {
	dir := t.TempDir()
	owner := spawn(t, dir)
	address := strings.TrimPrefix(owner.line(t), "listening ")

	_, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: anyPort})
	var owned *embedded.OwnedError
	require.ErrorAs(t, err, &owned)
	require.Equal(t, embedded.Owner{PID: owner.cmd.Process.Pid, Address: address}, owned.Owner)
	require.Equal(t, dir, owned.Dir)
	require.True(t, errs.Is(err, errs.Conflict))
	for _, word := range []string{fmt.Sprint(owned.Owner.PID), address, "Connect to"} {
		require.ErrorContains(t, err, word)
	}
	found, running, err := embedded.FindOwner(dir)
	require.NoError(t, err)
	require.True(t, running)
	require.Equal(t, owned.Owner, found)

	// A third process, not this one, is refused too; the owner goes on.
	third := spawn(t, dir)
	require.Contains(t, third.line(t), "refused: embedded.owned")
	for !strings.HasPrefix(owner.line(t), "stored") {
	}
	admin, err := kafka.NewAdmin(kafka.Config{Brokers: []string{address}})
	require.NoError(t, err)
	require.NoError(t, admin.Ping(context.Background()), "another process can use the owner's broker")

	require.NoError(t, owner.cmd.Process.Signal(syscall.SIGTERM))
	for owner.lines.Scan() {
	}
	_, running, err = embedded.FindOwner(dir)
	require.NoError(t, err)
	require.False(t, running)
	start(t, dir)
}

// kill -9 in the middle of writing, several times: every record that was acknowledged is there.
func TestKillLosesNothing(t *testing.T) {
	dir := t.TempDir()
	want := map[string]int{}
	for round := range 3 {
		p := spawn(t, dir)
		for stored := 0; stored < 40; {
			if id, ok := strings.CutPrefix(p.line(t), "stored "); ok {
				want[id]++
				stored++
			}
		}
		require.NoError(t, p.cmd.Process.Kill())
		for p.lines.Scan() { // what it said before it died counts
			if id, ok := strings.CutPrefix(p.lines.Text(), "stored "); ok {
				want[id]++
			}
		}
		_ = p.cmd.Wait()
		require.Eventually(t, func() bool {
			_, running, err := embedded.FindOwner(dir)
			return err == nil && !running
		}, 10*time.Second, 10*time.Millisecond, "round %d: the lock outlived its owner", round)
	}
	got := map[string]int{}
	for _, v := range values(t, config(start(t, dir)), stateTopic.Name) {
		got[v]++
	}
	for id, n := range want {
		require.GreaterOrEqual(t, got[id], n, "record %s was acknowledged %d times", id, n)
	}
}

func FuzzOwnerFile(f *testing.F) {
	f.Add([]byte(`{"pid":1,"address":"127.0.0.1:19092"}`))
	f.Add([]byte(`{"pid":`))
	f.Add([]byte{0xff})
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "owner.lock"), content, 0o600))
		_, running, err := embedded.FindOwner(dir)
		require.NoError(t, err)
		require.False(t, running, "what an unlocked file says counts for nothing")
	})
}
