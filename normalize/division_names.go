package normalize

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// levelWords end the full name of a division, longest first.
var levelWords = []string{
	"特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "林区", "特区", "新区", "矿区", "省", "市", "县", "区", "盟", "旗", "州",
}

// peoples are the names that autonomous units carry before their level word and that common usage drops.
var peoples = strings.Fields(`朝鲜族 土家族 苗族 藏族 羌族 彝族 布依族 侗族 白族 傣族 景颇族 傈僳族 哈尼族 壮族 回族 蒙古族 蒙古
哈萨克族 哈萨克 柯尔克孜族 柯尔克孜 满族 瑶族 黎族 畲族 仫佬族 毛南族 佤族 拉祜族 布朗族 纳西族 怒族 独龙族 普米族 保安族 东乡族
撒拉族 土族 裕固族 锡伯族 塔吉克族 塔吉克 达斡尔族 鄂温克族 鄂伦春族 仡佬族 水族 各族 维吾尔族 维吾尔`)

// stem cuts the level word and the names of peoples from a division's name: 恩施土家族苗族自治州 → 恩施. word is the level
// word in its short form (自治州 → 州). A name without level word is its own stem.
func stem(name string) (bare, word string) {
	bare = name
	for _, w := range levelWords {
		if cut, ok := strings.CutSuffix(name, w); ok && cut != "" {
			bare, word = cut, w
			break
		}
	}
	if strings.HasPrefix(word, "自治") {
		word = strings.TrimPrefix(word, "自治")
		for cut := true; cut; {
			cut = false
			for _, p := range peoples {
				if short, ok := strings.CutSuffix(bare, p); ok && utf8.RuneCountInString(short) >= 2 {
					bare, cut = short, true
				}
			}
		}
		if short, ok := strings.CutSuffix(bare, "族"); ok && utf8.RuneCountInString(short) >= 2 {
			bare = short // 东乡族自治县: the people's name is the place's name
		}
	}
	return bare, word
}

// index builds the table of name forms: the full name, the stem with a short level word (恩施州), the stem alone (恩施,
// two characters or more). Retired units are found by full name only, and only where no current unit of the province
// bears it.
func (d *Divisions) index() {
	for i, u := range d.units {
		name := Fold(u.Name)
		if u.retired && (u.LastYear > 0 && u.LastYear < 1990 || d.taken(name, u.Code)) {
			continue
		}
		bare, word := stem(name)
		d.addName(name, i, false)
		if short := bare + word; short != name && word != "区" {
			d.addName(short, i, false)
		}
		if utf8.RuneCountInString(bare) >= 2 && word != "" && (!u.retired || u.Level == Prefecture && u.Successor != "") {
			d.addName(bare, i, true)
		}
	}
}

func (d *Divisions) taken(name, code string) bool {
	return slices.ContainsFunc(d.names[name], func(n naming) bool {
		u := d.units[n.unit]
		return !u.retired && !n.bare && u.Code[:2] == code[:2]
	})
}

func (d *Divisions) addName(form string, unit int, bare bool) {
	if slices.ContainsFunc(d.names[form], func(n naming) bool { return n.unit == unit }) {
		return
	}
	d.names[form] = append(d.names[form], naming{unit: unit, bare: bare})
	if head := firstRunes(form, 2); d.heads[head] < len(form) {
		d.heads[head] = len(form)
	}
}

// firstRunes is the beginning of s, n characters or all of it.
func firstRunes(s string, n int) string {
	i := 0
	for ; n > 0 && i < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return s[:i]
}

// stemOf reports whether s is the bare name of some division.
func (d *Divisions) stemOf(s string) bool {
	return slices.ContainsFunc(d.names[s], func(n naming) bool { return n.bare })
}
