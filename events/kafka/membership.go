package kafka

import (
	"context"
	"errors"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// membership leaves a consumer group in order. The library forgets to say goodbye when it is closed while the group
// rebalances, and the group then waits for the member until its session times out.
type membership struct {
	group *kafkago.ConsumerGroup
	ended chan struct{} // closed when the generation we are in ends; nil before the first
}

// next waits for the next generation.
func (m *membership) next(ctx context.Context) (*kafkago.Generation, error) {
	gen, err := m.group.Next(ctx)
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	m.ended = ended
	gen.Start(func(ctx context.Context) {
		<-ctx.Done()
		close(ended)
	})
	return gen, nil
}

// leave lets a rebalance that is under way settle first, for at most the time the group gives it.
func (m *membership) leave(atMost time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	defer cancel()
	for !m.inGeneration() {
		if _, err := m.group.Next(ctx); !errors.Is(err, kafkago.RebalanceInProgress) {
			break // in a generation, or out of the group by an error
		}
	}
	_ = m.group.Close()
}

func (m *membership) inGeneration() bool {
	if m.ended == nil {
		return false
	}
	select {
	case <-m.ended:
		return false
	default:
		return true
	}
}
