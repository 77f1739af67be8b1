package normalize

import "strings"

// InstitutionCode checks a code of a medical institution: 22 characters (organisation code 9, division 6, economic type
// 2, class 4, profit class 1), or the 12-character form of small clinics, which carries no check.
func InstitutionCode(s string) ID { return repaired(idText(s), checkInstitutionCode) }

func checkInstitutionCode(v string) ID {
	switch {
	case v == "":
		return ID{}
	case len(v) == 12 && alphanumeric(v):
		return valid(v)
	case len(v) != 22 || !alphanumeric(v):
		return invalid(v, "an institution code has 22 characters (12 for small clinics), this has %d", len([]rune(v)))
	case orgCheck(v[:8]) != v[8]:
		return invalid(v, "the check character of its organisation code (position 9) should be %c", orgCheck(v[:8]))
	case !digits(v[9:15], 6) || !knownProvince(v[9:11]):
		return invalid(v, "characters 10 to 15 are not the code of a division")
	}
	id := valid(v)
	id.Reason = divisionRemark(v[9:15])
	return id
}

// provinces are the characters of new licence numbers and the first two digits of the division code they stand for.
var provinces = map[string]string{
	"京": "11", "津": "12", "冀": "13", "晋": "14", "蒙": "15", "辽": "21", "吉": "22", "黑": "23", "沪": "31", "苏": "32", "浙": "33",
	"皖": "34", "闽": "35", "赣": "36", "鲁": "37", "豫": "41", "鄂": "42", "湘": "43", "粤": "44", "桂": "45", "琼": "46", "渝": "50",
	"川": "51", "贵": "52", "云": "53", "藏": "54", "陕": "61", "甘": "62", "青": "63", "宁": "64", "新": "65",
}

// Licence is the verdict on a drug business licence number.
type Licence struct {
	ID
	Province string // first two digits of the division code, new form only
	Trade    string // wholesale, chain, chain_store, store; new form only
	Branch   bool   // of a unit without legal personality; new form only
}

// LicenceNo checks a drug business licence number of the form used since 2024: province character, trade, legal form,
// nine digits (琼AA898000001). Older numbers follow no rule: they come back as text, not valid, and are evidence only.
func LicenceNo(s string) Licence {
	v := idText(s)
	if v == "" {
		return Licence{}
	}
	l := Licence{ID: repaired(v, checkLicence)}
	if !l.Valid {
		return l
	}
	form := []rune(l.Value)
	l.Province = provinces[string(form[0])]
	l.Trade = map[rune]string{'A': "wholesale", 'B': "chain", 'C': "chain_store", 'D': "store"}[form[1]]
	l.Branch = form[2] == 'B'
	return l
}

func checkLicence(v string) ID {
	form := []rune(v)
	switch {
	case len(form) != 12 || provinces[string(form[0])] == "":
		return invalid(v, "not a licence number of the form used since 2024; kept as text")
	case !strings.ContainsRune("ABCD", form[1]) || !strings.ContainsRune("AB", form[2]):
		return invalid(v, "the letters after the province are not a trade (A to D) and a legal form (A or B)")
	case !digits(string(form[3:]), 9):
		return invalid(v, "a licence number ends with nine digits")
	}
	return valid(v)
}

// MedicalInsuranceCode checks a code of the national medical insurance catalogue of institutions and persons: H or P
// with 11 digits, D or N with 12, HY or HJ with 12, each beginning with a division code.
func MedicalInsuranceCode(s string) ID {
	v := idText(s)
	if v == "" {
		return ID{}
	}
	head := 1
	if strings.HasPrefix(v, "HY") || strings.HasPrefix(v, "HJ") {
		head = 2
	}
	want := map[string]int{"H": 12, "P": 12, "D": 13, "N": 13, "HY": 14, "HJ": 14}[v[:min(head, len(v))]]
	switch {
	case want == 0:
		return invalid(v, "a medical insurance code begins with H, P, D, N, HY or HJ")
	case len(v) != want || !allDigits(v[head:]):
		return invalid(v, "a medical insurance code that begins with %s has %d digits after it", v[:head], want-head)
	case !knownProvince(v[head : head+2]):
		return invalid(v, "no province has the code %s", v[head:head+2])
	}
	id := valid(v)
	id.Reason = divisionRemark(v[head : head+6])
	return id
}

func alphanumeric(v string) bool {
	for i := range len(v) {
		if strings.IndexByte(orgCodeSet, v[i]) < 0 {
			return false
		}
	}
	return v != ""
}
