package dedupe

// OrgNames are the names that one written name of an organisation carries, taken apart.
type OrgNames struct{ names []houseName }

// OrgAgreement says how well two written names of organisations agree, part by part.
type OrgAgreement int8

// The degrees, from the loosest to the strictest.
const (
	OrgConflict    OrgAgreement = iota // a part says "another house": 第一/第二, 中医院/人民医院, another place or campus
	OrgOther                           // other names
	OrgContains                        // one core holds the other
	OrgSimilar                         // a typing error
	OrgAbbreviated                     // one is short for the other
	OrgBare                            // all parts agree as far as both say them
	OrgWhole                           // all parts agree, the place among them
)

// ParseOrgNames takes a written name apart. division is the code of the record's own place, "" when unknown.
func ParseOrgNames(written, division string) OrgNames {
	return OrgNames{parseOrgName(written, division)}
}

// CompareOrgNames compares the best pair of names of both sides.
func CompareOrgNames(a, b OrgNames) OrgAgreement {
	if len(a.names) == 0 || len(b.names) == 0 {
		return OrgOther
	}
	best := bestNames(&organisation{names: a.names}, &organisation{names: b.names})
	switch best.level {
	case nameConflict:
		return OrgConflict
	case nameOther:
		return OrgOther
	case nameContains:
		return OrgContains
	case nameSimilar:
		return OrgSimilar
	case nameAbbreviated:
		return OrgAbbreviated
	case nameWhole, namePlaced:
		return OrgWhole
	}
	if best.exact {
		return OrgWhole
	}
	return OrgBare
}

// Division is the code of the place that the first name itself states, "" when it states none without doubt.
func (o OrgNames) Division() string {
	if len(o.names) == 0 {
		return ""
	}
	return o.names[0].division
}
