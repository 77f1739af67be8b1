package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
)

// pause waits for d; false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// logf takes the library's complaints. They are retried, so they are no errors of ours.
func logf(logger watermill.LoggerAdapter, format string, args ...any) {
	if logger != nil {
		logger.Info("kafka: "+fmt.Sprintf(format, args...), nil)
	}
}
