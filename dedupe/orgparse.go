package dedupe

import (
	"strings"
	"unicode/utf8"

	"tributary/canonical"
	"tributary/dedupe/similarity"
	"tributary/normalize"
)

// Groups of generic words. Words of one group may stand for each other, as far as kindsAgree says.
const (
	groupHospital = "hospital"
	groupPrimary  = "primary" // clinics, health centres
	groupPublic   = "public"
	groupShop     = "shop"
	groupChain    = "chain" // head offices of pharmacy chains
	groupCompany  = "company"
)

// parseOrgName takes one written name apart: the name itself and whatever further names the string carries. place is
// the record's own division; it explains level words (市一院) and decides between places of one name.
func parseOrgName(name, place string) []houseName {
	name = strings.TrimRight(name, " 　*＊#＃?？!！.。,，、;；-_~") // marks people put behind a name
	if h, latin := latinName(matchingForm(name)); latin {
		return []houseName{h}
	}
	var own *normalize.Division
	if d, ok := normalize.StandardDivisions().ByCode(place); ok {
		own = &d
	}
	var out []houseName
	for _, n := range normalize.ParseOrg(name, own).Names() {
		if n.Full != "" && !(len(out) > 0 && strings.HasPrefix(n.Full, "含")) { // （含西药房） is no second name
			out = append(out, newHouseName(&n, place))
		}
	}
	return out
}

func newHouseName(n *normalize.OrgName, place string) houseName {
	h := houseName{
		full: n.Full, text: similarity.Prepare(n.Full), body: n.Affiliation, core: similarity.Prepare(n.Core), ordinal: n.Ordinal, generic: n.Kind,
		group: groupOf(n.Kind), campus: n.Campus, branch: branchOf(n.Branch), legal: n.Legal, lacksPlace: n.LacksDivision(),
	}
	h.shop = similarity.Prepare(branchStem(h.branch))
	if n.DivisionFrom == normalize.FromName {
		h.written = n.Division
		h.division = n.DivisionCode
		if h.division == "" {
			// 南京 without 市 at the head of a name: a place when only one unit bears the name.
			h.division = normalize.StandardDivisions().Lead(n.Division, place, true).Code
		}
	} else {
		h.level = n.Level
		if n.Level != "" {
			h.inferred = n.DivisionCode
		}
		h.unlisted = unlistedPlace(n.Core)
	}
	core := n.Core
	if h.group == groupPrimary {
		core = townless(core)
		h.core = similarity.Prepare(core)
	}
	if !commonCores[core] {
		h.stem = core
	}
	return h
}

// unlistedPlace is what a core begins with when that says of itself that it is a town or a county.
func unlistedPlace(core string) string {
	for i, r := range core {
		if n := utf8.RuneCountInString(core[:i]); strings.ContainsRune("市县州旗盟", r) && n >= 2 && n <= 4 {
			return core[:i+utf8.RuneLen(r)]
		}
	}
	return ""
}

// townless drops the word 镇, 乡 or 街道 that people write or leave out: 太乐镇中心卫生院 and 太乐中心卫生院 are one house.
func townless(core string) string {
	for _, word := range [...]string{"街道", "镇", "乡"} {
		if rest, ok := strings.CutSuffix(core, word); ok && utf8.RuneCountInString(rest) >= 2 {
			return rest
		}
	}
	return core
}

// branchOf drops what people note behind a dash and that is no branch: a grade.
func branchOf(s string) string {
	if before, note, dashed := strings.Cut(s, "-"); dashed && strings.HasSuffix(note, "级") {
		s = before
	}
	if shop := strings.LastIndex(s, "店"); shop > 0 && len(s)-shop-len("店") <= len("某某市") {
		s = s[:shop+len("店")] // 南山路店（赣州）: the place stands behind
	}
	return s
}

// commonCores are cores that many houses of a country share and that therefore name nobody.
var commonCores = map[string]bool{"人民": true, "中心": true, "中医": true, "综合": true, "职工": true, "红十字": true, "红十字会": true}

func groupOf(kind string) string {
	switch normalize.KindFamilyOf(kind) {
	case normalize.Hospitals:
		return groupHospital
	case normalize.Primary:
		return groupPrimary
	case normalize.PublicBody:
		return groupPublic
	case normalize.Pharmacies:
		if strings.Contains(kind, "连锁") {
			return groupChain
		}
		return groupShop
	case normalize.Companies:
		return groupCompany
	}
	return ""
}

// kindsAgree reports whether two generic words mean the same: 药店 and 大药房 do, 医院 and 人民医院 only may.
func kindsAgree(a, b *houseName) bool {
	return a.generic == b.generic || a.isShop() && b.isShop()
}

// isShop reports whether the name is of a shop, be it written under the name of its chain.
func (n *houseName) isShop() bool {
	return n.group == groupShop || n.group == groupChain && n.branch != ""
}

// kindsConflict reports whether two generic words cannot be of one house.
func kindsConflict(a, b *houseName) bool {
	if a.isShop() && b.isShop() {
		return false
	}
	if (a.group == groupChain) != (b.group == groupChain) && a.group != "" && b.group != "" {
		return true // a head office is no shop, whatever its company is called
	}
	return normalize.KindsConflict(a.generic, b.generic)
}

// deeper is the more exact of two division codes, the stated one when they do not nest.
func deeper(stated, read string) string {
	if stated == "" || within(read, stated) {
		return first(read, stated)
	}
	return stated
}

// addressParts are the parts of an address that are compared.
type addressParts struct{ place, road, number, rest string }

func parseAddress(a canonical.Address) addressParts {
	if a.IsZero() {
		return addressParts{}
	}
	division := a.Division
	if division == "" {
		division = normalize.ParseAddress(a.Province+a.City+a.County, "").Place.Code
	}
	p := normalize.ParseAddress(a.Text, division)
	out := addressParts{place: deeper(division, p.Place.Code), road: p.Road, rest: p.Rest}
	if now, ok := normalize.StandardDivisions().ByCode(out.place); ok {
		if now, ok = normalize.StandardDivisions().Successor(now); ok {
			out.place = now.Code
		}
	}
	if p.Lane != "" {
		out.number = p.Lane + "弄"
	}
	out.number += p.Number
	if out.road == "" && p.Town+p.Village != "" && out.number != "" {
		out.road = p.Town + p.Village
	}
	return out
}
