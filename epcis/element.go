package epcis

import (
	"net/url"
	"strconv"
	"strings"

	"tributary/canonical"
	"tributary/internal/errs"
)

// groupSeparator ends a field of variable length in an element string.
const groupSeparator = '\x1D'

// field is the form of the value of an application identifier: exactly so many digits, or at most so many characters.
type field struct {
	exact, most int
	check       bool // the last digit is a check digit
}

// fieldOf knows the application identifiers that stand on medicines, and those that may stand between them.
func fieldOf(ai string) (field, bool) {
	switch ai {
	case "00":
		return field{18, 0, true}, true
	case "01", "02", "03":
		return field{14, 0, true}, true
	case "11", "12", "13", "15", "16", "17":
		return field{6, 0, false}, true
	case "20":
		return field{2, 0, false}, true
	case "10", "21", "22":
		return field{0, 20, false}, true
	case "30", "37":
		return field{0, 8, false}, true
	case "235":
		return field{0, 28, false}, true
	case "240", "241", "250", "251", "400", "403", "90":
		return field{0, 30, false}, true
	case "410", "411", "412", "413", "414", "415", "416", "417":
		return field{13, 0, true}, true
	case "7003":
		return field{10, 0, false}, true
	case "710", "711", "712", "713", "714", "715", "716":
		return field{0, 20, false}, true
	case "8006":
		return field{18, 0, false}, true
	case "8008":
		return field{0, 12, false}, true
	case "8200":
		return field{0, 70, false}, true
	}
	if len(ai) == 2 && ai[0] == '9' && ai != "90" {
		return field{0, 90, false}, true
	}
	if len(ai) == 4 && ai[0] == '3' && ai[1] >= '1' && ai[1] <= '6' {
		return field{6, 0, false}, true
	}
	return field{}, false
}

// element is one application identifier with its value.
type element struct{ ai, value string }

// elements reads a GS1 element string: as scanned, with symbology identifier and separators, or as printed, with the
// identifiers in brackets.
func (c Code) elements(text string) (Code, error) {
	c.Kind = "element_string"
	split := scanned
	if text[0] == '(' {
		split = printed
	}
	list, why := split(text)
	if why != "" {
		return c, c.refuse(why)
	}
	seen := map[string]string{}
	for _, e := range list {
		if have, twice := seen[e.ai]; twice && have != e.value {
			return c, c.refuse("epcis.why_twice")
		}
		seen[e.ai] = e.value
		f, _ := fieldOf(e.ai)
		if f.check && !checked(e.value) {
			return c, errs.New(errs.Invalid, "epcis.check_digit", errs.Args{"value": e.value, "want": checkDigit(e.value[:len(e.value)-1])})
		}
		ok := true
		switch e.ai {
		case "01":
			c.GTIN = e.value
		case "00":
			c.SSCC = e.value
		case "10":
			c.Lot = e.value
		case "21":
			c.Serial = e.value
		case "17":
			c.Expiry, ok = shortDate(e.value)
		case "11":
			c.Made, ok = shortDate(e.value)
		}
		if !ok {
			return c, c.refuse("epcis.why_date")
		}
	}
	switch {
	case c.GTIN != "" && c.Serial != "":
		c.Key = "01/" + c.GTIN + "/21/" + url.PathEscape(c.Serial)
	case c.GTIN != "" && c.Lot != "":
		c.Key = "01/" + c.GTIN + "/10/" + url.PathEscape(c.Lot)
	case c.GTIN != "":
		c.Key = "01/" + c.GTIN
	case c.SSCC != "":
		c.Key = "00/" + c.SSCC
	default:
		return c, c.refuse("epcis.why_no_key")
	}
	return c, nil
}

// printed splits (01)…(10)….
func printed(text string) (out []element, why errs.Word) {
	for text != "" {
		ai, rest, ok := strings.Cut(strings.TrimPrefix(text, "("), ")")
		f, known := fieldOf(ai)
		if !ok || !known {
			return nil, "epcis.why_ai"
		}
		value := rest
		text = ""
		if f.exact > 0 {
			if len(rest) < f.exact {
				return nil, "epcis.why_short"
			}
			value, text = rest[:f.exact], rest[f.exact:]
			if text != "" && text[0] != '(' {
				return nil, "epcis.why_length"
			}
		} else if i := nextBracket(rest); i >= 0 {
			value, text = rest[:i], rest[i:]
		}
		if why := f.fits(value); why != "" {
			return nil, why
		}
		out = append(out, element{ai, value})
	}
	return out, ""
}

// nextBracket finds where the next identifier in brackets begins; a value may have brackets of its own.
func nextBracket(s string) int {
	for i := range len(s) {
		if s[i] != '(' {
			continue
		}
		if end := strings.IndexByte(s[i:], ')'); end > 0 {
			if _, known := fieldOf(s[i+1 : i+end]); known {
				return i
			}
		}
	}
	return -1
}

// scanned splits what a scanner sends.
func scanned(text string) (out []element, why errs.Word) {
	if text[0] == ']' {
		if len(text) < 4 {
			return nil, "epcis.why_short"
		}
		text = text[3:]
	}
	for text = strings.TrimLeft(text, string(groupSeparator)); text != ""; text = strings.TrimLeft(text, string(groupSeparator)) {
		f, ai := field{}, ""
		for n := 2; n <= 4 && n <= len(text); n++ {
			if known, ok := fieldOf(text[:n]); ok {
				f, ai = known, text[:n]
				break
			}
		}
		if ai == "" {
			return nil, "epcis.why_ai"
		}
		text = text[len(ai):]
		value := ""
		if f.exact > 0 {
			if len(text) < f.exact {
				return nil, "epcis.why_short"
			}
			value, text = text[:f.exact], text[f.exact:]
		} else if i := strings.IndexRune(text, groupSeparator); i >= 0 {
			value, text = text[:i], text[i+1:]
		} else {
			value, text = text, ""
		}
		if why := f.fits(value); why != "" {
			return nil, why
		}
		out = append(out, element{ai, value})
	}
	return out, ""
}

func (f field) fits(value string) errs.Word {
	switch {
	case value == "":
		return "epcis.why_short"
	case f.exact > 0 && !allDigits(value), f.most > 0 && (len(value) > f.most || strings.ContainsFunc(value, func(r rune) bool { return r < '!' || r > 'z' })):
		return "epcis.why_characters"
	}
	return ""
}

// shortDate reads YYMMDD. The century is the one GS1 gives for years near now's century; day 00 is the last of the month.
func shortDate(s string) (canonical.Date, bool) {
	if len(s) != 6 || !allDigits(s) {
		return canonical.NoDate, false
	}
	year, _ := strconv.Atoi(s[:2])
	month, _ := strconv.Atoi(s[2:4])
	day, _ := strconv.Atoi(s[4:])
	const turn = 70 // no medicine of these codes was made or expires before 1970 or after 2069
	if year >= turn {
		year += 1900
	} else {
		year += 2000
	}
	if day == 0 {
		if month < 1 || month > 12 {
			return canonical.NoDate, false
		}
		for day = 31; ; day-- {
			if d, err := canonical.NewDate(year, month, day); err == nil {
				return d, true
			}
		}
	}
	d, err := canonical.NewDate(year, month, day)
	return d, err == nil
}
