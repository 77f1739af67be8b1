package generate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// random draws; every generator has its own, so that a change in one leaves the data of the others as they were.
type random struct{ *rand.Rand }

func newRandom(s Size, purpose uint64) random { return random{rand.New(rand.NewPCG(s.Seed, purpose))} }

func (r random) chance(p float64) bool { return r.Float64() < p }

func (r random) between(low, high int) int { return low + r.IntN(high-low+1) }

func (r random) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

func pick[T any](r random, from []T) T { return from[r.IntN(len(from))] }

// skewed prefers the beginning of a list the way names do in life: the i-th value comes about as often as 1/(i+k), k so
// that the commonest of thousands is borne by one in a hundred.
func skewed[T any](r random, from []T) T {
	k := 1 + float64(min(len(from), 1000))/50
	return from[min(len(from)-1, int(k*math.Pow((float64(len(from))+k)/k, r.Float64())-k))]
}

const letters = "abcdefghijklmnopqrstuvwxyz"

// neighbours are the keys beside each key.
var neighbours = map[byte]string{
	'a': "qsz", 'b': "vgn", 'c': "xdv", 'd': "sfe", 'e': "wrd", 'f': "dgr", 'g': "fht", 'h': "gjy", 'i': "uok", 'j': "hku", 'k': "jli", 'l': "kop", 'm': "nj",
	'n': "bmh", 'o': "ipl", 'p': "ol", 'q': "wa", 'r': "etf", 's': "adw", 't': "ryg", 'u': "yij", 'v': "cfb", 'w': "qes", 'x': "zcs", 'y': "tuh", 'z': "xas",
}

// slip is one slip of the hand in a text of ASCII letters and digits: a character too few or too many, a neighbour key,
// two characters changed about.
func slip(r random, s string) string {
	if len(s) < 2 {
		return s
	}
	i := r.IntN(len(s))
	other := func(c byte) byte {
		if c >= '0' && c <= '9' {
			return byte('0' + r.IntN(10))
		}
		if keys := neighbours[c]; keys != "" && r.chance(0.6) {
			return keys[r.IntN(len(keys))]
		}
		return letters[r.IntN(len(letters))]
	}
	switch r.IntN(4) {
	case 0:
		return s[:i] + s[i+1:]
	case 1:
		return s[:i] + string(other(s[i])) + s[i:]
	case 2:
		return s[:i] + string(other(s[i])) + s[i+1:]
	}
	i = min(i, len(s)-2)
	return s[:i] + string([]byte{s[i+1], s[i]}) + s[i+2:]
}

// sounds are spellings that sound alike.
var sounds = [][2]string{
	{"ph", "f"}, {"ck", "k"}, {"ie", "y"}, {"y", "ie"}, {"ll", "l"}, {"nn", "n"}, {"tt", "t"}, {"ee", "ea"}, {"ea", "ee"}, {"s", "z"}, {"c", "k"}, {"k", "c"}, {"gh", ""},
	{"th", "t"}, {"e", "a"}, {"i", "e"}, {"o", "ou"}, {"rr", "r"}, {"er", "ar"}, {"on", "en"}, {"ai", "ay"}, {"w", "wh"}, {"mac", "mc"},
}

// misheard writes a part of s as it sounds; s itself when nothing fits.
func misheard(r random, s string) string {
	start := r.IntN(len(sounds))
	for k := range sounds {
		rule := sounds[(start+k)%len(sounds)]
		if i := strings.LastIndex(s, rule[0]); i > 0 {
			return s[:i] + rule[1] + s[i+len(rule[0]):]
		}
	}
	return s
}

// misspelt is one error of the hand or of the ear.
func misspelt(r random, s string) string {
	if r.chance(0.35) {
		return misheard(r, s)
	}
	return slip(r, s)
}

// syllables puts n distinct words together from parts, each of low to high syllables.
func syllables(r random, n int, heads, middles, tails []string) []string {
	seen := map[string]bool{}
	out := make([]string, 0, n)
	for tries := 0; len(out) < n && tries < 100*n; tries++ {
		w := pick(r, heads)
		if r.chance(0.4) {
			w += pick(r, middles)
		}
		w += pick(r, tails)
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return slices.Clip(out)
}
