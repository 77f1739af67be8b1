package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/internal/config"
)

func TestPartsOfTheDay(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"22", "22:00", "22:00-", "25:00-06:00", "22:00-06:60", "06:00-06:00", "a-b", "22:00-06:00-07:00"} {
		_, err := config.ParseHours(bad)
		require.Error(t, err, bad)
	}
	for _, good := range []string{"", "22:00-06:00", "00:00-24:00", "9:00 - 17:30"} {
		_, err := config.ParseHours(good)
		require.NoError(t, err, good)
	}
}

// The next allowed time is allowed, is not before the time asked for, and nothing allowed lies between.
func TestNextIsTheFirstAllowedTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minute := rapid.IntRange(0, 24*60-1)
		h := config.Hours{From: time.Duration(minute.Draw(t, "from")) * time.Minute, To: time.Duration(minute.Draw(t, "to")) * time.Minute}
		start := time.Date(2025, 3, 1, 0, minute.Draw(t, "at"), 0, 0, time.UTC)
		inside := func(at time.Time) bool {
			m := time.Duration(at.Hour()*60+at.Minute()) * time.Minute
			if h.From <= h.To {
				return h.From == h.To || m >= h.From && m < h.To
			}
			return m >= h.From || m < h.To
		}
		next := h.Next(start)
		require.False(t, next.Before(start))
		require.True(t, inside(next))
		for at := start; at.Before(next); at = at.Add(time.Minute) {
			require.False(t, inside(at))
		}
	})
}

func TestCronAndZones(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "* * * *", "61 * * * *", "@every 5m", "TZ=UTC 0 0 * * *", "0 0 31 2 *", "x"} {
		_, err := config.ParseCron(bad)
		require.Error(t, err, bad)
	}
	for _, good := range []string{"30 2 * * *", "*/10 8-18 * * 1-5", "@daily"} {
		_, err := config.ParseCron(good)
		require.NoError(t, err, good)
	}
	for _, bad := range []string{"Mars/Olympus", "Local", "8"} {
		_, err := config.ParseZone(bad)
		require.Error(t, err, bad)
	}
	for text, offset := range map[string]int{"": 8 * 3600, "-05:30": -5*3600 - 1800, "Asia/Shanghai": 8 * 3600, "UTC": 0} {
		zone, err := config.ParseZone(text)
		require.NoError(t, err, text)
		_, got := time.Date(2025, 3, 1, 0, 0, 0, 0, zone).Zone()
		require.Equal(t, offset, got, text)
	}
}

func TestSchedulesInTheFile(t *testing.T) {
	t.Parallel()
	_, err := config.Parse("tributary.yaml", []byte("connections:\n  - name: a\n    connector: files\n    hours: night\n    zone: here\n    streams:\n      - {stream: flow, cron: sometimes, max_bad: 2, drift: loud, drift_fields: {f: no}}\n      - {stream: flow, cron: '@daily', every: 5m}\n"), config.References{})
	var problems config.Problems
	require.ErrorAs(t, err, &problems)
	var codes []string
	for _, p := range problems {
		codes = append(codes, p.Code)
		require.Positive(t, p.Line, p.Code)
		require.NotEmpty(t, p.Text("zh"))
	}
	require.Equal(t, []string{"config.hours", "config.zone", "config.cron", "config.share", "config.drift", "config.drift", "config.cron_and_every"}, codes)
}

func FuzzParseHours(f *testing.F) {
	f.Add("22:00-06:00")
	f.Fuzz(func(t *testing.T, text string) {
		if h, err := config.ParseHours(text); err == nil {
			at := time.Date(2025, 1, 1, 12, 0, 0, 0, time.UTC)
			require.False(t, h.Next(at).Before(at))
		}
	})
}

func FuzzParseCron(f *testing.F) {
	f.Add("30 2 * * *")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := config.ParseCron(text); err == nil {
			require.NotNil(t, s)
		}
	})
}
