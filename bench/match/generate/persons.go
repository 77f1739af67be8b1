package generate

import (
	"fmt"
	"strings"
)

var personHeader = strings.Fields("given_name surname street_number address_1 address_2 suburb postcode state date_of_birth soc_sec_id")

// Columns of personHeader.
const (
	givenName = iota
	surname
	streetNumber
	address1
	address2
	suburb
	postcode
	state
	birthDate
	socSecID
)

func person(r random) []string {
	v := words()
	t := skewed(r, v.towns)
	p := []string{
		skewed(r, v.given)[0], skewed(r, v.surnames), fmt.Sprint(1 + int(200*r.Float64()*r.Float64())), pick(r, v.streets), "", t.name, pick(r, t.postcodes), t.state,
		date(r, 1905, 2004, ""), r.digits(7),
	}
	if r.chance(0.5) {
		p[address2] = pick(r, propertyHeads) + " " + strings.ReplaceAll(pick(r, propertyTails), "_", " ")
	}
	return p
}

// date writes a day between two years with sep between its parts.
func date(r random, from, to int, sep string) string {
	return fmt.Sprintf("%04d%s%02d%s%02d", r.between(from, to), sep, r.between(1, 12), sep, r.between(1, 28))
}

// blanks leaves out what forms leave out, also in first records.
func blanks(r random, p []string) []string {
	for _, b := range [...]struct {
		column int
		p      float64
	}{{givenName, .025}, {surname, .01}, {streetNumber, .03}, {suburb, .005}, {state, .01}, {birthDate, .02}} {
		if r.chance(b.p) {
			p[b.column] = ""
		}
	}
	return p
}

// copyOf is the same person entered again: up to ten errors in all, at most two in a field.
func copyOf(r random, original []string) []string {
	p := append([]string{}, original...)
	switch { // values in the wrong column
	case r.chance(0.08):
		p[givenName], p[surname] = p[surname], p[givenName]
	case r.chance(0.05):
		p[address1], p[address2] = p[address2], p[address1]
	case r.chance(0.03):
		p[suburb], p[address2] = p[address2], p[suburb]
	}
	weights := []int{givenName, givenName, surname, surname, surname, streetNumber, address1, address1, address1, address2, address2, suburb, suburb, postcode, state, birthDate, socSecID}
	hits := map[int]int{}
	for range r.between(1, 10) {
		c := pick(r, weights)
		if hits[c] == 2 || p[c] == "" {
			continue
		}
		hits[c]++
		p[c] = damaged(r, c, p[c])
	}
	return p
}

func damaged(r random, column int, s string) string {
	v := words()
	switch {
	case r.chance(0.06):
		return ""
	case r.chance(0.05): // another value altogether: moved, married, a wrong line
		switch column {
		case givenName:
			return skewed(r, v.given)[0]
		case surname:
			return skewed(r, v.surnames)
		case address1:
			return pick(r, v.streets)
		case suburb:
			return skewed(r, v.towns).name
		case state:
			return pick(r, states)
		}
	case column == givenName && r.chance(0.15):
		for _, forms := range v.given {
			if forms[0] == s {
				return pick(r, forms)
			}
		}
	case column == address1 && r.chance(0.2):
		return strings.NewReplacer("street", "st", "road", "rd", "avenue", "ave", "crescent", "cres", "place", "pl").Replace(s)
	case (column == address1 || column == suburb || column == address2) && r.chance(0.1):
		return strings.Replace(s, " ", "", 1)
	case (column == address1 || column == suburb) && r.chance(0.05) && len(s) > 4: // a space in the wrong place
		i := r.between(1, len(s)-2)
		return s[:i] + " " + s[i:]
	}
	return misspelt(r, s)
}

// Persons invents a list in which two persons of five stand once and the others have up to five further records.
func Persons(size Size) Set {
	r := newRandom(size, 1)
	var rows []draft
	for entity := 1; len(rows) < size.Rows; entity++ {
		original := blanks(r, person(r))
		rows = append(rows, draft{entity, original})
		if r.chance(0.6) {
			for range 1 + int(5*r.Float64()*r.Float64()*1.6) {
				rows = append(rows, draft{entity, copyOf(r, original)})
			}
		}
	}
	var s Set
	s.list(r, "a", personHeader, rows)
	return s
}

// PersonsLink invents two lists, each without duplicates; nine persons of ten stand in both.
func PersonsLink(size Size) Set {
	r := newRandom(size, 2)
	var a, b []draft
	for entity := 1; len(a)+len(b) < size.Rows; entity++ {
		original := blanks(r, person(r))
		switch again := r.Float64(); {
		case again < 0.9:
			a, b = append(a, draft{entity, original}), append(b, draft{entity, copyOf(r, original)})
		case again < 0.95:
			a = append(a, draft{entity, original})
		default:
			b = append(b, draft{entity, original})
		}
	}
	var s Set
	s.list(r, "a", personHeader, a)
	s.list(r, "b", personHeader, b)
	return s
}

// Households invents families: one surname, address and telephone, different persons, of which some stand twice with
// small errors. Father and son or mother and daughter often share a name; twins share a birthday.
func Households(size Size) Set {
	r := newRandom(size, 3)
	v := words()
	header := strings.Fields("given_name surname address suburb postcode phone date_of_birth sex")
	var rows []draft
	for entity := 1; len(rows) < size.Rows; {
		name, t := skewed(r, v.surnames), skewed(r, v.towns)
		address := fmt.Sprintf("%d %s", 1+r.IntN(150), pick(r, v.streets))
		phone, code := "0"+r.digits(9), pick(r, t.postcodes)
		twins := date(r, 2000, 2016, "-")
		for member := range r.between(2, 5) {
			born := date(r, 1955, 1985, "-")
			if member >= 2 {
				born = date(r, 1990, 2016, "-")
				if r.chance(0.2) {
					born = twins
				}
			}
			p := []string{skewed(r, v.given)[0], name, address, t.name, code, phone, born, pick(r, []string{"m", "f"})}
			if member >= 2 && r.chance(0.15) {
				p[0] = rows[len(rows)-1].cells[0] // named after the one before, a generation apart or a twin's initial
				p[6] = date(r, 1990, 2016, "-")
			}
			rows = append(rows, draft{entity, p})
			if r.chance(0.3) {
				rows = append(rows, draft{entity, again(r, p)})
			}
			entity++
		}
	}
	var s Set
	s.list(r, "a", header, rows)
	return s
}

// again is a second record of a member of a household.
func again(r random, p []string) []string {
	q := append([]string{}, p...)
	for range r.between(1, 3) {
		switch c := r.IntN(7); {
		case q[c] == "":
		case c == 0 && r.chance(0.3):
			for _, forms := range words().given {
				if forms[0] == q[0] {
					q[0] = pick(r, forms)
				}
			}
		case c >= 4 && r.chance(0.3):
			q[c] = ""
		default:
			q[c] = misspelt(r, q[c])
		}
	}
	return q
}

// Population invents a large list for measuring speed: every third record is one of a person already listed.
func Population(size Size) Set {
	r := newRandom(size, 4)
	header := strings.Fields("first_name surname dob street_number street suburb postcode email")
	v := words()
	rows := make([]draft, 0, size.Rows)
	for entity := 1; len(rows) < size.Rows; entity++ {
		given, family, t := skewed(r, v.given), skewed(r, v.surnames), skewed(r, v.towns)
		original := []string{given[0], family, date(r, 1920, 2010, "-"), fmt.Sprint(1 + r.IntN(300)), pick(r, v.streets), t.name, pick(r, t.postcodes),
			fmt.Sprintf("%s.%s%s@%s.example", given[0], family, r.digits(2), pick(r, []string{"mail", "post", "inbox", "net"}))}
		rows = append(rows, draft{entity, original})
		for len(rows) < size.Rows && r.chance(0.34) {
			p := append([]string{}, original...)
			for range r.between(0, 3) {
				c := r.IntN(len(p))
				switch {
				case p[c] == "" || r.chance(0.2):
					p[c] = ""
				case c == 0 && r.chance(0.3):
					p[c] = pick(r, given)
				default:
					p[c] = misspelt(r, p[c])
				}
			}
			rows = append(rows, draft{entity, p})
		}
	}
	var s Set
	s.list(r, "a", header, rows)
	return s
}
