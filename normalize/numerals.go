package normalize

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Numerals writes the Chinese numerals of a name in matching form as digits: 第五零八 → 第508, 五一八医院 → 518医院,
// 十二 → 12. A single numeral is touched only after 第 or before 医院, 院, 部队, 局, 处 or 街坊, so 三亚 and 一汽 stay.
// What is no well-formed number stays as it is.
func Numerals(s string) string {
	if !strings.ContainsFunc(s, hanNumeral) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); {
		end, runes := numeralRun(s, i)
		if runes == 0 {
			_, n := utf8.DecodeRuneInString(s[i:])
			b.WriteString(s[i : i+n])
			i += n
			continue
		}
		if digits, ok := numeralValue(s[i:end]); ok && (runes >= 2 || ordinalPlace(s[:i], s[end:])) {
			b.WriteString(digits)
		} else {
			b.WriteString(s[i:end])
		}
		i = end
	}
	return b.String()
}

// numeralRun measures the run of numerals at s[i:]. A letter O inside a run is a mistyped zero. A unit before 货 belongs
// to the word 百货 (第三百货), not to the number.
func numeralRun(s string, i int) (end, runes int) {
	end = i
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if !hanNumeral(r) && !(r >= '0' && r <= '9') && !(r == 'O' && runes > 0 && numeralFollows(s[end+n:])) {
			break
		}
		if r == '百' && strings.HasPrefix(s[end+n:], "货") {
			break
		}
		end += n
		runes++
	}
	return end, runes
}

func numeralFollows(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return hanNumeral(r) || r >= '0' && r <= '9'
}

func hanNumeral(r rune) bool { return hanDigit(r) >= 0 || hanUnit(r) > 0 }

func hanDigit(r rune) int {
	switch r {
	case '零', '〇', '○':
		return 0
	case '一':
		return 1
	case '二':
		return 2
	case '三':
		return 3
	case '四':
		return 4
	case '五':
		return 5
	case '六':
		return 6
	case '七':
		return 7
	case '八':
		return 8
	case '九':
		return 9
	}
	return -1
}

func hanUnit(r rune) int {
	switch r {
	case '十':
		return 10
	case '百':
		return 100
	case '千':
		return 1000
	}
	return 0
}

// numeralValue reads a run: digit by digit when it has no unit (leading zeros kept), else as a number below 10,000.
func numeralValue(run string) (string, bool) {
	if !strings.ContainsFunc(run, hanNumeral) {
		return "", false
	}
	if !strings.ContainsFunc(run, func(r rune) bool { return hanUnit(r) > 0 }) {
		return strings.Map(func(r rune) rune {
			if d := hanDigit(r); d >= 0 {
				return rune('0' + d)
			}
			if r == 'O' {
				return '0'
			}
			return r
		}, run), true
	}
	total, digit, last := 0, -1, 10_000
	for _, r := range run {
		unit := hanUnit(r)
		switch d := hanDigit(r); {
		case d == 0 && digit < 0: // 一百零三
		case d >= 0 && digit < 0:
			digit = d
		case unit > 0 && unit < last && (digit > 0 || unit == 10 && digit < 0 && total == 0):
			total += max(digit, 1) * unit
			digit, last = -1, unit
		default:
			return "", false
		}
	}
	if last == 10_000 {
		return "", false
	}
	return strconv.Itoa(total + max(digit, 0)), true
}

// ordinalPlace reports whether a single numeral between the two texts counts something.
func ordinalPlace(before, after string) bool {
	if strings.HasSuffix(before, "第") || after == "" && (strings.HasSuffix(before, "附") || strings.HasSuffix(before, "附属")) {
		return true
	}
	if last, _ := utf8.DecodeLastRuneInString(before); strings.ContainsRune("统唯同合归专惟万", last) {
		return false // 统一, 同一, 万一: words, not counts
	}
	for _, word := range [...]string{"医院", "院", "附院", "部队", "局", "处", "街坊"} {
		if strings.HasPrefix(after, word) {
			return true
		}
	}
	return false
}
