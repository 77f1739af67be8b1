package dedupe

import (
	"slices"
	"strings"

	"tributary/normalize"
)

// shown is the value of a comparison as a person may read it.
func (r *Record) shown(comparison int) string {
	if r.org != nil {
		return r.org.shown(comparison, string(r.Kind))
	}
	return r.person.shown(comparison, r.Type)
}

func (o *organisation) shown(comparison int, kind string) string {
	switch comparison {
	case orgUSCC:
		return o.uscc
	case orgLicence:
		return o.licence
	case orgInstitution:
		return o.institution
	case orgName:
		names := make([]string, len(o.names))
		for i, n := range o.names {
			names[i] = n.full
		}
		return strings.Join(names, " / ")
	case orgPlace:
		return placeName(o.place)
	case orgKind:
		return kind
	case orgAddress:
		return strings.TrimSpace(o.road + o.number + " " + o.rest)
	case orgPhone:
		return phoneTexts(o.phones)
	case orgEmail:
		return strings.Join(o.emails, " / ")
	}
	return strings.Join(o.people, " / ")
}

func (p *person) shown(comparison int, t Type) string {
	if t == Professional {
		switch comparison {
		case hcpCertificate:
			return idTexts(p.ids)
		case hcpOrganisation:
			var names []string
			for _, w := range p.employers {
				if len(w.names) > 0 && !slices.Contains(names, w.names[0].full) {
					names = append(names, w.names[0].full)
				}
			}
			return strings.Join(names, " / ")
		case hcpDepartment:
			return p.department
		case hcpPhone:
			return phoneTexts(p.phones)
		case hcpEmail:
			return strings.Join(p.emails, " / ")
		case hcpBirth:
			return p.born.String()
		case hcpGender:
			return p.gender
		case hcpPlace:
			return placeName(p.place)
		}
		return p.full
	}
	switch comparison {
	case patientID:
		return idTexts(p.ids)
	case patientBirth:
		return p.born.String()
	case patientGender:
		return p.gender
	case patientPhone:
		return phoneTexts(p.phones)
	case patientAddress:
		return strings.TrimSpace(p.road + p.number + " " + p.rest)
	case patientEmail:
		return strings.Join(p.emails, " / ")
	}
	return p.full
}

func phoneTexts(phones []normalize.Phone) string {
	out := make([]string, len(phones))
	for i, p := range phones {
		out[i] = p.String()
	}
	return strings.Join(out, " / ")
}

func idTexts(ids []string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		_, out[i], _ = strings.Cut(id, ":")
	}
	return strings.Join(out, " / ")
}

// placeName writes a division with its parents: 广东省广州市天河区 (440106).
func placeName(code string) string {
	table := normalize.StandardDivisions()
	unit, ok := table.ByCode(code)
	if !ok {
		return code
	}
	province, prefecture := table.Parents(code)
	return province.Name + prefecture.Name + unit.Name + " (" + code + ")"
}
