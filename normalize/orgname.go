package normalize

import "strings"

// OrgName is the name of an organisation by parts. Every part may be empty; parts are in matching form.
type OrgName struct {
	Full string // the current name, normalised: kind and legal form canonical, notes and aliases taken out

	Division     string         // as the name writes it (广东省广州市, 青河), or the unit its level word (市一院) means
	DivisionCode string         // current code; only when the name, with the record's own division, leaves no doubt
	DivisionFrom DivisionSource // who says so
	Conflict     bool           // the name states a division that neither holds the record's own nor lies in it
	Level        string         // the level word of a name that drops its division: 市 in 市一院

	Affiliation string // 首都医科大学, 解放军, 兵团, 铁路, …集团
	Core        string // what is its very own
	Ordinal     string // digits: 1 for 第一, 518 for 五一八医院
	Kind        string // canonical generic name: 人民医院, 中医医院, 大药房
	Legal       string // canonical legal form: 有限公司
	Campus      string // 东院区, 分院, 门诊部
	Branch      string // 广州分公司, 人民路店: another customer than its head office; also a department (药剂科)

	Notes   []string   // what stood in brackets and names nothing: 民营, 筹, 已注销
	Aliases []OrgAlias // further names the string carries
}

// DivisionSource tells where a division comes from.
type DivisionSource string

// The sources of an OrgName's division; "" when there is none.
const (
	FromName   DivisionSource = "name"
	FromRecord DivisionSource = "record"
)

// OrgAlias is a further name in the same string.
type OrgAlias struct {
	Role AliasRole
	Name OrgName // its own Aliases are empty
}

// AliasRole says how an alias relates to the name.
type AliasRole string

// The roles. A former name matches but never replaces the current one.
const (
	SecondName AliasRole = "second"
	FormerName AliasRole = "former"
)

// ParseOrg reads the name of an organisation. division is the record's own division, nil when unknown: it decides
// between places of one name, tells a place from a core that only sounds like one (平安, 友谊), and is what a level word
// without a name (市一院) refers to. A division that the name drops is never guessed: without the record's own,
// DivisionCode stays "" and LacksDivision says so.
//
// One string may carry several names (A〓B, A（原：B）, A and B glued together); compare the best pair of Names.
func ParseOrg(name string, division *Division) OrgName {
	t := Numerals(Text(name))
	if t == "" {
		return OrgName{}
	}
	p := orgParser{divisions: StandardDivisions(), kinds: kinds()}
	if division != nil {
		p.inside = division.Code
	}
	return p.parse(t)
}

// Names gives the current name and all aliases.
func (o OrgName) Names() []OrgName {
	all := make([]OrgName, 0, 1+len(o.Aliases))
	all = append(all, o)
	for _, a := range o.Aliases {
		all = append(all, a.Name)
	}
	return all
}

// Key is equal for spellings of one name: the deepest division without its level word, affiliation, core, ordinal, kind,
// campus, branch. It ignores the legal form. Places that differ in their level word alone (承德市, 承德县) share a key, so
// equal keys make a candidate, not a match.
func (o OrgName) Key() string {
	return o.place() + o.CoreKey() + o.Kind + o.Campus + o.Branch
}

// CoreKey is what is left without division, kind, campus and branch: affiliation, core, ordinal.
func (o OrgName) CoreKey() string {
	if o.Ordinal == "" {
		return o.Affiliation + o.Core
	}
	return o.Affiliation + o.Core + "第" + o.Ordinal
}

// LacksDivision reports that the name alone cannot say which place it means: an institution with neither division nor
// affiliation of its own (人民医院, 协和医院). Without a place beside it such a name is a case for a person.
func (o OrgName) LacksDivision() bool {
	if o.Division != "" || o.Affiliation != "" {
		return false
	}
	switch KindFamilyOf(o.Kind) {
	case Hospitals, Primary, PublicBody:
		return true
	}
	return o.CoreKey() == ""
}

// place is the deepest division without its level word.
func (o OrgName) place() string {
	if o.Division == "" {
		return ""
	}
	d := StandardDivisions()
	if u, ok := d.ByCode(o.DivisionCode); ok {
		bare, _ := stem(Fold(u.Name))
		return bare
	}
	if d.stemOf(o.Division) {
		return o.Division
	}
	bare, _ := stem(o.Division)
	return bare
}

// orgParser reads one string.
type orgParser struct {
	divisions *Divisions
	kinds     *kindTable
	inside    string // the record's own division, "" when unknown
	short     bool   // what is read is what a short name means: it is not short itself
}

// parse reads a folded string with all the names in it. Where a separator is left in the name, what was cut off may have
// made a list of it: it is read until it reads as itself.
func (p *orgParser) parse(t string) OrgName {
	o := p.read(t)
	for range 4 {
		if !strings.ContainsAny(o.Full, separators) {
			break
		}
		again := p.read(o.Full)
		if again.Full == o.Full {
			break
		}
		again.Notes = append(o.Notes, again.Notes...)
		again.Aliases = append(again.Aliases, o.Aliases...)
		o = again
	}
	return o
}

func (p *orgParser) read(t string) OrgName {
	var o OrgName
	main := p.brackets(p.list(t, &o), &o)
	main = military(main)
	for cut := ""; cut != main; { // what a bracket or a tail hid may be a list as well
		cut = main
		main = p.tail(p.list(spellOut(main), &o), &o)
	}
	p.parts(main, &o)
	if full := p.meant(spellOut(main)); full != "" && !p.short {
		inner := orgParser{divisions: p.divisions, kinds: p.kinds, inside: p.inside, short: true}
		inner.alias(SecondName, full, &o)
	}
	return o
}

// alias reads a further name, whose own aliases join the list of o.
func (p *orgParser) alias(role AliasRole, t string, o *OrgName) {
	inner := p.parse(t)
	nested := inner.Aliases
	inner.Aliases = nil
	o.Aliases = append(append(o.Aliases, OrgAlias{Role: role, Name: inner}), nested...)
}

// military writes the long and the short name of a military hospital in one way: 解放军第N医院.
func military(t string) string {
	if !strings.Contains(t, "解放军") && !strings.Contains(t, "武装警察") && !strings.Contains(t, "武警") && !strings.Contains(t, "联勤保障部队") {
		return t
	}
	t = strings.NewReplacer("中国人民解放军", "解放军", "中国人民武装警察部队", "武警", "中国人民武装警察", "武警", "武警部队", "武警").Replace(t)
	t = strings.ReplaceAll(t, "解放军联勤保障部队", "解放军")
	if rest, ok := strings.CutPrefix(t, "联勤保障部队第"); ok {
		t = "解放军第" + rest
	}
	if rest, ok := strings.CutPrefix(t, "解放军"); ok && rest != "" && rest[0] >= '0' && rest[0] <= '9' {
		t = "解放军第" + rest
	}
	return t
}
