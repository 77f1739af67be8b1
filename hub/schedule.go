package hub

import (
	"time"

	"tributary/internal/config"
	"tributary/internal/errs"
)

// schedule says when a stream is next pulled.
type schedule struct {
	every time.Duration
	cron  config.Cron // instead of every
	hours config.Hours
	zone  *time.Location
}

// Pauses after a failed pull; they double from the first to the last.
const (
	firstRetry = 30 * time.Second
	lastRetry  = time.Hour
)

// scheduleOf reads the schedule of a stream; the configuration has been checked.
func scheduleOf(c config.Connection, stream string) (schedule, error) {
	out := schedule{every: defaultEvery}
	var err error
	if out.hours, err = config.ParseHours(c.Hours); err != nil {
		return out, err
	}
	if out.zone, err = config.ParseZone(c.Zone); err != nil {
		return out, err
	}
	for _, s := range c.Streams {
		if s.Stream != stream {
			continue
		}
		if s.Every > 0 {
			out.every = time.Duration(s.Every)
		}
		if s.Cron != "" {
			out.cron, err = config.ParseCron(s.Cron)
		}
	}
	return out, err
}

// first is when the stream is pulled after the service starts: at once, or when its schedule by the clock says.
func (s schedule) first(now time.Time) time.Time {
	if s.cron != nil {
		return s.regular(now, 0)
	}
	return s.open(now)
}

// next is when the stream is pulled after a pull that ended now. random is in [0,1): a tenth of the pause at random keeps
// the connections of many hubs from asking at the same moment. After failures that may pass the stream does not wait a
// whole turn; after those that need a person it does, for repeated logins with a wrong password lock accounts.
func (s schedule) next(now time.Time, failures int, err error, random float64) time.Time {
	next := s.regular(now, random)
	if failures > 0 && errs.KindOf(err) != errs.Invalid && errs.KindOf(err) != errs.Denied {
		pause := firstRetry
		for range min(failures-1, 10) {
			pause = min(2*pause, lastRetry)
		}
		if again := now.Add(pause - time.Duration(random*float64(pause)/4)); again.Before(next) {
			next = again
		}
	}
	return s.open(next)
}

// regular is the next turn. Turns by the clock begin up to a minute late instead of early.
func (s schedule) regular(now time.Time, random float64) time.Time {
	if s.cron != nil {
		return s.cron.Next(now.In(s.zone)).Add(time.Duration(random * float64(time.Minute)))
	}
	return now.Add(s.every - time.Duration(random*float64(s.every)/10))
}

// open moves a time into the hours in which the source may be asked.
func (s schedule) open(t time.Time) time.Time { return s.hours.Next(t.In(s.zone)) }
