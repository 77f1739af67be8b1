package dedupe

import (
	"slices"
	"strings"

	"tributary/canonical"
	"tributary/normalize"
)

// organisation are the comparable features of an organisation.
type organisation struct {
	names       []houseName // the name first, then aliases and former names; each once
	place       string      // code of the record's own division; "" when unknown
	road        string
	number      string
	rest        string // the address beyond road and number
	uscc        string // valid only
	licence     string
	institution string
	phones      []normalize.Phone
	emails      []string
	people      []string
}

func (e *Engine) organisation(c *canonical.Customer) *organisation {
	o := &organisation{}
	address := parseAddress(c.Address)
	o.place, o.road, o.number, o.rest = address.place, address.road, address.number, address.rest
	o.names = e.orgNames(c, o.place)
	if o.place == "" {
		o.place = placeInNames(o.names)
	}
	if id := normalize.USCC(c.USCC); id.Valid {
		o.uscc = id.Value
	}
	o.licence = e.own(normalize.LicenceNo(c.LicenceNo).ID.Value)
	if id := normalize.InstitutionCode(c.InstitutionCode); id.Valid {
		o.institution = id.Value
	}
	o.phones = e.phones(c.Phones, o.place)
	o.emails = e.mails(c.Emails)
	for _, p := range []string{c.LegalRepresentative, c.PersonInCharge} {
		if form := e.own(matchingForm(p)); form != "" && !slices.Contains(o.people, form) {
			o.people = append(o.people, form)
		}
	}
	return o
}

// placeInNames is where the names say that a house without address is: their first division down to the city. A branch
// bears the name of its head office, which may lie in another province.
func placeInNames(names []houseName) string {
	for _, n := range names {
		if n.branch == "" && len(significantDivision(n.division)) >= 4 {
			return n.division
		}
	}
	return ""
}

// orgNames takes apart all names of a record. An alias of the model stands beside the name it belongs to.
func (e *Engine) orgNames(c *canonical.Customer, place string) []houseName {
	written := slices.Concat([]string{c.Name, c.ShortName}, c.Aliases, c.FormerNames)
	for _, name := range slices.Clone(written) {
		if full, ok := e.aliases[matchingForm(name)]; ok {
			written = append(written, full)
		}
	}
	var out []houseName
	seen := map[string]bool{}
	for _, name := range written {
		for _, n := range parseOrgName(name, place) {
			if identity := n.full + "|" + n.campus + "|" + n.branch; n.full != "" && !seen[identity] && len(out) < maxNames {
				seen[identity] = true
				out = append(out, n)
			}
		}
	}
	return out
}

// maxNames bounds the names of a record that are compared.
const maxNames = 12

// own drops values that many customers share.
func (e *Engine) own(form string) string {
	if e.shared[form] {
		return ""
	}
	return form
}

// phones reads numbers that can be evidence: no 400 lines, no text, no shared numbers.
func (e *Engine) phones(written []string, place string) []normalize.Phone {
	var out []normalize.Phone
	area := normalize.StandardDivisions().AreaCode(place)
	for _, w := range written {
		for _, p := range normalize.Phones(w, area) {
			if (p.Kind == normalize.Mobile || p.Kind == normalize.Landline) && e.own(p.Number) != "" && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

func (e *Engine) mails(written []string) []string {
	var out []string
	for _, w := range written {
		if form := e.own(matchingForm(w)); strings.Contains(form, "@") && !slices.Contains(out, form) {
			out = append(out, form)
		}
	}
	return out
}

// matchingForm is the form in which free texts are compared.
func matchingForm(s string) string { return normalize.Text(s) }

// organisationKeys are chosen so that two spellings of one house share at least one: identifiers, phones, the whole
// name, the core with the city, both ends of the core in the city, the address, and the ids a mention may carry.
func (e *Engine) organisationKeys(k *keyring, r *Record) {
	o := r.org
	branch := ""
	if len(o.names) > 0 {
		branch = o.names[0].campus + o.names[0].branch
	}
	k.add("uscc", branch, o.uscc)
	if len(o.uscc) == 18 {
		k.add("org_code", branch, o.uscc[8:17])
	}
	k.add("licence", branch, o.licence)
	k.add("institution", branch, o.institution)
	for i := range o.names {
		e.nameKeys(k, &o.names[i], o.place)
	}
	stem := ""
	if len(o.names) > 0 {
		stem = first(o.names[0].stem, o.names[0].full)
	}
	for _, p := range o.phones {
		k.add("phone", stem, p.Local())
	}
	for _, m := range o.emails {
		k.add("email", stem, m)
	}
	if o.road != "" && o.number != "" {
		k.add("address", stem, cityOf(o.place), o.road, o.number)
	}
	e.idKeys(k, r)
}

// nameKeys makes the keys of one name. The second key of a name without place is its own city, or nothing.
func (e *Engine) nameKeys(k *keyring, n *houseName, place string) {
	city := cityOf(first(n.division, place))
	k.add("name", city, n.full)
	core := n.core.String()
	k.add("core", city, core, first(n.ordinal, "-"))
	if n.stem == "" {
		k.add("bare", city, n.group, first(n.ordinal, n.generic))
		k.add("vague", n.ordinal, n.group, city)
	}
	if city == "" {
		return
	}
	k.add("house", n.group, city, first(n.ordinal, "-"), ends(core, 1))
	if n.ordinal != "" {
		k.add("ordinal", n.body, city, n.ordinal)
	}
	if n.core.Len() >= 3 {
		runes := []rune(core)
		k.add("head", n.group, city, string(runes[:2]))
		k.add("tail", n.group, city, string(runes[len(runes)-2:]))
	}
	k.add("stem", n.group, city, n.stem)
}

func ends(s string, n int) string {
	r := []rune(s)
	if len(r) < n {
		return s
	}
	return string(r[:n])
}

func cityOf(code string) string {
	if s := significantDivision(code); len(s) >= 4 {
		return s[:4]
	}
	return ""
}

// idKeys bring a mention to the record its codes name.
func (e *Engine) idKeys(k *keyring, r *Record) {
	if r.Real() {
		k.add("id", "", r.Key.Source, r.Key.ID)
		k.add("any_id", "", r.Key.ID)
		if r.code != r.Key.ID {
			k.add("id", "", r.Key.Source, r.code)
			k.add("any_id", "", r.code)
		}
		return
	}
	for _, target := range r.targets {
		k.add("any_id", "", target)
		if _, id, one := strings.Cut(target, "|"); one {
			k.add("any_id", "", id)
		}
	}
	if r.code == "" {
		return
	}
	if r.reporter() {
		k.add("any_id", "", r.code)
		return
	}
	k.add("id", "", first(r.reference, "?"), r.code)
	k.add("id", "", first(e.options.CompanySource, "?"), r.code)
}
