package httpsource

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// RetryPolicy bounds the tries of one call.
type RetryPolicy struct {
	First  time.Duration // pause before the second try, jittered by half; 500 ms
	Max    time.Duration // longest pause between tries; 30 s
	Budget time.Duration // no try begins later than this after the first; 3 min
	Tries  uint64        // 7
}

func (p *RetryPolicy) setDefaults() {
	if p.First == 0 {
		p.First = 500 * time.Millisecond
	}
	if p.Max == 0 {
		p.Max = 30 * time.Second
	}
	if p.Budget == 0 {
		p.Budget = 3 * time.Minute
	}
	if p.Tries == 0 {
		p.Tries = 7
	}
}

// within leaves a caller with a deadline two thirds of its time: it hears what failed, not that time ran out.
func (p RetryPolicy) within(ctx context.Context) RetryPolicy {
	if deadline, ok := ctx.Deadline(); ok {
		p.Budget = max(time.Millisecond, min(p.Budget, time.Until(deadline)/3))
	}
	return p
}

func (p RetryPolicy) pause(now func() time.Time) *pause {
	return &pause{
		inner: backoff.NewExponentialBackOff(
			backoff.WithInitialInterval(p.First), backoff.WithMaxInterval(p.Max), backoff.WithMultiplier(2),
			backoff.WithRandomizationFactor(0.5), backoff.WithMaxElapsedTime(p.Budget), backoff.WithClockProvider(clock(now))),
		budget: p.Budget, left: p.Tries - 1,
	}
}

// pause is exponential backoff that waits at least as long as the source asked for. A wait that does not fit the budget
// ends the tries: the caller comes back later instead of holding a lease meanwhile.
type pause struct {
	inner  *backoff.ExponentialBackOff
	hint   time.Duration
	budget time.Duration
	left   uint64
}

// NextBackOff is the next pause, or backoff.Stop.
func (p *pause) NextBackOff() time.Duration {
	next := p.inner.NextBackOff()
	hint := p.hint
	p.hint = 0
	if next == backoff.Stop || p.left == 0 || p.inner.GetElapsedTime()+hint > p.budget {
		return backoff.Stop
	}
	p.left--
	return max(next, hint)
}

// Reset starts over.
func (p *pause) Reset() { p.inner.Reset() }

type clock func() time.Time

func (c clock) Now() time.Time { return c() }

// RetryAfter reads the Retry-After header, seconds or a date; 0 when there is none.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := h.Get("Retry-After")
	if v == "" {
		return 0
	}
	if s, err := strconv.Atoi(v); err == nil {
		return max(0, time.Duration(s)*time.Second)
	}
	if t, err := http.ParseTime(v); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
