package table

import (
	"math"
	"slices"
	"strings"

	"tributary/dedupe"
)

// Words of texts are kept or left out by habit: who lists software writes the edition nearly always and the word
// "software" as he likes. How often matches share a word is learned from the likely matches; a word that stands in one
// text only then speaks for or against a match by how its absence compares with that of words on average. Numbers and
// codes are comparisons of their own.

// Word is a word of texts and what it weighs, in bits, that one of two texts lacks it.
type Word struct {
	Word string  `yaml:"word"`
	Bits float64 `yaml:"bits"`
}

const (
	habitStrength = 6   // pairs that the average counts for
	leastHabit    = 0.1 // bits from which a word is written down
	mostHabit     = 4   // bits
	habitFrom     = 0.3 // likeness from which words are looked at
)

// habits learns the words of a text comparison from likely matches.
func (c *comparison) habits(pairs []scored) []Word {
	x := c.own.lex
	both, one := make([]float64, len(x.words)), make([]float64, len(x.words))
	var allBoth, allOne float64
	for _, pair := range pairs {
		a, b := c.col.of[pair.i], c.col.of[pair.j]
		if a == 0 || b == 0 {
			continue
		}
		p := probabilityOf(pair.weight)
		x.compare(a, b, func(w int32, shared bool) {
			if !x.habitual[w] {
				return
			}
			if shared {
				both[w] += p
				allBoth += p
			} else {
				one[w] += p
				allOne += p
			}
		})
	}
	if allOne == 0 {
		return nil
	}
	average := allOne / (allOne + allBoth)
	var out []Word
	for w := range both {
		if both[w]+one[w] == 0 {
			continue
		}
		absent := (one[w] + habitStrength*average) / (one[w] + both[w] + habitStrength)
		bits := math.Min(math.Max(math.Log2(absent/average), -mostHabit), mostHabit)
		if math.Abs(bits) >= leastHabit {
			out = append(out, Word{x.text[w], short(dedupe.ExactBits(bits))})
		}
	}
	slices.SortFunc(out, func(a, b Word) int { return strings.Compare(a.Word, b.Word) })
	return out
}

// compare calls fn for each word of two values: shared when both have it or one that is almost the same.
func (x *lexicon) compare(a, b uint32, fn func(word int32, shared bool)) {
	va, vb := x.values[a], x.values[b]
	has := func(list []int32, w int32) bool {
		if _, same := slices.BinarySearch(list, w); same {
			return true
		}
		return slices.ContainsFunc(list, func(o int32) bool { return alike(&x.words[w], &x.words[o]) > 0.8 })
	}
	for _, w := range va {
		fn(w, has(vb, w))
	}
	for _, w := range vb {
		if !has(va, w) {
			fn(w, false)
		}
	}
}

// weighAbsent gives each word of the lexicon its bits.
func (x *lexicon) weighAbsent(words []Word) []float64 {
	if len(words) == 0 {
		return nil
	}
	out := make([]float64, len(x.words))
	for _, w := range words {
		if n, known := x.number[w.Word]; known {
			out[n] = w.Bits
		}
	}
	return out
}

// absence is what the words that only one of two values has say.
func (x *lexicon) absence(bits []float64, a, b uint32) float64 {
	sum := 0.0
	va, vb := x.values[a], x.values[b]
	one := func(own, other []int32) {
		for _, w := range own {
			if bits[w] == 0 {
				continue
			}
			if _, same := slices.BinarySearch(other, w); same {
				continue
			}
			if !slices.ContainsFunc(other, func(o int32) bool { return alike(&x.words[w], &x.words[o]) > 0.8 }) {
				sum += bits[w]
			}
		}
	}
	one(va, vb)
	one(vb, va)
	return math.Max(sum, -8)
}
