package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/cenkalti/backoff/v4"
	kafkago "github.com/segmentio/kafka-go"
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

// patience is how long an election, or a topic just made, may keep a request from being answered.
const patience = 5 * time.Second

// patiently repeats a request while the cluster says that it will be able to answer soon. A topic that does not exist
// is no such case.
func (l *link) patiently(ctx context.Context, request func() error) error {
	retry := newBackoff()
	retry.MaxElapsedTime = patience
	for {
		err := request()
		var code kafkago.Error
		if err == nil || !errors.As(err, &code) || !code.Temporary() || code == kafkago.UnknownTopicOrPartition {
			return err
		}
		d := retry.NextBackOff()
		if d == backoff.Stop || !pause(ctx, d) {
			return err
		}
		l.refresh()
	}
}

// logf takes the library's complaints. They are retried, so they are no errors of ours.
func logf(logger watermill.LoggerAdapter, format string, args ...any) {
	if logger != nil {
		logger.Info("kafka: "+fmt.Sprintf(format, args...), nil)
	}
}

func newBackoff() *backoff.ExponentialBackOff {
	return backoff.NewExponentialBackOff(
		backoff.WithInitialInterval(100*time.Millisecond),
		backoff.WithMaxInterval(5*time.Second),
		backoff.WithMaxElapsedTime(0), // for ever
	)
}
