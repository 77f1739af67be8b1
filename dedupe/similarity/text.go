package similarity

import "slices"

// wordSize is the longest text, in runes, that fits one machine word.
const wordSize = 64

// Text is a prepared operand. The zero Text is the empty text.
type Text struct {
	runes []rune
	// alphabet holds the distinct runes in ascending order, where[i] the positions of alphabet[i] as bits. Both are
	// nil when the text is longer than a word.
	alphabet []rune
	where    []uint64
	// mask has one bit per rune (hashed): texts without a common bit have no common rune.
	mask uint64
}

// Prepare makes an operand of s. Invalid UTF-8 counts as U+FFFD.
func Prepare(s string) Text {
	t := Text{runes: []rune(s)}
	for _, r := range t.runes {
		t.mask |= 1 << (uint32(r) * 0x9e3779b1 >> 26)
	}
	if len(t.runes) <= wordSize {
		t.alphabet = slices.Clone(t.runes)
		slices.Sort(t.alphabet)
		t.alphabet = slices.Compact(t.alphabet)
		t.where = make([]uint64, len(t.alphabet))
		for i, r := range t.runes {
			at, _ := slices.BinarySearch(t.alphabet, r)
			t.where[at] |= 1 << i
		}
	}
	return t
}

// First is the first rune, 0 for the empty text.
func (t *Text) First() rune {
	if len(t.runes) == 0 {
		return 0
	}
	return t.runes[0]
}

// HasDigit reports whether the text holds a decimal digit.
func (t *Text) HasDigit() bool {
	return slices.ContainsFunc(t.runes, func(r rune) bool { return r >= '0' && r <= '9' })
}

// PrefixOf reports whether other begins with t.
func (t *Text) PrefixOf(other *Text) bool {
	return len(t.runes) <= len(other.runes) && slices.Equal(t.runes, other.runes[:len(t.runes)])
}

// Len is the length in runes.
func (t *Text) Len() int { return len(t.runes) }

// String is the text.
func (t *Text) String() string { return string(t.runes) }

// Equal reports whether both texts are the same.
func Equal(a, b *Text) bool { return slices.Equal(a.runes, b.runes) }

// positions are the places of r in a text of at most a word.
func (t *Text) positions(r rune) uint64 {
	if len(t.alphabet) > 16 {
		if at, found := slices.BinarySearch(t.alphabet, r); found {
			return t.where[at]
		}
		return 0
	}
	for i, c := range t.alphabet {
		if c == r {
			return t.where[i]
		}
	}
	return 0
}

// inOrder puts the operands in an order of their own (longer first, then greater), so that greedy steps do not depend
// on which side a text came from.
func inOrder(a, b *Text) (long, short *Text) {
	switch {
	case len(a.runes) > len(b.runes):
		return a, b
	case len(a.runes) < len(b.runes):
		return b, a
	case slices.Compare(a.runes, b.runes) >= 0:
		return a, b
	}
	return b, a
}
