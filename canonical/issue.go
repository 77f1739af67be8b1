package canonical

import (
	"cmp"
	"slices"

	"tributary/internal/errs"
)

// Issue is one thing wrong with one field of one row. It is data a person acts on, not an error to propagate.
type Issue struct {
	Field string `json:"field"`
	Rule  string `json:"rule"` // stable name: required, date, number, code, …
	Code  string `json:"code"` // message code of the catalogue
	Value string `json:"value,omitempty"`
	Why   string `json:"why,omitempty"`
}

// Required is the issue of an empty required field.
func Required(field string) Issue {
	return Issue{Field: field, Rule: "required", Code: "canonical.required"}
}

// Invalid is the issue of a value that does not fit its field.
func Invalid(field, value, why string) Issue {
	return Issue{Field: field, Rule: "invalid", Code: "canonical.invalid", Value: value, Why: why}
}

// Text renders the issue with its remedy in a language.
func (i Issue) Text(lang string) string {
	return errs.New(errs.Invalid, i.Code, errs.Args{"field": i.Field, "value": i.Value, "why": i.Why}).Text(lang)
}

// SortIssues orders issues by field, so that reports do not depend on map order.
func SortIssues(issues []Issue) {
	slices.SortFunc(issues, func(a, b Issue) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code)) })
}
