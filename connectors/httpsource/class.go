package httpsource

import (
	"errors"
	"fmt"
	"time"

	"tributary/internal/errs"
)

// Class says what a failure calls for. Connectors map every code of their system to one class.
type Class string

// Classes of failures.
const (
	Retry         Class = "retry"          // passing trouble: again after a pause
	Throttle      Class = "throttle"       // too many calls: again after Wait, or a computed pause
	ReauthOnce    Class = "reauth_once"    // session or token is gone: make a new one, once per request
	RestartCursor Class = "restart_cursor" // the page locator died: read the window again
	StopUntil     Class = "stop_until"     // a quota is used up until Until
	Permanent     Class = "permanent"      // the same request would fail again
	Forbidden     Class = "forbidden"      // permanent, for lack of rights
	ConfigStop    Class = "config_stop"    // wrong credentials: no more tries on this connection
)

// Error is a failed call with its class. It never holds secrets or row data.
type Error struct {
	Class   Class
	Op      string        // what was being done, "query BD_Customer"
	Source  string        // name of the system
	Host    string        // host and port
	Status  int           // HTTP status, 0 when there was no answer
	Code    string        // the source's own code
	Message string        // the source's own words, shortened
	Wait    time.Duration // Throttle: pause the source asked for
	Until   time.Time     // StopUntil
	Kind    FailureKind   // what exactly failed, for the message
	Unsent  bool          // the call surely did not reach the system
	Cause   error
}

// FailureKind picks the message of an Error where the class alone says too little.
type FailureKind string

// Kinds of failures with a message of their own.
const (
	Plain       FailureKind = ""
	Unreachable FailureKind = "unreachable"
	Certificate FailureKind = "certificate"
	CircuitOpen FailureKind = "circuit_open"
	TooLarge    FailureKind = "too_large"
	NotJSON     FailureKind = "not_json"
	Shape       FailureKind = "shape"
)

// Error is the English text.
func (e *Error) Error() string { return e.user().Error() }

// Unwrap gives the message for people and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.user()}
	}
	return []error{e.user(), e.Cause}
}

// ClassOf is the class of an error of this package, or Permanent.
func ClassOf(err error) Class {
	var e *Error
	if errors.As(err, &e) {
		return e.Class
	}
	return Permanent
}

// Refused reports whether the source understood the call and turned it down: the thing asked for is not there. Failures of
// the connection or of the answer's form are no refusals.
func Refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Class == Permanent && e.Kind == Plain
}

func (e *Error) user() *errs.Error {
	kind, code := e.message()
	return errs.New(kind, code, errs.Args{
		"source": e.Source, "host": e.Host, "op": e.Op, "why": e.why(), "wait": e.Wait.String(),
		"until": e.Until.Format(time.RFC3339),
	})
}

func (e *Error) message() (errs.Kind, string) {
	switch e.Kind {
	case Unreachable:
		return errs.Unavailable, "connectors.unreachable"
	case Certificate:
		return errs.Unavailable, "connectors.certificate"
	case CircuitOpen:
		return errs.Unavailable, "connectors.circuit_open"
	case TooLarge:
		return errs.Unavailable, "connectors.too_large"
	case NotJSON:
		return errs.Unavailable, "connectors.not_json"
	case Shape:
		return errs.Unavailable, "connectors.shape"
	}
	switch e.Class {
	case Throttle:
		return errs.Unavailable, "connectors.throttled"
	case StopUntil:
		return errs.Unavailable, "connectors.quota"
	case ConfigStop:
		return errs.Invalid, "connectors.credentials"
	case Forbidden:
		return errs.Denied, "connectors.forbidden"
	case RestartCursor:
		return errs.Unavailable, "connectors.locator"
	case Retry, ReauthOnce:
		return errs.Unavailable, "connectors.failing"
	}
	return errs.Invalid, "connectors.refused"
}

func (e *Error) why() string {
	why := short(e.Message)
	if why == "" && e.Cause != nil {
		why = short(e.Cause.Error())
	}
	if e.Code != "" {
		why = fmt.Sprintf("code %s, %s", e.Code, why)
	}
	if e.Status != 0 && e.Status != 200 {
		why = fmt.Sprintf("HTTP %d, %s", e.Status, why)
	}
	return why
}

// short keeps messages readable: sources put whole stack traces into them.
func short(s string) string {
	runes := []rune(s)
	for i, r := range runes {
		if r == '\n' || r == '\r' || i == 200 {
			return string(runes[:i]) + " …"
		}
	}
	return s
}
