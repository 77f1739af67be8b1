package flow

import (
	"strings"

	"tributary/canonical"
	"tributary/normalize"
)

const one = canonical.Quantity(canonical.QuantityScale)

// convert completes a look-up with the factor of the row's unit. A factor of the party's alias goes before the SKU's.
func (x *ProductIndex) convert(sku int64, rule string, alias aliasTarget, unit string) Found {
	found := Found{Product: sku, Num: one, Den: one, Rule: rule}
	if alias.factor > 0 {
		if alias.op == "÷" {
			found.Den = alias.factor
		} else {
			found.Num = alias.factor
		}
		return found
	}
	p := x.skus[sku]
	word, class := normalize.Unit(unit)
	base, _ := normalize.Unit(p.Unit)
	switch {
	case word == "" || word == base || class == normalize.BaseUnit:
	case class == normalize.CaseUnit && p.CaseFactor > 0:
		found.Num = p.CaseFactor
	case class == normalize.InnerUnit && p.InnerFactor > 0:
		found.Num = p.InnerFactor
	case class == normalize.CaseUnit:
		return Found{Rule: NoCaseFactor}
	case class == normalize.InnerUnit:
		return Found{Rule: NoInnerFactor}
	default:
		return Found{Rule: UnknownUnit}
	}
	return found
}

// BaseUnits converts a row's quantity, rounded half away from zero to 10⁻⁶.
func (f Found) BaseUnits(q canonical.Quantity) (canonical.Quantity, error) {
	return q.MulDiv(f.Num, f.Den)
}

var specSigns = strings.NewReplacer("×", "*", "X", "*", "✕", "*", "·", "*", " ", "", "毫克", "MG", "克", "G", "毫升", "ML", "：", ":", "/", "")

// SpecKey is the form in which two specs are compared: multiplication signs, spaces, unit words and the pack word at the
// end (10mg×7片/盒 and 10MG*7片) are written in one way.
func SpecKey(s string) string {
	// One rule may make room for another (毫/升), so they run to a fixed point.
	for range 4 {
		next := specKeyOnce(s)
		if next == s {
			break
		}
		s = next
	}
	return s
}

func specKeyOnce(s string) string {
	s = normalize.Text(s)
	if i := strings.LastIndexByte(s, '/'); i > 0 {
		if _, class := normalize.Unit(s[i+1:]); class != "" {
			s = s[:i]
		}
	}
	return specSigns.Replace(s)
}
