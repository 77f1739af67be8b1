package yonyou

import (
	"encoding/json"
	"time"

	"tributary/connectors/httpsource"
)

// slice is a part of a window, and the page of it to read next. It is kept as text.
type slice struct {
	From  time.Time `json:"from,omitzero"` // zero: the beginning of time
	To    time.Time `json:"to"`
	Page  int       `json:"page"`
	Total int       `json:"total,omitempty"` // rows of the slice as its first page said
}

// unit is the shortest slice: times have whole seconds.
const unit = time.Second

// beginning is before the first row of any tenant; it only says where the beginning of time is halved.
var beginning = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

// sliceOf reads a slice that an earlier page gave; no text is the whole window.
func sliceOf(w httpsource.Window, locator string) (slice, error) {
	if locator == "" {
		return slice{From: w.From, To: w.To, Page: 1}, nil
	}
	var s slice
	err := json.Unmarshal([]byte(locator), &s)
	if err != nil || s.Page < 1 || s.To.After(w.To) || s.From.Before(w.From) {
		return s, &httpsource.Error{Class: httpsource.RestartCursor, Message: "a place of another window"}
	}
	return s, nil
}

func (s slice) text() string {
	b, err := json.Marshal(s)
	if err != nil { // years beyond 9999 only
		return ""
	}
	return string(b)
}

func (s slice) length() time.Duration {
	from := s.From
	if from.Before(beginning) {
		from = beginning
	}
	return s.To.Sub(from)
}

// half is the first half of a slice, from its first page; false: it cannot be halved.
func (s slice) half() (slice, bool) {
	length := (s.length() / 2).Truncate(unit)
	if length < unit {
		return s, false
	}
	return slice{From: s.From, To: s.To.Add(-s.length() + length), Page: 1}, true
}

// after is the slice behind this one, twice as long: slices shrink at once and grow again where there is little.
func (s slice) after(end time.Time) (slice, bool) {
	if !s.To.Before(end) {
		return s, false
	}
	to := end
	if length := 2 * max(s.length(), unit); s.To.Add(length).Before(end) {
		to = s.To.Add(length)
	}
	return slice{From: s.To, To: to, Page: 1}, true
}
