package dedupe

import (
	"cmp"
	"slices"
	"time"

	"tributary/canonical"
)

// Member is a source record of a golden record, as survivorship sees it.
type Member struct {
	Key      canonical.RecordKey
	Trust    int // 0 for a mention
	Updated  time.Time
	Customer canonical.Customer
}

// Override is a value a steward set by hand; the caller leaves out expired ones.
type Override struct {
	Attribute string
	Value     canonical.Customer // only the attribute's field counts; empty sets nothing
	Add       bool               // of a list: the values stand beside what sources say
	By        string
	At        time.Time
}

// Golden is a golden record with the story of each value.
type Golden struct {
	Customer     canonical.Customer
	Lineage      []Lineage // in the order of canonical.CustomerAttributes; only attributes that have a value
	Completeness Completeness
}

// Lineage says where the value of an attribute comes from and which values lost.
type Lineage struct {
	Attribute string      `json:"attribute"`
	Source    string      `json:"source"`
	SourceID  string      `json:"source_id,omitempty"`
	Rule      string      `json:"rule"`
	By        string      `json:"by,omitempty"` // the steward who set it
	Time      time.Time   `json:"time,omitzero"`
	Value     string      `json:"value"`
	Lost      []LostValue `json:"lost,omitempty"`
}

// LostValue is a value that another one beat. Equal values are given once, with the best source that has them.
type LostValue struct {
	Value    string `json:"value"`
	Source   string `json:"source"`
	SourceID string `json:"source_id"`
}

// StewardSource is the source named in the lineage of an override.
const StewardSource = "steward"

// Survivor makes golden records of members.
type Survivor interface {
	Survive(members []Member, overrides []Override) Golden
}

var _ Survivor = (*Policy)(nil)

// Survive chooses one value per attribute. Mentions give values only while no real record is among the members. The
// outcome does not depend on the order of members or overrides.
func (p *Policy) Survive(members []Member, overrides []Override) Golden {
	ranked := p.rank(members)
	s := survival{policy: p, members: ranked, winner: map[string]int{}}
	for _, attribute := range canonical.CustomerAttributes() {
		s.settle(attribute, latest(overrides, attribute.Name), additions(overrides, attribute))
	}
	s.nameAliases(members)
	s.golden.Completeness = Complete(&s.golden.Customer)
	return s.golden
}

// rank keeps the members that may give values, the most trusted first.
func (p *Policy) rank(members []Member) []Member {
	out := slices.Clone(members)
	if slices.ContainsFunc(out, func(m Member) bool { return m.Trust > 0 }) {
		out = slices.DeleteFunc(out, func(m Member) bool { return m.Trust <= 0 })
	}
	slices.SortFunc(out, byTrust)
	return out
}

func byTrust(a, b Member) int {
	return cmp.Or(cmp.Compare(b.Trust, a.Trust), b.Updated.Compare(a.Updated), compareKeys(a.Key, b.Key))
}

func latest(overrides []Override, attribute string) *Override {
	var found *Override
	for i, o := range overrides {
		if o.Attribute == attribute && !o.Add && (found == nil || o.At.After(found.At) || o.At.Equal(found.At) && o.By < found.By) {
			found = &overrides[i]
		}
	}
	return found
}

// additions are the values that stewards add to a list, in the order of time.
func additions(overrides []Override, a canonical.Attribute) []Override {
	var out []Override
	for _, o := range overrides {
		if o.Attribute == a.Name && o.Add && a.Many && a.IsSet(&o.Value) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(x, y Override) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(a.Text(&x.Value), a.Text(&y.Value)), cmp.Compare(x.By, y.By))
	})
	return out
}

// survival is one golden record in the making.
type survival struct {
	policy  *Policy
	members []Member       // most trusted first
	winner  map[string]int // attribute → the member that gave it
	golden  Golden
}

func (s *survival) settle(a canonical.Attribute, override *Override, added []Override) {
	var having []int
	for i := range s.members {
		if a.IsSet(&s.members[i].Customer) {
			having = append(having, i)
		}
	}
	line := Lineage{Attribute: a.Name}
	rule := s.policy.ruleOf(a)
	switch {
	case override != nil && a.IsSet(&override.Value):
		a.Copy(&s.golden.Customer, &override.Value)
		line.Source, line.Rule, line.Time, line.By = StewardSource, "override", override.At, override.By
	case len(having) == 0 && len(added) == 0:
		return
	case len(having) == 0:
		line.Source, line.Rule, line.Time, line.By = StewardSource, "added", added[0].At, added[0].By
	case rule == Union && united(a):
		s.unite(a, having)
		m := s.members[having[0]]
		line.Source, line.SourceID, line.Time, line.Rule = m.Key.Source, m.Key.ID, m.Updated, string(Union)
	default:
		best, decided := s.choose(a, rule, having)
		m := &s.members[best]
		a.Copy(&s.golden.Customer, &m.Customer)
		s.winner[a.Name] = best
		line.Source, line.SourceID, line.Time, line.Rule = m.Key.Source, m.Key.ID, m.Updated, decided
	}
	for _, o := range added {
		s.add(a, &o.Value)
	}
	line.Value = a.Text(&s.golden.Customer)
	line.Lost = s.lost(a, having, line.Value, rule == Union && united(a))
	s.golden.Lineage = append(s.golden.Lineage, line)
}

// add puts values beside those of a list, equal ones once.
func (s *survival) add(a canonical.Attribute, from *canonical.Customer) {
	have, _ := a.Get(&s.golden.Customer).([]string) // additions are to lists only
	more, _ := a.Get(from).([]string)
	a.Unset(&s.golden.Customer) // the list may be a member's own
	seen := map[string]bool{}
	for _, v := range slices.Concat(have, more) {
		if !seen[v] {
			seen[v] = true
			// SetText cannot fail on a list of texts.
			_ = a.SetText(&s.golden.Customer, v)
		}
	}
}

// united reports whether all values of an attribute can stand side by side.
func united(a canonical.Attribute) bool { return a.Many || a.Name == "custom" }

// lost lists the values that did not make it, in the order of trust. United lists lose nothing.
func (s *survival) lost(a canonical.Attribute, having []int, won string, all bool) []LostValue {
	if all {
		return nil
	}
	seen := map[string]bool{won: true}
	var out []LostValue
	for _, i := range having {
		m := &s.members[i]
		if v := a.Text(&m.Customer); !seen[v] {
			seen[v] = true
			out = append(out, LostValue{v, m.Key.Source, m.Key.ID})
		}
	}
	return out
}
