package hub

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"tributary/events"
	"tributary/events/kafka"
	"tributary/internal/errs"
)

// EventTopic is a topic of the catalogue with its event types.
type EventTopic struct {
	events.Topic
	Types  []string          `json:"types"`
	Config map[string]string `json:"config"`
}

// EventsList is the catalogue of topics in its documented order.
func (h *Hub) EventsList() []EventTopic {
	var out []EventTopic
	for _, t := range events.Catalogue() {
		e := EventTopic{Topic: t, Config: t.Config()}
		for _, op := range t.Ops {
			e.Types = append(e.Types, t.Type(op))
		}
		out = append(out, e)
	}
	return out
}

// TailRequest says what to read from Kafka.
type TailRequest struct {
	Topics        []string // full names or subjects (customer.golden); none = all of the catalogue
	FromBeginning bool     // what the topics hold now, and the end; else what comes from now on, until ctx ends
	Count         int      // end after so many records; 0 = no limit
}

// TailRecord is one record as it lies in Kafka.
type TailRecord struct {
	Topic     string            `json:"topic"`
	Partition int               `json:"partition"`
	Offset    int64             `json:"offset"`
	Key       string            `json:"key"`
	Headers   map[string]string `json:"headers"`
	Value     json.RawMessage   `json:"value"` // null = tombstone; a value that is not JSON is a string
}

// EventsTail calls each with the records of the topics, never two at a time, in order within a partition.
func (h *Hub) EventsTail(ctx context.Context, req TailRequest, each func(TailRecord) error) (err error) {
	names, err := topicNames(req.Topics)
	if err != nil {
		return err
	}
	b, err := h.OpenBroker(ctx, BrokerUse{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if b.Embedded != nil && !req.FromBeginning {
		return errs.New(errs.Unavailable, "events.nobody_publishes", nil)
	}
	reader, err := kafka.NewReader(kafka.ReaderConfig{Config: b.Kafka})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	t := tail{req: req, each: each}
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range names {
		group.Go(func() error {
			err := reader.Read(ctx, name, kafka.ReadOptions{FromEnd: !req.FromBeginning, Follow: !req.FromBeginning}, t.record)
			if req.FromBeginning && errs.Is(err, errs.NotFound) {
				return nil // nothing was ever published on it
			}
			return err
		})
	}
	if err := group.Wait(); !errors.Is(err, errTailFull) {
		return err
	}
	return nil
}

// errTailFull ends a tail that has shown what was asked for.
var errTailFull = errors.New("enough records")

type tail struct {
	mu    sync.Mutex
	req   TailRequest
	each  func(TailRecord) error
	shown int
}

func (t *tail) record(r kafka.Record) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.req.Count > 0 && t.shown == t.req.Count {
		return errTailFull
	}
	if err := t.each(tailRecord(r)); err != nil {
		return err
	}
	if t.shown++; t.shown == t.req.Count {
		return errTailFull
	}
	return nil
}

func tailRecord(r kafka.Record) TailRecord {
	out := TailRecord{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: string(r.Key), Headers: make(map[string]string, len(r.Headers))}
	for _, h := range r.Headers {
		out.Headers[h.Key] = string(h.Value)
	}
	switch {
	case r.Value == nil:
		out.Value = json.RawMessage("null")
	case json.Valid(r.Value):
		out.Value = r.Value
	default:
		out.Value, _ = json.Marshal(string(r.Value)) // a string always renders
	}
	return out
}

// topicNames resolves full names and subjects; none means all.
func topicNames(in []string) ([]string, error) {
	var all, out []string
	bySubject := map[string]string{}
	for _, t := range events.Catalogue() {
		all = append(all, t.Name)
		bySubject[t.Subject()] = t.Name
	}
	if len(in) == 0 {
		return all, nil
	}
	for _, name := range in {
		if full, ok := bySubject[name]; ok {
			name = full
		}
		if _, ok := events.TopicOf(name); !ok {
			return nil, errs.New(errs.Invalid, "events.unknown_topic", errs.Args{"topic": name, "topics": strings.Join(all, ", ")})
		}
		out = append(out, name)
	}
	return out, nil
}
