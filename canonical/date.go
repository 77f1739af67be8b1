package canonical

import (
	"fmt"
	"time"
)

// Date is a business date without time or zone: a day number with 0001-01-01 = 1, so the zero Date is unset.
type Date int32

// NoDate is the unset date. It sorts before every real date.
const NoDate Date = 0

// epochDay is the day number of 1970-01-01.
const epochDay = 719163

// NewDate makes a date; day overflow is refused.
func NewDate(year, month, day int) (Date, error) {
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Year() != year || int(t.Month()) != month || t.Day() != day || year < 1 || year > 9999 {
		return NoDate, fmt.Errorf("%04d-%02d-%02d does not exist in the calendar", year, month, day)
	}
	return DateOf(t), nil
}

// DateOf is the calendar date of t in t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400 + epochDay)
}

// ParseDate reads yyyy-MM-dd; empty text is NoDate.
func ParseDate(s string) (Date, error) {
	if s == "" {
		return NoDate, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return NoDate, fmt.Errorf("%q is not a date (yyyy-MM-dd)", s)
	}
	return DateOf(t), nil
}

// IsZero reports whether the date is unset.
func (d Date) IsZero() bool { return d == NoDate }

// Time is midnight UTC of the date; the zero time when unset.
func (d Date) Time() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Unix((int64(d)-epochDay)*86400, 0).UTC()
}

// AddDays moves the date; NoDate stays.
func (d Date) AddDays(n int) Date {
	if d.IsZero() {
		return d
	}
	return d + Date(n)
}

// Month is "yyyy-MM", empty when unset.
func (d Date) Month() string {
	if d.IsZero() {
		return ""
	}
	return d.Time().Format("2006-01")
}

// String is yyyy-MM-dd, empty when unset.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalJSON writes "yyyy-MM-dd" or null.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + d.String() + `"`), nil
}

// UnmarshalJSON reads "yyyy-MM-dd", "" or null.
func (d *Date) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" || s == `""` {
		*d = NoDate
		return nil
	}
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return fmt.Errorf("%s is not a date", s)
	}
	p, err := ParseDate(s[1 : len(s)-1])
	*d = p
	return err
}
