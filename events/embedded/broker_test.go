package embedded_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"tributary/events/embedded"
	"tributary/events/kafka"
	"tributary/internal/errs"
)

const anyPort = "127.0.0.1:0"

func start(t testing.TB, dir string) *embedded.Broker {
	t.Helper()
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: anyPort})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

func config(b *embedded.Broker) kafka.Config {
	return kafka.Config{Brokers: []string{b.Addr()}, Dial: b.Dialer()}
}

var stateTopic = kafka.TopicSpec{Name: "state", Partitions: 3,
	Config: map[string]string{"cleanup.policy": "compact", "retention.ms": "-1"}}

func create(t testing.TB, cfg kafka.Config, spec kafka.TopicSpec) {
	t.Helper()
	admin, err := kafka.NewAdmin(cfg)
	require.NoError(t, err)
	_, err = admin.EnsureTopics(context.Background(), []kafka.TopicSpec{spec})
	require.NoError(t, err)
}

func publish(t testing.TB, cfg kafka.Config, topic string, at time.Time, values ...string) {
	t.Helper()
	pub, err := kafka.NewPublisher(kafka.PublisherConfig{Config: cfg, BatchTimeout: time.Millisecond}, watermill.NopLogger{})
	require.NoError(t, err)
	defer func() { require.NoError(t, pub.Close()) }()
	for _, v := range values {
		m := message.NewMessage(v, []byte(v))
		m.Metadata = message.Metadata{kafka.KeyMetadata: v, kafka.TimeMetadata: at.Format(time.RFC3339Nano)}
		require.NoError(t, pub.Publish(topic, m))
	}
}

func values(t testing.TB, cfg kafka.Config, topic string) []string {
	t.Helper()
	r, err := kafka.NewReader(kafka.ReaderConfig{Config: cfg})
	require.NoError(t, err)
	defer func() { require.NoError(t, r.Close()) }()
	var out []string
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	require.NoError(t, r.Read(ctx, topic, kafka.ReadOptions{}, func(rec kafka.Record) error {
		out = append(out, string(rec.Value))
		return nil
	}))
	return out
}

// The broker's defaults drop keys that are older than seven days, and its cleaner rewrites in place. Neither happens,
// whatever the topic says, not even when it cleans up all it may.
func TestOldRecordsStay(t *testing.T) {
	dir := t.TempDir()
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: anyPort})
	require.NoError(t, err)
	create(t, config(b), stateTopic)
	create(t, config(b), kafka.TopicSpec{Name: "plain", Partitions: 1})
	old := time.Now().Add(-10 * 24 * time.Hour)
	publish(t, config(b), "state", old, "a", "b", "c", "a")
	publish(t, config(b), "plain", old, "x")
	require.NoError(t, b.Close())

	b = start(t, dir)
	embedded.ApplyRetention(b)
	require.ElementsMatch(t, []string{"a", "b", "c", "a"}, values(t, config(b), "state"))
	require.Equal(t, []string{"x"}, values(t, config(b), "plain"), "a topic that names no retention keeps everything too")
	require.GreaterOrEqual(t, embedded.CleanerInterval(b), 90*365*24*time.Hour)
}

func TestLogsCountAndDeletedFolderIsSeen(t *testing.T) {
	dir := t.TempDir()
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: anyPort})
	require.NoError(t, err)
	require.True(t, b.Fresh())
	logs, err := b.Logs(context.Background())
	require.NoError(t, err)
	require.Empty(t, logs)
	create(t, config(b), stateTopic)
	publish(t, config(b), "state", time.Now(), "a", "b", "c", "d")
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())

	b, err = embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: anyPort})
	require.NoError(t, err)
	require.False(t, b.Fresh())
	logs, err = b.Logs(context.Background())
	require.NoError(t, err)
	require.Len(t, logs, 1)
	require.Equal(t, 3, logs["state"].Partitions)
	require.EqualValues(t, 4, logs["state"].Records)
	require.Positive(t, logs["state"].Bytes)
	require.NoError(t, b.Remove("state"))
	logs, err = b.Logs(context.Background())
	require.NoError(t, err)
	require.Empty(t, logs)
	create(t, config(b), stateTopic)
	publish(t, config(b), "state", time.Now(), "e")
	require.Equal(t, []string{"e"}, values(t, config(b), "state"), "a topic made anew begins empty")
	require.NoError(t, b.Close())

	require.NoError(t, os.RemoveAll(dir))
	b = start(t, dir)
	require.True(t, b.Fresh())
	logs, err = b.Logs(context.Background())
	require.NoError(t, err)
	require.Empty(t, logs)
}

// Group offsets survive a restart: a consumer goes on where it was.
func TestConsumersGoOnAfterARestart(t *testing.T) {
	dir := t.TempDir()
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: anyPort})
	require.NoError(t, err)
	create(t, config(b), kafka.TopicSpec{Name: "t", Partitions: 1})
	publish(t, config(b), "t", time.Now(), "a", "b")
	read := func(b *embedded.Broker) string {
		s, err := kafka.NewSubscriber(kafka.SubscriberConfig{Config: config(b), Group: "g"}, nil)
		require.NoError(t, err)
		defer func() { require.NoError(t, s.Close()) }()
		messages, err := s.Subscribe(context.Background(), "t")
		require.NoError(t, err)
		select {
		case m := <-messages:
			m.Ack()
			return m.UUID
		case <-time.After(20 * time.Second):
			require.Fail(t, "no message came")
			return ""
		}
	}
	require.Equal(t, "a", read(b))
	require.NoError(t, b.Close())
	require.Equal(t, "b", read(start(t, dir)))
}

// In Memory mode no port is open, the log is on disk, and a broker on a port finds it.
func TestMemoryModeListensOnNoPort(t *testing.T) {
	dir := t.TempDir()
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Memory: true})
	require.NoError(t, err)
	_, err = net.DialTimeout("tcp", b.Addr(), time.Second)
	require.Error(t, err)
	create(t, config(b), stateTopic)
	publish(t, config(b), "state", time.Now(), "a", "b")
	require.ElementsMatch(t, []string{"a", "b"}, values(t, config(b), "state"))
	logs, err := b.Logs(context.Background())
	require.NoError(t, err)
	require.EqualValues(t, 2, logs["state"].Records)
	_, err = b.Dialer()(context.Background(), "tcp", "127.0.0.1:9092")
	require.Error(t, err, "the dialer reaches this broker only")

	owner, running, err := embedded.FindOwner(dir)
	require.NoError(t, err)
	require.True(t, running)
	require.Equal(t, embedded.Owner{PID: os.Getpid()}, owner)
	_, err = embedded.Start(context.Background(), embedded.Config{Dir: dir, Memory: true})
	var owned *embedded.OwnedError
	require.ErrorAs(t, err, &owned, "under the lock in Memory mode too")
	require.Equal(t, "embedded.owned_silent", errs.CodeOf(err))
	require.NoError(t, b.Close())
	_, err = b.Dialer()(context.Background(), "tcp", b.Addr())
	require.ErrorIs(t, err, net.ErrClosed)

	require.ElementsMatch(t, []string{"a", "b"}, values(t, config(start(t, dir)), "state"))
}

func TestPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", anyPort)
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	dir := t.TempDir()
	_, err = embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: taken.Addr().String()})
	var port *embedded.PortError
	require.ErrorAs(t, err, &port)
	require.Equal(t, taken.Addr().String(), port.Address)
	require.Equal(t, "embedded.port_taken", errs.CodeOf(err))
	_, running, err := embedded.FindOwner(dir)
	require.NoError(t, err)
	require.False(t, running, "a start that failed gives the folder free")

	b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Listen: taken.Addr().String(), NextFreePort: true})
	require.NoError(t, err)
	require.NotEqual(t, taken.Addr().String(), b.Addr())
	require.NoError(t, b.Close())
}

func TestStartRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	damaged := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(damaged, "log"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(damaged, "log", "meta.json"), []byte("{"), 0o600))
	for code, cfg := range map[string]embedded.Config{
		"embedded.no_dir":       {},
		"embedded.dir":          {Dir: file},
		"embedded.listen":       {Dir: t.TempDir(), Listen: "19092"},
		"embedded.not_loopback": {Dir: t.TempDir(), Listen: "0.0.0.0:19092"},
		"embedded.damaged":      {Dir: damaged, Listen: anyPort},
	} {
		_, err := embedded.Start(context.Background(), cfg)
		require.Equal(t, code, errs.CodeOf(err), "%v", err)
	}
	_, err := embedded.Start(context.Background(), embedded.Config{Dir: t.TempDir(), Listen: "10.1.2.3:19092"})
	require.Equal(t, "embedded.not_loopback", errs.CodeOf(err))
}

// Start and stop again and again, with someone asking for the owner meanwhile: no refusal, no leak.
func TestStartStopStress(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	stop := make(chan struct{})
	asked := make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				asked <- nil
				return
			default:
				if _, _, err := embedded.FindOwner(dir); err != nil {
					asked <- err
					return
				}
			}
		}
	}()
	for i := range 20 {
		b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Memory: i%2 == 0, Listen: anyPort})
		require.NoError(t, err)
		if i == 0 {
			create(t, config(b), stateTopic)
		}
		publish(t, config(b), "state", time.Now(), fmt.Sprint(i))
		require.NoError(t, b.Close())
	}
	close(stop)
	require.NoError(t, <-asked)
	b, err := embedded.Start(context.Background(), embedded.Config{Dir: dir, Memory: true})
	require.NoError(t, err)
	require.Len(t, values(t, config(b), "state"), 20)
	require.NoError(t, b.Close())
}
