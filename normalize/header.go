package normalize

import "strings"

// Header is the comparing form of a column header: half-width, upper-case, without spaces, stars, a final colon, and
// without brackets that hold a unit or a hint for the person filling it in (数量（盒） → 数量, *日期(必填) → 日期). Other
// brackets stay: they can tell two columns apart. Compare headers for equality only.
func Header(s string) string {
	t := Fold(s)
	for range 8 {
		next := Fold(strings.TrimRight(strings.NewReplacer(" ", "", "*", "", "※", "").Replace(t), ":"))
		if next = cutHint(next); next == t {
			break
		}
		t = next
	}
	return t
}

// cutHint removes the first bracket that holds a unit or a hint.
func cutHint(t string) string {
	for from := 0; ; {
		open := strings.IndexAny(t[from:], "([")
		if open < 0 {
			return t
		}
		open += from
		end := strings.IndexAny(t[open:], ")]")
		if end < 0 {
			return t
		}
		end += open
		if hint(t[open+1:end]) && len(t) > end+1-open {
			return t[:open] + t[end+1:]
		}
		from = open + 1
	}
}

// hint reports whether the content of a bracket says nothing about which column it is.
func hint(inner string) bool {
	if inner == "" {
		return true
	}
	if _, class := Unit(inner); class != "" {
		return true
	}
	for _, word := range strings.FieldsFunc(inner, func(r rune) bool { return r == '/' || r == '、' || r == ',' }) {
		if !hintWords[word] && !(len(word) > 1 && strings.Trim(word, "YMDHS年月日-/.:") == "") {
			if _, class := Unit(word); class == "" {
				return false
			}
		}
	}
	return true
}

var hintWords = map[string]bool{
	"元": true, "万元": true, "人民币": true, "CNY": true, "RMB": true, "¥": true, "%": true, "吨": true, "千克": true, "KG": true, "克": true,
	"必填": true, "必填项": true, "选填": true, "非必填": true, "可选": true, "可空": true, "必须": true, "天": true, "月": true, "年": true, "日": true,
	"单位": true, "最小单位": true, "基本单位": true,
}
