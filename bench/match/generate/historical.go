package generate

import (
	"fmt"
	"strings"
)

var titlesOfRank = []string{"sir %s", "%s, 1st baronet", "%s, 2nd baronet", "sir %s, 3rd baronet", "lord %s", "%s mp", "dr %s", "rev. %s", "%s, esquire", "captain %s", "%s the younger", "%s (politician)"}

// figure is a person of history with the forms of the name that records use.
type figure struct {
	given   []string // and its other forms
	middle  string
	surname string
	married string // another family name, or ""
	born    [3]int // year, month, day
	place   town
	code    string
	gender  string
	trade   string
}

// Historical invents damaged records of persons of the past, up to twenty of one: names misspelt, as nicknames, abbreviated,
// with titles, after marriage; days and months lost, years off; place a town or its county; half of the columns often
// empty. Relatives share family name, birth place and trade, and often the given name; common names have namesakes.
func Historical(size Size) Set {
	r := newRandom(size, 5)
	header := strings.Fields("full_name first_and_surname first_name surname dob birth_place postcode_fake gender occupation")
	var rows []draft
	var family figure
	for entity := 1; len(rows) < size.Rows; entity++ {
		f := newFigure(r)
		if entity > 1 && r.chance(0.25) { // a relative of the one before
			f.surname, f.place = family.surname, family.place
			f.code = pick(r, f.place.postcodes) + family.code[4:]
			if r.chance(0.5) {
				f.trade = family.trade
			}
			if r.chance(0.3) {
				f.given, f.gender = family.given, family.gender
			}
			f.born[0] = family.born[0] + r.between(15, 45)
			if r.chance(0.4) {
				f.born[0] = family.born[0] + r.between(1, 12)
			}
		}
		family = f
		copies := 1 + r.IntN(20)
		if r.chance(0.25) {
			copies = 1 + r.IntN(3)
		}
		clean := f.record(r, 0)
		rows = append(rows, draft{entity, clean})
		for range copies - 1 {
			rows = append(rows, draft{entity, f.record(r, 1)})
		}
	}
	var s Set
	s.list(r, "a", header, rows)
	return s
}

func newFigure(r random) figure {
	v := words()
	f := figure{given: skewed(r, v.given[:180]), surname: skewed(r, v.surnames), born: [3]int{r.between(1500, 1920), r.between(1, 12), r.between(1, 28)},
		place: skewed(r, v.towns), gender: "male", trade: skewed(r, occupations)}
	if r.chance(0.3) {
		f.middle = skewed(r, v.given)[0]
	}
	if r.chance(0.2) {
		f.gender = "female"
		if r.chance(0.4) {
			f.married = skewed(r, v.surnames)
		}
	}
	f.code = pick(r, f.place.postcodes) + " " + r.digits(1) + string(letters[r.IntN(26)]) + string(letters[r.IntN(26)])
	return f
}

// record writes the person down; noise 0 is the best record there is.
func (f figure) record(r random, noise float64) []string {
	p := func(chance float64) bool { return r.chance(chance * noise) }
	given, surname := f.given[0], f.surname
	if p(0.2) {
		given = pick(r, f.given)
	}
	if f.married != "" && p(0.35) {
		surname = f.married
	}
	if p(0.16) {
		given = misspelt(r, given)
	}
	if p(0.2) {
		surname = misspelt(r, surname)
	}
	if p(0.04) {
		given = given[:1]
	}
	full := given + " " + surname
	if f.middle != "" && (noise == 0 || r.chance(0.5)) {
		full = given + " " + f.middle + " " + surname
	}
	if p(0.25) {
		full = fmt.Sprintf(pick(r, titlesOfRank), full)
	}
	both := given + " " + surname
	switch {
	case p(0.04):
		given, surname = surname, given
		both = given + " " + surname
	case p(0.04):
		given = ""
	case p(0.03):
		surname = ""
	}
	born := fmt.Sprintf("%04d-%02d-%02d", f.born[0], f.born[1], f.born[2])
	switch {
	case p(0.18):
		born = fmt.Sprintf("%04d-01-01", f.born[0])
	case p(0.06):
		born = fmt.Sprintf("%04d-%02d-%02d", f.born[0]+pick(r, []int{-10, -2, -1, 1, 2, 10}), f.born[1], f.born[2])
	case p(0.05):
		born = fmt.Sprintf("%04d-%02d-%02d", f.born[0], min(f.born[2], 12), f.born[1])
	case p(0.1):
		born = slip(r, born)
	case p(0.18):
		born = ""
	}
	place, code := f.place.name, f.code
	switch {
	case p(0.15):
		place = f.place.county
	case p(0.1):
		place = f.place.name + ", " + f.place.county
	case p(0.1):
		place = misspelt(r, place)
	case p(0.22):
		place = ""
	}
	switch {
	case p(0.25): // another house of the town
		code = pick(r, f.place.postcodes) + " " + r.digits(1) + string(letters[r.IntN(26)]) + string(letters[r.IntN(26)])
	case p(0.1):
		code = slip(r, code)
	case p(0.2):
		code = ""
	}
	gender, trade := f.gender, f.trade
	if p(0.2) {
		gender = ""
	}
	switch {
	case p(0.35):
		trade = ""
	case p(0.08):
		trade = skewed(r, occupations)
	}
	return []string{full, both, given, surname, born, place, code, gender, trade}
}
