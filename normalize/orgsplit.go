package normalize

import (
	"strings"
	"unicode/utf8"
)

// separators stand between the names of a list.
const separators = "/;、,"

// list splits A/B, A;B, A、B where every piece is a name of its own, and returns the first.
func (p *orgParser) list(t string, o *OrgName) string {
	if !strings.ContainsAny(t, separators) {
		return t
	}
	pieces := strings.FieldsFunc(t, func(r rune) bool { return strings.ContainsRune(separators, r) })
	for i, piece := range pieces {
		pieces[i] = Fold(piece)
		if !p.isName(firstPart(pieces[i])) {
			return t
		}
	}
	if len(pieces) == 0 {
		return t
	}
	for _, piece := range pieces[1:] {
		p.alias(SecondName, piece, o)
	}
	return pieces[0]
}

// firstPart is s up to its first bracket.
func firstPart(s string) string {
	before, _, _ := strings.Cut(s, "(")
	return before
}

// isName reports whether s can stand as a name: it ends in a kind or a legal form and says something before it.
func (p *orgParser) isName(s string) bool {
	s = spellOut(s)
	if utf8.RuneCountInString(s) < 4 {
		return false
	}
	if strings.HasSuffix(s, "公司") {
		return true
	}
	_, begin := p.kinds.suffix(s)
	return begin > 0 && begin < len(s)
}

var (
	formerMarks = []string{"曾用名", "原名", "原称", "前身", "旧称", "旧名", "原"}
	secondMarks = []string{"又名", "别名", "又称", "也称", "亦称", "简称", "加挂", "挂牌", "现名", "现为", "现"}
	noteMarks   = []string{
		"民营", "公立", "私立", "公办", "民办", "三甲", "三乙", "二甲", "二乙", "三级", "二级", "一级", "甲等", "乙等", "筹", "注销", "停业", "停用", "歇业",
		"关闭", "撤销", "吊销", "暂停", "合作", "医保", "定点", "营利", "个体", "测试", "挂靠", "直营", "加盟", "承包", "托管", "搬迁", "已搬", "作废", "重复", "勿用",
	}
	branchEnds = []string{"店", "分公司", "营业部", "经营部", "办事处"}
	campusEnds = []string{
		"院区", "分院", "分部", "院部", "东院", "西院", "南院", "北院", "新院", "老院", "本院", "本部", "总院", "门诊部", "急救站", "急救分站",
		"社区卫生服务站", "卫生服务站", "社区卫生服务中心", "医学中心", "门诊", "住院部", "体检中心",
	}
)

// brackets takes the brackets out of t and files what they hold: an alias, the campus, a branch, a place, a note. What
// stands inside the name (…（广东）有限公司) becomes part of it.
func (p *orgParser) brackets(t string, o *OrgName) string {
	if !strings.ContainsAny(t, "()") {
		return t
	}
	for {
		open := strings.IndexByte(t, '(')
		if open < 0 {
			return Numerals(Text(strings.ReplaceAll(t, ")", "")))
		}
		end := closing(t, open)
		before, inner, after := t[:open], Fold(t[open+1:end]), t[min(end+1, len(t)):]
		switch {
		case strings.Trim(before+after, " )") == "":
			t = inner
		case Text(inner) == "" || p.fileBracket(inner, before, after, o):
			t = before + after
		case after == "" && p.divisions.Lead(inner, p.inside, true).Text == inner && p.divisions.Lead(before, "", false).Text == "":
			t = inner + before // 人民医院（广州市）
		case strings.Trim(after, " )") == "" && !strings.HasSuffix(inner, "合伙"):
			o.Notes = append(o.Notes, inner)
			t = before + after
		default:
			t = before + inner + after
		}
	}
}

// closing is the index of the bracket that closes the one at open, or len(t).
func closing(t string, open int) int {
	depth := 0
	for i := open; i < len(t); i++ {
		switch t[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(t)
}

// fileBracket files what a bracket holds; false when it holds nothing of these kinds.
func (p *orgParser) fileBracket(inner, before, after string, o *OrgName) bool {
	if name, ok := cutMark(inner, formerMarks); ok && p.isName(firstPart(name)) {
		p.alias(FormerName, name, o)
		return true
	}
	if name, ok := cutMark(inner, secondMarks); ok && p.isName(firstPart(name)) {
		p.alias(SecondName, name, o)
		return true
	}
	if containsAny(inner, noteMarks) {
		o.Notes = append(o.Notes, inner)
		return true
	}
	switch _, begin := p.kinds.suffix(before); {
	case begin < len(before) && o.Campus == "" && (hasSuffix(inner, campusEnds) || inner == "东区" || inner == "西区" || inner == "南区" || inner == "北区"):
		p.campus(withoutBrackets(inner), o)
	case p.isName(firstPart(inner)) && after == "":
		p.alias(SecondName, inner, o)
	case o.Branch == "" && hasSuffix(inner, branchEnds):
		o.Branch = withoutBrackets(inner)
	default:
		return false
	}
	return true
}

// campus files the name of a site. The main site is the institution itself.
func (p *orgParser) campus(name string, o *OrgName) {
	switch name {
	case "本部", "院本部", "医院本部", "本院", "总院", "总部":
		o.Notes = append(o.Notes, name)
	default:
		o.Campus = name + o.Campus
	}
}

func withoutBrackets(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "(", ""), ")", "")
}

func cutMark(s string, marks []string) (rest string, ok bool) {
	for _, m := range marks {
		if rest, ok := strings.CutPrefix(s, m); ok {
			return strings.TrimLeft(rest, ": 为是"), true
		}
	}
	return s, false
}

func containsAny(s string, words []string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

func hasSuffix(s string, ends []string) bool {
	for _, e := range ends {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}
