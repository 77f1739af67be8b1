package connectortest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/internal/errs"
)

// recordsMatch reads every stream: keys are unique, fields are those of the catalogue, numbers are exact.
func recordsMatch(t *testing.T, h Harness) {
	s := h.Start(t)
	src := h.open(t, s, map[string]any{h.PageSize: 500})
	found, err := src.Discover(t.Context())
	require.NoError(t, err)
	for _, info := range found {
		r, err := read(t.Context(), src, info.Name, nil)
		require.NoError(t, err, info.Name)
		require.NotEmpty(t, r.rows, "%s is empty", info.Name)
		fields, met, keys := fieldNames(info), map[string]bool{}, map[string]bool{}
		for _, row := range r.rows {
			require.NotEmpty(t, row.Key)
			require.False(t, keys[row.Key], "%s: key %s twice", info.Name, row.Key)
			keys[row.Key] = true
			for name, v := range row.Fields {
				require.Contains(t, fields, name, info.Name)
				requireExact(t, v)
				met[name] = true
			}
			if info.Cursor != "" {
				require.False(t, row.SourceTime.IsZero(), "%s %s", info.Name, row.Key)
			}
		}
		for _, f := range fields {
			require.True(t, met[f] || slices.Contains(h.Optional, f), "%s: no row has %s", info.Name, f)
		}
		for _, b := range r.batches {
			requireBatch(t, h, b)
		}
	}
}

func requireExact(t *testing.T, v any) {
	t.Helper()
	switch v := v.(type) {
	case nil, string, bool, json.Number:
	case []any:
		for _, item := range v {
			requireExact(t, item)
		}
	case map[string]any:
		for _, item := range v {
			requireExact(t, item)
		}
	default:
		require.FailNow(t, "inexact value", "%T %v", v, v)
	}
}

// requireBatch: positions are small versioned JSON, and every row's bytes can be found in what was received.
func requireBatch(t *testing.T, h Harness, b connectors.Batch) {
	t.Helper()
	var position struct{ V int }
	require.NoError(t, json.Unmarshal(b.Position, &position))
	require.Positive(t, position.V)
	require.LessOrEqual(t, len(b.Position), connectors.MaxPosition)
	for _, row := range b.Rows {
		require.LessOrEqual(t, row.RawOff+row.RawLen, len(b.Raw))
		raw := b.Raw[row.RawOff : row.RawOff+row.RawLen]
		require.True(t, len(raw) > 0 && (h.Medium == Files || json.Valid(raw)), "raw bytes of row %s: %s", row.Key, raw)
		require.Positive(t, row.Number)
	}
}

func twoReads(t *testing.T, h Harness) {
	s := h.Start(t)
	s.Fill(40)
	a, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
	require.NoError(t, err)
	b, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
	require.NoError(t, err)
	require.Len(t, a.rows, 40)
	require.Equal(t, a.rows, b.rows)
	require.Equal(t, a.positions, b.positions)
}

func secondRun(t *testing.T, h Harness) {
	s := h.Start(t)
	s.Fill(40)
	src := h.open(t, s, nil)
	first, err := read(t.Context(), src, h.Stream, nil)
	require.NoError(t, err)
	s.Advance(time.Hour)
	s.Touch(17)
	s.Advance(time.Hour)
	second, err := read(t.Context(), src, h.Stream, first.last())
	require.NoError(t, err)
	require.Len(t, second.rows, 1, "the changed row, and nothing of the forty old ones")
	require.Len(t, h.state(h.state(nil, first.rows), second.rows), 40)
	s.Advance(time.Hour)
	third, err := read(t.Context(), src, h.Stream, second.last())
	require.NoError(t, err)
	require.Empty(t, third.rows)
}

func everyCheckpoint(t *testing.T, h Harness) {
	s := h.Start(t)
	s.Fill(40)
	whole, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
	require.NoError(t, err)
	want := h.state(nil, whole.rows)
	require.Len(t, want, 40)
	require.Greater(t, len(whole.positions), 3)
	for i := range whole.positions {
		got := map[string]string{}
		for _, b := range whole.batches[:i+1] {
			h.state(got, b.Rows)
		}
		rest, err := read(t.Context(), h.open(t, s, nil), h.Stream, whole.positions[i])
		require.NoError(t, err)
		require.Equal(t, want, h.state(got, rest.rows), "from checkpoint %d", i)
	}
}

// ties: ten thousand rows share one time, the run is broken off in the middle and continued.
func ties(t *testing.T, h Harness) {
	const n = 10_000
	s := h.Start(t)
	s.Fill(n)
	src := h.open(t, s, map[string]any{h.PageSize: 1500})
	whole, err := read(t.Context(), src, h.Stream, nil)
	require.NoError(t, err)
	require.Greater(t, len(whole.batches), 3)
	got := map[string]string{}
	for _, b := range whole.batches[:3] {
		h.state(got, b.Rows)
	}
	rest, err := read(t.Context(), h.open(t, s, map[string]any{h.PageSize: 1500}), h.Stream, whole.positions[2])
	require.NoError(t, err)
	require.Less(t, len(rest.rows), n, "the run goes on where it stopped")
	require.Len(t, h.state(got, rest.rows), n)
	for _, p := range whole.positions {
		require.Less(t, len(p), 1024, "the position does not grow with the rows")
	}
}

// updatedWhilePaging: rows change while the run reads, before and behind its place. After the next run nothing is missing
// or old.
func updatedWhilePaging(t *testing.T, h Harness) {
	s := h.Start(t)
	s.Fill(40)
	queries := 0
	s.Before(func() {
		if queries++; queries == 4 {
			s.Advance(time.Second)
			s.Touch(2)
			s.Touch(38)
		}
	})
	src := h.open(t, s, nil)
	first, err := read(t.Context(), src, h.Stream, nil)
	require.NoError(t, err)
	s.Advance(time.Hour)
	second, err := read(t.Context(), src, h.Stream, first.last())
	require.NoError(t, err)
	fresh, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
	require.NoError(t, err)
	require.Equal(t, h.state(nil, fresh.rows), h.state(h.state(nil, first.rows), second.rows))
}

func badPositions(t *testing.T, h Harness) {
	s := h.Start(t)
	src := h.open(t, s, nil)
	for raw, code := range map[string]string{`{"v":1`: "connectors.position", `"x"`: "connectors.position", `{"v":999,"to":"2025-01-01T00:00:00Z"}`: "connectors.position_newer"} {
		err := src.Open(t.Context(), h.Stream, json.RawMessage(raw))
		require.Equal(t, code, errs.CodeOf(err), "%s: %v", raw, err)
	}
}
