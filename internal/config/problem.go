package config

import (
	"fmt"
	"strings"

	"tributary/internal/errs"
)

// Problem is one thing wrong in a configuration file.
type Problem struct {
	File   string    `json:"file"`
	Line   int       `json:"line"`
	Column int       `json:"column"`
	Path   string    `json:"path"` // for example connections[0].settings
	Code   string    `json:"code"`
	Args   errs.Args `json:"args,omitempty"`
}

// Text renders the problem as file:line:column with its remedy.
func (p Problem) Text(lang string) string {
	where := p.File
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	return where + ": " + errs.New(errs.Invalid, p.Code, p.Args).Text(lang)
}

// Problems is the error of a configuration that cannot be used: everything wrong at once.
type Problems []Problem

func (ps Problems) Error() string { return ps.text("en") }

func (ps Problems) text(lang string) string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Text(lang)
	}
	return strings.Join(lines, "\n")
}

// AsError wraps the problems so that they carry kind and language like any user's mistake.
func (ps Problems) AsError() error {
	if len(ps) == 0 {
		return nil
	}
	return &errs.Error{Kind: errs.Invalid, Code: "config.broken", Err: localised{ps}, Args: errs.Args{"file": ps[0].File, "count": len(ps)}}
}

// localised lets errs render the list in the reader's language.
type localised struct{ Problems }

// In renders in a language.
func (l localised) In(lang string) string { return "\n" + l.text(lang) }

// Unwrap gives the list itself to errors.As.
func (l localised) Unwrap() error { return l.Problems }
