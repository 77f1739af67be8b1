package epcis

import (
	"net/url"
	"strings"

	"tributary/internal/errs"
)

// Identifier is what a URI names, when it is a key of GS1 or a lot of this hub.
type Identifier struct {
	Scheme string // sgtin, lgtin, gtin, sscc, sgln, pgln, …; lot; trace_code; "" for any other URI
	// Key compares: an EPC URN and a Digital Link of one object have the same key. It is the Digital Link's path, as in
	// 01/09520001123467/10/250301; of other URIs the URI itself.
	Key    string
	GTIN   string // 14 digits
	SKU    string // of scheme lot
	Lot    string
	Serial string
	Class  bool // names a class or lot of objects, not one object
}

// fault is why an identifier is malformed.
type fault struct {
	code string
	args errs.Args
}

func (f *fault) In(lang string) string { return errs.New(errs.Invalid, f.code, f.args).Text(lang) }

// ParseIdentifier reads a URI. A URI of GS1 that breaks the rules of its key is refused; any other URI is taken as it is.
func ParseIdentifier(uri string) (Identifier, *errs.Error) {
	id, f := identify(uri)
	if f != nil {
		return id, errs.New(errs.Invalid, f.code, f.args)
	}
	return id, nil
}

func identify(uri string) (Identifier, *fault) {
	if !isURI(uri) {
		return Identifier{}, &fault{"epcis.not_uri", errs.Args{"value": uri}}
	}
	lower := strings.ToLower(uri)
	for _, kind := range []string{"id", "class", "idpat"} {
		if prefix := "urn:epc:" + kind + ":"; strings.HasPrefix(lower, prefix) {
			scheme, rest, ok := strings.Cut(uri[len(prefix):], ":")
			if !ok {
				return Identifier{}, malformed(uri, "epcis.why_parts")
			}
			return fromURN(uri, kind, strings.ToLower(scheme), rest)
		}
	}
	if strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
		return fromLink(uri)
	}
	return other(uri), nil
}

// codeURN stands before a code of another system, which is its key.
const codeURN = "urn:tributary:code:"

// other is a URI that is no key of GS1. One that ends in a trace code of 20 digits names the pack with that code.
func other(uri string) Identifier {
	const digits = 20
	if code, own := strings.CutPrefix(uri, codeURN); own {
		if text, err := url.PathUnescape(code); err == nil && !allDigits(code) {
			return Identifier{Key: text}
		}
	}
	if i := strings.LastIndexAny(uri, "/:="); len(uri)-i-1 == digits && allDigits(uri[i+1:]) {
		return Identifier{Scheme: "trace_code", Key: uri[i+1:]}
	}
	return Identifier{Key: uri}
}

func malformed(value string, why errs.Word) *fault {
	return &fault{"epcis.identifier", errs.Args{"value": value, "why": why}}
}

// isURI reports whether a text is an absolute URI: a scheme, a colon, and then no space and no control.
func isURI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || scheme == "" || rest == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7F || strings.ContainsRune("<>\"{}|\\^`", r) }) {
		return false
	}
	for i, r := range scheme {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || strings.ContainsRune("+-._", r))) {
			return false
		}
	}
	if i := strings.IndexByte(rest, '%'); i >= 0 {
		_, err := url.PathUnescape(rest)
		return err == nil
	}
	return true
}

// keys of GS1 by their EPC scheme: company prefix and reference add up to so many digits (0: of any length), then so
// many further parts, and the application identifier of the key.
var schemes = map[string]struct {
	digits, more int
	ai           string
}{
	"sgtin": {13, 1, "01"}, "lgtin": {13, 1, "01"}, "upui": {13, 1, "01"}, "itip": {13, 3, "8006"},
	"sscc": {17, 0, "00"}, "sgln": {12, 1, "414"}, "pgln": {12, 0, "417"}, "grai": {12, 1, "8003"}, "gdti": {12, 1, "253"}, "sgcn": {12, 1, "255"},
	"gsrn": {17, 0, "8018"}, "gsrnp": {17, 0, "8017"}, "gsin": {16, 0, "402"},
	"giai": {0, 0, "8004"}, "cpi": {0, 1, "8010"}, "ginc": {0, 0, "401"},
}

// fromURN reads an EPC URN. Schemes of others than GS1 (gid, usdod, adi, bic, imovn) are taken as they are.
func fromURN(uri, kind, scheme, rest string) (Identifier, *fault) {
	rule, known := schemes[scheme]
	if !known {
		for _, other := range []string{"gid", "usdod", "adi", "bic", "imovn"} {
			if scheme == other {
				return Identifier{Scheme: scheme, Key: uri, Class: kind != "id"}, nil
			}
		}
		return Identifier{}, malformed(uri, "epcis.why_scheme")
	}
	if (kind == "class") != (scheme == "lgtin") {
		return Identifier{}, malformed(uri, "epcis.why_scheme")
	}
	parts := strings.SplitN(rest, ".", 2+rule.more)
	if len(parts) != 2+rule.more {
		return Identifier{}, malformed(uri, "epcis.why_parts")
	}
	for i, raw := range parts {
		text, err := url.PathUnescape(raw)
		if err != nil || text == "" || i >= 2 && !serialText(text) {
			return Identifier{}, malformed(uri, "epcis.why_characters")
		}
		parts[i] = text
	}
	company, reference, more := parts[0], parts[1], parts[2:]
	if kind == "idpat" && (company == "*" || reference == "*") {
		return Identifier{Scheme: scheme, Key: uri, Class: true}, nil
	}
	id := Identifier{Scheme: scheme, Class: kind != "id"}
	switch {
	case !allDigits(company) || len(company) < 6 || len(company) > 12:
		return Identifier{}, malformed(uri, "epcis.why_company")
	case rule.digits > 0 && (!allDigits(reference) || len(company)+len(reference) != rule.digits):
		return Identifier{}, malformed(uri, "epcis.why_length")
	case rule.digits == 0 && (len(company)+len(reference) > 30 || !serialText(reference)):
		return Identifier{}, malformed(uri, "epcis.why_length")
	}
	number := company + reference
	switch rule.digits {
	case 0:
	case 13, 17: // the first digit of the reference stands before the company prefix, but for service relations
		if scheme != "gsrn" && scheme != "gsrnp" {
			number = reference[:1] + company + reference[1:]
		}
		number += checkDigit(number)
	default:
		number += checkDigit(number)
		if scheme == "grai" { // its number has a leading zero
			number = "0" + number
		}
	}
	id.Key = rule.ai + "/" + number
	if kind == "idpat" {
		if more[len(more)-1] != "*" {
			id.Key = uri
			return id, nil
		}
		more = more[:len(more)-1]
	}
	return id.complete(scheme, number, more), nil
}

// complete adds the parts behind a key's number.
func (id Identifier) complete(scheme, number string, more []string) Identifier {
	if scheme == "sgtin" || scheme == "lgtin" || scheme == "upui" {
		id.GTIN = number
		if id.Class && scheme == "sgtin" {
			id.Scheme = "gtin"
		}
	}
	if len(more) == 0 {
		return id
	}
	switch scheme {
	case "sgtin":
		id.Serial = more[0]
		id.Key += "/21/" + url.PathEscape(more[0])
	case "lgtin":
		id.Lot = more[0]
		id.Key += "/10/" + url.PathEscape(more[0])
	case "upui":
		id.Key += "/235/" + url.PathEscape(more[0])
	case "sgln":
		if more[0] != "0" { // the site itself
			id.Key += "/254/" + url.PathEscape(more[0])
		}
	case "cpi":
		id.Key += "/8011/" + url.PathEscape(more[0])
	case "itip":
		id.Key += strings.Join(more[:min(2, len(more))], "")
		if len(more) > 2 {
			id.Key += "/21/" + url.PathEscape(more[2])
		}
	default:
		id.Key += url.PathEscape(more[0])
	}
	return id
}

// serialText reports whether a text is of the 82 characters that GS1 allows in serials and lots, and not too long.
func serialText(s string) bool {
	const most = 30
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("!\"%&'()*+,-./:;<=>?_#", c) >= 0) {
			return false
		}
	}
	return true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// checkDigit is GS1's: weights 3 and 1 from the right.
func checkDigit(number string) string {
	sum := 0
	for i := range len(number) {
		weight := 3
		if (len(number)-i)%2 == 0 {
			weight = 1
		}
		sum += weight * int(number[i]-'0')
	}
	return string(rune('0' + (10-sum%10)%10))
}

// checked reports whether the last digit of a number is its check digit.
func checked(number string) bool {
	return len(number) > 1 && checkDigit(number[:len(number)-1]) == number[len(number)-1:]
}
