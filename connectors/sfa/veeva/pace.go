package veeva

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"tributary/connectors"
)

// The system counts the calls of a vault in windows; beyond the limit it answers late instead of refusing.
const (
	window    = 5 * time.Minute
	pauseMost = 30 * time.Second
)

// Pace slows calls down before the system does: when less than Reserve of a window's calls is left, they go no faster than the
// window refills, and an answer that was held back is followed by a pause as long. It is safe for concurrent use.
type Pace struct {
	Reserve float64 // share of the calls that is left to others

	pause atomic.Int64
}

// Observe reads what an answer says about the limits.
func (p *Pace) Observe(h http.Header) {
	limit, err := strconv.ParseInt(h.Get("X-VaultAPI-BurstLimit"), 10, 64)
	left, err2 := strconv.ParseInt(h.Get("X-VaultAPI-BurstLimitRemaining"), 10, 64)
	var pause time.Duration
	if err == nil && err2 == nil && limit > 0 && float64(left) < p.Reserve*float64(limit) {
		pause = window / time.Duration(limit)
	}
	if ms, err := strconv.ParseInt(h.Get("X-VaultAPI-ResponseDelay"), 10, 64); err == nil && ms > 0 {
		pause = max(pause, time.Duration(min(ms, pauseMost.Milliseconds()))*time.Millisecond)
	}
	p.pause.Store(int64(min(pause, pauseMost)))
}

// Wait waits as the last answer asks for; the error is that of a context that ended before.
func (p *Pace) Wait(ctx context.Context) error {
	if pause := time.Duration(p.pause.Load()); pause > 0 {
		return connectors.Wait(ctx, pause)
	}
	return nil
}
