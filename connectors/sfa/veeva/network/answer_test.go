package network

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/connectors/httpsource"
)

func TestKeysAndTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 1, 1, 0, 0, 0, 5e6, time.UTC)
	for _, text := range []string{`1735689600005`, `"1735689600005"`, `"2025-01-01T00:00:00.005Z"`, `"2025-01-01T08:00:00.005+08:00"`, `"2024-12-31T16:00:00.005-0800"`} {
		rows, e := readSearch([]byte(`{"entities":[{"entityId":"Network:Entity:938154108180564781","entity":{"modified_date__v":` + text + `}}]}`))
		require.Nil(t, e)
		got, ok := modified(rows.Rows[0].Fields)
		require.True(t, ok, text)
		require.True(t, at.Equal(got), text)
		require.Equal(t, "938154108180564781", key(rows.Rows[0].Fields))
	}
	rows, e := readSearch([]byte(`{"totalCount":7,"entities":[{"entityId":"1","entity":{"vid__v":938154108180564781}}]}`))
	require.Nil(t, e)
	require.Equal(t, 7, rows.Total)
	require.Equal(t, "938154108180564781", key(rows.Rows[0].Fields))
	for _, body := range []string{`{}`, `{"entities":null}`, `{"entities":{}}`, `{"entities":[1]}`, `{"totalCount":"x","entities":[]}`} {
		_, e := readSearch([]byte(body))
		require.NotNil(t, e, body)
	}
}

// Slices of a window lie end to end and cover it, whatever is halved on the way.
func TestSlicesCoverTheWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := httpsource.Window{To: beginning.Add(time.Duration(rapid.Int64Range(1, 1e12).Draw(t, "length")) * time.Millisecond)}
		if rapid.Bool().Draw(t, "bounded") {
			w.From = beginning
		}
		s, err := sliceOf(w, "")
		require.NoError(t, err)
		at := s.start()
		for range 10_000 {
			if first, ok := s.half(); ok && rapid.IntRange(0, 3).Draw(t, "crowded") == 0 {
				s = first
				continue
			}
			require.Equal(t, at, s.start())
			require.True(t, at.Before(s.To))
			kept, err := sliceOf(w, s.text())
			require.NoError(t, err)
			require.Equal(t, s.text(), kept.text())
			if at = s.To; rapid.Bool().Draw(t, "met") {
				s.Met, at = true, at.Add(unit)
			}
			next, more := s.after(w.To)
			if !more {
				require.False(t, at.Before(w.To))
				return
			}
			s = next
		}
	})
}

func FuzzReadSearch(f *testing.F) {
	f.Add([]byte(`{"totalCount":1,"entities":[{"entityId":"1","entity":{"vid__v":"1"}}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, e := readSearch(body)
		if e != nil {
			return
		}
		for _, r := range p.Rows {
			require.True(t, json.Valid(p.Raw[r.Off:r.Off+r.Len]))
			key(r.Fields)
			modified(r.Fields)
		}
	})
}
