package httpsource

import (
	"errors"

	"tributary/connectors"
)

// PushError says what a call that failed left behind in the system. A request for it is made with Once.
func PushError(err error) error {
	if err == nil {
		return nil
	}
	out := &connectors.PushError{Outcome: connectors.Undecided, Err: err}
	var e *Error
	if !errors.As(err, &e) {
		return out
	}
	switch {
	case e.Class == ConfigStop:
		out.Outcome = connectors.Stopped
	case e.Class == Throttle, e.Class == StopUntil, e.Unsent:
		out.Outcome, out.Wait = connectors.Unsent, e.Wait
	case e.Class == Forbidden, Refused(e):
		out.Outcome = connectors.Refused
	}
	return out
}

// NotBegun marks a failure on the way to a write, as of a login or a token: nothing was written. What was refused, and wrong
// credentials, stay what they are.
func NotBegun(err error) error {
	var e *Error
	if errors.As(err, &e) && !Refused(e) && e.Class != Forbidden {
		e.Unsent = true
	}
	return err
}
