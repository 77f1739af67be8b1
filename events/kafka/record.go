package kafka

import (
	"context"
	"time"
)

// Record is one record of a topic as it is stored.
type Record struct {
	Position
	Key     []byte // nil: none
	Value   []byte // nil: a tombstone; empty and nil are told apart
	Headers []Header
}

// Header is one header of a record. Values are text in every header the hub writes.
type Header struct {
	Key   string
	Value []byte
}

// Position says where a record lies.
type Position struct {
	Topic     string
	Partition int
	Offset    int64
	Time      time.Time // of the record: when it was produced, unless the topic stamps appends
}

type positionKey struct{}

// PositionOf tells where the message came from, by its context; false for a message that was not read from Kafka.
func PositionOf(ctx context.Context) (Position, bool) {
	p, ok := ctx.Value(positionKey{}).(Position)
	return p, ok
}

func withPosition(ctx context.Context, p Position) context.Context {
	return context.WithValue(ctx, positionKey{}, p)
}
