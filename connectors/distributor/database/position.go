package database

import (
	"encoding/json"
	"strconv"
	"time"

	"tributary/connectors"
	"tributary/internal/errs"
)

// position is how far a stream was read. Times are texts on the database's own clock. Between runs only Done is set;
// inside a run the window and the last row of it.
type position struct {
	V        int    `json:"v"`
	Cursor   string `json:"cursor"`         // the column that Done is of: another one needs a decision
	Done     string `json:"done,omitempty"` // everything before this time was read
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	At       string `json:"at,omitempty"`
	ID       string `json:"id,omitempty"`
	Numbered bool   `json:"numbered,omitempty"` // ID is a number
	Window   bool   `json:"window,omitempty"`   // a backfill of From to To, and nothing after it
}

const (
	positionVersion = 1
	clockLayout     = "2006-01-02 15:04:05"
)

// decodePosition refuses what it does not understand: starting over in silence would hide a lost or newer state.
func decodePosition(raw json.RawMessage) (position, error) {
	p := position{V: positionVersion}
	if len(raw) == 0 || string(raw) == "null" {
		return p, nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return p, errs.New(errs.Invalid, "connectors.position", nil)
	}
	if p.V > positionVersion {
		return p, errs.New(errs.Invalid, "connectors.position_newer", errs.Args{"version": p.V})
	}
	for _, t := range []string{p.Done, p.From, p.To} {
		if _, err := parseClock(t); err != nil {
			return p, errs.New(errs.Invalid, "connectors.position", nil)
		}
	}
	if p.V != positionVersion || p.ID != "" && (p.At == "" || p.To == "") || p.Window && (p.From == "" || p.To == "") {
		return p, errs.New(errs.Invalid, "connectors.position", nil)
	}
	return p, nil
}

func (p position) encode() (json.RawMessage, error) {
	out, err := json.Marshal(p)
	if err == nil && len(out) > connectors.MaxPosition {
		return nil, errs.New(errs.Invalid, "database.long_id", nil)
	}
	return out, err
}

// page is the window of the next page.
func (p position) page() window {
	w := window{from: p.From, to: p.To}
	if p.ID != "" {
		w.at, w.id = p.At, p.ID
		if len(w.at) == len(time.DateOnly) {
			w.at += " 00:00:00"
		}
		if n, err := strconv.ParseInt(p.ID, 10, 64); err == nil && p.Numbered {
			w.id = n
		}
	}
	return w
}

// parseClock reads a time of a position; "" is none.
func parseClock(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(clockLayout, text)
}
