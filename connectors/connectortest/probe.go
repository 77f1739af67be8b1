package connectortest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/connectors"
	"tributary/connectors/sandbox/fault"
	"tributary/internal/errs"
)

func (h Harness) elsewhere(url string) map[string]any {
	out := map[string]any{"retry_budget": "20ms"}
	if h.Medium == Database {
		url = url[strings.Index(url, "://")+3:]
	}
	for _, name := range h.BaseURL {
		out[name] = url
	}
	return out
}

// untrusted are settings that lead to a server whose certificate nobody vouches for.
func (h Harness) untrusted(t *testing.T) map[string]any {
	if h.Untrusted != nil {
		return h.Untrusted(t)
	}
	server := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return h.elsewhere(server.URL)
}

func checkVerdicts(t *testing.T, h Harness) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct {
		change map[string]any
		fault  fault.Name
		code   string
	}{
		"good":           {code: "connectors.check_ok"},
		"wrong password": {change: h.wrong(), code: "connectors.credentials"},
		"wrong host":     {change: h.elsewhere(closed.URL), code: "connectors.unreachable"},
		"certificate":    {change: h.untrusted(t), code: "connectors.certificate"},
		"no rights":      {fault: fault.NoRights, code: "connectors.forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			s := h.Start(t)
			if c.fault != "" {
				s.Faults.Always(c.fault)
			}
			if own := h.Codes[name]; own != "" {
				c.code = own
			}
			found, err := h.open(t, s, c.change).Check(t.Context())
			require.NoError(t, err)
			require.Len(t, found, 1, "%v", found)
			require.Equal(t, c.code, found[0].Code, "%v", found)
			require.Equal(t, name == "good", found[0].Severity == connectors.OK)
			if name == "wrong password" {
				require.True(t, connectors.CredentialsRefused(found[0].Code), "the hub does not know that it must not try again")
				_, err := read(t.Context(), h.open(t, s, c.change), h.Stream, nil)
				require.True(t, connectors.CredentialsRefused(errs.CodeOf(err)), "a run tells it otherwise: %v", err)
			}
			for _, lang := range []string{"en", "zh"} {
				m := errs.Lookup(found[0].Code).In(lang)
				require.NotRegexp(t, `\{[a-z_]+\}`, errs.Fill(m.What+m.Next, found[0].Args), "a placeholder without a value")
				require.Equal(t, name == "good", m.Next == "", "a remedy, in %s", lang)
			}
		})
	}
}

func unknownThings(t *testing.T, h Harness) {
	s := h.Start(t)
	err := h.open(t, s, nil).Open(t.Context(), "no_such_stream", nil)
	require.Equal(t, errs.Invalid, errs.KindOf(err))
	require.Contains(t, err.Error(), h.Stream, "the message names what there is")
	_, problems := specOf(t, h).Parse("p", merged(s.Settings, map[string]any{"no_such_setting": 1}))
	require.Len(t, problems, 1)
	require.Equal(t, "connectors.setting_unknown", problems[0].Err.Code)
}

// hangingSource: every call ends with its context, whatever the source does.
func hangingSource(t *testing.T, h Harness) {
	for name, call := range map[string]func(ctx context.Context, src connectors.Source) error{
		"check": func(ctx context.Context, src connectors.Source) error { _, err := src.Check(ctx); return err },
		"open":  func(ctx context.Context, src connectors.Source) error { return src.Open(ctx, h.Stream, nil) },
		"read": func(ctx context.Context, src connectors.Source) error {
			_, err := read(ctx, src, h.Stream, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := h.Start(t)
			src := h.open(t, s, nil)
			if name == "read" {
				s.Before(func() { s.Faults.Always(fault.Slow) })
			} else {
				s.Faults.Always(fault.Slow)
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- call(ctx, src) }()
			for s.Faults.Hits(fault.Slow) == 0 {
				select {
				case err := <-done:
					require.FailNow(t, "ended without the source", "%v", err)
				case <-time.After(time.Millisecond):
				}
			}
			cancel()
			select {
			case err := <-done:
				require.ErrorIs(t, err, context.Canceled)
			case <-time.After(2 * time.Second):
				require.FailNow(t, "still hanging")
			}
		})
	}
}

func catalogue(t *testing.T, h Harness) {
	system := h.Start(t)
	found, err := h.open(t, system, nil).Discover(t.Context())
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, s := range found {
		require.False(t, seen[s.Name], "%s stands twice", s.Name)
		seen[s.Name] = true
		fields := fieldNames(s)
		require.ElementsMatch(t, fields, slices.Compact(slices.Sorted(slices.Values(fields))), "%s: a field stands twice", s.Name)
		require.NotEmpty(t, s.Key)
		require.Subset(t, fields, s.Key, s.Name)
		if s.Cursor != "" {
			require.Contains(t, fields, s.Cursor, s.Name)
		}
		if s.Party != "" {
			require.Contains(t, fields, s.Party, s.Name)
		}
		require.Contains(t, []string{"log", "flag", "sweep", "snapshot", "window", "none"}, s.Deletes)
		if _, sweeps := any(h.open(t, h.Start(t), nil)).(connectors.Sweeper); s.Deletes == "sweep" {
			require.True(t, sweeps, "%s promises a sweep", s.Name)
		}
	}
	offered := h.streams(t, system)
	for _, s := range offered {
		require.True(t, seen[s.Name], "%s is not discovered", s.Name)
	}
	require.Equal(t, len(offered), len(found))
}
