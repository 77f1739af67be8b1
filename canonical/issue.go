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

	WhyCode string            `json:"why_code,omitempty"` // message that says why, where it has words in both languages
	Args    map[string]string `json:"args,omitempty"`     // of the message, besides the above
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
	args := errs.Args{"field": i.Field, "value": i.Value, "why": i.Why}
	if i.WhyCode != "" {
		args["why"] = errs.Word(i.WhyCode)
	}
	for name, text := range i.Args {
		args[name] = text
	}
	return errs.New(errs.Invalid, i.Code, args).Text(lang)
}

// SortIssues orders issues by field, so that reports do not depend on map order.
func SortIssues(issues []Issue) {
	slices.SortFunc(issues, func(a, b Issue) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Code, b.Code)) })
}
