package events

import (
	"errors"
	"time"
)

// What the outbox and the relay say to each other (rule 6.8).

// ErrShardBusy says that another relay holds the lease of a shard.
var ErrShardBusy = errors.New("another relay holds the shard")

// ErrShardLost says that the lease of a shard passed to another relay: nothing more may be sent or marked under it.
var ErrShardLost = errors.New("the shard passed to another relay")

// ShardLease is the right to send the events of one shard.
type ShardLease struct {
	Shard int
	Epoch int64         // rises with every owner
	TTL   time.Duration // from the transaction that took or last extended it
}

// Chunk is a stored group of events of one topic and shard. The first Sent of them are known to be in Kafka.
type Chunk struct {
	ID     int64
	Topic  string
	Sent   int
	Events []Event
}

// Progress says how far a chunk has got.
type Progress struct {
	Chunk int64
	Topic string
	Sent  int  // events of the chunk that are in Kafka now, those left out by an erasure included
	New   int  // of them, how many were added to the log since the last progress
	Done  bool // all of the chunk
}
