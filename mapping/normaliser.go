package mapping

import (
	"maps"
	"slices"

	"tributary/normalize"
)

// normaliser rewrites a text before it reaches its field; a field of several values becomes several texts.
type normaliser func(text string) (out []string, ok bool)

// normalisers are the names that a map's `normalise:` may use. Dates, quantities and lots need none: their fields
// normalise by themselves.
var normalisers = map[string]normaliser{
	"text":     one(normalize.Text),
	"fold":     one(normalize.Fold),
	"lot":      one(func(s string) string { lot, _ := normalize.Lot(s); return lot }),
	"unit":     one(func(s string) string { word, _ := normalize.Unit(s); return word }),
	"list":     func(s string) ([]string, bool) { return splitList(s), true },
	"phone":    phones,
	"uscc":     checked(normalize.USCC),
	"resident": checked(normalize.ResidentID),
	"date": func(s string) ([]string, bool) {
		d, err := parseDate(s)
		if err != nil || d.IsZero() {
			return nil, err == nil
		}
		return []string{d.String()}, true
	},
	"quantity": func(s string) ([]string, bool) {
		q, empty, err := parseQuantity(s)
		if err != nil || empty {
			return nil, err == nil
		}
		return []string{q.String()}, true
	},
}

func normaliserNames() []string { return slices.Sorted(maps.Keys(normalisers)) }

func one(f func(string) string) normaliser {
	return func(s string) ([]string, bool) {
		if out := f(s); out != "" {
			return []string{out}, true
		}
		return nil, true
	}
}

// checked writes a valid identifier in its usual form and leaves any other as it came: it is evidence, though not a key.
func checked(f func(string) normalize.ID) normaliser {
	return func(s string) ([]string, bool) {
		if id := f(s); id.Valid && !id.Repaired {
			return []string{id.Value}, true
		}
		return []string{s}, true
	}
}

func phones(s string) ([]string, bool) {
	var out []string
	for _, p := range normalize.Phones(s, "") {
		out = append(out, p.String())
	}
	return out, true
}
