package dedupe

import (
	"strings"
	"unicode/utf8"

	"tributary/dedupe/similarity"
)

// houseName is one name of an organisation, in parts. All texts are in matching form.
type houseName struct {
	full       string          // the whole name, without notes
	text       similarity.Text // full, prepared
	division   string          // code of the division that the name itself states, when there is no doubt which
	written    string          // that division as the name writes it
	unlisted   string          // the place the name begins with by its own word, in no table: 青河市
	level      string          // level word that stands alone, as in 市一院
	inferred   string          // the division such a level word means, by the record's own
	body       string          // what it is affiliated to: a university, an army, a group
	core       similarity.Text
	stem       string // the core, unless many houses share it
	ordinal    string
	generic    string // the kind of house: 中医医院, 大药房, 医药
	group      string // what generic belongs to
	campus     string
	branch     string
	shop       similarity.Text // the branch without what shops are called
	legal      string          // legal form of a registered company
	lacksPlace bool            // the name cannot say by itself which place it means: 人民医院, 协和医院
}

// nameMatch is the comparison of two names.
type nameMatch struct {
	level    int8
	vetoes   Veto
	exact    bool // the same text, and one that can stand alone
	numbered bool // one is short for the other, and both have the number: 一院 of a city and its 第一人民医院
	unplaced bool // agrees as far as it goes, but a side does not say which place it means
}

// compareNames compares two names part by part. The level says how well they agree; vetoes say which part contradicts.
// here and there are the places of the records.
func compareNames(a, b *houseName, here, there string) nameMatch {
	if v := contradiction(a, b); v != 0 {
		return nameMatch{level: nameConflict, vetoes: v}
	}
	m := nameMatch{level: coreLevel(a, b)}
	stated := placesStated(a, b)
	switch {
	case m.level == nameAbbreviated && (stated || placesMeet(a, b, here, there)):
		m.level = nameShort
		m.numbered = a.ordinal != "" && a.stem == "" && b.stem == ""
	case m.level < nameBare:
	case stated || a.full == b.full && a.legal != "" && a.stem != "":
		m.level = nameWhole
	case placesMeet(a, b, here, there):
		m.level = namePlaced
	}
	if m.level >= nameBare && (a.vague() || b.vague()) {
		m.level = nameShort
		m.exact = a.full == b.full && stated
	}
	m.exact = m.exact || m.level >= nameBare && a.full == b.full && (stated || !a.lacksPlace && !b.lacksPlace)
	if first(a.division, a.inferred, here) == "" || first(b.division, b.inferred, there) == "" {
		m.unplaced = m.level == nameBare || m.level == nameAbbreviated && (a.lacksPlace || b.lacksPlace)
	}
	return m
}

// vague reports whether a name is a place and a word that may be short for several houses there: 宁海县医院 is what people
// write for the county's 中心医院 as well as for its 人民医院.
func (n *houseName) vague() bool {
	return n.stem == "" && n.ordinal == "" && n.body == "" && (n.generic == "医院" || n.generic == "中心" || n.generic == "")
}

// placesStated reports whether both names state one place themselves.
func placesStated(a, b *houseName) bool {
	switch {
	case a.division != "" && b.division != "":
		return true // contradiction has looked whether they fit
	case a.written != "" && a.written == b.written, a.unlisted != "" && a.unlisted == b.unlisted:
		return true
	}
	return a.division == "" && b.division == "" && a.written == "" && b.written == "" && a.body != "" && a.body == b.body
}

// placesMeet reports whether the place that one name states, or one record has, is confirmed by the other side down to
// the city. Two shops with one common name in one city are not yet the same shop; two
// hospitals are, and so are two shops of a chain in one street.
func placesMeet(a, b *houseName, here, there string) bool {
	if a.division == "" && b.division == "" && a.inferred == "" && b.inferred == "" && a.group != groupHospital && a.branch == "" {
		return false
	}
	p, q := first(a.division, a.inferred, here), first(b.division, b.inferred, there)
	if len(significantDivision(p)) < 4 || len(significantDivision(q)) < 4 {
		return false
	}
	if a.stem == "" || b.stem == "" {
		// 人民医院 of a city and of one of its counties are two.
		return p == q || a.division == "" && within(p, q) || b.division == "" && within(q, p)
	}
	return within(p, q) || within(q, p)
}

// contradiction lists the parts that say "another house".
func contradiction(a, b *houseName) (v Veto) {
	if a.campus != b.campus || a.branch != b.branch && !sameBranch(a, b) {
		v |= VetoBranch
	}
	if a.ordinal != b.ordinal {
		v |= VetoOrdinal
	}
	if kindsConflict(a, b) {
		v |= VetoGeneric
	}
	if a.body != "" && b.body != "" && a.body != b.body && !shortOf(a.body, b.body) && !shortOf(b.body, a.body) {
		v |= VetoBody
	}
	return v | placeContradiction(a, b)
}

// sameBranch forgives what shops are called at their end (南山路店 and 南山路分店) and two characters that changed places in
// a long name. Any other difference is another branch: 南山路 and 北山路.
func sameBranch(a, b *houseName) bool {
	if a.branch == "" || b.branch == "" {
		return false
	}
	x, y := &a.shop, &b.shop
	if similarity.Equal(x, y) {
		return true
	}
	return x.Len() == y.Len() && x.Len() >= 4 && similarity.OSA(x, y) == 1 && similarity.Levenshtein(x, y) == 2
}

// legalForms reports whether two stated legal forms differ; 公司 alone states none.
func legalForms(a, b string) bool {
	const unstated = "公司"
	return a != b && a != "" && b != "" && a != unstated && b != unstated
}

func branchStem(s string) string {
	for _, end := range [...]string{"连锁店", "分店", "门店", "药店", "店", "门市部", "门市", "分公司"} {
		if rest, ok := strings.CutSuffix(s, end); ok && rest != "" {
			if end == "分公司" {
				return rest + "分公司"
			}
			return rest
		}
	}
	return s
}

// placeContradiction compares the divisions and the level words that the names themselves state.
func placeContradiction(a, b *houseName) Veto {
	p, q := first(a.division, a.inferred), first(b.division, b.inferred)
	switch {
	case p == "" || q == "":
		if a.level != "" && b.level != "" && a.level != b.level {
			return VetoLevel
		}
		return levelAgainst(a, b) | levelAgainst(b, a)
	case p == q:
		return 0
	case !within(p, q) && !within(q, p):
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
	fits := true
	switch n := len(significantDivision(b.division)); a.level {
	case "省":
		fits = n == 2
	case "市", "州", "盟":
		fits = n == 4 || n == 6 // county-level cities call themselves 市 as well
	case "县", "区", "旗":
		fits = n == 6
	}
	if fits {
		return 0
	}
	return VetoLevel
}

// coreLevel compares what is left beside the place: nameBare when all parts agree.
func coreLevel(a, b *houseName) int8 {
	if a.full == b.full {
		return nameBare // also when the place of one record let more of the name be read as a place
	}
	if similarity.Equal(&a.core, &b.core) && a.body == b.body {
		switch {
		case !kindsAgree(a, b):
			return nameAbbreviated // 医院 for 人民医院
		case !similarity.Equal(&a.shop, &b.shop):
			return nameSimilar
		case legalForms(a.legal, b.legal):
			return nameAbbreviated // two legal forms of one firm, or two firms
		}
		return nameBare
	}
	x, y := a.core.String(), b.core.String()
	switch {
	case slipped(&a.text, &b.text):
		return nameSimilar
	case a.body == b.body && typo(&a.core, &b.core) && kindsAgree(a, b):
		return nameSimilar
	case a.stem == "" && b.stem == "" && a.ordinal != "" && a.body == b.body:
		return nameAbbreviated
	case shortOf(a.body+x, b.body+y) || shortOf(b.body+y, a.body+x):
		return nameAbbreviated
	case a.stem != "" && b.stem != "" && (strings.Contains(x, y) || strings.Contains(y, x)):
		return nameContains
	}
	return nameOther
}

// typo reports whether two cores differ by one character, or by two in long ones.
func typo(a, b *similarity.Text) bool {
	n := min(a.Len(), b.Len())
	switch {
	case n < 3:
		return false
	case n < 8:
		return similarity.Within(a, b, 1)
	}
	return similarity.Within(a, b, 2)
}

// slipped reports whether two long names differ by one character left out, or by two that changed places: what hands do.
// Another character in the same place may be another house.
func slipped(a, b *similarity.Text) bool {
	if min(a.Len(), b.Len()) < 6 {
		return false
	}
	if a.Len() == b.Len() {
		return similarity.OSA(a, b) == 1 && similarity.Levenshtein(a, b) == 2
	}
	return similarity.Within(a, b, 1)
}

// shortOf reports whether short is made of characters of long in their order, beginning with the first: 中大 for 中山大学.
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

// within reports whether a division lies in another, or is it.
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
