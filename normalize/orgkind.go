package normalize

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// KindFamily groups the kinds of organisations.
type KindFamily uint8

// The families. Kinds of different families conflict, unless one of them is not known.
const (
	NoFamily   KindFamily = iota
	Hospitals             // hospitals and other institutions with beds
	Primary               // clinics, health centres and stations
	PublicBody            // disease control, blood, emergency, inspection
	Pharmacies            // pharmacies and chains
	Companies             // wholesale, makers, any other company
)

type orgKind struct {
	name    string // canonical form
	family  KindFamily
	generic bool // says no more than the family: 医院 may be short for 人民医院
}

// kindForms lists, per family, the closed list of kinds: the canonical form first, then other forms of it. A trailing *
// marks a generic kind.
var kindForms = map[KindFamily]string{
	Hospitals: `医院* 总医院 中心医院 人民医院=人医 中医医院=中医院 中西医结合医院=中西医结合院=中西医医院 妇幼保健院=妇保院=妇幼=妇幼保健计划生育服务中心=妇幼保健和计划生育服务中心=妇幼健康服务中心
		妇女儿童医院=妇儿医院 妇产医院=妇产科医院 儿童医院 职工医院 口腔医院=口腔专科医院 眼科医院=眼科专科医院 肿瘤医院 精神病医院=精神病院=精神专科医院
		精神卫生中心 传染病医院 胸科医院 骨科医院=骨科专科医院 康复医院 皮肤病医院 肛肠医院=肛肠专科医院 心血管病医院=心血管医院 脑科医院 老年病医院=老年医院 血液病医院
		结核病医院 美容医院=医疗美容医院=整形美容医院 蒙医医院=蒙医院 藏医医院=藏医院 维吾尔医医院=维吾尔医院=维医院 傣医医院=傣医院 壮医医院=壮医院 哈萨克医医院=哈医院 疗养院 护理院
		防治院 皮肤病防治院=皮防院 结核病防治院 妇幼保健站=妇幼保健所 中心*`,
	Primary: `卫生院 中心卫生院 社区卫生服务中心=社区医疗服务中心=社区服务中心 社区卫生服务站 门诊部 综合门诊部 中医门诊部 口腔门诊部 医疗美容门诊部 诊所 中医诊所 口腔诊所 卫生所 卫生站
		卫生室 医务室 医务所 卫生保健所 护理站 防治所 防治站 皮肤病防治所 结核病防治所 职业病防治所 血液透析中心 体检中心=健康体检中心 眼科中心`,
	PublicBody: `疾病预防控制中心=疾控中心=疾控 急救中心 急救站 临床检验中心 医学检验所=医学检验实验室 血液中心 中心血站=血站 卫生健康委员会=卫健委 食品药品检验所=药品检验所=药检所`,
	Pharmacies: `药房* 大药房 大药房连锁=大药房连锁店* 药房连锁=连锁药房* 药店=药店连锁=连锁药店 药品超市 医药连锁=医药连锁店* 连锁* 国药堂 药号 药堂`,
	Companies: `医药 医药集团 药业 药业集团 药材 制药=制药厂=制药总厂=药厂 制药集团 生物制药 生物医药 生物科技=生物技术 医疗器械 药械 医药贸易=医药商贸=医药销售 医药物流
		医药供应链 医药科技 中药饮片=饮片厂 商贸=贸易 科技* 集团* 控股* 实业*`,
}

var legalForms = [...]struct{ form, name string }{
	{"股份有限责任公司", "股份有限公司"}, {"股份有限公司", "股份有限公司"}, {"有限责任公司", "有限公司"}, {"有限公司", "有限公司"}, {"股份公司", "股份有限公司"},
	{"有限合伙", "有限合伙"}, {"普通合伙", "普通合伙"}, {"总公司", "公司"}, {"公司", "公司"},
}

type kindTable struct {
	forms   map[string]orgKind
	names   map[string]orgKind
	ends    map[rune]bool // last characters of the forms
	longest int           // bytes
}

var kinds = sync.OnceValue(func() *kindTable {
	t := &kindTable{forms: map[string]orgKind{}, names: map[string]orgKind{}, ends: map[rune]bool{}}
	for family, list := range kindForms {
		for _, group := range strings.Fields(list) {
			group, generic := strings.CutSuffix(group, "*")
			forms := strings.Split(group, "=")
			k := orgKind{name: forms[0], family: family, generic: generic}
			t.names[k.name] = k
			for _, f := range forms {
				t.forms[f] = k
				last, _ := utf8.DecodeLastRuneInString(f)
				t.ends[last] = true
				t.longest = max(t.longest, len(f))
			}
		}
	}
	return t
})

// suffix finds the longest kind at the end of s and where it begins; begin is len(s) when there is none.
func (t *kindTable) suffix(s string) (k orgKind, begin int) {
	last, size := utf8.DecodeLastRuneInString(s)
	if !t.ends[last] {
		return orgKind{}, len(s)
	}
	begin = len(s)
	for i := len(s) - size; i >= 0 && len(s)-i <= t.longest; {
		if found, ok := t.forms[s[i:]]; ok && !splitsPlace(s[:i], s[i:]) {
			k, begin = found, i
		}
		_, size := utf8.DecodeLastRuneInString(s[:i])
		if size == 0 {
			break
		}
		i -= size
	}
	return k, begin
}

// splitsPlace reports whether a kind that begins with 中 takes that character from a place: 汉中医院 is the hospital of
// 汉中, not the 中医院 of 汉.
func splitsPlace(before, form string) bool {
	if !strings.HasPrefix(form, "中医") {
		return false
	}
	last, size := utf8.DecodeLastRuneInString(before)
	if size == 0 {
		return false
	}
	if strings.ContainsRune("华关", last) && len(before) == size {
		return true
	}
	// 市中医院 and 城中医院 are far more often short for the 中医院 of the city than named after 市中区 or 城中区.
	return !strings.ContainsRune("市城县区省州", last) && StandardDivisions().stemOf(string(last)+"中")
}

// KindFamilyOf is the family of a canonical kind.
func KindFamilyOf(kind string) KindFamily { return kinds().names[kind].family }

// KindsConflict reports whether two canonical kinds cannot be of one organisation: different families, or different
// kinds of which neither is generic. 医院 does not conflict with 人民医院, 中医医院 does. An unknown kind ("") conflicts with
// nothing.
func KindsConflict(a, b string) bool {
	x, y := kinds().names[a], kinds().names[b]
	if a == b || x.family == NoFamily || y.family == NoFamily {
		return false
	}
	return x.family != y.family || !x.generic && !y.generic
}
