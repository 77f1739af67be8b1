package normalize

import (
	"strings"
	"unicode/utf8"
)

// parts takes the bare name apart: legal form and kind from its end, division, affiliation and ordinal from its
// beginning; the core is what remains.
func (p *orgParser) parts(main string, o *OrgName) {
	main = spellOut(main)
	head := main
	for _, l := range legalForms {
		if before, ok := strings.CutSuffix(main, l.form); ok && before != "" {
			head, o.Legal = before, l.name
			break
		}
	}
	kind, begin := p.kinds.suffix(head)
	o.Kind = kind.name
	head = head[:begin]
	o.Full = head + o.Kind + o.Legal + o.Campus + o.Branch

	rest := p.division(head, kind, o)
	if o.Legal == "" {
		rest = p.affiliation(rest, kind, o)
	}
	o.Ordinal, o.Core = cutOrdinals(rest, o.Ordinal, kind)
	if o.DivisionCode == "" && o.Division == "" && p.inside != "" {
		o.DivisionCode, o.DivisionFrom = p.inside, FromRecord
	}
}

// spellOut writes the abbreviations 一院, 一附院 and 附一院 in full.
func spellOut(main string) string {
	main = attached(main)
	before, ok := strings.CutSuffix(main, "院")
	if !ok || before == "" {
		return main
	}
	if unit, ok := strings.CutSuffix(before, "附"); ok && unit != "" {
		return unit + "附属医院"
	}
	if last := before[len(before)-1]; last >= '0' && last <= '9' {
		return before + "医院"
	}
	return main
}

// division reads the division at the beginning of head and returns what follows.
func (p *orgParser) division(head string, kind orgKind, o *OrgName) string {
	place := p.divisions.lead(head, p.inside, County)
	if nested := place.Bare && place.Level == County && len(place.Units) > 1; nested && (!place.related || place.Text == head && kind.generic) {
		place = p.divisions.lead(head, p.inside, Prefecture) // 北京朝阳医院, 广州白云山: a name, not the county
	}
	if place.Bare && !p.believes(place, head, kind) {
		bare := place
		if place = p.divisions.lead(head, p.inside, 0); place.Text == "" && bare.Text != "" {
			return head
		}
	}
	if place.Text == "" {
		return p.levelWord(head, o)
	}
	o.Division, o.DivisionFrom = place.Text, FromName
	o.Conflict = p.inside != "" && !place.related
	if certain := !place.Bare || place.related || place.Level == Province || len(place.Units) > 1; certain && place.Code != "" {
		o.DivisionCode = place.Code
		if now, ok := p.divisions.Successor(place.Division); ok {
			o.DivisionCode = now.Code
		}
	}
	return head[len(place.Text):]
}

// believes reports whether a name without level word at the beginning of head is the place and not a core that sounds
// like it. The record's own division decides. Without one, a province or a city before more words is a place, and so is
// any division that is all there is before a kind that says something (青河中医院, but not 平安医院).
func (p *orgParser) believes(place Place, head string, kind orgKind) bool {
	if schoolEnd(head) > 0 {
		return false // 广州医科大学 is the name of the university
	}
	if p.inside != "" {
		return place.related
	}
	if place.Level == Province || len(place.Units) > 1 {
		return true
	}
	if rest := head[len(place.Text):]; rest == "" || strings.HasPrefix(rest, "第") {
		return kind.name != "" && !kind.generic && (kind.family == Hospitals || kind.family == PublicBody)
	}
	return place.Level == Prefecture
}

// levelWord reads a level word that stands for a dropped division: 市 in 市一院. With the record's own division it means
// that division's unit of this level, unless two units could be meant.
func (p *orgParser) levelWord(head string, o *OrgName) string {
	word := firstRunes(head, 1)
	if word == "" || !strings.Contains("省市县区州旗", word) {
		return head
	}
	rest := head[len(word):]
	if next, _ := utf8.DecodeRuneInString(rest); rest != "" && !strings.ContainsRune("第立属直级0123456789", next) {
		return head
	}
	o.Level = word
	var fits []Division
	if own, ok := p.divisions.ByCode(p.inside); ok {
		province, prefecture := p.divisions.Parents(own.Code)
		for _, u := range []Division{province, prefecture, own} {
			if _, w := stem(u.Name); u.Code != "" && (w == word || word == "省" && u.Level == Province) {
				fits = append(fits, u)
			}
		}
	}
	if len(fits) == 1 {
		o.Division, o.DivisionCode, o.DivisionFrom = fits[0].Name, fits[0].Code, FromRecord
	}
	return rest
}

// schoolEnd is the end of the last university or academy in head, 0 when there is none.
func schoolEnd(head string) int {
	end := 0
	for _, w := range [...]string{"大学", "医学院", "科学院", "学院", "医专", "交大", "医大"} {
		if i := strings.LastIndex(head, w); i > 0 && !strings.HasPrefix(head[i+len(w):], "路") && !strings.HasPrefix(head[i+len(w):], "街") {
			end = max(end, i+len(w))
		}
	}
	return end
}

// affiliation cuts the body that the institution belongs to off rest; a division behind it (…附属北京友谊医院) is read too.
func (p *orgParser) affiliation(rest string, kind orgKind, o *OrgName) string {
	before, after, attached := strings.Cut(rest, "附属")
	switch {
	case attached && before != "":
		o.Ordinal, before = cutOrdinal(before)
		o.Affiliation, rest = strings.TrimSuffix(before, "直属"), after
	case schoolEnd(rest) > 0 && kind.name != "":
		o.Affiliation, rest = rest[:schoolEnd(rest)], rest[schoolEnd(rest):]
	default:
		for _, body := range [...]struct{ written, name string }{
			{"生产建设兵团", "兵团"}, {"兵团", "兵团"}, {"铁路局", "铁路"}, {"铁路", "铁路"}, {"解放军", "解放军"}, {"武警", "武警"},
		} {
			if tail, ok := strings.CutPrefix(rest, body.written); ok {
				o.Affiliation = body.name
				return tail
			}
		}
		if i := strings.Index(rest, "集团"); i > 0 && kind.family == Hospitals {
			i += len("集团")
			o.Affiliation, rest = rest[:i], rest[i:]
		}
		return rest
	}
	if o.Division == "" {
		rest = p.division(rest, kind, o)
	}
	return rest
}

// cutOrdinal takes 第N or bare digits off the end.
func cutOrdinal(s string) (ordinal, rest string) {
	i := len(s)
	for i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
		i--
	}
	if i == len(s) {
		return "", s
	}
	return trimZeros(s[i:]), strings.TrimSuffix(s[:i], "第")
}

// cutOrdinals takes 第N at the beginning or the end, or digits that are all there is, off rest; before the kinds of
// hospitals also bare digits at the end (湘雅二医院). have wins when it is set.
func cutOrdinals(rest, have string, kind orgKind) (ordinal, core string) {
	if have != "" || rest == "" {
		return have, rest
	}
	if tail, ok := strings.CutPrefix(rest, "第"); ok {
		if n := len(tail) - len(strings.TrimLeft(tail, "0123456789")); n > 0 {
			return trimZeros(tail[:n]), tail[n:]
		}
	}
	if n, before := cutOrdinal(rest); n != "" {
		if before == "" || kind.family == Hospitals || strings.HasSuffix(strings.TrimRight(rest, "0123456789"), "第") {
			return n, before
		}
	}
	return "", rest
}
