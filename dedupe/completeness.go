package dedupe

import (
	"slices"

	"tributary/canonical"
)

// Completeness says how much of what is expected of a customer is known: 0 to 100, in whole per cent rounded down.
type Completeness struct {
	Total  int            `json:"total"`
	Groups map[string]int `json:"groups"`
}

// expected lists, per type, the attributes a complete profile has; one of several in a group of alternatives suffices.
// Attributes only some customers can have (former names, tags, a campaign's result) are not expected.
var expected = map[Type]map[string][][]string{
	Organisation: {
		"basic":       {{"name"}, {"kind"}, {"legal_representative", "person_in_charge"}},
		"identifiers": {{"uscc"}, {"licence_no", "institution_code"}},
		"address":     {{"address"}, {"phones"}, {"contact_name", "emails"}},
		"potential":   {{"tier"}},
		"cooperation": {{"cooperation"}},
	},
	Professional: {
		"basic":       {{"name"}, {"organisation", "organisation_id"}, {"department"}, {"title", "admin_title"}, {"specialty"}, {"gender"}},
		"identifiers": {{"practice_certificate", "qualification_certificate", "national_id"}},
		"address":     {{"phones", "wechat"}, {"emails"}},
		"potential":   {{"tier"}},
		"cooperation": {{"cooperation"}},
	},
	Person: {
		"basic":       {{"name"}, {"gender"}, {"birth_date"}},
		"identifiers": {{"national_id"}},
		"address":     {{"phones", "wechat"}, {"address", "home_address"}},
	},
}

// Complete measures a customer. The total weighs every expected attribute alike. A pharmacy or hospital and a company
// are measured by one list; an unknown kind counts as missing.
func Complete(c *canonical.Customer) Completeness {
	out := Completeness{Groups: map[string]int{}}
	all, have := 0, 0
	for group, items := range expected[TypeOf(c.Kind)] {
		n := 0
		for _, alternatives := range items {
			if anySet(c, alternatives) {
				n++
			}
		}
		out.Groups[group] = 100 * n / len(items)
		all, have = all+len(items), have+n
	}
	if all > 0 {
		out.Total = 100 * have / all
	}
	return out
}

// Expected lists the attributes that a complete profile of a kind has, alternatives by the first, in a fixed order.
func Expected(kind canonical.CustomerKind) []string {
	var out []string
	for _, items := range expected[TypeOf(kind)] {
		for _, alternatives := range items {
			out = append(out, alternatives[0])
		}
	}
	slices.Sort(out)
	return out
}

// Missing lists what Expected names and the customer lacks: none of the alternatives is set.
func Missing(c *canonical.Customer) []string {
	var out []string
	for _, items := range expected[TypeOf(c.Kind)] {
		for _, alternatives := range items {
			if !anySet(c, alternatives) {
				out = append(out, alternatives[0])
			}
		}
	}
	slices.Sort(out)
	return out
}

func anySet(c *canonical.Customer, names []string) bool {
	for _, name := range names {
		if name == "kind" && c.Kind == canonical.UnknownParty {
			continue
		}
		if a, ok := canonical.CustomerAttribute(name); ok && a.IsSet(c) {
			return true
		}
	}
	return false
}
