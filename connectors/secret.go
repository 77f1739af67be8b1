package connectors

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret holds a password, key or token. It has no printing form: every way of turning it into text shows a mark, so it
// cannot reach a log, an error, a position or an export by accident. Only Reveal gives the value.
//
// The value lies behind a pointer: fmt calls no methods on unexported fields, and would show a plain text there.
type Secret struct{ value *string }

const secretMark = "[secret]"

// NewSecret wraps a value.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal is the value itself, for the one place that sends it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.value == nil }

func (s Secret) mark() string {
	if s.value == nil {
		return ""
	}
	return secretMark
}

// String shows a mark, never the value.
func (s Secret) String() string { return s.mark() }

// GoString shows a mark, never the value.
func (s Secret) GoString() string { return s.mark() }

// Format shows a mark whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.mark()) }

// MarshalText shows a mark; JSON uses it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.mark()), nil }

// MarshalJSON shows a mark, never the value.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.mark() + `"`), nil }

// MarshalYAML shows a mark, never the value.
func (s Secret) MarshalYAML() ([]byte, error) { return s.MarshalJSON() }

// LogValue shows a mark in structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.mark()) }
