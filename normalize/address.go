package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tributary/canonical"
)

// Address is a postal address by parts, for comparing part by part. Every part may be empty.
//
// Numbers are digits without leading zeros, or a letter (A座); they are equal only within their own class: 12号 is not
// 12弄. A conflict of Number on an equal Road is strong evidence against a match.
type Address struct {
	Full     string // the whole address in matching form
	Place    Place  // the division named at its beginning
	Given    bool   // the text names no single division: Place holds the record's own instead
	Postcode string
	Town     string // 街道, 镇, 乡
	Village  string // 村, 社区
	Road     string // with its 路, 街, 大道: they are part of the name
	Lane     string // 弄
	Number   string // 号; 12-3 for 12号之3
	Building string // 栋, 幢, 座, 号楼
	Unit     string // 单元
	Floor    string // 层, 楼
	Room     string // 室, 房
	Rest     string // what remains: the name of a building or compound
}

// ParseAddress reads an address. division, the six-digit code that the record states beside it, decides between places
// of one name and stands in when the address names none.
func ParseAddress(s, division string) Address {
	a := Address{Full: Text(s)}
	rest := a.Full
	rest, a.Postcode = cutPostcode(rest)
	rest = strings.TrimPrefix(rest, "中国")
	a.Place = StandardDivisions().Lead(rest, division, true)
	if a.Place.Code != "" || !a.Place.Bare {
		rest = rest[len(a.Place.Text):] // 鼓楼区 of four cities is still no part of the road
	}
	if own, ok := StandardDivisions().ByCode(division); ok && a.Place.Code == "" {
		a.Place, a.Given = Place{Division: own}, true
	}
	a.Town, rest = cutTown(rest)
	a.Village, rest = cutNamed(rest, villageWords, 10)
	a.Road, rest = cutNamed(rest, roadWords, 14)
	a.Rest = a.numbers(rest)
	return a
}

// Canonical is the address in the shared vocabulary; Text is what follows the division.
func (a Address) Canonical() canonical.Address {
	out := canonical.Address{Division: a.Place.Code, Postcode: a.Postcode}
	divisions := StandardDivisions()
	if a.Place.Code != "" {
		province, prefecture := divisions.Parents(a.Place.Code)
		for _, u := range []Division{province, prefecture, a.Place.Division} {
			switch u.Level {
			case Province:
				out.Province = u.Name
			case Prefecture:
				out.City = u.Name
			case County:
				out.County = u.Name
			}
		}
	}
	out.Text, _ = cutPostcode(a.Full)
	out.Text = strings.TrimPrefix(out.Text, "中国")
	if a.Place.Code != "" && !a.Given {
		out.Text = strings.TrimPrefix(out.Text, a.Place.Text)
	}
	return out
}

// cutPostcode takes a postcode off the beginning, or off the end after the word 邮编.
func cutPostcode(t string) (rest, postcode string) {
	if len(t) > 6 && allDigits(t[:6]) {
		if r, _ := utf8.DecodeRuneInString(t[6:]); unicode.Is(unicode.Han, r) {
			return t[6:], t[:6]
		}
	}
	for _, word := range [...]string{"邮政编码", "邮编"} {
		before, after, ok := strings.Cut(t, word)
		if code := strings.Trim(after, ":() ."); ok && digits(code, 6) {
			return strings.TrimRight(before, "(,; "), code
		}
	}
	return t, ""
}

var (
	townWords    = []string{"街道办事处", "街道办", "街道", "民族乡", "苏木", "镇", "乡"}
	villageWords = []string{"村委会", "居委会", "社区", "村"}
	roadWords    = []string{"大道", "大街", "公路", "国道", "省道", "胡同", "路", "街", "巷", "道"}
	roadTails    = []string{"东段", "西段", "南段", "北段", "中段", "一段", "二段", "三段", "四段", "1段", "2段", "3段", "4段"}
)

// cutTown takes the town off, its word for 街道 in the short form.
func cutTown(t string) (town, rest string) {
	town, rest = cutNamed(t, townWords, 10)
	for _, long := range [...]string{"街道办事处", "街道办"} {
		if name, ok := strings.CutSuffix(town, long); ok {
			town = name + "街道"
		}
	}
	return town, rest
}

// cutNamed takes off a name that ends in one of the words, at most limit characters with it. The first word in the text
// counts, unless it goes on as another word (中关村大街, 新镇路) or digits stand before it that belong to a number.
func cutNamed(t string, words []string, limit int) (name, rest string) {
	runes := 0
	for i, r := range t {
		if runes++; runes > limit || strings.ContainsRune("号弄室栋幢(),;/", r) {
			return "", t
		}
		if i == 0 {
			continue
		}
		for _, w := range words {
			if !strings.HasPrefix(t[i:], w) {
				continue
			}
			end := i + len(w)
			if goesOn(t[end:], w) {
				break
			}
			if w == "路" || w == "街" || w == "道" || w == "大道" || w == "大街" {
				for _, tail := range roadTails {
					if strings.HasPrefix(t[end:], tail) {
						end += len(tail)
						break
					}
				}
			}
			return t[:end], t[end:]
		}
	}
	return "", t
}

// goesOn reports whether the text after a naming word makes it part of a longer name.
func goesOn(after, word string) bool {
	next := []string{"路", "街", "巷", "大道", "大街", "胡同", "中路", "东路", "西路", "南路", "北路", "道"}
	switch word {
	case "路", "街", "道":
		next = []string{"街道", "社区", "道", "坊", "路", "街"}
	case "村":
		next = append(next, "镇", "乡", "委会")
	case "巷", "大道", "大街", "公路", "国道", "省道", "胡同":
		return false
	}
	for _, n := range next {
		if strings.HasPrefix(after, n) {
			return true
		}
	}
	return false
}

// numbers reads the numbered parts in any order and returns what lies between and after them.
func (a *Address) numbers(t string) string {
	var rest strings.Builder
	for t != "" {
		n, after := addressNumber(t)
		if n == "" {
			_, size := utf8.DecodeRuneInString(t)
			rest.WriteString(t[:size])
			t = t[size:]
			continue
		}
		part, after := a.classify(after, rest.Len() == 0)
		if part == nil || *part != "" {
			rest.WriteString(t[:len(t)-len(after)])
			t = after
			continue
		}
		*part = n
		t = after
		if part == &a.Number {
			if sub, ok := strings.CutPrefix(t, "之"); ok {
				if n, tail := addressNumber(sub); n != "" {
					a.Number += "-" + n
					t = tail
				}
			}
		}
	}
	return strings.Trim(rest.String(), " ,;/、-()")
}

// classify names the part that the word after a number makes it. A number right after a road needs no word.
func (a *Address) classify(after string, first bool) (*string, string) {
	for _, c := range [...]struct {
		word string
		part *string
	}{
		{"号楼", &a.Building}, {"号院", &a.Number}, {"号", &a.Number}, {"弄", &a.Lane}, {"栋", &a.Building}, {"幢", &a.Building},
		{"座", &a.Building}, {"单元", &a.Unit}, {"层", &a.Floor}, {"楼", &a.Floor}, {"室", &a.Room}, {"房", &a.Room},
	} {
		if tail, ok := strings.CutPrefix(after, c.word); ok {
			return c.part, tail
		}
	}
	if first && a.Road != "" && a.Number == "" {
		return &a.Number, after
	}
	return nil, after
}

// addressNumber reads a number at the beginning: 012 → 12, 12-3, 十二, a single letter before 座 or 栋.
func addressNumber(t string) (number, after string) {
	if len(t) > 1 && t[0] >= 'A' && t[0] <= 'Z' {
		for _, w := range [...]string{"座", "栋", "幢", "号楼", "单元"} {
			if strings.HasPrefix(t[1:], w) {
				return t[:1], t[1:]
			}
		}
		return "", t
	}
	i := 0
	for i < len(t) && (t[i] >= '0' && t[i] <= '9' || t[i] == '-' && i > 0 && i+1 < len(t) && t[i+1] >= '0' && t[i+1] <= '9') {
		i++
	}
	if i > 0 {
		groups := strings.Split(t[:i], "-")
		for k, g := range groups {
			groups[k] = trimZeros(g)
		}
		return strings.Join(groups, "-"), t[i:]
	}
	end, runes := numeralRun(t, 0)
	if runes == 0 {
		return "", t
	}
	n, ok := numeralValue(t[:end])
	if !ok {
		return "", t
	}
	return trimZeros(n), t[end:]
}

func trimZeros(n string) string {
	if n = strings.TrimLeft(n, "0"); n == "" {
		return "0"
	}
	return n
}
