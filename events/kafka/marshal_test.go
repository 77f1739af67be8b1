package kafka

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Law: what was published is what is read, for any metadata, key and payload.
func TestMarshalRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z_-]{1,12}`)
		in := message.NewMessage(rapid.String().Draw(t, "id"),
			rapid.OneOf(rapid.Just([]byte(nil)), rapid.SliceOf(rapid.Byte())).Draw(t, "payload"))
		in.Metadata = rapid.MapOf(rapid.OneOf(name, rapid.Just(cloudEventID), rapid.Just(KeyMetadata)), rapid.String()).Draw(t, "metadata")
		delete(in.Metadata, idHeader)

		k, err := marshal("topic", in, noon)
		require.NoError(t, err)
		r := Record{Position: Position{Topic: "topic", Partition: 3, Offset: 7}, Key: k.Key, Value: k.Value}
		for _, h := range k.Headers {
			r.Headers = append(r.Headers, Header{Key: h.Key, Value: h.Value})
		}
		out := unmarshal(r)
		if in.UUID == "" && in.Metadata[cloudEventID] == "" {
			require.Equal(t, "topic/3/7", out.UUID)
		} else if in.UUID != "" {
			require.Equal(t, in.UUID, out.UUID)
		}
		require.Equal(t, in.Payload == nil, out.Payload == nil, "null and empty differ")
		require.True(t, bytes.Equal(in.Payload, out.Payload))
		require.Equal(t, in.Metadata, out.Metadata)
	})
}

func TestMarshalTable(t *testing.T) {
	m := message.NewMessage("id-1", []byte("{}"))
	m.Metadata = message.Metadata{
		"ce_type": "t", "ce_id": "id-1", "content-type": "application/json",
		KeyMetadata: "k", TimeMetadata: "2026-01-02T03:04:05+08:00", "kafka.other": "kept out",
	}
	k, err := marshal("topic", m, noon)
	require.NoError(t, err)
	require.Equal(t, "k", string(k.Key))
	require.Equal(t, "topic", k.Topic)
	require.True(t, k.Time.Equal(time.Date(2026, 1, 1, 19, 4, 5, 0, time.UTC)))
	var names []string
	for _, h := range k.Headers {
		names = append(names, h.Key)
	}
	require.Equal(t, []string{"ce_id", "ce_type", "content-type"}, names,
		"headers are sorted, verbatim, and ce_id stands for the message's id")

	delete(m.Metadata, TimeMetadata)
	k, err = marshal("topic", m, noon)
	require.NoError(t, err)
	require.Equal(t, noon, k.Time)

	m.Metadata[TimeMetadata] = "yesterday"
	_, err = marshal("topic", m, noon)
	require.ErrorContains(t, err, "yesterday")
}

func TestForeignHeadersDoNotSteer(t *testing.T) {
	m := unmarshal(Record{Position: Position{Topic: "in", Partition: 1, Offset: 2}, Headers: []Header{
		{Key: "kafka.key", Value: []byte("forged")}, {Key: "twice", Value: []byte("a")}, {Key: "twice", Value: []byte("b")}, {Key: "null"},
	}})
	require.Equal(t, message.Metadata{"twice": "b", "null": ""}, m.Metadata)
	require.Equal(t, "in/1/2", m.UUID)
}

func FuzzUnmarshal(f *testing.F) {
	f.Add("ce_id", []byte("x"), []byte("key"), []byte("value"))
	f.Add("kafka.key", []byte(nil), []byte(nil), []byte(nil))
	f.Fuzz(func(t *testing.T, name string, header, key, value []byte) {
		m := unmarshal(Record{Key: key, Value: value, Headers: []Header{{Key: name, Value: header}}})
		require.NotEmpty(t, m.UUID)
		k, err := marshal("t", m, noon)
		require.NoError(t, err)
		require.True(t, bytes.Equal(key, k.Key) && bytes.Equal(value, k.Value))
		for _, h := range k.Headers {
			require.False(t, strings.HasPrefix(h.Key, reserved))
		}
	})
}
