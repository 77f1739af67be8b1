package quality

import (
	"slices"
	"time"

	"tributary/canonical"
)

// Cadence is how often a ledger of a party is expected.
type Cadence string

// The cadences. NoFeed expects nothing.
const (
	Daily   Cadence = "daily"
	Weekly  Cadence = "weekly"
	Monthly Cadence = "monthly"
	NoFeed  Cadence = "none"
)

// Cadences are the words of how often a ledger is expected.
var Cadences = []Cadence{Daily, Weekly, Monthly, NoFeed}

// SilenceReasons are the codes of why a feed is silent.
var SilenceReasons = []string{"not_started", "erp_changed", "no_sales", "link_cancelled", "server", "ftp_mistake", "refuses_daily", "monthly_only", "other"}

// Days of silence that make a finding, and a worse one.
const (
	SilenceWarn  = 3
	SilenceAlarm = 5
)

// Due is the business date by which the next rows of a feed should reach: the day after the last one, a week after, or the
// end of the next month.
func (c Cadence) Due(last canonical.Date) canonical.Date {
	switch c {
	case Weekly:
		return last.AddDays(7)
	case Monthly:
		_, end, err := canonical.MonthSpan(canonical.NextMonth(last.Month()))
		if err != nil {
			return canonical.NoDate
		}
		return end
	case NoFeed:
		return canonical.NoDate
	}
	return last.AddDays(1)
}

// Missing is for how many days data have been due that have not come. Those of a day are due when it is over.
func (c Cadence) Missing(last, today canonical.Date) int {
	due := c.Due(last)
	if last.IsZero() || due.IsZero() || today <= due {
		return 0
	}
	return int(today - due)
}

// Periods is how many reports a cadence expects for the days from first to last.
func (c Cadence) Periods(first, last canonical.Date) int {
	if first > last {
		return 0
	}
	seen := map[canonical.Date]bool{}
	for d := first; d <= last; d++ {
		seen[c.Period(d)] = true
	}
	delete(seen, canonical.NoDate)
	return len(seen)
}

// Period names the report that a date belongs to by a day of it; NoDate when none is expected.
func (c Cadence) Period(d canonical.Date) canonical.Date {
	switch c {
	case Weekly:
		return d - canonical.Date((int(d.Time().Weekday())+6)%7) // the Monday
	case Monthly:
		first, _, err := canonical.MonthSpan(d.Month())
		if err != nil {
			return canonical.NoDate
		}
		return first
	case NoFeed:
		return canonical.NoDate
	}
	return d
}

// SilenceLevel is the finding that so many missing days make: 0, SilenceWarn or SilenceAlarm.
func SilenceLevel(missing int) int {
	switch {
	case missing >= SilenceAlarm:
		return SilenceAlarm
	case missing >= SilenceWarn:
		return SilenceWarn
	}
	return 0
}

// LateAfter is after how many days a row that comes in is late.
const LateAfter = 3

// Late reports whether a row of a business date came in late.
func Late(date canonical.Date, came time.Time) bool {
	return !date.IsZero() && canonical.DateOf(came.In(zone))-date > LateAfter
}

// Known reports whether a word is one of those that are known.
func Known[T comparable](word T, words []T) bool { return slices.Contains(words, word) }
