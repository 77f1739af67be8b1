package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tributary/canonical"
)

// Event is one record for a topic of the catalogue, rendered in the unit of work that made it true.
type Event struct {
	Topic    string          // full name, for example tributary.customer.golden.v1
	Key      string          // Kafka key: the entity's id
	Version  int64           // entityversion: rises by one with each event of the key
	Type     string          // ce_type, for example tributary.customer.golden.merged.v1
	Time     time.Time       // when it became true
	Value    json.RawMessage // nil = tombstone
	Personal bool            // the value holds personal data and is sealed until it is sent
	Owner    string          // golden id under whose data key a personal value is sealed; empty = Key
	Resolve  string          // resolveid shared by the events of one resolve step; may be empty
	Erased   bool            // read back only: an erasure destroyed the key of the sealed value; it is not sent
}

// MaxValue bounds a value in bytes, below what a Kafka topic takes by default.
const MaxValue = 900_000

// ID is the event's id: the same for the same topic, key and version, however often it is sent (invariant 9).
func (e *Event) ID() canonical.ID { return EventID(e.Topic, e.Key, e.Version) }

// EventID is the id of the version of an entity on a topic.
func EventID(topic, key string, version int64) canonical.ID {
	return canonical.DeriveID(topic, key, strconv.FormatInt(version, 10))
}

// DataKey names the data key that seals a personal value.
func (e *Event) DataKey() canonical.RecordKey {
	id := e.Owner
	if id == "" {
		id = e.Key
	}
	return canonical.RecordKey{Source: "golden", ID: id}
}

// Check reports what makes the event unfit for its topic. It is about mistakes in code, not in data.
func (e *Event) Check() error {
	t, ok := TopicOf(e.Topic)
	switch {
	case !ok:
		return fmt.Errorf("event for %q, which is not in the catalogue", e.Topic)
	case e.Key == "":
		return fmt.Errorf("event %s without a key", e.Type)
	case e.Version < 1:
		return fmt.Errorf("event %s with entityversion %d", e.Type, e.Version)
	case !t.HasType(e.Type):
		return fmt.Errorf("event type %q does not belong to %s", e.Type, e.Topic)
	case e.Value == nil && t.Kind != State:
		return fmt.Errorf("tombstone on %s, which keeps facts", e.Topic)
	case e.Value != nil && len(e.Value) == 0:
		return fmt.Errorf("event %s whose value could not be rendered", e.Type)
	case len(e.Value) > MaxValue:
		return fmt.Errorf("event %s of %d bytes: %w", e.Type, len(e.Value), ErrTooLarge)
	}
	return nil
}

// ErrTooLarge says that an event's value is larger than MaxValue.
var ErrTooLarge = errors.New("event value too large")
