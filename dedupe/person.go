package dedupe

import (
	"slices"

	"tributary/canonical"
	"tributary/dedupe/similarity"
	"tributary/normalize"
)

// person are the comparable features of a professional or a patient.
type person struct {
	name       similarity.Text
	full       string
	family     string
	given      string
	sound      string // toneless pinyin, or the letters of a Latin name
	short      bool   // a name of at most two characters
	ids        []string
	born       canonical.Date
	gender     string
	phones     []normalize.Phone
	emails     []string
	employers  []*Workplace // as written first, then those it links to
	department string
	place      string
	road       string
	number     string
	rest       string
}

func (e *Engine) person(c *canonical.Customer, linked []*Workplace) *person {
	name := normalize.PersonName(c.Name)
	p := &person{full: name.Full(), family: name.Family, given: name.Given, sound: name.PinyinKey()}
	p.name = similarity.Prepare(p.full)
	p.short = name.Han && p.name.Len() <= 2
	p.born, p.gender = c.BirthDate, genderOf(c.Gender)
	if id := normalize.ResidentID(c.NationalID); id.Valid {
		p.ids = append(p.ids, "id:"+id.Value)
		if born, gender, ok := normalize.ResidentFacts(id.Value); ok {
			p.born, p.gender = born, genderOf(gender)
		}
	}
	if id := normalize.PracticeCertificate(c.PracticeCertificate); id.Valid {
		p.ids = append(p.ids, "practice:"+id.Value)
	}
	if id := normalize.QualificationCertificate(c.QualificationCertificate); id.Valid {
		p.ids = append(p.ids, "qualification:"+id.Value)
	}
	address := c.Address
	if c.Kind == canonical.Patient && !c.HomeAddress.IsZero() {
		address = c.HomeAddress
	}
	at := parseAddress(address)
	p.place, p.road, p.number, p.rest = at.place, at.road, at.number, at.rest
	p.phones = e.phones(c.Phones, p.place)
	p.emails = e.mails(c.Emails)
	if c.WeChat != "" {
		p.emails = append(p.emails, "wechat:"+matchingForm(c.WeChat))
	}
	if c.Organisation != "" {
		p.employers = append(p.employers, &Workplace{names: e.orgNames(&canonical.Customer{Name: c.Organisation}, p.place), place: p.place})
	}
	p.employers = append(p.employers, linked...)
	p.department = departmentOf(c.Department)
	return p
}

func genderOf(s string) string {
	switch matchingForm(s) {
	case "男", "M", "MALE", "1", "男性":
		return "M"
	case "女", "F", "FEMALE", "2", "女性":
		return "F"
	}
	return ""
}

// personKeys bring two spellings of one person together by an identifier, a contact, or the name with one more thing.
func (e *Engine) personKeys(k *keyring, r *Record) {
	p := r.person
	for _, id := range p.ids {
		k.add("certificate", "", id)
	}
	for _, ph := range p.phones {
		k.add("phone", p.family, ph.Number)
	}
	for _, m := range p.emails {
		k.add("email", p.family, m)
	}
	born, sex := p.born.String(), p.gender
	if r.Type == Professional {
		for _, w := range p.employers {
			for i := range w.names {
				n := &w.names[i]
				k.add("name_employer", p.department, p.full, employerKey(n))
				k.add("sound_employer", p.department, p.sound, employerKey(n))
				k.add("family_employer", p.department, p.family, employerKey(n), p.department)
				k.add("name_city", p.department, p.full, cityOf(first(n.division, w.place)))
			}
		}
		k.add("name_department", "", p.full, p.department)
		k.add("name_city", p.department, p.full, cityOf(p.place))
		k.add("name_born", "", p.full, born)
		k.add("name", employersKey(p.employers), p.full)
		return
	}
	k.add("name_born", sex, p.full, born)
	k.add("sound_born", sex, p.sound, born)
	if !p.born.IsZero() {
		k.add("family_born", sex, p.family, born)
		k.add("given_born", sex, p.given, born)
		k.add("name_year", sex, p.full, born[:4])
		k.add("name_day", sex, p.full, born[5:])
	}
	k.add("name_place", sex, p.full, p.place)
	k.add("name_address", sex, p.full, p.road, p.number)
	k.add("sound_address", sex, p.sound, p.road, p.number)
}

func (e *Engine) comparePersons(a, b *Record, p *Pair) {
	x, y := a.person, b.person
	name := compareNamesOfPersons(x, y)
	ids := compareIDs(x.ids, y.ids)
	born, gender := compareBirths(x.born, y.born), compareTexts(x.gender, y.gender)
	phone, email := comparePhones(x.phones, y.phones), compareLists(x.emails, y.emails)
	if a.Type == Professional {
		p.levels[hcpCertificate], p.levels[hcpName], p.levels[hcpBirth], p.levels[hcpGender] = ids, name, born, gender
		p.levels[hcpPhone], p.levels[hcpEmail] = phone, email
		p.levels[hcpOrganisation] = compareWorkplaces(x.employers, y.employers)
		p.levels[hcpDepartment] = compareDepartments(x.department, y.department)
		if p.levels[hcpOrganisation] == notCompared {
			p.levels[hcpPlace] = comparePlaces(x.place, y.place)
		}
	} else {
		p.levels[patientID], p.levels[patientName], p.levels[patientBirth], p.levels[patientGender] = ids, name, born, gender
		p.levels[patientPhone], p.levels[patientEmail] = phone, email
		p.levels[patientAddress] = compareRoads(x.road, x.number, x.rest, y.road, y.number, y.rest)
	}
	if ids == differs {
		p.Vetoes |= VetoID
	}
	if name <= personFamily {
		p.Vetoes |= VetoName
	}
	if gender == differs && ids != agrees {
		p.Vetoes |= VetoName
	}
	if a.Key.Source == b.Key.Source && slices.Contains(e.options.DuplicateFree, a.Key.Source) {
		p.Vetoes |= VetoSameSource
	}
	if name == personOther && ids != agrees {
		p.Vetoes |= VetoOther
	}
	if ids == agrees && name > personFamily {
		p.Rule = RulePersonID
	}
	athome := a.Type == Person && p.levels[patientAddress] == addressSame && !x.short && !y.short
	at := a.Type == Professional && p.levels[hcpOrganisation] >= partly
	if ids != agrees && phone != agrees && email != agrees && born < birthTypo && !athome && !at {
		p.Vetoes |= VetoBare
	}
}

func compareNamesOfPersons(x, y *person) int8 {
	switch {
	case x.full == "" || y.full == "":
		return notCompared
	case x.full == y.full:
		return personSame
	case x.family == y.given && x.given == y.family && x.family != "":
		return personReversed
	case x.sound == y.sound && x.sound != "":
		return personSound
	case x.family == y.family && similar(x, y), x.name.Len() > 3 && similarity.Within(&x.name, &y.name, 1):
		return personSimilar
	case x.family == y.family:
		return personFamily
	}
	return personOther
}

// similar reports whether names of one family differ by one character of at least three, or by a missing one.
func similar(x, y *person) bool {
	if max(x.name.Len(), y.name.Len()) < 3 {
		return false
	}
	if x.name.Len() > 6 {
		return similarity.JaroWinkler(&x.name, &y.name) >= .9
	}
	return similarity.Within(&x.name, &y.name, 1)
}

// compareIDs compares identifiers of one kind with each other; different kinds say nothing.
func compareIDs(a, b []string) int8 {
	level := int8(notCompared)
	for _, v := range a {
		for _, w := range b {
			switch {
			case v == w:
				return agrees
			case kindOfID(v) == kindOfID(w):
				level = differs
			}
		}
	}
	return level
}

func kindOfID(id string) byte { return id[0] }

func compareBirths(a, b canonical.Date) int8 {
	if a.IsZero() || b.IsZero() {
		return notCompared
	}
	if a == b {
		return birthSame
	}
	x, y := a.Time(), b.Time()
	swapped := x.Year() == y.Year() && int(x.Month()) == y.Day() && x.Day() == int(y.Month())
	if swapped || oneDigitOff(a.String(), b.String()) {
		return birthTypo
	}
	if x.Year() == y.Year() {
		return birthYear
	}
	return birthOther
}

func oneDigitOff(a, b string) bool {
	n := 0
	for i := range len(a) {
		if i < len(b) && a[i] != b[i] {
			n++
		}
	}
	return n == 1 && len(a) == len(b)
}

func compareDepartments(a, b string) int8 {
	switch {
	case a == "" || b == "":
		return notCompared
	case a == b:
		return fully
	case shortOf(a, b) || shortOf(b, a):
		return partly
	}
	return differs
}
