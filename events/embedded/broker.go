package embedded

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"

	"tributary/internal/errs"
)

// DefaultListen is the address the broker listens on when the configuration names none.
const DefaultListen = "127.0.0.1:19092"

// Config of a broker. Dir is required.
type Config struct {
	// Dir is the broker's folder; it is made when missing.
	Dir string
	// Listen is a loopback host:port; port 0 takes any free one. Default DefaultListen.
	Listen string
	// NextFreePort takes the next port that is free, of twenty, when the port of Listen is taken.
	NextFreePort bool
	// Memory listens on no port: only this process can connect, through Dialer. The log is on disk all the same.
	Memory bool
	// Logger hears the broker's warnings; default: none.
	Logger *slog.Logger
}

// The broker's cleaner rewrites segments in place and drops by age: it gets no turn for a hundred years.
const cleanerInterval = 100 * 365 * 24 * time.Hour

// Broker is a running broker. It is safe for concurrent use.
type Broker struct {
	cluster *kfake.Cluster
	addr    string
	dialer  Dialer
	lock    *lock
	once    sync.Once
	fresh   bool
}

// Start takes the folder and runs a broker on it. The context bounds the start only; Close ends the broker.
//
// A folder owned by another process gives an *OwnedError, a taken port a *PortError, a folder whose files cannot be
// read the catalogue code embedded.damaged.
func Start(ctx context.Context, cfg Config) (*Broker, error) {
	if cfg.Dir == "" {
		return nil, errs.New(errs.Invalid, "embedded.no_dir", nil)
	}
	data := filepath.Join(cfg.Dir, "log")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, errs.Wrap(errs.Unavailable, "embedded.dir", err, errs.Args{"dir": cfg.Dir})
	}
	l, err := takeLock(ctx, cfg.Dir)
	if err != nil {
		return nil, err
	}
	b := &Broker{lock: l, fresh: isEmpty(data)}
	if err := b.start(cfg, data); err != nil {
		l.release()
		return nil, err
	}
	owner := Owner{PID: os.Getpid()}
	if !cfg.Memory {
		owner.Address = b.addr
	}
	if err := l.write(owner); err != nil {
		_ = b.Close()
		return nil, errs.Wrap(errs.Unavailable, "embedded.dir", err, errs.Args{"dir": cfg.Dir})
	}
	return b, nil
}

func (b *Broker) start(cfg Config, data string) error {
	var listener net.Listener
	if cfg.Memory {
		m := newMemory()
		listener, b.dialer = m, m.dial
	} else {
		tcp, err := listen(cmp.Or(cfg.Listen, DefaultListen), cfg.NextFreePort)
		if err != nil {
			return err
		}
		listener = tcp
	}
	b.addr = listener.Addr().String()
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return listener, nil }),
		kfake.ClusterID("tributary-embedded"),
		kfake.DataDir(data),
		kfake.SyncWrites(),
		// Kafka's own tools break on what it would offer beyond.
		kfake.MaxVersions(kversion.V3_6_0()),
		kfake.BrokerConfigs(map[string]string{
			"log.cleaner.backoff.ms": strconv.FormatInt(cleanerInterval.Milliseconds(), 10),
			"log.retention.ms":       "-1",
			// A consumer that was off for longer reads from the start.
			"offsets.retention.minutes": strconv.Itoa(365 * 24 * 60),
		}),
		kfake.WithLogger(logger{cfg.Logger}),
	)
	if err != nil {
		_ = listener.Close()
		return errs.Wrap(errs.Unavailable, "embedded.damaged", err, errs.Args{"dir": cfg.Dir})
	}
	b.cluster = cluster
	return nil
}

// Addr is the broker's host:port. In Memory mode it is a name that only Dialer understands.
func (b *Broker) Addr() string { return b.addr }

// Dialer connects inside the process, for kafka.Config.Dial; nil unless in Memory mode, where TCP does.
func (b *Broker) Dialer() Dialer { return b.dialer }

// Fresh tells that the folder held no log when the broker started: it is new, or its log was deleted.
func (b *Broker) Fresh() bool { return b.fresh }

// Close ends the broker after what it acknowledged is on disk, and gives the folder free. It may be called again.
func (b *Broker) Close() error {
	b.once.Do(func() {
		b.cluster.Close()
		b.lock.release()
	})
	return nil
}

func isEmpty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err != nil || len(entries) == 0
}

type logger struct{ to *slog.Logger }

func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	if l.to == nil || level > kfake.LogLevelWarn {
		return
	}
	l.to.Warn("embedded broker: " + fmt.Sprintf(format, args...))
}
