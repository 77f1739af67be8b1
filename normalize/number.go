package normalize

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tributary/canonical"
)

// Quantity reads an amount of goods or money, exactly: full-width digits, thousands separators (1,200.50; only where
// every group is right), a sign before or after (−20, 20-), accounting brackets ((20) = −20), an exponent (1.2E3), a
// currency sign before. A placeholder gives 0 and ErrNoQuantity, since "no number" is not zero.
//
// A unit after the number (20盒) is refused: it belongs in the unit column, where it takes part in the conversion.
func Quantity(s string) (canonical.Quantity, error) {
	t := strings.ReplaceAll(Fold(s), " ", "")
	if placeholder(t) && !strings.ContainsAny(t, "0123456789") {
		return 0, ErrNoQuantity
	}
	plain, err := plainNumber(t)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number: %w", clip(s), err)
	}
	q, err := canonical.ParseQuantity(plain)
	if errors.Is(err, canonical.ErrOverflow) {
		return 0, fmt.Errorf("%q is out of range: %w", clip(s), err)
	}
	if err != nil {
		return 0, fmt.Errorf("%q is not a number: more than six decimals, or no digits", clip(s))
	}
	return q, nil
}

// ErrNoQuantity is returned for an empty or placeholder value.
var ErrNoQuantity = errors.New("no number")

// plainNumber rewrites a folded number as sign, digits, point, digits.
func plainNumber(t string) (string, error) {
	neg := false
	if inner, ok := strings.CutPrefix(t, "("); ok {
		if t, ok = strings.CutSuffix(inner, ")"); !ok {
			return "", errors.New("a bracket is not closed")
		}
		neg = true
	}
	t, negated, signed := cutSign(t)
	if signed && neg {
		return "", errors.New("it has both brackets and a sign")
	}
	neg = neg || negated
	t = strings.TrimLeft(t, "¥￥$€")
	mantissa, exponent, err := cutExponent(t)
	if err != nil {
		return "", err
	}
	whole, frac, dotted := strings.Cut(mantissa, ".")
	if whole, err = ungroup(whole); err != nil {
		return "", err
	}
	if whole == "" && frac == "" || dotted && frac != "" && !allDigits(frac) {
		return "", trailing(mantissa)
	}
	whole, frac = shift(whole, frac, exponent)
	out := whole
	if frac != "" {
		out += "." + frac
	}
	if neg {
		return "-" + out, nil
	}
	return out, nil
}

func cutSign(t string) (rest string, negative, signed bool) {
	switch {
	case strings.HasPrefix(t, "-"), strings.HasPrefix(t, "+"):
		return t[1:], t[0] == '-', true
	case strings.HasSuffix(t, "-") && len(t) > 1:
		return t[:len(t)-1], true, true
	}
	return t, false, false
}

// cutExponent splits 1.2E3. Exponents beyond 30 cannot give a quantity.
func cutExponent(t string) (mantissa string, exponent int, err error) {
	mantissa, power, ok := strings.Cut(t, "E")
	if !ok {
		return t, 0, nil
	}
	if mantissa == "" || strings.TrimLeft(power, "+-") == "" || len(power) > 4 {
		return "", 0, trailing(t)
	}
	if exponent, err = strconv.Atoi(power); err != nil {
		return "", 0, trailing(t)
	}
	if exponent > 30 || exponent < -30 {
		return "", 0, errors.New("its exponent is too large")
	}
	return mantissa, exponent, nil
}

// ungroup removes thousands separators where every group but the first has three digits.
func ungroup(whole string) (string, error) {
	if !strings.ContainsAny(whole, ",'") {
		if whole != "" && !allDigits(whole) {
			return "", trailing(whole)
		}
		return whole, nil
	}
	groups := strings.FieldsFunc(strings.ReplaceAll(whole, "'", ","), func(r rune) bool { return r == ',' })
	if len(groups) != strings.Count(whole, ",")+strings.Count(whole, "'")+1 || len(groups[0]) > 3 {
		return "", errors.New("its thousands separators are not three digits apart")
	}
	for i, g := range groups {
		if !allDigits(g) {
			return "", trailing(whole)
		}
		if i > 0 && len(g) != 3 {
			return "", errors.New("its thousands separators are not three digits apart")
		}
	}
	return strings.Join(groups, ""), nil
}

// trailing says where the digits end.
func trailing(t string) error {
	i := strings.IndexFunc(t, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != ',' })
	if i <= 0 {
		return errors.New("it does not begin with a digit")
	}
	return fmt.Errorf("%q follows the digits; a unit belongs in the column of the unit", clip(t[i:]))
}

// shift moves the decimal point by the exponent.
func shift(whole, frac string, exponent int) (string, string) {
	for ; exponent > 0; exponent-- {
		if frac == "" {
			whole += "0"
			continue
		}
		whole, frac = whole+frac[:1], frac[1:]
	}
	for ; exponent < 0; exponent++ {
		if whole == "" {
			frac = "0" + frac
			continue
		}
		whole, frac = whole[:len(whole)-1], whole[len(whole)-1:]+frac
	}
	return whole, frac
}
