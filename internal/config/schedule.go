package config

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Cron is a parsed cron expression: five fields (minute, hour, day of month, month, day of week) or @hourly, @daily,
// @weekly, @monthly.
type Cron = cron.Schedule

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// ParseCron reads a cron expression. One that never comes true is an error.
func ParseCron(text string) (Cron, error) {
	if strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ=") || strings.HasPrefix(text, "@every") {
		return nil, fmt.Errorf("time zones and @every do not belong here: use zone and every")
	}
	s, err := cronParser.Parse(text)
	if err != nil {
		return nil, err
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, fmt.Errorf("it never comes true")
	}
	return s, nil
}

// Hours is the part of the day in which a source may be asked, possibly over midnight. The zero value is the whole day.
type Hours struct {
	From, To time.Duration // since midnight
}

// ParseHours reads HH:MM-HH:MM; empty text is the whole day.
func ParseHours(text string) (Hours, error) {
	if text == "" {
		return Hours{}, nil
	}
	from, to, ok := strings.Cut(text, "-")
	a, errA := time.Parse("15:04", strings.TrimSpace(from))
	b, errB := time.Parse("15:04", strings.TrimSpace(to))
	if strings.TrimSpace(to) == "24:00" {
		b, errB = b.Truncate(24*time.Hour), nil
	}
	if !ok || errA != nil || errB != nil {
		return Hours{}, fmt.Errorf("%q is not a part of the day such as 22:00-06:00", text)
	}
	midnight := time.Date(a.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	h := Hours{a.Sub(midnight), b.Sub(midnight)}
	if strings.TrimSpace(to) == "24:00" {
		h.To = 24 * time.Hour
	}
	if h.From == h.To {
		return Hours{}, fmt.Errorf("%q is no time at all", text)
	}
	return h, nil
}

// Next is t when it lies within the hours, else the next time at which they begin.
func (h Hours) Next(t time.Time) time.Time {
	if h.From == h.To {
		return t
	}
	y, m, d := t.Date()
	at := func(days int, since time.Duration) time.Time { // by the wall clock: a day may have 23 hours
		return time.Date(y, m, d+days, int(since/time.Hour), int(since%time.Hour/time.Minute), 0, 0, t.Location())
	}
	from, to := at(0, h.From), at(0, h.To)
	if h.From < h.To {
		switch {
		case t.Before(from):
			return from
		case t.Before(to):
			return t
		}
		return at(1, h.From)
	}
	if t.Before(to) || !t.Before(from) {
		return t
	}
	return from
}

// ParseZone reads +08:00, -05:00, UTC or a name such as Asia/Shanghai; empty text is +08:00.
func ParseZone(text string) (*time.Location, error) {
	if text == "" {
		text = "+08:00"
	}
	if t, err := time.Parse("-07:00", text); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(text, offset), nil
	}
	if text == "Local" {
		return nil, fmt.Errorf("%q depends on the machine", text)
	}
	return time.LoadLocation(text)
}
