package quality

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// zone is that of working days and of times in texts: the rules are those of China.
var zone = time.FixedZone("+08:00", 8*3600)

// Span is a time limit: hours, days of 24 hours, or working days. The zero Span is "at once".
type Span struct {
	Hours       int
	WorkingDays int
}

// ParseSpan reads 24h, 3d, 10wd or 0.
func ParseSpan(text string) (Span, error) {
	bad := fmt.Errorf("%q is not a time limit: write 24h, 3d, 10wd or 0", text)
	digits := strings.TrimRight(text, "hdw")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n > 10_000 {
		return Span{}, bad
	}
	switch text[len(digits):] {
	case "h":
		return Span{Hours: n}, nil
	case "d":
		return Span{Hours: 24 * n}, nil
	case "wd":
		return Span{WorkingDays: n}, nil
	case "":
		if n == 0 {
			return Span{}, nil
		}
	}
	return Span{}, bad
}

// String is the form that ParseSpan reads.
func (s Span) String() string {
	switch {
	case s.WorkingDays > 0:
		return strconv.Itoa(s.WorkingDays) + "wd"
	case s.Hours > 0 && s.Hours%24 == 0:
		return strconv.Itoa(s.Hours/24) + "d"
	case s.Hours > 0:
		return strconv.Itoa(s.Hours) + "h"
	}
	return "0"
}

// UnmarshalText reads a span in a profile.
func (s *Span) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSpan(string(b))
	return err
}

// MarshalText writes the form that ParseSpan reads.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Calendar tells working days from others: Saturdays and Sundays are free unless listed as worked, and so are the listed
// holidays. Dates are yyyy-MM-dd at +08:00.
type Calendar struct {
	Holidays []string `yaml:"holidays"`
	Worked   []string `yaml:"worked"`
}

func (c *Calendar) works(day time.Time) bool {
	name := day.Format(time.DateOnly)
	for _, d := range c.Worked {
		if d == name {
			return true
		}
	}
	for _, d := range c.Holidays {
		if d == name {
			return false
		}
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// After is the moment a span ends that begins at a time. Working days are counted from the day after, the last one ending
// at midnight.
func (c *Calendar) After(t time.Time, s Span) time.Time {
	if s.WorkingDays == 0 {
		return t.Add(time.Duration(s.Hours) * time.Hour)
	}
	local := t.In(zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
	for left := s.WorkingDays; left > 0; {
		day = day.AddDate(0, 0, 1)
		if c.works(day) {
			left--
		}
	}
	return day.AddDate(0, 0, 1).UTC()
}
