package httpsource

import (
	"encoding/json"
	"time"

	"tributary/internal/errs"
)

// Walk leads a run over half-open time windows, each read in key order. Inside a window the key alone decides what comes
// next, so any number of rows may share one time; a row that is updated meanwhile leaves the window and comes back in the
// next one, which begins overlap before the last one's end to catch rows committed late.
//
// The upper bound is fixed when the walk is opened. A walk opened in the middle of a window finishes that window first.
// A source whose clock was set back stamps once more times that were read already: the next window begins as much earlier.
type Walk struct {
	pos     position
	upper   time.Time
	ahead   time.Duration
	overlap time.Duration
	ended   bool
}

// Window is what to read now: rows with From ≤ time < To and key > After. A zero From is the beginning of time, an empty
// After the first key.
type Window struct {
	From, To time.Time
	After    string
}

// position is the stored form of a walk.
type position struct {
	V    int       `json:"v"`
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
	Key  string    `json:"key,omitempty"`
	Done bool      `json:"done,omitempty"` // the window is read to its end
	Only bool      `json:"only,omitempty"` // a backfill: nothing follows the window
	// Ahead is how far the source's clock was ahead of ours when To was fixed, Back how far it was set back since then at
	// most, in seconds: it may be right again before the window is read to its end.
	Ahead int64 `json:"ahead,omitempty"`
	Back  int64 `json:"back,omitempty"`
}

const positionVersion = 1

// OpenWalk continues from a stored position, nil for the beginning, up to the upper bound, which is a time of the source's
// clock; ahead is how far that clock is ahead of ours.
func OpenWalk(raw json.RawMessage, upper time.Time, ahead, overlap time.Duration) (*Walk, error) {
	w := &Walk{upper: upper.UTC(), ahead: ahead.Round(time.Second), overlap: overlap}
	if len(raw) == 0 || string(raw) == "null" {
		w.pos = position{V: positionVersion, To: w.upper, Ahead: int64(w.ahead / time.Second)}
		return w, nil
	}
	if err := Decode(raw, &w.pos); err != nil || w.pos.V < 1 || w.pos.To.IsZero() {
		return nil, errs.New(errs.Invalid, "connectors.position", nil)
	}
	if w.pos.V > positionVersion {
		return nil, errs.New(errs.Invalid, "connectors.position_newer", errs.Args{"version": w.pos.V})
	}
	w.pos.Back = max(w.pos.Back, w.pos.Ahead-int64(w.ahead/time.Second))
	if w.pos.Done {
		w.next(w.pos.Only)
	}
	return w, nil
}

// Backfill is the position of a walk that reads one window only.
func Backfill(from, to time.Time) (json.RawMessage, error) {
	if !from.Before(to) {
		return nil, errs.New(errs.Invalid, "connectors.window", errs.Args{"from": from.Format(time.RFC3339), "to": to.Format(time.RFC3339)})
	}
	return encode(position{V: positionVersion, From: from.UTC(), To: to.UTC(), Only: true}), nil
}

// Window is the window to read from, false when the walk is over.
func (w *Walk) Window() (Window, bool) {
	return Window{From: w.pos.From, To: w.pos.To, After: w.pos.Key}, !w.ended
}

// Read notes that everything up to the key is read.
func (w *Walk) Read(key string) { w.pos.Key = key }

// Finish notes that the window is read to its end, and moves on. It returns the position after the window.
func (w *Walk) Finish() json.RawMessage {
	w.pos.Done, w.pos.Key = true, ""
	done := encode(w.pos)
	w.next(w.pos.Only || !w.pos.To.Before(w.upper))
	return done
}

// Position is the stored form of what is read so far.
func (w *Walk) Position() json.RawMessage { return encode(w.pos) }

func (w *Walk) next(end bool) {
	if end {
		w.ended = true
		return
	}
	from := w.pos.To.Add(-time.Duration(w.pos.Back) * time.Second)
	to := w.upper
	if to.Before(from) {
		to = from // set back between two answers: a window must not end before it begins
	}
	w.pos = position{V: positionVersion, From: from.Add(-w.overlap), To: to, Ahead: int64(w.ahead / time.Second)}
}

func encode(p position) json.RawMessage {
	b, err := json.Marshal(p)
	if err != nil { // times outside year 0..9999 only
		return nil
	}
	return b
}
