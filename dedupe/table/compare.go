package table

import (
	"math"
	"strings"

	"tributary/dedupe"
	"tributary/dedupe/similarity"
	"tributary/dedupe/train"
)

// comparison compares one column, with an eye on the columns of its group where a value may have gone by mistake.
type comparison struct {
	field  Field
	kind   Kind
	levels []string
	equal  int // the first equal level, 0 when equality is not divided by rarity
	text   bool
	family string // key of expected
	col    *column
	crossA []*prepared // other columns of the group
	own    *prepared
	by     func(c *comparison, a, b uint32) int
}

// prepared are the values of a column made comparable. Which parts are there depends on how the column is compared.
type prepared struct {
	col    *column
	texts  []similarity.Text
	count  []uint32 // value → rows that have it
	equal  []uint8  // value → 0 to 4: how rare it is
	days   []day
	number []float64
	lex    *lexicon
	sets   [][]string
	orgs   []dedupe.OrgNames
}

func prepare(c *column, rows int) *prepared {
	p := &prepared{col: c, count: make([]uint32, len(c.forms)), equal: make([]uint8, len(c.forms))}
	filled := 0
	for _, v := range c.of {
		p.count[v]++
		if v != 0 {
			filled++
		}
	}
	for v := range c.forms {
		p.equal[v] = uint8(rarity(float64(p.count[v])/math.Max(float64(filled), 1), p.count[v]))
	}
	return p
}

func (p *prepared) withTexts() *prepared {
	p.texts = make([]similarity.Text, len(p.col.forms))
	for v, form := range p.col.forms {
		p.texts[v] = similarity.Prepare(form)
	}
	return p
}

// newComparison makes the comparison that serves the kind of a column.
func newComparison(f Field, c *column, rows int) *comparison {
	p := prepare(c, rows)
	x := &comparison{field: f, kind: f.Kind, col: c, own: p}
	use := func(family string, levels []string, by func(*comparison, uint32, uint32) int) {
		x.family, x.levels, x.by = family, levels, by
		for i, l := range levels {
			if l == equalLevels[0] {
				x.equal = i + 1
			}
		}
	}
	switch x.kind {
	case Given, Family:
		p.withTexts()
		use("name", nameLevels, (*comparison).compareName)
	case Street, Locality:
		p.withTexts()
		use("line", lineLevels, (*comparison).compareLine)
	case House, Postcode, Phone, Code, Email:
		p.withTexts()
		if x.kind == Phone {
			p.texts = phoneTexts(c)
		}
		use("code", codeLevels, (*comparison).compareCode)
	case Date:
		p.withTexts()
		p.days = make([]day, len(c.forms))
		for v, form := range c.forms {
			p.days[v], _ = parseDay(form)
		}
		use("date", dateLevels, (*comparison).compareDate)
	case Year, Number:
		p.number = make([]float64, len(c.forms))
		for v, form := range c.forms {
			n, ok := parseNumber(form)
			if !ok {
				n = math.NaN()
			}
			p.number[v] = n
		}
		use("number", numberLevels, (*comparison).compareNumber)
	case Region, Category:
		use("category", categoryLevels, (*comparison).compareCategory)
	case Numbers, Codes:
		p.sets = setsOf(c, x.kind)
		use("set", setLevels, (*comparison).compareSets)
	case Organisation:
		p.lex = newLexicon(c)
		if mostlyHan(c) {
			p.orgs = make([]dedupe.OrgNames, len(c.forms))
			for v, form := range c.forms {
				p.orgs[v] = dedupe.ParseOrgNames(form, "")
			}
			use("org", orgLevels, (*comparison).compareOrg)
			break
		}
		x.text = true
		use("text", textLevels, nil)
	default:
		p.lex = newLexicon(c)
		x.text = true
		use("text", textLevels, nil)
	}
	return x
}

func mostlyHan(c *column) bool {
	n := 0
	for _, form := range c.forms[1:min(len(c.forms), 2000)] {
		if strings.ContainsFunc(form, func(r rune) bool { return r >= 0x4e00 && r <= 0x9fff }) {
			n++
		}
	}
	return n*2 > min(len(c.forms)-1, 1999)
}

// phoneTexts are the last nine digits of phones: country and trunk prefixes are written in many ways.
func phoneTexts(c *column) []similarity.Text {
	out := make([]similarity.Text, len(c.forms))
	for v, form := range c.forms {
		d := digitsOf(form)
		if len(d) > 9 {
			d = d[len(d)-9:]
		}
		out[v] = similarity.Prepare(d)
	}
	return out
}

// level compares rows i and j: 0 when either value is missing. The similarity is of texts only.
func (c *comparison) level(i, j int32) (level int, s float64) {
	a, b := c.col.of[i], c.col.of[j]
	if a == 0 || b == 0 || c.own.sets != nil && (c.own.sets[a] == nil || c.own.sets[b] == nil) {
		return 0, 0
	}
	if c.text {
		s = c.own.lex.similarity(a, b)
		return bin(s), s
	}
	if a == b && c.equal > 0 {
		return c.equal + int(c.own.equal[a]), 0
	}
	level = c.by(c, a, b)
	if c.own.orgs != nil {
		s = c.own.lex.similarity(a, b)
	}
	if level == 1 && len(c.crossA) > 0 && c.crossed(i, j) {
		return c.crossedLevel(), 0
	}
	return level, s
}

func (c *comparison) crossedLevel() int { return c.equal - 1 }

// crossed reports whether the value of one row stands in another column of the group in the other row.
func (c *comparison) crossed(i, j int32) bool {
	for _, o := range c.crossA {
		if o.holds(c.col.forms[c.col.of[i]], o.col.of[j]) || o.holds(c.col.forms[c.col.of[j]], o.col.of[i]) {
			return true
		}
	}
	return false
}

func (p *prepared) holds(form string, v uint32) bool { return v != 0 && p.col.forms[v] == form }

func (c *comparison) compareName(a, b uint32) int {
	x, y := &c.own.texts[a], &c.own.texts[b]
	la, lb := x.Len(), y.Len()
	if la == 1 || lb == 1 {
		if x.First() == y.First() {
			return 2
		}
		return 1
	}
	short := min(la, lb)
	if d := la - lb; short >= 3 && d <= 1 && d >= -1 && similarity.OSA(x, y) == 1 {
		return 5
	}
	switch jw := similarity.JaroWinkler(x, y); {
	case jw >= 0.9 && short >= 3:
		return 4
	case jw >= 0.8:
		return 3
	}
	return 1
}

func (c *comparison) compareLine(a, b uint32) int {
	x, y := &c.own.texts[a], &c.own.texts[b]
	d := similarity.OSA(x, y)
	short, long := min(x.Len(), y.Len()), max(x.Len(), y.Len())
	switch {
	case d == 1 && short >= 3 || d == 2 && short >= 10:
		return 5
	case d*4 <= long:
		return 4
	case similarity.JaroWinkler(x, y) >= 0.85:
		return 3
	}
	if shareWord(c.col.forms[a], c.col.forms[b]) {
		return 2
	}
	return 1
}

// shareWord reports whether two lines have a word of three letters or more in common.
func shareWord(a, b string) bool {
	if !strings.Contains(a, " ") && !strings.Contains(b, " ") {
		return false
	}
	for w := range strings.FieldsSeq(a) {
		if len(w) < 3 {
			continue
		}
		for v := range strings.FieldsSeq(b) {
			if v == w {
				return true
			}
		}
	}
	return false
}

func (c *comparison) compareCode(a, b uint32) int {
	x, y := &c.own.texts[a], &c.own.texts[b]
	if similarity.Equal(x, y) { // written in two ways
		return c.equal + int(c.own.equal[a])
	}
	short := min(x.Len(), y.Len())
	if short < 4 || !similarity.Within(x, y, 2) {
		return 1
	}
	switch similarity.OSA(x, y) {
	case 1:
		return 3
	}
	if short >= 6 {
		return 2
	}
	return 1
}

func (c *comparison) compareDate(a, b uint32) int {
	x, y := c.own.days[a], c.own.days[b]
	if x.year == 0 || y.year == 0 {
		if similarity.Within(&c.own.texts[a], &c.own.texts[b], 1) {
			return 4
		}
		return 1
	}
	if x == y { // one day written in two ways
		return c.equal + int(min(c.own.equal[a], c.own.equal[b]))
	}
	sameYear, sameMonth, sameDay := x.year == y.year, x.month == y.month && x.month > 0, x.day == y.day && x.day > 0
	switch {
	case sameYear && x.month == y.day && x.day == y.month:
		return 4
	case oneDigit(x.number(), y.number()):
		return 4
	case sameYear && (sameMonth || sameDay) || sameMonth && sameDay:
		return 3
	case sameYear:
		return 2
	}
	return 1
}

// oneDigit reports whether two dates of eight digits differ in one digit or in two neighbours that changed places.
func oneDigit(a, b int) bool {
	different, last := 0, [2][2]int{}
	at := [2]int{}
	for i := range 8 {
		x, y := a%10, b%10
		if x != y {
			if different == 2 {
				return false
			}
			last[different], at[different] = [2]int{x, y}, i
			different++
		}
		a, b = a/10, b/10
	}
	return different == 1 || different == 2 && at[1] == at[0]+1 && last[0][0] == last[1][1] && last[0][1] == last[1][0]
}

func (c *comparison) compareNumber(a, b uint32) int {
	x, y := c.own.number[a], c.own.number[b]
	if math.IsNaN(x) || math.IsNaN(y) {
		if a == b {
			return 5
		}
		return 1
	}
	if c.kind == Year {
		switch d := math.Abs(x - y); {
		case d == 0:
			return 5
		case d <= 1:
			return 4
		case d <= 2:
			return 3
		case d <= 5:
			return 2
		}
		return 1
	}
	switch d := math.Abs(x-y) / math.Max(math.Max(math.Abs(x), math.Abs(y)), 1e-9); {
	case d < 1e-9:
		return 5
	case d <= 0.02:
		return 4
	case d <= 0.1:
		return 3
	case d <= 0.34:
		return 2
	}
	return 1
}

func (c *comparison) compareCategory(_, _ uint32) int { return 1 }

// compareOrg is of names of organisations in Han characters, part by part.
func (c *comparison) compareOrg(a, b uint32) int {
	if a == b {
		return len(orgLevels)
	}
	return int(dedupe.CompareOrgNames(c.own.orgs[a], c.own.orgs[b])) + 1
}

// comparisons are those of a model over the rows of data.
type comparisons []*comparison

// pattern is the pattern of two rows.
func (all comparisons) pattern(i, j int32) train.Pattern {
	var p train.Pattern
	for n, c := range all {
		if l, _ := c.level(i, j); l > 0 {
			p = p.With(n, l)
		}
	}
	return p
}
