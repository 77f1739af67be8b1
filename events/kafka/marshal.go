package kafka

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	kafkago "github.com/segmentio/kafka-go"

	"tributary/internal/errs"
)

// Metadata that steers a record instead of becoming a header of it. Every name that begins with "kafka." is reserved.
const (
	// KeyMetadata is the record's key. Absent: the record has none, and any partition may get it.
	KeyMetadata = "kafka.key"
	// TimeMetadata is the record's time in RFC 3339. Absent: the moment of publishing. Set it on purpose only:
	// retention counts from it.
	TimeMetadata = "kafka.time"

	reserved = "kafka."
)

// idHeader carries the message UUID when ce_id does not.
const (
	idHeader     = "_watermill_message_uuid"
	cloudEventID = "ce_id"
)

// marshal turns a message into a record: metadata become headers under their own names, sorted, and a nil payload
// becomes a null value.
func marshal(topic string, m *message.Message, now time.Time) (kafkago.Message, error) {
	out := kafkago.Message{Topic: topic, Value: m.Payload, Time: now, Headers: make([]kafkago.Header, 0, len(m.Metadata)+1)}
	var texts []byte // of all headers, in few blocks
	for name, value := range m.Metadata {
		switch {
		case name == KeyMetadata:
			out.Key = []byte(value)
		case name == TimeMetadata:
			at, err := time.Parse(time.RFC3339Nano, value)
			if err != nil {
				return out, errs.Wrap(errs.Invalid, "kafka.record_time", err, errs.Args{"value": value})
			}
			out.Time = at
		case strings.HasPrefix(name, reserved):
		default:
			start := len(texts)
			if cap(texts)-start < len(value) {
				texts, start = make([]byte, 0, max(256, len(value))), 0
			}
			texts = append(texts, value...)
			out.Headers = append(out.Headers, kafkago.Header{Key: name, Value: texts[start:len(texts):len(texts)]})
		}
	}
	slices.SortFunc(out.Headers, func(a, b kafkago.Header) int { return strings.Compare(a.Key, b.Key) })
	if m.UUID != "" && m.UUID != m.Metadata[cloudEventID] {
		out.Headers = append(out.Headers, kafkago.Header{Key: idHeader, Value: []byte(m.UUID)})
	}
	return out, nil
}

// unmarshal is the inverse. The UUID is the one the publisher gave, else ce_id, else the record's place. Of headers
// with one name the last counts.
func unmarshal(r Record) *message.Message {
	metadata := make(message.Metadata, len(r.Headers)+1)
	id := ""
	for _, h := range r.Headers {
		if h.Key == idHeader {
			id = string(h.Value)
			continue
		}
		// A stranger's header must not pass for the record's own key or time.
		if !strings.HasPrefix(h.Key, reserved) {
			metadata[h.Key] = string(h.Value)
		}
	}
	if id == "" {
		id = metadata[cloudEventID]
	}
	if id == "" {
		id = fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)
	}
	if r.Key != nil {
		metadata[KeyMetadata] = string(r.Key)
	}
	m := message.NewMessage(id, r.Value)
	m.Metadata = metadata
	return m
}

// sizeOf is an upper bound of what a record takes in a batch before compression.
func sizeOf(m *kafkago.Message) int {
	n := len(m.Key) + len(m.Value) + 64
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value) + 10
	}
	return n
}
