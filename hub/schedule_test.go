package hub

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tributary/internal/config"
	"tributary/internal/errs"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return out
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	passing := errs.New(errs.Unavailable, "connectors.unreachable", nil)
	refused := errs.New(errs.Invalid, "connectors.credentials", nil)
	for name, c := range map[string]struct {
		connection config.Connection
		stream     config.Stream
		now        string
		failures   int
		err        error
		want       string // with random 0
	}{
		"default":                           {now: "2025-03-01T10:00:00+08:00", want: "2025-03-01T10:15:00+08:00"},
		"every":                             {stream: config.Stream{Every: config.Duration(time.Hour)}, now: "2025-03-01T10:00:00+08:00", want: "2025-03-01T11:00:00+08:00"},
		"cron in the zone":                  {stream: config.Stream{Cron: "30 2 * * *"}, now: "2025-03-01T10:00:00+08:00", want: "2025-03-02T02:30:00+08:00"},
		"cron in another zone":              {connection: config.Connection{Zone: "UTC"}, stream: config.Stream{Cron: "30 2 * * *"}, now: "2025-03-01T10:00:00+08:00", want: "2025-03-01T10:30:00+08:00"},
		"only at night":                     {connection: config.Connection{Hours: "22:00-06:00"}, now: "2025-03-01T10:00:00+08:00", want: "2025-03-01T22:00:00+08:00"},
		"within the night":                  {connection: config.Connection{Hours: "22:00-06:00"}, now: "2025-03-01T23:50:00+08:00", want: "2025-03-02T00:05:00+08:00"},
		"the night ends":                    {connection: config.Connection{Hours: "22:00-06:00"}, now: "2025-03-01T05:50:00+08:00", want: "2025-03-01T22:00:00+08:00"},
		"only by day, over":                 {connection: config.Connection{Hours: "09:00-17:00"}, now: "2025-03-01T16:50:00+08:00", want: "2025-03-02T09:00:00+08:00"},
		"a failure that passes":             {stream: config.Stream{Every: config.Duration(6 * time.Hour)}, now: "2025-03-01T10:00:00+08:00", failures: 1, err: passing, want: "2025-03-01T10:00:30+08:00"},
		"its fourth time":                   {stream: config.Stream{Every: config.Duration(6 * time.Hour)}, now: "2025-03-01T10:00:00+08:00", failures: 4, err: fmt.Errorf("x: %w", passing), want: "2025-03-01T10:04:00+08:00"},
		"its hundredth time":                {stream: config.Stream{Every: config.Duration(6 * time.Hour)}, now: "2025-03-01T10:00:00+08:00", failures: 100, err: errors.Join(passing), want: "2025-03-01T11:00:00+08:00"},
		"never later than its turn":         {now: "2025-03-01T10:00:00+08:00", failures: 100, err: passing, want: "2025-03-01T10:15:00+08:00"},
		"a wrong password waits its turn":   {stream: config.Stream{Every: config.Duration(6 * time.Hour)}, now: "2025-03-01T10:00:00+08:00", failures: 1, err: refused, want: "2025-03-01T16:00:00+08:00"},
		"a failure at the end of the night": {connection: config.Connection{Hours: "22:00-06:00"}, stream: config.Stream{Every: config.Duration(6 * time.Hour)}, now: "2025-03-01T05:59:50+08:00", failures: 1, err: passing, want: "2025-03-01T22:00:00+08:00"},
	} {
		t.Run(name, func(t *testing.T) {
			c.stream.Stream = "s"
			c.connection.Streams = []config.Stream{c.stream}
			s, err := scheduleOf(c.connection, "s")
			require.NoError(t, err)
			now := at(t, c.now)
			require.Equal(t, at(t, c.want).UTC(), s.next(now, c.failures, c.err, 0).UTC())
			late := s.next(now, c.failures, c.err, 0.999)
			require.True(t, late.After(now), "jitter never makes a turn come at once")
			require.Equal(t, s.open(late).UTC(), late.UTC(), "nor outside the hours")
		})
	}
	night, err := scheduleOf(config.Connection{Hours: "22:00-06:00", Streams: []config.Stream{{Stream: "s", Cron: "0 3 * * *"}}}, "s")
	require.NoError(t, err)
	require.Equal(t, at(t, "2025-03-02T03:00:00+08:00").UTC(), night.first(at(t, "2025-03-01T10:00:00+08:00")).UTC(), "a restart is no reason to pull")
}
