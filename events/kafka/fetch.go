package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// The library's Reader loses the difference between a null and an empty value, and closing it waits for a poll to end.
// So records are fetched by single requests, of which the context is the master.

const (
	fetchWait = 500 * time.Millisecond // how long a broker holds a request it has nothing for
	netWait   = 10 * time.Second       // how long an answer may take on top
)

// fetch reads a run of records from an absolute offset. It returns the records, the offset to go on from, which is
// past records the library hides (transaction markers) and past holes that compaction left.
func (l *link) fetch(ctx context.Context, topic string, partition int, offset int64, maxBytes int) ([]Record, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWait+netWait)
	defer cancel()
	res, err := l.client(0).Fetch(ctx, &kafkago.FetchRequest{
		Topic: topic, Partition: partition, Offset: offset,
		MinBytes: 1, MaxBytes: int64(maxBytes), MaxWait: fetchWait,
	})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return nil, offset, err
	}
	records, next, err := readBatches(res.Records, Position{Topic: topic, Partition: partition}, offset)
	if err != nil && len(records) == 0 {
		return nil, offset, fmt.Errorf("read records of %s/%d at %d: %w", topic, partition, next, err)
	}
	return records, next, nil // whole records first; the next request meets the error again
}

// readBatches reads all that one answer holds from an offset on, and the offset to go on from.
func readBatches(answer protocol.RecordReader, at Position, from int64) ([]Record, int64, error) {
	batches := []protocol.RecordReader{answer}
	if stream, ok := answer.(*protocol.RecordStream); ok {
		batches = stream.Records
	}
	var out []Record
	next := from
	for _, batch := range batches {
		records, after, err := readBatch(batch, at, next)
		out, next = append(out, records...), after
		if err != nil {
			return out, next, err
		}
	}
	if next == from && stored(batches) {
		// The batch that from lies in holds nothing from there on: compaction took its records and kept it, for the
		// producer's sequence number. Its end is not told, so the step is single.
		next++
	}
	return out, next, nil
}

// stored tells whether an answer holds a batch at all; there is none at the end of the log.
func stored(batches []protocol.RecordReader) bool {
	for _, b := range batches {
		switch b.(type) {
		case *protocol.RecordBatch, *protocol.ControlBatch, *protocol.MessageSet:
			return true
		}
	}
	return false
}

// readBatch reads one stored batch from an offset on. A broker answers with the whole batch the offset lies in, so
// earlier records are skipped.
func readBatch(batch protocol.RecordReader, at Position, from int64) ([]Record, int64, error) {
	_, control := batch.(*protocol.ControlBatch)
	var out []Record
	next := from
	for {
		r, err := batch.ReadRecord()
		if errors.Is(err, io.EOF) {
			return out, next, nil
		}
		if err != nil {
			return out, next, err
		}
		key, err := readAll(r.Key)
		if err != nil {
			return out, next, err
		}
		value, err := readAll(r.Value)
		if err != nil {
			return out, next, err
		}
		if r.Offset < from {
			continue
		}
		next = r.Offset + 1
		if control {
			continue
		}
		at.Offset, at.Time = r.Offset, r.Time.UTC()
		rec := Record{Position: at, Key: key, Value: value}
		if len(r.Headers) > 0 {
			rec.Headers = make([]Header, len(r.Headers))
			for i, h := range r.Headers {
				rec.Headers[i] = Header{Key: h.Key, Value: h.Value}
			}
		}
		out = append(out, rec)
	}
}

func readAll(b protocol.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer func() { _ = b.Close() }()
	out := make([]byte, b.Len())
	if _, err := io.ReadFull(b, out); err != nil {
		return nil, err
	}
	return out, nil
}

// partitions lists the partitions of a topic as the brokers see them now.
func (l *link) partitions(ctx context.Context, topic string) ([]int, error) {
	ctx, cancel := context.WithTimeout(ctx, netWait)
	defer cancel()
	res, err := l.client(0).Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, err
	}
	for _, t := range res.Topics {
		if t.Name != topic {
			continue
		}
		if t.Error != nil {
			return nil, t.Error
		}
		out := make([]int, len(t.Partitions))
		for i, p := range t.Partitions {
			out[i] = p.ID
		}
		return out, nil
	}
	return nil, kafkago.UnknownTopicOrPartition
}

// bounds asks for the first offset kept and the offset the next record will get, by partition.
func (l *link) bounds(ctx context.Context, topic string, partitions []int) (map[int]Range, error) {
	ctx, cancel := context.WithTimeout(ctx, netWait)
	defer cancel()
	asked := make([]kafkago.OffsetRequest, 0, 2*len(partitions))
	for _, p := range partitions {
		asked = append(asked, kafkago.FirstOffsetOf(p), kafkago.LastOffsetOf(p))
	}
	res, err := l.client(0).ListOffsets(ctx, &kafkago.ListOffsetsRequest{
		Topics: map[string][]kafkago.OffsetRequest{topic: asked},
	})
	if err != nil {
		return nil, err
	}
	out := make(map[int]Range, len(partitions))
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return nil, p.Error
		}
		out[p.Partition] = Range{Partition: p.Partition, First: p.FirstOffset, End: p.LastOffset}
	}
	for _, p := range partitions {
		if _, ok := out[p]; !ok {
			return nil, fmt.Errorf("partition %d of %s: the broker named no offsets", p, topic)
		}
	}
	return out, nil
}

// contents is partitions and bounds in one, waiting out an election.
func (l *link) contents(ctx context.Context, topic string) (map[int]Range, error) {
	var out map[int]Range
	err := l.patiently(ctx, func() error {
		ids, err := l.partitions(ctx, topic)
		if err == nil {
			out, err = l.bounds(ctx, topic, ids)
		}
		return err
	})
	return out, err
}

// Range is what one partition holds: records from First on; End is the offset the next record will get.
type Range struct {
	Partition int
	First     int64
	End       int64
}
