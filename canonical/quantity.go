package canonical

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Quantity is an exact amount (goods or money) in units of 10⁻⁶. The range is about ±9.2 × 10¹².
type Quantity int64

// QuantityScale is the number of Quantity steps in one unit.
const QuantityScale = 1_000_000

// ErrOverflow is returned when an exact result does not fit a Quantity.
var ErrOverflow = errors.New("quantity too large")

// Units makes a whole quantity.
func Units(n int64) Quantity { return Quantity(n * QuantityScale) }

// ParseQuantity reads plain decimal text: optional sign, digits, at most six decimals. Foreign notation (thousands
// separators, full-width digits, exponents) is the business of normalize.Quantity.
func ParseQuantity(s string) (Quantity, error) {
	body, neg := s, false
	if strings.HasPrefix(body, "-") {
		body, neg = body[1:], true
	} else if strings.HasPrefix(body, "+") {
		body = body[1:]
	}
	whole, frac, _ := strings.Cut(body, ".")
	if whole == "" && frac == "" || strings.HasSuffix(body, ".") || !digits(whole) || !digits(frac) {
		return 0, fmt.Errorf("%q is not a decimal number", s)
	}
	if trimmed := strings.TrimRight(frac, "0"); len(trimmed) > 6 {
		return 0, fmt.Errorf("%q has more than six decimals", s)
	} else {
		frac = trimmed + strings.Repeat("0", 6-len(trimmed))
	}
	whole = strings.TrimLeft(whole, "0")
	if len(whole) > 13 {
		return 0, ErrOverflow
	}
	text := whole + frac
	if neg {
		text = "-" + text
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, ErrOverflow
	}
	return Quantity(n), nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// String is the shortest decimal form: "20", "-0.5".
func (q Quantity) String() string {
	n, sign := magnitude(q), ""
	if q < 0 {
		sign = "-"
	}
	whole, frac := n/QuantityScale, n%QuantityScale
	if frac == 0 {
		return sign + strconv.FormatUint(whole, 10)
	}
	return sign + strconv.FormatUint(whole, 10) + "." + strings.TrimRight(fmt.Sprintf("%06d", frac), "0")
}

// Abs is the magnitude; the smallest value saturates.
func (q Quantity) Abs() Quantity {
	if q == math.MinInt64 {
		return math.MaxInt64
	}
	return max(q, -q)
}

// Add is the exact sum.
func (q Quantity) Add(o Quantity) (Quantity, error) {
	s := q + o
	if (q > 0 && o > 0 && s < 0) || (q < 0 && o < 0 && s >= 0) {
		return 0, ErrOverflow
	}
	return s, nil
}

// MulDiv is q × num ÷ den, rounded half away from zero to 10⁻⁶. den must not be zero.
func (q Quantity) MulDiv(num, den Quantity) (Quantity, error) {
	if den == 0 {
		return 0, errors.New("division by zero")
	}
	neg := (q < 0) != (num < 0) != (den < 0)
	hi, lo := bits.Mul64(magnitude(q), magnitude(num))
	d := magnitude(den)
	if hi >= d {
		return 0, ErrOverflow
	}
	n, rem := bits.Div64(hi, lo, d)
	if rem >= d-rem {
		n++
	}
	if n > math.MaxInt64 {
		return 0, ErrOverflow
	}
	if neg {
		return -Quantity(n), nil
	}
	return Quantity(n), nil
}

func magnitude(q Quantity) uint64 {
	if q < 0 {
		return uint64(-(q + 1)) + 1
	}
	return uint64(q)
}

// MarshalText writes the decimal form, so JSON carries quantities as strings.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads the decimal form.
func (q *Quantity) UnmarshalText(b []byte) error {
	p, err := ParseQuantity(string(b))
	*q = p
	return err
}
