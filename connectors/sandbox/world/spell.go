package world

import (
	"strings"

	"tributary/canonical"
)

// habits are how carefully a system's people write: chances of doing or leaving out something.
type habits struct {
	abbreviate, dropPlace, former, traditional, typo, bracket, note, width float64
	uscc, licence, phone, detail, identity, oldTitle, divisions            float64
}

// of are the habits of who made a first or a second record.
func (h habits) of(again bool) habits {
	if again { // a second record is made by someone who did not find the first
		h.abbreviate, h.oldTitle, h.typo = max(h.abbreviate, 0.4), h.oldTitle*2, h.typo*1.5
	}
	return h
}

// shortForms are how organisations are called for short.
var shortForms = strings.NewReplacer(
	"第一人民医院", "一院", "第二人民医院", "二院", "第三人民医院", "三院", "第四人民医院", "四院", "第五人民医院", "五院",
	"附属第一医院", "附一院", "附属第二医院", "附二院", "中医药大学", "中医大", "医科大学", "医大", "妇幼保健院", "妇幼", "中西医结合医院", "中西医医院",
	"街道社区卫生服务中心", "社区卫生服务中心", "镇中心卫生院", "中心卫生院", "股份有限公司", "股份", "医药集团有限公司", "医药集团", "有限责任公司", "公司", "大药房连锁有限公司", "大药房", "有限公司", "公司",
)

var otherForms = strings.NewReplacer("中医院", "中医医院", "有限责任公司", "有限公司", "第一", "第1", "第二", "第2", "大药房", "药房", "卫生服务中心", "卫生服务站")

var traditional = strings.NewReplacer(
	"医", "醫", "药", "藥", "广", "廣", "东", "東", "华", "華", "国", "國", "区", "區", "门", "門", "济", "濟", "寿", "壽", "兴", "興", "宝", "寶", "达", "達", "汇", "匯",
	"龙", "龍", "张", "張", "刘", "劉", "陈", "陳", "杨", "楊", "黄", "黃", "赵", "趙", "吴", "吳", "孙", "孫", "马", "馬", "罗", "羅", "郑", "鄭", "谢", "謝", "韩", "韓", "苏", "蘇", "卢", "盧",
)

var homophones = map[string]string{
	"济": "齐", "益": "宜", "仁": "人", "芝": "之", "瑞": "锐", "恒": "衡", "福": "富", "嘉": "佳", "诚": "城", "盛": "胜", "伟": "玮", "杰": "洁", "静": "靖", "丽": "莉", "敏": "闽", "晓": "小", "宇": "雨", "琪": "淇",
}

// spell writes an organisation's name as the people of a system do.
func spell(r random, h habits, name string, p *place) string {
	out := name
	if r.chance(h.dropPlace) {
		switch {
		case strings.HasPrefix(out, p.city) && len(out) > len(p.city)+9:
			out = out[len(p.city):]
			if r.chance(0.5) {
				out = bare(p.city) + out
			}
		case strings.HasPrefix(out, p.province) && p.province != p.city:
			out = out[len(p.province):]
		}
	}
	if r.chance(h.abbreviate) {
		out = shortForms.Replace(out)
	} else if r.chance(h.abbreviate / 2) {
		out = otherForms.Replace(out)
	}
	if r.chance(h.typo) {
		out = typo(r, out)
	}
	if r.chance(h.traditional) {
		out = traditional.Replace(out)
	}
	if r.chance(h.bracket) && strings.HasPrefix(out, bare(p.city)) && !strings.HasPrefix(out, p.city) && len(out) > len(bare(p.city))+9 {
		city := bare(p.city)
		out = out[len(city):]
		if r.chance(0.5) {
			out += "(" + city + ")"
		} else {
			out = "（" + city + "）" + out
		}
	}
	if r.chance(h.note) {
		out += pick(r, []string{"（新）", "(老客户)", "*", "（含西药房）", "-A级"})
	}
	if r.chance(h.width) {
		out = pick(r, []string{" " + out, out + " ", "　" + out})
	}
	return out
}

func spellPerson(r random, h habits, name string) string {
	out := name
	if r.chance(h.typo / 2) {
		out = typo(r, out)
	}
	if r.chance(h.traditional) {
		out = traditional.Replace(out)
	}
	if r.chance(h.width) {
		runes := []rune(out)
		out = string(runes[:1]) + " " + string(runes[1:])
	}
	return out
}

// typo is one slip: a homophone where there is one, else a character too few or two changed about, never the first.
func typo(r random, s string) string {
	for from, to := range ordered(homophones) {
		if i := strings.LastIndex(s, from); i > 0 {
			return s[:i] + to + s[i+len(from):]
		}
	}
	runes := []rune(s)
	if len(runes) < 5 {
		return s
	}
	i := r.between(2, len(runes)-2)
	if r.chance(0.5) {
		return string(append(runes[:i:i], runes[i+1:]...))
	}
	runes[i], runes[i-1] = runes[i-1], runes[i]
	return string(runes)
}

func typoDigit(r random, s string) string {
	i := r.between(8, len(s)-2)
	return s[:i] + string('0'+byte(r.IntN(10))) + s[i+1:]
}

func shortDepartment(s string) string {
	s = strings.TrimSuffix(strings.Replace(s, "血管", "", 1), "医学科")
	return strings.Replace(s, "呼吸与危重症", "呼吸科", 1)
}

// phone writes a number in one of the ways people do.
func phone(r random, h habits, number string) string {
	if r.chance(h.typo) {
		return mobile(r) // it changed
	}
	if strings.HasPrefix(number, "1") {
		switch r.IntN(8) {
		case 0:
			return number[:3] + " " + number[3:7] + " " + number[7:]
		case 1:
			return number[:3] + "-" + number[3:7] + "-" + number[7:]
		case 2:
			return "+86 " + number
		case 3:
			return "86" + number
		}
		return number
	}
	area, rest, _ := strings.Cut(number, "-")
	switch r.IntN(6) {
	case 0:
		return "(" + area + ")" + rest
	case 1:
		return "（" + area + "）" + rest
	case 2:
		return area + rest
	}
	return number
}

// address is written in parts, or as one text, with more or less of the divisions.
func address(r random, h habits, p *place, road string) canonical.Address {
	switch {
	case road == "":
		return canonical.Address{}
	case r.chance(h.divisions):
		a := canonical.Address{Province: p.province, City: p.city, County: p.county, Text: road}
		if r.chance(0.2) {
			a.Text = p.inCity() + p.county + road
		}
		if r.chance(0.1) {
			a.County = ""
		}
		return a
	case r.chance(0.7):
		return canonical.Address{Text: p.inCity() + p.county + road}
	}
	return canonical.Address{City: p.city, Text: road}
}
