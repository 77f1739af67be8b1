package kafka

import (
	"cmp"
	"context"
	"errors"

	kafkago "github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"tributary/internal/errs"
)

// Reader reads topics as they are stored, without a group and without acknowledgements: for looking, for rebuilding,
// for tests. It is safe for concurrent use.
type Reader struct {
	cfg  ReaderConfig
	link *link
}

// ReaderConfig is a Config with the settings of a Reader.
type ReaderConfig struct {
	Config
	FetchBytes int // what one request brings at most, per partition; default 1 MiB
}

// ReadOptions say which part of a topic to read.
type ReadOptions struct {
	// From is the offset to begin at, by partition; a partition that is not named begins at its first record kept.
	From map[int]int64
	// FromEnd begins at the current end instead of the first record kept.
	FromEnd bool
	// Follow goes on with new records until the context ends. Otherwise reading ends at the end of the log as it was
	// at the start.
	Follow bool
}

// NewReader checks the configuration; it connects at the first Read.
func NewReader(cfg ReaderConfig) (*Reader, error) {
	cfg.FetchBytes = cmp.Or(cfg.FetchBytes, 1<<20)
	l, err := cfg.open()
	if err != nil {
		return nil, err
	}
	return &Reader{cfg: cfg, link: l}, nil
}

// Close closes the connections. Reads in progress fail.
func (r *Reader) Close() error {
	r.link.close()
	return nil
}

// Read calls each with the records of all partitions of a topic, never two at a time, in order within a partition. It
// ends at the end (see ReadOptions), at the first error of each, which it returns, or when ctx ends. Short failures of
// a broker are waited out while following, and end a bounded read.
func (r *Reader) Read(ctx context.Context, topic string, o ReadOptions, each func(Record) error) error {
	r.link.refresh()
	bounds, err := r.link.contents(ctx, topic)
	if err != nil {
		return r.failed(topic, err)
	}
	group, gctx := errgroup.WithContext(ctx)
	records := make(chan []Record)
	readers, rctx := errgroup.WithContext(gctx)
	for id, b := range bounds {
		start := b.First
		if o.FromEnd {
			start = b.End
		}
		if from, ok := o.From[id]; ok {
			start = max(from, b.First)
		}
		readers.Go(func() error { return r.partition(rctx, topic, id, start, b.End, o.Follow, records) })
	}
	group.Go(func() error {
		defer close(records)
		return readers.Wait()
	})
	group.Go(func() error {
		for batch := range records {
			for _, rec := range batch {
				if err := each(rec); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return group.Wait()
}

func (r *Reader) partition(ctx context.Context, topic string, id int, offset, end int64, follow bool, to chan<- []Record) error {
	retry := newBackoff()
	for follow || offset < end {
		var batch []Record
		var next int64
		err := r.link.patiently(ctx, func() (err error) {
			batch, next, err = r.link.fetch(ctx, topic, id, offset, r.cfg.FetchBytes)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			retry.Reset()
		case follow && !errors.Is(err, kafkago.OffsetOutOfRange):
			r.link.refresh()
			pause(ctx, retry.NextBackOff())
			continue
		default:
			return r.failed(topic, err)
		}
		offset = next
		if !follow {
			for len(batch) > 0 && batch[len(batch)-1].Offset >= end {
				batch = batch[:len(batch)-1]
			}
		}
		if len(batch) == 0 {
			continue
		}
		select {
		case to <- batch:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (r *Reader) failed(topic string, err error) error {
	if errors.Is(err, kafkago.UnknownTopicOrPartition) {
		return errs.Wrap(errs.NotFound, "kafka.no_topic", err, errs.Args{"topic": topic})
	}
	return errs.Wrap(errs.Unavailable, "kafka.read_failed", err, errs.Args{"topic": topic})
}
