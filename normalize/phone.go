package normalize

import (
	"strings"
	"unicode/utf8"
)

// PhoneKind is the kind of a telephone number.
type PhoneKind string

// The kinds of numbers. Text is what could not be read as a number.
const (
	Mobile    PhoneKind = "mobile"
	Landline  PhoneKind = "landline"
	Shared    PhoneKind = "shared" // 400 and 800 numbers: weak evidence
	PhoneText PhoneKind = "text"
)

// Phone is one telephone number.
type Phone struct {
	Number string // 13800001111, 0571-85550100 (no hyphen when the area code is unknown), 4008001234
	Kind   PhoneKind
	Ext    string // extension, digits
}

// String is the number with its extension: 0571-85550100转8012. A hyphen there could be read as part of the number.
func (p Phone) String() string {
	if p.Ext == "" {
		return p.Number
	}
	return p.Number + "转" + p.Ext
}

// Local is the part of the number that blocking compares: its last eight digits at most, without the area code.
func (p Phone) Local() string {
	n := p.Number[strings.IndexByte(p.Number, '-')+1:]
	return n[max(0, len(n)-8):]
}

// Phones reads all numbers of a field: several are split at / ; 、 , | and spaces, and two glued together are split
// where only one split gives two good numbers. areaCode ("" for unknown) completes landlines written without one; a
// landline after one with an area code in the same field shares it (0571-85550100/85550101). What cannot be an area code
// counts as unknown.
// Equal numbers are given once. A piece that is no number comes back as PhoneText; placeholders give nothing.
func Phones(s, areaCode string) []Phone {
	if !areaCodeShape(areaCode) {
		areaCode = ""
	}
	var out []Phone
	add := func(p Phone) {
		if area, _, ok := strings.Cut(p.Number, "-"); ok && p.Kind == Landline && areaCode == "" {
			areaCode = area
		}
		for _, have := range out {
			if have == p {
				return
			}
		}
		out = append(out, p)
	}
	for _, piece := range phonePieces(strings.ReplaceAll(Text(s), "、", ",")) {
		if p, ok := parsePhone(piece, areaCode); ok {
			add(p)
		} else if a, b, ok := gluedPhones(piece, areaCode); ok {
			add(a)
			add(b)
		} else if Text(piece) != "" {
			add(Phone{Number: piece, Kind: PhoneText})
		}
	}
	return out
}

// phonePieces splits a field. A space splits only where both sides can stand alone: people also group digits with it.
func phonePieces(s string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune("/;,|\\。", r) }) {
		words := strings.Fields(part)
		alone := len(words) > 1
		for _, w := range words {
			n := len(phoneDigits(w))
			alone = alone && (n >= 7 && n <= 14)
		}
		if alone {
			out = append(out, words...)
		} else if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// phoneDigits drops everything but digits.
func phoneDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// maxPhone bounds, in bytes, what can be one number with label and extension.
const maxPhone = 64

// parsePhone reads one number.
func parsePhone(s, areaCode string) (Phone, bool) {
	if len(s) > maxPhone {
		return Phone{}, false
	}
	main, ext := cutExtension(s)
	for _, label := range phoneLabels {
		main = strings.TrimPrefix(main, label)
	}
	if strings.Trim(main, "0123456789+-() .:") != "" {
		return Phone{}, false
	}
	d := phoneDigits(main)
	d = strings.TrimPrefix(d, "00")
	if rest, ok := strings.CutPrefix(d, "86"); ok && len(rest) >= 9 {
		d = rest
		if d[0] != '1' && d[0] != '0' && !sharedNumber(d) {
			d = "0" + d // +86 571 … drops the trunk zero
		}
	}
	switch {
	case mobileNumber(d):
		return Phone{Number: d, Kind: Mobile, Ext: ext}, true
	case sharedNumber(d):
		return Phone{Number: d, Kind: Shared, Ext: ext}, true
	}
	area, local := splitArea(d)
	if area == "" {
		area = areaCode
	}
	if i := strings.LastIndexByte(main, '-'); i > 0 && ext == "" {
		if n := phoneDigits(main[i+1:]); len(n) >= 1 && len(n) <= 5 {
			if p, ok := parsePhone(main[:i], areaCode); ok && p.Ext == "" {
				p.Ext = n
				return p, true
			}
		}
	}
	if !localNumber(local) {
		return Phone{}, false
	}
	if area != "" {
		local = area + "-" + local
	}
	return Phone{Number: local, Kind: Landline, Ext: ext}, true
}

// phoneLabels stand before numbers in free text.
var phoneLabels = []string{"电话", "手机", "TEL", "MOB", "PHONE", "联系", "办公", ":", ".", "-"}

// cutExtension splits at a written mark of an extension.
func cutExtension(s string) (main, ext string) {
	for _, mark := range [...]string{"转分机", "分机", "转", "EXT.", "EXT", "#", "*", "X"} {
		before, after, ok := strings.Cut(s, mark)
		if !ok {
			continue
		}
		after = strings.Trim(after, " :.-")
		if len(after) >= 1 && len(after) <= 5 && allDigits(after) {
			return strings.TrimRight(before, " -(,"), after
		}
	}
	return s, ""
}

func mobileNumber(d string) bool { return len(d) == 11 && d[0] == '1' && d[1] >= '3' && allDigits(d) }

func sharedNumber(d string) bool {
	return len(d) == 10 && (strings.HasPrefix(d, "400") || strings.HasPrefix(d, "800"))
}

// localNumber: seven or eight digits, beginning with neither 0 nor 1, not all the same.
func localNumber(d string) bool {
	return (len(d) == 7 || len(d) == 8) && allDigits(d) && d[0] >= '2' && strings.Trim(d, d[:1]) != ""
}

// splitArea takes the area code off.
func splitArea(d string) (area, local string) {
	if len(d) >= 10 {
		for _, n := range [...]int{3, 4} {
			if areaCodeShape(d[:n]) {
				return d[:n], d[n:]
			}
		}
	}
	return "", d
}

// areaCodeShape: 010 and 02x, else 0 and three digits of which the first is 3 to 9.
func areaCodeShape(code string) bool {
	switch {
	case !allDigits(code) || code[0] != '0':
		return false
	case len(code) == 3:
		return code == "010" || code[1] == '2'
	}
	return len(code) == 4 && code[1] >= '3'
}

// gluedPhones splits two numbers written without a gap. Exactly one split may give two good numbers, where a landline
// of the first half must be written with its area code or borrow the given one; else the field stays text.
func gluedPhones(s, areaCode string) (a, b Phone, ok bool) {
	body := strings.Trim(s, " ")
	if n := len(phoneDigits(body)); n < 14 || n > 24 || utf8.RuneCountInString(body) != len(body) {
		return Phone{}, Phone{}, false
	}
	for i := 7; i <= len(body)-7; i++ {
		if body[i] == '-' || body[i-1] == '-' || body[i-1] == ' ' {
			continue
		}
		first, okA := parsePhone(body[:i], areaCode)
		area := areaCode
		if code, _, written := strings.Cut(first.Number, "-"); written && area == "" {
			area = code
		}
		second, okB := parsePhone(body[i:], area)
		if !okA || !okB || first.Ext != "" || second.Ext != "" {
			continue
		}
		if ok {
			return Phone{}, Phone{}, false
		}
		a, b, ok = first, second, true
	}
	return a, b, ok
}
