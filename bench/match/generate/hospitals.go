package generate

import (
	"fmt"
	"strconv"
	"strings"

	"tributary/normalize"
)

var (
	coreHeads     = strings.Split("康 益 仁 济 德 安 泰 华 瑞 福 寿 恒 百 同 民 广 盛 永 兴 天 健 正 信 诚 博 嘉 祥 和 惠 普 佑 慈 善 景 明 圣 美 佳 长 松 柏 云 龙 凤 金 玉 海 星", " ")
	coreTails     = strings.Split("康 生 和 泰 源 林 春 安 宁 元 芝 济 仁 民 爱 心 慈 健 益 禾 佑 德 恩 瑞 华 源 平 福 寿 明", " ")
	privateKinds  = strings.Split("医院 医院 医院 骨科医院 眼科医院 妇产医院 口腔医院 康复医院 中医医院 中西医结合医院 肛肠医院 精神病医院", " ")
	publicKinds   = strings.Split("妇幼保健院 中心医院 传染病医院 精神卫生中心 儿童医院 肿瘤医院 口腔医院 中西医结合医院", " ")
	schoolHeads   = strings.Split("江南 北原 岭海 东林 西川 华岭 中岳 滨江 南浦 关东 云岭 太行 淮海 汉中原 沧海 洞庭 秦岭 长河 青山 白云", " ")
	schoolKinds   = [][2]string{{"医科大学", "医大"}, {"中医药大学", "中医大"}, {"大学", "大"}, {"医学院", "医"}}
	ordinalWords  = strings.Split("零 一 二 三 四 五 六 七 八 九 十", " ")
	toTraditional = strings.NewReplacer("医", "醫", "广", "廣", "东", "東", "华", "華", "国", "國", "区", "區", "门", "門", "济", "濟", "宁", "寧", "兴", "興", "龙", "龍", "学", "學", "县", "縣", "妇", "婦", "儿", "兒", "总", "總", "结", "結", "疗", "療", "爱", "愛", "阳", "陽", "云", "雲", "长", "長")
	toFullWidth   = strings.NewReplacer("(", "（", ")", "）", "1", "１", "2", "２", "3", "３", "4", "４")
	homophones    = strings.NewReplacer("济", "齐", "益", "宜", "仁", "人", "瑞", "锐", "恒", "衡", "福", "富", "嘉", "佳", "诚", "城", "盛", "胜")
)

// house is a hospital with what its name is made of.
type house struct {
	name     string // on the list
	place    normalize.Division
	city     normalize.Division // the prefecture the place lies in, zero when none
	province normalize.Division
	school   string // with its short form behind a bar: 江南医科大学|江南医大
	core     string
	ordinal  int
	kind     string
	other    string // a second name, official too
	twin     bool   // another hospital's name differs in the level word only, so that nobody leaves it out
}

// officialName builds the name from its parts.
func (h *house) officialName() string {
	switch {
	case h.school != "":
		full, _, _ := strings.Cut(h.school, "|")
		if h.ordinal > 0 {
			return full + "附属第" + ordinalWords[h.ordinal] + "医院"
		}
		return full + "附属" + h.core + "医院"
	case h.ordinal > 0:
		return h.place.Name + "第" + ordinalWords[h.ordinal] + h.kind
	}
	return h.place.Name + h.core + h.kind
}

// Hospitals invents an official list (b: id, name) of four fifths of the rows and names as people write them (a: id,
// name). Most free names have one counterpart; a tenth name a hospital that is not on the list, often the twin of one
// that is.
func Hospitals(size Size) Set {
	r := newRandom(size, 9)
	listed, twins := hospitals(r, size.Rows*4/5)
	var a, b []draft
	for i, h := range listed {
		name := h.name
		if h.other != "" {
			name = fmt.Sprintf(pick(r, []string{"%s〓%s", "%s（%s）", "%s/%s"}), h.name, h.other)
		}
		b = append(b, draft{i + 1, []string{name}})
	}
	free := size.Rows - len(b)
	for range free * 9 / 10 {
		i := r.IntN(len(listed))
		a = append(a, draft{i + 1, []string{listed[i].write(r)}})
	}
	for i := range min(free/10, len(twins)) {
		a = append(a, draft{len(listed) + 1 + i, []string{twins[i].write(r)}})
	}
	var s Set
	s.list(r, "a", []string{"name"}, a)
	s.list(r, "b", []string{"name"}, b)
	return s
}

// hospitals invents n hospitals with distinct names, and others that are left off the list.
func hospitals(r random, n int) (listed, left []*house) {
	d := normalize.StandardDivisions()
	var places []normalize.Division
	for u := range d.All() {
		if u.Current() && u.Level != normalize.Province && !strings.HasSuffix(u.Name, "开发区") && !strings.HasSuffix(u.Name, "林区") && !strings.Contains(u.Name, "管理") {
			places = append(places, u)
		}
	}
	r.Shuffle(len(places), func(i, j int) { places[i], places[j] = places[j], places[i] })
	seen, cores, alike := map[string]bool{}, map[string]bool{}, map[string][]*house{}
	for _, place := range places {
		province, city := d.Parents(place.Code)
		for _, h := range hospitalsOf(r, place, cores) {
			h.city, h.province = city, province
			h.name = h.officialName()
			if seen[h.name] {
				continue // places of one name: which is meant cannot be told from a name
			}
			seen[h.name] = true
			alike[bare(h.name)] = append(alike[bare(h.name)], h)
			if h.school == "" && h.ordinal == 1 && r.chance(0.15) {
				h.other = place.Name + pick(r, coreHeads) + pick(r, coreTails) + "医院"
			}
			switch {
			case len(left) < n/40 && r.chance(0.08):
				left = append(left, h)
			case len(listed) < n:
				listed = append(listed, h)
			}
		}
		if len(listed) == n {
			break
		}
	}
	for _, group := range alike {
		for _, h := range group {
			h.twin = len(group) > 1
		}
	}
	return listed, left
}

// bare drops the level words: what is left of 承德市中医院 and 承德县中医院 is the same.
func bare(s string) string { return strings.NewReplacer("市", "", "县", "", "区", "").Replace(s) }

func hospitalsOf(r random, place normalize.Division, cores map[string]bool) []*house {
	var out []*house
	add := func(h house) { h.place = place; out = append(out, &h) }
	add(house{kind: "人民医院"})
	add(house{kind: pick(r, []string{"中医院", "中医医院"})})
	if r.chance(0.6) {
		add(house{kind: pick(r, publicKinds)})
	}
	if place.Level == normalize.Prefecture || r.chance(0.2) {
		for i := range r.between(2, 6) {
			add(house{ordinal: i + 1, kind: pick(r, []string{"人民医院", "人民医院", "医院"})})
		}
	}
	for range r.between(0, 3) {
		core := pick(r, coreHeads) + pick(r, coreTails)
		if r.chance(0.2) {
			core += pick(r, coreTails)
		}
		kind := pick(r, privateKinds)
		if !cores[core+kind] {
			cores[core+kind] = true
			add(house{core: core, kind: kind})
		}
	}
	if place.Level == normalize.Prefecture && r.chance(0.3) {
		head, kind := pick(r, schoolHeads), pick(r, schoolKinds)
		for i := range r.between(1, 4) {
			add(house{school: head + kind[0] + "|" + head + kind[1], ordinal: i + 1, kind: "医院"})
		}
		if r.chance(0.5) {
			add(house{school: head + kind[0] + "|" + head + kind[1], core: pick(r, []string{"口腔", "肿瘤", "儿童", "眼科"}), kind: "医院"})
		}
	}
	return out
}

// stem is the place's name without its level word, or the whole of it when too little would be left.
func stem(name string) string {
	for _, w := range []string{"市", "县", "区"} {
		if cut, ok := strings.CutSuffix(name, w); ok && len(cut) >= 6 && !strings.HasSuffix(cut, "族自治") {
			return cut
		}
	}
	return name
}

// write puts the name down as people do.
func (h *house) write(r random) string {
	name := h.short(r)
	if r.chance(0.02) {
		name = homophones.Replace(name)
	}
	switch x := r.Float64(); {
	case x < 0.05:
		name += pick(r, []string{"（三甲）", "(公立)", "(新)", "（二级）", "(民营)"})
	case x < 0.09:
		name += pick(r, []string{"（本部）", "(总院)", "(医保定点)", "（新）"})
	case x < 0.11:
		name += "(原:" + h.place.Name + pick(r, coreHeads) + pick(r, coreTails) + "医院)"
	case x < 0.13 && h.other != "":
		name = h.other
	case x < 0.15 && h.other != "":
		name += "/" + h.other
	}
	if r.chance(0.04) {
		name = toTraditional.Replace(name)
	}
	if r.chance(0.06) {
		name = toFullWidth.Replace(name)
	}
	if r.chance(0.05) {
		runes := []rune(name)
		i := r.between(1, len(runes)-1)
		name = string(runes[:i]) + " " + string(runes[i:])
	}
	return name
}

func (h *house) short(r random) string {
	place := h.place.Name
	switch x := r.Float64(); {
	case x < 0.30:
	case x < 0.45 && !h.twin:
		place = stem(place)
	case x < 0.60 && h.province.Code != "":
		place = h.province.Name + place
	case x < 0.68 && h.city.Code != "" && h.city.Code != h.place.Code:
		place = h.city.Name + place
	case x < 0.74 && h.city.Code != "" && h.city.Code != h.place.Code:
		place = h.province.Name + h.city.Name + place
	case x < 0.78 && h.city.Code != "" && h.city.Code != h.place.Code:
		place = stem(h.city.Name) + place
	}
	switch {
	case h.school != "":
		full, short, _ := strings.Cut(h.school, "|")
		if h.ordinal == 0 {
			return pick(r, []string{full + "附属" + h.core + "医院", short + "附属" + h.core + "医院", full + h.core + "医院", short + h.core + "医院"})
		}
		n := ordinalWords[h.ordinal]
		return pick(r, []string{full + "附属第" + n + "医院", full + "第" + n + "附属医院", short + "附" + n + "院", short + n + "附院", short + "附属第" + n + "医院", full + "附" + n})
	case h.ordinal > 0:
		n := ordinalWords[h.ordinal]
		return pick(r, []string{place + "第" + n + h.kind, place + "第" + n + h.kind, place + "第" + n + "医院", place + n + "院", place + "第" + strconv.Itoa(h.ordinal) + h.kind, place + n + "医院"})
	case h.core != "":
		if r.chance(0.2) {
			return h.core + h.kind // the rare name says enough
		}
		if r.chance(0.1) {
			return h.core + h.kind + "(" + place + ")"
		}
		return place + h.core + h.kind
	}
	kind := h.kind
	switch kind {
	case "中医院":
		kind = pick(r, []string{"中医院", "中医院", "中医医院"})
	case "中医医院":
		kind = pick(r, []string{"中医医院", "中医院"})
	case "妇幼保健院":
		kind = pick(r, []string{"妇幼保健院", "妇幼", "妇保院"})
	case "人民医院":
		kind = pick(r, []string{"人民医院", "人民医院", "人民医院", "医院", "人医"})
	}
	return place + kind
}
