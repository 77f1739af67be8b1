package quality

import (
	"slices"
	"strings"

	"tributary/internal/errs"
)

// State is where a case stands.
type State string

// TransitionError says that a step is not allowed now, and which are.
type TransitionError struct {
	Case     string // its number
	From, To State
	Allowed  []State
	said     *errs.Error
}

func notAllowed(number string, from, to State, allowed []State) *TransitionError {
	code := "quality.not_next"
	if len(allowed) == 0 {
		code = "quality.final"
	}
	return &TransitionError{Case: number, From: from, To: to, Allowed: allowed,
		said: errs.New(errs.Invalid, code, errs.Args{"case": number, "from": from, "to": to, "allowed": listed(allowed)})}
}

// Error renders the English text.
func (e *TransitionError) Error() string { return e.said.Error() }

// Unwrap is the message with its catalogue code.
func (e *TransitionError) Unwrap() error { return e.said }

func listed[T ~string](values []T) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}

// lacking says that a step needs something that was not given; flag is how a command gives it.
func lacking(number string, to State, what, flag string) error {
	return errs.New(errs.Invalid, "quality.step_needs", errs.Args{"case": number, "to": to, "what": errs.Word("quality.need." + what), "flag": flag})
}

// oneOf checks a word of a closed list; "" passes.
func oneOf[T ~string](field string, value T, known []T) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	return errs.New(errs.Invalid, "quality.unknown_word", errs.Args{"field": field, "value": value, "known": listed(known)})
}

// Remark is something about a case that a person should look at. It stops nothing.
type Remark struct {
	Code    string    `json:"code"`
	Args    errs.Args `json:"args,omitempty"`
	Message string    `json:"message"` // in the reader's language; filled by who shows it
}

// Say fills the messages of remarks.
func Say(remarks []Remark, lang string) []Remark {
	out := make([]Remark, len(remarks))
	for i, r := range remarks {
		r.Message = errs.New(errs.Invalid, r.Code, r.Args).Text(lang)
		out[i] = r
	}
	return out
}
