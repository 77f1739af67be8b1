package mapping

import (
	"slices"

	"tributary/canonical"
)

// schema is the fields a map can fill of one entity.
type schema struct {
	entity canonical.Entity
	make   func() any
	fields []field
	// finish turns the filled target into the canonical value and says what makes it unusable.
	finish func(target any, ledger canonical.Ledger) (any, []canonical.Issue)
}

// field is one canonical path. set converts the text, which is not empty, and reports what does not fit.
type field struct {
	path string
	many bool // takes every value it is given, not only one
	set  func(target any, text string) *canonical.Issue
}

func (s *schema) field(path string) (field, bool) {
	i := slices.IndexFunc(s.fields, func(f field) bool { return f.path == path })
	if i >= 0 {
		return s.fields[i], true
	}
	if s.entity == canonical.EntityCustomer {
		return customField(path)
	}
	return field{}, false
}

func schemaOf(e canonical.Entity) (*schema, bool) {
	s, ok := schemas()[e]
	return s, ok
}

// validator is what every canonical value can do.
type validator interface{ Validate() []canonical.Issue }

func validated(target any, _ canonical.Ledger) (any, []canonical.Issue) {
	return target, target.(validator).Validate()
}

func textField[T any](path string, at func(*T) *string) field {
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		if len(text) > canonical.MaxText {
			return issue("too_long", path, text)
		}
		*at(v.(*T)) = text
		return nil
	}}
}

func dateField[T any](path string, at func(*T) *canonical.Date) field {
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		d, err := parseDate(text)
		if err != nil {
			return issue("date", path, text)
		}
		*at(v.(*T)) = d
		return nil
	}}
}

func quantityField[T any](path string, at func(*T) *canonical.Quantity) field {
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		q, empty, err := parseQuantity(text)
		if err != nil {
			return issue("number", path, text)
		}
		if !empty {
			*at(v.(*T)) = q
		}
		return nil
	}}
}

func boolField[T any](path string, at func(*T) *bool) field {
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		b, ok := parseBool(text)
		if !ok {
			return issue("yes_no", path, text)
		}
		*at(v.(*T)) = b
		return nil
	}}
}

// wordField takes words of a code list.
func wordField[T any](path, list string, at func(*T) *string) field {
	return field{path: path, set: func(v any, text string) *canonical.Issue {
		word, ok := codeWord(list, text)
		if !ok {
			return issue("code", path, text)
		}
		*at(v.(*T)) = word
		return nil
	}}
}

// issue is one value that does not fit. Long values are cut: an issue is for reading.
func issue(rule, path, value string) *canonical.Issue {
	if r := []rune(value); len(r) > 60 {
		value = string(r[:60]) + "…"
	}
	return &canonical.Issue{Field: path, Rule: rule, Code: "mapping." + rule, Value: value}
}
