package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// patience is how long an election, a topic just made, or a busy broker may keep a request from being answered.
const patience = 15 * time.Second

// patiently repeats a request that changes nothing while the cluster may be able to answer it soon. A topic that does
// not exist, a broker that is not there, and a login that is refused are no such case.
func (l *link) patiently(ctx context.Context, request func() error) error {
	retry := newBackoff()
	retry.MaxElapsedTime = patience
	for {
		err := request()
		if err == nil || !passing(err) {
			return err
		}
		d := retry.NextBackOff()
		if d == backoff.Stop || !pause(ctx, d) {
			return err
		}
		l.refresh()
	}
}

func passing(err error) bool {
	var (
		code    kafkago.Error
		network net.Error
	)
	if errors.As(err, &code) {
		return code.Temporary() && code != kafkago.UnknownTopicOrPartition
	}
	return errors.Is(err, errNotVisible) || errors.As(err, &network) && network.Timeout()
}

// errNotVisible: a topic exists, and the broker that was asked does not know it yet.
var errNotVisible = errors.New("the topic is not known to every broker yet")

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
