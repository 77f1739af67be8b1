package normalize

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

var (
	//go:embed data/schools.tsv
	schoolData string
	//go:embed data/institutions.tsv
	institutionData string
)

// shortNames tells which university a short or former name means, and which institution a name that is an abbreviation
// as a whole (浙一). All in matching form.
type shortNames struct {
	schools      map[string]string
	institutions map[string]string
	longest      int // characters of the longest school
}

var shortForms = sync.OnceValue(func() *shortNames {
	t := &shortNames{schools: map[string]string{}, institutions: map[string]string{}}
	for line := range strings.Lines(schoolData) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if f[0] == "" || f[0][0] == '#' {
			continue
		}
		for _, list := range f[1:] {
			for _, short := range strings.Fields(list) {
				short = Numerals(Text(short))
				t.schools[short] = Numerals(Text(f[0]))
				t.longest = max(t.longest, utf8.RuneCountInString(short))
			}
		}
	}
	for line := range strings.Lines(institutionData) {
		short, full, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if ok && short[0] != '#' {
			t.institutions[spellOut(Numerals(Text(short)))] = Numerals(Text(full))
		}
	}
	return t
})

// meant is the full name that a short name stands for by the tables, "" when they know none: 浙大附1医院 is 浙江大学医学院附属第1医院,
// 第3军医大学西南医院 is 陆军军医大学西南医院. An abbreviated school is only read before what can follow one: 附属, an ordinal, or
// another word before a kind of hospital when the school ends in 大学 or 学院.
func (p *orgParser) meant(main string) string {
	t := shortForms()
	if full, ok := t.institutions[main]; ok {
		return full
	}
	best, full := 0, ""
	end := 0
	for range t.longest {
		_, size := utf8.DecodeRuneInString(main[end:])
		if size == 0 {
			break
		}
		end += size
		if school, ok := t.schools[main[:end]]; ok && !strings.HasPrefix(main, school) {
			if rest := clinicOf(main[:end], main[end:]); rest != "" {
				best, full = end, school+rest
			}
		}
	}
	if best == 0 {
		return ""
	}
	return full
}

// clinicOf reads what follows a school's name as one of its hospitals, "" when it is none.
func clinicOf(school, rest string) string {
	whole := strings.HasSuffix(school, "大学") || strings.HasSuffix(school, "学院")
	tail := strings.TrimPrefix(rest, "第")
	digits := len(tail) - len(strings.TrimLeft(tail, "0123456789"))
	switch n, after := tail[:digits], tail[digits:]; {
	case digits > 0 && (after == "医院" || after == "院" || after == "附属医院" || after == ""):
		return "附属第" + n + "医院"
	case strings.HasPrefix(rest, "附属"):
		return rest
	case whole && strings.HasSuffix(rest, "医院"):
		return rest
	}
	return ""
}

// attached writes the abbreviations of what belongs to a university in full: 附1院 → 附属第1医院, 附属1院 likewise, and its name
// where the abbreviation tells it: 江南医大附… → 江南医科大学附属….
func attached(main string) string {
	before, after, ok := strings.Cut(main, "附")
	if !ok || before == "" {
		return longSchool(main, false)
	}
	after = strings.TrimPrefix(after, "属")
	tail := strings.TrimPrefix(after, "第")
	digits := len(tail) - len(strings.TrimLeft(tail, "0123456789"))
	switch rest := tail[digits:]; {
	case digits > 0 && (rest == "" || rest == "院" || rest == "医院"):
		after = "第" + tail[:digits] + "医院"
	case after == "院":
		after = "医院"
	case !strings.HasPrefix(main[len(before):], "附属"):
		return main // 附近, 附小
	}
	return longSchool(before, true) + "附属" + after
}

// longSchool writes 医大 and 中医大 in full, and before 附 also 大 and 医, behind two characters or more.
func longSchool(s string, whole bool) string {
	for _, w := range [...]struct{ short, long string }{{"中医大", "中医药大学"}, {"医大", "医科大学"}} {
		if i := strings.Index(s, w.short); i > 0 && utf8.RuneCountInString(s[:i]) >= 2 && !strings.HasPrefix(s[i+len(w.short):], "学") {
			return s[:i] + w.long + s[i+len(w.short):]
		}
	}
	if !whole {
		return s
	}
	ordinal := strings.TrimRight(s, "0123456789")
	number := s[len(ordinal):]
	ordinal, first := strings.CutSuffix(ordinal, "第")
	if first {
		number = "第" + number
	}
	for _, w := range [...]struct{ short, long string }{{"大", "大学"}, {"医", "医学院"}} {
		if x, ok := strings.CutSuffix(ordinal, w.short); ok && utf8.RuneCountInString(x) >= 2 && !strings.HasSuffix(x, "交") && !strings.HasSuffix(x, "中") {
			return x + w.long + number
		}
	}
	return s
}
