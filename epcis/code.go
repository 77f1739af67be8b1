package epcis

import (
	"net/url"
	"strings"
	"unicode"

	"tributary/canonical"
	"tributary/internal/errs"
)

// Code is what a scanned or typed code says.
type Code struct {
	Kind    string // trace_code, element_string, digital_link, epc, opaque
	Text    string // as given, trimmed
	Key     string // the key of the object or class (Identifier.Key); trace codes and opaque texts: the text itself
	GTIN    string
	SKU     string // of a lot address of this hub
	Lot     string
	Serial  string
	SSCC    string
	DrugID  string // first 7 digits of a trace code: product and pack level
	Special bool   // trace code of a specially controlled drug (特药)
	Expiry  canonical.Date
	Made    canonical.Date
}

// ParseCode reads a code of any of the kinds. Texts of other systems are opaque: they are looked up as they are. What has
// the form of a GS1 code and breaks its rules is refused.
func ParseCode(text string) (Code, error) {
	text = strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) && r != groupSeparator })
	if text == "" {
		return Code{}, errs.New(errs.Invalid, "epcis.code_empty", nil)
	}
	c := Code{Text: text, Key: text, Kind: "opaque"}
	switch {
	case len(text) == 20 && allDigits(text):
		if text[:2] == "00" && checked(text[2:]) {
			return c.elements(text)
		}
		c.Kind, c.DrugID, c.Special = "trace_code", text[:7], strings.HasPrefix(text, "89")
		return c, nil
	case strings.HasPrefix(strings.ToLower(text), "urn:epc:"):
		return c.identified("epc", text)
	case strings.HasPrefix(strings.ToLower(text), "http://"), strings.HasPrefix(strings.ToLower(text), "https://"):
		return c.identified("digital_link", text)
	case text[0] == ']' || text[0] == groupSeparator || text[0] == '(' && len(text) > 3 && allDigits(text[1:3]) || strings.ContainsRune(text, groupSeparator):
		return c.elements(text)
	case len(text) >= 16 && (text[:2] == "01" || text[:2] == "00") && allDigits(text[:16]):
		return c.elements(text)
	case (len(text) == 8 || len(text) == 12 || len(text) == 13 || len(text) == 14) && allDigits(text) && checked(text):
		return c.elements("01" + strings.Repeat("0", 14-len(text)) + text)
	case len(text) == 18 && allDigits(text) && checked(text):
		return c.elements("00" + text)
	}
	for _, r := range text {
		if unicode.IsControl(r) {
			return c, c.refuse("epcis.why_characters")
		}
	}
	return c, nil
}

func (c Code) refuse(why errs.Word) error {
	return errs.New(errs.Invalid, "epcis.code", errs.Args{"value": printable(c.Text), "why": why})
}

// printable shows the separators of a scanned text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == groupSeparator {
			return '␝'
		}
		if unicode.IsControl(r) {
			return '�'
		}
		return r
	}, s)
}

func (c Code) identified(kind, uri string) (Code, error) {
	id, err := ParseIdentifier(uri)
	if err != nil {
		return c, err
	}
	c.Kind, c.Key, c.GTIN, c.SKU, c.Lot, c.Serial = kind, id.Key, id.GTIN, id.SKU, id.Lot, id.Serial
	if id.Scheme == "sscc" {
		c.SSCC = strings.TrimPrefix(id.Key, "00/")
	}
	if kind == "digital_link" {
		if u, err := url.Parse(uri); err == nil {
			for ai, field := range map[string]*canonical.Date{"17": &c.Expiry, "11": &c.Made} {
				if v := u.Query().Get(ai); v != "" {
					d, ok := shortDate(v)
					if !ok {
						return c, c.refuse("epcis.why_date")
					}
					*field = d
				}
			}
			if q := u.Query().Get("10"); q != "" && c.Lot == "" {
				c.Lot = q
			}
		}
	}
	return c, nil
}
