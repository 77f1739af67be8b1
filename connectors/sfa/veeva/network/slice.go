package network

import (
	"encoding/json"
	"time"

	"tributary/connectors/httpsource"
)

// unit is the shortest slice: times have milliseconds.
const unit = time.Millisecond

// beginning is before the first record of any instance; it only says where the beginning of time is halved.
var beginning = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

// slice is a part of a window, and the place in it. It is kept as text. Whether the end of a range belongs to it is not documented: a
// record met there shows that it does, and the next slice begins behind it.
type slice struct {
	From   time.Time `json:"from,omitzero"` // zero: the beginning of time
	To     time.Time `json:"to"`
	Offset int       `json:"offset,omitempty"`
	Anchor string    `json:"anchor,omitempty"` // the record at the offset, read before
	Again  int       `json:"again,omitempty"`  // how often the slice was begun anew
	Met    bool      `json:"met,omitempty"`    // a record of the end itself was read
}

// sliceOf reads a slice that an earlier page gave; no text is the whole window.
func sliceOf(w httpsource.Window, locator string) (slice, error) {
	if locator == "" {
		return slice{From: w.From, To: w.To}, nil
	}
	var s slice
	err := json.Unmarshal([]byte(locator), &s)
	if err != nil || s.Offset < 0 || s.To.After(w.To) || s.From.Before(w.From) {
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

// start is where the slice begins for arithmetic and for the search.
func (s slice) start() time.Time {
	if s.From.Before(beginning) {
		return beginning
	}
	return s.From
}

// half is the first half of a slice; false: it cannot be halved.
func (s slice) half() (slice, bool) {
	length := (s.To.Sub(s.start()) / 2).Truncate(unit)
	if length < unit {
		return s, false
	}
	return slice{From: s.From, To: s.start().Add(length)}, true
}

// after is the slice behind this one, twice as long: slices shrink at once and grow again where there is little.
func (s slice) after(end time.Time) (slice, bool) {
	from := s.To
	if s.Met {
		from = from.Add(unit)
	}
	if !from.Before(end) {
		return s, false
	}
	to := end
	if length := 2 * max(s.To.Sub(s.start()), unit); from.Add(length).Before(end) {
		to = from.Add(length)
	}
	return slice{From: from, To: to}, true
}
