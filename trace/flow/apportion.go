package flow

import (
	"cmp"
	"math/bits"
	"slices"

	"tributary/canonical"
)

// Apportion divides total in proportion to weights by largest remainder, ties to the earlier weight. The parts are
// multiples of grain, which must divide total and every weight; so a part never exceeds its weight. They add up to total,
// which must lie between 0 and the sum of the weights.
func Apportion(total canonical.Quantity, weights []canonical.Quantity, grain canonical.Quantity) []canonical.Quantity {
	out := make([]canonical.Quantity, len(weights))
	sum := canonical.Quantity(0)
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		return out
	}
	rest := make([]uint64, len(weights))
	missing := total / grain
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total/grain), uint64(w/grain))
		var n uint64
		n, rest[i] = bits.Div64(hi, lo, uint64(sum/grain)) // total ≤ sum, so n ≤ w/grain
		out[i] = canonical.Quantity(n) * grain
		missing -= canonical.Quantity(n)
	}
	giveRemainders(out, rest, missing, grain)
	return out
}

// Round changes parts, which add up to a multiple of grain, to multiples of grain with the same sum: largest remainder,
// ties to the earlier part.
func Round(parts []canonical.Quantity, grain canonical.Quantity) []canonical.Quantity {
	out := make([]canonical.Quantity, len(parts))
	rest := make([]uint64, len(parts))
	missing := canonical.Quantity(0)
	for i, p := range parts {
		out[i] = p / grain * grain
		rest[i] = uint64(p % grain)
		missing += p % grain
	}
	giveRemainders(out, rest, missing/grain, grain)
	return out
}

// Grain is the largest power of ten up to one base unit that divides all quantities.
func Grain(qs ...canonical.Quantity) canonical.Quantity {
	grain := one
	for _, q := range qs {
		for q%grain != 0 {
			grain /= 10
		}
	}
	return grain
}

// giveRemainders adds one grain to the n parts with the largest remainders.
func giveRemainders(parts []canonical.Quantity, rest []uint64, n, grain canonical.Quantity) {
	if n == 0 {
		return
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rest[b], rest[a]) })
	for _, i := range order[:n] {
		parts[i] += grain
	}
}
