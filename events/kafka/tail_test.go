package kafka_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/events/kafka"
	"tributary/internal/errs"
)

func TestReadEndsAtTheEndOrFollows(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 3})
		require.Empty(t, readTopic(t, cfg, prefix))
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		keys := []string{"a", "b", "c", "d"}
		for n := range 20 {
			for _, k := range keys {
				require.NoError(t, pub.Publish(prefix, event(k, n)))
			}
		}
		require.Len(t, readTopic(t, cfg, prefix), 80)

		r, err := kafka.NewReader(kafka.ReaderConfig{Config: cfg, FetchBytes: 300})
		require.NoError(t, err)
		defer func() { require.NoError(t, r.Close()) }()
		ctx, cancel := context.WithCancel(deadline(t))
		defer cancel()
		seen := map[string]int{}
		total := 0
		err = r.Read(ctx, prefix, kafka.ReadOptions{Follow: true}, func(rec kafka.Record) error {
			require.Equal(t, string(event("", seen[string(rec.Key)]).Payload), string(rec.Value), "order within a key")
			seen[string(rec.Key)]++
			switch total++; total {
			case 80: // all that was there; now something new
				return pub.Publish(prefix, event("a", 20))
			case 81:
				cancel()
			}
			return nil
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 81, total)
	})
}

func TestReadFromOffsetsAndErrors(t *testing.T) {
	onBrokers(t, func(t *testing.T, cfg kafka.Config, prefix string) {
		createTopic(t, cfg, kafka.TopicSpec{Name: prefix, Partitions: 1})
		pub := newPublisher(t, kafka.PublisherConfig{Config: cfg})
		for n := range 5 {
			require.NoError(t, pub.Publish(prefix, event("k", n)))
		}
		r, err := kafka.NewReader(kafka.ReaderConfig{Config: cfg})
		require.NoError(t, err)
		defer func() { require.NoError(t, r.Close()) }()
		var got []int64
		collect := func(rec kafka.Record) error { got = append(got, rec.Offset); return nil }
		require.NoError(t, r.Read(deadline(t), prefix, kafka.ReadOptions{From: map[int]int64{0: 3}}, collect))
		require.Equal(t, []int64{3, 4}, got)
		require.NoError(t, r.Read(deadline(t), prefix, kafka.ReadOptions{FromEnd: true}, collect))
		require.Len(t, got, 2)

		enough := errors.New("enough")
		require.ErrorIs(t, r.Read(deadline(t), prefix, kafka.ReadOptions{}, func(kafka.Record) error { return enough }), enough)
		err = r.Read(deadline(t), prefix+"none", kafka.ReadOptions{}, collect)
		require.Equal(t, "kafka.no_topic", errs.CodeOf(err))
	})
}
