package kafka

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"
)

// subscription is one Subscribe call.
type subscription struct {
	cfg    SubscriberConfig
	link   *link
	topic  string
	values context.Context // parent of message contexts
	stop   context.Context // ends when no more messages shall be given out
	out    chan *message.Message
	log    watermill.LoggerAdapter
}

// run blocks until the subscription was told to stop and all it started has ended.
func (s *subscription) run() {
	defer close(s.out)
	if s.cfg.Group == "" {
		s.readAll()
	} else {
		s.readShare()
	}
}

// readAll reads every partition, without a group.
func (s *subscription) readAll() {
	retry := newBackoff()
	var ids []int
	for {
		var err error
		if ids, err = s.link.partitions(s.stop, s.topic); err == nil && len(ids) > 0 {
			break
		}
		s.link.refresh()
		if !pause(s.stop, retry.NextBackOff()) {
			return
		}
	}
	start := kafkago.FirstOffset
	if s.cfg.FromEnd {
		start = kafkago.LastOffset
	}
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() { s.partition(s.stop, id, start, func(int64) error { return nil }) })
	}
	all.Wait()
}

// readShare reads the partitions the group assigns, generation after generation.
func (s *subscription) readShare() {
	group, err := kafkago.NewConsumerGroup(s.groupConfig())
	if err != nil {
		s.log.Error("kafka: the consumer group cannot be joined", err, nil)
		return
	}
	m := &membership{group: group}
	// Ends the generation, waits for its partitions, and leaves the group.
	defer m.leave(s.cfg.RebalanceTimeout)
	for {
		gen, err := m.next(s.stop)
		if s.stop.Err() != nil {
			return
		}
		if err != nil {
			logf(s.log, "join group: %v", err) // the library pauses and tries again
			continue
		}
		for _, a := range gen.Assignments[s.topic] {
			gen.Start(func(ended context.Context) {
				ctx, cancel := context.WithCancel(s.stop)
				defer cancel()
				defer context.AfterFunc(ended, cancel)()
				s.partition(ctx, a.ID, a.Offset, func(next int64) error {
					return gen.CommitOffsets(map[string]map[int]int64{s.topic: {a.ID: next}})
				})
				// The first function to return ends the generation, and the library would join again at once.
				<-ended.Done()
			})
		}
	}
}

// partition gives out the records of one partition in order until ctx ends. The offset may be FirstOffset or
// LastOffset. commit is told the offset after every acknowledged message.
func (s *subscription) partition(ctx context.Context, id int, offset int64, commit func(int64) error) {
	retry := newBackoff()
	for ctx.Err() == nil {
		records, next, err := s.fetch(ctx, id, &offset)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			logf(s.log, "read partition %d: %v", id, err)
			s.link.refresh()
			pause(ctx, retry.NextBackOff())
			continue
		}
		retry.Reset()
		for _, r := range records {
			if !s.deliver(ctx, r) {
				return
			}
			offset = r.Offset + 1
			if err := commit(offset); err != nil {
				// Not lost: the next commit covers it, or the message comes again.
				logf(s.log, "commit offset %d of partition %d: %v", offset, id, err)
			}
		}
		offset = next
	}
}

// fetch reads on from *offset, which it makes absolute first.
func (s *subscription) fetch(ctx context.Context, id int, offset *int64) ([]Record, int64, error) {
	if *offset < 0 {
		all, err := s.link.bounds(ctx, s.topic, []int{id})
		if err != nil {
			return nil, 0, err
		}
		if *offset == kafkago.LastOffset {
			*offset = all[id].End
		} else {
			*offset = all[id].First
		}
	}
	records, next, err := s.link.fetch(ctx, s.topic, id, *offset, s.cfg.FetchBytes)
	if errors.Is(err, kafkago.OffsetOutOfRange) {
		// Retention passed us by, or the log was made anew and is shorter. Repeats are safe, gaps are not.
		s.log.Info("kafka: the records to go on from are gone, going on from the first kept",
			watermill.LogFields{"partition": id, "offset": *offset})
		*offset = kafkago.FirstOffset
		return nil, *offset, nil
	}
	return records, next, err
}

// deliver gives a record out until it is acknowledged; false when told to stop before that.
func (s *subscription) deliver(ctx context.Context, r Record) bool {
	for {
		acked, again := s.offer(ctx, r)
		if acked || !again {
			return acked
		}
		if !pause(ctx, s.cfg.NackDelay) {
			return false
		}
	}
}

// offer gives a record out once. again: it was not acknowledged and there is time to give it out again.
func (s *subscription) offer(ctx context.Context, r Record) (acked, again bool) {
	mctx, done := context.WithCancel(withPosition(s.values, r.Position))
	defer done()
	m := unmarshal(r)
	m.SetContext(mctx)
	select {
	case s.out <- m:
	case <-ctx.Done():
		return false, false
	}
	select {
	case <-m.Acked():
		return true, false
	case <-m.Nacked():
		return false, true
	case <-ctx.Done():
	}
	grace := time.NewTimer(s.cfg.CloseTimeout)
	defer grace.Stop()
	select {
	case <-m.Acked():
		return true, false
	case <-m.Nacked():
	case <-grace.C:
	}
	return false, false
}
