package normalize

import (
	"fmt"
	"strconv"
	"strings"

	"tributary/canonical"
)

var residentWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// ResidentID checks a resident identity number (GB 11643): check character, birth date, province. The 15-digit form of
// before 1999 becomes the 18-digit form. Residence permits of Hong Kong, Macau and Taiwan people (81, 82, 83) have the
// same shape. Whether the birth date lies in the future is for the caller, who has a clock.
//
// The value is personal data; Reason never repeats digits of it.
func ResidentID(s string) ID { return repaired(idText(s), checkResidentID) }

func checkResidentID(v string) ID {
	switch {
	case v == "":
		return ID{}
	case digits(v, 15):
		v = v[:6] + "19" + v[6:]
		v += string(residentCheck(v))
	case len(v) != 18:
		return invalid(v, "a resident number has 18 characters (formerly 15), this has %d", len([]rune(v)))
	case !allDigits(v[:17]):
		return invalid(v, "the first 17 characters of a resident number are digits")
	}
	var why []string
	if v[17] != residentCheck(v[:17]) {
		why = append(why, "the check character is wrong")
	}
	if _, err := birthDate(v); err != nil {
		why = append(why, "the birth date does not exist")
	}
	if !knownProvince(v[:2]) && v[:2] != "83" {
		why = append(why, "the first two digits are no province")
	}
	if why != nil {
		return invalid(v, "%s", strings.Join(why, "; "))
	}
	id := valid(v)
	if v[:2] < "81" {
		if divisionRemark(v[:6]) != "" {
			id.Reason = "its division is in no table at hand"
		}
	}
	return id
}

func residentCheck(body string) byte {
	sum := 0
	for i, w := range residentWeights {
		sum += int(body[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// ResidentFacts reads the birth date and the gender ("male", "female") from a valid 18-digit resident number.
func ResidentFacts(id string) (born canonical.Date, gender string, ok bool) {
	if len(id) != 18 || !allDigits(id[:17]) {
		return canonical.NoDate, "", false
	}
	born, err := birthDate(id)
	if err != nil {
		return canonical.NoDate, "", false
	}
	if (id[16]-'0')%2 == 1 {
		return born, "male", true
	}
	return born, "female", true
}

func birthDate(id string) (canonical.Date, error) {
	n, err := strconv.Atoi(id[6:14])
	if err != nil {
		return canonical.NoDate, err
	}
	if year := n / 10000; year < 1850 || year > 2099 { // the number's standard dates from 1999; no clock is needed to tell
		return canonical.NoDate, fmt.Errorf("nobody who holds a number was born in %d", year)
	}
	return canonical.NewDate(n/10000, n/100%100, n%100)
}

// PracticeCertificate checks a doctor's practice certificate number: 15 digits, otherwise opaque.
func PracticeCertificate(s string) ID {
	v := idText(s)
	switch {
	case v == "":
		return ID{}
	case !digits(v, 15):
		return invalid(v, "a practice certificate number has 15 digits")
	}
	return valid(v)
}

// QualificationCertificate checks a doctor's qualification certificate number: 24 or 27 characters that end with the
// holder's resident number in its 15 or 18-character form.
func QualificationCertificate(s string) ID {
	v := idText(s)
	switch {
	case v == "":
		return ID{}
	case len(v) != 24 && len(v) != 27 || !allDigits(v[:len(v)-1]):
		return invalid(v, "a qualification certificate number has 24 or 27 digits")
	}
	if holder := checkResidentID(v[9:]); !holder.Valid {
		return invalid(v, "the resident number at its end is not valid: %s", holder.Reason)
	}
	return valid(v)
}
