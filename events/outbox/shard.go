package outbox

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/cenkalti/backoff/v4"

	"tributary/events"
	"tributary/events/kafka"
)

// shard is what a session knows of one shard. A visit has it to itself.
type shard struct {
	*session
	number    int
	lease     *events.ShardLease // kept over a failure: others wait out its end
	until     time.Time          // when the lease ends, by our clock, never later than by the database
	unsure    bool               // the outcome of the last send is not known
	restUntil time.Time
	backoff   backoff.BackOff
	failures  int       // in a row
	failing   time.Time // since when
	lastErr   error
}

// windowsPerVisit bounds a visit, so that a shard that never runs dry does not keep a worker from the others.
const windowsPerVisit = 16

// visit sends what waits in the shard.
func (s *shard) visit(ctx context.Context, p Publisher) {
	err := s.send(ctx, p)
	switch {
	case err == nil || ctx.Err() != nil:
		s.failures, s.lastErr = 0, nil
		s.backoff.Reset()
	case errors.Is(err, events.ErrShardBusy):
		s.restUntil = s.cfg.Now().Add(s.cfg.Poll)
	case errors.Is(err, events.ErrShardLost):
		s.lease = nil
	default:
		if s.failures++; s.failures == 1 {
			s.failing = s.cfg.Now()
		}
		s.lastErr = err
		s.restUntil = s.cfg.Now().Add(max(0, s.backoff.NextBackOff()))
		s.Relay.failed(ctx, "events were not published and will be sent again", err, "shard", s.number, "failures", s.failures)
	}
}

func (s *shard) send(ctx context.Context, p Publisher) error {
	if err := s.hold(ctx); err != nil {
		return err
	}
	for range windowsPerVisit {
		chunks, err := s.queue.PendingChunks(ctx, s.number, s.cfg.Window)
		if err != nil {
			return err
		}
		if len(chunks) == 0 {
			break
		}
		w := newWindow(chunks, s.cfg.Source)
		sendErr := s.sendWindow(ctx, p, w)
		s.unsure = ctx.Err() == nil && timedOut(sendErr)
		last := sendErr == nil && w.events < s.cfg.Window
		if err := s.mark(ctx, w, last || sendErr == nil && ctx.Err() != nil); err != nil || sendErr != nil {
			return errors.Join(sendErr, err)
		}
		if last || ctx.Err() != nil {
			return nil
		}
	}
	s.giveBack()
	return nil
}

// sendWindow publishes call after call, in order, until one fails. Before each it makes sure that the lease outlasts it:
// no send begins later than MaxDuration and Margin before the end of the lease.
func (s *shard) sendWindow(ctx context.Context, p Publisher, w *window) error {
	for !w.done() {
		latest := s.until.Add(-Margin - p.MaxDuration())
		if !s.cfg.Now().Before(latest) {
			if err := s.mark(ctx, w, false); err != nil {
				return err
			}
			continue
		}
		topic, messages := w.next()
		call, cancel := context.WithTimeout(ctx, latest.Sub(s.cfg.Now()))
		err := p.PublishContext(call, topic, messages...)
		overdue := call.Err() != nil && ctx.Err() == nil
		cancel()
		stored := len(messages)
		if err != nil {
			stored = storedBefore(err, len(messages))
		}
		w.advance(stored)
		s.sent.Add(int64(stored))
		if err != nil && !(overdue && errors.Is(err, context.DeadlineExceeded)) {
			return err
		}
	}
	return nil
}

// storedBefore is how many leading messages of a failed call are known to be stored.
func storedBefore(err error, count int) int {
	var partial *kafka.WriteError
	if errors.As(err, &partial) {
		return min(max(partial.Index, 0), count)
	}
	return 0
}

// hold takes the lease, or extends the one that was kept over a failure.
func (s *shard) hold(ctx context.Context) error {
	began := s.cfg.Now()
	if s.lease != nil {
		if err := s.queue.MarkSent(ctx, *s.lease, nil, false); err != nil {
			return err
		}
	} else {
		l, err := s.queue.AcquireShard(ctx, s.number, s.cfg.Lease, s.cfg.WaitOut)
		if err != nil {
			return err
		}
		s.lease = &l
	}
	s.until = began.Add(s.cfg.Lease)
	return nil
}

// markTime bounds the last mark of a relay that is being stopped.
const markTime = 5 * time.Second

// mark records what was published, under the epoch, and extends or ends the lease. What was published is recorded even
// when ctx has ended.
func (s *shard) mark(ctx context.Context, w *window, release bool) error {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), markTime)
		defer cancel()
	}
	began := s.cfg.Now()
	if err := s.queue.MarkSent(ctx, *s.lease, w.progress(), release); err != nil {
		return err
	}
	w.marked()
	s.until = began.Add(s.cfg.Lease)
	if release {
		s.lease = nil
	}
	return nil
}

// giveBack ends a lease that still stands, unless a send whose outcome is not known may still be on its way: then the
// next owner waits until the lease runs out.
func (s *shard) giveBack() {
	if s.lease == nil || s.unsure {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), markTime)
	defer cancel()
	err := s.queue.MarkSent(ctx, *s.lease, nil, true)
	if err != nil && !errors.Is(err, events.ErrShardLost) {
		s.log.Warn("relay: give back a shard", "shard", s.number, "error", err.Error())
	}
	s.lease = nil
}

func timedOut(err error) bool {
	var n net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout()
}
