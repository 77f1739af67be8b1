package epcis

import (
	"strings"

	"tributary/internal/errs"
)

// Issue is one thing that is wrong with a document or an event.
type Issue struct {
	Pointer string // JSON Pointer from the root of the document
	Code    string // of the catalogue: epcis.…
	Args    errs.Args
}

// Text says what is wrong and what to do, in a language.
func (i Issue) Text(lang string) string { return errs.New(errs.Invalid, i.Code, i.Args).Text(lang) }

// Issues are the faults of a document, readable as one cause.
type Issues []Issue

// In lists them in a language, a line each.
func (l Issues) In(lang string) string {
	var out strings.Builder
	for _, i := range l {
		at := i.Pointer
		if at == "" {
			at = "#" // the whole document
		}
		out.WriteString("\n  " + at + ": " + strings.ReplaceAll(i.Text(lang), "\n ", ""))
	}
	return out.String()
}

// place is where the checker stands in a document.
type place struct {
	pointer string
	issues  *Issues
}

func (p place) at(step string) place {
	return place{p.pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(step), p.issues}
}

func (p place) report(code string, args errs.Args) {
	*p.issues = append(*p.issues, Issue{p.pointer, code, args})
}
