package events_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/events"
)

func TestChunksReadBackWhatTheyHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) events.Event {
			e := events.Event{
				Topic: events.TopicGolden, Key: rapid.String().Draw(rt, "key"), Version: rapid.Int64().Draw(rt, "version"),
				Type: rapid.String().Draw(rt, "type"), Time: time.UnixMicro(rapid.Int64Range(-1e15, 1e16).Draw(rt, "time")).UTC(),
				Personal: rapid.Bool().Draw(rt, "personal"), Owner: rapid.String().Draw(rt, "owner"), Resolve: rapid.String().Draw(rt, "resolve"),
			}
			if rapid.Bool().Draw(rt, "value") {
				e.Value = append(json.RawMessage{}, rapid.SliceOf(rapid.Byte()).Draw(rt, "bytes")...)
			}
			return e
		}), 0, 20).Draw(rt, "events")
		out, err := events.DecodeChunk(events.TopicGolden, events.EncodeChunk(in))
		require.NoError(rt, err)
		require.Equal(rt, len(in), len(out))
		for i := range in {
			require.Equal(rt, in[i].Value == nil, out[i].Value == nil, "a tombstone stays one")
			require.True(rt, bytes.Equal(in[i].Value, out[i].Value))
			in[i].Value, out[i].Value = nil, nil
			require.Equal(rt, in[i], out[i])
		}
	})
}

func TestChunksAreSmall(t *testing.T) {
	var evs []events.Event
	plain := 0
	for i := range events.MaxChunkEvents {
		e := events.Product(events.Meta{Op: events.Created, Version: 1, Time: time.Unix(1e9, 0)},
			events.ProductValue{Code: strings.Repeat("P", i%7+1), Name: "阿司匹林肠溶片", Maker: "百川制药有限公司"})
		plain += len(e.Value)
		evs = append(evs, e)
	}
	require.Less(t, len(events.EncodeChunk(evs)), plain/10)
}

func FuzzDecodeChunk(f *testing.F) {
	enc, err := zstd.NewWriter(nil)
	require.NoError(f, err)
	for _, x := range examples() {
		f.Add(events.EncodeChunk(x.evs), true)
	}
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f}, false)
	f.Add([]byte{1, 1, 0, 2, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, false)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, b []byte, compressed bool) {
		if !compressed { // reach behind the checksum
			b = enc.EncodeAll(b, nil)
		}
		evs, err := events.DecodeChunk(events.TopicRun, b)
		if err != nil {
			require.ErrorIs(t, err, events.ErrBadChunk)
			return
		}
		again, err := events.DecodeChunk(events.TopicRun, events.EncodeChunk(evs))
		require.NoError(t, err)
		require.Equal(t, evs, again)
	})
}

// The vectors are those of Kafka's own client (UtilsTest.testMurmur2), as positive shard numbers.
func TestShardIsTheHashOfKafkasClients(t *testing.T) {
	for key, hash := range map[string]int32{
		"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971, "abc": 479470107,
	} {
		require.Equal(t, int(uint32(hash)&0x7fffffff)%events.Shards, events.Shard(key), key)
	}
	rapid.Check(t, func(rt *rapid.T) {
		n := events.Shard(rapid.String().Draw(rt, "key"))
		require.True(rt, n >= 0 && n < events.Shards)
	})
}

func BenchmarkEncodeChunk(b *testing.B) {
	evs := benchEvents()
	b.ReportAllocs()
	for b.Loop() {
		events.EncodeChunk(evs)
	}
}

func BenchmarkDecodeChunk(b *testing.B) {
	chunk := events.EncodeChunk(benchEvents())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := events.DecodeChunk(events.TopicGolden, chunk); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHeaders(b *testing.B) {
	e := benchEvents()[0]
	b.ReportAllocs()
	for b.Loop() {
		e.Headers("/tributary/M")
	}
}

func benchEvents() []events.Event {
	evs := make([]events.Event, 500)
	for i := range evs {
		evs[i] = examples()[0].evs[0]
		evs[i].Key = id(byte(i)).String()
	}
	return evs
}
