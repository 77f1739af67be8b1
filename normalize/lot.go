package normalize

import "strings"

// The kinds of damage a spreadsheet does to a lot that it takes for a number.
const (
	LotExponent = "exponent" // 2.5E+05: digits are lost
	LotDecimal  = "decimal"  // 250301.0: leading zeros may be lost
)

// Lot is the comparing form of a lot: trimmed, upper-case, half-width; "" when the field holds none (无, /, -, 0, 空).
// suspect is LotExponent or LotDecimal when the value went through a number cell, else "". The decimal point and zeros
// of LotDecimal are cut off; an exponent is left as it is, since what it hides cannot be told.
//
// A lot means something only together with its product. Keep the raw text as well.
func Lot(s string) (lot, suspect string) {
	t := Fold(s)
	if placeholder(t) || t == "0" || t == "无批号" || t == "空批号" {
		return "", ""
	}
	if whole, frac, ok := strings.Cut(t, "."); ok && allDigits(whole) {
		mantissa, power, exponent := strings.Cut(frac, "E")
		switch {
		case exponent && allDigits(mantissa) && allDigits(strings.TrimPrefix(power, "+")):
			return t, LotExponent
		case !exponent && frac != "" && strings.Trim(frac, "0") == "":
			if whole = dropZeroLot(whole); whole == "" {
				return "", ""
			}
			return whole, LotDecimal
		}
	}
	if whole, power, ok := strings.Cut(t, "E+"); ok && allDigits(whole) && allDigits(power) {
		return t, LotExponent
	}
	return t, ""
}

// dropZeroLot reads zeros alone as no lot.
func dropZeroLot(t string) string {
	if strings.Trim(t, "0") == "" {
		return ""
	}
	return t
}
