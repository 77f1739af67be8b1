package events

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
)

// A chunk holds events of one topic and one shard as they are stored in the outbox.
const (
	MaxChunkEvents = 500
	MaxChunkBytes  = 4 << 20 // of values, before compression; the last event may go beyond
	maxChunkPlain  = 16 << 20
	chunkVersion   = 1
	flagTombstone  = 1
	flagSealed     = 2
)

// ErrBadChunk says that bytes are not a chunk.
var ErrBadChunk = errors.New("not an outbox chunk")

// EncodeChunk renders events of one topic. Values of personal events must be sealed already: the chunk only remembers
// that they are.
func EncodeChunk(evs []Event) []byte {
	size := 16
	for i := range evs {
		size += len(evs[i].Value) + len(evs[i].Key) + len(evs[i].Type) + len(evs[i].Resolve) + len(evs[i].Owner) + 24
	}
	b := append(make([]byte, 0, size), chunkVersion)
	b = binary.AppendUvarint(b, uint64(len(evs)))
	for i := range evs {
		e := &evs[i]
		var flags uint64
		if e.Value == nil {
			flags |= flagTombstone
		}
		if e.Personal {
			flags |= flagSealed
		}
		b = binary.AppendUvarint(b, flags)
		b = binary.AppendVarint(b, e.Version)
		b = binary.AppendVarint(b, e.Time.UnixMicro())
		for _, s := range []string{e.Key, e.Type, e.Resolve, e.Owner} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
		b = binary.AppendUvarint(b, uint64(len(e.Value)))
		b = append(b, e.Value...)
	}
	return compressor().EncodeAll(b, nil)
}

// DecodeChunk is the inverse of EncodeChunk for a chunk of the topic. Values of personal events come back sealed. It
// takes any bytes and fails with ErrBadChunk.
func DecodeChunk(topic string, payload []byte) ([]Event, error) {
	plain, err := decompressor().DecodeAll(payload, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadChunk, err)
	}
	r := chunkReader{rest: plain}
	if v := r.uint(); v != chunkVersion {
		return nil, fmt.Errorf("%w: version %d", ErrBadChunk, v)
	}
	n := r.uint()
	if n > uint64(len(plain)) {
		return nil, fmt.Errorf("%w: %d events in %d bytes", ErrBadChunk, n, len(plain))
	}
	out := make([]Event, 0, n)
	for range n {
		e := Event{Topic: topic}
		flags := r.uint()
		e.Version, e.Time = r.int(), time.UnixMicro(r.int()).UTC()
		e.Key, e.Type, e.Resolve, e.Owner = string(r.bytes()), string(r.bytes()), string(r.bytes()), string(r.bytes())
		e.Personal = flags&flagSealed != 0
		if value := r.bytes(); flags&flagTombstone == 0 {
			e.Value = value
		}
		out = append(out, e)
	}
	if r.bad || len(r.rest) > 0 {
		return nil, fmt.Errorf("%w: cut short or too long", ErrBadChunk)
	}
	return out, nil
}

// chunkReader reads until the first damage and remembers it.
type chunkReader struct {
	rest []byte
	bad  bool
}

func (r *chunkReader) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.skip(n)
	return v
}

func (r *chunkReader) int() int64 {
	v, n := binary.Varint(r.rest)
	r.skip(n)
	return v
}

func (r *chunkReader) skip(n int) {
	if n <= 0 {
		r.bad, r.rest = true, nil
		return
	}
	r.rest = r.rest[n:]
}

func (r *chunkReader) bytes() []byte {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return []byte{}
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// The coders keep buffers and are safe for concurrent use. Their options are constant and known to be valid.
var (
	compressor = sync.OnceValue(func() *zstd.Encoder {
		e, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(2))
		return e
	})
	decompressor = sync.OnceValue(func() *zstd.Decoder {
		d, _ := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxChunkPlain), zstd.WithDecoderConcurrency(2))
		return d
	})
)
