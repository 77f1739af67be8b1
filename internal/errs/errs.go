// Package errs gives every failure a kind that code can branch on and a catalogue code that people can read.
//
// A user's mistake is an *Error with a code from the catalogue (catalog/*.yaml). The catalogue holds, in English and
// Chinese, what happened, and what to do next; Args fill its {placeholders}. Everything else is a plain wrapped error
// and counts as internal.
package errs

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what a caller can do about an error. The exit code and the HTTP status follow from it.
type Kind string

const (
	Invalid     Kind = "invalid"     // wrong input or configuration: the user mends it
	NotFound    Kind = "not_found"   // the thing named does not exist
	Conflict    Kind = "conflict"    // the state forbids it now
	Denied      Kind = "denied"      // the actor may not
	Unavailable Kind = "unavailable" // port, disk, database, broker or source cannot be reached
	Interrupted Kind = "interrupted" // stopped by a signal
	Internal    Kind = "internal"    // our own fault, or unknown
)

// Args fill the {placeholders} of a catalogue message. Values must not be personal data or secrets.
type Args map[string]any

// Word is an argument that is itself a message of the catalogue: it is shown in the reader's language.
type Word string

// In is the word in a language.
func (w Word) In(lang string) string { return Lookup(string(w)).In(lang).What }

// in is the arguments as a reader of the language sees them.
func (a Args) in(lang string) Args {
	out := make(Args, len(a))
	for name, v := range a {
		switch v := v.(type) {
		case Localised:
			out[name] = v.In(lang)
		case error:
			out[name] = textOf(v, lang)
		default:
			out[name] = v
		}
	}
	return out
}

// Error is a failure with a catalogue code. It is immutable after construction.
type Error struct {
	Kind Kind
	Code string
	Args Args
	Err  error // the cause, may be nil; shown after the message when the message has no {why} of its own
}

// New makes an error of a kind with a catalogue code.
func New(kind Kind, code string, args Args) *Error {
	return &Error{Kind: kind, Code: code, Args: args}
}

// Wrap is New with a cause.
func Wrap(kind Kind, code string, cause error, args Args) *Error {
	return &Error{Kind: kind, Code: code, Args: args, Err: cause}
}

// Error renders the English text.
func (e *Error) Error() string { return e.Text("en") }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Text renders the message in a language ("zh" or "en"): what happened, why, what to do next.
func (e *Error) Text(lang string) string {
	m := Lookup(e.Code).In(lang)
	args := e.Args.in(lang)
	text := Fill(m.What, args)
	if e.Err != nil {
		if _, own := e.Args["why"]; !own {
			text = strings.TrimRight(text, ".。") + ": " + textOf(e.Err, lang)
		}
	}
	if next := Fill(m.Next, args); next != "" {
		text += "\n  → " + next
	}
	return text
}

// Render gives the text of any error in a language. The wrapping texts around an *Error are kept in front of it.
func Render(err error, lang string) string {
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	return e.Text(lang)
}

// KindOf is the kind of the outermost *Error in the chain, or Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// CodeOf is the catalogue code of the outermost *Error in the chain, or "".
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Is reports whether err carries the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// Localised is a cause or an argument that can render itself in a language.
type Localised interface{ In(lang string) string }

func textOf(err error, lang string) string {
	if l, ok := err.(Localised); ok {
		return l.In(lang)
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Text(lang)
	}
	return fmt.Sprint(err)
}
