package dedupe

import (
	"strings"
	"unicode"

	"tributary/dedupe/similarity"
)

// latinName takes a name without Han characters apart by words. ok is false for a name with Han characters.
func latinName(form string) (houseName, bool) {
	for _, r := range form {
		if unicode.Is(unicode.Han, r) {
			return houseName{}, false
		}
	}
	words := strings.FieldsFunc(strings.NewReplacer("'", "", "’", "", ".", "", "&", " AND ").Replace(form), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	h := houseName{lacksPlace: true}
	var core, all []string
	for i, w := range words {
		if full, ok := latinForms[w]; ok {
			w = full
		}
		switch {
		case w == "":
			continue
		case latinLegal[w]:
			h.legal = w
			continue
		case latinOrdinals[w] != "":
			h.ordinal = latinOrdinals[w]
		case latinKinds[w] != "" && (h.group == "" || latinKinds[w] == h.group):
			h.generic, h.group = w, latinKinds[w]
		case latinBranches[w]:
			h.branch = strings.Join(words[i:], " ")
		default:
			core = append(core, w)
			h.lacksPlace = false
		}
		all = append(all, w)
		if h.branch != "" {
			break
		}
	}
	h.full = strings.Join(all, " ")
	h.shop = similarity.Prepare(h.branch)
	h.text = similarity.Prepare(h.full)
	h.stem = strings.Join(core, " ")
	h.core = similarity.Prepare(h.stem)
	return h, true
}

// latinForms writes variants of a word in one way; words that say nothing become empty.
var latinForms = map[string]string{
	"THE": "", "OF": "", "AND": "", "SAINT": "ST", "CENTRE": "CENTER", "HOSPITALS": "HOSPITAL", "PHARMACIES": "PHARMACY", "DRUGSTORE": "PHARMACY",
	"CHEMIST": "PHARMACY", "CHEMISTS": "PHARMACY", "CLINICS": "CLINIC", "LIMITED": "LTD", "COMPANY": "CO", "INCORPORATED": "INC", "CORPORATION": "CORP",
	"PHARMACEUTICALS": "PHARMACEUTICAL", "PHARMA": "PHARMACEUTICAL", "INTL": "INTERNATIONAL", "UNIV": "UNIVERSITY", "NO": "",
}

var latinLegal = map[string]bool{"LTD": true, "CO": true, "INC": true, "CORP": true, "LLC": true, "PLC": true, "GMBH": true, "AG": true, "SA": true, "PTE": true, "PVT": true}

var latinKinds = map[string]string{"HOSPITAL": groupHospital, "CLINIC": groupPrimary, "PHARMACY": groupShop}

var latinOrdinals = map[string]string{"FIRST": "1", "1ST": "1", "SECOND": "2", "2ND": "2", "THIRD": "3", "3RD": "3", "FOURTH": "4", "4TH": "4", "FIFTH": "5", "5TH": "5"}

var latinBranches = map[string]bool{"BRANCH": true, "CAMPUS": true}
