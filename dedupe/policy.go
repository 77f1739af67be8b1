package dedupe

import (
	"cmp"
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/normalize"
)

// SurvivalRule is how the value of an attribute is chosen.
type SurvivalRule string

// The rules. Whatever the rule, a value that passes its check beats one that does not, and ties go to the more trusted
// source, then to the more recent record, then to the smallest key.
const (
	Trusted  SurvivalRule = "trust"    // the most trusted source that has a value
	Recent   SurvivalRule = "recent"   // the most recently updated record
	Frequent SurvivalRule = "frequent" // the value most records have
	Longest  SurvivalRule = "longest"  // the longest value
	Oldest   SurvivalRule = "oldest"   // the least recently updated record
	Union    SurvivalRule = "union"    // all values of a list
	follows               = "follow:"  // prefix: the source that won another attribute
)

// Follow is the rule "from the record that won the other attribute", so that halves of two sources never mix.
func Follow(attribute string) SurvivalRule { return SurvivalRule(follows + attribute) }

// Policy says which rule serves which attribute.
type Policy struct {
	Default    SurvivalRule
	Attributes map[string]SurvivalRule
	// Trust overrides the trust of a source for one attribute: attribute → source → trust.
	Trust map[string]map[string]int
}

// DefaultPolicy trusts sources, takes the most recent of values that go stale, and unites lists.
func DefaultPolicy() *Policy {
	return &Policy{Default: Trusted, Attributes: map[string]SurvivalRule{
		"department": Recent, "title": Recent, "admin_title": Recent, "level": Recent,
		"organisation": Recent, "organisation_id": Follow("organisation"),
		"tier": Recent, "yearly_outpatients": Recent, "yearly_prescriptions": Recent, "influence": Recent, "standing": Recent,
		"reviewed_on": Recent, "cooperation": Recent, "satisfaction": Recent, "feedback": Recent,
		"cooperating_since": Oldest, "gender": Frequent, "birth_date": Frequent,
	}}
}

func (p *Policy) ruleOf(a canonical.Attribute) SurvivalRule {
	if r, ok := p.Attributes[a.Name]; ok {
		return r
	}
	if united(a) {
		return Union
	}
	return cmp.Or(p.Default, Trusted)
}

// choose picks among the members that have the attribute and names the rule that decided.
func (s *survival) choose(a canonical.Attribute, rule SurvivalRule, having []int) (int, string) {
	candidates := having
	decided := string(rule)
	if good := slices.DeleteFunc(slices.Clone(having), func(i int) bool { return !passes(a.Name, a.Text(&s.members[i].Customer)) }); len(good) > 0 && len(good) < len(having) {
		candidates, decided = good, "valid"
	}
	if other, ok := strings.CutPrefix(string(rule), follows); ok {
		if i, known := s.winner[other]; known && slices.Contains(candidates, i) {
			return i, string(rule)
		}
		rule = Trusted
	}
	// Specific kinds say more than "unknown", whichever source they come from.
	if a.Name == "kind" {
		if known := slices.DeleteFunc(slices.Clone(candidates), func(i int) bool { return s.members[i].Customer.Kind == canonical.UnknownParty }); len(known) > 0 {
			candidates = known
		}
	}
	order := s.order(a, rule)
	return slices.MinFunc(candidates, func(i, j int) int { return cmp.Or(order(i, j), s.trust(a.Name, i, j), cmp.Compare(i, j)) }), decided
}

func (s *survival) trust(attribute string, i, j int) int {
	of := func(m *Member) int {
		if t, ok := s.policy.Trust[attribute][m.Key.Source]; ok {
			return t
		}
		return m.Trust
	}
	return cmp.Compare(of(&s.members[j]), of(&s.members[i]))
}

// order compares two members by a rule; the better one is smaller.
func (s *survival) order(a canonical.Attribute, rule SurvivalRule) func(i, j int) int {
	switch rule {
	case Recent:
		return func(i, j int) int { return s.members[j].Updated.Compare(s.members[i].Updated) }
	case Oldest:
		return func(i, j int) int { return s.members[i].Updated.Compare(s.members[j].Updated) }
	case Longest:
		return func(i, j int) int {
			return cmp.Compare(len([]rune(a.Text(&s.members[j].Customer))), len([]rune(a.Text(&s.members[i].Customer))))
		}
	case Frequent:
		count := map[string]int{}
		for i := range s.members {
			count[a.Text(&s.members[i].Customer)]++
		}
		return func(i, j int) int {
			return cmp.Compare(count[a.Text(&s.members[j].Customer)], count[a.Text(&s.members[i].Customer)])
		}
	}
	return func(int, int) int { return 0 }
}

// passes reports whether the value of a checked attribute is valid; other attributes always pass.
func passes(attribute, value string) bool {
	switch attribute {
	case "uscc":
		return normalize.USCC(value).Valid
	case "national_id":
		return normalize.ResidentID(value).Valid
	case "practice_certificate":
		return normalize.PracticeCertificate(value).Valid
	case "qualification_certificate":
		return normalize.QualificationCertificate(value).Valid
	case "name":
		return normalize.Text(value) != ""
	}
	return true
}

// unite joins the lists of all members: most trusted first, values equal in matching form once. Of custom fields each
// comes from the most trusted member that has it.
func (s *survival) unite(a canonical.Attribute, having []int) {
	if a.Name == "custom" {
		fields := map[string]string{}
		for _, i := range having {
			for k, v := range s.members[i].Customer.Custom {
				if _, ok := fields[k]; !ok && v != "" {
					fields[k] = v
				}
			}
		}
		s.golden.Customer.Custom = fields
		return
	}
	var values []string
	seen := map[string]bool{}
	for _, i := range having {
		list, ok := a.Get(&s.members[i].Customer).([]string)
		if !ok {
			continue
		}
		for _, v := range list {
			if form := normalize.Text(v); form != "" && !seen[form] {
				seen[form] = true
				values = append(values, v)
			}
		}
	}
	if a.Name == "phones" {
		values = telephones(values)
	}
	a.Unset(&s.golden.Customer)
	for _, v := range values {
		// SetText cannot fail on a list of texts.
		_ = a.SetText(&s.golden.Customer, v)
	}
}

// telephones writes numbers in one form, each once: (022) 8846-3000 and 022-88463000 are one. A number without area code
// gives way to the same one with it. What is no number stays as it is.
func telephones(values []string) []string {
	var numbers []normalize.Phone
	whole := map[string]bool{} // local numbers that stand with their area code
	for _, v := range values {
		for _, p := range normalize.Phones(v, "") {
			if !slices.Contains(numbers, p) {
				numbers = append(numbers, p)
				whole[p.Local()+p.Ext] = whole[p.Local()+p.Ext] || strings.Contains(p.Number, "-")
			}
		}
	}
	var out []string
	for _, p := range numbers {
		if p.Kind == normalize.Landline && !strings.Contains(p.Number, "-") && whole[p.Local()+p.Ext] {
			continue
		}
		out = append(out, p.String())
	}
	return out
}
