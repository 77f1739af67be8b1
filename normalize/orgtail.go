package normalize

import "strings"

// institutionWords end the name of an institution; what follows one is a campus, a department, or another name.
var institutionWords = []string{"医院", "卫生院", "保健院", "疗养院", "防治院", "护理院", "精神病院", "服务中心", "控制中心"}

// pharmacyWords end the name of a pharmacy; what follows one and ends in 店 is a branch.
var pharmacyWords = []string{"大药房", "药房", "药店", "药堂", "药业"}

// tail cuts what follows the name itself: a branch behind a legal form or a pharmacy, a campus or a department behind an
// institution, or a second name glued on.
func (p *orgParser) tail(main string, o *OrgName) string {
	if end := companyEnd(main); end > 0 {
		rest := main[end:]
		if p.isName(rest) && companyEnd(rest) > 0 {
			p.alias(SecondName, rest, o)
			rest = ""
		}
		o.Branch = rest + o.Branch
		return main[:end]
	}
	if strings.HasSuffix(main, "店") {
		if _, begin := p.kinds.suffix(main); begin == len(main) {
			return pharmacyTail(main, o)
		}
	}
	return p.institutionTail(main, o)
}

// companyEnd is the end of the first legal form that is no 分公司 or 子公司; 0 when there is none.
func companyEnd(s string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], "公司")
		if i < 0 {
			return 0
		}
		at := from + i
		if !strings.HasSuffix(s[:at], "分") && !strings.HasSuffix(s[:at], "子") && at > 0 {
			return at + len("公司")
		}
		from = at + len("公司")
	}
}

func pharmacyTail(main string, o *OrgName) string {
	for _, w := range pharmacyWords {
		i := strings.Index(main, w)
		if i <= 0 {
			continue
		}
		end := i + len(w)
		if strings.HasPrefix(main[end:], "连锁") {
			end += len("连锁")
		}
		o.Branch = main[end:] + o.Branch
		return main[:end]
	}
	return main
}

func (p *orgParser) institutionTail(main string, o *OrgName) string {
	for from := 0; ; {
		end := wordEnd(main, from)
		if end < 0 || end == len(main) {
			return main
		}
		name, rest := main[:end], main[end:]
		_, begin := p.kinds.suffix(rest)
		next := wordEnd(rest, 0)
		switch {
		case hasSuffix(rest, campusEnds) && (next < 0 || next == len(rest)):
			p.campus(rest, o)
			return name
		case begin == len(rest) && next < 0 && !strings.HasSuffix(rest, "院"):
			o.Branch = rest + o.Branch
			return name
		case begin < len(rest) && p.glued(name, rest):
			p.alias(SecondName, rest, o)
			return name
		}
		from = end
	}
}

// wordEnd is the end of the first institution word that ends behind from, -1 when there is none.
func wordEnd(s string, from int) int {
	end := -1
	for _, w := range institutionWords {
		if i := strings.Index(s[from:], w); i >= 0 && (end < 0 || from+i+len(w) < end) {
			end = from + i + len(w)
		}
	}
	return end
}

// glued reports whether rest begins a name of its own: with a division in full, or as the name before it begins.
func (p *orgParser) glued(name, rest string) bool {
	if !p.isName(rest) {
		return false
	}
	return strings.HasPrefix(name, firstRunes(rest, 2)) || p.divisions.Lead(rest, p.inside, false).Text != ""
}
