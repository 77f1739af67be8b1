package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/cenkalti/backoff/v4"
	"golang.org/x/sync/errgroup"

	"tributary/events"
)

// Queue is the outbox as the relay uses it; *store.DB is one.
type Queue interface {
	// PendingShards lists the shards with events to send.
	PendingShards(ctx context.Context) ([]int, error)
	// AcquireShard leases a shard, or fails with events.ErrShardBusy.
	AcquireShard(ctx context.Context, shard int, ttl time.Duration, waitOut bool) (events.ShardLease, error)
	// PendingChunks reads the next events of a shard in order: whole chunks, until limit events are reached.
	PendingChunks(ctx context.Context, shard, limit int) ([]events.Chunk, error)
	// MarkSent records progress and extends or ends the lease, or fails with events.ErrShardLost and does nothing.
	MarkSent(ctx context.Context, l events.ShardLease, progress []events.Progress, release bool) error
}

// Publisher sends messages; *kafka.Publisher is one. A call that fails tells by *kafka.WriteError how many of its first
// messages are stored; without it none counts as stored.
type Publisher interface {
	message.Publisher
	// PublishContext is Publish that sends nothing more once ctx has ended.
	PublishContext(ctx context.Context, topic string, messages ...*message.Message) error
	// MaxDuration bounds what is under way when ctx ends.
	MaxDuration() time.Duration
}

// Config of a relay. Source and Now are required.
type Config struct {
	Source   string           // ce_source of every event
	Now      func() time.Time // the clock of the leases, the store's own
	Lease    time.Duration    // how long a shard is held without a sign of life; default 30 s
	Workers  int              // shards that are sent at once, each with a Publisher of its own; default 4
	Window   int              // events read from a shard at once; default 2,000
	Poll     time.Duration    // pause before looking again when nothing waits, see Wake; default 500 ms
	Patience time.Duration    // how long Once goes on with a shard that only fails; default 5 s
	// WaitOut respects the unexpired lease of a process that died: needed with a broker that outlives the process.
	WaitOut bool
	// NewBackOff makes the pauses of a shard between failures; default exponential from 200 ms to 30 s, without end.
	NewBackOff func() backoff.BackOff
}

// Margin lies between the latest end of a send and the end of its lease, for clocks that differ between machines.
const Margin = 5 * time.Second

// Relay sends what waits in the outbox. Run and Once may be called at the same time, also on other relays.
type Relay struct {
	cfg   Config
	queue Queue
	open  func() (Publisher, error)
	log   *slog.Logger
	wake  chan struct{}
	sent  atomic.Int64
	fails atomic.Int64
}

// New checks the configuration. open makes a Publisher for one worker; the relay closes it.
func New(cfg Config, queue Queue, open func() (Publisher, error), log *slog.Logger) (*Relay, error) {
	if cfg.Source == "" || cfg.Now == nil {
		return nil, errors.New("outbox: Config.Source and Config.Now are required")
	}
	cfg.Lease = cmp.Or(cfg.Lease, 30*time.Second)
	cfg.Workers = cmp.Or(cfg.Workers, 4)
	cfg.Window = cmp.Or(cfg.Window, 2000)
	cfg.Poll = cmp.Or(cfg.Poll, 500*time.Millisecond)
	cfg.Patience = cmp.Or(cfg.Patience, 5*time.Second)
	if cfg.NewBackOff == nil {
		cfg.NewBackOff = func() backoff.BackOff {
			return backoff.NewExponentialBackOff(backoff.WithInitialInterval(200*time.Millisecond),
				backoff.WithMaxInterval(30*time.Second), backoff.WithMaxElapsedTime(0))
		}
	}
	return &Relay{cfg: cfg, queue: queue, open: open, log: log, wake: make(chan struct{}, 1)}, nil
}

// Wake makes Run look now instead of at its next poll. It never blocks.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Sent counts the events this relay has published since it was made.
func (r *Relay) Sent() int64 { return r.sent.Load() }

// Failures counts the sends and looks into the database that failed since it was made.
func (r *Relay) Failures() int64 { return r.fails.Load() }

// Run sends events until ctx ends, then lets the sends under way come to their end, marks what they did and returns nil.
// A failure is logged and tried again. It fails only when a Publisher cannot be made.
func (r *Relay) Run(ctx context.Context) error {
	s, err := r.start()
	if err != nil {
		return err
	}
	defer s.stop()
	trouble := r.cfg.NewBackOff()
	for ctx.Err() == nil {
		worked, err := s.round(ctx)
		pause := r.cfg.Poll
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			r.failed(ctx, "the outbox cannot be read", err)
			pause = trouble.NextBackOff()
		case worked:
			trouble.Reset()
			continue
		default:
			trouble.Reset()
		}
		r.wait(ctx, pause)
	}
	return nil
}

// Once sends events until nothing waits in any shard, those of other relays included, and returns nil only then. It ends
// with the error of a shard that has failed, and done nothing else, for Patience, or of the database.
func (r *Relay) Once(ctx context.Context) error {
	pending, err := r.queue.PendingShards(ctx)
	if err != nil || len(pending) == 0 {
		return err
	}
	s, err := r.start()
	if err != nil {
		return err
	}
	defer s.stop()
	for {
		worked, err := s.round(ctx)
		if err == nil {
			err = s.givenUp()
		}
		if err == nil {
			pending, err = r.queue.PendingShards(ctx)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || len(pending) == 0 {
			return err
		}
		if !worked {
			r.wait(ctx, min(r.cfg.Poll, 100*time.Millisecond))
		}
	}
}

func (r *Relay) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-r.wake:
	case <-t.C:
	}
}

func (r *Relay) failed(ctx context.Context, what string, err error, args ...any) {
	r.fails.Add(1)
	r.log.WarnContext(ctx, "relay: "+what, append(args, "error", err.Error())...)
}

// session is one Run or Once: its Publishers, and what it remembers of each shard.
type session struct {
	*Relay
	publishers chan Publisher
	shards     map[int]*shard
}

func (r *Relay) start() (*session, error) {
	s := &session{Relay: r, publishers: make(chan Publisher, r.cfg.Workers), shards: map[int]*shard{}}
	for range r.cfg.Workers {
		p, err := r.open()
		if err == nil && p.MaxDuration() >= r.cfg.Lease-Margin {
			err = errors.Join(fmt.Errorf("outbox: a send may take %s, too long for a lease of %s", p.MaxDuration(), r.cfg.Lease), p.Close())
		}
		if err != nil {
			s.stop()
			return nil, err
		}
		s.publishers <- p
	}
	return s, nil
}

// stop gives the leases back that still stand and closes the Publishers. No visit is under way by then.
func (s *session) stop() {
	for _, sh := range s.shards {
		sh.giveBack()
	}
	close(s.publishers)
	for p := range s.publishers {
		if err := p.Close(); err != nil {
			s.log.Warn("relay: close publisher", "error", err.Error())
		}
	}
}

// round visits every shard that waits and is not resting after a failure. It reports whether any event was published.
func (s *session) round(ctx context.Context) (bool, error) {
	pending, err := s.queue.PendingShards(ctx)
	if err != nil {
		return false, err
	}
	before := s.sent.Load()
	now := s.cfg.Now()
	var visits errgroup.Group
	visits.SetLimit(s.cfg.Workers)
	for _, n := range pending {
		sh := s.shards[n]
		if sh == nil {
			sh = &shard{session: s, number: n, backoff: s.cfg.NewBackOff()}
			s.shards[n] = sh
		}
		if now.Before(sh.restUntil) {
			continue
		}
		visits.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			p := <-s.publishers
			defer func() { s.publishers <- p }()
			sh.visit(ctx, p)
			return nil
		})
	}
	_ = visits.Wait() // visits keep their own errors
	return s.sent.Load() > before, nil
}

// givenUp is the error of a shard that has tried the patience of Once.
func (s *session) givenUp() error {
	for n, sh := range s.shards {
		if sh.failures > 1 && s.cfg.Now().Sub(sh.failing) >= s.cfg.Patience {
			return fmt.Errorf("publish the events of shard %d: %w", n, sh.lastErr)
		}
	}
	return nil
}
