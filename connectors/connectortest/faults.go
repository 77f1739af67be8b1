package connectortest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"tributary/connectors/sandbox/fault"
	"tributary/internal/errs"
)

// passingFaults: the run gives the same set as an undisturbed one.
func passingFaults(t *testing.T, h Harness) {
	for _, name := range h.Passing {
		t.Run(string(name), func(t *testing.T) {
			s := h.Start(t)
			s.Fill(40)
			want, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
			require.NoError(t, err)
			s.Faults.Every(name, 3)
			got, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
			require.NoError(t, err)
			require.Positive(t, s.Faults.Hits(name), "the fault never struck")
			require.Equal(t, keysOf(h.state(nil, want.rows)), keysOf(h.state(nil, got.rows)))
		})
	}
}

func keysOf(m map[string]string) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// failingFaults: the run ends with an error for people, never with "0 rows", and a later run from the last good position
// completes the set.
func failingFaults(t *testing.T, h Harness) {
	failing := h.Failing
	if h.Medium == HTTP {
		failing = append([]fault.Name{fault.Redirect}, failing...)
	}
	for _, name := range failing {
		t.Run(string(name), func(t *testing.T) {
			s := h.Start(t)
			s.Fill(40)
			src := h.open(t, s, map[string]any{"retry_budget": "20ms"})
			queries := 0
			s.Before(func() {
				if queries++; queries == 3 {
					s.Faults.Always(name)
				}
			})
			broken, err := read(t.Context(), src, h.Stream, nil)
			require.Error(t, err)
			require.NotEmpty(t, errs.CodeOf(err), "an error without a message: %v", err)
			require.NotEmpty(t, errs.Lookup(errs.CodeOf(err)).ZH.Next)
			require.Less(t, len(broken.rows), 40)
			for _, b := range broken.batches {
				require.False(t, b.SnapshotEnd, "a run that failed half-way has not shown every key")
			}

			s.Before(func() {})
			s.Faults.Clear()
			rest, err := read(t.Context(), h.open(t, s, nil), h.Stream, broken.last())
			require.NoError(t, err)
			require.Len(t, h.state(h.state(nil, broken.rows), rest.rows), 40)
		})
	}
}

func sessionExpiry(t *testing.T, h Harness) {
	s := h.Start(t)
	if s.Logins == nil {
		t.Skip("the system has no sessions: its token never expires")
	}
	s.Fill(40)
	s.Faults.Every(fault.SessionExpiry, 3)
	r, err := read(t.Context(), h.open(t, s, nil), h.Stream, nil)
	require.NoError(t, err)
	require.Len(t, h.state(nil, r.rows), 40)
	require.Greater(t, s.Logins(), 1)
}

// secretsStay plays every fault and looks for secrets in whatever comes out.
func secretsStay(t *testing.T, h Harness) {
	spec := specOf(t, h)
	for _, info := range fault.All() {
		if info.Name == fault.Slow {
			continue
		}
		s := h.Start(t)
		s.Fill(20)
		s.Faults.Always(info.Name)
		src := h.open(t, s, map[string]any{"retry_budget": "10ms"})
		var said []string
		r, err := read(t.Context(), src, h.Stream, nil)
		found, cerr := src.Check(t.Context())
		for _, e := range []error{err, cerr} {
			if e != nil {
				said = append(said, fmt.Sprintf("%v %+v %#v", e, e, e), errs.Render(e, "zh"))
			}
		}
		for _, v := range []any{found, r.positions, spec.Redact(s.Settings)} {
			b, err := json.Marshal(v)
			require.NoError(t, err)
			said = append(said, string(b))
		}
		said = append(said, fmt.Sprintf("%v %+v", src, src))
		for _, secret := range secrets(spec, s.Settings) {
			for _, text := range said {
				require.NotContains(t, text, secret, "fault %s shows a secret", info.Name)
			}
		}
	}
}
