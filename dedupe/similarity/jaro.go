package similarity

import "math/bits"

// Winkler's bonus: a tenth of the missing similarity per common leading rune, at most four.
const (
	prefixScale = 0.1
	prefixMax   = 4
)

// JaroWinkler is Jaro raised by the common prefix, in [0, 1]. Two empty texts are equal (1).
func JaroWinkler(a, b *Text) float64 {
	j := Jaro(a, b)
	n := 0
	for n < min(prefixMax, len(a.runes), len(b.runes)) && a.runes[n] == b.runes[n] {
		n++
	}
	return j + float64(n)*prefixScale*(1-j)
}

// Jaro is the share of runes found near their place, less transpositions, in [0, 1]. Two empty texts are equal (1).
func Jaro(a, b *Text) float64 {
	if len(a.runes) == 0 && len(b.runes) == 0 {
		return 1
	}
	if a.mask&b.mask == 0 {
		return 0
	}
	long, short := inOrder(a, b)
	window := max(len(long.runes)/2-1, 0)
	var common, transposed int
	if len(long.runes) <= wordSize {
		common, transposed = commonInWord(long, short, window)
	} else {
		common, transposed = commonInSlice(long.runes, short.runes, window)
	}
	if common == 0 {
		return 0
	}
	m := float64(common)
	return (m/float64(len(long.runes)) + m/float64(len(short.runes)) + (m-float64(transposed/2))/m) / 3
}

// commonInWord counts common runes within the window and those of them out of order.
func commonInWord(long, short *Text, window int) (common, transposed int) {
	var usedLong, usedShort uint64
	for j, r := range short.runes {
		low := max(j-window, 0)
		reach := j + window + 1
		within := ^uint64(0)
		if reach < wordSize {
			within = 1<<reach - 1
		}
		free := long.positions(r) & within &^ (1<<low - 1) &^ usedLong
		if free != 0 {
			usedLong |= free & -free
			usedShort |= 1 << j
		}
	}
	common = bits.OnesCount64(usedLong)
	for usedLong != 0 {
		if long.runes[bits.TrailingZeros64(usedLong)] != short.runes[bits.TrailingZeros64(usedShort)] {
			transposed++
		}
		usedLong &= usedLong - 1
		usedShort &= usedShort - 1
	}
	return common, transposed
}

func commonInSlice(long, short []rune, window int) (common, transposed int) {
	usedLong := make([]bool, len(long))
	var matched []rune
	for j, r := range short {
		for i := max(j-window, 0); i < min(j+window+1, len(long)); i++ {
			if !usedLong[i] && long[i] == r {
				usedLong[i] = true
				matched = append(matched, r)
				break
			}
		}
	}
	k := 0
	for i, used := range usedLong {
		if used {
			if long[i] != matched[k] {
				transposed++
			}
			k++
		}
	}
	return k, transposed
}
