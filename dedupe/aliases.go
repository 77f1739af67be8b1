package dedupe

import (
	"slices"

	"tributary/canonical"
	"tributary/normalize"
)

// nameAliases keeps the names that lost, of real records and mentions alike, as aliases of an organisation: the next
// row that uses one finds its customer. Persons get none, a wrong name of a person is no second name.
func (s *survival) nameAliases(members []Member) {
	g := &s.golden.Customer
	if g.Kind.Person() {
		return
	}
	seen := map[string]bool{normalize.Text(g.Name): true, normalize.Text(g.ShortName): true, "": true}
	for _, known := range slices.Concat(g.Aliases, g.FormerNames) {
		seen[normalize.Text(known)] = true
	}
	ordered := slices.Clone(members)
	slices.SortFunc(ordered, byTrust)
	var added []string
	for _, m := range ordered {
		// A party of which nothing is known yet is called by its code; that never becomes another name.
		if form := normalize.Text(m.Customer.Name); !seen[form] && m.Customer.Name != m.Customer.Code {
			seen[form] = true
			added = append(added, m.Customer.Name)
		}
	}
	if len(added) == 0 {
		return
	}
	g.Aliases = append(slices.Clone(g.Aliases), added...)
	attribute, _ := canonical.CustomerAttribute("aliases")
	line := Lineage{Attribute: attribute.Name, Rule: "names", Value: attribute.Text(g)}
	if at := slices.IndexFunc(s.golden.Lineage, func(l Lineage) bool { return l.Attribute == attribute.Name }); at >= 0 {
		s.golden.Lineage[at].Value = line.Value
		return
	}
	first := slices.IndexFunc(ordered, func(m Member) bool { return m.Customer.Name == added[0] })
	line.Source, line.SourceID, line.Time = ordered[first].Key.Source, ordered[first].Key.ID, ordered[first].Updated
	position := 0
	for _, a := range canonical.CustomerAttributes() {
		if a.Name == attribute.Name {
			break
		}
		if position < len(s.golden.Lineage) && s.golden.Lineage[position].Attribute == a.Name {
			position++
		}
	}
	s.golden.Lineage = slices.Insert(s.golden.Lineage, position, line)
}
