package quality_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tributary/canonical"
	"tributary/quality"
)

func on(t require.TestingT, text string) canonical.Date {
	d, err := canonical.ParseDate(text)
	require.NoError(t, err)
	return d
}

func TestDaysThatAreMissing(t *testing.T) {
	for _, c := range []struct {
		cadence     quality.Cadence
		last, today string
		missing     int
		level       int
	}{
		{quality.Daily, "2025-03-10", "2025-03-10", 0, 0},
		{quality.Daily, "2025-03-10", "2025-03-11", 0, 0}, // the day is not over
		{quality.Daily, "2025-03-10", "2025-03-13", 2, 0},
		{quality.Daily, "2025-03-10", "2025-03-14", 3, quality.SilenceWarn},
		{quality.Daily, "2025-03-10", "2025-03-16", 5, quality.SilenceAlarm},
		{quality.Weekly, "2025-03-10", "2025-03-17", 0, 0},
		{quality.Weekly, "2025-03-10", "2025-03-20", 3, quality.SilenceWarn},
		{quality.Monthly, "2025-02-17", "2025-03-31", 0, 0},
		{quality.Monthly, "2025-02-17", "2025-04-03", 3, quality.SilenceWarn},
		{quality.Monthly, "2024-12-31", "2025-02-05", 5, quality.SilenceAlarm},
		{quality.NoFeed, "2020-01-01", "2025-03-10", 0, 0},
	} {
		missing := c.cadence.Missing(on(t, c.last), on(t, c.today))
		require.Equal(t, c.missing, missing, "%+v", c)
		require.Equal(t, c.level, quality.SilenceLevel(missing), "%+v", c)
	}
	require.Zero(t, quality.Daily.Missing(canonical.NoDate, on(t, "2025-03-10")))
}

func TestReportsThatAreDue(t *testing.T) {
	first, last := on(t, "2025-03-01"), on(t, "2025-03-31")
	require.Equal(t, 31, quality.Daily.Periods(first, last))
	require.Equal(t, 6, quality.Weekly.Periods(first, last), "five Mondays, and the week in which the month begins")
	require.Equal(t, 1, quality.Monthly.Periods(first, last))
	require.Zero(t, quality.NoFeed.Periods(first, last))
	require.Zero(t, quality.Daily.Periods(last, first))
}

func TestARowIsLateAfterThreeDaysInChina(t *testing.T) {
	day := on(t, "2025-03-10")
	require.False(t, quality.Late(day, time.Date(2025, 3, 13, 15, 59, 0, 0, time.UTC)), "still the 13th at +08:00")
	require.True(t, quality.Late(day, time.Date(2025, 3, 13, 16, 0, 0, 0, time.UTC)))
	require.False(t, quality.Late(canonical.NoDate, time.Date(2025, 3, 20, 0, 0, 0, 0, time.UTC)))
}

// TestPartsMakeTheWhole: what parties have is summed exactly, and nothing but the whole is 100 %.
func TestPartsMakeTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all quality.Coverage
		var part, whole canonical.Quantity
		for range rapid.IntRange(0, 5).Draw(t, "parties") {
			w := canonical.Quantity(rapid.Int64Range(0, 1<<50).Draw(t, "whole"))
			p := canonical.Quantity(rapid.Int64Range(0, int64(w)).Draw(t, "part"))
			all.Add(quality.Coverage{Shipped: quality.Share{Numerator: p, Denominator: w}})
			part, whole = part+p, whole+w
		}
		all.Finish()
		require.Equal(t, part, all.Shipped.Numerator)
		require.Equal(t, whole, all.Shipped.Denominator)
		require.Equal(t, whole > 0 && part == whole, all.Shipped.Percent == "100")
		require.Equal(t, whole == 0, all.Shipped.Percent == "")
		require.Empty(t, all.Lots.Percent)
	})
}
