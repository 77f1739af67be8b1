package dedupe

import (
	"strings"
	"unicode/utf8"

	"tributary/dedupe/similarity"
)

// houseName is one name of an organisation, in parts. All texts are in matching form.
type houseName struct {
	full     string // the whole name, without notes
	division string // code of the division that the name itself states; "" when it states none
	level    string // level word that stands alone, as in 市一院; "" when there is none
	body     string // what it is affiliated to: a university, a group
	core     similarity.Text
	stem     string // the core without the words that many names share
	ordinal  string
	generic  string // the kind of house: 中医医院, 大药房, 有限公司
	group    string // class of generic within which other words mean the same
	campus   string
	branch   string
	legal    bool // a registered company name
}

// nameMatch is the comparison of two names.
type nameMatch struct {
	level  int8
	vetoes Veto
	whole  bool // both names are the same text and can stand alone
}

// compareNames takes names apart. The level says how well they agree; vetoes say which part contradicts. here and there
// are the places of the records, beyond what the names say.
func compareNames(a, b *houseName, here, there string) nameMatch {
	m := nameMatch{vetoes: contradiction(a, b)}
	if m.vetoes != 0 {
		m.level = nameConflict
		return m
	}
	agreement := coreLevel(a, b)
	if agreement < nameBare {
		m.level = agreement
		return m
	}
	m.whole = a.full == b.full && (a.division != "" || a.legal || a.stem != "")
	switch {
	case a.legal && b.legal && a.full == b.full, a.division != "" && b.division != "":
		m.level = nameWhole
	case placesMeet(a, b, here, there):
		m.level = namePlaced
	default:
		m.level = nameBare
	}
	return m
}

// placesMeet reports whether the place that one name states, or one record has, is confirmed by the other side down to
// the city. Two shops of one common name in one city are not yet the same shop.
func placesMeet(a, b *houseName, here, there string) bool {
	if a.division == "" && b.division == "" && !a.single() {
		return false
	}
	p, q := first(a.division, here), first(b.division, there)
	return len(significantDivision(p)) >= 4 && len(significantDivision(q)) >= 4 && (within(p, q) || within(q, p))
}

// single reports whether a city has one house of the name at most: hospitals do not share a name within a city.
func (n *houseName) single() bool { return n.group == groupHospital && n.stem != "" }

// contradiction lists the parts that say "another house".
func contradiction(a, b *houseName) (v Veto) {
	if a.campus != b.campus || a.branch != b.branch {
		v |= VetoBranch
	}
	if a.ordinal != b.ordinal && !(a.group == groupShop && b.group == groupShop && (a.ordinal == "" || b.ordinal == "")) {
		v |= VetoOrdinal
	}
	if a.group != "" && b.group != "" && a.group != b.group && !kindFree(a, b) {
		v |= VetoGeneric
	}
	if a.body != "" && b.body != "" && a.body != b.body && !shortOf(a.body, b.body) && !shortOf(b.body, a.body) {
		v |= VetoBody
	}
	return v | placeContradiction(a, b)
}

// placeContradiction compares the divisions and the level words that the names themselves state.
func placeContradiction(a, b *houseName) Veto {
	switch {
	case a.division == "" || b.division == "":
		if a.level != "" && b.level != "" && a.level != b.level {
			return VetoLevel
		}
		return levelAgainst(a, b) | levelAgainst(b, a)
	case a.division == b.division:
		return 0
	case !within(a.division, b.division) && !within(b.division, a.division):
		return VetoPlace
	case a.stem == "" || b.stem == "":
		return VetoLevel // 承德市医院 and 承德县医院
	}
	return 0
}

// levelAgainst compares a level word that stands alone (市一院) with the level of the other name's own division.
func levelAgainst(a, b *houseName) Veto {
	if a.level == "" || b.division == "" {
		return 0
	}
	var fits bool
	switch n := len(significantDivision(b.division)); a.level {
	case "省":
		fits = n == 2
	case "市", "州", "盟":
		fits = n == 4 || n == 6 // county-level cities call themselves 市 as well
	case "县", "区", "旗":
		fits = n == 6
	default:
		fits = true
	}
	if fits {
		return 0
	}
	return VetoLevel
}

// kindFree reports whether the generic words of two names may differ without meaning two houses: a short form that
// names no special kind beside a name with one.
func kindFree(a, b *houseName) bool {
	return a.group == groupCompany && b.group == groupShop && a.legal == b.legal
}

// coreLevel compares the cores: nameBare when they agree.
func coreLevel(a, b *houseName) int8 {
	if similarity.Equal(&a.core, &b.core) && a.body == b.body && a.generic == b.generic {
		return nameBare
	}
	if similarity.Equal(&a.core, &b.core) && a.body == b.body && a.core.Len() > 0 {
		if a.stem != "" {
			return nameBare // 康泰药房 and 康泰大药房
		}
		return nameAbbreviated
	}
	x, y := a.core.String(), b.core.String()
	switch {
	case a.body == b.body && typo(&a.core, &b.core):
		return nameSimilar
	case a.ordinal != "" && (x == "" || y == "") && (a.stem == "" || b.stem == ""):
		return nameAbbreviated // 市一院 and 市第一人民医院
	case shortOf(a.body+x, b.body+y) || shortOf(b.body+y, a.body+x):
		return nameAbbreviated
	case a.stem != "" && b.stem != "" && (strings.Contains(x, y) || strings.Contains(y, x)):
		return nameContains
	}
	return nameOther
}

// typo reports whether two cores differ by one character, or two in long ones.
func typo(a, b *similarity.Text) bool {
	n := min(a.Len(), b.Len())
	switch {
	case n < 3:
		return false
	case n < 7:
		return similarity.Within(a, b, 1)
	}
	return similarity.Within(a, b, 2)
}

// shortOf reports whether short is made of characters of long in their order, beginning with the first: 中山一 of 中山大学附属一.
func shortOf(short, long string) bool {
	if utf8.RuneCountInString(short) < 2 || len(short) >= len(long) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(short)
	if !strings.HasPrefix(long, string(r)) {
		return false
	}
	for _, r := range short {
		at := strings.IndexRune(long, r)
		if at < 0 {
			return false
		}
		long = long[at+utf8.RuneLen(r):]
	}
	return true
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// within reports whether one division code lies in another, or the reverse is meant by the caller's order.
func within(code, parent string) bool {
	p := significantDivision(parent)
	return p != "" && strings.HasPrefix(code, p)
}

// significantDivision cuts a code to the digits that carry its level: 440100 → 4401.
func significantDivision(code string) string {
	if len(code) != 6 {
		return ""
	}
	if code[2:] == "0000" {
		return code[:2]
	}
	if code[4:] == "00" {
		return code[:4]
	}
	return code
}
