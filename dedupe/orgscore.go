package dedupe

import (
	"slices"

	"tributary/canonical"
	"tributary/normalize"
)

func (e *Engine) compareOrganisations(a, b *Record, p *Pair) {
	x, y := a.org, b.org
	p.levels[orgUSCC] = compareUSCC(x.uscc, y.uscc)
	p.levels[orgLicence] = compareTexts(x.licence, y.licence)
	p.levels[orgInstitution] = compareTexts(x.institution, y.institution)
	names := bestNames(x, y)
	if len(x.names) > 0 && len(y.names) > 0 {
		p.levels[orgName] = names.level
	}
	p.levels[orgPlace] = comparePlaces(x.place, y.place)
	p.levels[orgKind] = compareKinds(a.Kind, b.Kind)
	p.levels[orgAddress] = compareAddresses(x, y)
	p.levels[orgPhone] = comparePhones(x.phones, y.phones)
	p.levels[orgEmail] = compareLists(x.emails, y.emails)
	p.levels[orgPeople] = compareLists(x.people, y.people)

	p.Vetoes |= names.vetoes
	if p.levels[orgUSCC] == usccOther || p.levels[orgUSCC] == usccOrganisation || p.levels[orgInstitution] == differs {
		p.Vetoes |= VetoID
	}
	if p.levels[orgPlace] == placeOtherProvince {
		p.Vetoes |= VetoPlace
	}
	if p.levels[orgKind] == differs && kindsExclude(a.Kind, b.Kind) {
		p.Vetoes |= VetoKind
	}
	if a.Key.Source == b.Key.Source && slices.Contains(e.options.DuplicateFree, a.Key.Source) {
		p.Vetoes |= VetoSameSource
	}
	e.organisationRules(a, b, names, p)
}

// bestNames compares all names of both records and keeps the pair that agrees best. Only when every pair contradicts
// do the vetoes stand: a former name may differ in any part.
func bestNames(x, y *organisation) nameMatch {
	best := nameMatch{level: nameOther}
	found := false
	for i := range x.names {
		for j := range y.names {
			m := compareNames(&x.names[i], &y.names[j], x.place, y.place)
			better := m.level > best.level || m.level == best.level && m.exact && !best.exact ||
				m.level == best.level && m.level == nameConflict && i+j == 0
			if !found || better {
				best, found = m, true
			}
		}
	}
	return best
}

func compareUSCC(a, b string) int8 {
	switch {
	case a == "" || b == "":
		return notCompared
	case a == b:
		return usccSame
	case a[8:17] == b[8:17]:
		return usccOrganisation
	}
	return usccOther
}

func compareTexts(a, b string) int8 {
	switch {
	case a == "" || b == "":
		return notCompared
	case a == b:
		return agrees
	}
	return differs
}

func compareLists(a, b []string) int8 {
	if len(a) == 0 || len(b) == 0 {
		return notCompared
	}
	for _, v := range a {
		if slices.Contains(b, v) {
			return agrees
		}
	}
	return differs
}

func comparePhones(a, b []normalize.Phone) int8 {
	if len(a) == 0 || len(b) == 0 {
		return notCompared
	}
	for _, p := range a {
		for _, q := range b {
			if p.Number == q.Number && (p.Ext == q.Ext || p.Ext == "" || q.Ext == "") {
				return agrees
			}
		}
	}
	return differs
}

// comparePlaces compares division codes; two that only agree on the province say nothing.
func comparePlaces(a, b string) int8 {
	p, q := significantDivision(a), significantDivision(b)
	switch {
	case p == "" || q == "":
		return notCompared
	case p[:2] != q[:2]:
		return placeOtherProvince
	case len(p) == 2 || len(q) == 2:
		return notCompared
	case p[:4] != q[:4]:
		return placeOtherCity
	case len(p) == 4 || len(q) == 4:
		return placeSameCity
	case p != q:
		return placeOtherCounty
	}
	return placeSameCounty
}

func compareKinds(a, b canonical.CustomerKind) int8 {
	switch {
	case a == canonical.UnknownParty || b == canonical.UnknownParty:
		return notCompared
	case a == b:
		return agrees
	}
	return differs
}

// Compatible reports whether customers of two kinds can be one: kinds of one type that do not exclude each other, or a
// kind that is not known.
func Compatible(a, b canonical.CustomerKind) bool {
	if TypeOf(a) != TypeOf(b) {
		return false
	}
	return a == b || a == canonical.UnknownParty || b == canonical.UnknownParty || !kindsExclude(a, b)
}

// kindsExclude reports whether no source could call one customer both: a hospital and a clinic are told apart by
// licence only, a chain's head office is also a company that distributes; a hospital is no pharmacy.
func kindsExclude(a, b canonical.CustomerKind) bool {
	family := func(k canonical.CustomerKind) int {
		switch k {
		case canonical.Hospital, canonical.Clinic:
			return 1
		case canonical.Pharmacy:
			return 2
		}
		return 3
	}
	return family(a) != family(b)
}

func compareAddresses(x, y *organisation) int8 {
	return compareRoads(x.road, x.number, x.rest, y.road, y.number, y.rest)
}

func compareRoads(road1, number1, rest1, road2, number2, rest2 string) int8 {
	switch {
	case road1 == "" || road2 == "":
		if rest1 != "" && rest1 == rest2 {
			return addressSame
		}
		return notCompared
	case road1 != road2:
		return addressOther
	case number1 == "" || number2 == "":
		return addressRoad
	case number1 == number2:
		return addressSame
	}
	return addressOtherNumber
}

// organisationRules applies the look-ups that decide without adding up. A rule never overrides a veto.
func (e *Engine) organisationRules(a, b *Record, names nameMatch, p *Pair) {
	agree := names.level >= nameContains
	sameID := p.levels[orgUSCC] == usccSame || p.levels[orgLicence] == agrees || p.levels[orgInstitution] == agrees
	if sameID && !agree && names.vetoes&^VetoBranch != 0 {
		p.Vetoes |= VetoNames // one number, names that contradict each other: a renamed house, or a wrong number
	}
	switch {
	case p.levels[orgUSCC] == usccSame && agree:
		p.Rule = RuleUSCC
	case (p.levels[orgLicence] == agrees || p.levels[orgInstitution] == agrees) && agree:
		p.Rule = RuleLicence
	}
	if a.Real() != b.Real() {
		mention, real := a, b
		if a.Real() {
			mention, real = b, a
		}
		e.mentionRules(mention, real, names, p)
	}
	placed := p.levels[orgPhone] == agrees || p.levels[orgEmail] == agrees || p.levels[orgAddress] == addressSame || p.levels[orgUSCC] == usccSame
	if p.Rule == NoRule && names.unplaced && !placed {
		p.Vetoes |= VetoUnplaced
	}
}

// mentionRules are the look-ups of a partner in a flow row.
func (e *Engine) mentionRules(mention, real *Record, names nameMatch, p *Pair) {
	if rule := e.aliasRule(mention, real); rule != NoRule {
		p.Rule = rule
		p.Vetoes &^= names.vetoes // a person said so, whatever the names say
		return
	}
	if rule := e.codeRule(mention, real, names); rule > p.Rule {
		p.Rule = rule
		if rule == RuleSourceID && names.level == nameConflict && mention.reporter() {
			p.Vetoes &^= names.vetoes // the reporter's "name" is often the code itself
		}
		return
	}
	if names.level == nameSimilar && p.levels[orgPlace] >= placeSameCity && p.Rule == NoRule {
		p.Vetoes |= VetoSpelling // a row has nothing else to tell by: a slip of the hand, or another house
	}
	if p.Rule == NoRule && (names.level >= namePlaced || names.exact || names.level == nameShort && names.numbered) {
		p.Rule = RuleName
	}
}

// aliasRule reads whom aliases name: one record, or whoever has a code, in the company's own source above others.
func (e *Engine) aliasRule(mention, real *Record) Rule {
	rule := NoRule
	for _, target := range mention.targets {
		switch {
		case target == real.Key.Source+"|"+real.Key.ID:
			return RuleAlias
		case target != real.Key.ID && target != real.code:
		case real.Key.Source == e.options.CompanySource || real.Key.Source == canonical.CompanySource:
			return RuleAlias
		default:
			rule = RuleCompany
		}
	}
	return rule
}

// codeRule reads the code of a mention: an id of the reporting party's own source, or the company's own code.
func (e *Engine) codeRule(mention, real *Record, names nameMatch) Rule {
	if mention.code == "" || mention.code != real.Key.ID && mention.code != real.code {
		return NoRule
	}
	switch {
	case mention.reference != "" && mention.reference == real.Key.Source:
		return RuleSourceID
	case mention.reporter() && (real.Key.Source == canonical.CompanySource || real.Key.Source == e.options.CompanySource):
		return RuleSourceID
	case mention.reporter():
		return RuleCompany
	case real.Key.Source == e.options.CompanySource && names.level >= nameContains:
		return RuleCompany
	}
	return NoRule
}
