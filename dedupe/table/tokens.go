package table

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"tributary/dedupe/similarity"
)

// lexicon are the words of a text column: how telling each is, and what each value is made of.
type lexicon struct {
	words    []similarity.Text
	weight   []float64 // per word: idf
	values   [][]int32 // value → its words, ascending, each once
	norm     []float64 // value → length of its vector of weights
	number   map[string]int32
	habitual []bool // word is neither number nor code
}

// maxWords bounds the words of one value that are looked at.
const maxWords = 400

func newLexicon(c *column) *lexicon {
	x := &lexicon{number: map[string]int32{}, values: make([][]int32, len(c.forms)), norm: make([]float64, len(c.forms))}
	rows := make([]uint32, len(c.forms))
	filled := 0
	for _, v := range c.of {
		if v != 0 {
			rows[v]++
			filled++
		}
	}
	var df []float64
	units := c.findUnits()
	for v, form := range c.forms {
		var own []int32
		for _, w := range wordsOf(form, units) {
			n, known := x.number[w]
			if !known {
				n = int32(len(x.words))
				x.number[w] = n
				x.words = append(x.words, similarity.Prepare(w))
				x.habitual = append(x.habitual, kindOfWord(w) == "")
				df = append(df, 0)
			}
			own = append(own, n)
		}
		slices.Sort(own)
		x.values[v] = slices.Compact(own)
		for _, n := range x.values[v] {
			df[n] += float64(rows[v])
		}
	}
	x.weight = make([]float64, len(df))
	for n := range df {
		x.weight[n] = math.Log(1 + float64(filled)/math.Max(df[n], 1))
	}
	for v, own := range x.values {
		sum := 0.0
		for _, n := range own {
			sum += x.weight[n] * x.weight[n]
		}
		x.norm[v] = math.Sqrt(sum)
	}
	return x
}

// wordsOf cuts a matching form into words. Runs of Han characters give their pairs. A piece between spaces that mixes
// letters, digits and signs (KX-TG1031S) is a code: it counts as a whole, and its parts count too. A number with one of
// the units (50MM) is two words.
func wordsOf(form string, units map[string]bool) []string {
	var out []string
	for piece := range strings.FieldsSeq(form) {
		if len(out) >= maxWords {
			break
		}
		out = pieceWords(out, piece)
	}
	return splitSizes(out, units)
}

func pieceWords(out []string, piece string) []string {
	first := len(out)
	var joined strings.Builder
	digits, letters := false, false
	word := -1 // start of the word that is being read
	var han []rune
	endHan := func() {
		if len(han) == 1 {
			out = append(out, string(han))
		}
		for i := 0; i+1 < len(han); i++ {
			out = append(out, string(han[i:i+2]))
		}
		han = han[:0]
	}
	for i, r := range piece {
		isHan := unicode.Is(unicode.Han, r)
		ok := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '.' && word >= 0 && isDigit(piece[i-1]) && i+1 < len(piece) && isDigit(piece[i+1])
		if word >= 0 && (!ok || isHan) {
			out = append(out, plainWord(piece[word:i]))
			word = -1
		}
		if isHan {
			han = append(han, r)
			continue
		}
		endHan()
		if ok {
			if word < 0 {
				word = i
			}
			joined.WriteRune(r)
			digits = digits || unicode.IsDigit(r)
			letters = letters || unicode.IsLetter(r)
		}
	}
	endHan()
	if word >= 0 {
		out = append(out, plainWord(piece[word:]))
	}
	if len(out)-first > 1 && digits && letters && joined.Len() <= 24 {
		out = append(out, joined.String())
	}
	return out
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// plainWord writes numbers in one way: V6, 6.0 and 6 are one version, X10 and 10 one count.
func plainWord(w string) string {
	n := w
	if len(n) > 1 && (n[0] == 'V' || n[0] == 'X') && isDigit(n[1]) {
		n = n[1:]
	}
	for i := range len(n) {
		if !isDigit(n[i]) && n[i] != '.' {
			return w
		}
	}
	if whole, rest, ok := strings.Cut(n, "."); ok && strings.Trim(rest, "0") == "" {
		return whole
	}
	return n
}

// similarity is how far the words of two values are the same, each by its weight, words that are almost the same in part. It
// lies between the cosine of the vectors and the share of the shorter one: a longer text that holds a shorter one says
// little against it.
func (x *lexicon) similarity(a, b uint32) float64 {
	if a == b {
		return 1
	}
	va, vb := x.values[a], x.values[b]
	if len(va) == 0 || len(vb) == 0 {
		return 0
	}
	var restA, restB [32]int32
	na, nb := 0, 0
	dot := 0.0
	for i, j := 0, 0; i < len(va) || j < len(vb); {
		switch {
		case j == len(vb) || i < len(va) && va[i] < vb[j]:
			if na < len(restA) {
				restA[na] = va[i]
				na++
			}
			i++
		case i == len(va) || vb[j] < va[i]:
			if nb < len(restB) {
				restB[nb] = vb[j]
				nb++
			}
			j++
		default:
			dot += x.weight[va[i]] * x.weight[va[i]]
			i++
			j++
		}
	}
	dot += x.soft(restA[:na], restB[:nb])
	short, long := x.norm[a], x.norm[b]
	if short > long {
		short, long = long, short
	}
	return math.Min(dot/(short*math.Sqrt(short*long)), 1)
}

// soft pairs words that differ by a slip or by being cut short; each is used once, the heaviest first.
func (x *lexicon) soft(a, b []int32) float64 {
	byWeight := func(p, q int32) int { return cmp.Or(cmp.Compare(x.weight[q], x.weight[p]), cmp.Compare(p, q)) }
	slices.SortFunc(a, byWeight)
	slices.SortFunc(b, byWeight)
	var used uint32
	sum := 0.0
	for _, p := range a {
		best, bestAt := 0.0, -1
		for j, q := range b {
			if used>>j&1 == 0 {
				if s := alike(&x.words[p], &x.words[q]) * x.weight[p] * x.weight[q]; s > best {
					best, bestAt = s, j
				}
			}
		}
		if bestAt >= 0 {
			used |= 1 << bestAt
			sum += best
		}
	}
	return sum
}

// alike is how much two different words count as the same one: a slip in a word of letters, or one cut short. Words with
// digits must be equal: another digit is another thing.
func alike(a, b *similarity.Text) float64 {
	la, lb := a.Len(), b.Len()
	if la > lb {
		a, b, la, lb = b, a, lb, la
	}
	if la == 1 && lb > 1 && a.First() == b.First() {
		return 0.5 // an initial
	}
	if la < 3 || lb < 4 || a.HasDigit() || b.HasDigit() {
		return 0
	}
	limit := 1
	if la >= 8 {
		limit = 2
	}
	if lb-la <= limit && similarity.Within(a, b, limit) {
		return 0.85
	}
	if la >= 3 && a.PrefixOf(b) {
		return 0.6
	}
	return 0
}
