package connectors

import (
	"context"
	"time"
)

// Wait waits for a time that a source asks for; the error is that of a context that ended before.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
