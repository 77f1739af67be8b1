package objectsource

import (
	"encoding/json"
	"time"

	"tributary/connectors/httpsource"
)

// Sliced reads windows from lists that come in pages by number. Such a list shrinks while it is read: a row that changes
// leaves the window and those behind it move up. So a window is read in slices of time: a slice with many rows is halved
// before it is read, and one whose number of rows changes while it is read is halved and begun again. Nothing is lost, some
// rows come twice.
type Sliced struct {
	Unit time.Duration // the shortest slice; times in filters are no finer
	// Ask asks for a page, from 1, of the rows that changed in a window. It may give rows of the edges beside them.
	Ask func(w httpsource.Window, page int) (NumberedPage, error)
}

// NumberedPage is a page of a list that comes in pages by number, as answered.
type NumberedPage struct {
	Page
	Pages, Total int // pages and rows that there are now
}

// crowded is how many pages of a slice are read without halving it first.
const crowded = 20

// Read reads the next page of a slice, or says which slice to read instead. Where rows move while a slice that cannot be
// halved is read, the error has the class RestartCursor.
func (s Sliced) Read(q Query) (Page, error) {
	if q.Window.To.IsZero() { // to see whether there is anything
		p, err := s.Ask(q.Window, 1)
		return p.Page, err
	}
	at, err := sliceOf(q.Window, q.Locator)
	if err != nil {
		return Page{}, err
	}
	p, err := s.Ask(httpsource.Window{From: at.From, To: at.To}, at.Page)
	if err != nil {
		return Page{}, err
	}
	moved := at.Total > 0 && at.Total != p.Total
	if half, can := at.half(s.Unit); can && (moved || at.Page == 1 && p.Total > crowded*q.Limit) {
		return Page{Raw: p.Raw, Next: half.text()}, nil
	}
	if moved {
		return Page{}, &httpsource.Error{Class: httpsource.RestartCursor, Message: "rows moved while the list was read"}
	}
	next, more := slice{From: at.From, To: at.To, Page: at.Page + 1, Total: p.Total}, true
	if at.Page >= p.Pages || len(p.Rows) == 0 {
		next, more = at.after(q.Window.To, s.Unit)
	}
	out := p.Page
	if out.End = !more; more {
		out.Next = next.text()
	}
	return out, nil
}

// slice is a part of a window, and the page of it to read next. It is kept as text.
type slice struct {
	From  time.Time `json:"from,omitzero"` // zero: the beginning of time
	To    time.Time `json:"to"`
	Page  int       `json:"page"`
	Total int       `json:"total,omitempty"` // rows of the slice as its first page said
}

// beginning is before the first row of any system; it only says where the beginning of time is halved.
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
func (s slice) half(unit time.Duration) (slice, bool) {
	length := (s.length() / 2).Truncate(unit)
	if length < unit {
		return s, false
	}
	return slice{From: s.From, To: s.To.Add(-s.length() + length), Page: 1}, true
}

// after is the slice behind this one, twice as long: slices shrink at once and grow again where there is little.
func (s slice) after(end time.Time, unit time.Duration) (slice, bool) {
	if !s.To.Before(end) {
		return s, false
	}
	to := end
	if length := 2 * max(s.length(), unit); s.To.Add(length).Before(end) {
		to = s.To.Add(length)
	}
	return slice{From: s.To, To: to, Page: 1}, true
}
