package events

import (
	"encoding/json"
	"time"
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
	Resolve  string          // resolveid shared by the events of one resolve step; may be empty
}
