package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Person is a personal name by parts, in matching form. One written in Han characters has no space between the parts,
// a Latin one is given in the order given, family.
type Person struct {
	Family string
	Given  string
	Han    bool
	Notes  []string // what stood in brackets: 王芳(女), 李强（已退休）; the Latin form beside a Han name
}

// PersonName splits a name. Han names: a compound family name (欧阳, 司马 …) where at least one character follows, else
// the first character; names with a middle dot (阿卜杜拉·买买提) have no family name in this sense and are kept whole in
// Given. Latin names: titles and degrees are dropped, "Last, First" and "First Last" both read. Titles of office after
// a Han name (王芳主任, 李强医生) are dropped.
//
// Names are frequent and short: equality of names alone never says that two people are one.
func PersonName(s string) Person {
	t := Text(s)
	p := parsePerson(t)
	if p.Full() == t {
		return p
	}
	// What stood around a part that was cut off may be such a part itself.
	for range 4 {
		again := parsePerson(Text(p.Full()))
		again.Notes = append(p.Notes, again.Notes...)
		settled := again.Full() == p.Full()
		if p = again; settled {
			break
		}
	}
	return p
}

func parsePerson(t string) Person {
	t, notes := cutNotes(t)
	p := Person{Notes: notes}
	if t == "" {
		return p
	}
	if !strings.ContainsFunc(t, hanGlyph) {
		p.Family, p.Given = splitLatin(t)
		return p
	}
	han, other := hanPart(t)
	if other != "" {
		p.Notes = append(p.Notes, other)
	}
	p.Han = true
	p.Family, p.Given = splitHan(han)
	return p
}

// Full is the whole name in one order: 欧阳修, JOHN SMITH.
func (p Person) Full() string {
	if p.Han || p.Family == "" || p.Given == "" {
		return p.Family + p.Given
	}
	return Fold(p.Given + " " + p.Family)
}

// PinyinKey is the toneless reading of the name, character by character, so that 张伟 and 章卫 meet. The readings are wrong
// for many names (曾, 单, 查 …) but wrong in the same way on both sides: use it as a key, never show it. A Latin name
// gives its letters, family name first, so that ZHANG WEI meets 张伟.
func (p Person) PinyinKey() string {
	return Pinyin(p.Family + p.Given)
}

// cutNotes takes the brackets off.
func cutNotes(t string) (string, []string) {
	var notes []string
	for {
		open := strings.IndexByte(t, '(')
		if open < 0 {
			return Text(strings.ReplaceAll(t, ")", "")), notes
		}
		inner, after, _ := strings.Cut(t[open+1:], ")")
		if inner = Text(inner); inner != "" {
			notes = append(notes, inner)
		}
		t = Text(t[:open] + " " + after)
	}
}

func hanGlyph(r rune) bool { return unicode.Is(unicode.Han, r) || RareGlyph(r) }

// hanPart takes the words of another script (张伟 Wei Zhang) out of a Han name. A single letter or digits stay: they tell
// namesakes apart (张伟A, 王芳2).
func hanPart(t string) (han, other string) {
	words := strings.FieldsFunc(t, func(r rune) bool { return hanGlyph(r) || r == '·' || unicode.IsDigit(r) })
	for _, w := range words {
		if letters := strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }); utf8.RuneCountInString(letters) >= 2 {
			t = strings.Replace(t, w, "", 1)
			other = strings.TrimSpace(other + " " + letters)
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(t, " ", ""), ",", ""), other
}

// offices are titles that people append to a Han name; they are cut only from names of four characters and more, or
// where two remain.
var offices = []string{"副主任医师", "主任医师", "主治医师", "副主任", "主任", "医生", "大夫", "教授", "院长", "科长", "护士长", "药师", "医师", "老师", "先生", "女士", "小姐"}

func splitHan(t string) (family, given string) {
	for cut := true; cut; {
		cut = false
		for _, o := range offices {
			if rest, ok := strings.CutSuffix(t, o); ok && utf8.RuneCountInString(rest) >= 2 {
				t, cut = rest, true
				break
			}
		}
	}
	if strings.Contains(t, "·") {
		return "", t
	}
	head := firstRunes(t, 2)
	if compoundSurnames()[head] && len(t) > len(head) {
		return head, t[len(head):]
	}
	head = firstRunes(t, 1)
	return head, t[len(head):]
}

// latinTitles and latinDegrees are dropped wherever they stand as a word.
var latinTitles = map[string]bool{
	"MR": true, "MRS": true, "MS": true, "MISS": true, "DR": true, "PROF": true, "PROFESSOR": true, "DOCTOR": true, "SIR": true,
	"MD": true, "PHD": true, "JR": true, "SR": true, "II": true, "III": true, "ESQ": true, "RN": true, "MBBS": true, "DDS": true,
}

func splitLatin(t string) (family, given string) {
	words := func(s string) []string {
		var kept []string
		for _, w := range strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ',' }) {
			if bare := strings.ReplaceAll(w, ".", ""); bare != "" && !latinTitles[bare] {
				kept = append(kept, strings.TrimRight(w, "."))
			}
		}
		return kept
	}
	if last, first, ok := strings.Cut(t, ","); ok {
		l, f := words(last), words(first)
		if len(l) > 0 && len(f) > 0 {
			return strings.Join(l, " "), strings.Join(f, " ")
		}
		t = last + " " + first // "JOHN SMITH, MD"
	}
	all := words(t)
	if len(all) == 0 {
		return Fold(strings.ReplaceAll(t, ",", " ")), "" // titles alone: better kept than lost
	}
	return all[len(all)-1], strings.Join(all[:len(all)-1], " ")
}
