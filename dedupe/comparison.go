package dedupe

// comparison names one thing that is compared and its levels, from the loosest to the strictest.
type comparison struct {
	name   string
	levels []string
}

// Comparison is a comparison as models name it.
type Comparison struct {
	Name   string
	Levels []string // from the loosest to the strictest
}

// Comparisons lists what is compared between two records of a type, in the order of explanations.
func Comparisons(t Type) []Comparison {
	list := comparisonsOf(t)
	out := make([]Comparison, len(list))
	for i, c := range list {
		out[i] = Comparison{c.name, c.levels}
	}
	return out
}

// notCompared is the level of a comparison with a value missing on either side: no evidence at all.
const notCompared = -1

// Comparisons of organisations, in the order they are scored: identifiers first, so that explanations begin with them.
const (
	orgUSCC = iota
	orgLicence
	orgInstitution
	orgName
	orgPlace
	orgKind
	orgAddress
	orgPhone
	orgEmail
	orgPeople
)

// Levels of an organisation's name. Part by part, never by string distance alone.
const (
	nameConflict    int8 = iota // a part contradicts: 第一/第二, 中医院/人民医院, another campus or branch
	nameOther                   // other names
	nameContains                // one core holds the other
	nameSimilar                 // a typing error in the core
	nameAbbreviated             // one is short for the other
	nameShort                   // so, and the places agree
	nameBare                    // all parts agree, but nothing says that the place does
	namePlaced                  // all parts agree, and one record's own place fills what the other's name says
	nameWhole                   // all parts agree, the own division or the legal form among them
)

const (
	placeOtherProvince int8 = iota
	placeOtherCity
	placeOtherCounty
	placeSameCity
	placeSameCounty
)

const (
	addressOtherNumber int8 = iota // the same road, another house
	addressOther
	addressRoad
	addressSame
)

const (
	usccOther int8 = iota
	usccOrganisation
	usccSame
)

// Comparisons of professionals.
const (
	hcpCertificate = iota
	hcpName
	hcpOrganisation
	hcpDepartment
	hcpPhone
	hcpEmail
	hcpBirth
	hcpGender
	hcpPlace
)

// Comparisons of patients.
const (
	patientID = iota
	patientName
	patientBirth
	patientGender
	patientPhone
	patientAddress
	patientEmail
)

const (
	personOther    int8 = iota
	personFamily        // the family name only
	personSimilar       // one character differs
	personSound         // other characters of the same sound
	personReversed      // family and given name changed places
	personSame
)

const (
	birthOther int8 = iota
	birthYear
	birthTypo // one digit, or day and month changed places
	birthSame
)

// differs and agrees are the levels of a comparison that knows only yes and no.
const (
	differs int8 = iota
	agrees
)

// partly is the middle level of a comparison of three.
const (
	partly int8 = iota + 1
	fully
)

var (
	yesNo       = []string{"other", "same"}
	threeLevels = []string{"other", "similar", "same"}
)

// comparisonsOf lists the comparisons of a type; the index is the constant above.
func comparisonsOf(t Type) []comparison {
	switch t {
	case Organisation:
		return []comparison{
			orgUSCC:        {"uscc", []string{"other", "organisation", "same"}},
			orgLicence:     {"licence", yesNo},
			orgInstitution: {"institution", yesNo},
			orgName:        {"name", []string{"conflict", "other", "contains", "similar", "abbreviated", "short", "bare", "placed", "whole"}},
			orgPlace:       {"place", []string{"other_province", "other_city", "other_county", "same_city", "same_county"}},
			orgKind:        {"kind", yesNo},
			orgAddress:     {"address", []string{"other_number", "other", "road", "same"}},
			orgPhone:       {"phone", yesNo},
			orgEmail:       {"email", yesNo},
			orgPeople:      {"people", yesNo},
		}
	case Professional:
		return []comparison{
			hcpCertificate:  {"certificate", yesNo},
			hcpName:         {"name", []string{"other", "family", "similar", "sound", "reversed", "same"}},
			hcpOrganisation: {"organisation", threeLevels},
			hcpDepartment:   {"department", threeLevels},
			hcpPhone:        {"phone", yesNo},
			hcpEmail:        {"email", yesNo},
			hcpBirth:        {"birth", []string{"other", "year", "typo", "same"}},
			hcpGender:       {"gender", yesNo},
			hcpPlace:        {"place", []string{"other_province", "other_city", "other_county", "same_city", "same_county"}},
		}
	}
	return []comparison{
		patientID:      {"national_id", yesNo},
		patientName:    {"name", []string{"other", "family", "similar", "sound", "reversed", "same"}},
		patientBirth:   {"birth", []string{"other", "year", "typo", "same"}},
		patientGender:  {"gender", yesNo},
		patientPhone:   {"phone", yesNo},
		patientAddress: {"address", []string{"other_number", "other", "road", "same"}},
		patientEmail:   {"email", yesNo},
	}
}

// maxComparisons bounds the comparisons of every type.
const maxComparisons = 10
