package epcis

import (
	"net/url"
	"strings"

	"tributary/internal/errs"
)

// keys of a Digital Link: the application identifier, the scheme, and how many digits it has, the last of which is a
// check digit; 0: it has letters or no fixed length. open keys may have a serial behind the digits.
var linkKeys = map[string]struct {
	scheme string
	digits int
	open   bool
}{
	"01": {"gtin", 14, false}, "00": {"sscc", 18, false}, "414": {"sgln", 13, false}, "417": {"pgln", 13, false}, "253": {"gdti", 13, true}, "255": {"sgcn", 13, true},
	"401": {"ginc", 0, true}, "402": {"gsin", 17, false}, "8003": {"grai", 14, true}, "8004": {"giai", 0, true}, "8006": {"itip", 18, false}, "8010": {"cpi", 0, true},
	"8013": {"gmn", 0, true}, "8017": {"gsrnp", 18, false}, "8018": {"gsrn", 18, false},
}

// resolver is the domain whose URIs are all Digital Links.
const resolver = "id.gs1.org"

// fromLink reads a Digital Link URI of any domain. A web address that only looks a little like one is taken as it is,
// unless it is on the domain of GS1.
func fromLink(uri string) (Identifier, *fault) {
	u, err := url.Parse(uri)
	if err != nil || u.Host == "" {
		return Identifier{}, &fault{"epcis.not_uri", errs.Args{"value": uri}}
	}
	steps := strings.Split(strings.Trim(u.EscapedPath(), "/"), "/")
	for i := range steps {
		if steps[i], err = url.PathUnescape(steps[i]); err != nil {
			return Identifier{}, &fault{"epcis.not_uri", errs.Args{"value": uri}}
		}
	}
	strict := strings.EqualFold(u.Hostname(), resolver)
	for i := 0; i+1 < len(steps); i++ {
		key, known := linkKeys[steps[i]]
		if !known || !strict && !looksLike(steps[i], steps[i+1]) {
			continue
		}
		return linked(uri, steps[i], key.scheme, steps[i+1], steps[i+2:])
	}
	if n := len(steps); n >= 3 && steps[n-3] == "lot" && steps[n-2] != "" && steps[n-1] != "" {
		return Identifier{Scheme: "lot", Key: "lot/" + url.PathEscape(steps[n-2]) + "/" + url.PathEscape(steps[n-1]), SKU: steps[n-2], Lot: steps[n-1], Class: true}, nil
	}
	return other(uri), nil
}

// looksLike reports whether a step of a path has the shape of a key.
func looksLike(ai, value string) bool {
	switch ai {
	case "01":
		return allDigits(value) && (len(value) == 14 || len(value) == 13)
	case "00", "414", "417", "8017", "8018":
		return allDigits(value) && len(value) == linkKeys[ai].digits
	}
	return false
}

func linked(uri, ai, scheme, value string, rest []string) (Identifier, *fault) {
	key := linkKeys[ai]
	if ai == "01" && (len(value) == 8 || len(value) == 12 || len(value) == 13) {
		value = strings.Repeat("0", 14-len(value)) + value
	}
	switch {
	case key.digits == 0:
		if !serialText(value) {
			return Identifier{}, malformed(uri, "epcis.why_characters")
		}
	case len(value) < key.digits || len(value) > key.digits && !key.open || !allDigits(value[:key.digits]):
		return Identifier{}, malformed(uri, "epcis.why_length")
	default:
		number := value[:key.digits]
		if ai == "8006" {
			number = value[:14]
		}
		if !checked(number) {
			return Identifier{}, &fault{"epcis.check_digit", errs.Args{"value": number, "want": checkDigit(number[:len(number)-1])}}
		}
	}
	id := Identifier{Scheme: scheme, Key: ai + "/" + url.PathEscape(value)}
	if ai == "01" {
		id.GTIN, id.Class = value, true
	}
	for len(rest) >= 2 {
		qualifier, text := rest[0], rest[1]
		rest = rest[2:]
		if !serialText(text) {
			return Identifier{}, malformed(uri, "epcis.why_characters")
		}
		switch {
		case ai == "01" && qualifier == "10":
			id.Lot, id.Scheme = text, "lgtin"
		case ai == "01" && qualifier == "21":
			id.Serial, id.Scheme, id.Class = text, "sgtin", false
		case ai == "01" && qualifier == "235":
			id.Class = false
			id.Key += "/235/" + url.PathEscape(text)
		case ai == "414" && qualifier == "254" && text == "0":
		default:
			id.Key += "/" + qualifier + "/" + url.PathEscape(text)
		}
	}
	// The serial alone tells objects apart: a lot beside it is a fact about the object, not part of its name.
	switch {
	case id.Serial != "":
		id.Key += "/21/" + url.PathEscape(id.Serial)
	case id.Lot != "":
		id.Key += "/10/" + url.PathEscape(id.Lot)
	}
	return id, nil
}

// LotURI names a lot: the Digital Link of its GTIN and lot, or an address of this hub when the product has none. A GTIN does
// not tell how long its company prefix is, so the URN of the same class cannot be written; both have the same key.
func LotURI(gtin, sku, lot, hub string) string {
	if gtin != "" {
		return "https://" + resolver + "/01/" + gtin + "/10/" + url.PathEscape(lot)
	}
	return strings.TrimSuffix(hub, "/") + "/lot/" + url.PathEscape(sku) + "/" + url.PathEscape(lot)
}
