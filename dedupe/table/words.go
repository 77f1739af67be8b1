package table

import (
	"math"
	"slices"
	"strings"

	"tributary/dedupe"
)

// Words of texts are kept or left out by habit: who lists software names the edition nearly always, and writes the word
// "software" as he likes. How often a word that one of two texts has is missing in the other is learned from likely
// matches and from their rivals, things of one series; a word that is missing then speaks for or against a match by how
// its habit differs from that of words on average, which the likeness of texts counts already. Numbers and codes are
// comparisons of their own.

// Word is a word of texts and what it weighs, in bits, that one of two texts lacks it.
type Word struct {
	Word string  `yaml:"word"`
	Bits float64 `yaml:"bits"`
}

const (
	habitStrength = 6   // pairs that the average counts for
	habitFrom     = 0.3 // likeness from which words are looked at
	leastHabit    = 0.1 // bits from which a word is written down
	mostHabit     = 4   // bits of one word, at most
	mostAbsence   = 8   // bits of all words against a match, at most
	sameWord      = 0.8 // likeness from which two words are one that was misspelt
)

// habit counts the pairs in which both texts have a word, and those in which one has it.
type habit struct{ both, one float64 }

func (h *habit) add(shared bool, pairs float64) {
	if shared {
		h.both += pairs
	} else {
		h.one += pairs
	}
}

// against is how much more often the word is missing than words on average, in bits. The average counts as some pairs.
func (h habit) against(all habit) float64 {
	average := all.one / (all.one + all.both)
	return math.Log2((h.one + habitStrength*average) / (h.one + h.both + habitStrength) / average)
}

// habits learns the words of a text comparison from pairs that contended: each is a match with its probability and a
// rival with the rest.
func (c *comparison) habits(pairs []scored) []Word {
	x := c.own.lex
	matches, rivals := make([]habit, len(x.words)), make([]habit, len(x.words))
	var match, rival habit
	for _, pair := range pairs {
		a, b := c.col.of[pair.i], c.col.of[pair.j]
		if a == 0 || b == 0 {
			continue
		}
		p := probabilityOf(pair.weight)
		see := func(w int32, shared bool) {
			if x.habitual[w] {
				matches[w].add(shared, p)
				match.add(shared, p)
				rivals[w].add(shared, 1-p)
				rival.add(shared, 1-p)
			}
		}
		x.compare(a, b, func(w int32) { see(w, true) }, func(w int32) { see(w, false) })
	}
	if match.one == 0 || rival.one == 0 {
		return nil
	}
	var out []Word
	for w := range matches {
		if matches[w].both+matches[w].one == 0 {
			continue
		}
		bits := math.Min(math.Max(matches[w].against(match)-rivals[w].against(rival), -mostHabit), mostHabit)
		if math.Abs(bits) >= leastHabit {
			out = append(out, Word{x.words[w].String(), short(dedupe.ExactBits(bits))})
		}
	}
	slices.SortFunc(out, func(a, b Word) int { return strings.Compare(a.Word, b.Word) })
	return out
}

// compare calls both for each word that two values share, a misspelling of it too, and one for each that only one of
// them has. Of long texts only the first words that differ are looked at.
func (x *lexicon) compare(a, b uint32, both, one func(word int32)) {
	var buffer [2][32]int32
	rest := [2][]int32{buffer[0][:0], buffer[1][:0]}
	lone := func(side int, w int32) {
		if len(rest[side]) < len(buffer[side]) {
			rest[side] = append(rest[side], w)
		}
	}
	va, vb := x.values[a], x.values[b]
	for i, j := 0, 0; i < len(va) || j < len(vb); {
		switch {
		case j == len(vb) || i < len(va) && va[i] < vb[j]:
			lone(0, va[i])
			i++
		case i == len(va) || vb[j] < va[i]:
			lone(1, vb[j])
			j++
		default:
			both(va[i])
			i++
			j++
		}
	}
	for side, words := range rest {
		for _, w := range words {
			if !slices.ContainsFunc(rest[1-side], func(o int32) bool { return alike(&x.words[w], &x.words[o]) > sameWord }) {
				one(w)
			} else if side == 0 {
				both(w)
			}
		}
	}
}

// absentBits gives each word of the lexicon its bits; nil when no word has any.
func (x *lexicon) absentBits(words []Word) []float64 {
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

// absence is what the words say that only one of two values has.
func (x *lexicon) absence(bits []float64, a, b uint32) float64 {
	sum := 0.0
	x.compare(a, b, func(int32) {}, func(w int32) { sum += bits[w] })
	return math.Max(sum, -mostAbsence)
}
