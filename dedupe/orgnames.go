package dedupe

import (
	"strings"
	"unicode/utf8"

	"tributary/dedupe/similarity"
)

// OrgNames are the names that one written name of an organisation carries, taken apart.
type OrgNames struct{ names []houseName }

// OrgAgreement says how well two written names of organisations agree, part by part.
type OrgAgreement int8

// The degrees, from the loosest to the strictest.
const (
	OrgConflict    OrgAgreement = iota // a part says "another house": 第一/第二, 中医院/人民医院, another place or campus
	OrgOther                           // other names
	OrgSlip                            // other parts, but a single character differs in a long name
	OrgContains                        // one core holds the other
	OrgBare                            // all parts agree as far as both say them, and nothing says that the place does
	OrgAbbreviated                     // one is short for the other
	OrgSimilar                         // a typing error in the core
	OrgCampus                          // all parts agree, and one side names a campus
	OrgGeneral                         // 县医院 for 县人民医院: the general hospital of the same place
	OrgWhole                           // all parts agree, the place among them
)

// ParseOrgNames takes a written name apart. division is the code of the record's own place, "" when unknown.
func ParseOrgNames(written, division string) OrgNames {
	return OrgNames{parseOrgName(written, division)}
}

// CompareOrgNames compares the best pair of names of both sides.
func CompareOrgNames(a, b OrgNames) OrgAgreement {
	best := OrgConflict
	for i := range a.names {
		for j := range b.names {
			best = max(best, agreement(&a.names[i], &b.names[j]))
		}
	}
	return best
}

func agreement(x, y *houseName) OrgAgreement {
	if (x.campus == "") != (y.campus == "") {
		p, q := *x, *y
		p.campus, q.campus = "", ""
		if g := agreement(&p, &q); g >= OrgGeneral {
			return OrgCampus
		} else if g == OrgBare {
			return OrgBare
		}
	}
	m := compareNames(x, y, "", "")
	if m.level > nameOther && writtenElsewhere(x, y) {
		return OrgConflict
	}
	switch m.level {
	case nameConflict:
		return OrgConflict
	case nameOther:
		if min(x.text.Len(), y.text.Len()) >= 6 && similarity.Within(&x.text, &y.text, 1) {
			return OrgSlip
		}
		return OrgOther
	case nameContains:
		return OrgContains
	case nameSimilar:
		return OrgSimilar
	case nameAbbreviated, nameShort:
		if x.stem == "" && y.stem == "" && x.ordinal == "" && y.ordinal == "" && general(x, y) {
			return OrgGeneral
		}
		if m.numbered || x.ordinal != "" && x.ordinal == y.ordinal && general(x, y) {
			return OrgGeneral
		}
		if x.stem == "" && y.stem == "" && x.ordinal == "" && y.ordinal == "" && (x.generic == "医院") != (y.generic == "医院") {
			return OrgContains // 县医院 is hardly the 中医医院 of the place
		}
		return OrgAbbreviated
	case nameWhole, namePlaced:
		return OrgWhole
	}
	if m.exact {
		return OrgWhole
	}
	return OrgBare
}

// general reports whether one side says only 医院 where the other says 人民医院.
func general(x, y *houseName) bool {
	core := func(n *houseName) string { return n.core.String() + n.generic }
	a, b := core(x), core(y)
	return a == "医院" && b == "人民医院" || b == "医院" && a == "人民医院"
}

// writtenElsewhere reports whether both names begin with a place, and these cannot be one: neither ends as the other
// does, and nothing is known of one lying in the other.
func writtenElsewhere(x, y *houseName) bool {
	if x.written == "" || y.written == "" || placeTail(x.written, y.written) || placeTail(y.written, x.written) {
		return false
	}
	if x.division != "" && y.division != "" {
		return false // compareNames has looked
	}
	if x.stem == "" && y.stem == "" {
		return true // the place is all that tells 第一人民医院 of two towns apart
	}
	a, b := []rune(x.written), []rune(y.written)
	return a[len(a)-1] == b[len(b)-1]
}

// placeTail reports whether a place ends with another as 广东省麻章区 does with 麻章区; 鹤城区 does not so with 城区.
func placeTail(long, short string) bool {
	head, ok := strings.CutSuffix(long, short)
	r, _ := utf8.DecodeLastRuneInString(head)
	return ok && (head == "" || strings.ContainsRune("省市州县区旗盟", r))
}
